//! Request heads as raw bytes: however they arrive, what is understood, how long they may be and
//! take, and what every answer has.

use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::*;

/// Sends these bytes and reads the answer: to the end of the connection, or of the head for a 101.
/// Checks what every answer but a 101 must have.
pub fn ask(server: &Server, what: &str, request: impl AsRef<[u8]>) -> Reply {
    // Shown if the test fails: where no answer comes at all, the last one named is the culprit.
    println!("{what}");
    let asked_at = now();
    let request = request.as_ref();
    let mut stream = server.connect();
    stream.write_all(request).expect(what);
    let (head, mut body) = read_head(&mut stream);
    let status = head[9..12].parse().expect("a status");
    if status == 101 {
        return Reply { status, head, body };
    }
    let end = stream.read_to_end(&mut body);
    assert!(end.is_ok(), "{what}: {end:?} after {head}");
    let reply = Reply { status, head, body };
    let is_head = request.trim_ascii_start().starts_with(b"HEAD ");
    assert_complete(what, &reply, is_head, asked_at);
    reply
}

/// What every answer but a 101 must have.
fn assert_complete(what: &str, reply: &Reply, is_head: bool, asked_at: u64) {
    let head = &reply.head;
    let length = reply.header("Content-Length").expect(what).parse::<usize>().expect(what);
    assert_eq!(reply.body.len(), if is_head { 0 } else { length }, "{what}: {head}");
    let connection = reply.header("Connection").expect(what);
    assert!(connection.split(',').any(|token| token.trim() == "close"), "{what}: {head}");
    let date = reply.header("Date").expect(what);
    let told = parse_date(date).unwrap_or_else(|| panic!("{what}: no IMF-fixdate: {date}"));
    assert!((asked_at..=now()).contains(&told), "{what}: {date} is not now");
    for (name, value) in [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{what}: {name}");
    }
    let policy = reply.header("Content-Security-Policy").expect(what);
    assert!(policy.starts_with("default-src 'self'"), "{what}: {policy}");
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    if reply.status != 200 && !is_head {
        assert_eq!(reply.header("Content-Type"), Some("text/plain; charset=utf-8"), "{what}");
        assert!(reply.text().starts_with(&reply.status.to_string()), "{what}: {}", reply.text());
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
fn parse_date(text: &str) -> Option<u64> {
    let (weekday, rest) = text.strip_suffix(" GMT")?.split_once(", ")?;
    let parts: Vec<&str> = rest.split([' ', ':']).collect();
    let [day, month, year, hour, minute, second] = parts[..] else { return None };
    // With its size, so that a missing leading zero shows.
    let number = |text: &str, size| text.parse::<u64>().ok().filter(|_| text.len() == size);
    let names =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = names.iter().position(|name| *name == month)? as u64 + 1;
    let (year, day) = (number(year, 4)?, number(day, 2)?);
    // A year that begins in March has its leap day at its end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let days = days.checked_sub(719_469)?; // those before 1970
    let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let time = (number(hour, 2)? * 60 + number(minute, 2)?) * 60 + number(second, 2)?;
    (names[(days % 7) as usize] == weekday).then_some(days * 86_400 + time)
}

/// A GET with these lines (each with its CR LF) after the Host.
pub fn get(more: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: localhost\r\n{more}\r\n")
}

/// An upgrade request for /echo, followed at once by two frames.
fn request_and_frames() -> Vec<u8> {
    let mut bytes = upgrade_request("/echo", "").into_bytes();
    bytes.extend(client_frame(0x81, b"Hello"));
    bytes.extend(client_frame(0x82, &[0, b'\n', b'\r', 0x16, 0xFF]));
    bytes
}

fn assert_echoed(what: &str, mut stream: std::net::TcpStream) {
    let (head, mut early) = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 101 "), "{what}: {head}");
    let expected = b"\x81\x05Hello\x82\x05\0\n\r\x16\xFF";
    let mut rest = vec![0; expected.len() - early.len()];
    stream.read_exact(&mut rest).expect(what);
    early.extend(rest);
    assert_eq!(early, expected, "{what}");
}

#[test]
fn cut_anywhere() {
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
    // So that the server sees each first part by itself. It must not matter if it does not.
    thread::sleep(Duration::from_millis(50));
    for (cut, stream) in cuts.clone().zip(&mut streams) {
        stream.write_all(&bytes[cut..]).unwrap();
    }
    for (cut, stream) in cuts.zip(streams) {
        assert_echoed(&format!("cut after byte {cut}"), stream);
    }
}

#[test]
fn one_byte_at_a_time() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    for byte in request_and_frames() {
        stream.write_all(&[byte]).unwrap();
        thread::sleep(Duration::from_millis(1)); // so that they do not travel together
    }
    assert_echoed("byte by byte", stream);
}

#[test]
fn understood() {
    let server = Server::start(&[]);
    let page = std::fs::read("www/index.html").unwrap();
    let cases: [(&str, String); 29] = [
        ("plain", get("")),
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
        ("target counts", "GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n".into()),
        ("1.0", "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n".into()),
        ("1.0 without Host", "GET / HTTP/1.0\r\n\r\n".into()),
        ("a later 1.x", "GET / HTTP/1.2\r\nHost: localhost\r\n\r\n".into()),
        ("one empty line first", format!("\r\n{}", get(""))),
        ("names without case", "GET / HTTP/1.1\r\nhOST: localhost\r\n\r\n".into()),
        ("no space", "GET / HTTP/1.1\r\nHost:localhost\r\n\r\n".into()),
        ("much space", "GET / HTTP/1.1\r\nHost:\t  localhost \t \r\n\r\n".into()),
        ("empty port", "GET / HTTP/1.1\r\nHost: localhost:\r\n\r\n".into()),
        ("largest port", "GET / HTTP/1.1\r\nHost: localhost:65535\r\n\r\n".into()),
        ("IPv6", "GET / HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n".into()),
        ("empty value", get("X-Empty:\r\n")),
        ("umlaut in a value", get("X-Name: Jürgen\r\n")),
        ("same length twice", get("Content-Length: 0\r\nContent-Length: 0\r\n")),
        ("other upgrade", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n")),
        ("100 headers", get(&"X: y\r\n".repeat(99))),
    ];
    for (what, request) in cases {
        let reply = ask(&server, what, request);
        assert_eq!((reply.status, &reply.body), (200, &page), "{what}: {}", reply.head);
        assert_eq!(reply.header("Content-Type"), Some("text/html; charset=utf-8"), "{what}");
    }
    let reply = ask(&server, "no UTF-8", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \xFF\r\n\r\n");
    assert_eq!(reply.status, 200, "bytes that are no text, in a value nobody asks for");
}

#[test]
fn head_is_get_without_the_body() {
    let server = Server::start(&[]);
    for (what, target, headers, status) in [
        ("page", "/", "Host: localhost\r\n", 200),
        ("nothing", "/nothing", "Host: localhost\r\n", 404),
        ("door", "/echo", "Host: localhost\r\n", 426),
        ("stranger", "/", "Host: evil.example\r\n", 421),
        ("no Host", "/", "", 400),
        ("no target", "nothing", "Host: localhost\r\n", 400),
    ] {
        let [get, head] = ["GET", "HEAD"].map(|method| {
            ask(&server, what, format!("{method} {target} HTTP/1.1\r\n{headers}\r\n"))
        });
        let without_date = |reply: &Reply| {
            let lines = reply.head.lines().filter(|line| !line.starts_with("Date:"));
            lines.map(str::to_string).collect::<Vec<_>>()
        };
        assert_eq!(get.status, status, "{what}: {}", get.head);
        assert!(!get.body.is_empty(), "{what}");
        assert_eq!(without_date(&get), without_date(&head), "{what}");
    }
    let upgrade = upgrade_request("/", "").replace("GET", "HEAD");
    assert_eq!(ask(&server, "HEAD cannot upgrade", upgrade).status, 200);
}

#[test]
fn longest_head() {
    let server = Server::start(&["--head-bytes", "300"]);
    let padded = |size: usize| {
        let bare = upgrade_request("/echo", "X: \r\n").len();
        upgrade_request("/echo", &format!("X: {}\r\n", "y".repeat(size - bare)))
    };
    let mut longest = padded(300).into_bytes();
    assert_eq!(longest.len(), 300);
    assert_eq!(ask(&server, "exactly the limit", &longest).status, 101);
    let reply = ask(&server, "one byte more", padded(301));
    assert!(reply.status == 431 && reply.text().contains("300"), "{}", reply.text());
    let reply = ask(&server, "no end in sight", "GET /".to_string() + &"a".repeat(296));
    assert_eq!(reply.status, 431, "{}", reply.text());

    // What follows the head does not count for it.
    let mut stream = server.connect();
    longest.extend(client_frame(0x82, &[7; 2000]));
    stream.write_all(&longest).unwrap();
    let (head, _) = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
}

#[test]
fn deadline_for_the_whole_head() {
    let server = Server::start(&["--head-timeout", "1"]);
    let (start, mut stream) = (Instant::now(), server.connect());
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    // 35 bytes, so 7 s: were the second counted anew for each byte, there would be the page.
    for byte in get("").bytes() {
        let _ = stream.write_all(&[byte]);
        match stream.peek(&mut [0]) {
            Err(e) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&e.kind()) => {}
            Ok(_) => break,
            Err(error) => panic!("{error} instead of an answer"),
        }
    }
    assert!(start.elapsed() >= Duration::from_secs(1), "after {:?}", start.elapsed());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let reply = Reply::read(stream);
    assert!(reply.status == 408 && reply.text().contains("1 s"), "{}{}", reply.head, reply.text());
    assert_complete("408", &reply, false, now() - start.elapsed().as_secs() - 1);
    // Who says nothing at all hears the same.
    assert_eq!(ask(&server, "silence", "").status, 408);
}

#[test]
fn body_is_no_request() {
    let server = Server::start(&[]);
    let second = get("");
    let length = format!("Content-Length: {}\r\n", second.len());
    for (what, first) in [
        ("length", get(&length)),
        ("chunked", get("Transfer-Encoding: chunked\r\n") + "25\r\n"),
        ("no length", get("")),
        ("refused", get(&length).replace("GET", "POST")),
        ("malformed", get("X\r\n")),
        ("1.0", get(&length).replace("/1.1", "/1.0")),
    ] {
        // That the first answer's body is as long as it says shows that there is no second.
        let reply = ask(&server, what, first + &second);
        assert!(!reply.text().contains("HTTP/1.1 200"), "{what}: {}", reply.text());
    }
}

#[test]
fn answer_arrives_before_all_is_sent() {
    let server = Server::start(&[]);
    // More than the kernel's buffers take, so that all of it is sent only if the server reads on.
    let junk = "x".repeat(16 << 20);
    for (what, start, status) in [
        ("malformed", "GET  / HTTP/1.1\r\n\r\n".to_string(), 400),
        ("bare LF", "GET / HTTP/1.1\n".to_string(), 400),
        ("never ends", "GET /".to_string(), 431),
        ("body", get("Content-Length: 16777216\r\n").replace("GET", "POST"), 405),
        ("page", get("Content-Length: 16777216\r\n"), 200),
        ("stranger", get("").replace("localhost", "evil.example"), 421),
    ] {
        assert_eq!(ask(&server, what, start + &junk).status, status, "{what}");
    }
}

#[test]
fn head_ends_too_early() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let reply = Reply::read(stream);
    assert!(reply.status == 400 && reply.text().contains("empty line"), "{}", reply.text());
}
