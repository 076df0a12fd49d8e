//! HTTP as raw bytes: requests to send, the [`Reply`], and [`send_request`], which checks what every
//! answer of the server must have.

use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use super::peer::{fail, printable, read_some};
use super::server::Server;

/// The sample key of RFC 6455, section 1.3, and the `Sec-WebSocket-Accept` that it must be answered with.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A GET of `/` with these lines (each with its CR LF) after the Host.
pub fn get_request(lines: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

/// An upgrade request, with these lines (each with its CR LF) added.
pub fn upgrade_request(path: &str, lines: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{lines}\r\n"
    )
}

/// An upgrade request with one part of it replaced.
pub fn changed_upgrade_request(path: &str, from: &str, to: &str) -> String {
    let request = upgrade_request(path, "");
    assert!(request.contains(from), "{from}");
    request.replace(from, to)
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// What it answers, for the message of a test that fails.
    pub sent: String,
}

impl Reply {
    /// Reads an answer to `sent`, up to the end of the connection.
    #[track_caller]
    pub fn read(mut stream: TcpStream, sent: &[u8]) -> Reply {
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes);
        let (sent, received) = (printable(sent), printable(&bytes));
        let (Ok(_), Some(end)) = (&end, end_of_head(&bytes)) else {
            fail("", &sent, "a whole answer", format_args!("{received}, then {end:?}"));
        };
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is text");
        let status = head[9..12].parse().expect("a status");
        Reply { status, head, body: bytes[end..].to_vec(), sent }
    }

    /// The value of a header field that must be there once, or not at all.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.head.lines().skip(1).filter_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then_some(value.trim())
        });
        let first = found.next();
        assert_eq!(found.next(), None, "{name} is there twice\n{self}");
        first
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Checks its status; `what` says which case of the test this is.
    #[track_caller]
    pub fn assert_status(&self, what: &str, status: u16) {
        if self.status != status {
            fail(what, &self.sent, status, self);
        }
    }

    /// Checks that its body contains this text.
    #[track_caller]
    pub fn assert_contains(&self, what: &str, text: &str) {
        if !self.text().contains(text) {
            fail(what, &self.sent, format_args!("{text:?} in the body"), self);
        }
    }

    /// Checks its status and its whole body.
    #[track_caller]
    pub fn assert_body(&self, what: &str, status: u16, body: &[u8]) {
        if self.status != status || self.body != body {
            fail(what, &self.sent, format_args!("{status} with {}", printable(body)), self);
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}{}", self.head, printable(&self.body))
    }
}

/// Sends these bytes and reads the answer: to the end of the connection, or of the head for a 101.
/// Checks what every answer but a 101 must have. `what` says which case of the test this is.
#[track_caller]
pub fn send_request(server: &Server, what: &str, request: impl AsRef<[u8]>) -> Reply {
    // Shown if the test fails: where no answer comes at all, the last case named is the one.
    println!("{what}");
    let (sent_at, request) = (now(), request.as_ref());
    let mut stream = server.connect();
    stream.write_all(request).expect(what);
    let (head, mut body) = read_head(&mut stream);
    let status = head[9..12].parse().expect("a status");
    if status != 101 {
        let end = stream.read_to_end(&mut body);
        assert!(end.is_ok(), "{what}: {end:?} after {head}");
    }
    let reply = Reply { status, head, body, sent: printable(request) };
    if status != 101 {
        let is_head = request.trim_ascii_start().starts_with(b"HEAD ");
        assert_well_formed(what, &reply, is_head, sent_at);
    }
    reply
}

/// Checks what every answer but a 101 must have: a body as long as it says, `Connection: close`, the
/// time (`sent_at` is the second in which the request was sent), and the security headers.
#[track_caller]
pub fn assert_well_formed(what: &str, reply: &Reply, is_head: bool, sent_at: u64) {
    let length = reply.header("Content-Length").expect(what).parse::<usize>().expect(what);
    let has_body = !is_head && reply.status != 304;
    assert_eq!(reply.body.len(), if has_body { length } else { 0 }, "{what}\n{reply}");
    let connection = reply.header("Connection").expect(what);
    assert!(connection.split(',').any(|token| token.trim() == "close"), "{what}\n{reply}");
    let date = reply.header("Date").expect(what);
    let seconds = parse_date(date).unwrap_or_else(|| panic!("{what}: no IMF-fixdate: {date}"));
    assert!((sent_at..=now()).contains(&seconds), "{what}: {date} is not now");
    for (name, value) in [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{what}: {name}\n{reply}");
    }
    let policy = reply.header("Content-Security-Policy").expect(what);
    assert!(policy.starts_with("default-src 'self'"), "{what}: {policy}");
    // A page that a student has added may have scripts inside; `http/files.rs` tests which pages may not.
    let is_page = reply.header("Content-Type").is_some_and(|media_type| media_type.starts_with("text/html"));
    assert!(is_page || !policy.contains("unsafe"), "{what}: {policy}");
    // A refusal is a sentence, unless a browser has asked for a page.
    let has_page = is_page && reply.sent.contains("Accept: text/html");
    if ![200, 304].contains(&reply.status) && !is_head && !has_page {
        assert_eq!(reply.header("Content-Type"), Some("text/plain; charset=utf-8"), "{what}");
        assert!(reply.text().starts_with(&reply.status.to_string()), "{what}\n{reply}");
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
fn parse_date(text: &str) -> Option<u64> {
    let (weekday, rest) = text.strip_suffix(" GMT")?.split_once(", ")?;
    let parts: Vec<&str> = rest.split([' ', ':']).collect();
    let [day, month, year, hour, minute, second] = parts[..] else { return None };
    // With its number of digits, so that a missing leading zero is noticed.
    let number = |text: &str, size| text.parse::<u64>().ok().filter(|_| text.len() == size);
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = names.iter().position(|name| *name == month)? as u64 + 1;
    let (year, day) = (number(year, 4)?, number(day, 2)?);
    // Counted from March: the leap day is then the last day of the year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let days = days.checked_sub(719_469)?; // the days before 1970
    let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let time = (number(hour, 2)? * 60 + number(minute, 2)?) * 60 + number(second, 2)?;
    (names[(days % 7) as usize] == weekday).then_some(days * 86_400 + time)
}

/// Reads up to the empty line; returns the head and what came after it.
#[track_caller]
pub fn read_head(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = end_of_head(&bytes) {
            let leftover = bytes.split_off(end);
            return (String::from_utf8(bytes).expect("a head is text"), leftover);
        }
        let mut chunk = [0; 1024];
        let count = read_some(stream, &mut chunk);
        let Ok(count @ 1..) = count else {
            panic!("\nexpected: a head\nreceived: {}, then {count:?}", printable(&bytes));
        };
        bytes.extend_from_slice(&chunk[..count]);
    }
}

/// The length of a head with its empty line, if all of it is there.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}
