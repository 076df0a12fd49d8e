//! What a teacher does at the server's terminal: mutes members, pins a text, reads what members write to the
//! operator.

use std::fs;
use std::io::BufReader;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::images::samples;
use crate::support::terminal::Terminal;
use crate::support::*;

fn muted(is_muted: bool) -> Value {
    json!({ "type": "muted", "muted": is_muted })
}

fn pinned(text: &str) -> Value {
    json!({ "type": "pinned", "text": text })
}

/// Says a text and expects that it is refused.
#[track_caller]
fn say_in_vain(member: &mut Member, to: Value) {
    let mut say = json!({ "type": "say", "text": "hello", "ref": "in vain" });
    if !to.is_null() {
        say["to"] = to;
    }
    member.send(&say);
    let why = "the operator has muted you; only messages to the operator get through";
    let error = json!({ "type": "error", "code": "muted", "message": why, "ref": "in vain" });
    assert_eq!(member.read(), error);
}

#[test]
fn a_muted_member_can_write_to_the_operator_only() {
    let mut server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    server.type_line("mute aNA");
    ana.expect(&muted(true));
    server.wait_for_output("aNA can write to the operator only");
    for to in [Value::Null, json!("Ben"), json!(ben.id)] {
        say_in_vain(&mut ana, to);
    }
    ana.send(&json!({ "type": "typing" }));
    for (number, to) in [json!(0), json!("operator"), json!(" OPERATOR")].into_iter().enumerate() {
        let text = format!("question {number}\n> quit\u{1b}[2J");
        ana.send(&json!({ "type": "say", "text": text, "to": to, "ref": number.to_string() }));
        let ack = ana.read();
        assert_eq!((&ack["type"], &ack["id"]), (&json!("ack"), &json!(number + 1)), "{ack}");
        server.wait_for_output(&format!("Ana to the operator: question {number}\n    > quit\\u{{1b}}[2J\n"));
    }
    server.type_line("who");
    server.wait_for_output("#1  Ana (muted)\n#2  Ben\n2 in the chat");
    // Ben gets nothing of all that, and can speak.
    ben.say_and_wait("and I");
    ana.expect_said(4, &ben.person(), "and I");
    server.type_line("unmute Ana");
    ana.expect(&muted(false));
    // A message that was refused can be sent again with its ref.
    ana.send(&json!({ "type": "say", "text": "hello", "ref": "in vain" }));
    assert_eq!(ana.read()["id"], 5);
    ben.expect_said(5, &ana.person(), "hello");
}

#[test]
fn a_member_stays_muted_when_it_comes_back_and_finds_its_messages_to_the_operator() {
    let folder = Folder::new();
    let mut server = Server::start(&["--data", folder.as_str()]);
    let mut ana = Member::come(&server, "Ana");
    assert_eq!(ana.welcome["muted"], false);
    server.type_line("mute #1");
    ana.expect(&muted(true));
    server.wait_for_output("#1 Ana can write to the operator only");
    ana.send(&json!({ "type": "say", "text": "why?", "to": 0, "ref": "why" }));
    ana.read();
    let mut ana = Member::come_back(&server, &ana.token, 0);
    assert_eq!(ana.welcome["muted"], true);
    let operator = json!({ "id": 0, "name": "operator" });
    let kept =
        |welcome: &Value| (welcome["messages"][0]["text"].clone(), welcome["messages"][0]["to"].clone());
    assert_eq!(kept(&ana.welcome), (json!("why?"), operator.clone()));
    say_in_vain(&mut ana, Value::Null);
    // A new name does not help.
    ana.send(&json!({ "type": "name", "name": "Anna", "ref": "name" }));
    ana.read_until(|message| message["ref"] == "name");
    say_in_vain(&mut ana, Value::Null);
    // No one else sees what she wrote, not even later. A restart ends all muting.
    assert_eq!(Member::come(&server, "Ben").welcome["messages"], json!([]));
    drop(server);
    let server = Server::start(&["--data", folder.as_str()]);
    let ana = Member::come_back(&server, &ana.token, 0);
    assert_eq!((kept(&ana.welcome), &ana.welcome["muted"]), ((json!("why?"), operator), &json!(false)));
    assert_eq!(Member::come(&server, "Cleo").welcome["messages"], json!([]));
}

#[test]
fn all_can_be_muted_and_single_members_may_speak() {
    let mut server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    server.type_line("mute all");
    for member in [&mut ana, &mut ben] {
        member.expect(&muted(true));
        say_in_vain(member, Value::Null);
    }
    let mut cleo = Member::come(&server, "Cleo");
    assert_eq!(cleo.welcome["muted"], true, "newcomers too");
    say_in_vain(&mut cleo, Value::Null);
    for member in [&mut ana, &mut ben] {
        member.expect_notice("joined", &cleo.person());
    }
    server.type_line("unmute Ben");
    ben.expect(&muted(false));
    ben.say_and_wait("my talk");
    for member in [&mut ana, &mut cleo] {
        member.expect_said(1, &ben.person(), "my talk");
    }
    server.type_line("who");
    server.wait_for_output("#1  Ana (muted)\n#2  Ben\n#3  Cleo (muted)\n3 in the chat");
    server.type_line("say listen");
    for member in [&mut ana, &mut ben, &mut cleo] {
        member.expect_said(2, &json!({ "id": 0, "name": "operator" }), "listen");
    }
    server.type_line("unmute all");
    for member in [&mut ana, &mut ben, &mut cleo] {
        member.expect(&muted(false));
    }
    ana.say_and_wait("thanks");
}

#[test]
fn a_pinned_text_is_shown_to_all_until_unpin_and_survives_a_restart() {
    let folder = Folder::new();
    let mut server = Server::start(&["--data", folder.as_str(), "--text", "30"]);
    let mut ana = Member::come(&server, "Ana");
    assert_eq!(ana.welcome["pinned"], "");
    server.type_line("pin  Exercise 3, until \u{1b}[Bnoon ");
    ana.expect(&pinned("Exercise 3, until [Bnoon"));
    let ben = Member::come(&server, "Ben");
    assert_eq!(ben.welcome["pinned"], "Exercise 3, until [Bnoon");
    ana.expect_notice("joined", &ben.person());
    server.type_line(&format!("pin {}", "x".repeat(31)));
    server.wait_for_output("this was not pinned: a message has at most 30 characters; this one has 31");
    server.type_line("pin second");
    ana.expect(&pinned("second"));
    drop(server); // with SIGKILL
    let mut server = Server::start(&["--data", folder.as_str()]);
    let mut ana = Member::come_back(&server, &ana.token, 0);
    assert_eq!(ana.welcome["pinned"], "second");
    server.type_line("unpin");
    ana.expect(&pinned(""));
    assert_eq!(Member::come(&server, "Cleo").welcome["pinned"], "");
    drop(server);
    // Nothing in the file is lost or damaged.
    let lines = fs::read_to_string(folder.file()).unwrap();
    assert_eq!(lines.matches("{\"type\":\"pinned\",\"text\":").count(), 3, "{lines}");
    let server = Server::start(&["--data", folder.as_str()]);
    assert_eq!(Member::come(&server, "Dora").welcome["pinned"], "");
    assert!(!server.log().contains("damaged"), "{}", server.log());
}

#[test]
fn a_file_whose_first_line_is_pinned_may_be_torn() {
    let folder = Folder::new();
    fs::write(folder.file(), "{\"type\":\"pinned\",\"te").unwrap();
    let server = Server::start(&["--data", folder.as_str()]);
    server.wait_for_log("line 1, the last, is torn and was cut off");
}

#[test]
fn a_photo_is_a_message_and_the_operator_gets_none() {
    let mut server = Server::start(&[]);
    let mut ana = Member::come(&server, "Ana");
    let photo = &samples()[0].bytes;
    let send = |ana: &mut Member, to: Value, code: &str| {
        let mut announced = json!({ "type": "photo", "mime": "image/x", "size": photo.len(), "width": 1, "height": 1, "ref": "p" });
        if !to.is_null() {
            announced["to"] = to;
        }
        ana.send(&announced);
        ana.peer.send_raw(&client_frame(0x82, photo));
        ana.expect_error(code, Some("p"));
    };
    send(&mut ana, json!("operator"), "not-here");
    server.type_line("mute all");
    ana.expect(&muted(true));
    send(&mut ana, Value::Null, "muted");
    send(&mut ana, json!(0), "not-here");
}

#[test]
fn the_chat_in_a_terminal_shows_what_the_operator_does_and_can_answer() {
    let mut server = Server::start(&[]);
    server.type_line("pin Exercise 3");
    server.wait_for_output("pinned, until unpin");
    let mut ana = Terminal::chat(server.port, "Ana", 100);
    ana.wait_for("- Pinned: Exercise 3\n");
    server.type_line("say Five more minutes");
    ana.wait_for(" operator: Five more minutes");
    assert!(ana.wait_for("(announcement) ").contains("(announcement) "));
    server.type_line("mute Ana");
    ana.wait_for("- The operator has muted you. This gets through: /msg operator TEXT");
    ana.enter("hello");
    ana.wait_for("Not sent: hello");
    ana.enter("/msg operator may I go?");
    server.wait_for_output("Ana to the operator: may I go?\n");
    ana.wait_for("to operator: may I go?");
    server.type_line("unpin");
    ana.wait_for("- Nothing is pinned now");
    server.type_line("unmute Ana");
    ana.wait_for("- You can speak again");
}

#[test]
fn commands_of_the_teacher_that_make_no_sense_get_a_sentence() {
    let mut server = Server::start(&[]);
    let mut ana = Member::come(&server, "Ana");
    for (line, answer) in [
        ("mute", "mute whom, or what? See help"),
        ("unmute ", "unmute whom, or what? See help"),
        ("pin", "pin whom, or what? See help"),
        ("mute Ben", "no member of the chat is called Ben; who lists them"),
        ("unmute #7", "no member of the chat is called #7; who lists them"),
        ("mute operator", "no member of the chat is called operator; who lists them"),
        ("unpin it", "unpin it is no command here"),
        ("MUTE all", "MUTE all is no command here"),
    ] {
        server.type_line(line);
        server.wait_for_output(answer);
    }
    server.type_line("unpin");
    ana.expect(&pinned(""));
    let note = ana.say_and_wait("I can speak");
    assert_eq!(note["id"], 1);
}

#[test]
fn a_terminal_that_has_stopped_keeps_no_member_waiting() {
    let mut child = program()
        .args(["--port", "0", "--pace", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let port = read_port(&mut stdout);
    let mut ana = Member::open_at(port, "?name=Ana", None);
    // More than a pipe holds, and more messages than may wait; none of it is read.
    let text = "x".repeat(4000);
    for number in 0..300 {
        let reference = number.to_string();
        ana.send(&json!({ "type": "say", "text": text, "to": 0, "ref": reference }));
        assert_eq!(ana.read()["ref"], reference);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
