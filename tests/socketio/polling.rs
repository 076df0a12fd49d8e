//! How Socket.IO's clients begin: over plain HTTP, until their WebSocket is open.

use std::thread;

use super::packets::check_open_packet;
use crate::support::*;

const V4: &str = "/socket.io/?EIO=4&transport=polling";
const V3: &str = "/socket.io/?EIO=3&transport=polling";

fn get(server: &Server, path: &str) -> Reply {
    server.exchange(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

fn post(server: &Server, path: &str, body: &str) -> Reply {
    let length = body.len();
    server.exchange(format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

/// Opens a session, and returns the path of its requests and of its WebSocket.
fn begin(server: &Server, path: &str) -> (String, String) {
    let reply = get(server, path);
    reply.assert_status(path, 200);
    assert_eq!(reply.header("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(reply.header("Cache-Control"), Some("no-store"));
    let body = reply.text();
    let packet = match path {
        V3 => {
            let (length, packet) = body.split_once(':').unwrap();
            assert_eq!(length.parse(), Ok(packet.len()));
            packet
        }
        _ => &body,
    };
    let sid = check_open_packet(packet, "[\"websocket\"]", 64 << 10);
    let path = format!("{path}&sid={sid}");
    let socket = path.replace("polling", "websocket");
    (path, socket)
}

/// Tries the WebSocket of a session, and moves there.
fn upgrade(server: &Server, path: &str) -> Peer {
    let mut peer = server.open(path);
    peer.send_text("2probe");
    peer.expect_text("3probe");
    peer.send_text("5");
    peer
}

#[test]
fn a_client_begins_with_polling_and_moves_to_a_websocket() {
    let server = Server::start(&[]);
    let (path, socket) = begin(&server, V4);
    post(&server, &path, "40").assert_body("the connect packet", 200, b"ok");
    thread::scope(|scope| {
        let poll = scope.spawn(|| get(&server, &path));
        let mut peer = server.open(&socket);
        peer.send_text("2probe");
        peer.expect_text("3probe");
        // A client moves when its GET has ended.
        poll.join().unwrap().assert_body("the GET that waits", 200, b"6");
        peer.send_text("5");
        assert!(peer.read_text().starts_with("40{\"sid\":"));
        peer.send_text("42[\"a\"]");
        peer.expect_text("42[\"a\"]");
    });
    // The session has moved: its sid is no longer known.
    get(&server, &path).assert_body("a late GET", 400, b"{\"code\":1,\"message\":\"Session ID unknown\"}");
    post(&server, &path, "40").assert_status("a late POST", 400);
    server.open(&socket).expect_close(1008);
}

#[test]
fn what_was_posted_before_is_handled_in_order() {
    let server = Server::start(&[]);
    let (path, socket) = begin(&server, V4);
    post(&server, &path, "40\x1e42[\"a\"]").assert_status("two packets", 200);
    post(&server, &path, "427[\"Grüße 😀\"]").assert_status("one more", 200);
    let mut peer = upgrade(&server, &socket);
    assert!(peer.read_text().starts_with("40{\"sid\":"));
    peer.expect_text("42[\"a\"]");
    peer.expect_text("42[\"Grüße 😀\"]");
    peer.expect_text("437[]");
}

#[test]
fn older_clients_count_the_characters_of_their_packets() {
    let server = Server::start(&[]);
    let (path, socket) = begin(&server, V3);
    post(&server, &path, "10:42[\"😀:\"]9:42[\"b\"]").assert_status("one unit too many", 400);
    post(&server, &path, "9:42[\"😀:\"]7:42[\"b\"]").assert_status("two packets", 200);
    let mut peer = upgrade(&server, &socket);
    for packet in ["40", "42[\"😀:\"]", "42[\"b\"]"] {
        peer.expect_text(packet);
    }
}

#[test]
fn a_websocket_that_fails_its_probe_leaves_the_session_as_it_was() {
    let server = Server::start(&[]);
    let (path, socket) = begin(&server, V4);
    for packets in [&["40"][..], &["2probe", "40"], &["2probe", "2probe", "6"]] {
        let mut peer = server.open(&socket);
        for packet in packets {
            peer.send_text(packet);
            if *packet == "2probe" {
                peer.expect_text("3probe");
            }
        }
        peer.expect_close(1008);
    }
    post(&server, &path, "40").assert_status("the session is there", 200);
    assert!(upgrade(&server, &socket).read_text().starts_with("40{"));
}

#[test]
fn each_wrong_request_is_refused_as_the_librarys_server_does() {
    let server = Server::start(&[]);
    let (path, _) = begin(&server, V4);
    let big = format!("42[\"{}\"]", "x".repeat(64 << 10));
    let many = ["40"; 17].join("\x1e");
    let error = |code, message| format!("{{\"code\":{code},\"message\":\"{message}\"}}");
    let cases: &[(&str, Reply, u16, String)] = &[
        ("no version", get(&server, "/socket.io/"), 400, error(5, "Unsupported protocol version")),
        (
            "version 5",
            get(&server, "/socket.io/?EIO=5&transport=polling"),
            400,
            error(5, "Unsupported protocol version"),
        ),
        ("no transport", get(&server, "/socket.io/?EIO=4"), 400, error(0, "Transport unknown")),
        ("flash", get(&server, "/socket.io/?EIO=4&transport=flash"), 400, error(0, "Transport unknown")),
        ("unknown sid", get(&server, &format!("{V4}&sid=x")), 400, error(1, "Session ID unknown")),
        ("POST without sid", post(&server, V4, "40"), 400, error(2, "Bad handshake method")),
        ("too many packets", post(&server, &path, &many), 400, error(3, "Bad request")),
        ("too long", post(&server, &path, &big), 413, "413 ".to_string()),
    ];
    for (what, reply, status, body) in cases {
        reply.assert_status(what, *status);
        reply.assert_contains(what, body);
    }
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n");
    send_request(&server, "no length", format!("{head}\r\n")).assert_status("no length", 411);
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n40\r\n0\r\n\r\n");
    send_request(&server, "chunked", chunked).assert_status("chunked", 411);
    let mut bytes = format!("{head}Content-Length: 2\r\n\r\n").into_bytes();
    bytes.extend(b"\xFF\xFE");
    send_request(&server, "not UTF-8", bytes).assert_status("not UTF-8", 400);
    let foreign = format!("GET {V4} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n");
    send_request(&server, "another site's page", foreign).assert_status("another site's page", 403);
    // Sixteen packets fit: what was refused has left nothing behind.
    post(&server, &path, &["40"; 16].join("\x1e")).assert_status("sixteen", 200);
    post(&server, &path, "40").assert_status("seventeen", 400);
}

#[test]
fn a_page_that_may_connect_may_read_the_answer() {
    let server = Server::start(&["--origin", "http://lab.example"]);
    let request = format!("GET {V4} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://lab.example\r\n\r\n");
    let reply = send_request(&server, "allowed", request);
    reply.assert_status("allowed", 200);
    assert_eq!(reply.header("Access-Control-Allow-Origin"), Some("http://lab.example"));
}

#[test]
fn at_most_200_sessions_wait_for_a_websocket() {
    let server = Server::start(&[]);
    for _ in 0..200 {
        begin(&server, V4);
    }
    get(&server, V4).assert_status("one more", 503);
    server.assert_serves();
}

#[test]
fn the_address_of_the_librarys_script_says_where_to_get_it() {
    let server = Server::start(&[]);
    let reply = get(&server, "/socket.io/socket.io.js");
    reply.assert_status("the script", 404);
    reply.assert_contains("the script", "socket.io-client");
    reply.assert_contains("the script", "www/socket.io/socket.io.js");
}
