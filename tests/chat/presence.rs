//! Presence: joining, leaving, being away, and typing.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::chat::*;
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
