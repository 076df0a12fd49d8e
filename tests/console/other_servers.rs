//! The chat in a terminal with a server that is written for the test: what a client sends, and what it does
//! with an answer that Partyline does not give, or gives rarely.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::{sync::mpsc, thread};

use partyline::websocket::frames;
use partyline::{handshake, http};

use serde_json::{Value, json};

use crate::support::terminal::*;
use crate::support::*;

/// A server that upgrades each connection, and then does this with it and with the request's path.
fn fake_server(serve: impl Fn(TcpStream, String) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (head, _) = http::read_head(&stream, 16_384, PATIENCE).unwrap();
            let request = http::parse(&head).unwrap();
            stream.write_all(&handshake::upgrade(&request).unwrap().to_bytes(false)).unwrap();
            serve(stream, request.path.clone());
        }
    });
    port
}

/// A server that lets each client in, and then does this with its connection.
fn fake_chat(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    fake_server(move |mut stream, _| {
        send(&mut stream, &welcome());
        serve(stream);
    })
}

fn welcome() -> Value {
    json!({ "type": "welcome", "you": { "id": 1, "name": "ana" }, "limits": { "text": 100 } })
}

fn send(stream: &mut TcpStream, message: &Value) {
    stream.write_all(&frames::text(&message.to_string())).unwrap();
}

#[test]
fn another_connection_with_the_same_token_ends_it_with_a_sentence() {
    let port = fake_chat(|mut stream| stream.write_all(&frames::close(4001, "taken over")).unwrap());
    let screen = Terminal::run(80, &format!("{}; echo ended with $?.", console(port, "ana")));
    let screen = screen.wait_for("ended with 1.");
    assert!(screen.contains("the chat goes on elsewhere"), "{screen}");
}

#[test]
fn a_client_masks_each_frame_with_a_new_key_and_answers_pings_between_them() {
    let (tell, told) = mpsc::channel();
    let port = fake_chat(move |mut stream| {
        stream.write_all(b"\x89\x02hi").unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes); // the client closes, when it has waited for our Close
        tell.send(bytes).unwrap();
    });
    let mut ana = Terminal::chat(port, "ana", 80);
    ana.enter("hello");
    ana.enter("again");
    ana.paste("\x04");
    let bytes = told.recv_timeout(PATIENCE).unwrap();
    let (mut rest, mut keys, mut payloads) = (&bytes[..], Vec::new(), Vec::new());
    while !rest.is_empty() {
        assert_eq!(rest[1] & 0x80, 0x80, "not masked: {rest:?}");
        let length = usize::from(rest[1] & 0x7F);
        assert!(length < 126);
        let (key, payload) = (&rest[2..6], &rest[6..6 + length]);
        keys.push(key.to_vec());
        let payload: Vec<u8> = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        payloads.push((rest[0], payload));
        rest = &rest[6 + length..];
    }
    let texts = payloads.iter().filter(|(first, _)| *first == 0x81).map(|(_, text)| text.as_slice());
    let texts = texts.map(|text| serde_json::from_slice::<Value>(text).unwrap());
    let says: Vec<Value> = texts.filter(|message| message["type"] == "say").collect();
    let say = |text, number| json!({ "type": "say", "text": text, "ref": number });
    assert_eq!(says, [say("hello", "1"), say("again", "2")]);
    assert!(payloads.contains(&(0x8A, b"hi".to_vec())), "{payloads:?}");
    assert_eq!(payloads.last(), Some(&(0x88, 1000u16.to_be_bytes().to_vec())));
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn a_server_that_is_no_chat_is_said_to_be_none() {
    for answer in
        ["HTTP/1.1 200 OK\r\n\r\n<html>", "SSH-2.0-x\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"]
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            http::read_head(&stream, 16_384, PATIENCE).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let screen = Terminal::run(80, &format!("{}; echo ended with $?.", console(port, "ana")));
        let screen = screen.wait_for("ended with 1.");
        assert!(screen.contains("is no chat"), "{screen}");
        serve.join().unwrap();
    }
}

#[test]
fn a_server_that_speaks_websocket_but_is_no_chat_is_said_to_be_none() {
    let port = fake_server(|mut stream, _| {
        stream.write_all(&frames::text("hello")).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let screen = Terminal::run(80, &format!("{}; echo ended with $?.", console(port, "ana")));
    let screen = screen.wait_for("ended with 1.");
    assert!(screen.contains("this WebSocket server is no chat of Partyline"), "{screen}");
}

#[test]
fn behind_a_path_the_chat_is_looked_for_beside_the_page() {
    let (tell, told) = mpsc::channel();
    let port = fake_server(move |_, path| tell.send(path).unwrap());
    let command =
        format!("{} http://localhost:{port}/lab/index.html", env!("CARGO_BIN_EXE_partyline-console"));
    let _ana = Terminal::run(80, &command);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "/lab/chat");
}

#[test]
fn a_photo_is_shown_as_its_address_with_size_and_caption() {
    let port = fake_chat(|mut stream| {
        let photo =
            json!({ "url": "photo/7", "mime": "image/png", "size": 123_456, "width": 800, "height": 600 });
        let mut said =
            json!({ "type": "said", "id": 1, "at": 0, "from": { "id": 2, "name": "ben" }, "photo": photo });
        send(&mut stream, &said);
        said["photo"]["caption"] = "my \u{1b}[2Jcat\n12:00 cy: forged".into();
        said["photo"]["url"] = "\u{9b}2J".into();
        (said["id"], said["to"]) = (2.into(), json!({ "id": 1, "name": "ana" }));
        send(&mut stream, &said);
        send(
            &mut stream,
            &json!({ "type": "said", "id": 3, "at": 0, "from": {}, "photo": 5, "text": "end" }),
        );
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let ana = Terminal::chat(port, "ana", 140);
    let screen = ana.wait_for(": end");
    let photo = format!(" ben: photo http://localhost:{port}/photo/7 (800 × 600, 124 kB)");
    assert!(screen.lines().any(|line| line.ends_with(&photo)), "{screen}");
    assert!(screen.contains("(private)") && screen.contains(r"/\u{9b}2J (800"), "{screen}");
    assert!(screen.contains(r"my \u{1b}[2Jcat"), "{screen}");
    assert!(screen.lines().any(|line| line == "      12:00 cy: forged"), "{screen}");
}
