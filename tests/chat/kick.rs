//! `kick NAME` at the server's terminal: who is thrown out has left, hears why, and never is the same
//! member again.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tungstenite::handshake::derive_accept_key;

use crate::pages::chat::{pick_up, prepare, say, shown, texts};
use crate::support::browser::Browser;
use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::*;

/// Types the command and waits for the answer.
fn kick(server: &mut Server, name: &str) {
    server.type_line(&format!("kick {name}"));
    server.wait_for_output(&format!(
        "{name} was thrown out, and can only come back as somebody new\n"
    ));
}

#[track_caller]
fn expect_thrown_out(peer: &mut Peer) {
    let frame = peer.read();
    assert_thrown_out(frame, peer);
}

/// This is the last that it gets.
#[track_caller]
fn assert_thrown_out(frame: Frame, peer: &mut Peer) {
    let payload = b"\x03\xF0thrown out by the operator".into();
    assert_eq!(frame, Frame { first: 0x88, payload });
    assert_eq!(peer.try_read(), None);
}

/// The token is good for nothing: whoever brings it is somebody new.
#[track_caller]
fn expect_nobody(server: &Server, token: &str, id: u64) -> Member {
    let stranger = Member::open(server, &format!("?token={token}&name=Stranger"), None);
    assert_eq!(stranger.welcome["resumed"], false, "{}", stranger.welcome);
    assert!(stranger.id > id && stranger.token != token, "{}", stranger.welcome);
    stranger
}

fn left(member: &serde_json::Value) -> serde_json::Value {
    json!({ "type": "left", "member": member, "why": "thrown out" })
}

#[test]
fn who_is_thrown_out_has_left_for_good() {
    let mut server = Server::start(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo von Übel"]);
    ben.say_and_wait("before");
    for other in [&mut ana, &mut cleo] {
        other.expect_said(1, &ben.person(), "before");
    }
    kick(&mut server, "bEN");
    expect_thrown_out(&mut ben.peer);
    for other in [&mut ana, &mut cleo] {
        other.expect(&left(&ben.person()));
    }
    // The name is free, and what was said stays.
    let newcomer = Member::come(&server, "Ben");
    assert_eq!((newcomer.name.as_str(), newcomer.id), ("Ben", 4));
    assert_eq!(column(&newcomer.welcome["messages"], "text"), ["before"]);
    assert!(!column(&newcomer.welcome["members"], "id").contains(&json!(2)));
    let stranger = expect_nobody(&server, &ben.token, 4);
    for other in [&mut ana, &mut cleo] {
        other.expect_notice("joined", &newcomer.person());
        other.expect_notice("joined", &stranger.person());
    }
    // A name with blanks, however they are typed.
    server.type_line("kick   cleo  VON übel ");
    expect_thrown_out(&mut cleo.peer);
    ana.expect(&left(&cleo.person()));
    server.type_line("who");
    let output = server.wait_for_output("3 in the chat\n");
    let mut who: Vec<&str> = output.lines().rev().skip(1).take(3).collect();
    who.sort_unstable();
    assert_eq!(who, ["Ana", "Ben", "Stranger"]);
}

#[test]
fn who_is_not_there_cannot_be_thrown_out() {
    let mut server = Server::start(&[]);
    let mut ana = Member::come(&server, "Ana");
    for name in ["nobody", "operator", "Operator", "An", "Ana 2", "1", "\u{1B}[31m", "\u{202E}"] {
        server.type_line(&format!("kick {name}"));
        let shown = partyline::text::visible(name);
        let sentence = format!("nobody in the chat is called {shown}; who lists them\n");
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
fn who_is_away_is_thrown_out_as_well() {
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
    let mut stranger = expect_nobody(&server, &token, 2);
    assert_eq!(stranger.welcome["messages"], json!([]), "what was said in private is not theirs");
    ana.expect_notice("joined", &stranger.person());
    ana.send(&json!({ "type": "say", "text": "x", "to": 2, "ref": "x" }));
    ana.expect_error("not-here", Some("x"));
    stranger.say_and_wait("hello");
}

#[test]
fn a_token_stays_dead_when_the_server_is_killed() {
    let folder = Folder::new();
    let data = ["--data", folder.as_str()];
    let mut server = Server::start(&data);
    let [mut ana, mut ben, cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    ben.say_and_wait("before");
    ben.send(&json!({ "type": "name", "name": "Bernd", "ref": "name" }));
    while ben.read()["ref"] != "name" {}
    kick(&mut server, "bernd");
    expect_thrown_out(&mut ben.peer);
    drop(cleo.peer);
    while ana.read()["type"] != "away" {}
    kick(&mut server, "Cleo");
    drop(server); // with SIGKILL
    // Ben was about to be called something else just then, and that line came last.
    let hash = derive_accept_key(ben.token.as_bytes());
    let line = json!({ "type": "member", "id": 2, "name": "Benno", "token": hash });
    let mut file = fs::OpenOptions::new().append(true).open(folder.file()).unwrap();
    writeln!(file, "{line}").unwrap();

    let mut last = 3;
    for _ in 0..2 {
        let server = Server::start(&data);
        let ana = Member::come_back(&server, &ana.token, 0);
        assert_eq!(column(&ana.welcome["messages"], "from"), [json!({ "id": 2, "name": "Ben" })]);
        expect_nobody(&server, &ben.token, last);
        expect_nobody(&server, &cleo.token, last);
        let newcomer = Member::come(&server, "Bernd");
        assert_eq!(newcomer.name, "Bernd");
        last = newcomer.id;
    }
}

#[test]
fn who_floods_is_not_heard_any_more() {
    let mut server = Server::start_without_pace(&[]);
    let [mut ana, ben] = gather(&server, ["Ana", "Ben"]);
    let (person, mut peer) = (ben.person(), ben.peer);
    let mut writer = peer.stream.try_clone().unwrap();
    let flooding = thread::spawn(move || {
        let deadline = Instant::now() + PATIENCE;
        let some = client_frame(0x81, b"flood").repeat(100);
        while writer.write_all(&some).is_ok() {
            assert!(Instant::now() < deadline, "it is never cut off");
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
fn who_never_finishes_a_message_is_cut_off_all_the_same() {
    let mut server = Server::start(&[]);
    let mut ben = Member::come(&server, "Ben");
    let frame = client_frame(0x81, &[b'x'; 60_000]);
    ben.peer.send_raw(&frame[..10]);
    kick(&mut server, "Ben");
    let close = ben.peer.read();
    assert_eq!((close.first, &close.payload[..2]), (0x88, &b"\x03\xF0"[..]));
    let deadline = Instant::now() + PATIENCE;
    let mut bytes = frame[10..].iter();
    // A byte now and then: never silent, and never done within the time.
    while ben.peer.stream.write_all(&[*bytes.next().unwrap()]).is_ok() {
        assert!(Instant::now() < deadline, "it is never cut off");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_is_behind_is_told_after_all_that_was_said() {
    let mut server = Server::start_without_pace(&["--pending", "0"]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    // 12 MiB, more than the kernel keeps for one who does not read.
    let text = "😀".repeat(4096);
    for _ in 0..768 {
        ana.say(&text);
    }
    ana.say_and_wait("the last");
    // One round ends before the next one begins. So whoever has this ack knows that all others have been
    // sent what was said before it; this one itself may come too late for Ben.
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
    assert_thrown_out(frame, &mut ben.peer);
}

#[test]
fn in_a_big_room_it_is_only_counted() {
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
    // Those who came before it was big have heard some of the others.
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
    expect_nobody(&server, &kicked.token, 201);
}

#[test]
fn the_page_says_so_and_stays_away() {
    let mut server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    let name = pick_up(&page, "localhost", server.port);
    say(&page, "before");
    page.wait_for("list.textContent.includes('✓ Received')");
    kick(&mut server, &name);
    page.wait_for("line.className === 'stopped'");
    assert_eq!(
        shown(&page, "state.textContent"),
        "The person who runs the server has removed you from this chat."
    );
    assert_eq!(page.evaluate("retry.hidden && countdown.textContent === ''"), true);
    // Neither the network nor the person makes it come back; a reload does, as somebody new.
    page.evaluate("dispatchEvent(new Event('online'))");
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    say(&page, "nobody hears this");
    assert_eq!(texts(&page, 2), json!(["before", "nobody hears this"]));
    assert_eq!(page.evaluate("sessionStorage.getItem('chat.token')"), "null");
    assert_eq!(page.events("Network.webSocketCreated").len(), 1);
    let welcome = Member::come(&server, "Ana").welcome;
    assert_eq!((&welcome["count"], &welcome["you"]["id"]), (&json!(1), &json!(2)));
    assert_eq!(pick_up(&page, "localhost", server.port), name);
    page.wait_for("list.lastElementChild.textContent.includes('✓ Received')");
    assert_eq!(shown(&page, "list.querySelector('.text').textContent"), "before");
    page.assert_clean();
}
