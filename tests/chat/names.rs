//! Names: which are allowed, how a member gets one when it joins, and how it changes it.

use serde_json::json;

use crate::support::chat::*;
use crate::support::*;

/// Checks that the server chose the name.
#[track_caller]
pub fn assert_random(member: &Member) {
    let name = &member.name;
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic());
    assert!(name.split(' ').take(2).all(is_word), "{name}");
    // A third word is the number after a name that is taken.
    assert!((2..=3).contains(&name.split(' ').count()) && name.chars().count() <= 32, "{name}");
}

#[test]
fn a_member_without_a_name_gets_a_random_one() {
    let server = Server::start(&[]);
    let members: Vec<Member> = (0..40).map(|_| Member::open(&server, "", None)).collect();
    let mut names: Vec<String> = members.iter().map(|member| member.name.clone()).collect();
    members.iter().for_each(assert_random);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 40, "all names differ");
    // Some of the first words are the same by chance, but not most of forty.
    let mut first: Vec<&str> = names.iter().filter_map(|name| name.split(' ').next()).collect();
    first.dedup();
    assert!(first.len() > 5, "{names:?}");
}

#[test]
fn the_name_is_read_from_the_query_or_the_cookie() {
    let server = Server::start(&[]);
    let long = "ü".repeat(32);
    let names = ["Ana", "Grüße 😀", "a;b=c, \"d\" \\ %41", "O'Neil <b>", &long, "__proto__", "1"];
    for name in names {
        assert_eq!(Member::open(&server, "", Some(percent(name).as_bytes())).name, name);
    }
    let both = Member::open(&server, &format!("?x=1&name={}", percent("Query Ü")), Some(b"Cookie"));
    assert_eq!(both.name, "Query Ü");
    assert_eq!(Member::open(&server, "?name=With+blank", None).name, "With blank");
    assert_eq!(Member::open(&server, "?name=%20%20Trimmed%0A", None).name, "Trimmed");
    assert_eq!(Member::open(&server, "", Some(b"Plain; other=1")).name, "Plain");
    assert_eq!(Member::open(&server, "", Some(b"x; nickname=No; surname=No")).name, "x");
}

/// Names that are not allowed.
fn bad_names() -> Vec<String> {
    let mut names: Vec<String> = ["", " ", "\t\n", "\u{3000}"].map(String::from).to_vec();
    names.push("x".repeat(33));
    names.push("😀".repeat(33));
    names.push("x".repeat(4000));
    for c in "\0\u{1}\u{7}\u{1B}\u{7F}\u{85}\u{9B}\u{AD}\u{200B}\u{200E}\u{200F}\u{2028}\u{202A}\u{202E}\
              \u{2060}\u{2066}\u{2069}\u{3164}\u{61C}\u{FEFF}\u{FE0F}\u{E0041}\n"
        .chars()
    {
        names.push(format!("a{c}b"));
    }
    names.push("\u{200B}".to_string());
    // Joiners, variation selectors and tags where they change nothing; marks without a letter, or too many.
    let needless = "\u{200C} \u{200D} \u{FE0F} \u{E0100} \u{200D}\u{FE0F} \u{FE0F}Lea Lea\u{FE0F} Lea\u{200D} \
        L\u{200D}ea L\u{200C}ea é\u{FE0F} ❤\u{FE0F}\u{FE0F} ❤\u{FE0F}\u{FE0E} ❤\u{200D} ❤\u{200D}\u{200D}❤ \
        \u{200D}❤ می\u{200C} \u{200C}می م\u{200C}a م\u{200C}\u{61C}ی م\u{200D}ی ශ\u{200D}ර 🏴\u{E0067} \
        \u{E0067}\u{E007F} 🏴\u{E007F} a\u{E0067}\u{E007F} \u{3164} \u{2800} \u{2800}\u{FE0F} \u{301} \u{301}a \u{34F} \
        Z\u{300}\u{301}\u{302}\u{303}\u{304} ก\u{E47}\u{E47}\u{E47}\u{E47}\u{E47}";
    names.extend(needless.split(' ').map(str::to_string));
    names
}

#[test]
fn joiners_and_selectors_are_allowed_where_they_are_needed() {
    let server = Server::start(&[]);
    let needed = "❤\u{FE0F}Lea 👩\u{200D}💻 👩🏽\u{200D}💻 🏳\u{FE0F}\u{200D}🌈 👩\u{200D}❤\u{FE0F}\u{200D}👩 🧔\u{200D}♀\u{FE0F} \
        1\u{FE0F}\u{20E3} 🇩🇪 🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} ☎\u{FE0E} می\u{200C}خواهم \
        نا\u{64F}\u{200C}مه ශ\u{DCA}\u{200D}රී ക\u{D4D}\u{200D} ক\u{9CD}\u{200C}ষ র\u{200D}\u{9CD}য 辻\u{E0100} \
        မှ\u{102F}\u{1036}\u{1037} Vie\u{323}\u{302}t שּׁ\u{5B8}לום ᠠ\u{180B}";
    let members: Vec<Member> = needed.split(' ').map(|name| Member::come(&server, name)).collect();
    assert_eq!(members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(" "), needed);
}

#[test]
fn a_bad_name_at_the_start_is_replaced() {
    let server = Server::start(&[]);
    for name in bad_names() {
        assert_random(&Member::open(&server, "", Some(percent(&name).as_bytes())));
        assert_random(&Member::come(&server, &name));
    }
    let no_text: [&[u8]; 8] = [b"%FF", b"a%C3", b"%ED%A0%80", b"%", b"a%4", b"%zz", b"%u0041", b"a%00b"];
    for cookie in no_text {
        assert_random(&Member::open(&server, "", Some(cookie)));
        let query = format!("?name={}", std::str::from_utf8(cookie).unwrap());
        assert_random(&Member::open(&server, &query, None));
    }
    // Another program's cookie of the same name is passed over.
    for cookies in [&b"%; name=Zo%C3%AB"[..], b"\xFF; theme=1; name=Zo%C3%AB", b"a%C3;name=Zo%C3%AB; name=x"]
    {
        let name = Member::open(&server, "", Some(cookies)).name;
        assert!(name.starts_with("Zoë"), "{name}"); // "Zoë 2" while the one before is away
    }
    // The same without percent-encoding.
    assert_random(&Member::open(&server, "", Some(b"a\xFFb")));
}

#[test]
fn a_taken_name_gets_a_number() {
    let server = Server::start(&[]);
    let [ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let mut come = |name: &str| {
        let newcomer = Member::come(&server, name);
        ben.expect_notice("joined", &newcomer.person());
        newcomer
    };
    let second = come("Ana");
    let third = come("aNA");
    assert_eq!((second.name.as_str(), third.name.as_str()), ("Ana 2", "aNA 3"));
    let person = second.person();
    second.leave();
    ben.expect_notice("left", &person);
    // A member that is away keeps its name, so that no other member gets it meanwhile.
    let person = ana.person();
    drop(ana);
    ben.expect_notice("away", &person);
    assert_eq!(Member::come(&server, "ANA").name, "ANA 2");
    // The number is part of the 32 characters, with one blank before it.
    let long = "ö".repeat(32);
    let _keep = Member::come(&server, &long);
    let mut others = Vec::new();
    for number in 2..=11 {
        let other = Member::come(&server, &long.to_uppercase());
        let suffix = format!(" {number}");
        let expected = "Ö".repeat(32 - suffix.len()) + &suffix;
        assert_eq!(other.name, expected);
        others.push(other);
    }
    let long = "x".repeat(29) + " yz";
    let _keep = Member::come(&server, &long);
    assert_eq!(Member::come(&server, &long).name, "x".repeat(29) + " 2");
}

#[test]
fn a_member_can_change_its_name() {
    let server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let before = ana.person();
    ana.say_and_wait("as Ana");
    let mut rename = |name: &str, was: &str, becomes: &str| {
        ana.send(&json!({ "type": "name", "name": name, "ref": "n" }));
        ana.expect(&json!({ "type": "ack", "ref": "n" }));
        json!({
            "type": "renamed", "member": { "id": ana.id, "name": becomes }, "was": was
        })
    };
    // Its own name in another case is not taken.
    let notices = [
        rename("ANA", "Ana", "ANA"),
        rename("  Anna  Bella ", "ANA", "Anna Bella"),
        rename(&"ü".repeat(32), "Anna Bella", &"ü".repeat(32)),
        rename("Zoë", &"ü".repeat(32), "Zoë"),
    ];
    ana.say("as Zoë");
    ben.expect_said(1, &before, "as Ana");
    notices.iter().for_each(|notice| ben.expect(notice));
    let after = json!({ "id": ana.id, "name": "Zoë" });
    ben.expect_said(2, &after, "as Zoë");
    // A message keeps the name that its author had then; the old names are free.
    let third = Member::come(&server, "ana");
    assert_eq!(third.name, "ana");
    assert_eq!(column(&third.welcome["messages"], "from"), [before, after.clone()]);
    assert_eq!(column(&third.welcome["members"], "name"), ["Zoë", "Ben", "ana"]);
    let again = Member::come_back(&server, &ana.token, 0);
    assert_eq!(again.person(), after);
    // Without a ref there is no answer.
    ben.expect_notice("joined", &third.person());
    ben.send(&json!({ "type": "name", "name": "Benno" }));
    ben.say_and_wait("the end");
}

#[test]
fn a_taken_or_bad_name_is_refused() {
    let server = Server::start(&[]);
    let [mut ana, mut ben, away] = gather(&server, ["Ana", "Ben", "Ana 2"]);
    let person = away.person();
    drop(away);
    ana.expect_notice("away", &person);
    ben.expect_notice("away", &person);
    ben.send(&json!({ "type": "name", "name": "aNA", "ref": "r" }));
    let error = ben.read();
    assert_eq!((&error["code"], &error["ref"]), (&json!("name-taken"), &json!("r")), "{error}");
    // "Ana 2" is away and keeps its name.
    assert!(error["message"].as_str().unwrap().contains("aNA 3"), "{error}");
    for name in bad_names() {
        ben.send(&json!({ "type": "name", "name": name, "ref": "r" }));
        println!("{name:?}"); // the harness shows it when the test fails
        ben.expect_error("bad-name", Some("r"));
    }
    ben.send(&json!({ "type": "name", "name": "aNA 3", "ref": "r" }));
    ben.expect(&json!({ "type": "ack", "ref": "r" }));
    // The others get nothing of the names that were refused.
    let renamed = json!({ "id": ben.id, "name": "aNA 3" });
    ana.expect(&json!({ "type": "renamed", "member": renamed, "was": "Ben" }));
}
