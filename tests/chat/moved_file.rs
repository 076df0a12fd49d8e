//! What another program does to the history file while the server has it open. Nothing is acknowledged that
//! the file at that path does not have.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

/// Says a text, which is refused.
#[track_caller]
fn refused(member: &mut Member, text: &str) {
    member.send(&json!({ "type": "say", "text": text, "ref": text }));
    member.expect_error("not-saved", Some(text));
}

/// Checks that the server has stopped keeping messages and says why, once.
fn check_is_said(server: &Server, why: &str) {
    let log = server.wait_for_log("nothing is kept from now on");
    let lines = log.lines().filter(|line| line.contains("nothing is kept from now on")).count();
    assert!(log.contains(why) && lines == 1, "{log}");
}

#[test]
fn a_file_that_was_moved_away_has_to_come_back() {
    let folder = Folder::new();
    let server = folder.serve();
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    ana.say_and_wait("one");
    ben.expect_said(1, &ana.person(), "one");
    fs::rename(folder.file(), folder.path("elsewhere")).unwrap();
    refused(&mut ana, "two");
    check_is_said(&server, "it was moved away: move it back");
    // A new name is no message, and is refused all the same. Members come and go.
    ana.send(&json!({ "type": "name", "name": "Anna", "ref": "n" }));
    ana.expect_error("not-saved", Some("n"));
    let cleo = Member::come(&server, "Cleo");
    for other in [&mut ana, &mut ben] {
        other.expect_notice("joined", &cleo.person());
    }
    refused(&mut ana, "two");
    assert!(!folder.file().exists(), "no second file begins");
    assert_eq!(texts(&json!(read_history(&folder.path("elsewhere")))), ["one"]);
    fs::rename(folder.path("elsewhere"), folder.file()).unwrap();
    let id = ana.say_and_wait("two")["id"].as_u64().unwrap();
    ben.expect_said(id, &ana.person(), "two");
    server.wait_for_log("is kept again in");
    drop(server);
    // Cleo's line was written with the next message.
    let server = folder.serve();
    assert_eq!(Member::come_back(&server, &cleo.token, 0).person(), cleo.person());
    assert_eq!(texts(&json!(read_history(&folder.file()))), ["one", "two"]);
}

#[test]
fn a_deleted_file_is_written_anew_with_all_that_was_acknowledged() {
    let folder = Folder::new();
    let data = folder.path("data");
    let server = Server::start_without_pace(&["--data", data.to_str().unwrap()]);
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("one");
    for (text, with_folder) in [("two", false), ("three", true), ("four", false)] {
        match with_folder {
            true => fs::remove_dir_all(&data).unwrap(),
            false => fs::remove_file(data.join("messages.jsonl")).unwrap(),
        }
        ana.say_and_wait(text);
    }
    let log = server.wait_for_logs("was deleted, and is written anew", 3);
    assert_eq!(log.matches("was deleted").count(), 3, "{log}");
    let file = data.join("messages.jsonl");
    assert_eq!(texts(&json!(read_history(&file))), ["one", "two", "three", "four"]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no other file is left");
    // The new file is locked as well.
    let (code, _, error) = run_to_end(&["--port", "0", "--data", data.to_str().unwrap()], &[]);
    assert!(code == Some(1) && error.contains("is in use by another"), "{error}");
    drop(server);
    let server = Server::start_without_pace(&["--data", data.to_str().unwrap()]);
    let ana = Member::come_back(&server, &ana.token, 0);
    assert_eq!(texts(&ana.welcome["messages"]), ["one", "two", "three", "four"]);
}

#[test]
fn a_file_that_was_replaced_is_not_written() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("one");
    let content = fs::read(folder.file()).unwrap();
    let other = String::from_utf8(content.clone()).unwrap().replace("\"one\"", "\"two\"");
    fs::rename(folder.file(), folder.path("former")).unwrap();
    for (number, replacement) in ["", "a note\n", &other].iter().enumerate() {
        fs::write(folder.file(), replacement).unwrap();
        refused(&mut ana, &format!("text {number}"));
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), *replacement);
    }
    check_is_said(&server, "another file has taken its place");
    // An exact copy is as good as the file itself.
    fs::write(folder.file(), &content).unwrap();
    fs::remove_file(folder.path("former")).unwrap();
    ana.say_and_wait("two");
    assert_eq!(texts(&json!(read_history(&folder.file()))), ["one", "two"]);
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
    // A folder in its place, and nothing at all where its folder was.
    fs::rename(folder.file(), folder.path("former")).unwrap();
    fs::create_dir(folder.file()).unwrap();
    refused(&mut ana, "three");
    fs::remove_dir(folder.file()).unwrap();
    fs::rename(folder.path("former"), folder.file()).unwrap();
    ana.say_and_wait("three");
}

#[test]
fn a_file_that_was_cut_gets_nothing_until_its_content_is_back() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("one");
    ana.say_and_wait("two");
    let content = fs::read(folder.file()).unwrap();
    for length in [content.len() - 1, 40, 0] {
        fs::OpenOptions::new().write(true).open(folder.file()).unwrap().set_len(length as u64).unwrap();
        refused(&mut ana, &length.to_string());
        assert_eq!(fs::read(folder.file()).unwrap(), content[..length]);
    }
    check_is_said(&server, "it was cut to");
    // The same file, with its content again.
    fs::write(folder.file(), &content).unwrap();
    ana.say_and_wait("three");
    drop(server);
    let server = folder.serve();
    let ana = Member::come_back(&server, &ana.token, 0);
    assert_eq!(texts(&ana.welcome["messages"]), ["one", "two", "three"]);
}

#[test]
fn what_another_program_adds_spoils_no_line_of_ours() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    ana.say_and_wait("one");
    let add = |text: &str| {
        let mut file = fs::OpenOptions::new().append(true).open(folder.file()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    add("a note without an end");
    ana.say_and_wait("two");
    add("a note\n");
    ana.say_and_wait("three");
    ana.say_and_wait("four");
    let log = server.wait_for_logs("another program has written into", 2);
    assert_eq!(log.matches("another program has written").count(), 2, "{log}");
    drop(server);
    let server = folder.serve();
    let ana = Member::come_back(&server, &ana.token, 0);
    assert_eq!(texts(&ana.welcome["messages"]), ["one", "two", "three", "four"]);
}
