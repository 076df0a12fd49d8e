//! Names that a reader takes for one: which are the same, which are reserved, and how `kick` finds a member.

use partyline::chat::names;
use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;

use super::names::assert_random;
use crate::support::browser::Browser;
use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::*;

#[test]
fn names_that_look_the_same_have_one_key() {
    let same = [
        "José Jose\u{301} JOSÉ jOSE\u{301} ｊｏｓé 𝓙𝓸𝓼é Jоsé", // the last with a Cyrillic letter
        "Tiê\u{301}n Tiế\u{6E} Ti\u{65}\u{302}\u{301}n TIẾN",
        "Mộng Mo\u{323}\u{302}ng Mo\u{302}\u{323}ng Mọ\u{302}ng Mô\u{323}ng",
        "Strauß STRAUSS strauss STRAUẞ",
        "Ωδός ωδόσ ΩΔΌΣ ωδο\u{301}ς \u{2126}δός",
        "İlk ilk Ilk ılk i\u{307}lk ILK",
        "Åsa A\u{30A}sa åsa \u{212B}sa",
        "ﬁsh fish FISH",
        "Юлий ЮЛИЙ Юлии\u{306}",
        "Ёжик Е\u{308}жик ёжик",
        "Вова Boba вова ВОВА",
        "한글 \u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}",
        "がぎパ か\u{3099}き\u{3099}ハ\u{309A}",
        "फ़िरोज़ फ\u{93C}िरोज\u{93C} \u{95E}िरो\u{95B}",
        "கொ கெ\u{BBE}",
        "أحمد ا\u{654}حمد",
        "O'Neil O’Neil Oʼneil",
        "Anne-Marie Anne\u{2011}Marie Anne–Marie",
        "❤Lea ❤\u{FE0F}Lea ❤\u{FE0E}LEA",
        "می\u{200C}خواهم میخواهم",
    ];
    let keys: Vec<String> = same
        .iter()
        .map(|names| {
            let mut keys = names.split(' ').map(|name| (name, names::key(name)));
            let (_, first) = keys.next().unwrap();
            keys.for_each(|(name, key)| assert_eq!(key, first, "{name}"));
            first
        })
        .collect();
    assert!((1..keys.len()).all(|at| !keys[..at].contains(&keys[at])), "{keys:?}");
    for (one, other) in
        [("José", "Jose"), ("Zoë", "Zoé"), ("Ana", "An a"), ("Ana 1", "Ana 2"), ("l", "1"), ("ø", "o")]
    {
        assert_ne!(names::key(one), names::key(other));
    }
    assert_eq!(names::key("  two\u{3000} blanks "), names::key("Two Blanks"));
    // The operator's members are found by it, and two of one key cannot be here.
    let server = Server::start(&[]);
    let [mut ana, mut jose, second] = gather(&server, ["Ana", "José", "JOSE\u{301}"]);
    assert_eq!(second.name, "JOSE\u{301} 2");
    ana.send(&json!({ "type": "name", "name": "jose\u{301}", "ref": "n" }));
    ana.expect_error("name-taken", Some("n"));
    ana.send(&json!({ "type": "say", "text": "psst", "to": "jose\u{301}", "ref": "s" }));
    ana.expect(&json!({ "type": "ack", "ref": "s", "id": 1 }));
    assert_eq!(jose.read()["to"], jose.person());
}

#[test]
fn the_normal_forms_of_a_letter_have_one_key() {
    // The browser knows them all. Left out: symbols, two scripts, and marks that Unicode advises against.
    let script = r"Array.from({ length: 0xF900 }, (_, code) => String.fromCharCode(code))
        .filter((c) => /[\p{L}\p{M}]/u.test(c) && !/[\u0340-\u0374\p{Script=Tibetan}\p{Script=Balinese}]/u.test(c))
        .flatMap((c) => [[c, c.normalize('NFD')], [c.toUpperCase(), c.normalize('NFC')]])
        .filter(([one, other]) => one !== other)";
    let browser = Browser::start();
    let pairs = browser.new_user().evaluate(script);
    let pairs = pairs.as_array().unwrap();
    assert!(pairs.len() > 12_000, "{}", pairs.len()); // 11,172 of them are Korean
    let wrong: Vec<&Value> = pairs
        .iter()
        .filter(|pair| {
            let [one, other] = [0, 1].map(|side| names::key(pair[side].as_str().unwrap()));
            one != other
        })
        .collect();
    assert_eq!(wrong, Vec::<&Value>::new());
}

#[test]
fn no_member_can_look_like_the_operator_the_room_or_you() {
    let server = Server::start(&[]);
    let mut member = Member::come(&server, "Ana");
    let reserved = "operator|OPERATOR| Operator |оperator|ОРЕRАТОR|0perator|0perat0r|operator 2|Operator2|operator 20|\
        opérator|ope rator|operator.|(operator)|⭐operator⭐|ｏｐｅｒａｔｏｒ|𝐨𝐩𝐞𝐫𝐚𝐭𝐨𝐫|ⓞⓟⓔⓡⓐⓣⓞⓡ|ᴏᴘᴇʀᴀᴛᴏʀ|ορεгατοг|οperator|\
        Everyone|everyone|EVERYONE|EVERYОNE|EVERYOΝE|Eνeryone|every one|3veryon3|Everyone 3|évéryoné|e\u{301}veryone|\
        You|you|YOU|y0u|Уоu|Υου|you 2|(you)|Yoü|y.o.u";
    for name in reserved.split('|') {
        println!("{name:?}"); // the harness shows it when the test fails
        assert_random(&Member::come(&server, name));
        member.send(&json!({ "type": "name", "name": name, "ref": "r" }));
        let error = member.read_until(|message| message["ref"] == "r");
        assert_eq!(error["code"], "name-taken", "{error}");
        let free = error["message"].as_str().unwrap().rsplit_once("; ").unwrap().1;
        let free = free.strip_suffix(" is free").unwrap();
        assert!(!names::is_reserved(&names::key(free)) && names::check(free).is_ok(), "{error}");
    }
    for name in "Operator Ben|Young|Yousef|Everton|Yo|U|operatör2b|Opera|1|❤".split('|') {
        assert_eq!(Member::come(&server, name).name, name);
    }
    // What remains of a name that is shortened for a number may be reserved, or half an emoji.
    let long = "(".repeat(27) + "you" + "rs";
    assert_eq!(Member::come(&server, &long).name, long);
    assert_random(&Member::come(&server, &long));
    let family = "x".repeat(26) + "👩\u{200D}👩\u{200D}👩";
    assert_eq!(Member::come(&server, &family).name, family);
    assert_eq!(Member::come(&server, &family).name, "x".repeat(26) + "👩\u{200D}👩 2");
}

#[test]
fn names_of_an_older_history_file_do_no_harm() {
    let folder = Folder::new();
    let (hash, token) = (derive_accept_key(b"secret"), "secret");
    let zalgo = "Z".to_string() + &"\u{301}".repeat(20);
    let mut lines = String::new();
    for (id, name) in [(1, "Everyone"), (2, "José"), (3, "Jose\u{301}"), (4, "оperator"), (5, &zalgo)] {
        let hash = if id == 1 { hash.clone() } else { derive_accept_key(&[id]) };
        let from = json!({ "id": id, "name": name });
        lines += &format!("{}\n", json!({ "type": "member", "id": id, "name": name, "token": hash }));
        let said =
            json!({ "type": "said", "id": id, "at": 1_700_000_000_000_u64, "from": from, "text": "old" });
        lines += &format!("{said}\n");
    }
    std::fs::write(folder.file(), lines).unwrap();
    let server = Server::start(&["--data", folder.as_str()]);
    let first = Member::come_back(&server, token, 0);
    assert_eq!((first.id, first.welcome["messages"].as_array().unwrap().len()), (1, 5));
    assert_random(&first);
    for id in 2..=5 {
        // It is the same person, under its name or a free one.
        let token = String::from_utf8(vec![id]).unwrap();
        let member = Member::open(&server, &format!("?token={}", percent(&token)), None);
        assert_eq!((member.id, &member.welcome["resumed"]), (u64::from(id), &json!(true)));
        assert!(!names::is_reserved(&names::key(&member.name)));
    }
    assert!(!server.log().contains("damaged"), "{}", server.log());
}

/// The `left` of a member that was thrown out.
fn left(member: &Value) -> Value {
    json!({ "type": "left", "member": member, "why": "thrown out" })
}

#[test]
fn a_member_can_be_kicked_by_number_or_by_a_name_in_either_normal_form() {
    let mut server = Server::start(&[]);
    let [mut ana, mut zoe, mut heart] = gather(&server, ["Ana", "Zoe\u{308}", "❤\u{FE0F}Lea"]);
    server.type_line("kick ZOË");
    server.wait_for_output("ZOË was thrown out");
    zoe.peer.expect_close(1008);
    heart.expect(&left(&zoe.person()));
    server.type_line("kick ❤Lea");
    heart.peer.expect_close(1008);
    for person in [zoe.person(), heart.person()] {
        ana.expect(&left(&person));
    }
    let mut fourth = Member::come(&server, "dora");
    server.type_line("kick #4");
    server.wait_for_output("#4 dora was thrown out, and can only come back as a new member\n");
    fourth.peer.expect_close(1008);
    // A name may look like a number.
    let [mut fifth, mut sixth] = gather(&server, ["#6", "cy"]);
    server.type_line("kick #6");
    server.wait_for_output("#6 fits two members, #6 cy and #5 #6: kick one by its number\n");
    fifth.say_and_wait("still here");
    sixth.expect_said(1, &fifth.person(), "still here");
    server.type_line("kick #5");
    server.wait_for_output("#5 #6 was thrown out");
    fifth.peer.expect_close(1008);
    server.type_line("who");
    server.wait_for_output("#1  Ana\n#6  cy\n2 in the chat\n");
    server.type_line("kick #6"); // now it fits one
    server.wait_for_output("#6 cy was thrown out");
}
