//! Request heads as raw bytes: how they arrive, which are understood, how long they may be and how long
//! they may take.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::*;

/// An upgrade request for /echo, followed at once by two frames.
fn request_and_frames() -> Vec<u8> {
    let mut bytes = upgrade_request("/echo", "").into_bytes();
    bytes.extend(client_frame(0x81, b"Hello"));
    bytes.extend(client_frame(0x82, &[0, b'\n', b'\r', 0x16, 0xFF]));
    bytes
}

/// Reads the 101 and the echoes of both frames.
#[track_caller]
fn assert_echoed(what: &str, mut stream: TcpStream) {
    let (head, mut received) = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 101 "), "{what}: {head}");
    let expected = b"\x81\x05Hello\x82\x05\0\n\r\x16\xFF";
    let mut rest = vec![0; expected.len() - received.len()];
    stream.read_exact(&mut rest).expect(what);
    received.extend(rest);
    let (expected, received) = (printable(expected), printable(&received));
    assert!(received == expected, "{what}\nexpected: {expected}\nreceived: {received}");
}

#[test]
fn a_head_may_be_cut_between_any_two_bytes() {
    let server = Server::start(&[]);
    let bytes = request_and_frames();
    let mut whole = server.connect();
    whole.write_all(&bytes).unwrap();
    assert_echoed("in one packet", whole);

    let cuts = 1..bytes.len();
    let mut streams: Vec<_> = cuts.clone().map(|_| server.connect()).collect();
    for (cut, stream) in cuts.clone().zip(&mut streams) {
        stream.write_all(&bytes[..cut]).unwrap();
    }
    // Most likely, the server reads each first part by itself now. If it does not, the test still holds.
    thread::sleep(Duration::from_millis(50));
    for (cut, stream) in cuts.clone().zip(&mut streams) {
        stream.write_all(&bytes[cut..]).unwrap();
    }
    for (cut, stream) in cuts.zip(streams) {
        assert_echoed(&format!("cut after byte {cut}"), stream);
    }
}

#[test]
fn a_head_may_arrive_byte_by_byte() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    for byte in request_and_frames() {
        stream.write_all(&[byte]).unwrap();
        thread::sleep(Duration::from_millis(1)); // so that the bytes do not share a packet
    }
    assert_echoed("byte by byte", stream);
}

#[test]
fn every_correct_head_gets_the_page() {
    let server = Server::start(&[]);
    let page = std::fs::read("www/index.html").unwrap();
    let cases: [(&str, String); 29] = [
        ("plain", get_request("")),
        ("by its name", "GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("query", "GET /?a=b/../c HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("empty query", "GET /index.html? HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("odd percent in the query", "GET /?%zz HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("encoded", "GET /%69nde%78%2Ehtml HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("lower-case hex", "GET /index%2ehtml HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("absolute", "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("absolute, port", "GET http://localhost:81/ HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("absolute, https", "GET https://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("absolute, case", "GET HTTP://LOCALHOST/ HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("absolute, no path", "GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("absolute, query", "GET http://localhost?a=/ HTTP/1.1\r\nHost: localhost\r\n\r\n".into()),
        ("host of the target", "GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n".into()),
        ("1.0", "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n".into()),
        ("1.0 without Host", "GET / HTTP/1.0\r\n\r\n".into()),
        ("a later 1.x", "GET / HTTP/1.2\r\nHost: localhost\r\n\r\n".into()),
        ("one empty line first", format!("\r\n{}", get_request(""))),
        ("names without case", "GET / HTTP/1.1\r\nhOST: localhost\r\n\r\n".into()),
        ("no space", "GET / HTTP/1.1\r\nHost:localhost\r\n\r\n".into()),
        ("much space", "GET / HTTP/1.1\r\nHost:\t  localhost \t \r\n\r\n".into()),
        ("empty port", "GET / HTTP/1.1\r\nHost: localhost:\r\n\r\n".into()),
        ("largest port", "GET / HTTP/1.1\r\nHost: localhost:65535\r\n\r\n".into()),
        ("IPv6", "GET / HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n".into()),
        ("empty value", get_request("X-Empty:\r\n")),
        ("umlaut in a value", get_request("X-Name: Jürgen\r\n")),
        ("same length twice", get_request("Content-Length: 0\r\nContent-Length: 0\r\n")),
        ("other upgrade", get_request("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n")),
        ("100 headers", get_request(&"X: y\r\n".repeat(99))),
    ];
    for (what, request) in cases {
        let reply = send_request(&server, what, request);
        reply.assert_body(what, 200, &page);
        assert_eq!(reply.header("Content-Type"), Some("text/html; charset=utf-8"), "{what}");
    }
    let what = "not UTF-8, in a header that the server does not use";
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \xFF\r\n\r\n";
    send_request(&server, what, request).assert_status(what, 200);
}

#[test]
fn head_gets_the_head_of_get_without_the_body() {
    let server = Server::start(&[]);
    for (what, target, headers, status) in [
        ("page", "/", "Host: localhost\r\n", 200),
        ("no such file", "/nothing", "Host: localhost\r\n", 404),
        ("WebSocket path", "/echo", "Host: localhost\r\n", 426),
        ("other host", "/", "Host: evil.example\r\n", 421),
        ("no Host", "/", "", 400),
        ("no target", "nothing", "Host: localhost\r\n", 400),
    ] {
        let [get, head] = ["GET", "HEAD"].map(|method| {
            send_request(&server, what, format!("{method} {target} HTTP/1.1\r\n{headers}\r\n"))
        });
        let without_date = |reply: &Reply| {
            let lines = reply.head.lines().filter(|line| !line.starts_with("Date:"));
            lines.map(str::to_string).collect::<Vec<_>>()
        };
        get.assert_status(what, status);
        assert!(!get.body.is_empty(), "{what}");
        assert_eq!(without_date(&get), without_date(&head), "{what}");
    }
    let upgrade = upgrade_request("/", "").replace("GET", "HEAD");
    send_request(&server, "HEAD", upgrade).assert_status("HEAD cannot upgrade", 200);
}

#[test]
fn a_head_longer_than_head_bytes_gets_431() {
    let server = Server::start(&["--head-bytes", "300"]);
    let padded = |size: usize| {
        let bare = upgrade_request("/echo", "X: \r\n").len();
        upgrade_request("/echo", &format!("X: {}\r\n", "y".repeat(size - bare)))
    };
    let mut longest = padded(300).into_bytes();
    assert_eq!(longest.len(), 300);
    send_request(&server, "300 bytes", &longest).assert_status("300 bytes", 101);
    let reply = send_request(&server, "301 bytes", padded(301));
    reply.assert_status("301 bytes", 431);
    reply.assert_contains("301 bytes", "longer than 300 bytes");
    // What to do, if it happens in a browser.
    reply.assert_contains("301 bytes", "delete the cookies of this address, or open another address");
    let reply = send_request(&server, "no end", "GET /".to_string() + &"a".repeat(296));
    reply.assert_status("301 bytes without an end", 431);

    // Bytes after the head do not count.
    let mut stream = server.connect();
    longest.extend(client_frame(0x82, &[7; 2000]));
    stream.write_all(&longest).unwrap();
    let (head, _) = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
}

#[test]
fn a_head_that_takes_longer_than_head_timeout_gets_408() {
    let server = Server::start(&["--head-timeout", "1"]);
    let (start, mut stream) = (Instant::now(), server.connect());
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    // A slowloris: 35 bytes take 7 s. If each byte started the second anew, the whole head would arrive.
    for byte in get_request("").bytes() {
        let _ = stream.write_all(&[byte]);
        match stream.peek(&mut [0]) {
            Err(e) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&e.kind()) => {}
            Ok(_) => break,
            Err(error) => panic!("{error} instead of an answer"),
        }
    }
    assert!(start.elapsed() >= Duration::from_secs(1), "after {:?}", start.elapsed());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let reply = Reply::read(stream, b"a byte every 200 ms");
    reply.assert_status("byte by byte", 408);
    reply.assert_contains("byte by byte", "1 s");
    assert_well_formed("byte by byte", &reply, false, now() - start.elapsed().as_secs() - 1);
    // A client that sends nothing at all gets the same answer.
    send_request(&server, "silence", "").assert_status("silence", 408);
}

#[test]
fn a_body_is_not_read_as_a_request() {
    let server = Server::start(&[]);
    let second = get_request("");
    let length = format!("Content-Length: {}\r\n", second.len());
    for (what, first) in [
        ("length", get_request(&length)),
        ("chunked", get_request("Transfer-Encoding: chunked\r\n") + "25\r\n"),
        ("no length", get_request("")),
        ("refused", get_request(&length).replace("GET", "POST")),
        ("malformed", get_request("X\r\n")),
        ("1.0", get_request(&length).replace("/1.1", "/1.0")),
    ] {
        // `send_request` checks the length of the body, and so that no second answer follows.
        let reply = send_request(&server, what, first + &second);
        assert!(!reply.text().contains("HTTP/1.1 200"), "{what}: {}", reply.text());
    }
}

#[test]
fn a_refusal_arrives_although_more_is_being_sent() {
    let server = Server::start(&[]);
    // More than the kernel's buffers hold, so that the client can send it only if the server reads it.
    let junk = "x".repeat(16 << 20);
    for (what, start, status) in [
        ("malformed", "GET  / HTTP/1.1\r\n\r\n".to_string(), 400),
        ("bare LF", "GET / HTTP/1.1\n".to_string(), 400),
        ("never ends", "GET /".to_string(), 431),
        ("body", get_request("Content-Length: 16777216\r\n").replace("GET", "POST"), 405),
        ("page", get_request("Content-Length: 16777216\r\n"), 200),
        ("other host", get_request("").replace("localhost", "evil.example"), 421),
    ] {
        send_request(&server, what, start + &junk).assert_status(what, status);
    }
}

#[test]
fn a_head_that_ends_early_gets_400() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let sent = b"GET / HTTP/1.1\r\nHost: localhost\r\n";
    stream.write_all(sent).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let reply = Reply::read(stream, sent);
    reply.assert_status("end of the stream", 400);
    reply.assert_contains("end of the stream", "empty line");
}
