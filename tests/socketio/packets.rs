//! What the Socket.IO library puts into WebSocket messages, packet by packet.

use std::io::Write;

use serde_json::Value;

use crate::support::*;

/// The path of today's clients, and of those before 2020.
const V4: &str = "/socket.io/?EIO=4&transport=websocket";
const V3: &str = "/socket.io/?EIO=3&transport=websocket";

/// Opens a connection, and reads the open packet.
fn open(server: &Server, path: &str) -> Peer {
    let mut peer = server.open(path);
    check_open_packet(&peer.read_text(), "[]", 1 << 20);
    peer
}

/// Checks an open packet, and returns its `sid`.
pub fn check_open_packet(packet: &str, upgrades: &str, max_payload: usize) -> String {
    let open: Value = serde_json::from_str(packet.strip_prefix('0').expect("an open packet")).unwrap();
    let sid = open["sid"].as_str().unwrap().to_string();
    assert!(sid.len() >= 22, "{packet}");
    let others = format!(
        "\"upgrades\":{upgrades},\"pingInterval\":20000,\"pingTimeout\":30000,\"maxPayload\":{max_payload}"
    );
    assert_eq!(packet, format!("0{{\"sid\":\"{sid}\",{others}}}"));
    sid
}

/// Opens a connection and connects to the namespace `/`.
fn connect(server: &Server) -> Peer {
    let mut peer = open(server, V4);
    peer.send_text("40");
    check_connected(&peer.read_text());
    peer
}

fn check_connected(packet: &str) {
    let answer: Value = serde_json::from_str(packet.strip_prefix("40").expect("connected")).unwrap();
    assert!(answer["sid"].as_str().unwrap().len() >= 22, "{packet}");
}

#[test]
fn an_event_goes_to_every_client_and_its_sender() {
    let server = Server::start(&[]);
    let (mut ana, mut ben) = (connect(&server), connect(&server));
    let mut old = open(&server, V3);
    old.expect_text("40");
    for (sender, text) in [(0, "from ana"), (1, "from ben"), (2, "Grüße 😀 \\u0000 \\\"")] {
        let event = format!("42[\"chat message\",\"{text}\",{{\"n\":12345678901234567890}}]");
        [&mut ana, &mut ben, &mut old][sender].send_text(&event);
        for peer in [&mut ana, &mut ben, &mut old] {
            peer.expect_text(&event); // the very same text
        }
    }
}

#[test]
fn an_event_with_a_number_is_acknowledged() {
    let server = Server::start(&[]);
    let (mut ana, mut ben) = (connect(&server), connect(&server));
    for number in ["0", "7", "9007199254740991"] {
        ana.send_text(&format!("42{number}[\"chat message\",\"hi\"]"));
        ana.expect_text("42[\"chat message\",\"hi\"]");
        ana.expect_text(format!("43{number}[]"));
        ben.expect_text("42[\"chat message\",\"hi\"]"); // without the number, which is ana's
    }
}

#[test]
fn a_client_that_is_not_connected_to_the_namespace_gets_no_events() {
    let server = Server::start(&[]);
    let (mut ana, mut ben, mut new) = (connect(&server), connect(&server), open(&server, V4));
    ben.send_text("41"); // disconnects, and keeps the connection
    ben.send_text("2");
    ben.expect_text("3");
    ana.send_text("42[\"a\"]");
    ana.expect_text("42[\"a\"]");
    for peer in [&mut ben, &mut new] {
        peer.send_text("2");
        peer.expect_text("3");
        peer.send_text("40");
        check_connected(&peer.read_text());
        peer.send_text("42[\"b\"]");
        peer.expect_text("42[\"b\"]");
        ana.expect_text("42[\"b\"]");
    }
    ben.expect_text("42[\"b\"]"); // the new client's
}

#[test]
fn other_namespaces_are_refused_as_the_protocol_says() {
    let server = Server::start(&[]);
    let mut ana = connect(&server);
    ana.send_text("40/admin,{\"token\":\"x\"}");
    ana.expect_text("44/admin,{\"message\":\"Invalid namespace\"}");
    ana.send_text("40/admin");
    ana.expect_text("44/admin,{\"message\":\"Invalid namespace\"}");
    ana.send_text("42[\"still here\"]");
    ana.expect_text("42[\"still here\"]");
    let mut old = open(&server, V3);
    old.expect_text("40");
    old.send_text("40/admin?token=x,");
    old.expect_text("44/admin,\"Invalid namespace\"");
}

#[test]
fn pings_of_either_side_are_answered() {
    let server = Server::start(&[]);
    let mut old = open(&server, V3);
    old.expect_text("40");
    old.send_text("2");
    old.expect_text("3");
    old.send_text("2probe");
    old.expect_text("3probe");
    let mut ana = connect(&server);
    for packet in ["3", "6", "5", "430[]"] {
        ana.send_text(packet); // asks for nothing
    }
    ana.send_text("2");
    ana.expect_text("3");
}

#[test]
fn an_event_of_1_mib_arrives_and_a_longer_one_gets_1009() {
    let server = Server::start(&[]);
    let (mut ana, mut ben) = (connect(&server), connect(&server));
    let event = format!("42[\"chat message\",\"{}\"]", "x".repeat(1 << 20));
    ana.send_text(&event);
    for peer in [&mut ana, &mut ben] {
        peer.expect_text(&event);
    }
    ana.send_text(&"x".repeat((1 << 20) + 4097));
    ana.expect_close(1009);
    server.assert_serves();
}

/// As a tree, each of these events takes 75 MB.
#[test]
fn events_of_many_small_parts_take_no_more_memory_than_others() {
    let server = Server::start_without_pace(&["--log", "warn"]);
    let event = format!("42[\"draw\",{}]", vec![r#"{"a":[]}"#; 110_000].join(","));
    let threads = [(); 20].map(|()| {
        let (mut peer, event) = (connect(&server), event.clone());
        std::thread::spawn(move || {
            peer.send_text("41"); // so that it gets no event of another
            peer.send_text(&event);
            peer.expect_close(1002); // an event of a client that is not connected
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let peak = server.status("VmHWM");
    assert!(peak < 100_000, "{peak} kB at the most");
}

#[test]
fn each_wrong_packet_ends_its_connection_with_a_code_and_a_sentence() {
    let server = Server::start(&[]);
    let mut other = connect(&server);
    let deep = format!("42[\"a\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
    let cases: &[(&str, u16)] = &[
        ("", 1002),
        ("x", 1002),
        ("7", 1002),
        ("0{}", 1002),
        ("ü", 1002),
        ("4", 1002),
        ("4x", 1002),
        ("47", 1002),
        ("499[\"a\"]", 1002),
        ("42", 1007),
        ("42{", 1007),
        ("42[", 1007),
        ("42[]", 1007),
        ("42[\"a\"", 1007),
        ("42[\"a\"]]", 1007),
        ("42[null]", 1007),
        ("42[{}]", 1007),
        ("42\"a\"", 1007),
        ("42{\"a\":1}", 1007),
        ("42[\"\\ud83d\"]", 1007),
        ("42[\"disconnect\"]", 1007),
        ("42[\"connect_error\",\"x\"]", 1007),
        ("4212345678901234567[\"a\"]", 1007),
        ("4299", 1007),
        ("43", 1007),
        ("431", 1007),
        ("40[", 1007),
        ("40[]", 1007),
        (&deep, 1007),
        ("42/admin,[\"a\"]", 1002),
        ("41/admin,", 1002),
        ("43/admin,1[]", 1002),
        ("44{\"message\":\"x\"}", 1002),
        ("45", 1003),
        ("451-[\"a\",{\"_placeholder\":true,\"num\":0}]", 1003),
        ("461-0[]", 1003),
        ("1", 1000),
    ];
    for (packet, code) in cases {
        println!("{}", packet.chars().take(60).collect::<String>());
        let mut peer = connect(&server);
        peer.send_text(packet);
        peer.expect_close(*code);
    }
    let mut peer = connect(&server);
    peer.send(0x82, b"binary");
    peer.expect_close(1003);
    // The sentences tell apart what is a server's packet, and what is for a namespace that does not exist.
    for (packet, words) in
        [("44{}", "only a server"), ("44/admin,", "only a server"), ("41/admin,", "no such namespace")]
    {
        let mut peer = connect(&server);
        peer.send_text(packet);
        let close = peer.read();
        assert_eq!((close.first, &close.payload[..2]), (0x88, &1002_u16.to_be_bytes()[..]), "{packet}");
        let why = String::from_utf8_lossy(&close.payload[2..]);
        assert!(why.contains(words), "{packet}: {why}");
    }
    let mut early = open(&server, V4);
    early.send_text("42[\"before its connect packet\"]");
    early.expect_close(1002);
    // Nothing of that has reached another client.
    other.send_text("42[\"alone\"]");
    other.expect_text("42[\"alone\"]");
    server.assert_serves();
}

#[test]
fn a_handshake_without_a_known_version_is_closed_with_a_sentence() {
    let server = Server::start(&[]);
    for query in
        ["", "?EIO=4", "?EIO=5&transport=websocket", "?EIO=4&transport=polling", "?transport=websocket"]
    {
        println!("{query}");
        server.open(&format!("/socket.io/{query}")).expect_close(1008);
    }
    server.open(&format!("{V4}&sid=unknown")).expect_close(1008);
}

#[test]
fn events_stay_on_their_route() {
    let server = Server::start(&[]);
    let (mut ana, mut broadcast) = (connect(&server), server.open("/broadcast"));
    ana.send_text("42[\"a\"]");
    ana.expect_text("42[\"a\"]");
    broadcast.send_text("42[\"b\"]");
    broadcast.expect_text("42[\"b\"]");
    ana.send_text("42[\"c\"]");
    ana.expect_text("42[\"c\"]");
    // A client that has gone without a word is taken out of the map.
    ana.stream.flush().unwrap();
    drop(ana);
    server.wait_for_log("left /socket.io/");
}
