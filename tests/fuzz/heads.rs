//! Request heads at random: through the functions that parse, check and answer them, and over a connection.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::str;
use std::thread;

use partyline::handshake::{self, origin::AllowedOrigins};
use partyline::http::files::Files;
use partyline::http::host::HostNames;
use partyline::http::{self, Authority, Request, Response};

use crate::support::chat::percent;
use crate::support::corpus::{HEAD_TOKENS, head_corpus};
use crate::support::folder::{SECRET, WwwFolder};
use crate::support::fuzzing::fuzz;
use crate::support::random::Random;
use crate::support::{PATIENCE, Reply, Server};

#[test]
fn a_request_head_is_understood_in_one_way_or_refused() {
    let folder = WwwFolder::new();
    folder.write("www/.hidden", SECRET);
    symlink(folder.path("secret.txt"), folder.path("www/link.txt")).unwrap();
    symlink(folder.path("www/.hidden"), folder.path("www/dot.txt")).unwrap();
    let files = Files::new(&folder.path("www")).unwrap();
    let hosts = [HostNames { names: vec!["lab.test".to_string()] }, HostNames::default()];
    let origins = [AllowedOrigins::default(), AllowedOrigins { any: true, ..Default::default() }];
    let mut sockets = SocketPairs::new();
    fuzz("heads", &head_corpus(), &HEAD_TOKENS, |input, random| {
        if random.below(16) == 0 {
            check_reading(sockets.pair(), input, random);
        }
        let request = match http::parse(input) {
            Ok(request) => request,
            Err(refusal) => return check_refusal(&refusal, &[400, 405, 431, 501, 505]),
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
            _ if request.method == "POST" => check_refusal(&answer, &[405]),
            _ => check_refusal(&answer, &[404, 500]),
        }
        let bytes = answer.to_bytes(false);
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    });
}

/// A listener, and the number of pairs of connected sockets it has made. It is replaced after 10,000: the
/// system keeps each pair of ports for a minute after its use (TIME_WAIT), so they would run out.
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

/// Checks that `read_head` reads the same head, or refuses the bytes, however they are cut into packets.
fn check_reading((mut client, server): (TcpStream, TcpStream), input: &[u8], random: &mut Random) {
    let longest = 1 << random.below(16);
    let mut cuts: Vec<usize> = (0..random.small(4)).map(|_| random.below(input.len() + 1)).collect();
    let end = input.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    cuts.extend(end.map(|end| end - random.below(5))); // around the end of the head
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
        let _ = server.shutdown(Shutdown::Both); // so that the writer does not block on unread bytes
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
        Ok((head, leftover)) => assert!(input.starts_with(&[head, leftover].concat())),
        Err(Some(refusal)) => check_refusal(&refusal, &[400, 431]),
        Err(None) => assert!(input.is_empty(), "bytes came, so they need an answer"),
    }
}

/// Header fields that the server uses, and one that it does not.
const FIELDS: [&str; 10] = [
    "connection",
    "content-length",
    "cookie",
    "origin",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "transfer-encoding",
    "upgrade",
    "x",
];

/// Checks what the rest of the program takes for granted about a request. Then writes the request again in
/// the plainest way and parses that, which has to give the same: nothing in it can be read in two ways.
fn check_request(request: &Request, input: &[u8]) {
    assert!(["GET", "HEAD", "POST"].contains(&request.method.as_str()));
    assert!(request.path.starts_with('/') && !request.path.contains('\0'), "{request:?}");
    let mut head = format!("{} {}", request.method, percent(&request.path).replacen("%2F", "/", 1));
    let text = String::from_utf8_lossy(input);
    let target = text.trim_start().split(' ').nth(1).expect("a target");
    if let Some((_, query)) = target.split_once('?') {
        write!(head, "?{query}").unwrap();
    }
    let lengths = request.headers("content-length").flat_map(|value| value.split(','));
    let lengths: HashSet<&str> = lengths.map(|length| length.trim_matches([' ', '\t'])).collect();
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

/// All that the program reads from a request, as one text.
fn meaning(request: &Request) -> String {
    let upgrade = match handshake::upgrade(request) {
        Ok(answer) => answer.to_bytes(false),
        Err(refusal) => refusal.sentence().into_bytes(),
    };
    let (query, cookie) = (request.parameter("name"), request.cookie("name"));
    let secret = handshake::secret(request, "token");
    let Request { method, path, host, is_http_1_0, has_body, .. } = request;
    let wants = handshake::wants_websocket(request);
    format!("{method} {path:?} {host:?} {is_http_1_0} {has_body} {query:?} {cookie:?} {secret:?} {wants}")
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
        let default = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
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
    let answered = text.split("Sec-WebSocket-Protocol: ").nth(1);
    assert!(answered.is_none_or(|value| value.starts_with("partyline\r\n")), "{text}");
}

/// Checks that a refusal has one of these statuses, and a sentence without control characters.
fn check_refusal(refusal: &Response, statuses: &[u16]) {
    assert!(statuses.contains(&refusal.status), "{refusal:?}");
    let sentence = refusal.sentence();
    assert!(sentence.starts_with(&format!("{} ", refusal.status)), "{sentence:?}");
    assert!(sentence.len() > 25 && !sentence.contains(char::is_control), "{sentence:?}");
    check_answer(refusal);
}

/// Checks that an answer has one head: a status line, known fields, each once, and an empty line.
fn check_answer(answer: &Response) {
    const KNOWN: [&str; 17] = [
        "Allow",
        "Cache-Control",
        "Connection",
        "Content-Length",
        "Content-Security-Policy",
        "Content-Type",
        "Cross-Origin-Resource-Policy",
        "Date",
        "ETag",
        "Referrer-Policy",
        "Retry-After",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Protocol",
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
    // The Date may have changed since, so only the lengths are compared.
    let to_head = answer.to_bytes(true);
    assert!(to_head.ends_with(b"\r\n\r\n") && to_head.len() == end + 4, "{head:?}");
}

#[test]
fn a_request_head_over_a_connection_gets_one_whole_answer() {
    let server = Server::start(&["--log", "warn", "--host", "lab.test"]);
    fuzz("heads over a connection", &head_corpus(), &HEAD_TOKENS, |input, _| {
        let mut stream = server.connect();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(input);
        let _ = stream.shutdown(Shutdown::Write);
        if input.is_empty() {
            return;
        }
        let reply = Reply::read(stream, input);
        if reply.status == 101 {
            return assert_eq!(reply.header("Content-Length"), None);
        }
        let length = reply.header("Content-Length").expect("a length");
        let length: usize = length.parse().unwrap();
        // A malformed request is not a HEAD, whatever it begins with, and so gets a body.
        let is_head = input.trim_ascii_start().starts_with(b"HEAD ");
        assert!(reply.body.len() == length || is_head && reply.body.is_empty(), "{reply}");
    });
    server.assert_serves();
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
