//! Inputs at random, for a few seconds: whatever a stranger can send goes through the same functions as
//! in the server, and whatever comes out of them has to keep what they promise.
//!
//! `FUZZ=600 cargo test --release fuzz -- --nocapture` goes on for 600 seconds. Each loop prints its
//! seed: `FUZZ_SEED=` with that makes the same inputs again. An input that fails is printed so that it can be
//! put into the list of those that every run begins with.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{Write as _, stderr};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::str;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use partyline::chat::names::{self, NAME_MAX};
use partyline::chat::protocol::{self, ClientMessage, Problem, REF_MAX, Recipient};
use partyline::handshake::{self, origin::AllowedOrigins};
use partyline::http::files::Files;
use partyline::http::host::HostNames;
use partyline::http::{self, Authority, Request, Response};
use partyline::text::{is_invisible, visible};
use serde_json::{Value, json};

use crate::http::files::{Folder, SECRET};
use crate::support::chat::percent;
use crate::support::dice::Dice;
use crate::support::*;

/// How long each loop goes on unless `FUZZ` says otherwise.
const TIME: Duration = Duration::from_secs(3);
/// No input is longer: more than any limit that it could be stopped by.
const INPUT_MAX: usize = 80 << 10;
/// That of a client's thread: what would overflow it has to overflow this one.
const STACK: usize = 512 * 1024;

/// Feeds `check` first with the corpus and then with what becomes of it by a few mutations, until
/// the time is over. `check` may roll the dice as well, in the same way for the same input.
pub fn fuzz(
    what: &str,
    corpus: &[Vec<u8>],
    tokens: &[&[u8]],
    mut check: impl FnMut(&[u8], &mut Dice) + Send,
) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let time = number("FUZZ").map_or(TIME, Duration::from_secs);
    let now = UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed = number("FUZZ_SEED").unwrap_or(now);
    // Not `eprintln!`, which is lost with the process when a stack overflows.
    let tell = |text: String| drop(stderr().write_all(text.as_bytes()));
    tell(format!("fuzz {what}: FUZZ_SEED={seed}\n"));
    let run = move || {
        let (mut dice, start, mut count) = (Dice::new(seed), Instant::now(), 0);
        while count < corpus.len() || start.elapsed() < time {
            let mut input = match corpus.get(count) {
                Some(input) => input.clone(),
                None => dice.pick(corpus),
            };
            if count >= corpus.len() {
                for _ in 0..=dice.small(3) {
                    dice.mutate(&mut input, corpus, tokens);
                }
            }
            input.truncate(INPUT_MAX);
            let suspect = Suspect { what, seed, count, input: &input };
            check(suspect.input, &mut dice);
            count += 1;
        }
        tell(format!("fuzz {what}: {count} inputs in {:.1} s\n", start.elapsed().as_secs_f64()));
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        if let Err(panic) = thread.expect("a thread can be started").join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Tells which input it was when its check fails.
struct Suspect<'a> {
    what: &'a str,
    seed: u64,
    count: usize,
    input: &'a [u8],
}

impl Drop for Suspect<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let Suspect { what, seed, count, input } = self;
            eprintln!(
                "fuzz {what}: FUZZ_SEED={seed}, input {count}: b\"{}\"",
                input.escape_ascii()
            );
        }
    }
}

fn corpus(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Heads that are right, and some that are not.
pub fn head_corpus() -> Vec<Vec<u8>> {
    let browser = "Host: localhost:3000\r\nConnection: keep-alive, Upgrade\r\nPragma: no-cache\r\n\
         Origin: http://localhost:3000\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         User-Agent: Mozilla/5.0 (X11)\r\nAccept-Encoding: gzip, deflate, br\r\n\
         Cookie: theme=dark; name=Zo%C3%AB%20%F0%9F%98%80\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    corpus(&[
        &format!("GET /chat?token=abc&since=12&name=Ana+B%2e HTTP/1.1\r\n{browser}"),
        &format!("GET https://lab.test:443/broadcast HTTP/1.1\r\n{browser}"),
        &format!("\r\nGET / HTTP/1.1\r\n{browser}\u{1} early"),
        &upgrade_request("/echo", "Origin: null\r\n"),
        &upgrade_request("/%65cho", "Content-Length: 0\r\n").replace("localhost", "[::1]:3000"),
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "HEAD /sub/index.html?x HTTP/1.1\r\nhost: LAB.test.:80\r\nX:\t y \r\n\r\n",
        "GET /inside.txt HTTP/1.0\r\n\r\n",
        "GET /sub/%2e%2e/../..%2f%2E%2e/secret.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /link.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /dot.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /.hidden HTTP/1.1\r\nHost: [2001:DB8:0::7]\r\n\r\n",
        "POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: evil.example\r\nX: y\r\n folded\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
        // What was found once: the sentence of the refusal had the tab in it.
        "GET /chat HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\tlocalhost\r\n\r\n",
        &format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(99)),
        &format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(16 << 10)),
    ])
}

#[rustfmt::skip]
pub const HEAD_TOKENS: [&[u8]; 62] = [
    b"\r\n", b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\n\n", b"\r\n ", b"\0", b" ", b"\t", b":", b": ", b"\x7F",
    b"\x1B[2J", b"\xC2\x9B2J", b"\xE2\x80\xAE", b"\xFF", b"\xED\xA0\x80", b"%00", b"%0D%0A", b"%1B", b"%2e%2e/",
    b"../", b"..%2f", b"..\\", b"./", b"//", b"%", b"%4", b"%zz", b"%C2%9B", b"%ED%A0%80", b"%FF", b"#", b"?", b"&",
    b"=", b";", b",", b"\"", b"@", b"name=", b"?name=", b"HTTP/1.1", b"HTTP/1.0", b"http://", b"https://", b"[::1]",
    b"[", b"]", b"localhost", b":65536", b"99999999999999999999", b"secret.txt", b"Host: localhost\r\n",
    b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: 6\r\n", b"Host: a\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Origin: http://localhost:3000\r\n",
];

#[test]
fn heads() {
    let folder = Folder::new();
    folder.write("www/.hidden", SECRET);
    symlink(folder.path("secret.txt"), folder.path("www/link.txt")).unwrap();
    symlink(folder.path("www/.hidden"), folder.path("www/dot.txt")).unwrap();
    let files = Files::new(&folder.path("www")).unwrap();
    let hosts = [HostNames { names: vec!["lab.test".to_string()] }, HostNames::default()];
    let origins = [AllowedOrigins::default(), AllowedOrigins { any: true, ..Default::default() }];
    let mut line = SocketPairs::new();
    fuzz("heads", &head_corpus(), &HEAD_TOKENS, |input, dice| {
        if dice.below(16) == 0 {
            check_reading(line.pair(), input, dice);
        }
        let request = match http::parse(input) {
            Ok(request) => request,
            Err(refusal) => return check_refusal(&refusal, &[400, 405, 431, 505]),
        };
        check_request(&request, input);
        for hosts in &hosts {
            match hosts.check(&request) {
                Ok(()) => check_own_host(&request, hosts),
                Err(refusal) => check_refusal(&refusal, &[421]),
            }
        }
        for origins in &origins {
            match origins.check(&request) {
                Ok(()) => check_own_origin(&request, origins),
                Err(refusal) => check_refusal(&refusal, &[403]),
            }
        }
        match handshake::upgrade(&request) {
            Ok(answer) => check_101(&answer),
            Err(refusal) => check_refusal(&refusal, &[400, 426]),
        }
        let answer = files.answer(&request);
        match answer.status {
            200 => check_answer(&answer),
            _ => check_refusal(&answer, &[404, 500]),
        }
        let bytes = answer.to_bytes(false);
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    });
}

/// Connected sockets. The listener changes from time to time: the system keeps each pair of ports
/// for a minute after its use.
struct SocketPairs(TcpListener, usize);

impl SocketPairs {
    fn new() -> SocketPairs {
        SocketPairs(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), 0)
    }

    fn pair(&mut self) -> (TcpStream, TcpStream) {
        if self.1 == 10_000 {
            *self = SocketPairs::new();
        }
        self.1 += 1;
        let client = TcpStream::connect(self.0.local_addr().unwrap()).unwrap();
        client.set_nodelay(true).unwrap();
        (client, self.0.accept().unwrap().0)
    }
}

/// However the bytes are cut into packets, the same head is read, or they are refused.
fn check_reading((mut client, server): (TcpStream, TcpStream), input: &[u8], dice: &mut Dice) {
    let longest = 1 << dice.below(16);
    let mut cuts: Vec<usize> = (0..dice.small(4)).map(|_| dice.below(input.len() + 1)).collect();
    let end = input.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    cuts.extend(end.map(|end| end - dice.below(5))); // where it matters most
    let result = thread::scope(|scope| {
        scope.spawn(move || {
            for (at, byte) in input.iter().enumerate() {
                if cuts.contains(&at) {
                    thread::yield_now(); // so that the reader sees what there is so far
                    let _ = client.write(&[*byte]);
                } else if at == 0 || cuts.contains(&(at - 1)) {
                    let end = cuts.iter().copied().filter(|cut| *cut > at).min();
                    let _ = client.write_all(&input[at..end.unwrap_or(input.len())]);
                }
            }
            let _ = client.shutdown(Shutdown::Write);
        });
        let result = http::read_head(&server, longest, PATIENCE);
        let _ = server.shutdown(Shutdown::Both); // nobody writes for ever to one who does not read
        result
    });
    let in_order = |head: &[u8]| {
        let after_cr = |at: usize| at > 0 && head[at - 1] == b'\r';
        let mut bytes = head.iter().enumerate();
        head[0] != 0x16 && bytes.all(|(at, byte)| *byte != 0 && (*byte == b'\n') == after_cr(at))
    };
    let expected = end.filter(|end| *end <= longest && in_order(&input[..*end]));
    assert_eq!(result.as_ref().ok().map(|(head, _)| head.len()), expected, "{result:?}");
    match result {
        Ok((head, rest)) => assert!(input.starts_with(&[head, rest].concat())),
        Err(Some(refusal)) => check_refusal(&refusal, &[400, 431]),
        Err(None) => assert!(input.is_empty(), "somebody is left to be told"),
    }
}

/// Header fields that mean something to the server.
const FIELDS: [&str; 9] = [
    "connection",
    "content-length",
    "cookie",
    "origin",
    "sec-websocket-key",
    "sec-websocket-version",
    "transfer-encoding",
    "upgrade",
    "x",
];

/// A request promises what the rest of the program takes for granted; and written down again in the
/// plainest way it means the same, so that nothing in it can be read in two ways.
fn check_request(request: &Request, input: &[u8]) {
    assert!(["GET", "HEAD"].contains(&request.method.as_str()));
    assert!(request.path.starts_with('/') && !request.path.contains('\0'), "{request:?}");
    let mut head = format!("{} {}", request.method, percent(&request.path).replacen("%2F", "/", 1));
    let text = String::from_utf8_lossy(input);
    let target = text.trim_start().split(' ').nth(1).expect("a target");
    if let Some((_, query)) = target.split_once('?') {
        write!(head, "?{query}").unwrap();
    }
    let lengths: HashSet<&str> = request.headers("content-length").collect();
    let encodings = request.headers("transfer-encoding").count();
    assert!(lengths.len() + encodings.min(1) <= 1 && request.headers("host").count() <= 1);
    head += if request.is_http_1_0 { " HTTP/1.0\r\n" } else { " HTTP/1.1\r\n" };
    match &request.host {
        Some(host) => {
            assert_eq!(Authority::parse(&host.to_string()).as_ref(), Some(host));
            assert!(!host.host.contains(char::is_uppercase), "{host}");
            write!(head, "Host: {host}\r\n").unwrap();
        }
        None => assert!(request.is_http_1_0),
    }
    for name in FIELDS {
        for value in request.headers(name) {
            let is_text = |c: char| c == '\t' || !c.is_ascii_control();
            assert!(value.chars().all(is_text) && value.trim_matches([' ', '\t']) == value);
            write!(head, "{name}:{value}\r\n").unwrap();
        }
    }
    if head.lines().count() > 101 {
        return; // with the Host that HTTP/1.0 may leave out there would be 101 fields
    }
    let again = http::parse(head.as_bytes()).expect("a plain head");
    assert_eq!(meaning(&again), meaning(request), "{head}");
}

/// All that anybody asks a request.
fn meaning(request: &Request) -> String {
    let upgrade = match handshake::upgrade(request) {
        Ok(answer) => answer.to_bytes(false),
        Err(refusal) => refusal.sentence().into_bytes(),
    };
    let (query, cookie) = (request.parameter("name"), request.cookie("name"));
    let Request { method, path, host, is_http_1_0, has_body, .. } = request;
    let wants = handshake::wants_websocket(request);
    format!("{method} {path:?} {host:?} {is_http_1_0} {has_body} {query:?} {cookie:?} {wants}")
        + &upgrade.escape_ascii().to_string()
}

fn check_own_host(request: &Request, hosts: &HostNames) {
    let Some(host) = &request.host else { return };
    let digits_and_dots = |c: char| c.is_ascii_digit() || c == '.';
    let is_address = host.host.starts_with('[') || host.host.chars().all(digits_and_dots);
    let is_local = host.host.rsplit('.').next() == Some("localhost");
    assert!(is_address || is_local || hosts.names.contains(&host.host), "{host}");
}

fn check_own_origin(request: &Request, allowed: &AllowedOrigins) {
    let origins: Vec<&str> = request.headers("origin").collect();
    if let ([origin], false) = (&origins[..], allowed.any) {
        let (scheme, authority) = origin.split_once("://").expect("a URL");
        let default = if scheme == "https" { 443 } else { 80 };
        let same = |it: Authority| (it.host, it.port.unwrap_or(default));
        assert_eq!(Authority::parse(authority).map(same), request.host.clone().map(same));
    }
}

fn check_101(answer: &Response) {
    assert_eq!(answer.status, 101);
    check_answer(answer);
    let text = String::from_utf8(answer.to_bytes(false)).unwrap();
    let accept = text.split("Sec-WebSocket-Accept: ").nth(1).expect("the proof");
    assert_eq!(accept.len(), 28 + 4, "20 bytes in base64, and the end of the head");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
}

/// A refusal has a status of its kind and a sentence that can be shown anywhere.
fn check_refusal(refusal: &Response, statuses: &[u16]) {
    assert!(statuses.contains(&refusal.status), "{refusal:?}");
    let sentence = refusal.sentence();
    assert!(sentence.starts_with(&format!("{} ", refusal.status)), "{sentence:?}");
    assert!(sentence.len() > 25 && !sentence.contains(char::is_control), "{sentence:?}");
    check_answer(refusal);
}

/// An answer has one head: each line one field of those we know, none twice, then one empty line.
fn check_answer(answer: &Response) {
    const KNOWN: [&str; 15] = [
        "Allow",
        "Cache-Control",
        "Connection",
        "Content-Length",
        "Content-Security-Policy",
        "Content-Type",
        "Cross-Origin-Resource-Policy",
        "Date",
        "Referrer-Policy",
        "Retry-After",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Version",
        "Upgrade",
        "X-Content-Type-Options",
        "X-Frame-Options",
    ];
    let bytes = answer.to_bytes(false);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an empty line");
    let (head, body) = (str::from_utf8(&bytes[..end]).expect("text"), &bytes[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = format!("HTTP/1.1 {} ", answer.status);
    assert!(lines.next().is_some_and(|line| line.starts_with(&status)), "{head:?}");
    let mut names = HashSet::new();
    for line in lines {
        assert!(!line.contains(char::is_control), "{line:?}");
        let (name, value) = line.split_once(": ").expect("a colon");
        assert!(KNOWN.contains(&name) && names.insert(name), "{line:?}");
        assert!(name != "Content-Length" || value == body.len().to_string(), "{line:?}");
    }
    assert_eq!(names.contains("Content-Length"), answer.status != 101);
    // (Up to the Date, which may have changed since.)
    let to_head = answer.to_bytes(true);
    assert!(to_head.ends_with(b"\r\n\r\n") && to_head.len() == end + 4, "{head:?}");
}

fn text_corpus() -> Vec<Vec<u8>> {
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(300), close.repeat(300));
        format!("{{\"type\":\"say\",\"text\":\"x\",\"more\":{open}1{close}}}")
    };
    corpus(&[
        "hello, street",
        "Ana\u{301} B\u{202E}  C",
        " \u{3000}\u{A0}x\u{2028}",
        "\u{FFFD}\u{AD}\u{200B}\u{9B}2J\0\x1B[2J",
        r#"{"type":"say","text":"hello","ref":"r1"}"#,
        r#"{"type":"say","text":"psst","to":2}"#,
        r#"{"type":"say","text":"\ud83d\ude00 \u0000\u202e","to":"Ben","ref":null}"#,
        r#"{"type":"say","text":"x","to":18446744073709551615}"#,
        r#"{"type":"name","name":" Zo\u00eb  the 2nd ","ref":"é"}"#,
        r#"{"type":"name","name":"\ud800"}"#,
        r#"{"type":"typing","to":1e300}"#,
        r#"{"type":"typing","more":[{"a":[1,-0.5e-7,true,null,"\\\""]}]}"#,
        r#"{"type":"received","id":7}"#,
        r#"{"type":"earlier","before":7,"ref":"r"}"#,
        r#"{"type":"photo","mime":"image/png","size":12345}"#,
        &format!("{{\"type\":\"typing\",\"ref\":\"{}\"}}", "€".repeat(22)),
        &nested("[", "]"),
        &nested("{\"a\":", "}"),
        &"x".repeat(300),
        &"😀".repeat(200),
    ])
}

#[rustfmt::skip]
const TEXT_TOKENS: [&[u8]; 59] = [
    b"{", b"}", b"[", b"]", b"\"", b":", b",", b"\\", b"\\u", b"\\ud83d", b"\\ude00", b"\\u0000", b"\\u009b",
    b"\\\"", b"{\"a\":", b"[[", b"]]", b"\0", b"\n", b"\r\n", b"\t", b" ", b"\x1B[2J", b"\xC2\x9B", b"\xE2\x80\xAE",
    b"\xE2\x80\x8B", b"\xEF\xBF\xBD", b"\xF0\x9F\x98\x80", b"\xE3\x80\x80", b"\xC2\xA0", b"\xCC\x81", b"\xED\xA0\x80",
    b"\xFF", b"null", b"true", b"-1", b"0", b"2", b"1e999", b"-0.0", b"18446744073709551616", b"9999999999999999",
    b"\"type\":", b"\"say\"", b"\"name\"", b"\"typing\"", b"\"received\"", b"\"earlier\"", b"\"before\":", b"\"text\":", b"\"to\":", b"\"ref\":", b"\"id\":",
    b"\"__proto__\":", b"\"ref\":\"r\",", b"\"to\":2,", b"\xC4\xB0", b"\xC3\x9F", b"xxxxxxxxxxxxxxxx",
];

#[test]
fn texts() {
    fuzz("texts", &text_corpus(), &TEXT_TOKENS, |input, dice| {
        let text = String::from_utf8_lossy(input);
        check_message(&text, 1 << dice.below(14));
        if let Ok(name) = names::check(&text) {
            check_name(&name);
            let taken = names::first_free(&name, |key| !key.ends_with(" 4"));
            check_name(&taken);
        }
        let shown = visible(&text);
        assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)), "{shown:?}");
        assert_eq!(visible(&shown), shown);
        let was_clean = !text.chars().any(|c| c.is_control() || is_invisible(c));
        assert_eq!(shown == text, was_clean);
        let quoted: Value =
            serde_json::from_str(&partyline::json::quoted(&text).to_string()).expect("JSON");
        assert_eq!(quoted, *text);
    });
}

/// What is asked for keeps the limits, and put in the plainest way it is the same; what is refused
/// is refused in JSON.
fn check_message(text: &str, text_max: usize) {
    let (reference, ask) = protocol::parse(text, text_max);
    let has_room = |reference: &str| (1..=REF_MAX).contains(&reference.len());
    assert!(reference.as_deref().is_none_or(has_room), "{reference:?}");
    let (plain, to) = match &ask {
        Ok(ClientMessage::Say(said, to)) => {
            assert!(!said.trim().is_empty() && said.chars().count() <= text_max, "{said:?}");
            assert!(text.starts_with('{') || text == said);
            (json!({ "type": "say", "text": said }), to)
        }
        Ok(ClientMessage::Name(name)) => {
            check_name(name);
            (json!({ "type": "name", "name": name }), &None)
        }
        Ok(ClientMessage::Typing(to)) => (json!({ "type": "typing" }), to),
        Ok(ClientMessage::Received(id)) => (json!({ "type": "received", "id": id }), &None),
        Ok(ClientMessage::Earlier(id)) => (json!({ "type": "earlier", "before": id }), &None),
        Err(problem) => return check_problem(problem, reference.as_deref()),
    };
    let mut plain = plain;
    match to {
        Some(Recipient::Id(id)) => plain["to"] = json!(id),
        Some(Recipient::Name(name)) => plain["to"] = json!(name),
        None => {}
    }
    plain["ref"] = json!(reference.as_deref());
    assert_eq!(protocol::parse(&plain.to_string(), text_max), (reference, ask));
}

fn check_problem(problem: &Problem, reference: Option<&str>) {
    const CODES: [&str; 7] =
        ["not-json", "unknown-type", "bad-field", "bad-ref", "bad-name", "empty", "text-too-long"];
    let Problem { code, message } = problem;
    assert!(CODES.contains(code) && !message.contains(char::is_control), "{code}: {message:?}");
    let error = protocol::error(problem, reference).end();
    let error: Value = serde_json::from_str(&error).expect("an error is JSON");
    let mut expected = json!({ "type": "error", "code": code, "message": message });
    if let Some(reference) = reference {
        expected["ref"] = json!(reference);
    }
    assert_eq!(error, expected);
}

/// A name that passed once passes again, as it is, and can be shown.
fn check_name(name: &str) {
    assert_eq!(names::check(name).as_deref(), Ok(name));
    assert!((1..=NAME_MAX).contains(&name.chars().count()), "{name:?}");
    assert!(!name.contains(|c: char| c.is_control() || is_invisible(c)), "{name:?}");
    assert!(name.trim() == name && !name.contains("  "), "{name:?}");
}
