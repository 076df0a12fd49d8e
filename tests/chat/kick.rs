//! `kick NAME` at the server's terminal: the member leaves, gets the reason in its Close, and cannot come
//! back as the same member.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tungstenite::handshake::derive_accept_key;

use crate::support::browser::Browser;
use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::*;

/// Types the command and waits for its answer.
fn kick(server: &mut Server, name: &str) {
    server.type_line(&format!("kick {name}"));
    server.wait_for_output(&format!("{name} was thrown out, and can only come back as a new member\n"));
}

/// The payload of the Close: 1008 and the reason.
const THROWN_OUT: &[u8] = b"\x03\xF0thrown out by the operator";

/// Checks that the token is not accepted any more: a client that brings it is a new member.
#[track_caller]
fn expect_new_member(server: &Server, token: &str, id: u64) -> Member {
    let stranger = Member::open(server, &format!("?token={token}&name=Stranger"), None);
    assert_eq!(stranger.welcome["resumed"], false, "{}", stranger.welcome);
    assert!(stranger.id > id && stranger.token != token, "{}", stranger.welcome);
    stranger
}

/// The `left` that the others get.
fn left(member: &serde_json::Value) -> serde_json::Value {
    json!({ "type": "left", "member": member, "why": "thrown out" })
}

#[test]
fn a_kicked_member_has_left_for_good() {
    let mut server = Server::start(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo von Übel"]);
    ben.say_and_wait("before");
    for other in [&mut ana, &mut cleo] {
        other.expect_said(1, &ben.person(), "before");
    }
    kick(&mut server, "bEN");
    ben.peer.expect_last(THROWN_OUT);
    for other in [&mut ana, &mut cleo] {
        other.expect(&left(&ben.person()));
    }
    // The name is free, and the texts stay.
    let newcomer = Member::come(&server, "Ben");
    assert_eq!((newcomer.name.as_str(), newcomer.id), ("Ben", 4));
    assert_eq!(column(&newcomer.welcome["messages"], "text"), ["before"]);
    assert!(!column(&newcomer.welcome["members"], "id").contains(&json!(2)));
    let stranger = expect_new_member(&server, &ben.token, 4);
    for other in [&mut ana, &mut cleo] {
        other.expect_notice("joined", &newcomer.person());
        other.expect_notice("joined", &stranger.person());
    }
    // A name with blanks may be typed with more of them, and in any case.
    server.type_line("kick   cleo  VON übel ");
    cleo.peer.expect_last(THROWN_OUT);
    ana.expect(&left(&cleo.person()));
    server.type_line("who");
    let output = server.wait_for_output("3 in the chat\n");
    let mut who: Vec<&str> = output.lines().rev().skip(1).take(3).collect();
    who.sort_unstable();
    assert_eq!(who, ["#1  Ana", "#4  Ben", "#5  Stranger"]);
}

#[test]
fn only_members_of_the_chat_can_be_kicked() {
    let mut server = Server::start(&[]);
    let mut ana = Member::come(&server, "Ana");
    for name in
        ["nobody", "operator", "Operator", "An", "Ana 2", "1", "#2", "#-1", "#", "\u{1B}[31m", "\u{202E}"]
    {
        server.type_line(&format!("kick {name}"));
        let shown = partyline::text::visible(name);
        let sentence = format!("no member of the chat is called {shown}; who lists them\n");
        server.wait_for_output(&sentence);
    }
    for line in ["kick", "kick ", "KICK Ana"] {
        server.type_line(line);
    }
    server.type_line("say all well?");
    ana.expect_said(1, &json!({ "id": 0, "name": "operator" }), "all well?");
    let output = server.wait_for_output("KICK Ana is no command here");
    assert!(output.chars().all(|c| c == '\n' || !c.is_control()), "{output:?}");
    assert!(!output.contains("thrown out") && !output.contains('\u{202E}'), "{output:?}");
    ana.say_and_wait("I am here");
}

#[test]
fn a_member_that_is_away_can_be_kicked() {
    let mut server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let (person, token) = (ben.person(), ben.token.clone());
    ana.send(&json!({ "type": "say", "text": "a secret", "to": ben.id, "ref": "s" }));
    ana.read();
    ben.read();
    drop(ben);
    ana.expect_notice("away", &person);
    kick(&mut server, "Ben");
    ana.expect(&left(&person));
    let mut stranger = expect_new_member(&server, &token, 2);
    assert_eq!(stranger.welcome["messages"], json!([]), "no private message");
    ana.expect_notice("joined", &stranger.person());
    ana.send(&json!({ "type": "say", "text": "x", "to": 2, "ref": "x" }));
    ana.expect_error("not-here", Some("x"));
    stranger.say_and_wait("hello");
}

#[test]
fn the_token_of_a_kicked_member_stays_invalid_after_a_restart() {
    let folder = Folder::new();
    let data = ["--data", folder.as_str()];
    let mut server = Server::start(&data);
    let [mut ana, mut ben, cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    ben.say_and_wait("before");
    ben.send(&json!({ "type": "name", "name": "Bernd", "ref": "name" }));
    while ben.read()["ref"] != "name" {}
    kick(&mut server, "bernd");
    ben.peer.expect_last(THROWN_OUT);
    drop(cleo.peer);
    while ana.read()["type"] != "away" {}
    kick(&mut server, "Cleo");
    drop(server); // with SIGKILL
    // Ben was just being renamed, so that the line with his new name came after his removal.
    let hash = derive_accept_key(ben.token.as_bytes());
    let line = json!({ "type": "member", "id": 2, "name": "Benno", "token": hash });
    let mut file = fs::OpenOptions::new().append(true).open(folder.file()).unwrap();
    writeln!(file, "{line}").unwrap();

    let mut last = 3;
    for _ in 0..2 {
        let server = Server::start(&data);
        let ana = Member::come_back(&server, &ana.token, 0);
        assert_eq!(column(&ana.welcome["messages"], "from"), [json!({ "id": 2, "name": "Ben" })]);
        expect_new_member(&server, &ben.token, last);
        expect_new_member(&server, &cleo.token, last);
        let newcomer = Member::come(&server, "Bernd");
        assert_eq!(newcomer.name, "Bernd");
        last = newcomer.id;
    }
}

#[test]
fn a_kicked_member_that_floods_is_not_heard_any_more() {
    let mut server = Server::start_without_pace(&[]);
    let [mut ana, ben] = gather(&server, ["Ana", "Ben"]);
    let (person, mut peer) = (ben.person(), ben.peer);
    let mut writer = peer.stream.try_clone().unwrap();
    let flooding = thread::spawn(move || {
        let deadline = Instant::now() + PATIENCE;
        let some = client_frame(0x81, b"flood").repeat(100);
        while writer.write_all(&some).is_ok() {
            assert!(Instant::now() < deadline, "the connection is not cut off");
        }
    });
    ana.expect_said(1, &person, "flood");
    server.type_line("kick Ben");
    let mut last = 1;
    loop {
        let message = ana.read();
        if message["type"] == "left" {
            assert_eq!(message, left(&person));
            break;
        }
        last += 1;
        assert_eq!(message["id"], last, "{message}");
    }
    assert_eq!(ana.say_and_wait("quiet at last")["id"], last + 1);
    let close = peer.read();
    assert_eq!((close.first, &close.payload[..2]), (0x88, &b"\x03\xF0"[..]));
    flooding.join().unwrap();
    server.assert_serves();
}

#[test]
fn a_kicked_member_that_never_finishes_a_message_is_cut_off() {
    let mut server = Server::start(&[]);
    let mut ben = Member::come(&server, "Ben");
    let frame = client_frame(0x81, &[b'x'; 60_000]);
    ben.peer.send_raw(&frame[..10]);
    kick(&mut server, "Ben");
    let close = ben.peer.read();
    assert_eq!((close.first, &close.payload[..2]), (0x88, &b"\x03\xF0"[..]));
    let deadline = Instant::now() + PATIENCE;
    let mut bytes = frame[10..].iter();
    // A byte every 20 ms: the client is never silent, and the frame is never complete.
    while ben.peer.stream.write_all(&[*bytes.next().unwrap()]).is_ok() {
        assert!(Instant::now() < deadline, "the connection is not cut off");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_kicked_member_with_a_backlog_gets_it_before_the_reason() {
    let mut server = Server::start_without_pace(&["--pending", "0"]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    // 12 MiB, more than the kernel's buffers hold.
    let text = "😀".repeat(4096);
    for _ in 0..768 {
        ana.say(&text);
    }
    ana.say_and_wait("the last");
    // One round ends before the next begins. So after this ack, all earlier texts have been sent to Ben;
    // this text itself may come too late for him.
    ana.say_and_wait("too late?");
    server.type_line("kick Ben");
    ana.expect(&left(&ben.person()));
    for id in 1..=768 {
        ben.expect_said(id, &ana.person(), &text);
    }
    ben.expect_said(769, &ana.person(), "the last");
    let mut frame = ben.peer.read();
    if frame.first == 0x81 {
        frame = ben.peer.read();
    }
    assert_eq!(frame, Frame { first: 0x88, payload: THROWN_OUT.into() });
    ben.peer.expect_end();
}

#[test]
fn in_a_big_room_a_kicked_member_is_only_counted() {
    let mut server = Server::start_without_pace(&[]);
    let mut members: Vec<Member> =
        (1..=201).map(|number| Member::come(&server, &format!("M{number}"))).collect();
    kick(&mut server, "m100");
    let mut kicked = members.remove(99);
    let mut frame = kicked.peer.read();
    while frame.first != 0x88 {
        frame = kicked.peer.read();
    }
    assert_eq!(&frame.payload[..2], b"\x03\xF0");
    // The first member gets the notices from before the room was big.
    let first = &mut members[0];
    loop {
        let message = first.read();
        assert_ne!(message["type"], "left", "{message}");
        if message == json!({ "type": "count", "count": 200 }) {
            break;
        }
    }
    server.type_line("who");
    let output = server.wait_for_output("200 in the chat\n");
    assert!(!output.contains("M100\n"), "{output}");
    expect_new_member(&server, &kicked.token, 201);
}

#[test]
fn the_page_of_a_kicked_member_does_not_reconnect() {
    let mut server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let name = page.open_chat("localhost", server.port);
    page.type_and_send("before");
    page.wait_for("list.textContent.includes('✓ Received')");
    kick(&mut server, &name);
    page.wait_for("line.className === 'stopped'");
    assert_eq!(
        page.evaluate_text("state.textContent"),
        "The person who runs the server has removed you from this chat."
    );
    assert_eq!(page.evaluate("retry.hidden && countdown.textContent === ''"), true);
    // Neither the network nor the tab makes the page reconnect; a reload does, as a new member.
    page.evaluate("dispatchEvent(new Event('online'))");
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    // A text stays in the box, because it cannot be sent, and the page says so.
    page.type_and_send("nobody hears this");
    page.wait_for("note.textContent.endsWith('Your text stays here.')");
    assert_eq!(page.evaluate_text("text.value"), "nobody hears this");
    assert_eq!(page.wait_for_texts(1), json!(["before"]));
    assert_eq!(page.evaluate("sessionStorage.getItem('chat.token')"), "null");
    assert_eq!(page.events("Network.webSocketCreated").len(), 1);
    let welcome = Member::come(&server, "Ana").welcome;
    assert_eq!((&welcome["count"], &welcome["you"]["id"]), (&json!(1), &json!(2)));
    // The reload keeps the text, and now it can be sent.
    assert_eq!(page.open_chat("localhost", server.port), name);
    assert_eq!(page.evaluate_text("text.value"), "nobody hears this");
    page.press("Enter");
    assert_eq!(page.wait_for_texts(2), json!(["before", "nobody hears this"]));
    page.wait_for("list.lastElementChild.textContent.includes('✓ Received') && text.value === ''");
    page.assert_clean();
}
