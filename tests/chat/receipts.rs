//! Receipts: the author of a message is told how many of its recipients have it.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::*;

/// The `receipt` about these messages: id, number of recipients that have it, number of recipients.
fn receipt(messages: &[(u64, u64, u64)]) -> Value {
    let entry = |(id, received, of): &(u64, u64, u64)| json!({ "id": id, "received": received, "of": of });
    json!({ "type": "receipt", "messages": messages.iter().map(entry).collect::<Vec<_>>() })
}

/// Has a member tell that it has all messages up to this id, and waits until the server has read that.
fn receive(member: &mut Member, id: u64) {
    member.send(&json!({ "type": "received", "id": id }));
    expect_no_receipt(member);
}

/// Reads up to the answer to an unknown message, before which no receipt may come.
fn expect_no_receipt(member: &mut Member) {
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
fn members_that_were_here_or_away_are_counted() {
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
    // A member that joins later is not counted, and neither is the author.
    receive(&mut eve, 1);
    receive(&mut ana, 1);
    receive(&mut ben, 1);
    ana.expect(&receipt(&[(1, 1, 3)]));
    // No member counts twice, whatever it sends again.
    for id in [1, 0, 1] {
        receive(&mut ben, id);
        receive(&mut eve, id);
    }
    receive(&mut cleo, 1);
    ana.expect(&receipt(&[(1, 2, 3)]));
    // A member that comes back with `since` need not send `received` as well.
    let mut dan = Member::come_back(&server, &token, 1);
    for other in [&mut ana, &mut ben, &mut cleo, &mut eve] {
        other.expect_notice("back", &person);
    }
    ana.expect(&receipt(&[(1, 3, 3)]));
    receive(&mut dan, 1);

    // A private message has one recipient; one to oneself has none.
    ana.send(&json!({ "type": "say", "text": "psst", "to": ben.id }));
    assert_eq!(ben.read()["id"], 2);
    ana.send(&json!({ "type": "say", "text": "do not forget", "to": ana.id, "ref": "r" }));
    ana.expect(&json!({ "type": "ack", "ref": "r", "id": 3 }));
    ben.say_and_wait("all of you");
    ana.expect_said(4, &ben.person(), "all of you");
    receive(&mut cleo, 4);
    receive(&mut ana, 4);
    receive(&mut eve, 4);
    // On a busy machine this may take two receipts.
    expect_receipts(&mut ben, &[(4, 3, 4)]);
    receive(&mut ben, 4);
    ana.expect(&receipt(&[(2, 1, 1)]));
}

/// Reads receipts until together they say this.
fn expect_receipts(author: &mut Member, last: &[(u64, u64, u64)]) {
    let mut known: Vec<(u64, u64, u64)> = Vec::new();
    while known != last {
        let message = author.read();
        assert_eq!(message["type"], "receipt", "{message}");
        for entry in message["messages"].as_array().unwrap() {
            let [id, received, of] = ["id", "received", "of"].map(|name| entry[name].as_u64().unwrap());
            let before = known.iter().find(|known| known.0 == id).map_or(0, |known| known.1);
            assert!(before < received && received <= of, "{message} after {known:?}");
            known.retain(|known| known.0 != id);
            known.push((id, received, of));
        }
        known.sort();
    }
}

#[test]
fn one_receipt_tells_of_several_messages() {
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
fn a_member_that_left_counts_for_messages_from_before() {
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
    // Ben counts once, although he reconnects, leaves, comes back and sends smaller ids.
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
    // If he counted twice, this receipt would show it.
    receive(&mut cleo, 2);
    ana.expect(&receipt(&[(1, 2, 2), (2, 1, 1)]));
}

#[test]
fn at_most_four_receipts_come_in_a_second_and_the_last_is_complete() {
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
        thread::sleep(Duration::from_millis(10)); // 100 of them take at least a second
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
    assert!(count >= 3, "at least three receipts in a second: {count} in {elapsed:?}");
    assert!(count <= elapsed.as_millis() / 250, "{count} receipts in {elapsed:?}");
}

#[test]
fn an_author_that_comes_back_gets_all_receipts_again() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    for text in ["one", "two", "three"] {
        ana.say_and_wait(text);
    }
    let (person, token) = (ana.person(), ana.token.clone());
    drop(ana);
    // The receipt is due, within 250 ms, while Ana is away.
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
    // What she has been told is not repeated with the next receipt.
    receive(&mut ben, 3);
    ana.expect(&receipt(&[(3, 1, 2)]));
    // Cleo, who is not the author, got no receipt.
    receive(&mut { cleo }, 0);
}

#[test]
fn a_received_id_that_does_not_exist_is_refused() {
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
        println!("{id}"); // the harness shows it when the test fails
        ben.peer.send_text(&format!(r#"{{"type":"received","id":{id},"ref":"r"}}"#));
        ben.expect_error("bad-field", Some("r"));
    }
    ben.send(&json!({ "type": "received" }));
    ben.expect_error("bad-field", None);
    // The refused messages have changed nothing: the next message does not count as received.
    ana.say_and_wait("two");
    ben.expect_said(2, &ana.person(), "two");
    receive(&mut ben, 1);
    ana.expect(&receipt(&[(1, 1, 1)]));
    receive(&mut ben, 2);
    ana.expect(&receipt(&[(2, 1, 1)]));
}

#[test]
fn a_since_that_is_no_id_does_not_count_as_received() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, ben] = gather(&server, ["Ana", "Ben"]);
    ana.say_and_wait("one");
    let mut ben = Member::come_back(&server, &ben.token, u64::MAX);
    ana.say_and_wait("two");
    ben.expect_said(2, &ana.person(), "two");
    receive(&mut ben, 2);
    ana.expect(&receipt(&[(1, 1, 1), (2, 1, 1)]));
}

#[test]
fn there_are_no_receipts_in_a_big_room() {
    let server = Server::start_without_pace(&[]);
    let mut ana = Member::come(&server, "Ana");
    let others: Vec<Member> = (0..199).map(|number| Member::come(&server, &format!("M{number}"))).collect();
    // Nor for a message from before the room was big.
    ana.say_and_wait_among("not big yet");
    let mut last = Member::come(&server, "The last");
    ana.say_and_wait_among("big");
    receive(&mut last, 2);
    for mut other in others {
        receive(&mut other, 2);
    }
    // A receipt would come within 250 ms. No event says that none comes.
    thread::sleep(Duration::from_millis(500));
    expect_no_receipt(&mut ana);
}

#[test]
fn messages_from_before_a_restart_have_no_receipts() {
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
    let id = ana.say_and_wait("after")["id"].as_u64().unwrap();
    receive(&mut ben, id);
    ana.expect(&receipt(&[(id, 1, 1)]));
    // No message has an id that was left out when the server was started.
    for left_out in [2, 1001, id - 1] {
        ben.send(&json!({ "type": "received", "id": left_out, "ref": "r" }));
        while ben.read()["ref"] != "r" {}
        ben.send(&json!({ "type": "received", "id": left_out, "ref": "again" }));
        ben.expect_error("bad-field", Some("again"));
    }
}
