//! The wire view: what `/wire` shows of another connection, byte by byte.

use std::io::Write;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::chat::Member;
use crate::support::*;

const ID: &str = "Wire-id_of-16chr";

/// The masked "Hello" of RFC 6455, 5.7.
const HELLO: &[u8] = b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58";

/// A view. Each test says exactly which message has to be the next one, and so that there is no other.
struct View(Peer);

impl View {
    fn open(server: &Server, id: &str) -> View {
        View(server.open(&format!("/wire?id={id}")))
    }

    /// The next message as it came, but for the time, which has to be of these days and to have three
    /// decimals. Pings, which come after 20 s on a slow machine, are no messages.
    fn read_text(&mut self) -> String {
        let frame = loop {
            let frame = self.0.read();
            if frame.first != 0x89 {
                break frame;
            }
        };
        assert_eq!(frame.first, 0x81, "a text: {frame:?}");
        let text = String::from_utf8(frame.payload).unwrap();
        let Some((before, after)) = text.split_once("\"at\":") else { return text };
        let (at, after) = after.split_once(',').unwrap();
        let (seconds, micros) = at.split_at(at.len() - 7);
        let seconds: u64 = seconds.parse().unwrap_or_else(|_| panic!("{text}"));
        let age = UNIX_EPOCH.elapsed().unwrap().abs_diff(Duration::from_secs(seconds));
        assert!(age < PATIENCE && micros.as_bytes()[3] == b'.', "{text}");
        format!("{before}{after}")
    }

    fn read(&mut self) -> Value {
        serde_json::from_str(&self.read_text()).expect("JSON")
    }

    #[track_caller]
    fn expect(&mut self, expected: &Value) {
        assert_eq!(self.read(), *expected);
    }

    /// The next message has to be a handshake with this path; returns the client's number.
    #[track_caller]
    fn expect_handshake(&mut self, path: &str) -> u64 {
        let handshake = self.read();
        let client = handshake["client"].as_u64().expect("a number");
        let request = upgrade_request(path, "");
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
        );
        let expected = json!({
            "type": "handshake", "client": client,
            "request": request, "response": response, "accept": ACCEPT,
        });
        assert_eq!(handshake, expected);
        client
    }

    /// What is shown of a frame from this client, or to it.
    #[track_caller]
    fn expect_frame(&mut self, client: u64, from: &str, frame: &[u8]) {
        self.expect(&shown(client, from, frame));
    }
}

/// What has to be shown of a frame.
fn shown(client: u64, from: &str, frame: &[u8]) -> Value {
    let mask = if from == "client" { 4 } else { 0 };
    let (header, payload) = match frame[1] & 0x7F {
        126 => frame.split_at(4 + mask),
        127 => frame.split_at(10 + mask),
        _ => frame.split_at(2 + mask),
    };
    json!({
        "type": "frame", "client": client, "from": from,
        "header": hex(header), "length": payload.len(),
        "payload": hex(&payload[..payload.len().min(256)]),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A frame as servers send it.
fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut frame = match length {
        0..=125 => vec![first, length as u8],
        126..=65_535 => [&[first, 126], &(length as u16).to_be_bytes()[..]].concat(),
        _ => [&[first, 127], &(length as u64).to_be_bytes()[..]].concat(),
    };
    frame.extend_from_slice(payload);
    frame
}

/// The path of a connection that can be watched.
fn tapped(door: &str) -> String {
    format!("{door}?wire={ID}")
}

/// A connection to `/echo` and a view of it, which has seen the handshake.
fn watched_echo(server: &Server) -> (Peer, View, u64) {
    let mut view = View::open(server, ID);
    let path = tapped("/echo");
    let echo = server.open(&path);
    let client = view.expect_handshake(&path);
    (echo, view, client)
}

/// Says something on `/echo` and waits for it, so that the server has read all that came before.
fn round_trip(echo: &mut Peer, view: &mut View, client: u64) {
    echo.send_text("next");
    assert_eq!(echo.read_text(), "next");
    view.expect_frame(client, "client", &client_frame(0x81, b"next"));
    view.expect_frame(client, "server", &server_frame(0x81, b"next"));
}

#[test]
fn hello_word_for_word() {
    let server = Server::start(&[]);
    let mut view = View::open(&server, ID);
    let mut echo = server.open(&tapped("/echo"));
    echo.send_raw(HELLO);
    assert_eq!(echo.read_text(), "Hello");
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
fn fragments_pings_pongs_and_empty_frames() {
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
fn every_form_of_length_and_no_more_than_256_bytes() {
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
fn frames_in_whatever_pieces() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    let frames = [
        client_frame(0x82, &[7; 300]),
        client_frame(0x82, b""),
        client_frame(0x82, &[8; 125]),
        client_frame(0x82, &[9; 70_000]),
        client_frame(0x82, &[10; 256]),
    ];
    // The small ones byte by byte; all in pieces of no particular size, and at once.
    for (frames, size) in [(&frames[..3], 1), (&frames, 331), (&frames, usize::MAX)] {
        for piece in frames.concat().chunks(size) {
            echo.send_raw(piece);
        }
        for _ in frames {
            echo.read();
        }
        // Only the order in each direction is known: echoes pass while later frames arrive.
        let mut seen: Vec<Value> = (0..2 * frames.len()).map(|_| view.read()).collect();
        seen.retain(|message| message["from"] == "client");
        let sent: Vec<Value> = frames.iter().map(|frame| shown(client, "client", frame)).collect();
        assert_eq!(seen, sent);
    }
}

#[test]
fn frames_that_come_with_the_request() {
    let server = Server::start(&[]);
    let mut view = View::open(&server, ID);
    let path = tapped("/echo");
    let mut stream = server.connect();
    // One whole, and one that goes on later.
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
        let id = format!("{ID}-{size}-{cut}");
        let path = format!("/echo?wire={id}");
        let mut echo = server.open(&path);
        let frame = client_frame(0x82, &vec![1; size]);
        // In one packet with a ping: when that has been answered, the rest has been read as well.
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
fn what_is_against_the_protocol_is_shown_too() {
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
        // Of the one that announces the most possible, none of the payload comes.
        if !header.is_empty() {
            view.expect(&json!({
                "type": "frame", "client": client, "from": "client",
                "header": header, "length": payload.len() / 2, "payload": payload,
            }));
        }
        view.expect_frame(client, "server", &server_frame(0x88, &close.payload));
        drop(echo);
        view.expect(&json!({ "type": "gone", "client": client }));
    }
}

#[test]
fn what_comes_after_our_close_is_shown_too() {
    let server = Server::start(&[]);
    // The answer to it, which nobody has to hear any more.
    let (mut echo, mut view, client) = watched_echo(&server);
    echo.send_raw(&client_frame(0x83, b"?"));
    let close = echo.read();
    view.expect_frame(client, "client", &client_frame(0x83, b"?"));
    view.expect_frame(client, "server", &server_frame(0x88, &close.payload));
    echo.send(0x88, &close.payload);
    view.expect_frame(client, "client", &client_frame(0x88, &close.payload));
    drop(echo);
    view.expect(&json!({ "type": "gone", "client": client }));
    // What a too long frame begins with, when its header was enough for the Close.
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
fn in_the_chat_everything_comes_behind_the_handshake() {
    let server = Server::start_without_pace(&[]);
    for round in 0..10 {
        let id = format!("{ID}-{round}");
        let path = format!("/chat?wire={id}");
        // Others talk while somebody comes in.
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
            received.push(shown(client, "server", &server_frame(frame.first, &frame.payload)));
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
fn what_a_slow_client_never_gets_is_not_shown() {
    let server = Server::start_without_pace(&[]);
    let path = tapped("/broadcast");
    let (mut view, mut slow) = (View::open(&server, ID), server.open(&path));
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
    view.expect(&json!({ "type": "gone", "client": client }));
}

#[test]
fn the_newest_connection_is_watched() {
    let server = Server::start(&[]);
    let (mut first, mut view, one) = watched_echo(&server);
    round_trip(&mut first, &mut view, one);
    let path = tapped("/broadcast");
    let mut second = server.open(&path);
    let two = view.expect_handshake(&path);
    assert!(two > one);
    // From now on the older one is not shown, not even its end.
    first.send_text("unseen");
    assert_eq!(first.read_text(), "unseen");
    first.send(0x88, b"");
    assert_eq!(first.read().first, 0x88);
    drop(first);
    server.wait_for_log("left /echo");
    let mut late = View::open(&server, ID);
    assert_eq!(late.expect_handshake(&path), two);
    for number in 0..3 {
        second.send_text(&number.to_string());
        second.read();
        for view in [&mut view, &mut late] {
            let payload = number.to_string();
            view.expect_frame(two, "client", &client_frame(0x81, payload.as_bytes()));
            view.expect_frame(two, "server", &server_frame(0x81, payload.as_bytes()));
        }
    }
    // It breaks, and comes back.
    drop(second);
    for view in [&mut view, &mut late] {
        view.expect(&json!({ "type": "gone", "client": two }));
    }
    let path = tapped("/echo");
    let mut third = server.open(&path);
    let three = view.expect_handshake(&path);
    assert_eq!(late.expect_handshake(&path), three);
    round_trip(&mut third, &mut view, three);
}

#[test]
fn whoever_does_not_know_the_id_sees_nothing() {
    let server = Server::start(&[]);
    let other = "wire-id_of-16chr"; // case matters
    let mut stranger = View::open(&server, other);
    let mut second = View::open(&server, other);
    let (mut echo, mut view, client) = watched_echo(&server);
    round_trip(&mut echo, &mut view, client);
    drop(echo);
    view.expect(&json!({ "type": "gone", "client": client }));
    // A connection that cannot be watched, because its id is too easy to guess.
    let mut echo = server.open("/echo?wire=1");
    echo.send_text("unseen");
    assert_eq!(echo.read_text(), "unseen");
    // Views cannot be watched.
    drop(server.open(&format!("/wire?id={ID}&wire={other}")));
    // So the first thing that it sees is this, and nothing tells that the id was not known before.
    let path = format!("/?wire={other}");
    let _known = server.open(&path);
    stranger.expect_handshake(&path);
    second.expect_handshake(&path);
}

#[test]
fn who_is_let_in() {
    let server = Server::start(&[]);
    let ask = |path: &str, more: &str| server.exchange(upgrade_request(path, more));
    let long = "x".repeat(65);
    for id in
        ["", "fifteen-letters", &long, "sixteen%20letters", "sixteen.letters!", "%FFteen-letters1"]
    {
        let reply = ask(&format!("/wire?id={id}"), "");
        assert_eq!(reply.status, 400, "{id:?}: {reply:?}");
        assert!(reply.text().contains("A-Z a-z 0-9"), "{reply:?}");
    }
    assert_eq!(ask("/wire", "").status, 400);
    let path = format!("/wire?id={ID}");
    assert_eq!(ask(&path, "Origin: http://evil.example\r\n").status, 403);
    let elsewhere = upgrade_request(&path, "").replace("localhost", "evil.example");
    assert_eq!(server.exchange(elsewhere).status, 421);
    let plain = server.exchange(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_eq!((plain.status, plain.header("Upgrade")), (426, Some("websocket")));
    for id in [&long[..16], &long[..64]] {
        server.open(&format!("/wire?id={id}"));
    }
    // An id says who may watch, so it is not for the log.
    server.open(&tapped("/echo"));
    let log = server.wait_for_log("came to /echo");
    assert!(log.contains("came to /wire") && !log.contains(ID) && !log.contains("xxxx"), "{log}");
}

#[test]
fn what_a_view_says_is_ignored() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    view.0.send_text("{\"type\":\"say\",\"text\":\"hello\"}");
    view.0.send(0x82, b"\0");
    view.0.send(0x89, b"there?");
    assert_eq!(view.0.read(), Frame { first: 0x8A, payload: b"there?".to_vec() });
    round_trip(&mut echo, &mut view, client);
    view.0.send(0x88, b"\x03\xE8");
    view.0.expect_close(1000);
    echo.send_text("alone again");
    assert_eq!(echo.read_text(), "alone again");
}

#[test]
fn a_view_that_does_not_read_is_closed_and_nobody_else_notices() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    let before = server.status("VmRSS");
    // Each is shown with some 700 bytes, twice: that is far more than kernels take.
    for number in 0..12_000u32 {
        let payload = [&number.to_be_bytes()[..], &[7; 300]].concat();
        echo.send(0x82, &payload);
        assert!(echo.read().payload == payload, "message {number}");
    }
    let after = server.status("VmRSS");
    assert!(after < before + 16 * 1024, "{before} kB, then {after} kB");
    // What it gets is whole, and in order.
    let mut received = 0u32;
    let close = loop {
        let frame = view.0.read();
        if frame.first == 0x88 {
            break frame;
        }
        let message: Value = serde_json::from_slice(&frame.payload).unwrap();
        let payload = [&(received / 2).to_be_bytes()[..], &[7; 300]].concat();
        let expected = match received % 2 {
            0 => shown(client, "client", &client_frame(0x82, &payload)),
            _ => shown(client, "server", &server_frame(0x82, &payload)),
        };
        assert_eq!(message["payload"], expected["payload"], "message {received}");
        received += 1;
    };
    assert_eq!(close.payload, b"\x03\xF5too slow: come back");
    assert!(received > 100 && received < 24_000, "{received}");
    // And it may come back.
    let mut view = View::open(&server, ID);
    assert_eq!(view.expect_handshake(&tapped("/echo")), client);
    round_trip(&mut echo, &mut view, client);
}

#[test]
fn sixteen_mebibytes_with_a_view() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    let payload: Vec<u8> = (0..16u32 << 20).map(|i| (i ^ (i >> 11)) as u8).collect();
    echo.send(0x82, &payload);
    assert!(echo.read() == Frame { first: 0x82, payload: payload.clone() });
    view.expect_frame(client, "client", &client_frame(0x82, &payload));
    view.expect_frame(client, "server", &server_frame(0x82, &payload));
    // And in fragments, as browsers send it.
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

#[test]
fn views_come_and_go() {
    let server = Server::start(&[]);
    let path = tapped("/echo");
    let mut echo = server.open(&path);
    for round in 0..100u8 {
        let mut views: Vec<View> = (0..3).map(|_| View::open(&server, ID)).collect();
        echo.send(0x82, &[round]);
        echo.read();
        for view in &mut views {
            let client = view.expect_handshake(&path);
            view.expect_frame(client, "client", &client_frame(0x82, &[round]));
            view.expect_frame(client, "server", &server_frame(0x82, &[round]));
        }
        // One says goodbye, the others vanish.
        views[0].0.send(0x88, b"");
        assert_eq!(views[0].0.read().first, 0x88);
    }
    echo.send_text("alone");
    assert_eq!(echo.read_text(), "alone");
}
