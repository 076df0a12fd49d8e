//! The chat in a terminal when the connection breaks or is refused: nothing typed is lost or comes twice.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::{sync::mpsc, thread};

use partyline::websocket::frames;
use partyline::{handshake, http};

use serde_json::json;

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::proxy::*;
use crate::support::terminal::*;
use crate::support::*;

#[test]
fn what_is_typed_while_the_server_is_down_arrives_once_and_in_order() {
    let folder = Folder::new();
    let options = ["--data", folder.as_str()];
    let server = Server::start(&options);
    let port = server.port;
    let mut ana = Terminal::chat(port, "ana", 80);
    ana.enter("before");
    ana.wait_for("✓ sent: before");
    drop(server);
    ana.wait_for("The connection is lost; next try in ");
    for text in ["one", "two", "three"] {
        ana.enter(text);
        ana.wait_for(&format!("… {text} (waiting)"));
    }
    let server = Server::start_on(port, &options);
    let mut ben = Member::come(&server, "ben");
    let screen = ana.wait_until("all to be sent", |screen| {
        screen.text().contains("The connection is back") && !screen.text().contains("(waiting)")
    });
    let said: Vec<&str> =
        screen.lines().filter_map(|line| line.split_once("ana: ").map(|(_, text)| text)).collect();
    assert_eq!(said, ["before", "one", "two", "three"], "{screen}");
    ben.say("end");
    ana.wait_for("ben: end");
    let history = Member::open(&server, "?name=cy", None);
    let messages = history.welcome["messages"].as_array().unwrap();
    let texts: Vec<&str> = messages.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["before", "one", "two", "three", "end"]);
}

#[test]
fn what_was_missed_is_shown_in_order_even_if_it_is_more_than_a_page() {
    let server = Server::start_without_pace(&[]);
    let proxy = Proxy::to(server.port);
    let mut ben = Member::come(&server, "ben");
    let ana = Terminal::chat(proxy.port, "ana", 80);
    ben.say_and_wait_among("0");
    ana.wait_for("ben: 0");
    proxy.cut();
    ana.wait_for("The connection is lost");
    for number in 1..=250 {
        ben.say_and_wait_among(&number.to_string());
    }
    proxy.mend();
    let screen = ana.wait_for("ben: 250");
    let said: Vec<&str> =
        screen.lines().filter_map(|line| line.split_once("ben: ").map(|(_, text)| text)).collect();
    let expected: Vec<String> = (0..=250).map(|number| number.to_string()).collect();
    assert_eq!(said, expected);
}

#[test]
fn an_ack_that_is_lost_leads_to_no_second_message() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port);
    let mut ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(proxy.port, "ana", 80);
    proxy.deafen();
    ana.enter("once");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "once");
    ana.wait_for("… once (waiting)");
    proxy.cut();
    proxy.mend();
    let screen = ana.wait_until("the ack", |screen| {
        screen.text().contains("The connection is back") && !screen.text().contains("(waiting)")
    });
    assert_eq!(screen.matches("ana: once").count(), 1, "{screen}");
    ana.enter("twice");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "twice");
}

#[test]
fn a_private_message_does_not_go_to_a_server_that_has_forgotten_for_whom_it_was() {
    let server = Server::start(&[]);
    let port = server.port;
    let _ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(port, "ana", 80);
    drop(server);
    ana.wait_for("The connection is lost");
    ana.enter("/msg ben psst");
    ana.wait_for("… (private) to ben: psst (waiting)");
    ana.enter("hello");
    ana.wait_for("… hello (waiting)");
    let server = Server::start_on(port, &[]);
    ana.wait_for("Not sent: psst");
    ana.wait_for("ana: hello");
    let cy = Member::come(&server, "cy");
    assert_eq!(cy.welcome["messages"].as_array().unwrap().len(), 1);
}

/// A server that lets each client in, and then does this with its connection.
fn fake_server(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (head, _) = http::read_head(&stream, 16_384, PATIENCE).unwrap();
            let response = handshake::upgrade(&http::parse(&head).unwrap()).unwrap();
            let welcome =
                json!({ "type": "welcome", "you": { "id": 1, "name": "ana" }, "limits": { "text": 100 } });
            let first = [response.to_bytes(false), frames::text(&welcome.to_string())].concat();
            stream.write_all(&first).unwrap();
            serve(stream);
        }
    });
    port
}

#[test]
fn another_connection_with_the_same_token_ends_it_with_a_sentence() {
    let port = fake_server(|mut stream| stream.write_all(&frames::close(4001, "taken over")).unwrap());
    let screen = Terminal::run(80, &format!("{}; echo ended with $?.", console(port, "ana")));
    let screen = screen.wait_for("ended with 1.");
    assert!(screen.contains("the chat goes on elsewhere"), "{screen}");
}

#[test]
fn a_client_masks_each_frame_with_a_new_key_and_answers_pings_between_them() {
    let (tell, told) = mpsc::channel();
    let port = fake_server(move |mut stream| {
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
    let says: Vec<&[u8]> = texts.filter(|text| text.starts_with(b"{\"type\":\"say\"")).collect();
    let say = |text, number| format!(r#"{{"type":"say","text":"{text}","ref":"{number}"}}"#).into_bytes();
    assert_eq!(says, [say("hello", 1), say("again", 2)]);
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
fn a_passphrase_is_asked_for_with_a_sentence() {
    let server = Server::start(&["--passphrase", "two words"]);
    let run = |more: &str| {
        Terminal::run(80, &format!("{} {more}; echo ended with $?.", console(server.port, "ana")))
    };
    for more in ["", "--passphrase wrong"] {
        let screen = run(more).wait_for("ended with 1.");
        assert!(screen.contains("the passphrase is missing or wrong; use --passphrase P"), "{screen}");
    }
    run("--passphrase 'two words'").wait_for("You are ana");
}

#[test]
fn what_is_not_acknowledged_is_said_at_the_end_whatever_ends_it() {
    let mut server = Server::start(&["--pace", "1"]);
    let command = format!("{}; echo ended with $?.", console(server.port, "ana"));
    let mut ana = Terminal::run(80, &command);
    ana.wait_until("the prompt", |screen| screen.brackets_pastes && screen.before_cursor() == "> ");
    for number in 0..6 {
        ana.enter(&format!("text {number}")); // two at once, then one a second
    }
    server.type_line("kick ana");
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let screen = squeeze(&ana.wait_for("ended with 1."));
    let count = |before: &str| {
        (0..6).filter(|number| screen.contains(&squeeze(&format!("{before}: text {number}")))).count()
    };
    assert!(screen.contains("hasthrownyouout"), "{screen}");
    assert!(count("ana") + count("not acknowledged") >= 6, "{screen}");
}
