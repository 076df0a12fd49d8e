//! The history file (`--data`): messages, members and tokens survive the end of the server.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

/// The permissions of a file: owner, group, others.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn messages_members_and_refs_survive_restarts() {
    let folder = Folder::new();
    // A file that other users may read is made private.
    fs::write(folder.file(), "").unwrap();
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let mut server = folder.serve();
    assert_eq!(mode(&folder.file()), 0o600);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    let ack = ana.say_and_wait("to all: \u{202E}\n\0\u{FFFF}😀\"\\");
    ana.send(&json!({ "type": "say", "text": "to Ben", "to": ben.id, "ref": "r2" }));
    let private_ack = ana.read_until(|message| message["ref"] == "r2");
    ben.send(&json!({ "type": "name", "name": "Benno", "ref": "name" }));
    ben.read_until(|message| message["ref"] == "name");
    ben.say("without a ref");
    ana.read_until(|message| message["text"] == "without a ref");
    server.type_line("say from the terminal");
    cleo.read_until(|message| message["text"] == "from the terminal");
    cleo.send(&json!({ "type": "say", "text": "to Benno", "to": "benno", "ref": "r5" }));
    cleo.read_until(|message| message["ref"] == "r5");
    let tokens = [&ana, &ben, &cleo].map(|member| member.token.clone());
    let views = |server: &Server| {
        tokens.clone().map(|token| {
            let member = Member::come_back(server, &token, 0);
            let messages = member.welcome["messages"].clone();
            assert_eq!(member.welcome["gap"], false);
            (member, messages)
        })
    };
    let before = views(&server).map(|(_, messages)| messages);
    assert_eq!(column(&before[0], "id"), [1, 2, 3, 4]);
    assert_eq!(column(&before[1], "id"), [1, 2, 3, 4, 5]);
    assert_eq!(column(&before[2], "id"), [1, 3, 4, 5]);

    let mut strangers = BTreeSet::new();
    let mut last = 5;
    for way in ["killed", "stopped", "killed again"] {
        println!("{way}"); // the harness shows it when the test fails
        if way == "stopped" {
            server.type_line("quit");
            assert_eq!(server.wait(), Some(0));
        }
        drop(server);
        // The file contains no token, and other users may not read it.
        let file = fs::read_to_string(folder.file()).unwrap();
        for token in &tokens {
            assert!(!file.contains(token), "{file}");
        }
        assert_eq!(mode(&folder.file()), 0o600);
        server = folder.serve();
        // The first newcomer gets an id of its own, and no private message.
        let stranger = Member::come(&server, "Zoe");
        assert!(strangers.insert(stranger.id) && stranger.id > 3, "a new id");
        assert_eq!(stranger.welcome["count"], 1);
        assert_eq!(column(&stranger.welcome["messages"], "id")[..3], [1, 3, 4]);
        assert!(column(&stranger.welcome["messages"], "ref").iter().all(Value::is_null));
        stranger.leave();
        let [(mut ana, one), (mut ben, two), (cleo, three)] = views(&server);
        for (now, before) in [one, two, three].iter().zip(&before) {
            let now = &now.as_array().unwrap()[..before.as_array().unwrap().len()];
            assert_eq!(json!(now), *before);
        }
        assert_eq!(ana.person(), json!({ "id": 1, "name": "Ana" }));
        assert_eq!(ben.person(), json!({ "id": 2, "name": "Benno" }));
        assert_eq!(cleo.person(), json!({ "id": 3, "name": "Cleo" }));
        // An old ref gets its old ack, that of a private message too, and the message is not said again.
        for old in [&ack, &private_ack] {
            ana.send(&json!({ "type": "say", "text": "again", "to": 2, "ref": old["ref"] }));
            let reference = old["ref"].clone();
            assert_eq!(ana.read_until(move |message| message["ref"] == reference), *old);
        }
        let next = ana.say_and_wait_among(way)["id"].as_u64().unwrap();
        assert!(next > last + 1000, "{next} after {last}");
        last = next;
        let heard = ben.read_until(|message| message["type"] == "said");
        assert_eq!((&heard["id"], &heard["text"]), (&json!(next), &json!(way)));
        assert!(!server.log().contains("WARN"), "{}", server.log());
    }
    drop(server);
    assert_eq!(read_history(&folder.file()).len(), 8);
}

#[test]
fn the_folder_is_created_and_one_server_may_use_it() {
    let folder = Folder::new();
    let path = folder.path("not/there yet");
    let data = path.to_str().unwrap();
    let server = Server::start_without_pace(&["--data", data]);
    assert_eq!(mode(&path.join("messages.jsonl")), 0o600);
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("one");
    // By option, and by the variable of the environment.
    for (options, environment) in
        [(&["--port", "0", "--data", data][..], &[][..]), (&["--port", "0"], &[("PARTYLINE_DATA", data)])]
    {
        let (code, output, error) = run_to_end(options, environment);
        assert_eq!((code, output.as_str()), (Some(1), ""), "{error}");
        assert!(error.starts_with("partyline: ") && error.contains("is in use by another"), "{error}");
        assert!(error.contains("messages.jsonl") && error.lines().count() == 1, "{error}");
    }
    ana.say_and_wait("two");
    drop(server);
    let server = Server::start_without_pace(&["--data", data]);
    assert_eq!(texts(&Member::come(&server, "Ben").welcome["messages"]), ["one", "two"]);
}

#[test]
fn a_folder_that_cannot_be_used_ends_the_start_with_one_sentence() {
    let folder = Folder::new();
    fs::write(folder.path("a file"), "").unwrap();
    fs::create_dir_all(folder.path("no file/messages.jsonl")).unwrap();
    let below = |name: &str| folder.path(name).to_str().unwrap().to_string();
    for data in [below("a file"), below("a file/below"), below("no file"), "/proc/partyline".to_string()] {
        let (code, output, error) = run_to_end(&["--port", "0", "--data", &data], &[]);
        assert_eq!((code, output.as_str()), (Some(1), ""), "{data}: {error}");
        assert!(error.starts_with("partyline: cannot keep the history in "), "{error}");
        assert!(error.contains(&data) && error.lines().count() == 1, "{error}");
    }
    let (code, ..) = run_to_end(&["--port", "0", "--data"], &[]);
    assert_eq!(code, Some(1));
}

#[test]
fn a_file_may_be_longer_than_what_is_kept_in_memory() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    for number in 1..=50 {
        ana.say_and_wait(&number.to_string());
    }
    drop(server);
    let server = Server::start_without_pace(&["--data", folder.as_str(), "--keep", "10"]);
    let ana = Member::come_back(&server, &ana.token, 20);
    assert_eq!(column(&ana.welcome["messages"], "id"), (41..=50).collect::<Vec<u64>>());
    assert_eq!((&ana.welcome["more"], &ana.welcome["gap"]), (&json!(false), &json!(true)));
    assert_eq!(Member::come_back(&server, &ana.token, 40).welcome["gap"], false);
    let mut ana = Member::come_back(&server, &ana.token, 50);
    assert_eq!(read_back(&mut ana, u64::MAX, |_| {}).len(), 10);
    assert_eq!(ana.say_and_wait("41")["id"], 41);
    // A ref is forgotten with its message, so this text is said again.
    assert!(ana.say_and_wait("40")["id"].as_u64() > Some(50));
    drop(server);
    // The file is never trimmed.
    assert_eq!(read_history(&folder.file()).len(), 51);
    // Now both messages with this ref are in memory. When the older one is dropped, the ref is still known.
    let server = Server::start_without_pace(&["--data", folder.as_str(), "--keep", "12"]);
    let mut ana = Member::come_back(&server, &ana.token, 0);
    let newer = ana.say_and_wait("40")["id"].clone();
    ana.say_and_wait("one more");
    assert_eq!(ids(&earlier(&mut ana, u64::MAX)["messages"])[0], 41);
    assert_eq!(ana.say_and_wait("40")["id"], newer);
}
