//! The wire view shows the frames of another connection byte by byte, in order, and none that never left.

use std::io::Write;
use std::thread;

use serde_json::{Value, json};

use crate::support::chat::Member;
use crate::support::wire_view::*;
use crate::support::*;

/// The masked "Hello" of RFC 6455, 5.7.
const HELLO: &[u8] = b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58";

#[test]
fn each_message_of_a_view_has_its_exact_text() {
    let server = Server::start(&[]);
    let mut view = View::open(&server, WIRE_ID);
    let mut echo = server.open(&watched_path("/echo"));
    echo.send_raw(HELLO);
    echo.expect_text("Hello");
    echo.send(0x88, b"\x03\xE8");
    echo.expect_close(1000);
    drop(echo);
    let messages = [
        r#"{"type":"handshake","client":2,"request":"GET /echo?wire=Wire-id_of-16chr HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n","response":"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n","accept":"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}"#,
        r#"{"type":"frame","client":2,"from":"client","header":"818537fa213d","length":5,"payload":"7f9f4d5158"}"#,
        r#"{"type":"frame","client":2,"from":"server","header":"8105","length":5,"payload":"48656c6c6f"}"#,
        r#"{"type":"frame","client":2,"from":"client","header":"888237fa213d","length":2,"payload":"3412"}"#,
        r#"{"type":"frame","client":2,"from":"server","header":"8802","length":2,"payload":"03e8"}"#,
        r#"{"type":"gone","client":2}"#,
    ];
    for message in messages {
        assert_eq!(view.read_text(), message);
    }
}

#[test]
fn fragments_pings_pongs_and_empty_frames_are_shown() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    let frame = |from, header, length, payload| {
        json!({
            "type": "frame", "client": client, "from": from,
            "header": header, "length": length, "payload": payload,
        })
    };
    for (bytes, reply, shown) in [
        (client_frame(0x01, b"Hel"), None, frame("client", "018337fa213d", 3, "7f9f4d")),
        (client_frame(0x89, b"?"), Some(0x8A), frame("client", "898137fa213d", 1, "08")),
        (client_frame(0x00, b""), None, frame("client", "008037fa213d", 0, "")),
        (client_frame(0x8A, b"!"), None, frame("client", "8a8137fa213d", 1, "16")),
        (client_frame(0x80, b"lo"), Some(0x81), frame("client", "808237fa213d", 2, "5b95")),
        (client_frame(0x82, b""), Some(0x82), frame("client", "828037fa213d", 0, "")),
    ] {
        echo.send_raw(&bytes);
        view.expect(&shown);
        if let Some(first) = reply {
            let reply = echo.read();
            assert_eq!(reply.first, first);
            view.expect_frame(client, "server", &server_frame(first, &reply.payload));
        }
    }
}

#[test]
fn payloads_of_any_length_are_shown_up_to_256_bytes() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    for size in [0, 1, 125, 126, 255, 256, 257, 65_535, 65_536, 1_000_000] {
        let payload: Vec<u8> = (0..size).map(|i| (i ^ (i >> 8)) as u8).collect();
        echo.send(0x82, &payload);
        assert!(echo.read().payload == payload);
        view.expect_frame(client, "client", &client_frame(0x82, &payload));
        view.expect_frame(client, "server", &server_frame(0x82, &payload));
    }
}

#[test]
fn frames_are_shown_whole_however_their_bytes_arrive() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    let frames = [
        client_frame(0x82, &[7; 300]),
        client_frame(0x82, b""),
        client_frame(0x82, &[8; 125]),
        client_frame(0x82, &[9; 70_000]),
        client_frame(0x82, &[10; 256]),
    ];
    // The first three byte by byte; then all of them in pieces of 331 bytes, and in one write.
    for (frames, size) in [(&frames[..3], 1), (&frames, 331), (&frames, usize::MAX)] {
        for piece in frames.concat().chunks(size) {
            echo.send_raw(piece);
        }
        for _ in frames {
            echo.read();
        }
        // Only the order within each direction is known, because echoes leave while later frames arrive.
        let mut seen: Vec<Value> = (0..2 * frames.len()).map(|_| view.read()).collect();
        seen.retain(|message| message["from"] == "client");
        let sent: Vec<Value> = frames.iter().map(|frame| message_about(client, "client", frame)).collect();
        assert_eq!(seen, sent);
    }
}

#[test]
fn frames_that_arrive_with_the_request_are_shown() {
    let server = Server::start(&[]);
    let mut view = View::open(&server, WIRE_ID);
    let path = watched_path("/echo");
    let mut stream = server.connect();
    // One whole frame, and the beginning of another.
    let mut bytes = upgrade_request(&path, "").into_bytes();
    bytes.extend([HELLO, &HELLO[..3]].concat());
    stream.write_all(&bytes).unwrap();
    let client = view.expect_handshake(&path);
    view.expect_frame(client, "client", HELLO);
    view.expect_frame(client, "server", b"\x81\x05Hello");
    stream.write_all(&HELLO[3..]).unwrap();
    view.expect_frame(client, "client", HELLO);
    view.expect_frame(client, "server", b"\x81\x05Hello");
}

#[test]
fn a_view_that_opens_in_the_middle_of_a_frame_begins_with_the_next() {
    let server = Server::start(&[]);
    let cuts = [(5, 1), (5, 5), (5, 6), (5, 10), (300, 5), (300, 8), (300, 290), (70_000, 900)];
    for (size, cut) in cuts {
        let id = format!("{WIRE_ID}-{size}-{cut}");
        let path = format!("/echo?wire={id}");
        let mut echo = server.open(&path);
        let frame = client_frame(0x82, &vec![1; size]);
        // In one packet with a ping: when the pong comes, the server has read the rest as well.
        echo.send_raw(&[&client_frame(0x89, b""), &frame[..cut]].concat());
        assert_eq!(echo.read().first, 0x8A);
        let mut view = View::open(&server, &id);
        let client = view.expect_handshake(&path);
        echo.send_raw(&frame[cut..]);
        assert_eq!(echo.read().payload.len(), size);
        view.expect_frame(client, "server", &server_frame(0x82, &vec![1; size]));
        round_trip(&mut echo, &mut view, client);
    }
}

#[test]
fn frames_against_the_protocol_are_shown() {
    let server = Server::start(&[]);
    for (frame, header, payload) in [
        (client_frame(0x83, b"?"), "838137fa213d", "08"),
        (client_frame(0xF1, b"?"), "f18137fa213d", "08"),
        (b"\x81\x05Hello".to_vec(), "8105", "48656c6c6f"),
        (b"\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0".to_vec(), "", ""),
    ] {
        let (mut echo, mut view, client) = watched_echo(&server);
        echo.send_raw(&frame);
        let close = echo.read();
        assert_eq!(close.first, 0x88);
        // The last one announces 2^64 - 1 bytes of payload and sends none, so there is nothing to show.
        if !header.is_empty() {
            view.expect(&json!({
                "type": "frame", "client": client, "from": "client",
                "header": header, "length": payload.len() / 2, "payload": payload,
            }));
        }
        view.expect_frame(client, "server", &server_frame(0x88, &close.payload));
        drop(echo);
        view.expect_gone(client);
    }
}

#[test]
fn frames_after_the_servers_close_are_shown() {
    let server = Server::start(&[]);
    // The client's answer to the Close, which the server ignores.
    let (mut echo, mut view, client) = watched_echo(&server);
    echo.send_raw(&client_frame(0x83, b"?"));
    let close = echo.read();
    view.expect_frame(client, "client", &client_frame(0x83, b"?"));
    view.expect_frame(client, "server", &server_frame(0x88, &close.payload));
    echo.send(0x88, &close.payload);
    view.expect_frame(client, "client", &client_frame(0x88, &close.payload));
    drop(echo);
    view.expect_gone(client);
    // The beginning of a payload that is too long: the server sends its Close when it has the header.
    let (mut echo, mut view, client) = watched_echo(&server);
    let (head, rest) = (b"\x82\xFF\0\0\0\0\x01\0\0\x01\0\0\0\0", [7; 256]);
    echo.send_raw(head);
    let close = echo.read();
    assert_eq!(close.payload[..2], 1009u16.to_be_bytes());
    view.expect_frame(client, "server", &server_frame(0x88, &close.payload));
    echo.send_raw(&rest);
    view.expect(&json!({
        "type": "frame", "client": client, "from": "client",
        "header": hex(head), "length": (16 << 20) + 1, "payload": hex(&rest),
    }));
}

#[test]
fn in_the_chat_the_handshake_is_shown_before_all_frames() {
    let server = Server::start_without_pace(&[]);
    for round in 0..10 {
        let id = format!("{WIRE_ID}-{round}");
        let path = format!("/chat?wire={id}");
        // Others talk while a newcomer joins.
        let talkers: Vec<_> = (0..3).map(|_| Member::open(&server, "", None)).collect();
        let talking = talkers.into_iter().map(|mut talker| {
            thread::spawn(move || {
                for number in 0..30 {
                    talker.say(&format!("{number}"));
                }
                talker.peer
            })
        });
        let talking: Vec<_> = talking.collect();
        let mut view = View::open(&server, &id);
        let mut newcomer = server.open(&path);
        let _talkers: Vec<Peer> = talking.into_iter().map(|it| it.join().unwrap()).collect();
        newcomer.send_text(r#"{"type":"say","text":"the last","ref":"the last"}"#);
        let client = view.expect_handshake(&path);
        let (mut received, mut is_last) = (Vec::new(), false);
        while !is_last {
            let frame = newcomer.read();
            is_last = frame.payload.starts_with(br#"{"type":"ack""#);
            received.push(message_about(client, "server", &server_frame(frame.first, &frame.payload)));
        }
        let mut seen = Vec::new();
        while seen.len() < received.len() {
            let message = view.read();
            if message["from"] == "server" {
                seen.push(message);
            }
        }
        assert!(seen == received, "{seen:#?}\n{received:#?}");
    }
}

#[test]
fn frames_that_a_slow_client_never_gets_are_not_shown() {
    let server = Server::start_without_pace(&[]);
    let path = watched_path("/broadcast");
    let (mut view, mut slow) = (View::open(&server, WIRE_ID), server.open(&path));
    let client = view.expect_handshake(&path);
    let mut other = server.open("/broadcast");
    for number in 0..200u8 {
        other.send(0x82, &vec![number; 65_536]);
        assert_eq!(other.read().payload[0], number);
    }
    let mut last = 0x82;
    while last != 0x88 {
        let frame = slow.read();
        last = frame.first;
        view.expect_frame(client, "server", &server_frame(frame.first, &frame.payload));
    }
    drop(slow);
    view.expect_gone(client);
}

#[test]
fn a_message_of_16_mib_is_shown() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    let payload: Vec<u8> = (0..16u32 << 20).map(|i| (i ^ (i >> 11)) as u8).collect();
    echo.send(0x82, &payload);
    echo.expect_frame(0x82, &payload);
    view.expect_frame(client, "client", &client_frame(0x82, &payload));
    view.expect_frame(client, "server", &server_frame(0x82, &payload));
    // The same in fragments, as browsers send it.
    let pieces: Vec<&[u8]> = payload.chunks(131_072).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let frame = client_frame(if at == 0 { 0x02 } else { 0x00 }, piece);
        echo.send_raw(&frame);
        view.expect_frame(client, "client", &frame);
    }
    echo.send(0x80, b"");
    view.expect_frame(client, "client", &client_frame(0x80, b""));
    view.expect_frame(client, "server", &server_frame(0x82, &payload));
    assert!(echo.read().payload == payload);
    round_trip(&mut echo, &mut view, client);
}
