//! The order of events: what a member hears of the others, from its welcome on, is what the server knows at
//! the end, however many things happen at once. And an answer stands in the place of what it answers.

use std::collections::BTreeMap;
use std::io::Write;
use std::thread;

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

/// The names by id, as a client knows them that begins with a welcome and applies each notice.
struct Known(BTreeMap<u64, String>);

impl Known {
    fn from(welcome: &Value) -> Known {
        let members = welcome["members"].as_array().unwrap();
        let entry = |member: &Value| (member["id"].as_u64().unwrap(), name_of(member));
        Known(members.iter().map(entry).collect())
    }

    #[track_caller]
    fn apply(&mut self, message: &Value) {
        let member = &message["member"];
        let id = member["id"].as_u64().unwrap_or(0);
        match message["type"].as_str().unwrap() {
            "joined" => drop(self.0.insert(id, name_of(member))),
            "left" => assert!(self.0.remove(&id).is_some(), "left, and was not here: {message}"),
            "renamed" => {
                let before = self.0.insert(id, name_of(member));
                assert_eq!(before.as_deref(), message["was"].as_str(), "{message}");
            }
            "away" | "back" => assert!(self.0.contains_key(&id), "not here: {message}"),
            "typing" => {
                let from = message["from"]["id"].as_u64().unwrap();
                assert!(self.0.contains_key(&from), "types, and is not here: {message}");
            }
            _ => {}
        }
    }
}

fn name_of(member: &Value) -> String {
    member["name"].as_str().unwrap().to_string()
}

/// Members come, have themselves renamed many times, and are thrown out meanwhile.
fn check_renames_and_kicks(options: &[&str]) {
    let mut server = Server::start_without_pace(options);
    let mut ana = Member::come(&server, "Ana");
    let mut known = Known::from(&ana.welcome);
    for number in 0..40 {
        let mut guests: Vec<Member> =
            (0..4).map(|guest| Member::come(&server, &format!("G{number}-{guest}"))).collect();
        let renames = |guest: &Member| -> Vec<u8> {
            let rename = |time| json!({ "type": "name", "name": format!("{} {time}", guest.name) });
            let typing = client_frame(0x81, br#"{"type":"typing"}"#);
            let frames = (0..20).map(|time| client_frame(0x81, rename(time).to_string().as_bytes()));
            frames.chain([typing]).collect::<Vec<_>>().concat()
        };
        let frames: Vec<Vec<u8>> = guests.iter().map(renames).collect();
        thread::scope(|scope| {
            for (guest, frames) in guests.iter_mut().zip(&frames) {
                scope.spawn(|| guest.peer.stream.write_all(frames));
            }
            for id in (0..4).map(|guest| ana.id + 4 * number + guest + 1) {
                server.type_line(&format!("kick #{id}"));
            }
        });
        let marker = format!("round {number}");
        server.wait_for_output(&format!("#{}", ana.id + 4 * number + 4));
        ana.send(&json!({ "type": "say", "text": "x", "ref": marker }));
        loop {
            let message = ana.read();
            known.apply(&message);
            if message["ref"] == marker {
                break;
            }
        }
        assert_eq!(known.0.len(), 1, "only Ana is here: {:?}", known.0);
    }
}

#[test]
fn members_that_are_renamed_and_thrown_out_at_once_are_gone() {
    check_renames_and_kicks(&[]);
}

#[test]
fn members_that_are_renamed_and_thrown_out_at_once_are_gone_with_a_history_file() {
    let folder = Folder::new();
    check_renames_and_kicks(&["--data", folder.as_str()]);
    // A name that was announced is in the file, before the member is thrown out.
    let file = std::fs::read_to_string(folder.file()).unwrap();
    let mut kicked = std::collections::BTreeSet::new();
    for line in file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let token = line["token"].to_string();
        match line["type"].as_str().unwrap() {
            "kicked" => assert!(kicked.insert(token)),
            "member" => assert!(!kicked.contains(&token), "{line}"),
            _ => {}
        }
    }
    assert_eq!(kicked.len(), 160);
}

#[test]
fn a_member_may_rename_itself_many_times_in_one_round() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let names = ["Anna", "ana", "Anne", "Anna", "Anne 2", "ANA"];
    let frames = names.iter().zip(0..).map(|(name, number)| {
        let rename = json!({ "type": "name", "name": name, "ref": number.to_string() });
        client_frame(0x81, rename.to_string().as_bytes())
    });
    ana.peer.send_raw(&frames.collect::<Vec<_>>().concat());
    let mut was = "Ana";
    for (name, number) in names.iter().zip(0..) {
        ana.expect(&json!({ "type": "ack", "ref": number.to_string() }));
        let member = json!({ "id": ana.id, "name": name });
        ben.expect(&json!({ "type": "renamed", "member": member, "was": was }));
        was = name;
    }
    // All but the last are free.
    for (name, given) in [("Anna", "Anna"), ("anne", "anne"), ("Anne 2", "Anne 2"), ("ana", "ana 2")] {
        let guest = Member::come(&server, name);
        assert_eq!(guest.name, given);
    }
}

#[test]
fn the_error_for_a_message_stands_in_its_place() {
    let folder = Folder::new();
    let server = Server::start_after(&limit_files(8), &["--data", folder.as_str(), "--pace", "0"]);
    let members = gather(&server, ["Ana", "Ben", "Cleo"]);
    // Each says one text that is kept. Then the disk is full.
    let mut members: Vec<Member> = members.into();
    for member in &mut members {
        member.say_and_wait_among("kept");
    }
    let is_kept = |number: &u32| {
        let reference = number.to_string();
        members[0].send(&json!({ "type": "say", "text": "x".repeat(200), "ref": reference }));
        members[0].read_until(|message| message["ref"] == reference)["type"] == "ack"
    };
    (0..).take_while(is_kept).count();
    let pairs = 200;
    let clients: Vec<_> = members
        .into_iter()
        .map(|mut member| {
            thread::spawn(move || {
                let say = |reference: &str| {
                    let say = json!({ "type": "say", "text": "y", "ref": reference }).to_string();
                    client_frame(0x81, say.as_bytes())
                };
                let mut writer = member.peer.stream.try_clone().unwrap();
                let name = member.name.clone();
                let writing = thread::spawn(move || {
                    for number in 0..pairs {
                        let pair = [say(&format!("{name} {number}")), say("kept")].concat();
                        writer.write_all(&pair).unwrap();
                    }
                });
                for number in 0..pairs {
                    let reference = format!("{} {number}", member.name);
                    let is_answer = |message: &Value| message["type"] == "error" || message["type"] == "ack";
                    let error = member.read_until(is_answer);
                    assert_eq!((&error["code"], &error["ref"]), (&json!("not-saved"), &json!(reference)));
                    let ack = member.read_until(is_answer);
                    assert_eq!((&ack["type"], &ack["ref"]), (&json!("ack"), &json!("kept")), "{ack}");
                }
                writing.join().unwrap();
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
}
