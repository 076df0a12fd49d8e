//! The log: who comes and leaves, why a connection ended or was refused, and when.

use std::io::BufReader;
use std::io::Write;
use std::process::Stdio;
use std::time::Instant;

use partyline::clock::time_of_day;
use partyline::text::visible;

use super::terminal::open_echo;
use crate::support::*;

#[test]
fn each_connection_logs_its_beginning_and_its_end() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo?secret=1234");
    server.wait_for_log(") came to ");
    peer.send(0x88, b"\x03\xE8");
    peer.expect_close(1000);
    drop(peer);
    let log = server.wait_for_log(") left ");
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(!log.contains("1234") && !log.contains("secret"), "{log}");
    assert!(log.contains("(127.0.0.1:"), "{log}");
}

#[test]
fn control_characters_from_clients_are_escaped_in_the_log() {
    let server = Server::start(&["--log", "debug"]);
    server.exchange("GET /\u{1B}[2J HTTP/1.1\r\nHost: localhost\r\n\r\n");
    server.exchange(upgrade_request("/broadcast", "Origin: \u{202E}\u{9B}x\r\n"));
    let log = server.wait_for_log("403 Forbidden");
    assert!(log.contains(r"GET /\u{1b}[2J HTTP/1.1"), "{log}");
    assert!(log.contains(r"Origin is \u{202e}\u{9b}x"), "{log}");
    assert!(log.chars().all(|c| c == '\n' || !c.is_control()), "{log:?}");
    assert_eq!(visible("a\u{202E}b\u{7F}c\u{9B}d ü 😀"), r"a\u{202e}b\u{7f}c\u{9b}d ü 😀");
}

#[test]
fn each_line_says_the_time() {
    let server = Server::start(&[]);
    let before = now();
    server.assert_serves();
    let log = server.wait_for_log(") left /echo");
    let times: Vec<String> =
        (before..=now()).map(|second| format!("[{} UTC]", time_of_day(second))).collect();
    for line in log.lines() {
        assert!(times.iter().any(|time| line.contains(time)), "{line}: {times:?}");
    }
    assert_eq!(time_of_day(784_111_777), "08:49:37");
}

/// The other reasons take longer, and stand with their tests: silence in `websocket/heartbeat.rs`, a client
/// that does not read in `websocket/backlog.rs`.
#[test]
fn the_log_says_why_a_connection_ended() {
    let server = Server::start(&["--passphrase", "sesame"]);
    drop(server.open("/echo"));
    server.wait_for_log(") left /echo: gone without a Close");
    let mut peer = server.open("/echo");
    peer.send_raw(&[0x81, 0x01, 0x78]); // without a mask
    peer.expect_close(1002);
    server.wait_for_log(") left /echo: was closed with 1002: ");
    let mut peer = server.open("/chat?passphrase=wrong");
    peer.expect_close(4003);
    server.wait_for_log(") left /chat: was closed with 4003: the passphrase is missing or wrong");
    // A client that does not read, until more waits for it than may.
    let server = Server::start_without_pace(&["--pending", "1000"]);
    let [mut talker, mut slow] = [server.open("/broadcast"), server.open("/broadcast")];
    let text = "x".repeat(500_000);
    for _ in 0..30 {
        talker.send_text(&text);
        talker.expect_text(&text);
    }
    while slow.read().first == 0x81 {}
    slow.expect_end();
    drop(slow);
    server.wait_for_log(") left /broadcast: was closed with 1013: read too slowly");
}

#[test]
fn refused_handshakes_are_logged_with_their_reason_once_a_second() {
    let server = Server::start(&[]);
    let full = Server::start(&["--connections", "1"]);
    let _takes_the_place = full.open("/echo");
    let request = |path: &str, from: &str, to: &str| changed_upgrade_request(path, from, to);
    let cases = [
        (400, request("/chat", "Sec-WebSocket-Key", "X-Key"), "Sec-WebSocket-Key"),
        (403, request("/chat", "\r\n\r\n", "\r\nOrigin: http://evil.example\r\n\r\n"), "Origin is"),
        (404, request("/caht", "GET", "GET"), "no WebSocket is spoken at this address"),
        (421, request("/chat", "Host: localhost", "Host: evil.example"), "Host is evil.example"),
        (426, request("/chat", "Upgrade: websocket\r\n", ""), "a proxy in between"),
        (431, request("/chat", "\r\n\r\n", &format!("\r\nX: {}\r\n\r\n", "x".repeat(20_000))), "longer"),
        (503, request("/echo", "GET", "GET"), "every place is taken"),
    ];
    for (status, request, reason) in &cases {
        let server = if *status == 503 { &full } else { &server };
        let began = Instant::now();
        for _ in 0..10 {
            assert_eq!(server.exchange(request).status, *status, "{request}");
        }
        let most = 1 + began.elapsed().as_secs() as usize;
        let log = server.wait_for_log(reason);
        let is_it =
            |line: &&str| line.contains("refused 127.0.0.1:") && line.contains(&format!(": {status} "));
        let lines: Vec<&str> = log.lines().filter(is_it).collect();
        assert!((1..=most).contains(&lines.len()), "{status}: {log}");
        assert!(lines[0].contains(reason), "{status}: {log}");
    }
    // A page's missing picture is no handshake.
    assert_eq!(server.exchange("GET /favicon.gif HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
    server.assert_serves();
    let log = server.wait_for_log(") left /echo: gone");
    assert!(!log.contains("favicon"), "{log}");
}

#[test]
fn a_log_that_is_not_read_delays_no_connection() {
    let mut command = program();
    command.args(["--port", "0"]).stdin(Stdio::piped());
    // Standard error is a pipe that this test does not read: when it is full, a write to it blocks.
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let port = read_port(&mut BufReader::new(child.stdout.take().unwrap()));
    // Each connection logs two lines of about 60 bytes; the pipe holds 64 KiB.
    for _ in 0..1500 {
        open_echo(port);
    }
    child.stdin.as_mut().unwrap().write_all(b"not UTF-8: \xFF\nquit\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
