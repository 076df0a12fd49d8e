//! The heartbeat: a ping after 20 s of silence, the chat's `beat` beside it, and the end of a connection
//! that is silent for 45 s.

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::chat::*;
use crate::support::proxy::Proxy;
use crate::support::*;

#[test]
fn a_beat_comes_with_each_ping_of_the_chat() {
    let server = Server::start_without_pace(&[]);
    let began = Instant::now();
    let mut ana = Member::come(&server, "Ana");
    ana.peer.expect_frame(0x89, b"");
    ana.peer.expect_text(r#"{"type":"beat"}"#);
    assert_took(began, Duration::from_secs(19), Duration::from_secs(30));
    // The first message after the silence is answered without a second beat.
    ana.peer.send(0x8A, b"");
    ana.send(&json!({ "type": "say", "text": "still here", "ref": "1" }));
    let answer = ana.peer.read_text();
    assert!(answer.contains(r#""type":"ack""#), "{answer}");
}

#[test]
fn a_member_that_sends_all_the_time_gets_beats() {
    let server = Server::start_without_pace(&[]);
    let mut ana = Member::come(&server, "Ana");
    let mut typist = ana.peer.stream.try_clone().unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    // Ana is alone, so nothing is sent to her, and she is never silent for long enough to be pinged.
    let typing = thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_secs(1)).is_err() {
            typist.write_all(&client_frame(0x81, br#"{"type":"typing"}"#)).unwrap();
        }
    });
    // The ping comes with the beat, as always.
    assert_eq!(ana.peer.read().first, 0x89);
    ana.peer.expect_text(r#"{"type":"beat"}"#);
    stop.send(()).unwrap();
    typing.join().unwrap();
}

#[test]
fn a_silent_client_is_pinged_and_then_cut_off() {
    let server = Server::start(&[]);
    let began = Instant::now();
    // In the chat, Ben goes out of reach: his connection stays open and nothing comes. Ana has to be told.
    let proxy = Proxy::to(server.port);
    let mut ana = Member::come(&server, "Ana");
    let ben = Member::open_at(proxy.port, "?name=Ben", None);
    ana.expect_notice("joined", &ben.person());
    proxy.drop_everything();
    let watching = thread::spawn(move || {
        loop {
            let frame = ana.peer.read();
            match frame.first {
                0x89 => ana.peer.send(0x8A, &frame.payload),
                _ if frame.payload == b"{\"type\":\"beat\"}" => {}
                _ => break (ana, String::from_utf8(frame.payload).unwrap()),
            }
        }
    });
    let (mut quiet, mut lively) = (server.open("/broadcast"), server.open("/broadcast"));
    // Half a frame is a sign of life, once.
    quiet.send_raw(&client_frame(0x81, b"half")[..3]);
    lively.expect_frame(0x89, b"");
    quiet.expect_frame(0x89, b"");
    assert_took(began, Duration::from_secs(19), Duration::from_secs(30));
    lively.send(0x8A, b"");
    quiet.expect_end();
    assert_took(began, Duration::from_secs(44), Duration::from_secs(60));
    lively.send_text("still here");
    let mut frame = lively.read();
    if frame.first == 0x89 {
        frame = lively.read();
    }
    assert_eq!(frame.payload, b"still here");

    server.wait_for_log(") left /broadcast: silent for 45 s");
    let (mut ana, heard) = watching.join().unwrap();
    assert_eq!(heard, format!(r#"{{"type":"away","member":{{"id":{},"name":"Ben"}}}}"#, ben.id));
    assert_took(began, Duration::from_secs(44), Duration::from_secs(60));
    server.wait_for_log(") left /chat: silent for 45 s");
    // With his token, Ben comes back as the same person.
    let person = ben.person();
    drop(Member::come_back(&server, &ben.token, 0));
    ana.expect_notice("back", &person);
}
