//! Coming back with a token: the same person, the messages that were missed, and a second connection that
//! takes over.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;

use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::*;

#[test]
fn a_member_whose_connection_breaks_is_away_and_comes_back() {
    let server = Server::start(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    ana.expects_receipts = false; // `since` causes some, at a time that the test cannot know
    let person = cleo.person();
    let mut since = 0;
    for way in ["closed with 1001", "cut", "cut inside a frame", "broke the rules"] {
        println!("{way}"); // the harness shows it when the test fails
        match way {
            "closed with 1001" => cleo.close(b"\x03\xE9"),
            "cut inside a frame" => cleo.peer.send_raw(b"\x81\xFE\x01"),
            "broke the rules" => {
                cleo.peer.send_raw(b"\x83\x80\0\0\0\0");
                cleo.peer.expect_close(1002);
            }
            _ => {}
        }
        let token = cleo.token.clone();
        drop(cleo);
        for other in [&mut ana, &mut ben] {
            other.expect_notice("away", &person);
        }
        since += 1;
        ana.say_and_wait(way);
        ben.expect_said(since, &ana.person(), way);
        cleo = Member::come_back(&server, &token, since - 1);
        assert_eq!(cleo.person(), person);
        assert_eq!(column(&cleo.welcome["messages"], "id"), [since]);
        assert_eq!(cleo.welcome["members"][2]["away"], false);
        for other in [&mut ana, &mut ben] {
            other.expect_notice("back", &person);
        }
    }
    cleo.say("again");
    ana.expect_said(since + 1, &person, "again");
}

#[test]
fn missed_messages_come_once_and_nothing_else_does() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    ana.expects_receipts = false; // `since` causes some, at a time that the test cannot know
    ana.say_and_wait("heard");
    ben.expect_said(1, &ana.person(), "heard");
    cleo.expect_said(1, &ana.person(), "heard");
    ben.send(&json!({ "type": "say", "text": "my own", "ref": "b" }));
    ben.expect(&json!({ "type": "ack", "ref": "b", "id": 2 }));
    let (person, token) = (ben.person(), ben.token.clone());
    drop(ben);
    ana.expect_said(2, &person, "my own");
    ana.expect_notice("away", &person);
    for (text, to) in [("all", json!(null)), ("Ben", person["id"].clone()), ("Cleo", json!("Cleo"))] {
        let mut say = json!({ "type": "say", "text": text, "ref": text });
        if !to.is_null() {
            say["to"] = to;
        }
        ana.send(&say);
        assert_eq!(ana.read()["type"], "ack");
    }
    let mut ben = Member::come_back(&server, &token, 1);
    let missed = &ben.welcome["messages"];
    assert_eq!(column(missed, "id"), [2, 3, 4]);
    assert_eq!(column(missed, "text"), ["my own", "all", "Ben"]);
    assert_eq!(column(missed, "ref"), [json!("b"), Value::Null, Value::Null]);
    assert_eq!(column(missed, "to"), [Value::Null, Value::Null, person.clone()]);
    assert_eq!((&ben.welcome["more"], &ben.welcome["gap"]), (&json!(false), &json!(false)));
    ana.expect_notice("back", &person);
    ana.say("live");
    ben.expect_said(6, &ana.person(), "live");
    // When more than a page was missed, the welcome has the newest hundred.
    for number in 7..=120 {
        ana.say_and_wait(&number.to_string());
    }
    for (since, first, more) in [(6, 21, true), (20, 21, false), (119, 120, false)] {
        let again = Member::come_back(&server, &token, since);
        let messages = column(&again.welcome["messages"], "id");
        assert_eq!(messages, (first..=120).collect::<Vec<u64>>(), "since {since}");
        assert_eq!((&again.welcome["more"], &again.welcome["gap"]), (&json!(more), &json!(false)));
    }
}

#[test]
fn a_gap_of_forgotten_messages_is_told() {
    let server = Server::start(&["--keep", "5"]);
    let mut ana = Member::come(&server, "Ana");
    for number in 1..=8 {
        ana.say_and_wait(&number.to_string());
    }
    for (since, ids, gap, reset) in [
        (0, vec![4, 5, 6, 7, 8], true, false),
        (1, vec![4, 5, 6, 7, 8], true, false),
        (2, vec![4, 5, 6, 7, 8], true, false),
        (3, vec![4, 5, 6, 7, 8], false, false),
        (7, vec![8], false, false),
        (8, vec![], false, false),
        // No message has this id yet: the client has it from another history, and is told to start over.
        (9, vec![4, 5, 6, 7, 8], false, true),
        (u64::MAX, vec![4, 5, 6, 7, 8], false, true),
    ] {
        let again = Member::come_back(&server, &ana.token, since);
        assert_eq!(again.welcome["reset"], reset, "since {since}");
        assert_eq!(column(&again.welcome["messages"], "id"), ids, "since {since}");
        assert_eq!((&again.welcome["more"], &again.welcome["gap"]), (&json!(false), &json!(gap)));
    }
    // A `since` that is no number is ignored.
    for since in ["", "-1", "x", "1e3", "18446744073709551616"] {
        let query = format!("?token={}&since={since}", ana.token);
        let again = Member::open(&server, &query, None);
        assert_eq!(column(&again.welcome["messages"], "id"), [4, 5, 6, 7, 8], "since {since}");
    }
}

#[test]
fn an_unknown_token_makes_a_new_member() {
    let server = Server::start(&[]);
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("hello");
    let (long, most) = ("A".repeat(4000), ana.token[1..].to_string());
    for token in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "%FF", &long, &most] {
        let other = Member::open(&server, &format!("?name=Eve&token={token}&since=1"), None);
        assert_eq!(other.welcome["resumed"], false);
        assert_ne!(other.id, ana.id);
        assert_ne!(other.token, token);
        // A new member has no messages yet, so its `since` is ignored.
        assert_eq!(column(&other.welcome["messages"], "id"), [1]);
        let person = other.person();
        other.leave();
        ana.expect_notice("joined", &person);
        ana.expect_notice("left", &person);
    }
}

#[test]
fn of_more_than_ten_thousand_tokens_the_oldest_are_forgotten() {
    let folder = Folder::new();
    let line = |id: u64| {
        let hash = derive_accept_key(format!("token-{id}").as_bytes());
        let line = json!({ "type": "member", "id": id, "name": format!("M{id}"), "token": hash });
        format!("{line}\n")
    };
    let lines: String = (1..=10_001).map(line).collect();
    fs::write(folder.file(), lines).unwrap();
    let server = Server::start(&["--data", folder.as_str()]);
    let second = Member::come_back(&server, "token-2", 0);
    assert_eq!((second.id, second.name.as_str()), (2, "M2"));
    let first = Member::open(&server, "?token=token-1", None);
    assert!(first.welcome["resumed"] == false && first.id > 10_001, "{}", first.welcome);
    // The newcomer's token was one too many. The second member is connected, so the third's was forgotten.
    let third = Member::open(&server, "?token=token-3", None);
    assert!(third.welcome["resumed"] == false && third.id > first.id, "{}", third.welcome);
    Member::come_back(&server, "token-2", 0);
    Member::come_back(&server, "token-10001", 0);
}

#[test]
fn many_tokens_of_one_member_stop_nothing() {
    let folder = Folder::new();
    let line = |number: u64| {
        let hash = derive_accept_key(format!("token-{number}").as_bytes());
        format!("{}\n", json!({ "type": "member", "id": 1, "name": "Ana", "token": hash }))
    };
    fs::write(folder.file(), (1..=10_100).map(line).collect::<String>()).unwrap();
    let server = Server::start(&["--data", folder.as_str()]);
    let mut ana = Member::come_back(&server, "token-10100", 0);
    let mut others: Vec<Member> = (0..5).map(|number| Member::come(&server, &format!("M{number}"))).collect();
    ana.say_and_wait_among("the room goes on");
    others[4].read_until(|message| message["text"] == "the room goes on");
    // Its oldest tokens are forgotten. The one that it uses is not.
    assert_eq!(Member::open(&server, "?token=token-101", None).welcome["resumed"], false);
    Member::come_back(&server, "token-10100", 0);
}

#[test]
fn a_member_that_has_left_comes_back_as_the_same() {
    let server = Server::start(&[]);
    let [mut ana, ben] = gather(&server, ["Ana", "Ben"]);
    let (person, token) = (ben.person(), ben.token.clone());
    ben.leave();
    ana.expect_notice("left", &person);
    let ben = Member::come_back(&server, &token, 0);
    assert_eq!(ben.person(), person);
    ana.expect_notice("joined", &person);
    ben.leave();
    ana.expect_notice("left", &person);
    // Another member has taken the name.
    let second = Member::come(&server, "ben");
    ana.expect_notice("joined", &second.person());
    let ben = Member::come_back(&server, &token, 0);
    assert_eq!(ben.person(), json!({ "id": person["id"], "name": "Ben 2" }));
    ana.expect_notice("joined", &ben.person());
    // The id of a member that has left is not given again.
    assert_eq!((second.id, Member::come(&server, "New").id), (3, 4));
}

#[test]
fn a_second_connection_takes_over() {
    let server = Server::start(&[]);
    let [mut ana, mut first] = gather(&server, ["Ana", "Ben"]);
    let person = first.person();
    let mut second = Member::come_back(&server, &first.token, 0);
    assert_eq!(second.person(), person);
    first.peer.expect_close(4001);
    drop(first);
    // The member has not left with its first connection: the others get no notice.
    server.wait_for_log(") left /chat");
    ana.say("still here?");
    second.expect_said(1, &ana.person(), "still here?");
    second.say("yes");
    ana.expect_said(2, &person, "yes");
    // The same if the older connection sends a Close at the same moment.
    let third = Member::come_back(&server, &second.token, 2);
    second.peer.send(0x88, b"\x03\xE8");
    second.peer.expect_close(4001);
    drop(second);
    third.leave();
    ana.expect_notice("left", &person);
}

/// An older connection of a member may end whenever and however it likes once a newer one has taken over.
#[test]
fn an_older_connection_that_ends_late_says_nothing_about_its_member() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, first] = gather(&server, ["Ana", "Ben"]);
    let (person, token) = (first.person(), first.token.clone());
    // Two are half-open while the member resumes: their client is gone, and the server does not know yet.
    let mut second = Member::come_back(&server, &token, 0);
    let third = Member::come_back(&server, &token, 0);
    second.peer.send(0x88, b"\x03\xE8");
    drop(first);
    second.peer.expect_close(4001);
    server.wait_for_log("left /chat");
    // The newest one breaks, and the member is away. The end of an older one changes nothing about that.
    drop(third);
    ana.expect_notice("away", &person);
    drop(second);
    let mut fourth = Member::come_back(&server, &token, 0);
    ana.expect_notice("back", &person);
    // Ten seconds after the absence began, its end is due, and passes without a notice.
    thread::sleep(Duration::from_secs(11));
    ana.say_and_wait("still here?");
    fourth.expect_said(1, &ana.person(), "still here?");
    assert_eq!(Member::come(&server, "Cleo").welcome["count"], 3);
    fourth.leave();
    assert_eq!(ana.read()["type"], "joined");
    ana.read_until(|message| *message == json!({ "type": "left", "member": person }));
}
