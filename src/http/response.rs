//! A [`Response`], and its bytes, with the header fields that every answer has.

use std::fmt;

use tungstenite::{Bytes, http::StatusCode};

use crate::clock::{http_date, since_1970};

/// An answer: a status, header fields, a body.
#[derive(Debug)]
pub struct Response {
    /// The status code (RFC 9110, section 15; RFC 6585 for 431).
    pub status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

/// As many bytes of a body are sent together with the head.
const FIRST: usize = 64 * 1024;

/// Header fields of every answer but the 101. They tell the browser to run no script from elsewhere,
/// to guess no types, to send no `Referer`, and to let no other site embed this one.
const SECURITY_HEADERS: [(&str, &str); 5] = [
    ("Content-Security-Policy", "default-src 'self'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
];

impl Response {
    /// An answer without a body.
    pub fn new(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// A refusal: `why` is a sentence for a person.
    pub fn refusal(status: u16, why: impl fmt::Display) -> Response {
        let text = format!("{status} {}: {why}\n", reason_phrase(status));
        Response::new(status).with_body("text/plain; charset=utf-8", text.into_bytes())
    }

    /// 405: the method is not one that this address answers.
    pub fn only_get() -> Response {
        let why = "only GET and HEAD are understood here";
        Response::refusal(405, why).with_header("Allow", "GET, HEAD")
    }

    /// The same answer with one more header field.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }

    /// The same answer with a body of the given media type.
    pub fn with_body(mut self, media_type: &str, body: impl Into<Bytes>) -> Response {
        self.body = body.into();
        self.with_header("Content-Type", media_type)
    }

    /// What a refusal says, for the log: its last line. (A 404 for a browser has more.)
    pub fn sentence(&self) -> String {
        String::from_utf8_lossy(&self.body).lines().last().unwrap_or_default().to_string()
    }

    /// The bytes of the answer. With `is_head`, the answer to a HEAD: the same head, and no body (RFC 9110, 9.3.2).
    /// Nor has a 304 a body: its `Content-Length` is that of the 200 (RFC 9110, 8.6).
    pub fn to_bytes(&self, is_head: bool) -> Vec<u8> {
        let (mut bytes, rest) = self.to_parts(is_head);
        bytes.extend_from_slice(rest);
        bytes
    }

    /// The same in two parts. The head and the beginning of the body are one, to be written at once: many small writes
    /// would be many packets. The rest of a long body is not copied: a thousand clients may fetch one photo at a time.
    pub fn to_parts(&self, is_head: bool) -> (Vec<u8>, &[u8]) {
        let first = &self.body[..self.body.len().min(FIRST)];
        let mut head = String::with_capacity(300 + first.len()); // most heads fit, and a 101 does
        let (status, phrase) = (self.status.to_string(), reason_phrase(self.status));
        head.extend(["HTTP/1.1 ", &status, " ", phrase, "\r\n"]);
        let mut line = |name: &str, value: &str| {
            head.extend([name, ": ", value, "\r\n"]);
        };
        for (name, value) in &self.headers {
            line(name, value);
        }
        // What follows a 101 is not HTTP any more.
        if self.status != 101 {
            let has = |name: &str| self.headers.iter().any(|(n, _)| *n == name);
            for (name, value) in SECURITY_HEADERS.into_iter().chain([("Connection", "close")]) {
                if !has(name) {
                    line(name, value);
                }
            }
            line("Content-Length", &self.body.len().to_string());
            line("Date", &http_date(since_1970())); // RFC 9110, 6.6.1
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if is_head || self.status == 304 {
            return (bytes, &[]);
        }
        bytes.extend_from_slice(first);
        (bytes, &self.body[first.len()..])
    }
}

fn reason_phrase(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}
