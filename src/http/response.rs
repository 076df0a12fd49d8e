//! The way back: a [`Response`] in, bytes out, with the header fields that every answer has.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// An answer: a status, header fields, a body.
#[derive(Debug)]
pub struct Response {
    /// The status code (RFC 9110, section 15; RFC 6585 for 431).
    pub status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    /// An answer without a body. [`Response::to_bytes`] adds what every answer has.
    pub fn new(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer that says no, and why, in a sentence for a person.
    pub fn refusal(status: u16, why: impl fmt::Display) -> Response {
        let text = format!("{status} {}: {why}\n", reason_phrase(status));
        Response::new(status).with_body("text/plain; charset=utf-8", text.into_bytes())
    }

    /// The same answer with one more header field.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }

    /// The same answer with a body of the given media type.
    pub fn with_body(mut self, media_type: &str, body: Vec<u8>) -> Response {
        self.body = body;
        self.with_header("Content-Type", media_type)
    }

    /// What a refusal says, for the log.
    pub fn sentence(&self) -> String {
        String::from_utf8_lossy(&self.body).trim_end().to_string()
    }

    /// The answer as it goes over the wire, all at once: many small writes would be many packets.
    /// The answer to a HEAD has the same head as that to a GET, and no body (RFC 9110, 9.3.2).
    pub fn to_bytes(&self, to_head: bool) -> Vec<u8> {
        let mut head = String::with_capacity(600 + self.body.len()); // hardly a head of ours is longer
        let (status, phrase) = (self.status.to_string(), reason_phrase(self.status));
        head.extend(["HTTP/1.1 ", &status, " ", phrase, "\r\n"]);
        let mut line = |name: &str, value: &str| {
            head.extend([name, ": ", value, "\r\n"]);
        };
        for (name, value) in &self.headers {
            line(name, value);
        }
        // A 101 is no end but a beginning: what follows it is not HTTP any more.
        if self.status != 101 {
            let has = |name: &str| self.headers.iter().any(|(n, _)| *n == name);
            for (name, value) in SECURITY_HEADERS {
                if !has(name) {
                    line(name, value);
                }
            }
            if !has("Connection") {
                line("Connection", "close");
            }
            line("Content-Length", &self.body.len().to_string());
            line("Date", &http_date(SystemTime::now()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if !to_head {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// What every answer tells the browser: run nothing from elsewhere, do not guess types, tell no
/// one where you came from, let no other site embed this one.
const SECURITY_HEADERS: [(&str, &str); 5] = [
    ("Content-Security-Policy", "default-src 'self'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
];

fn reason_phrase(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        421 => "Misdirected Request",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

/// The date format of HTTP (RFC 9110, 5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`. Every answer has
/// to carry one (6.6.1), and std knows no calendar.
fn http_date(time: SystemTime) -> String {
    // A clock set before 1970 is wrong anyway; it shows 1970 and is no reason to fail.
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (mut day, second) = (seconds / 86_400, seconds % 86_400);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(day % 7) as usize];
    let is_leap = |y: u64| (y.is_multiple_of(4) && !y.is_multiple_of(100)) || y.is_multiple_of(400);
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    let month = &"JanFebMarAprMayJunJulAugSepOctNovDec"[month * 3..month * 3 + 3];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT", day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"),
            (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(http_date(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
