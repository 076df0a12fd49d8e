//! A private message reaches its one recipient, whatever the recipient is called by then and wherever it
//! connects from, or its author gets an error. No other member ever gets it.

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::*;

/// Says a private message; returns the answer.
fn whisper(from: &mut Member, to: Value, text: &str) -> Value {
    from.send(&json!({ "type": "say", "text": text, "to": to, "ref": text }));
    from.read_until(|message| message["ref"] == text)
}

#[track_caller]
fn assert_not_here(from: &mut Member, to: Value) {
    let text = format!("to {to}, who is not here");
    let answer = whisper(from, to, &text);
    assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("not-here")), "{answer}");
}

/// Reads up to the next `said`, which has to be this private text.
#[track_caller]
fn assert_hears(member: &mut Member, text: &str) {
    let said = member.read_until(|message| message["type"] == "said");
    assert_eq!((&said["text"], &said["to"]), (&json!(text), &member.person()), "{said}");
}

/// All texts that this member may see.
fn all_texts(member: &mut Member) -> Vec<String> {
    texts(&json!(read_back(member, u64::MAX, |_| {})))
}

#[test]
fn a_recipient_may_be_renamed_away_gone_or_replaced() {
    let server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    // Renamed, and another member has the old name.
    ben.send(&json!({ "type": "name", "name": "Bob", "ref": "n" }));
    ben.expect(&json!({ "type": "ack", "ref": "n" }));
    ben.name = "Bob".to_string();
    let mut second = Member::come(&server, "Ben");
    assert_eq!(second.name, "Ben");
    assert_eq!(whisper(&mut ana, json!(ben.id), "to Bob by id")["id"], 1);
    assert_hears(&mut ben, "to Bob by id");
    assert_eq!(whisper(&mut ana, json!("bob"), "to Bob by name")["id"], 2);
    assert_hears(&mut ben, "to Bob by name");
    assert_eq!(whisper(&mut ana, json!("Ben"), "to the second Ben")["id"], 3);
    assert_hears(&mut second, "to the second Ben");
    // Away: the message is kept, and a newcomer gets neither the name nor the message.
    let (bob, token) = (ben.person(), ben.token.clone());
    drop(ben);
    second.read_until(|message| message["type"] == "away");
    let mut third = Member::come(&server, "Bob");
    assert_eq!(third.name, "Bob 2");
    assert_eq!(whisper(&mut ana, bob["id"].clone(), "while away, by id")["id"], 4);
    assert_eq!(whisper(&mut ana, json!("Bob"), "while away, by name")["id"], 5);
    let mut ben = Member::come_back(&server, &token, 2);
    assert_eq!(column(&ben.welcome["messages"], "text"), ["while away, by id", "while away, by name"]);
    // Left, and another member has the name.
    ben.close(b"\x03\xE8");
    second.read_until(|message| message["type"] == "left");
    assert_not_here(&mut ana, bob["id"].clone());
    assert_not_here(&mut ana, json!("Bob"));
    third.send(&json!({ "type": "name", "name": "Bob", "ref": "n" }));
    third.read_until(|message| message["ref"] == "n");
    third.name = "Bob".to_string();
    assert_not_here(&mut ana, bob["id"].clone());
    assert_eq!(whisper(&mut ana, json!("BOB"), "to the second Bob")["id"], 6);
    assert_hears(&mut third, "to the second Bob");
    // Back again, under another name: the id is still the same person.
    let mut ben = Member::come_back(&server, &token, 5);
    assert_eq!(ben.person(), json!({ "id": 2, "name": "Bob 2" }));
    assert_eq!(whisper(&mut ana, json!(2), "back again")["id"], 7);
    assert_hears(&mut ben, "back again");
    // A second connection takes over: only that one gets the message.
    let mut other = Member::come_back(&server, &token, 7);
    ben.peer.expect_close(4001);
    assert_eq!(whisper(&mut ana, json!(2), "to the second connection")["id"], 8);
    assert_hears(&mut other, "to the second connection");

    let bobs = [
        "to Bob by id",
        "to Bob by name",
        "while away, by id",
        "while away, by name",
        "back again",
        "to the second connection",
    ];
    assert_eq!(all_texts(&mut other), bobs);
    assert_eq!(all_texts(&mut second), ["to the second Ben"]);
    assert_eq!(all_texts(&mut third), ["to the second Bob"]);
    assert_eq!(all_texts(&mut Member::come(&server, "Late")), Vec::<String>::new());
    assert_eq!(all_texts(&mut ana).len(), 8);
}

#[test]
fn a_recipient_is_the_same_person_after_a_restart() {
    let folder = Folder::new();
    let server = Server::start(&["--data", folder.as_str()]);
    let [mut ana, ben, cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    assert_eq!(whisper(&mut ana, json!(2), "before")["id"], 1);
    drop(server);
    let server = Server::start(&["--data", folder.as_str()]);
    // As many strangers as there were members; two have the members' names.
    let mut strangers = ["ben", "Dan", "ANA"].map(|name| Member::come(&server, name));
    let mut ana = Member::come_back(&server, &ana.token, 0);
    assert_eq!(ana.person(), json!({ "id": 1, "name": "Ana 2" }));
    assert_not_here(&mut ana, json!(2));
    assert_not_here(&mut ana, json!(3));
    assert_not_here(&mut ana, json!("Cleo"));
    // A ref from before the restart gets its old ack, whatever recipient the message names now.
    assert_eq!(whisper(&mut ana, json!("ben"), "before")["id"], 1);
    // By name it reaches the member that has the name now. Pages send the id.
    let answer = whisper(&mut ana, json!("Ben"), "to the stranger");
    let id = answer["id"].as_u64().unwrap();
    assert_hears(&mut strangers[0], "to the stranger");
    let mut ben = Member::come_back(&server, &ben.token, 0);
    assert_eq!(ben.person(), json!({ "id": 2, "name": "Ben 2" }));
    assert_eq!(whisper(&mut ana, json!(2), "to Ben by id")["id"], id + 1);
    assert_hears(&mut ben, "to Ben by id");
    assert_eq!(whisper(&mut ben, json!(1), "to Ana by id")["id"], id + 2);
    assert_hears(&mut ana, "to Ana by id");
    let cleo = Member::come_back(&server, &cleo.token, 0);
    assert_eq!(cleo.person(), json!({ "id": 3, "name": "Cleo" }));
    // No stranger got the id of a member.
    assert!(strangers.iter().all(|stranger| stranger.id > 3));
    let [first, second, third] = &mut strangers;
    assert_eq!(all_texts(first), ["to the stranger"]);
    for other in [second, third, &mut { cleo }] {
        assert_eq!(all_texts(other), Vec::<String>::new());
    }
    assert_eq!(all_texts(&mut ben), ["before", "to Ben by id", "to Ana by id"]);
    assert_eq!(all_texts(&mut ana), ["before", "to the stranger", "to Ben by id", "to Ana by id"]);
}
