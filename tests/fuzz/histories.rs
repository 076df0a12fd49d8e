//! History files at random: damaged, cut, put together. The server itself is started with each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::fuzzing::fuzz;

/// The lines of two histories, as the server writes them.
fn lines() -> Vec<String> {
    let person =
        |id: u64| format!(r#"{{"id":{id},"name":"{}"}}"#, ["operator", "Ana", "Ben", "Zoë 👩‍🚀"][id as usize]);
    let mut lines = Vec::new();
    for (history, first) in [("one", 1), ("two", 500_000)] {
        for member in 1..4 {
            let name = person(member).replacen("{", r#"{"type":"member","#, 1);
            lines.push(name.replace('}', &format!(r#","token":"{history}{}"}}"#, "x".repeat(25))));
        }
        for id in first..first + 12 {
            let (from, text) =
                (person(id % 4), format!(r#"{history} says {id}: \"ü\" {}"#, "x".repeat(id as usize % 50)));
            let to = if id % 5 == 0 { format!(r#""to":{},"#, person(2)) } else { String::new() };
            let reference = if id % 3 == 0 { String::new() } else { format!(r#","ref":"r{id}""#) };
            lines.push(format!(
                r#"{{"type":"said","id":{id},"at":1700000000000,"from":{from},{to}"text":"{text}"{reference}}}"#
            ));
        }
        lines.push(format!(r#"{{"type":"kicked","token":"{history}{}"}}"#, "y".repeat(25)));
    }
    lines
}

/// Words of the file, and what stands in damaged ones.
#[rustfmt::skip]
const TOKENS: [&[u8]; 32] = [
    b"{", b"}", b"\"", b",", b":", b"\n", b"\r\n", b"\n\n", b"\0", b"\0\0\0\0\0\0\0\0", b"\xFF\xFE", b"\xEF\xBB\xBF",
    b"\xC3", b"\\", b"null", b"-1", b"0", b"9007199254740993", b"281474976710656", b"500003", b"\"type\":", b"\"said\"",
    b"\"member\"", b"\"photo\"", b"\"id\":", b"\"to\":", b"\"ref\":\"r1\"", b"\"token\":", b"[[[[", b"garbage\n",
    b"{\"type\":\"photo\",\"id\":600000}\n", b"{\"role\":\"user\"}\n",
];

#[test]
fn a_history_file_keeps_every_undamaged_message_or_is_left_alone() {
    let lines = lines();
    let (one, two) = (lines[..16].join("\n") + "\n", lines[16..].join("\n") + "\n");
    let half = &two[..two.len() / 2];
    let foreign = r#"{"type":"event","id":7,"data":{"x":1}}"#;
    let corpus = [one.clone(), two.clone(), one.clone() + &two, half.to_string() + &one, foreign.to_string()];
    let corpus = corpus.map(String::into_bytes);
    fuzz("histories", &corpus, &TOKENS, |input, _| check(input, &lines));
}

/// Starts the server with this file, twice.
fn check(input: &[u8], lines: &[String]) {
    let folder = Folder::new();
    fs::write(folder.file(), input).unwrap();
    fs::set_permissions(folder.file(), Permissions::from_mode(0o644)).unwrap();
    let (is_ours, expected) = undamaged(input, lines);
    let start = || Server::try_start(&["--data", folder.as_str()]);
    let server = match start() {
        Ok(server) => server,
        Err(why) => {
            assert!(!is_ours, "{why}");
            assert!(
                why.starts_with("partyline: cannot keep the history in ") && why.lines().count() == 1,
                "{why}"
            );
            assert!(fs::read(folder.file()).unwrap() == input, "a file that is refused is not changed");
            assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o644);
            assert_eq!(fs::read_dir(folder.as_str()).unwrap().count(), 1);
            return;
        }
    };
    let (mut said, mut members) = (BTreeSet::new(), BTreeSet::new());
    let next = talk(&server, &expected, &mut said, &mut members);
    let is_intact = fs::read(folder.file()).unwrap().starts_with(input);
    let is_copy = |path: &std::path::PathBuf| path != &folder.file() && fs::read(path).unwrap() == input;
    let mut files = fs::read_dir(folder.as_str()).unwrap().map(|entry| entry.unwrap().path());
    assert!(is_intact || files.any(|path| is_copy(&path)), "what was cut off is in a copy");
    assert!(!server.log().contains("panicked"), "{}", server.log());
    drop(server);
    let mut expected = expected;
    expected.insert(next, "the next".to_string());
    let server = start().expect("it starts again");
    talk(&server, &expected, &mut said, &mut members);
    assert!(!server.log().contains("is torn"), "{}", server.log());
}

/// Whether a line is a record of the corpus as it was, and the texts of the messages for all among them by
/// id. Without those whose id stands in another line as well: only one message can have it.
fn undamaged(input: &[u8], lines: &[String]) -> (bool, BTreeMap<u64, String>) {
    let (mut is_ours, mut expected, mut claimed) = (false, BTreeMap::new(), BTreeMap::new());
    for line in input.split(|byte| *byte == b'\n') {
        is_ours |= lines.iter().any(|good| good.as_bytes() == line);
        let Ok(record) = serde_json::from_slice::<Value>(line.trim_ascii()) else { continue };
        let Some(id) = record["id"].as_u64().filter(|_| record["type"] != "member") else { continue };
        claimed.entry(id).or_insert_with(BTreeSet::new).insert(line.to_vec());
        if lines.iter().any(|good| good.as_bytes() == line) && record.get("to").is_none() {
            expected.insert(id, record["text"].as_str().unwrap().to_string());
        }
    }
    expected.retain(|id, _| claimed[id].len() == 1);
    (is_ours, expected)
}

/// Joins, checks that all expected messages are there, and says another one, whose id is returned.
fn talk(
    server: &Server, expected: &BTreeMap<u64, String>, said: &mut BTreeSet<u64>, members: &mut BTreeSet<u64>,
) -> u64 {
    let mut reader = Member::come(server, "Reader");
    assert!(members.insert(reader.id) && reader.id > 0, "a new id");
    let all = read_back(&mut reader, u64::MAX, |_| {});
    said.extend(ids(&json!(all)));
    for (id, text) in expected {
        let found = all.iter().find(|message| message["id"] == *id);
        assert_eq!(found.map(|message| &message["text"]), Some(&json!(text)), "message {id}");
    }
    let id = reader.say_and_wait("the next")["id"].as_u64().unwrap();
    assert!(said.last().is_none_or(|last| id > *last), "{id} after {said:?}");
    assert!(said.insert(id));
    id
}
