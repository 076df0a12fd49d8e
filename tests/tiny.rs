//! Lesson 0, `src/bin/tiny.rs`: it serves the page, and what one client says reaches all.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use crate::support::*;

/// The program, on a free port; it is killed when the test drops it.
struct Tiny {
    child: Child,
    port: u16,
}

impl Tiny {
    fn start() -> Tiny {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiny"));
        clean_environment(&mut command);
        let mut child = command.env("PORT", "0").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().expect("it prints its address");
        Tiny { child, port }
    }

    /// Opens a WebSocket. `more` follows the request in the same packet.
    fn open(&self, path: &str, more: &[u8]) -> Peer {
        let request = upgrade_request(path, "");
        Peer::open(connect(self.port), &[request.as_bytes(), more].concat())
    }

    fn exchange(&self, request: &str) -> Reply {
        let mut stream = connect(self.port);
        stream.write_all(request.as_bytes()).unwrap();
        Reply::read(stream, request.as_bytes())
    }
}

#[test]
fn a_post_is_refused() {
    let tiny = Tiny::start();
    let post = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi";
    tiny.exchange(post).assert_status("a POST", 405);
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_message_of_one_client_reaches_all() {
    let tiny = Tiny::start();
    let mut ana = tiny.open("/broadcast", b"");
    let mut ben = tiny.open("/", &client_frame(0x81, b"sent with the request"));
    for peer in [&mut ana, &mut ben] {
        peer.expect_text("sent with the request");
    }
    // While ana talks all the time, her thread still writes what the others say.
    for number in 0..100 {
        ana.send_text(&number.to_string());
        ben.send(0x82, number.to_string().as_bytes());
    }
    for peer in [&mut ana, &mut ben] {
        let frames: Vec<Frame> = (0..200).map(|_| peer.read()).collect();
        for first in [0x81, 0x82] {
            let of_one = frames.iter().filter(|frame| frame.first == first);
            let texts: Vec<&str> = of_one.map(|f| str::from_utf8(&f.payload).unwrap()).collect();
            let expected: Vec<String> = (0..100).map(|number: u32| number.to_string()).collect();
            assert_eq!(texts, expected, "of {first:x}");
        }
    }
    ana.send(0x89, b"ping");
    ana.expect_frame(0x8A, b"ping");
    ana.send(0x88, b"\x03\xE8");
    ana.expect_close(1000);
    ben.send_text("alone now");
    ben.expect_text("alone now");
}

#[test]
fn a_plain_request_gets_the_page_or_a_refusal() {
    let tiny = Tiny::start();
    let page = tiny.exchange("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    page.assert_status("the page", 200);
    page.assert_contains("the page", "broadcast");
    let nothing = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (what, request, status) in [
        ("no such file", nothing.to_string(), 404),
        ("no Host", "GET / HTTP/1.1\r\n\r\n".to_string(), 400),
        ("no such path", upgrade_request("/chat", ""), 404),
        ("version 8", upgrade_request("/", "").replace("Version: 13", "Version: 8"), 426),
    ] {
        tiny.exchange(&request).assert_status(what, status);
    }
}
