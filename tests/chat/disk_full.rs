//! A history file that cannot grow: a message that cannot be kept is refused, everything else in the chat
//! works on, and so does the history as soon as there is room.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

pub use crate::support::folder::{is_possible, limit_files}; // for a test of the pages

/// Says texts of this length until one cannot be kept; returns the last id. The `ref` of each is its id.
fn fill(member: &mut Member, length: usize) -> u64 {
    let is_kept = |id: &u64| {
        let text = "x".repeat(length);
        member.send(&json!({ "type": "say", "text": text, "ref": id.to_string() }));
        let answer = member.read();
        assert_eq!(answer["ref"], id.to_string(), "{answer}");
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "not-saved");
            assert!(answer["message"].as_str().unwrap().contains("disk"), "{answer}");
            return false;
        }
        assert_eq!((&answer["type"], &answer["id"]), (&json!("ack"), &json!(id)));
        true
    };
    (1..).take_while(is_kept).last().expect("at least one text is kept")
}

/// Checks what works and what is refused while the disk is full, and that all of it works again after
/// `make_room`.
fn check_full_disk(server: &Server, file: &Path, make_room: impl FnOnce()) {
    let [mut ana, mut ben, mut cleo] = gather(server, ["Ana", "Ben", "Cleo"]);
    let last = fill(&mut ana, 50);
    let failed = last + 1;
    let log = server.wait_for_log("nothing is kept from now on");
    assert!(log.contains(" is kept from now on: ") && log.contains("messages.jsonl: "), "{log}");
    // The same message is refused again, and so are other members', private or without a ref.
    for _ in 0..3 {
        ana.send(&json!({ "type": "say", "text": "again", "ref": failed.to_string() }));
        ana.expect_error("not-saved", Some(&failed.to_string()));
    }
    for id in 1..=last {
        assert_eq!(ben.read()["id"], id);
    }
    ben.send(&json!({ "type": "say", "text": "psst", "to": "Ana", "ref": "b" }));
    ben.expect_error("not-saved", Some("b"));
    ben.say("without a ref");
    ben.expect_error("not-saved", None);
    // The ref of a message that is kept still gets its ack.
    ana.send(&json!({ "type": "say", "text": "x", "ref": "1" }));
    ana.expect(&json!({ "type": "ack", "ref": "1", "id": 1 }));
    // A newcomer gets a name, and the others get its notices and nothing else.
    let mut dora = Member::come(server, "Dora");
    assert_eq!(dora.welcome["messages"].as_array().unwrap().len() as u64, last.min(100));
    let eve = Member::come(server, "Eve");
    let (eves_token, eves) = (eve.token.clone(), eve.person());
    dora.expect_notice("joined", &eves);
    eve.leave();
    dora.expect_notice("left", &eves);
    dora.settle();
    for other in [&mut ana, &mut ben] {
        other.expect_notice("joined", &dora.person());
        other.expect_notice("joined", &eves);
        other.expect_notice("left", &eves);
    }
    // A new name is refused as well: the name stays, the others hear nothing, and the new one stays free.
    for reference in ["n1", "n2"] {
        dora.send(&json!({ "type": "name", "name": "Dora the second", "ref": reference }));
        dora.expect_error("not-saved", Some(reference));
    }
    let flora = Member::come(server, "Dora the second");
    assert_eq!(flora.name, "Dora the second");
    let listed = column(&flora.welcome["members"], "name");
    assert!(listed.contains(&json!("Dora")), "{listed:?}");
    let floras = flora.person();
    flora.leave();
    for other in [&mut ana, &mut ben, &mut dora] {
        other.expect_notice("joined", &floras);
        other.expect_notice("left", &floras);
    }
    assert_eq!(Member::come(server, "Dora").name, "Dora 2");
    for other in [&mut ana, &mut ben, &mut dora] {
        assert_eq!(other.read()["member"]["name"], "Dora 2");
        assert_eq!(other.read()["type"], "away");
    }
    dora.send(&json!({ "type": "typing", "to": ana.id }));
    ana.expect(&json!({ "type": "typing", "from": dora.person(), "to": ana.person() }));
    server.assert_serves();
    assert_eq!(read_history(file).len() as u64, last);

    make_room();
    // Now the refused message is said once, with the next id.
    for _ in 0..2 {
        ana.send(&json!({ "type": "say", "text": "at last", "ref": failed.to_string() }));
        ana.expect(&json!({ "type": "ack", "ref": failed.to_string(), "id": last + 1 }));
    }
    for other in [&mut ben, &mut dora] {
        other.expect_said(last + 1, &ana.person(), "at last");
    }
    dora.say_and_wait("me too");
    dora.send(&json!({ "type": "name", "name": "Dora the second", "ref": "n3" }));
    dora.read_until(|message| message["type"] == "ack" && message["ref"] == "n3");
    dora.name = "Dora the second".to_string();
    let renamed = json!({ "type": "renamed", "member": dora.person(), "was": "Dora" });
    assert_eq!(ben.read_until(|message| message["type"] == "renamed"), renamed);
    // A member that only listens gets every id once, and no error.
    for id in 1..=last + 2 {
        let next = cleo.read_until(|message| ["said", "error"].iter().any(|it| message["type"] == *it));
        assert_eq!(next["id"], id, "{next}");
    }
    let log = server.wait_for_log("is kept again in");
    assert_eq!(log.matches("nothing is kept from now on").count(), 1, "{log}");
    assert_eq!(log.matches("is kept again in").count(), 1, "{log}");
    // No line is torn, and the next server knows the members that joined while the disk was full.
    assert_eq!(read_history(file).len() as u64, last + 2);
    let text = fs::read_to_string(file).unwrap();
    let text = text.trim_start();
    let lines: BTreeSet<&str> = text.lines().collect();
    assert_eq!(lines.len(), text.lines().count(), "each line is there once");
    let folder = Folder::new();
    fs::copy(file, folder.file()).unwrap();
    let next = Server::start(&["--data", folder.as_str()]);
    assert_eq!(Member::come_back(&next, &dora.token, 0).person(), dora.person());
    assert_eq!(Member::come_back(&next, &eves_token, 0).person(), eves);
    let mut ana = Member::come_back(&next, &ana.token, last + 2);
    assert!(ana.say_and_wait_among("after a restart")["id"].as_u64() > Some(last + 2));
    assert!(!next.log().contains("WARN"), "{}", next.log());
}

#[test]
fn messages_are_refused_while_the_file_is_limited() {
    if !is_possible("prlimit", &["--version"]) {
        return eprintln!("not tested: there is no `prlimit` here (util-linux), which makes room");
    }
    let folder = Folder::new();
    let server = Server::start_after(&limit_files(8), &["--data", folder.as_str(), "--pace", "0"]);
    let pid = server.pid().to_string();
    check_full_disk(&server, &folder.file(), || {
        assert!(is_possible("prlimit", &["--pid", &pid, "--fsize=unlimited:"]));
    });
}

#[test]
fn the_id_of_a_member_that_could_not_be_saved_is_not_given_again() {
    let folder = Folder::new();
    let server = Server::start_after(&limit_files(2), &["--data", folder.as_str()]);
    let mut ana = Member::come(&server, "Ana");
    fill(&mut ana, 1);
    let dora = Member::come(&server, "Dora, whose line is longer too");
    ana.expect_notice("joined", &dora.person());
    drop(server);
    // Ana knows Dora's id; a private message to that id must not reach another member.
    let server = Server::start(&["--data", folder.as_str()]);
    let stranger = Member::come(&server, "Stranger");
    assert_ne!(stranger.id, dora.id);
    let mut ana = Member::come_back(&server, &ana.token, 0);
    ana.send(&json!({ "type": "say", "text": "psst", "to": dora.id, "ref": "psst" }));
    ana.expect_error("not-here", Some("psst"));
}

#[test]
fn a_message_is_refused_if_the_missing_line_end_has_no_room() {
    let folder = Folder::new();
    let line = |text: &str| {
        format!(r#"{{"type":"said","id":1,"at":1,"from":{{"id":1,"name":"Ana"}},"text":"{text}"}}"#)
    };
    let text = "x".repeat(512 - line("").len());
    fs::write(folder.file(), line(&text)).unwrap();
    let server = Server::start_after(&limit_files(1), &["--data", folder.as_str()]);
    let mut ben = Member::come(&server, "Ben");
    assert_eq!(column(&ben.welcome["messages"], "text"), [json!(text)]);
    ben.send(&json!({ "type": "say", "text": "two", "ref": "two" }));
    ben.expect_error("not-saved", Some("two"));
    drop(server);
    let server = Server::start(&["--data", folder.as_str()]);
    Member::come(&server, "Cleo").say_and_wait("two");
    assert_eq!(column(&json!(read_history(&folder.file())), "text"), [text.as_str(), "two"]);
}

/// A small file system in a namespace of the server's own, so that it ends with the server. On a full disk,
/// unlike under a limit, the part of a line that fits is written.
#[test]
fn messages_are_refused_while_the_disk_is_full() {
    let folder = Folder::new();
    let (disk, script) = (folder.path("disk"), folder.path("inside.sh"));
    fs::create_dir(&disk).unwrap();
    let shown = disk.to_str().unwrap();
    let mount = format!("mount -t tmpfs -o size=64k partyline '{shown}'");
    if !is_possible("unshare", &["-rm", "sh", "-c", &mount]) {
        return eprintln!("not tested: no file system can be mounted here");
    }
    // There is a blank line already, without a line end.
    let file = format!("printf ' ' > '{shown}/messages.jsonl'");
    let ballast = format!("head -c 40000 /dev/zero > '{shown}/ballast'");
    fs::write(&script, format!("{mount} && {file} && {ballast} && exec \"$@\"")).unwrap();
    let shell = format!("exec unshare -rm sh '{}' \"$0\" \"$@\"", script.to_str().unwrap());
    let server = Server::start_after(&shell, &["--data", shown, "--pace", "0"]);
    // The file system is mounted only in that namespace.
    let root = Path::new("/proc").join(server.pid().to_string()).join("root");
    let disk = root.join(shown.trim_start_matches('/'));
    check_full_disk(&server, &disk.join("messages.jsonl"), || {
        fs::remove_file(disk.join("ballast")).unwrap();
    });
}
