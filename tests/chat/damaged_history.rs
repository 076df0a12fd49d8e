//! History files that are damaged, torn or cut: the server skips what it cannot read, says so in the log,
//! and never gives an id twice.

use std::fs;

use serde_json::json;

use crate::support::chat::*;
use crate::support::folder::*;

/// A line of the file, as the server writes it.
fn said(id: u64, from: u64, text: &str) -> String {
    let from = json!({ "id": from, "name": format!("Member {from}") });
    json!({ "type": "said", "id": id, "at": 1_700_000_000_000u64, "from": from, "text": text }).to_string()
}

#[test]
fn damaged_lines_are_skipped_and_logged() {
    let folder = Folder::new();
    let huge = format!("\"{}", "x".repeat(3 << 20));
    let nested = "[".repeat(100_000);
    let damaged: Vec<Vec<u8>> = vec![
        b"garbage".into(),
        b"\0\x01\x02\xFF\xFE".into(),
        [said(2, 1, "invalid UTF-8: ").as_bytes(), b"\xC3"].concat(),
        said(2, 1, "half of it").into_bytes()[..60].into(),
        said(2, 1, "a text that is a number").replace("\"a text that is a number\"", "7").into(),
        said(2, 1, "the id is a text").replace("\"id\":2", "\"id\":\"2\"").into(),
        said(2, 1, "negative").replace("\"id\":2", "\"id\":-2").into(),
        said(2, 1, "too large for JavaScript").replace("\"id\":2", "\"id\":9007199254740993").into(),
        said(2, 1, "no author").replace("\"from\"", "\"form\"").into(),
        said(2, 1, "no time").replace("\"at\"", "\"ad\"").into(),
        said(2, 1, "the recipient is a number").replace("\"at\"", "\"to\":7,\"at\"").into(),
        said(2, 1, "the recipient is null").replace("\"at\"", "\"to\":null,\"at\"").into(),
        said(1, 1, "an id twice").into(),
        said(0, 1, "an id going backwards").into(),
        [said(2, 1, "two"), said(3, 1, "in one line")].concat().into(),
        b"{\"type\":\"member\",\"id\":7,\"name\":\"Without a token\"}".into(),
        b"{\"type\":\"member\",\"name\":\"Without an id\",\"token\":\"x\"}".into(),
        said(2, 1, "x").replace("text\":\"x", "text\":\" \\n").into(), // no member can say white space alone
        said(2, 1, "too late for a calendar").replace("1700000000000", "8640000000000001").into(),
        said(2, 1, "before 1970").replace("1700000000000", "-1").into(),
        said(2, 1, "a ref of 65 bytes")
            .replace("\"at\"", &format!("\"ref\":\"{}\",\"at\"", "r".repeat(65)))
            .into(),
        said(2, 1, "a ref of none").replace("\"at\"", "\"ref\":\"\",\"at\"").into(),
        said(2, 1, "a name of 33").replace("Member 1", &"n".repeat(33)).into(),
        said(2, 1, "no name").replace("Member 1", " ").into(),
        said(2, 1, "a name that clears the screen").replace("Member 1", "\\u001b[2J").into(),
        said(2, 1, "a name that turns what follows").replace("Member 1", "\\u202e").into(),
        said(2, 0, "the operator has one name").into(),
        said(2, 1 << 53, "a member's id too large for JavaScript").into(),
        said(1 << 49, 1, "an id that no server gives").into(),
        said(2, 1, "for Ben").replace("\"at\"", "\"uo\":{\"id\":2,\"name\":\"Ben\"},\"at\"").into(),
        b"{\"type\":\"member\",\"id\":0,\"name\":\"operator\",\"token\":\"x\"}".into(),
        b"{\"type\":\"member\",\"id\":7,\"name\":\"A\",\"token\":\"\"}".into(),
        b"{\"type\":7}".into(),
        b"{}".into(),
        b"[]".into(),
        b"null".into(),
        nested.into(),
        huge.into(),
    ];
    let mut file = [said(1, 1, "the first").as_bytes(), b"\n"].concat();
    for line in &damaged {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    // Lines that are accepted without a warning: empty, white space, CR before LF, indented.
    let good = [
        "",
        "  \t",
        "\r",
        &(said(50, 3, "skips some") + "\r"),
        &(" ".to_string() + &said(51, 4, "indented")),
    ];
    for line in good {
        file.extend_from_slice(line.as_bytes());
        file.push(b'\n');
    }
    // The last line has no line end, as some editors leave it.
    file.extend_from_slice(said(52, 5, "the last").as_bytes());
    fs::write(folder.file(), &file).unwrap();

    let [mut last, mut last_member] = [52, 5];
    for start in 1..=3 {
        let server = folder.serve();
        let mut ana = Member::come(&server, "Ana");
        let log = server.wait_for_log("came to /chat");
        let named: Vec<usize> = log
            .lines()
            .filter_map(|line| {
                line.split_once("messages.jsonl: line ")?.1.strip_suffix(" is damaged and was skipped")
            })
            .map(|number| number.parse().unwrap())
            .collect();
        assert!(named.iter().copied().eq(2..2 + damaged.len()), "{named:?}");
        assert!(!log.contains("cut off"), "{log}");
        let before = &texts(&ana.welcome["messages"])[..4];
        assert_eq!(before, ["the first", "skips some", "indented", "the last"]);
        assert!(ana.id > last_member, "{} after {last_member}", ana.id);
        let id = ana.say_and_wait(&format!("after start {start}"))["id"].as_u64().unwrap();
        assert!(id > last, "{id} after {last}");
        (last, last_member) = (id, ana.id);
        let all = read_back(&mut ana, u64::MAX, |_| {});
        assert_eq!(all.len(), 4 + start);
    }
}

#[test]
fn a_torn_last_line_is_cut_off() {
    let whole = said(2, 1, "lost");
    // What the file ends with after its last line end, and whether that is lost.
    let ends: [(Vec<u8>, bool); 6] = [
        (whole[..whole.len() - 1].into(), true),
        (whole.clone().into(), false),
        (vec![0; 4096], true),
        ([whole.as_bytes(), &[0; 100]].concat(), true),
        (b"\xFF".into(), true),
        (b"   ".into(), false),
    ];
    for (end, is_lost) in ends {
        println!("{:?}", String::from_utf8_lossy(&end)); // the harness shows it when the test fails
        let folder = Folder::new();
        let file = [said(1, 9, "one").as_bytes(), b"\n", &end].concat();
        fs::write(folder.file(), file).unwrap();
        let server = folder.serve();
        let mut ana = Member::come(&server, "Ana");
        let log = server.wait_for_log("came to /chat");
        assert_eq!(log.contains("line 2, the last, is torn and was cut off"), is_lost, "{log}");
        assert_eq!(log.matches("WARN").count(), usize::from(is_lost), "{log}");
        // The id of an author is known from its message, and is not given again.
        assert!(ana.id > 9 + u64::from(is_lost), "{}", ana.id);
        ana.say_and_wait("goes on");
        drop(server);
        let server = folder.serve();
        let messages = &Member::come(&server, "Ben").welcome["messages"];
        let log = server.wait_for_log("came to /chat");
        assert!(!log.contains("WARN"), "{log}");
        let mut expected = vec!["one", "goes on"];
        if end == whole.as_bytes() {
            expected.insert(1, "lost");
        }
        assert_eq!(texts(messages), expected);
    }
}

#[test]
fn ids_continue_after_a_hole_of_zeros() {
    let folder = Folder::new();
    let lines = (1..=20).map(|id| said(id, id, "a") + "\n").collect::<String>();
    // Some file systems leave a file like this after a power failure: as long as before, with zeros in it.
    for is_whole in [true, false] {
        let mut file = lines.clone().into_bytes();
        let end = file.len() - usize::from(is_whole);
        file[lines.len() / 3..end].fill(0);
        fs::write(folder.file(), file).unwrap();
        let server = folder.serve();
        let mut ana = Member::come(&server, "Ana");
        assert!(ana.id > 20, "{}", ana.id);
        let id = ana.say_and_wait("goes on")["id"].as_u64().unwrap();
        assert!(id > 20, "{id}");
    }
}

#[test]
fn a_file_may_be_cut_at_every_byte_of_its_last_lines() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("one");
    let ben = Member::come(&server, "Ben");
    ana.expect_notice("joined", &ben.person());
    ana.send(&json!({ "type": "say", "text": "two", "to": ben.id, "ref": "two" }));
    assert_eq!(ana.read()["type"], "ack");
    let (ana, ben) = (ana.token.clone(), ben.token.clone());
    drop(server);
    let file = fs::read(folder.file()).unwrap();
    let ends: Vec<usize> = (0..file.len()).filter(|at| file[*at] == b'\n').collect();
    // The lines are Ana, her message, Ben, her message to Ben.
    assert_eq!(ends.len(), 4, "{}", String::from_utf8_lossy(&file));
    for length in ends[1] + 1..=file.len() {
        fs::write(folder.file(), &file[..length]).unwrap();
        // A line of which only the line end is missing is whole.
        let lines = ends.iter().filter(|end| length >= **end).count();
        let is_torn = length > ends[lines - 1] + 1;
        let server = folder.serve();
        let mut member = Member::come_back(&server, &ana, 0);
        let expected = if lines == 4 { &["one", "two"][..] } else { &["one"] };
        assert_eq!(texts(&member.welcome["messages"]), expected, "{length}");
        let again = Member::open(&server, &format!("?token={ben}"), None);
        assert_eq!(again.welcome["resumed"], lines >= 3, "{length}");
        // Others may know the id of the member whose line was cut, so no other member may get it.
        assert!(if lines >= 3 { again.id == 2 } else { again.id > 2 }, "{length}");
        let ack = member.say_and_wait_among("goes on");
        // A line that is missing may have been a message, whose id must not be given again.
        assert!(ack["id"].as_u64() > Some(2), "{length}: {ack}");
        let log = server.wait_for_log("came to /chat");
        assert_eq!(log.contains("is torn and was cut off"), is_torn, "{length}: {log}");
        assert_eq!(log.matches("WARN").count(), usize::from(is_torn), "{length}: {log}");
        drop(server);
        // At the next start the file is in order.
        let lines = read_history(&folder.file());
        assert_eq!(texts(&json!(lines)), [expected, &["goes on"]].concat(), "{length}");
        let server = folder.serve();
        let member = Member::come_back(&server, &ana, 0);
        assert_eq!(texts(&member.welcome["messages"]), [expected, &["goes on"]].concat());
        let log = server.wait_for_log("came to /chat");
        assert!(!log.contains("WARN"), "{length}: {log}");
    }
}
