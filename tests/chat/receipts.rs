//! Receipts: how an author hears to how many its messages have come.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::*;

/// `receipt` about these messages: id, how many have it, of how many.
fn receipt(messages: &[(u64, u64, u64)]) -> Value {
    let entry =
        |(id, received, of): &(u64, u64, u64)| json!({ "id": id, "received": received, "of": of });
    json!({ "type": "receipt", "messages": messages.iter().map(entry).collect::<Vec<_>>() })
}

/// Has a member tell that all up to this id has arrived, and waits until the server knows.
fn receive(member: &mut Member, id: u64) {
    member.send(&json!({ "type": "received", "id": id }));
    member.send(&json!({ "type": "settle", "ref": "settle" }));
    loop {
        let message = member.read();
        assert_ne!(message["type"], "receipt", "{message}");
        if message["ref"] == "settle" {
            break;
        }
    }
}

#[test]
fn those_count_who_were_here_or_away() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, mut cleo, dan] = gather(&server, ["Ana", "Ben", "Cleo", "Dan"]);
    let (person, token) = (dan.person(), dan.token.clone());
    drop(dan);
    for other in [&mut ana, &mut ben, &mut cleo] {
        other.expect_notice("away", &person);
    }
    ana.say_and_wait("one");
    for other in [&mut ben, &mut cleo] {
        other.expect_said(1, &ana.person(), "one");
    }
    let mut eve = Member::come(&server, "Eve");
    for other in [&mut ana, &mut ben, &mut cleo] {
        other.expect_notice("joined", &eve.person());
    }
    // Whoever comes later is not one of those, and nor is the author.
    receive(&mut eve, 1);
    receive(&mut ana, 1);
    receive(&mut ben, 1);
    ana.expect(&receipt(&[(1, 1, 3)]));
    // Nobody counts twice, whatever they say again.
    for id in [1, 0, 1] {
        receive(&mut ben, id);
        receive(&mut eve, id);
    }
    receive(&mut cleo, 1);
    ana.expect(&receipt(&[(1, 2, 3)]));
    // Who comes back after the message need not say that it is there.
    let mut dan = Member::come_back(&server, &token, 1);
    for other in [&mut ana, &mut ben, &mut cleo, &mut eve] {
        other.expect_notice("back", &person);
    }
    ana.expect(&receipt(&[(1, 3, 3)]));
    receive(&mut dan, 1);

    // For a private message one counts, for one to oneself nobody.
    ana.send(&json!({ "type": "say", "text": "psst", "to": ben.id }));
    assert_eq!(ben.read()["id"], 2);
    ana.send(&json!({ "type": "say", "text": "do not forget", "to": ana.id, "ref": "r" }));
    ana.expect(&json!({ "type": "ack", "ref": "r", "id": 3 }));
    ben.say_and_wait("all of you");
    ana.expect_said(4, &ben.person(), "all of you");
    receive(&mut cleo, 4);
    receive(&mut ana, 4);
    receive(&mut eve, 4);
    // They may be told in two, on a machine that is busy.
    wait_for(&mut ben, &[(4, 3, 4)]);
    receive(&mut ben, 4);
    ana.expect(&receipt(&[(2, 1, 1)]));
}

/// Reads receipts until all of them together say this.
fn wait_for(author: &mut Member, last: &[(u64, u64, u64)]) {
    let mut known: Vec<(u64, u64, u64)> = Vec::new();
    while known != last {
        let message = author.read();
        assert_eq!(message["type"], "receipt", "{message}");
        for entry in message["messages"].as_array().unwrap() {
            let [id, received, of] =
                ["id", "received", "of"].map(|name| entry[name].as_u64().unwrap());
            let before = known.iter().find(|known| known.0 == id).map_or(0, |known| known.1);
            assert!(before < received && received <= of, "{message} after {known:?}");
            known.retain(|known| known.0 != id);
            known.push((id, received, of));
        }
        known.sort();
    }
}

#[test]
fn several_messages_are_one_receipt() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    for text in ["one", "two", "three"] {
        ana.say_and_wait(text);
    }
    receive(&mut ben, 2);
    ana.expect(&receipt(&[(1, 1, 2), (2, 1, 2)]));
    receive(&mut cleo, 3);
    ana.expect(&receipt(&[(1, 2, 2), (2, 2, 2), (3, 1, 2)]));
}

#[test]
fn who_left_and_came_back_counts_for_what_it_was_addressed_to() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    ana.say_and_wait("while he is here");
    let (person, token) = (ben.person(), ben.token.clone());
    ben.leave();
    ana.expect_notice("left", &person);
    ana.say_and_wait("while he is gone");
    let mut ben = Member::come_back(&server, &token, 0);
    ana.expect_notice("joined", &person);
    receive(&mut ben, 2);
    ana.expect(&receipt(&[(1, 1, 2)]));
    // Not twice: over a reconnect, after leaving, or by saying less.
    drop(ben);
    ana.expect_notice("away", &person);
    let mut ben = Member::come_back(&server, &token, 1);
    ana.expect_notice("back", &person);
    receive(&mut ben, 1);
    receive(&mut ben, 2);
    ben.leave();
    ana.expect_notice("left", &person);
    let mut ben = Member::come_back(&server, &token, 2);
    ana.expect_notice("joined", &person);
    receive(&mut ben, 2);
    // Whatever counts too often shows now.
    receive(&mut cleo, 2);
    ana.expect(&receipt(&[(1, 2, 2), (2, 1, 1)]));
}

#[test]
fn at_most_four_in_a_second_and_the_last_state_in_the_end() {
    const MESSAGES: u64 = 100;
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    for id in 1..=MESSAGES {
        ana.say_and_wait(&id.to_string());
    }
    let began = Instant::now();
    for id in 1..=MESSAGES {
        receive(&mut ben, id);
        receive(&mut cleo, id);
        thread::sleep(Duration::from_millis(10));
    }
    let (mut count, mut complete) = (0, 0);
    while complete < MESSAGES {
        let message = ana.read();
        assert_eq!(message["type"], "receipt", "{message}");
        count += 1;
        let entries = message["messages"].as_array().unwrap();
        complete += entries.iter().filter(|entry| entry["received"] == 2).count() as u64;
    }
    let elapsed = began.elapsed();
    assert!(count >= 3, "after a second there is something to tell: {count} in {elapsed:?}");
    assert!(count <= elapsed.as_millis() / 250, "{count} receipts in {elapsed:?}");
}

#[test]
fn an_author_who_comes_back_hears_it_all_again() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    for text in ["one", "two", "three"] {
        ana.say_and_wait(text);
    }
    let (person, token) = (ana.person(), ana.token.clone());
    drop(ana);
    // It becomes news, and old, while there is nobody to hear it.
    receive(&mut ben, 2);
    thread::sleep(Duration::from_millis(400));
    let all = receipt(&[(1, 1, 2), (2, 1, 2)]);
    let mut ana = Member::come_back(&server, &token, 3);
    ana.expect(&all);
    let mut second = Member::come_back(&server, &token, 3);
    second.expect(&all);
    ana.peer.expect_close(4001);
    second.leave();
    let mut ana = Member::come_back(&server, &token, 3);
    assert_eq!(ana.person(), person);
    ana.expect(&all);
    // What she knows already is not repeated with the news.
    receive(&mut ben, 3);
    ana.expect(&receipt(&[(3, 1, 2)]));
    // And nobody else has heard of any of this.
    receive(&mut { cleo }, 0);
}

#[test]
fn what_is_not_there_yet_cannot_have_arrived() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    ana.say_and_wait("one");
    ben.expect_said(1, &ana.person(), "one");
    let wrong = [
        "2",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "1.0",
        "1e0",
        "\"1\"",
        "null",
        "true",
        "[1]",
        "{\"id\":1}",
    ];
    for id in wrong {
        println!("{id}"); // shown when the test fails
        ben.peer.send_text(&format!(r#"{{"type":"received","id":{id},"ref":"r"}}"#));
        ben.expect_error("bad-field", Some("r"));
    }
    ben.send(&json!({ "type": "received" }));
    ben.expect_error("bad-field", None);
    // None of it has changed anything: the next message is not received.
    ana.say_and_wait("two");
    ben.expect_said(2, &ana.person(), "two");
    receive(&mut ben, 1);
    ana.expect(&receipt(&[(1, 1, 1)]));
    receive(&mut ben, 2);
    ana.expect(&receipt(&[(2, 1, 1)]));
}

#[test]
fn a_since_that_is_not_there_yet_is_none() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, ben] = gather(&server, ["Ana", "Ben"]);
    ana.say_and_wait("one");
    let mut ben = Member::come_back(&server, &ben.token, u64::MAX);
    ana.expect(&receipt(&[(1, 1, 1)]));
    ana.say_and_wait("two");
    ben.expect_said(2, &ana.person(), "two");
    receive(&mut ben, 2);
    ana.expect(&receipt(&[(2, 1, 1)]));
}

#[test]
fn there_are_none_in_a_big_room() {
    let server = Server::start_without_pace(&[]);
    let mut ana = Member::come(&server, "Ana");
    let others: Vec<Member> =
        (0..199).map(|number| Member::come(&server, &format!("M{number}"))).collect();
    // Also not of what was said before.
    ana.say_and_wait_among("not big yet");
    let mut last = Member::come(&server, "The last");
    ana.say_and_wait_among("big");
    receive(&mut last, 2);
    for mut other in others {
        receive(&mut other, 2);
    }
    // A receipt would come within 250 ms.
    thread::sleep(Duration::from_millis(500));
    ana.send(&json!({ "type": "settle", "ref": "settle" }));
    loop {
        let message = ana.read();
        assert_ne!(message["type"], "receipt", "{message}");
        if message["ref"] == "settle" {
            break;
        }
    }
}

#[test]
fn there_are_none_across_a_restart() {
    let folder = Folder::new();
    let server = Server::start_without_pace(&["--data", folder.as_str()]);
    let [mut ana, ben] = gather(&server, ["Ana", "Ben"]);
    ana.say_and_wait("before");
    drop(server);
    let server = Server::start_without_pace(&["--data", folder.as_str()]);
    let mut ana = Member::come_back(&server, &ana.token, 1);
    let mut ben = Member::come_back(&server, &ben.token, 1);
    ana.expect_notice("joined", &ben.person());
    receive(&mut ben, 1);
    ana.say_and_wait("after");
    receive(&mut ben, 2);
    ana.expect(&receipt(&[(2, 1, 1)]));
}
