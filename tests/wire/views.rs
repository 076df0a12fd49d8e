//! The views themselves: who may open one, which connection they show, and that they disturb nothing.

use serde_json::Value;

use crate::support::wire_view::*;
use crate::support::*;

#[test]
fn a_view_shows_the_newest_connection_with_its_id() {
    let server = Server::start(&[]);
    let (mut first, mut view, one) = watched_echo(&server);
    round_trip(&mut first, &mut view, one);
    let path = watched_path("/broadcast");
    let mut second = server.open(&path);
    let two = view.expect_handshake(&path);
    assert!(two > one);
    // From now on the older connection is not shown, not even its end.
    first.send_text("unseen");
    first.expect_text("unseen");
    first.send(0x88, b"");
    assert_eq!(first.read().first, 0x88);
    drop(first);
    server.wait_for_log("left /echo");
    let mut late = View::open(&server, WIRE_ID);
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
    // The newer one breaks, and the client reconnects.
    drop(second);
    for view in [&mut view, &mut late] {
        view.expect_gone(two);
    }
    let path = watched_path("/echo");
    let mut third = server.open(&path);
    let three = view.expect_handshake(&path);
    assert_eq!(late.expect_handshake(&path), three);
    round_trip(&mut third, &mut view, three);
}

#[test]
fn a_view_without_the_id_shows_nothing() {
    let server = Server::start(&[]);
    let other = "wire-id_of-16chr"; // differs in case only
    let mut stranger = View::open(&server, other);
    let mut second = View::open(&server, other);
    let (mut echo, mut view, client) = watched_echo(&server);
    round_trip(&mut echo, &mut view, client);
    drop(echo);
    view.expect_gone(client);
    // A connection that cannot be watched, because its id is too easy to guess.
    let mut echo = server.open("/echo?wire=1");
    echo.send_text("unseen");
    echo.expect_text("unseen");
    // Views cannot be watched.
    drop(server.open(&format!("/wire?id={WIRE_ID}&wire={other}")));
    // So the first message to these views is about this connection; nothing said before whether the id
    // was known.
    let path = format!("/?wire={other}");
    let _known = server.open(&path);
    stranger.expect_handshake(&path);
    second.expect_handshake(&path);
}

#[test]
fn a_view_needs_a_long_id_and_the_same_origin() {
    let server = Server::start(&[]);
    let upgrade = |path: &str, lines: &str| server.exchange(upgrade_request(path, lines));
    let long = "x".repeat(65);
    for id in ["", "fifteen-letters", &long, "sixteen%20letters", "sixteen.letters!", "%FFteen-letters1"] {
        let reply = upgrade(&format!("/wire?id={id}"), "");
        reply.assert_status(id, 400);
        reply.assert_contains(id, "A-Z a-z 0-9");
    }
    upgrade("/wire", "").assert_status("no id", 400);
    let path = format!("/wire?id={WIRE_ID}");
    upgrade(&path, "Origin: http://evil.example\r\n").assert_status("other origin", 403);
    let request = upgrade_request(&path, "").replace("localhost", "evil.example");
    server.exchange(request).assert_status("other host", 421);
    let plain = server.exchange(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    plain.assert_status("no upgrade", 426);
    assert_eq!(plain.header("Upgrade"), Some("websocket"));
    for id in [&long[..16], &long[..64]] {
        server.open(&format!("/wire?id={id}"));
    }
    // With its id anyone may watch a connection, so no id is in the log.
    server.open(&watched_path("/echo"));
    let log = server.wait_for_log("came to /echo");
    assert!(log.contains("came to /wire") && !log.contains(WIRE_ID) && !log.contains("xxxx"), "{log}");
}

#[test]
fn messages_from_a_view_are_ignored() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    view.peer.send_text("{\"type\":\"say\",\"text\":\"hello\"}");
    view.peer.send(0x82, b"\0");
    view.peer.send(0x89, b"there?");
    view.peer.expect_frame(0x8A, b"there?");
    round_trip(&mut echo, &mut view, client);
    view.peer.send(0x88, b"\x03\xE8");
    view.peer.expect_close(1000);
    echo.send_text("alone again");
    echo.expect_text("alone again");
}

#[test]
fn a_view_that_does_not_read_is_closed_and_delays_no_client() {
    let server = Server::start(&[]);
    let (mut echo, mut view, client) = watched_echo(&server);
    let before = server.status("VmRSS");
    // Each message is shown twice, with about 700 bytes: far more than the kernel's buffers hold.
    for number in 0..12_000u32 {
        let payload = [&number.to_be_bytes()[..], &[7; 300]].concat();
        echo.send(0x82, &payload);
        assert!(echo.read().payload == payload, "message {number}");
    }
    let after = server.status("VmRSS");
    assert!(after < before + 16 * 1024, "{before} kB, then {after} kB");
    // The messages that it gets are whole and in order.
    let mut received = 0u32;
    let close = loop {
        let frame = view.peer.read();
        if frame.first == 0x88 {
            break frame;
        }
        let message: Value = serde_json::from_slice(&frame.payload).unwrap();
        let payload = [&(received / 2).to_be_bytes()[..], &[7; 300]].concat();
        let expected = match received % 2 {
            0 => message_about(client, "client", &client_frame(0x82, &payload)),
            _ => message_about(client, "server", &server_frame(0x82, &payload)),
        };
        assert_eq!(message["payload"], expected["payload"], "message {received}");
        received += 1;
    };
    assert_eq!(close.payload, b"\x03\xF5too slow: come back");
    assert!(received > 100 && received < 24_000, "{received}");
    // The view may reconnect.
    let mut view = View::open(&server, WIRE_ID);
    assert_eq!(view.expect_handshake(&watched_path("/echo")), client);
    round_trip(&mut echo, &mut view, client);
}

#[test]
fn views_may_come_and_go() {
    let server = Server::start(&[]);
    let path = watched_path("/echo");
    let mut echo = server.open(&path);
    for round in 0..100u8 {
        let mut views: Vec<View> = (0..3).map(|_| View::open(&server, WIRE_ID)).collect();
        echo.send(0x82, &[round]);
        echo.read();
        for view in &mut views {
            let client = view.expect_handshake(&path);
            view.expect_frame(client, "client", &client_frame(0x82, &[round]));
            view.expect_frame(client, "server", &server_frame(0x82, &[round]));
        }
        // One sends a Close, the others break off.
        views[0].peer.send(0x88, b"");
        assert_eq!(views[0].peer.read().first, 0x88);
    }
    echo.send_text("alone");
    echo.expect_text("alone");
}
