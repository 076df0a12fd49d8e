//! A request head, parsed: its method, path, query, host and header fields (RFC 9112, sections 3 and 5).

use std::fmt;

use super::{Authority, Response};
use crate::text::number;

/// The most header fields that one head may have; one more gets 431. Browsers send about 15.
const HEADERS_MAX: usize = 100;

/// A parsed request head.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `HEAD` or `POST`; every other method has been refused with 405.
    pub method: String,
    /// What follows the host in the URL, percent-decoded: `/`, `/echo`, `/style.css`.
    pub path: String,
    /// What follows the `?`, as it came, or empty; see [`Request::parameter`].
    query: String,
    /// The server that the client wants to reach; only an HTTP/1.0 client may leave it out.
    pub host: Option<Authority>,
    /// True for HTTP/1.0, which gets answers but cannot switch protocols (RFC 9110, 7.8).
    pub is_http_1_0: bool,
    /// True when the head announces a body.
    pub has_body: bool,
    /// Names and values in the order of arrival. Names are in lower case, because header names are
    /// compared without regard to case (RFC 9110, 5.1).
    headers: Vec<(String, String)>,
}

impl Request {
    /// All values of the header field `name` (in lower case), in the order of arrival.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = self.headers.iter().filter(move |(n, _)| n == name);
        same.map(|(_, value)| value.as_str())
    }

    /// Whether the comma-separated list in header `name` has `token`, in any case. Several lines of
    /// one name are one list (RFC 9110, 5.3): Firefox sends `Connection: keep-alive, Upgrade`.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.items(name).any(|item| item.eq_ignore_ascii_case(token))
    }

    /// The items of the comma-separated list in header `name`.
    pub fn items<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers(name).flat_map(|value| value.split(',')).map(|item| item.trim_matches([' ', '\t']))
    }

    /// The value of `name` in the query, decoded as forms encode it: `+` is a blank. `None` also for
    /// a value that is not text.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_value(&self.query, name)
    }

    /// The value of a cookie (RFC 6265, 5.4), percent-decoded; pages have to encode theirs. Other programs
    /// on this host may have a cookie of the same name: one that is not encoded well is passed over, and
    /// so is one with a byte that was not UTF-8, for which the parsed head has U+FFFD.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let mut pairs = self.headers("cookie").flat_map(|cookies| cookies.split(';'));
        pairs.find_map(|pair| {
            let value = pair.trim().strip_prefix(name)?.strip_prefix('=')?;
            decode_text(value).filter(|_| !value.contains('\u{FFFD}'))
        })
    }
}

/// The value of `name` in a query or in anything else that is encoded as forms are.
pub fn form_value(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    decode_text(&value.replace('+', " "))
}

/// Percent-decodes a text; `None` if it is not encoded well, or is not UTF-8 then.
pub fn decode_text(text: &str) -> Option<String> {
    String::from_utf8(percent_decode(text)?).ok()
}

/// A refusal with status 400.
pub(super) fn bad<T>(why: impl fmt::Display) -> Result<T, Response> {
    Err(Response::refusal(400, why))
}

/// Parses a request head (RFC 9112, sections 3 and 5).
/// Errors: the refusal to send: 400, 405, 431, 501 or 505, with a sentence that says what is wrong.
pub fn parse(head: &[u8]) -> Result<Request, Response> {
    // RFC 9112, 2.2 asks servers to ignore one empty line before the request line.
    let head = String::from_utf8_lossy(head.strip_prefix(b"\r\n").unwrap_or(head));
    let mut lines = head.split("\r\n");
    let request_line = lines.next().unwrap_or_default();
    // Exactly three parts, or the `else`.
    let [method, target, version] = request_line.split(' ').collect::<Vec<_>>()[..] else {
        return bad("the request line is not METHOD, one space, TARGET, one space, VERSION");
    };
    if !is_token(method) {
        return bad("the method has characters that no method may have");
    }
    let mut request = Request {
        method: method.to_string(),
        path: String::new(),
        query: String::new(),
        host: None,
        is_http_1_0: parse_version(version)?,
        has_body: false,
        headers: parse_headers(lines)?,
    };
    // Whatever the method is, these have to be right (RFC 9112, 3.2 and 6.3).
    request.host = parse_host(&request)?;
    request.has_body = announces_body(&request)?;
    if !matches!(method, "GET" | "HEAD" | "POST") {
        return Err(Response::only_get());
    }
    let (target_host, path, query) = parse_target(target)?;
    // RFC 9112, 3.2.2: the host of an absolute target counts, not that of the Host field.
    request.host = target_host.or(request.host);
    Ok(Request { path, query, ..request })
}

/// True for HTTP/1.0, false for 1.1 and any later 1.x (RFC 9110, 2.5).
fn parse_version(version: &str) -> Result<bool, Response> {
    match version.strip_prefix("HTTP/").map(str::as_bytes) {
        Some([b'1', b'.', b'0']) => Ok(true),
        Some([b'1', b'.', b'1'..=b'9']) => Ok(false),
        Some([b'0'..=b'9', b'.', b'0'..=b'9']) => {
            Err(Response::refusal(505, format!("{version} is not spoken here, HTTP/1.1 is")))
        }
        _ => bad("the request line does not end with HTTP/1.1"),
    }
}

fn parse_headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<(String, String)>, Response> {
    let mut headers = Vec::with_capacity(8); // programs send fewer
    for line in lines.take_while(|line| !line.is_empty()) {
        if headers.len() == HEADERS_MAX {
            let why = format!("there are more than {HEADERS_MAX} header fields; browsers send about 15");
            return Err(Response::refusal(431, why));
        }
        if line.starts_with([' ', '\t']) {
            // RFC 9112, 5.2.
            return bad("a header line begins with white space; folding is obsolete");
        }
        let Some((name, value)) = line.split_once(':') else { return bad("a header line has no colon") };
        if name.ends_with([' ', '\t']) {
            // RFC 9112, 5.1: proxies disagree about what such a line means.
            return bad("there is white space between a header's name and its colon");
        }
        if !is_token(name) {
            return bad("a header's name has characters that no name may have");
        }
        if value.bytes().any(|b| (b < b' ' && b != b'\t') || b == 0x7F) {
            return bad(format_args!("the value of {name} has a control character"));
        }
        let value = value.trim_matches([' ', '\t']).to_string();
        headers.push((name.to_ascii_lowercase(), value));
    }
    Ok(headers)
}

/// Whether the text is a `token` (RFC 9110, 5.6.2), as methods and header names have to be.
fn is_token(text: &str) -> bool {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(is_legal)
}

/// Splits the request target (RFC 9112, 3.2) into its host, if it is in absolute form
/// (`http://host/path`, as clients of proxies send it), its percent-decoded path, and its query.
fn parse_target(target: &str) -> Result<(Option<Authority>, String, String), Response> {
    if !target.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
        return bad("the target has a character that must be percent-encoded");
    }
    let (host, origin_form) = match target.split_once("://") {
        _ if target.starts_with('/') => (None, target),
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") =>
        {
            let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            match Authority::parse(host) {
                None => return bad("the target's host is malformed"),
                host => (host, path),
            }
        }
        _ => return bad("the target is neither a path that begins with / nor an http:// URL"),
    };
    let (path, query) = origin_form.split_once('?').unwrap_or((origin_form, ""));
    let path = if path.is_empty() { "/" } else { path };
    match percent_decode(path).map(String::from_utf8) {
        None => bad("a % is not followed by two hex digits"),
        Some(Ok(path)) if !path.contains('\0') => Ok((host, path, query.to_string())),
        Some(_) => bad("the percent-encoded path is not UTF-8 text"),
    }
}

/// Replaces each `%41` by the byte it stands for; `None` if two hex digits do not follow a `%`.
fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                (high * 16 + low) as u8 // both are below 16
            }
            _ => byte,
        });
    }
    Some(decoded)
}

/// The Host field: exactly one, and well-formed (RFC 9112, 3.2).
fn parse_host(request: &Request) -> Result<Option<Authority>, Response> {
    match request.headers("host").collect::<Vec<_>>()[..] {
        [] if request.is_http_1_0 => Ok(None),
        [] => bad("there is no Host header"),
        [host] => match Authority::parse(host) {
            Some(authority) => Ok(Some(authority)),
            None => bad(format_args!("Host is not a host and a port: {host:?}")),
        },
        _ => bad("there is more than one Host header"),
    }
}

/// Whether a body follows. A length that two programs could read differently is refused (RFC 9112, 6.1
/// and 6.3), because a request could be smuggled past a proxy with it.
fn announces_body(request: &Request) -> Result<bool, Response> {
    let codings: Vec<&str> = request.items("transfer-encoding").collect();
    // Several equal lengths, in several lines or in one, are one (RFC 9110, 8.6).
    let mut lengths = request.items("content-length");
    let length = lengths.next();
    if let Some((last, others)) = codings.split_last() {
        let is_chunked = |coding: &&str| coding.eq_ignore_ascii_case("chunked");
        return match others {
            _ if length.is_some() => bad("there is both a Content-Length and a Transfer-Encoding"),
            _ if request.is_http_1_0 => bad("HTTP/1.0 has no Transfer-Encoding"),
            _ if !is_chunked(last) => {
                bad("the last Transfer-Encoding is not chunked, so the body has no end")
            }
            [] => Ok(true),
            others if others.iter().any(is_chunked) => bad("the body is chunked twice"),
            _ => Err(Response::refusal(501, "of Transfer-Encodings, only chunked is known here")),
        };
    }
    let Some(length) = length else { return Ok(false) };
    match number::<u64>(length) {
        None => bad("Content-Length is not a number of bytes"),
        Some(_) if lengths.any(|other| other != length) => bad("there are two different Content-Lengths"),
        Some(length) => Ok(length > 0),
    }
}
