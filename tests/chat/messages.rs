//! Messages of the chat: who gets them, in which order, their acks, and what the welcome tells a newcomer.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::*;

#[test]
fn the_welcome_has_all_its_fields() {
    let server = Server::start(&["--text", "500"]);
    let [ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    ben.say_and_wait("hello");
    let person = ana.person();
    drop(ana);
    ben.expect_notice("away", &person);
    let dan = Member::come(&server, "Dan");
    let welcome = &dan.welcome;
    let mut fields: Vec<&str> = welcome.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort();
    let mut expected = [
        "type", "you", "token", "resumed", "reset", "members", "count", "messages", "more", "gap", "limits",
        "server", "muted", "pinned",
    ];
    expected.sort();
    assert_eq!(fields, expected);
    assert_eq!(welcome["you"], json!({ "id": 3, "name": "Dan" }));
    // 20 bytes in base64url without padding, since a token stands in a query.
    let is_url_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(dan.token.len() == 27 && dan.token.chars().all(is_url_safe), "{}", dan.token);
    assert_ne!(dan.token, ben.token);
    assert_eq!((&welcome["resumed"], &welcome["reset"]), (&json!(false), &json!(false)));
    let members = json!([
        { "id": 1, "name": "Ana", "away": true },
        { "id": 2, "name": "Ben", "away": false },
        { "id": 3, "name": "Dan", "away": false },
    ]);
    assert_eq!(welcome["members"], members);
    assert_eq!(welcome["count"], 3);
    let said = &welcome["messages"][0];
    assert!(is_recent(&said["at"]));
    let expected = json!({
        "type": "said", "id": 1, "at": said["at"], "from": ben.person(), "text": "hello"
    });
    assert_eq!(welcome["messages"], json!([expected]));
    assert_eq!((&welcome["more"], &welcome["gap"]), (&json!(false), &json!(false)));
    assert_eq!((&welcome["limits"]["text"], &welcome["limits"]["name"]), (&json!(500), &json!(32)));
    assert_eq!(welcome["server"]["version"], env!("CARGO_PKG_VERSION"));
    let started = Duration::from_millis(welcome["server"]["started"].as_u64().unwrap());
    assert!(started <= UNIX_EPOCH.elapsed().unwrap() && is_recent(&welcome["server"]["started"]));
    // The server's clock, for pages whose own is wrong.
    let now = &welcome["server"]["now"];
    assert!(is_recent(now) && now.as_u64() >= said["at"].as_u64(), "{now}");
}

#[test]
fn the_others_get_a_message_and_its_author_gets_an_ack() {
    let server = Server::start(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    ana.send(&json!({ "type": "say", "text": "hi", "ref": "a1" }));
    ana.expect(&json!({ "type": "ack", "ref": "a1", "id": 1 }));
    for other in [&mut ben, &mut cleo] {
        other.expect_said(1, &ana.person(), "hi");
    }
    // Without a ref there is no answer: the next message that Ana gets is Ben's.
    ana.say("without a ref");
    ben.expect_said(2, &ana.person(), "without a ref");
    cleo.expect_said(2, &ana.person(), "without a ref");
    ben.send(&json!({ "type": "say", "text": "and I", "ref": "b1" }));
    ben.expect(&json!({ "type": "ack", "ref": "b1", "id": 3 }));
    ana.expect_said(3, &ben.person(), "and I");
    cleo.expect_said(3, &ben.person(), "and I");
}

#[test]
fn a_message_that_is_no_json_object_is_said_as_a_text() {
    let server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let texts = ["hello", "[1,2]", "\"", "two\nlines\0", "0"];
    for (number, text) in texts.iter().enumerate() {
        ana.peer.send_text(text);
        ben.expect_said(number as u64 + 1, &ana.person(), text);
    }
    ben.say("you have got nothing for them");
    ana.expect_said(6, &ben.person(), "you have got nothing for them");
}

#[test]
fn a_text_arrives_as_it_was_sent() {
    let server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let texts = [
        "  not trimmed \n".to_string(),
        (1..0x300u32).filter_map(char::from_u32).collect(),
        "</script>\u{202E}\u{200D}\u{2028}\u{10FFFF}\u{FFFE}👩\u{200D}🚀\\\"/\\u0041".to_string(),
    ];
    for (number, text) in texts.iter().enumerate() {
        ana.say(text);
        ben.expect_said(number as u64 + 1, &ana.person(), text);
    }
}

#[test]
fn a_newcomer_gets_the_newest_hundred_messages() {
    let server = Server::start(&[]);
    let mut ana = Member::come(&server, "Ana");
    for number in 1..=100 {
        ana.say_and_wait(&format!("number {number}"));
    }
    let ben = Member::come(&server, "Ben");
    assert_eq!(column(&ben.welcome["messages"], "id"), (1..=100).collect::<Vec<u64>>());
    assert_eq!(ben.welcome["more"], false);
    ana.expect_notice("joined", &ben.person());
    ana.say_and_wait("one more");
    let cleo = Member::come(&server, "Cleo");
    assert_eq!(column(&cleo.welcome["messages"], "id"), (2..=101).collect::<Vec<u64>>());
    assert_eq!(cleo.welcome["messages"][0]["text"], "number 2");
    assert_eq!((&cleo.welcome["more"], &cleo.welcome["gap"]), (&json!(true), &json!(false)));
    // Only the author of a message gets its ref.
    assert!(column(&cleo.welcome["messages"], "ref").iter().all(Value::is_null));
}

#[test]
fn a_newcomer_gets_at_most_64_kib_of_messages() {
    // In JSON the second text is twice as long, the third six times.
    for (text, at_least) in [("x".repeat(4000), 14), ("\"".repeat(4000), 6), ("\u{7}".repeat(4000), 1)] {
        let server = Server::start(&[]);
        let mut ana = Member::come(&server, "Ana");
        for number in 10..40 {
            ana.say(&format!("{number}{text}"));
        }
        ana.say_and_wait("the end");
        let ben = Member::come(&server, "Ben");
        let messages = ben.welcome["messages"].as_array().unwrap();
        let bytes: usize = messages.iter().map(|message| message.to_string().len()).sum();
        assert!(bytes <= 64 * 1024, "{bytes} bytes in {} messages", messages.len());
        assert!(messages.len() > at_least && messages.len() < 31, "{} messages", messages.len());
        let ids: Vec<u64> = (32 - messages.len() as u64..=31).collect();
        assert_eq!(column(&ben.welcome["messages"], "id"), ids);
        assert_eq!(ben.welcome["more"], true);
    }
}

#[test]
fn a_private_message_reaches_only_its_author_and_its_recipient() {
    let server = Server::start(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben Ä", "Cleo"]);
    let to = ben.person();
    for (id, address) in [(1, json!(ben.id)), (2, json!("Ben Ä")), (3, json!(" bEN ä "))] {
        let reference = format!("to {address}");
        ana.send(&json!({ "type": "say", "text": "psst", "to": address, "ref": reference }));
        ana.expect(&json!({ "type": "ack", "ref": reference, "id": id }));
        let said = json!({
            "type": "said", "id": id, "from": ana.person(), "to": to, "text": "psst"
        });
        ben.expect(&said);
    }
    ana.send(&json!({ "type": "say", "text": "to myself", "to": ana.id, "ref": "self" }));
    ana.expect(&json!({ "type": "ack", "ref": "self", "id": 4 }));
    ana.say("to all");
    ben.expect_said(5, &ana.person(), "to all");
    // Cleo misses four ids, and gets nothing else of the private messages.
    cleo.expect_said(5, &ana.person(), "to all");
    assert_eq!(column(&Member::come(&server, "Dan").welcome["messages"], "id"), [5]);
    for (member, ids) in [(&ana, vec![1, 2, 3, 4, 5]), (&ben, vec![1, 2, 3, 5]), (&cleo, vec![5])] {
        let again = Member::come_back(&server, &member.token, 0);
        assert_eq!(column(&again.welcome["messages"], "id"), ids, "{}", member.name);
        if member.id != cleo.id {
            assert_eq!(again.welcome["messages"][0]["to"], to);
        }
        let refs = column(&again.welcome["messages"], "ref");
        assert_eq!(refs[0].is_string(), member.id == ana.id, "{refs:?}");
    }
}

#[test]
fn a_private_message_without_a_recipient_in_the_chat_is_refused() {
    let server = Server::start(&[]);
    let [mut ana, mut ben, dan] = gather(&server, ["Ana", "Ben", "Dan"]);
    let left = dan.person();
    dan.leave();
    ana.expect_notice("left", &left);
    ben.expect_notice("left", &left);
    for to in [json!(99), json!("Nemo"), left["id"].clone(), json!("Dan")] {
        ana.send(&json!({ "type": "say", "text": "hello?", "to": to, "ref": "r" }));
        ana.expect_error("not-here", Some("r"));
    }
    // A new member with the same name is another person, and gets nothing that was for the first one.
    let mut second = Member::come(&server, "Dan");
    ana.expect_notice("joined", &second.person());
    ana.send(&json!({ "type": "say", "text": "hello?", "to": left["id"], "ref": "r" }));
    ana.expect_error("not-here", Some("r"));
    ana.say("to all");
    // A refused message takes no id and is not kept.
    second.expect_said(1, &ana.person(), "to all");
}

#[test]
fn a_private_message_by_id_reaches_the_person_whatever_the_name() {
    let server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    ana.send(&json!({ "type": "say", "text": "for the first Ben", "to": "ben", "ref": "1" }));
    ana.expect(&json!({ "type": "ack", "ref": "1", "id": 1 }));
    assert_eq!(ben.read()["text"], "for the first Ben");
    ben.send(&json!({ "type": "name", "name": "Bernd", "ref": "n" }));
    ben.expect(&json!({ "type": "ack", "ref": "n" }));
    let renamed = json!({ "id": ben.id, "name": "Bernd" });
    ana.expect(&json!({ "type": "renamed", "member": renamed, "was": "Ben" }));
    let mut second = Member::come(&server, "Ben");
    ana.expect_notice("joined", &second.person());
    ben.expect_notice("joined", &second.person());
    assert_eq!(second.welcome["messages"], json!([]));
    ana.send(&json!({ "type": "say", "text": "by id", "to": ben.id }));
    ben.expect(&json!({
        "type": "said", "id": 2, "from": ana.person(), "to": renamed, "text": "by id"
    }));
    ana.send(&json!({ "type": "say", "text": "by name", "to": "BEN" }));
    second.expect(&json!({
        "type": "said", "id": 3, "from": ana.person(), "to": second.person(), "text": "by name"
    }));
    ana.say("to all");
    ben.expect_said(4, &ana.person(), "to all");
}

#[test]
fn a_message_that_is_sent_again_is_said_once() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    ana.send(&json!({ "type": "say", "text": "first text", "ref": "same" }));
    let ack = ana.read();
    assert_eq!((&ack["ref"], &ack["id"]), (&json!("same"), &json!(1)));
    ben.expect_said(1, &ana.person(), "first text");
    ana.send(&json!({ "type": "say", "text": "second text", "ref": "same", "to": ben.id }));
    assert_eq!(ana.read(), ack);
    // The connection breaks, and the client cannot know whether the message has arrived. It sends it again
    // (at-least-once); the ref makes that idempotent.
    let (person, token) = (ana.person(), ana.token.clone());
    drop(ana);
    ben.expect_notice("away", &person);
    let mut ana = Member::come_back(&server, &token, 0);
    ben.expect_notice("back", &person);
    assert_eq!(ana.welcome["messages"][0]["ref"], "same");
    ana.send(&json!({ "type": "say", "text": "first text", "ref": "same" }));
    assert_eq!(ana.read(), ack);
    // A ref belongs to its member.
    ben.send(&json!({ "type": "say", "text": "Ben's", "ref": "same" }));
    ben.expect(&json!({ "type": "ack", "ref": "same", "id": 2 }));
    ana.expect_said(2, &ben.person(), "Ben's");
    ana.say("the end");
    ben.expect_said(3, &ana.person(), "the end");
}

#[test]
fn a_message_sent_fifty_times_in_one_write_is_said_once() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let say = |text: &str| json!({ "type": "say", "text": text, "ref": text }).to_string();
    let mut bytes = client_frame(0x81, say("once").as_bytes()).repeat(50);
    bytes.extend(client_frame(0x81, say("the end").as_bytes()));
    ana.peer.send_raw(&bytes);
    let first = ana.read();
    assert_eq!((&first["type"], &first["id"]), (&json!("ack"), &json!(1)), "{first}");
    let other = std::iter::repeat_with(|| ana.read()).find(|ack| *ack != first).unwrap();
    assert_eq!((&other["ref"], &other["id"]), (&json!("the end"), &json!(2)), "{other}");
    ben.expect_said(1, &ana.person(), "once");
    ben.expect_said(2, &ana.person(), "the end");
}

#[test]
fn a_ref_is_forgotten_with_its_message() {
    let server = Server::start_without_pace(&["--keep", "3"]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let texts = ["a", "b", "c", "a", "d", "a", "e", "f", "b"];
    let ids = [1, 2, 3, 1, 4, 5, 6, 7, 8];
    for (text, id) in texts.iter().zip(ids) {
        assert_eq!(ana.say_and_wait(text)["id"], id, "{text}");
    }
    for (id, text) in ["a", "b", "c", "d", "a", "e", "f", "b"].iter().enumerate() {
        ben.expect_said(id as u64 + 1, &ana.person(), text);
    }
}
