//! The history file: what was said outlives the server, whatever has become of the file meanwhile.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::chat::history::read_back;
use crate::server::terminal::run;
use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

/// A server with its history in this folder.
fn serve(folder: &Folder) -> Server {
    Server::start_without_pace(&["--data", folder.as_str()])
}

/// Permissions, owner and group and others.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A line of the file, as the server writes it.
fn said(id: u64, from: u64, text: &str) -> String {
    let from = json!({ "id": from, "name": format!("Member {from}") });
    json!({ "type": "said", "id": id, "at": 1_700_000_000_000u64, "from": from, "text": text })
        .to_string()
}

fn texts(messages: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    column(messages, "text").iter().map(text).collect()
}

#[test]
fn everything_is_there_after_a_restart() {
    let folder = Folder::new();
    // It may have been anybody's to read.
    fs::write(folder.file(), "").unwrap();
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let mut server = serve(&folder);
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
    for (next, way) in (6..).zip(["killed", "stopped", "killed again"]) {
        println!("{way}"); // shown when the test fails
        if way == "stopped" {
            server.type_line("quit");
            assert_eq!(server.wait(), Some(0));
        }
        drop(server);
        // Nobody's token is in it, and nobody else may read it.
        let file = fs::read_to_string(folder.file()).unwrap();
        for token in &tokens {
            assert!(!file.contains(token), "{file}");
        }
        assert_eq!(mode(&folder.file()), 0o600);
        server = serve(&folder);
        // Whoever comes first now is nobody of those, and learns nothing that was private.
        let stranger = Member::come(&server, "Zoe");
        assert!(strangers.insert(stranger.id) && stranger.id > 3, "nobody's id so far");
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
        // An old ref gets its old ack, also one of a private message, and nobody hears of it again.
        for old in [&ack, &private_ack] {
            ana.send(&json!({ "type": "say", "text": "again", "to": 2, "ref": old["ref"] }));
            let reference = old["ref"].clone();
            assert_eq!(ana.read_until(move |message| message["ref"] == reference), *old);
        }
        assert_eq!(ana.say_and_wait_among(way)["id"], next);
        let heard = ben.read_until(|message| message["type"] == "said");
        assert_eq!((&heard["id"], &heard["text"]), (&json!(next), &json!(way)));
        assert!(!server.log().contains("WARN"), "{}", server.log());
    }
    drop(server);
    assert_eq!(read_history(&folder.file()).len(), 8);
}

#[test]
fn the_folder_is_made_and_one_server_has_it() {
    let folder = Folder::new();
    let path = folder.path("not/there yet");
    let data = path.to_str().unwrap();
    let server = Server::start_without_pace(&["--data", data]);
    assert_eq!(mode(&path.join("messages.jsonl")), 0o600);
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("one");
    // The environment's word is the same option.
    for (options, environment) in
        [(&["--port", "0", "--data", data][..], &[][..]), (&["--port", "0"], &[("DATA", data)])]
    {
        let (code, output, error) = run(options, environment);
        assert_eq!((code, output.as_str()), (Some(1), ""), "{error}");
        assert!(
            error.starts_with("partyline: ") && error.contains("is in use by another"),
            "{error}"
        );
        assert!(error.contains("messages.jsonl") && error.lines().count() == 1, "{error}");
    }
    ana.say_and_wait("two");
    drop(server);
    let server = Server::start_without_pace(&["--data", data]);
    assert_eq!(texts(&Member::come(&server, "Ben").welcome["messages"]), ["one", "two"]);
}

#[test]
fn a_folder_that_cannot_be_used_is_one_sentence() {
    let folder = Folder::new();
    fs::write(folder.path("a file"), "").unwrap();
    fs::create_dir_all(folder.path("no file/messages.jsonl")).unwrap();
    let below = |name: &str| folder.path(name).to_str().unwrap().to_string();
    for data in
        [below("a file"), below("a file/below"), below("no file"), "/proc/partyline".to_string()]
    {
        let (code, output, error) = run(&["--port", "0", "--data", &data], &[]);
        assert_eq!((code, output.as_str()), (Some(1), ""), "{data}: {error}");
        assert!(error.starts_with("partyline: cannot keep the history in "), "{error}");
        assert!(error.contains(&data) && error.lines().count() == 1, "{error}");
    }
    let (code, ..) = run(&["--port", "0", "--data"], &[]);
    assert_eq!(code, Some(1));
}

#[test]
fn damaged_lines_are_skipped_and_named() {
    let folder = Folder::new();
    let huge = format!("\"{}", "x".repeat(3 << 20));
    let nested = "[".repeat(100_000);
    let damaged: Vec<Vec<u8>> = vec![
        b"garbage".into(),
        b"\0\x01\x02\xFF\xFE".into(),
        [said(2, 1, "invalid UTF-8: ").as_bytes(), b"\xC3"].concat(),
        said(2, 1, "half of it").into_bytes()[..60].into(),
        said(2, 1, "a text that is a number").replace("\"a text that is a number\"", "7").into(),
        said(2, 1, "the id is a text").replace("\"id\":2", "\"id\":\"2\"").into(),
        said(2, 1, "negative").replace("\"id\":2", "\"id\":-2").into(),
        said(2, 1, "too large for JavaScript")
            .replace("\"id\":2", "\"id\":9007199254740993")
            .into(),
        said(2, 1, "nobody").replace("\"from\"", "\"form\"").into(),
        said(2, 1, "no time").replace("\"at\"", "\"ad\"").into(),
        said(2, 1, "to whom?").replace("\"at\"", "\"to\":7,\"at\"").into(),
        said(2, 1, "to nobody").replace("\"at\"", "\"to\":null,\"at\"").into(),
        said(1, 1, "an id twice").into(),
        said(0, 1, "an id going backwards").into(),
        [said(2, 1, "two"), said(3, 1, "in one line")].concat().into(),
        b"{\"type\":\"member\",\"id\":7,\"name\":\"Without a token\"}".into(),
        b"{\"type\":\"member\",\"name\":\"Without an id\",\"token\":\"x\"}".into(),
        b"{\"type\":\"unheard of\"}".into(),
        b"{}".into(),
        b"[]".into(),
        b"null".into(),
        nested.into(),
        huge.into(),
    ];
    let mut file = [said(1, 1, "the first").as_bytes(), b"\n"].concat();
    for line in &damaged {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    // These are as good as any: nothing, white space, another system's ends of lines.
    let good = [
        "",
        "  \t",
        "\r",
        &(said(50, 3, "skips some") + "\r"),
        &(" ".to_string() + &said(51, 4, "indented")),
    ];
    for line in good {
        file.extend_from_slice(line.as_bytes());
        file.push(b'\n');
    }
    // Somebody's editor has taken the last line end.
    file.extend_from_slice(said(52, 5, "the last").as_bytes());
    fs::write(folder.file(), &file).unwrap();

    let [mut last, mut last_member] = [52, 5];
    for start in 1..=3 {
        let server = serve(&folder);
        let mut ana = Member::come(&server, "Ana");
        let log = server.wait_for_log("came to /chat");
        let named: Vec<usize> = log
            .lines()
            .filter_map(|line| {
                line.split_once("messages.jsonl: line ")?
                    .1
                    .strip_suffix(" is damaged and was skipped")
            })
            .map(|number| number.parse().unwrap())
            .collect();
        assert!(named.iter().copied().eq(2..2 + damaged.len()), "{named:?}");
        assert!(!log.contains("cut off"), "{log}");
        let before = &texts(&ana.welcome["messages"])[..4];
        assert_eq!(before, ["the first", "skips some", "indented", "the last"]);
        assert!(ana.id > last_member, "{} after {last_member}", ana.id);
        let id = ana.say_and_wait(&format!("after start {start}"))["id"].as_u64().unwrap();
        assert!(id > last, "{id} after {last}");
        (last, last_member) = (id, ana.id);
        let all = read_back(&mut ana, u64::MAX, |_| {});
        assert_eq!(all.len(), 4 + start);
    }
}

#[test]
fn a_torn_end_is_cut_off() {
    let whole = said(2, 1, "lost");
    // What the file ends with, and whether that is lost.
    let ends: [(Vec<u8>, bool); 6] = [
        (whole[..whole.len() - 1].into(), true),
        (whole.clone().into(), false),
        (vec![0; 4096], true),
        ([whole.as_bytes(), &[0; 100]].concat(), true),
        (b"\xFF".into(), true),
        (b"   ".into(), false),
    ];
    for (end, is_lost) in ends {
        println!("{:?}", String::from_utf8_lossy(&end)); // shown when the test fails
        let folder = Folder::new();
        let file = [said(1, 9, "one").as_bytes(), b"\n", &end].concat();
        fs::write(folder.file(), file).unwrap();
        let server = serve(&folder);
        let mut ana = Member::come(&server, "Ana");
        let log = server.wait_for_log("came to /chat");
        assert_eq!(log.contains("line 2, the last, is torn and was cut off"), is_lost, "{log}");
        assert_eq!(log.matches("WARN").count(), usize::from(is_lost), "{log}");
        // Who has said something is known, if only by that.
        assert!(ana.id > 9 + u64::from(is_lost), "{}", ana.id);
        ana.say_and_wait("goes on");
        drop(server);
        let server = serve(&folder);
        let messages = &Member::come(&server, "Ben").welcome["messages"];
        let log = server.wait_for_log("came to /chat");
        assert!(!log.contains("WARN"), "{log}");
        let mut expected = vec!["one", "goes on"];
        if end == whole.as_bytes() {
            expected.insert(1, "lost");
        }
        assert_eq!(texts(messages), expected);
    }
}

#[test]
fn ids_go_on_behind_a_hole() {
    let folder = Folder::new();
    let lines = (1..=20).map(|id| said(id, id, "a") + "\n").collect::<String>();
    // As some file systems leave it after a power failure: as long as it was, and zeros in it.
    for is_whole in [true, false] {
        let mut file = lines.clone().into_bytes();
        let end = file.len() - usize::from(is_whole);
        file[lines.len() / 3..end].fill(0);
        fs::write(folder.file(), file).unwrap();
        let server = serve(&folder);
        let mut ana = Member::come(&server, "Ana");
        assert!(ana.id > 20, "{}", ana.id);
        let id = ana.say_and_wait("goes on")["id"].as_u64().unwrap();
        assert!(id > 20, "{id}");
    }
}

#[test]
fn cut_at_every_byte_of_its_last_lines() {
    let folder = Folder::new();
    let server = serve(&folder);
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("one");
    let ben = Member::come(&server, "Ben");
    ana.expect_notice("joined", &ben.person());
    ana.send(&json!({ "type": "say", "text": "two", "to": ben.id, "ref": "two" }));
    assert_eq!(ana.read()["type"], "ack");
    let (ana, ben) = (ana.token.clone(), ben.token.clone());
    drop(server);
    let file = fs::read(folder.file()).unwrap();
    let ends: Vec<usize> = (0..file.len()).filter(|at| file[*at] == b'\n').collect();
    // Ana, her message, Ben, her message to Ben.
    assert_eq!(ends.len(), 4, "{}", String::from_utf8_lossy(&file));
    for length in ends[1] + 1..=file.len() {
        fs::write(folder.file(), &file[..length]).unwrap();
        // A line whose end alone is missing is whole.
        let lines = ends.iter().filter(|end| length >= **end).count();
        let is_torn = length > ends[lines - 1] + 1;
        let server = serve(&folder);
        let mut member = Member::come_back(&server, &ana, 0);
        let expected = if lines == 4 { &["one", "two"][..] } else { &["one"] };
        assert_eq!(texts(&member.welcome["messages"]), expected, "{length}");
        let again = Member::open(&server, &format!("?token={ben}"), None);
        assert_eq!(again.welcome["resumed"], lines >= 3, "{length}");
        // Whoever has heard of the first one with that id must never mean another by it.
        assert!(if lines >= 3 { again.id == 2 } else { !is_torn || again.id > 2 }, "{length}");
        let ack = member.say_and_wait_among("goes on");
        // The torn line may have been a message, and no id is ever used twice.
        let (id, last) = (ack["id"].as_u64().unwrap(), expected.len() as u64);
        assert!(if is_torn { id > last + 1 } else { id == last + 1 }, "{length}: {ack}");
        let log = server.wait_for_log("came to /chat");
        assert_eq!(log.contains("is torn and was cut off"), is_torn, "{length}: {log}");
        assert_eq!(log.matches("WARN").count(), usize::from(is_torn), "{length}: {log}");
        drop(server);
        // The second time nothing is wrong with it.
        let lines = read_history(&folder.file());
        assert_eq!(texts(&json!(lines)), [expected, &["goes on"]].concat(), "{length}");
        let server = serve(&folder);
        let member = Member::come_back(&server, &ana, 0);
        assert_eq!(texts(&member.welcome["messages"]), [expected, &["goes on"]].concat());
        let log = server.wait_for_log("came to /chat");
        assert!(!log.contains("WARN"), "{length}: {log}");
    }
}

#[test]
fn a_longer_file_than_is_kept_in_memory() {
    let folder = Folder::new();
    let server = serve(&folder);
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
    // With its message a ref is forgotten, as always.
    assert_eq!(ana.say_and_wait("40")["id"], 51);
    drop(server);
    // The file is never trimmed.
    assert_eq!(read_history(&folder.file()).len(), 51);
}
