//! `--passphrase`: a client without it is refused, learns nothing of the chat and says nothing in it. The
//! page's part is in `pages/passphrase.rs`.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::chat::*;
use crate::support::*;

const WORDS: &str = "größe & maß + 100 %";

fn server() -> Server {
    Server::start(&["--passphrase", WORDS])
}

fn come(server: &Server, name: &str) -> Member {
    Member::open(server, &format!("?name={name}&passphrase={}", percent(WORDS)), None)
}

/// Reads the Close 4003 and the end of the stream.
#[track_caller]
fn expect_refused(peer: &mut Peer) {
    peer.expect_last(b"\x0F\xA3the passphrase is missing or wrong");
}

/// Checks that no other member has joined, and that Ana got no notice of one.
fn assert_alone(server: &mut Server, ana: &mut Member) {
    ana.say_and_wait("the next message after the welcome is this one's ack");
    server.type_line("who");
    let output = server.wait_for_output("in the chat\n");
    assert!(output.ends_with("stop.\n#1  Ana\n1 in the chat\n"), "{output}");
    let ben = come(server, "Ben");
    assert_eq!((ben.id, &ben.welcome["count"]), (ana.id + 1, &json!(2)), "{}", ben.welcome);
}

#[test]
fn without_the_option_every_client_may_join() {
    let server = Server::start(&[]);
    for query in ["?name=Ana", "?name=Ana&passphrase=whatever", "?name=Ana&passphrase="] {
        Member::open(&server, query, None).leave();
    }
}

#[test]
fn a_client_without_a_passphrase_is_refused_at_once() {
    let mut server = server();
    let mut ana = come(&server, "Ana");
    let began = Instant::now();
    for query in ["", "?name=Eve", "?passphrase", "?passphrase=%FF", "?Passphrase=x"] {
        for _ in 0..20 {
            expect_refused(&mut server.open(&format!("/chat{query}")));
        }
    }
    // With the delay of a second, a hundred would take longer.
    assert!(began.elapsed() < PATIENCE);
    assert_alone(&mut server, &mut ana);
}

#[test]
fn a_wrong_passphrase_is_refused_after_a_second() {
    let mut server = server();
    let mut ana = come(&server, "Ana");
    let wrong = ["", "x", "größe", "Größe & maß + 100 %", "größe & maß + 100 % ", "größe+&+maß"];
    let mut queries: Vec<String> =
        wrong.iter().map(|words| format!("?passphrase={}", percent(words))).collect();
    // Encoded twice; with a member's token; and a wrong one before the right one.
    queries.push(format!("?passphrase={}", percent(&percent(WORDS))));
    queries.push(format!("?passphrase=x&token={}", ana.token));
    queries.push(format!("?passphrase=x&passphrase={}", percent(WORDS)));
    thread::scope(|scope| {
        for query in &queries {
            let server = &server;
            scope.spawn(move || {
                let began = Instant::now();
                expect_refused(&mut server.open(&format!("/chat{query}")));
                assert!(began.elapsed() >= Duration::from_secs(1), "{query}");
            });
        }
    });
    expect_refused(&mut server.open(&format!("/chat?token={}", ana.token)));
    assert_alone(&mut server, &mut ana);
}

#[test]
fn the_right_passphrase_lets_a_client_join() {
    let server = server();
    let spellings = [
        percent(WORDS),
        "gr%C3%B6%C3%9Fe+%26+ma%C3%9F+%2B+100+%25".to_string(),
        "gr%c3%b6%c3%9fe%20%26+ma%c3%9f%20%2b%20100%20%25".to_string(),
    ];
    for (name, words) in ["Ana", "Ben", "Cleo"].iter().zip(&spellings) {
        let member = Member::open(&server, &format!("?passphrase={words}&name={name}"), None);
        assert_eq!(member.name, *name);
        let again = format!("?token={}&passphrase={words}", member.token);
        drop(member);
        assert_eq!(Member::open(&server, &again, None).welcome["resumed"], true);
    }
}

/// An upgrade request for `/chat` with these offers of subprotocols.
fn offering(offers: &str) -> String {
    upgrade_request("/chat?name=Ana", &format!("Sec-WebSocket-Protocol: {offers}\r\n"))
}

/// What a page offers: `form` as one item of a comma-separated list.
fn secret(form: &str) -> String {
    format!("secret.{}", percent(form))
}

#[test]
fn a_passphrase_and_a_token_may_come_as_a_subprotocol() {
    let server = server();
    let right = format!("passphrase={}", percent(WORDS));
    let open = |offers: &str| Peer::open(server.connect(), offering(offers).as_bytes());
    let mut token = String::new();
    for (offers, resumed) in [
        (format!("partyline, {}", secret(&right)), false),
        (format!("{},partyline", secret(&format!("token=TOKEN&{right}"))), true),
        // In two lines, beside another program's offer.
        (
            format!("chat, partyline\r\nSec-WebSocket-Protocol: {}", secret(&format!("{right}&token=TOKEN"))),
            true,
        ),
    ] {
        let mut peer = open(&offers.replace(&percent("TOKEN"), &percent(&token)));
        let welcome: serde_json::Value = serde_json::from_str(&peer.read_text()).unwrap();
        assert_eq!(
            (&welcome["type"], &welcome["resumed"]),
            (&json!("welcome"), &json!(resumed)),
            "{welcome}"
        );
        token = welcome["token"].as_str().unwrap().to_string();
    }
    for offers in [
        "partyline".to_string(),
        format!("partyline, {}", secret("passphrase=x")),
        format!("partyline, {}", secret(&format!("token={token}"))),
        format!("partyline, SECRET.{}", percent(&right)),
        format!("partyline, secret.{right}"), // percent-decoded once too often
        "partyline, secret.%".to_string(),
        "partyline, secret.passphrase%3D%25FF".to_string(),
        format!("secret.x, {}", secret(&right)), // the first counts
    ] {
        expect_refused(&mut open(&offers));
    }
    // The subprotocol counts before the URL.
    let mut both = offering(&secret("passphrase=x"));
    both = both.replace("?name=Ana", &format!("?passphrase={}", percent(WORDS)));
    expect_refused(&mut Peer::open(server.connect(), both.as_bytes()));
}

#[test]
fn every_route_answers_partyline_and_never_a_secret() {
    let server = server();
    let secret = secret(&format!("token=T0ken&passphrase={}", percent(WORDS)));
    for (offers, answer) in [
        (format!("partyline, {secret}"), Some("partyline")),
        (format!("{secret}, x, partyline"), Some("partyline")),
        (secret.clone(), None),
        (format!("Partyline, {secret}"), None), // subprotocols are compared as they are (RFC 6455, 4.1)
        ("partyline2".to_string(), None),
    ] {
        for path in ["/", "/echo", "/broadcast", "/wire?id=0123456789abcdef", "/chat"] {
            let mut stream = server.connect();
            let request = offering(&offers).replace("/chat?name=Ana", path);
            stream.write_all(request.as_bytes()).unwrap();
            let (head, _) = read_head(&mut stream);
            let answered = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
            assert_eq!(answered, answer, "{path}: {offers}\n{head}");
            assert!(head.starts_with("HTTP/1.1 101 ") && !head.contains("secret"), "{head}");
        }
    }
    let log = server.log();
    assert!(!log.contains("T0ken") && !log.contains("secret."), "{log}");
}

#[test]
fn frames_of_a_refused_client_are_ignored() {
    let mut server = server();
    let mut ana = come(&server, "Ana");
    for query in ["", "?passphrase=x"] {
        // Some frames come with the request, and some during the delay before the answer.
        let frames = [client_frame(0x89, b"ping"), client_frame(0x81, b"hello"), vec![0xFF; 20]];
        let request = upgrade_request(&format!("/chat{query}"), "");
        let mut stream = server.connect();
        stream.write_all(&[request.as_bytes(), &frames.concat()].concat()).unwrap();
        let (head, leftover) = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let _ = stream.write_all(&frames.concat()); // fails if the server has closed already
        expect_refused(&mut Peer::new(stream, leftover));
    }
    assert_alone(&mut server, &mut ana);
}

#[test]
fn a_hundred_wrong_guesses_delay_no_member() {
    let server = server();
    let began = Instant::now();
    let mut wrong: Vec<Peer> =
        (0..100).map(|guess| server.open(&format!("/chat?passphrase={guess}"))).collect();
    let ana = come(&server, "Ana");
    wrong.iter_mut().for_each(expect_refused);
    // One after the other, a hundred delays would take longer.
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(ana.welcome["count"], 1);
}

#[test]
fn other_paths_need_no_passphrase() {
    let server = server();
    for path in ["/echo", "/broadcast", "/"] {
        let mut peer = server.open(path);
        peer.send_text("open");
        peer.expect_text("open");
    }
    for (path, status) in [("/", 200), ("/chat/main.js", 200), ("/chat", 426), ("/nothing", 404)] {
        let reply = server.exchange(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!(reply.status, status, "{path}");
    }
}

#[test]
fn the_passphrase_is_in_no_log_and_in_no_answer() {
    // In the environment, where other users of the machine do not see it.
    let shell = "export PARTYLINE_PASSPHRASE='open sesame'";
    let mut server = Server::start_after(shell, &["--log", "trace"]);
    let mut ends = Vec::new();
    for query in ["passphrase=open+sesame", "passphrase=sesame", "passphrase=%6Fpen%20sesame%20"] {
        let mut peer = server.open(&format!("/chat?{query}&name=Ana"));
        peer.send(0x88, b"\x03\xE8");
        while peer.try_read().is_some() {}
        ends.push(format!("({}) left /chat", peer.stream.local_addr().unwrap()));
    }
    for words in ["open+sesame", "sesame"] {
        let offers = format!("partyline, {}", secret(&format!("passphrase={words}")));
        let mut peer = Peer::open(server.connect(), offering(&offers).as_bytes());
        peer.send(0x88, b"\x03\xE8");
        while peer.try_read().is_some() {}
        ends.push(format!("({}) left /chat", peer.stream.local_addr().unwrap()));
    }
    let target = "/chat?passphrase=open+sesame&x=open%20sesame";
    let host = "HTTP/1.1\r\nHost: localhost\r\n";
    let upgrade = upgrade_request(target, "Origin: http://evil.example\r\n");
    let offer = format!("Sec-WebSocket-Protocol: partyline, {}", secret("passphrase=open+sesame"));
    for (request, status) in [
        (format!("GET {target} {host}\r\n"), 426),
        (format!("HEAD {target} {host}\r\n"), 426),
        (format!("POST {target} {host}\r\n"), 405),
        (format!("GET {target} HTTP/3.0\r\n\r\n"), 505),
        (format!("GET {target} HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421),
        (format!("GET {target} {host}no colon\r\n\r\n"), 400),
        (format!("GET {target}% {host}{}\r\n", "x: y\r\n".repeat(101)), 431),
        (format!("GET http://localhost{target} {host}\r\n"), 426),
        (upgrade.clone(), 403),
        (upgrade.replace("Origin: http://evil.example", "x: y").replace("13", "8"), 426),
        (upgrade.replace("/chat", "/nothing"), 404),
        (upgrade.replace("Origin: http://evil.example", &offer).replace("13", "8"), 426),
        (format!("GET /chat {host}{offer}\r\n\r\n"), 426),
        (format!("GET /nothing {host}{offer}\r\n\r\n"), 404),
        (format!("GET /nothing {host}{offer}\u{1}\r\n\r\n"), 400),
        (format!("GET /the-end {host}\r\n"), 404),
    ] {
        let reply = server.exchange(&request);
        assert_eq!(reply.status, status, "{request}");
        let answer = reply.head.clone() + &reply.text();
        assert!(!answer.contains("sesame"), "{request}: {answer}");
    }
    for line in ["who", "help", "quit"] {
        server.type_line(line);
    }
    for end in &ends {
        server.wait_for_log(end);
    }
    let output = server.wait_for_output("help        print this list");
    let log = server.wait_for_log("GET /the-end HTTP/1.1: 404");
    assert!(!output.contains("sesame") && !log.contains("sesame"), "{output}{log}");
    assert_eq!(server.wait(), Some(0));
}
