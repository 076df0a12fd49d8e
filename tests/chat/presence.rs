//! Presence: joining, leaving, being away and coming back, and the messages that were missed meanwhile.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;

use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::*;

#[test]
fn a_member_that_sends_a_close_has_left_at_once() {
    let server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    for goodbye in [&b"\x03\xE8"[..], b"\x03\xE8bye", b""] {
        let mut guest = Member::come(&server, "Guest");
        assert_eq!(guest.name, "Guest");
        let person = guest.person();
        guest.close(goodbye);
        for other in [&mut ana, &mut ben] {
            other.expect_notice("joined", &person);
            other.expect_notice("left", &person);
        }
    }
    assert_eq!(Member::come(&server, "Last").welcome["count"], 3);
}

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
    for (text, to) in [("all", json!(null)), ("Ben", person["id"].clone()), ("Cleo", json!("Cleo"))]
    {
        ana.send(&json!({ "type": "say", "text": text, "to": to, "ref": text }));
        assert_eq!(ana.read()["ref"], text);
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
    for (since, ids, gap) in [
        (0, vec![4, 5, 6, 7, 8], true),
        (1, vec![4, 5, 6, 7, 8], true),
        (2, vec![4, 5, 6, 7, 8], true),
        (3, vec![4, 5, 6, 7, 8], false),
        (7, vec![8], false),
        (8, vec![], false),
        (9, vec![], false),
        (u64::MAX, vec![], false),
    ] {
        let again = Member::come_back(&server, &ana.token, since);
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

#[test]
fn a_member_that_is_away_for_ten_seconds_has_left() {
    let server = Server::start(&[]);
    let [mut ana, mut ben, mut cleo, dan] = gather(&server, ["Ana", "Ben", "Cleo", "Dan"]);
    let people = [ben.person(), cleo.person(), dan.person()];
    let tokens = [ben.token.clone(), cleo.token.clone(), dan.token.clone()];
    let began = Instant::now();
    drop(dan);
    for other in [&mut ana, &mut ben, &mut cleo] {
        other.expect_notice("away", &people[2]);
    }
    ben.close(b"\x03\xE9");
    ana.expect_notice("away", &people[0]);
    cleo.expect_notice("away", &people[0]);
    drop(ben);
    // Dan comes back and breaks off again a second later: his ten seconds begin anew.
    let dan = Member::come_back(&server, &tokens[2], 0);
    ana.expect_notice("back", &people[2]);
    thread::sleep(Duration::from_secs(1)); // so that his ten seconds end after Ben's
    let again = Instant::now();
    drop(dan);
    ana.expect_notice("away", &people[2]);
    ana.expect_notice("left", &people[0]);
    assert_took(began, Duration::from_secs(10), Duration::from_secs(20));
    ana.expect_notice("left", &people[2]);
    assert_took(again, Duration::from_secs(10), Duration::from_secs(20));
    let welcome = Member::come(&server, "Ben").welcome;
    assert_eq!(column(&welcome["members"], "name"), ["Ana", "Cleo", "Ben"]);
    assert_eq!(welcome["count"], 3);
    assert_eq!(ana.read()["member"]["name"], "Ben"); // read first, because an error may overtake it
    ana.send(&json!({ "type": "say", "text": "Dan?", "to": people[2]["id"], "ref": "r" }));
    let mut next = ana.read();
    if next["type"] == "away" {
        next = ana.read();
    }
    assert_eq!(next["code"], "not-here");
}

#[test]
fn typing_is_passed_on_at_most_every_two_seconds() {
    let server = Server::start(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    // A client that has not taken its welcome yet would get no `typing`.
    for member in [&mut ana, &mut ben, &mut cleo] {
        member.settle();
    }
    let typing = json!({ "type": "typing", "from": ana.person() });
    // In one write, so that they arrive within two seconds even on a busy machine.
    let frame = client_frame(0x81, br#"{"type":"typing"}"#);
    ana.peer.send_raw(&frame.repeat(5));
    ana.say_and_wait("one");
    let began = Instant::now();
    for other in [&mut ben, &mut cleo] {
        other.expect(&typing);
        other.expect_said(1, &ana.person(), "one");
    }
    // The two seconds count for each member by itself.
    ben.send(&json!({ "type": "typing", "to": "ana" }));
    ana.expect(&json!({ "type": "typing", "from": ben.person(), "to": ana.person() }));
    thread::sleep(Duration::from_secs(2).saturating_sub(began.elapsed())); // until the next is allowed
    ana.send(&json!({ "type": "typing", "to": cleo.id }));
    cleo.expect(&json!({ "type": "typing", "from": ana.person(), "to": cleo.person() }));
    ana.say_and_wait("two");
    ben.expect_said(2, &ana.person(), "two");
    cleo.expect_said(2, &ana.person(), "two");
    ana.send(&json!({ "type": "typing", "to": 99, "ref": "r" }));
    ana.expect_error("not-here", Some("r"));
}

#[test]
fn each_absence_lasts_ten_seconds() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "Ben");
    let ana = Member::come(&server, "Ana");
    let (token, person) = (ana.token.clone(), ana.person());
    ben.expect_notice("joined", &person);
    // Away for a moment, left with a Close, and here again; then away a second time, 5 s later.
    drop(ana);
    ben.expect_notice("away", &person);
    let mut ana = Member::come_back(&server, &token, 0);
    ben.expect_notice("back", &person);
    ana.close(b"\x03\xE8");
    ben.expect_notice("left", &person);
    let ana = Member::come_back(&server, &token, 0);
    ben.expect_notice("joined", &person);
    thread::sleep(Duration::from_secs(5)); // so that ten seconds of the first absence would end too early
    drop(ana);
    ben.expect_notice("away", &person);
    let began = Instant::now();
    ben.expect_notice("left", &person);
    assert_took(began, Duration::from_secs(9), PATIENCE);
}
