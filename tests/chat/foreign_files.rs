//! What may lie where the history file belongs: another program's file, one that an editor has saved, one of
//! a newer version, or no file at all. What is not ours is left as it is, and nothing is cut without a copy.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

/// A line of the file, as the server writes it.
fn said(id: u64, text: &str) -> String {
    let from = json!({ "id": 1, "name": "Ana" });
    json!({ "type": "said", "id": id, "at": 1_700_000_000_000u64, "from": from, "text": text }).to_string()
}

fn member(id: u64) -> String {
    let token = tungstenite::handshake::derive_accept_key(format!("token-{id}").as_bytes());
    json!({ "type": "member", "id": id, "name": format!("Member {id}"), "token": token }).to_string()
}

/// The names of everything in the folder.
fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.as_str()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The copies that were put aside.
fn copies(folder: &Folder) -> Vec<PathBuf> {
    let names = names(folder).into_iter().filter(|name| name.starts_with("messages.jsonl.before-"));
    names.map(|name| folder.path(&name)).collect()
}

/// Checks that the server does not start, with one sentence that names the file and contains this.
#[track_caller]
fn expect_refusal(folder: &Folder, sentence: &str) {
    let (code, output, error) = run_to_end(&["--port", "0", "--data", folder.as_str()], &[]);
    assert_eq!((code, output.as_str()), (Some(1), ""), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("partyline: cannot keep the history in "), "{error}");
    assert!(error.contains("messages.jsonl") && error.contains(sentence), "{error}");
}

#[test]
fn a_file_of_another_program_is_left_as_it_is() {
    let utf_16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{FEFF}{}\n", said(1, "ours, but")).encode_utf16().flat_map(order).collect()
    };
    let foreign = r#"{"role":"user","content":"hello"}"#;
    let with_type = |kind: &str| format!("{{\"type\":\"{kind}\",\"id\":1,\"payload\":{{\"n\":1}}}}\n");
    let files: Vec<(&str, Vec<u8>, &str)> = vec![
        ("one line without an end", foreign.into(), "move it away"),
        ("one line", format!("{foreign}\n").into(), "move it away"),
        ("1,000 lines", format!("{foreign}\n").repeat(1000).into(), "move it away"),
        ("1,000 lines with a type", with_type("event").repeat(1000).into(), "move it away"),
        ("with one of our types", with_type("member").repeat(10).into(), "move it away"),
        ("text", "Dear diary,\n\ntoday".into(), "move it away"),
        ("a number", "7".into(), "move it away"),
        ("an open brace", "{".repeat(2000).into(), "move it away"),
        ("nul bytes", vec![0; 5000], "move it away"),
        ("a picture", [b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".as_slice(), &[7; 3000]].concat(), "move it away"),
        ("nested", "[".repeat(200_000).into(), "move it away"),
        ("UTF-16, little-endian", utf_16(u16::to_le_bytes), "it is UTF-16: save it as UTF-8"),
        ("UTF-16, big-endian", utf_16(u16::to_be_bytes), "it is UTF-16: save it as UTF-8"),
    ];
    for (what, content, sentence) in files {
        println!("{what}"); // the harness shows it when the test fails
        let folder = Folder::new();
        fs::write(folder.file(), &content).unwrap();
        fs::set_permissions(folder.file(), Permissions::from_mode(0o664)).unwrap();
        expect_refusal(&folder, sentence);
        assert!(fs::read(folder.file()).unwrap() == content, "its bytes are the same");
        assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o664);
        assert_eq!(names(&folder), ["messages.jsonl"]);
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).unwrap();
    expect_refusal(&folder, "that is no file");
    fs::remove_dir(folder.file()).unwrap();
    symlink("/dev/full", folder.file()).unwrap();
    expect_refusal(&folder, "that is no file");
    fs::remove_file(folder.file()).unwrap();
    symlink(folder.path("nothing"), folder.file()).unwrap();
    expect_refusal(&folder, "a link that leads nowhere");
    assert_eq!(names(&folder), ["messages.jsonl"]);
    fs::remove_file(folder.file()).unwrap();
    symlink(folder.file(), folder.file()).unwrap();
    expect_refusal(&folder, "a link that leads nowhere");
    fs::remove_file(folder.file()).unwrap();
    // Opening a named pipe to write waits for a reader.
    assert!(Command::new("mkfifo").arg(folder.file()).status().unwrap().success());
    expect_refusal(&folder, "that is no file");
    assert!(fs::symlink_metadata(folder.file()).unwrap().file_type().is_fifo());
}

#[test]
fn a_link_to_a_history_file_is_followed() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    fs::write(elsewhere.file(), said(1, "one") + "\n").unwrap();
    symlink(elsewhere.file(), folder.file()).unwrap();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    assert_eq!(texts(&ana.welcome["messages"]), ["one"]);
    ana.say_and_wait("two");
    assert_eq!(texts(&json!(read_history(&elsewhere.file()))), ["one", "two"]);
}

#[test]
fn what_an_editor_leaves_does_no_harm() {
    let (one, two) = (said(1, "one"), said(2, "two"));
    let files = [
        format!("\u{FEFF}{one}\n{two}\n"),
        format!("\u{FEFF}{one}\r\n{two}\r\n"),
        format!("\u{FEFF}{one}\r\n{two}"),
        format!("\u{FEFF}\n\n{one}\n\n\u{FEFF}{two}\n\n"), // two files, put together
        format!("\r\n{one}\n \t\n{two}\r\n\n\n"),
    ];
    for content in files {
        println!("{content:?}"); // the harness shows it when the test fails
        let folder = Folder::new();
        fs::write(folder.file(), &content).unwrap();
        for start in 0..2 {
            let server = folder.serve();
            let mut ana = Member::come(&server, "Ana");
            assert_eq!(texts(&ana.welcome["messages"])[..2], ["one", "two"]);
            ana.say_and_wait(&format!("three {start}"));
            assert!(!server.wait_for_log("came to /chat").contains("WARN"));
        }
        assert!(fs::read_to_string(folder.file()).unwrap().starts_with(&content));
        assert_eq!(copies(&folder), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_file_without_a_record_begins_a_history() {
    for content in ["", "\n", "\r\n  \n\t", "\u{FEFF}", "\u{FEFF}\n\n"] {
        let folder = Folder::new();
        fs::write(folder.file(), content).unwrap();
        let server = folder.serve();
        let mut ana = Member::come(&server, "Ana");
        assert_eq!((ana.id, ana.say_and_wait("one")["id"].as_u64()), (1, Some(1)), "{content:?}");
        assert!(!server.wait_for_log("came to /chat").contains("WARN"));
        drop(server);
        let server = folder.serve();
        assert_eq!(texts(&Member::come_back(&server, &ana.token, 0).welcome["messages"]), ["one"]);
    }
}

#[test]
fn records_of_a_newer_version_are_skipped_and_their_ids_are_not_given_again() {
    let folder = Folder::new();
    let photo = |id: u64| {
        let from = json!({ "id": 1, "name": "Ana" });
        json!({ "type": "photo", "id": id, "at": 1, "from": from, "mime": "image/png" }).to_string()
    };
    // A thousand of them, one longer than a mebibyte, and the last without a line end.
    let mut lines: Vec<String> = (2..1002).map(photo).collect();
    lines.insert(0, said(1, "one"));
    lines.push(photo(1002).replace("image/png", &"x".repeat(1_400_000)));
    lines.push(r#"{"type":"reaction","message":7}"#.to_string());
    lines.push(said(1003, "two"));
    lines.push(photo(5000));
    let content = lines.join("\n");
    fs::write(folder.file(), &content).unwrap();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    assert_eq!(texts(&ana.welcome["messages"]), ["one", "two"]);
    let id = ana.say_and_wait("three")["id"].as_u64().unwrap();
    // A leap as at every start, and no more than that.
    assert!(id > 6000 && id < 1_006_010, "{id}");
    // A page that knows a photo knows this history.
    let again = Member::come_back(&server, &ana.token, 600);
    assert_eq!(
        (&again.welcome["reset"], texts(&again.welcome["messages"])[0].as_str()),
        (&json!(false), "two")
    );
    assert!(!server.wait_for_log("came to /chat").contains("WARN"));
    let file = fs::read_to_string(folder.file()).unwrap();
    assert!(file.starts_with(&format!("{content}\n")), "nothing was cut off");
}

#[test]
fn nothing_is_cut_off_without_a_copy() {
    let folder = Folder::new();
    // Of a torn line, of nul bytes, and of what another program has added.
    let torn = said(3, "torn");
    let ends: [&[u8]; 4] =
        [&torn.as_bytes()[..40], &[0; 300], b"\xFF\xFE", b"a note of mine, not to be lost"];
    let mut contents = Vec::new();
    for (number, end) in ends.into_iter().enumerate() {
        let mut content = fs::read(folder.file()).unwrap_or_else(|_| (said(1, "one") + "\n").into());
        content.extend(end);
        fs::write(folder.file(), &content).unwrap();
        contents.push(content);
        let server = folder.serve();
        let mut ana = Member::come(&server, "Ana");
        ana.say_and_wait(&format!("start {number}"));
        let copies = copies(&folder);
        assert_eq!(copies.len(), number + 1);
        let mut found: Vec<Vec<u8>> = copies.iter().map(|copy| fs::read(copy).unwrap()).collect();
        found.sort();
        contents.sort();
        assert!(found == contents, "each copy is the file as it was");
        for copy in &copies {
            assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let log = server.wait_for_log("is torn and was cut off");
        assert!(copies.iter().any(|copy| log.contains(copy.to_str().unwrap())), "{log}");
    }
    assert_eq!(read_history(&folder.file()).len(), 1 + ends.len());
}

#[test]
fn the_first_line_may_be_torn() {
    // In the order in which the server writes the fields.
    let lines = [
        r#"{"type":"said","id":1,"at":1700000000000,"from":{"id":1,"name":"Ana"},"text":"one"}"#,
        r#"{"type":"member","id":1,"name":"Ana","token":"abcdefgh"}"#,
        r#"{"type":"kicked","token":"abcdefgh"}"#,
    ];
    for line in lines {
        for length in (1..30).chain([line.len() - 1]) {
            let folder = Folder::new();
            fs::write(folder.file(), &line[..length]).unwrap();
            let server = folder.serve();
            Member::come(&server, "Ana").say_and_wait("goes on");
            assert_eq!(fs::read_to_string(&copies(&folder)[0]).unwrap(), line[..length]);
            drop(server);
            assert_eq!(texts(&json!(read_history(&folder.file()))), ["goes on"]);
        }
    }
}

#[test]
fn a_torn_line_stays_if_no_copy_can_be_made() {
    let folder = Folder::new();
    let content = format!("{}\n{}", said(1, &"x".repeat(3000)), &said(2, "torn")[..50]);
    fs::write(folder.file(), &content).unwrap();
    // No file may have more than 2,048 bytes, so that the copy fails; then there is room.
    let shell = limit_files(4);
    let server = Server::start_after(&shell, &["--data", folder.as_str(), "--pace", "0"]);
    let log = server.wait_for_log("is torn, and stays");
    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    assert_eq!(names(&folder), ["messages.jsonl"], "half a copy is no copy");
    drop(server);
    assert_eq!(fs::read_to_string(folder.file()).unwrap(), content);
}

#[test]
fn a_wrong_digit_in_an_id_costs_one_message() {
    let texts_of = |content: &str| {
        let folder = Folder::new();
        fs::write(folder.file(), content).unwrap();
        let server = folder.serve();
        let mut reader = Member::come(&server, "Reader");
        let all = read_back(&mut reader, u64::MAX, |_| {});
        let last = ids(&json!(all)).last().copied().unwrap_or(0);
        assert!(reader.say_and_wait("next")["id"].as_u64() > Some(last.max(1000)));
        texts(&json!(all))
    };
    let lines = |ids: &[u64]| -> String {
        (1..).zip(ids).map(|(number, id)| said(*id, &format!("text {number}")) + "\n").collect()
    };
    let all = |missing: &[u64]| -> Vec<String> {
        (1..=8).filter(|number| !missing.contains(number)).map(|number| format!("text {number}")).collect()
    };
    // The third has a larger id: all are there, it at the end.
    let mut moved = all(&[3]);
    moved.push("text 3".to_string());
    assert_eq!(texts_of(&lines(&[1, 2, 9003, 4, 5, 6, 7, 8])), moved);
    // It has the id of a later one, or of an earlier one: that one is right.
    assert_eq!(texts_of(&lines(&[1, 2, 7, 4, 5, 6, 7, 8])), all(&[3]));
    assert_eq!(texts_of(&lines(&[1, 2, 2, 4, 5, 6, 7, 8])), all(&[3]));
    assert_eq!(texts_of(&lines(&[1, 2, 1, 4, 5, 6, 7, 8])), all(&[3]));
    // It is so large that it would use up the ids.
    assert_eq!(texts_of(&lines(&[1, 2, 9007199254740990, 4, 5, 6, 7, 8])), all(&[3]));
    // A part of the file is there twice, and a part has moved to the front.
    assert_eq!(texts_of(&(lines(&[1, 2, 3, 4, 5, 6, 7, 8]).repeat(2))), all(&[]));
    let (front, back) = (lines(&[1, 2, 3]), lines(&[1, 2, 3, 4, 5, 6, 7, 8]));
    assert_eq!(texts_of(&format!("{}{front}", &back[front.len()..])), all(&[]));
}

#[test]
fn a_token_of_one_member_does_not_become_anothers() {
    let folder = Folder::new();
    let damaged = member(2).replace("\"id\":2", "\"id\":3");
    let content = [member(1), member(2), member(3), damaged].join("\n") + "\n";
    fs::write(folder.file(), content).unwrap();
    let server = folder.serve();
    assert_eq!(Member::come_back(&server, "token-2", 0).id, 2);
    assert_eq!(Member::come_back(&server, "token-3", 0).id, 3);
    server.wait_for_log("line 4 is damaged and was skipped");
}

#[test]
fn a_line_of_any_length_takes_little_memory() {
    let folder = Folder::new();
    // 300 MiB of nul bytes, which take no place on the disk; and 150 MiB that begin as a record does.
    let long = format!("{}{}\n", &said(2, "x")[..60], "x".repeat(150 << 20));
    fs::write(folder.file(), format!("{}\n{long}{}\n", said(1, "one"), said(3, "three"))).unwrap();
    let file = fs::OpenOptions::new().append(true).open(folder.file()).unwrap();
    file.set_len(file.metadata().unwrap().len() + (300 << 20)).unwrap();
    drop(file);
    let mut file = fs::OpenOptions::new().append(true).open(folder.file()).unwrap();
    std::io::Write::write_all(&mut file, format!("\n{}\n", said(4, "four")).as_bytes()).unwrap();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    assert_eq!(texts(&ana.welcome["messages"]), ["one", "three", "four"]);
    ana.say_and_wait("five");
    let log = server.wait_for_log("came to /chat");
    assert_eq!(log.matches("is damaged and was skipped").count(), 2, "{log}");
    let peak = server.status("VmHWM");
    assert!(peak < 250_000, "{peak} kB at the most");
    assert_eq!(copies(&folder), Vec::<PathBuf>::new());
}

#[test]
fn a_thousand_damaged_lines_do_not_fill_the_log() {
    let folder = Folder::new();
    let damaged = "garbage\n".repeat(1000);
    fs::write(folder.file(), format!("{}\n{damaged}{}\n", said(1, "one"), said(2, "two"))).unwrap();
    let server = folder.serve();
    assert_eq!(texts(&Member::come(&server, "Ana").welcome["messages"]), ["one", "two"]);
    let log = server.wait_for_log("1000 damaged lines were skipped");
    assert_eq!(log.matches("WARN").count(), 101, "{log}");
}
