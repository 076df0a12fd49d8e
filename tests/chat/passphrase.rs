//! `--passphrase`: who does not know it learns nothing of the chat and tells it nothing. What the page
//! makes of it is in `passphrase_page.rs`.

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

/// The 101 has come; what has to follow is the Close, and nothing else.
#[track_caller]
fn expect_turned_away(peer: &mut Peer) {
    let frame = peer.read();
    let payload = b"\x0F\xA3the passphrase is missing or wrong".into();
    assert_eq!(frame, Frame { first: 0x88, payload });
    assert_eq!(peer.try_read(), None);
}

/// Nobody else has come meanwhile, and Ana has heard of nobody.
fn assert_alone(server: &mut Server, ana: &mut Member) {
    ana.say_and_wait("is somebody there?");
    server.type_line("who");
    let output = server.wait_for_output("in the chat\n");
    assert!(output.ends_with("stop.\nAna\n1 in the chat\n"), "{output}");
    let ben = come(server, "Ben");
    assert_eq!((ben.id, &ben.welcome["count"]), (ana.id + 1, &json!(2)), "{}", ben.welcome);
}

#[test]
fn without_the_option_none_is_asked_for() {
    let server = Server::start(&[]);
    for query in ["?name=Ana", "?name=Ana&passphrase=whatever", "?name=Ana&passphrase="] {
        Member::open(&server, query, None).leave();
    }
}

#[test]
fn who_says_none_is_turned_away_at_once() {
    let mut server = server();
    let mut ana = come(&server, "Ana");
    let began = Instant::now();
    for query in ["", "?name=Eve", "?passphrase", "?passphrase=%FF", "?Passphrase=x"] {
        for _ in 0..20 {
            expect_turned_away(&mut server.open(&format!("/chat{query}")));
        }
    }
    // A second for each would be more than this.
    assert!(began.elapsed() < PATIENCE);
    assert_alone(&mut server, &mut ana);
}

#[test]
fn who_says_a_wrong_one_is_turned_away_after_a_second() {
    let mut server = server();
    let mut ana = come(&server, "Ana");
    let wrong = ["", "x", "größe", "Größe & maß + 100 %", "größe & maß + 100 % ", "größe+&+maß"];
    let mut queries: Vec<String> =
        wrong.iter().map(|words| format!("?passphrase={}", percent(words))).collect();
    // Encoded twice; and a token is no passphrase.
    queries.push(format!("?passphrase={}", percent(&percent(WORDS))));
    queries.push(format!("?passphrase=x&token={}", ana.token));
    queries.push(format!("?passphrase=x&passphrase={}", percent(WORDS)));
    thread::scope(|scope| {
        for query in &queries {
            let server = &server;
            scope.spawn(move || {
                let began = Instant::now();
                expect_turned_away(&mut server.open(&format!("/chat{query}")));
                assert!(began.elapsed() >= Duration::from_secs(1), "{query}");
            });
        }
    });
    expect_turned_away(&mut server.open(&format!("/chat?token={}", ana.token)));
    assert_alone(&mut server, &mut ana);
}

#[test]
fn who_says_the_right_one_comes_in() {
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

#[test]
fn what_they_send_is_not_understood_as_anything() {
    let mut server = server();
    let mut ana = come(&server, "Ana");
    for query in ["", "?passphrase=x"] {
        // Some frames come with the request, and some while the answer waits.
        let frames = [client_frame(0x89, b"ping"), client_frame(0x81, b"hello"), vec![0xFF; 20]];
        let request = upgrade_request(&format!("/chat{query}"), "");
        let mut stream = server.connect();
        stream.write_all(&[request.as_bytes(), &frames.concat()].concat()).unwrap();
        let (head, rest) = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let mut more = stream.try_clone().unwrap();
        let _ = more.write_all(&frames.concat()); // fails if the answer was faster
        expect_turned_away(&mut Peer::new(stream, rest));
    }
    assert_alone(&mut server, &mut ana);
}

#[test]
fn a_hundred_who_guess_keep_nobody_out() {
    let server = server();
    let began = Instant::now();
    let mut wrong: Vec<Peer> =
        (0..100).map(|guess| server.open(&format!("/chat?passphrase={guess}"))).collect();
    let ana = come(&server, "Ana");
    wrong.iter_mut().for_each(expect_turned_away);
    // One after the other they would take longer.
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(ana.welcome["count"], 1);
}

#[test]
fn the_other_doors_are_open() {
    let server = server();
    for path in ["/echo", "/broadcast", "/"] {
        let mut peer = server.open(path);
        peer.send_text("open");
        assert_eq!(peer.read_text(), "open");
    }
    for (path, status) in [("/", 200), ("/chat/main.js", 200), ("/chat", 426), ("/nothing", 404)] {
        let reply = server.exchange(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!(reply.status, status, "{path}");
    }
}

#[test]
fn it_is_written_nowhere() {
    // From the environment, where it is better kept than on the command line.
    let shell = "export PASSPHRASE='open sesame'";
    let mut server = Server::start_after(shell, &["--log", "trace"]);
    let mut ends = Vec::new();
    for query in ["passphrase=open+sesame", "passphrase=sesame", "passphrase=%6Fpen%20sesame%20"] {
        let mut peer = server.open(&format!("/chat?{query}&name=Ana"));
        peer.send(0x88, b"\x03\xE8");
        while peer.try_read().is_some() {}
        ends.push(format!("({}) left /chat", peer.stream.local_addr().unwrap()));
    }
    let target = "/chat?passphrase=open+sesame&x=open%20sesame";
    let host = "HTTP/1.1\r\nHost: localhost\r\n";
    let upgrade = upgrade_request(target, "Origin: http://evil.example\r\n");
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
    let output = server.wait_for_output("help        this list");
    let log = server.wait_for_log("GET /the-end HTTP/1.1: 404");
    assert!(!output.contains("sesame") && !log.contains("sesame"), "{output}{log}");
    assert_eq!(server.wait(), Some(0));
}
