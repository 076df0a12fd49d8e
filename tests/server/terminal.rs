//! The server's terminal: what it prints, what can be typed, how it starts and stops.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use partyline::settings::{Settings, help};
use partyline::text::visible;

use serde_json::json;

use crate::support::chat::*;
use crate::support::*;

/// Runs the program to its end; returns its exit code, standard output and standard error. It must not
/// be one that goes on: without a code it was ended.
pub fn run(options: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partyline"));
    in_clean_surroundings(&mut command);
    command.args(options).envs(environment.iter().copied()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn quit_closes_everyone_with_1001() {
    let mut server = Server::start(&[]);
    let mut peers = [server.open("/echo"), server.open("/broadcast"), server.open("/")];
    peers[1].send_text("all here?");
    assert_eq!(peers[1].read_text(), "all here?");
    server.type_line("quit");
    for peer in &mut peers {
        let close = |frame: &Frame| frame.first == 0x88;
        let frame = Some(peer.read()).filter(close).unwrap_or_else(|| peer.read());
        assert_eq!(frame, Frame { first: 0x88, payload: b"\x03\xE9the server is stopping".into() });
        assert_eq!(peer.try_read(), None);
    }
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn one_who_ignores_the_close_does_not_keep_the_server() {
    let mut server = Server::start(&[]);
    let _rude = server.open("/echo");
    server.type_line("quit");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn other_lines_and_the_end_of_input_do_not_stop_it() {
    let mut server = Server::start(&[]);
    for line in ["", "help", "QUIT please", "\u{1b}[2J", "quit now"] {
        server.type_line(line);
    }
    server.assert_serves();
    server.end_input();
    server.assert_serves();
}

#[test]
fn a_taken_port_is_one_clear_sentence() {
    let server = Server::start(&[]);
    let port = server.port.to_string();
    let (code, out, err) = run(&["--port", &port], &[]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with(&format!("partyline: port {port} is taken")), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    server.assert_serves();
}

#[test]
fn the_addresses_are_those_a_classmate_can_open() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partyline"));
    command.args(["--port", "0"]);
    in_clean_surroundings(&mut command);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut typed = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut typed, b"quit\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let addresses: Vec<&str> =
        text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let addresses: Vec<&str> =
        addresses.into_iter().filter(|word| word.starts_with("http://")).collect();
    assert!(!addresses.is_empty(), "{text}");
    for address in &addresses {
        assert!(!address.contains("0.0.0.0") && !address.contains("[::]"), "{text}");
    }
    // The default route's address comes first, where there is one.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    if socket.connect("198.51.100.1:9").is_ok() {
        let own = socket.local_addr().unwrap().ip();
        assert!(addresses[0].starts_with(&format!("http://{own}:")), "{text}");
    }
    assert!(addresses.last().unwrap().starts_with("http://localhost:"), "{text}");
}

#[test]
fn help_fits_a_screen() {
    let (code, out, _) = run(&["--help"], &[]);
    assert_eq!((code, out.trim_end()), (Some(0), help().as_str()));
    assert!(help().lines().count() <= 24, "{} lines", help().lines().count());
    assert!(help().lines().all(|line| line.chars().count() <= 80));
    let (code, out, _) = run(&["--version"], &[]);
    assert_eq!((code, out.trim_end()), (Some(0), concat!("partyline ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn mistakes_in_the_settings_are_explained() {
    for (options, environment, sentence) in [
        (&["--port", "70000"][..], &[][..], "--port 70000: a port is a number up to 65535"),
        (&["--port"], &[], "--port needs a value"),
        (&["--prot", "4000"], &[], "--prot is no option here; --help lists them"),
        (&["4000"], &[], "4000 is no option here"),
        (&["--connections", "-1"], &[], "--connections -1: a limit is a whole number, 0 for none"),
        (&["--head-timeout=soon"], &[], "--head-timeout soon: a limit is a whole number"),
        (&["--log", "loud"], &[], "--log loud: the levels are off, error, warn, info, debug"),
        (&["--host", "http://a.example"], &[], "a name is wanted here"),
        (&["--host", "192.0.2.1"], &[], "addresses are let in anyway"),
        (&["--origin", "a.example"], &[], "a scheme, a host and perhaps a port are wanted here"),
        (&[], &[("PORT", "no")], "PORT=no: a port is a number"),
        (&[], &[("HEAD_BYTES", "1k")], "HEAD_BYTES=1k: a limit is a whole number"),
        (&["--www", "/nowhere/at/all"], &[], "--www DIR"),
    ] {
        let (code, out, err) = run(options, environment);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{options:?}");
        assert!(err.starts_with("partyline: ") && err.contains(sentence), "{options:?}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

#[test]
fn the_command_line_counts_more_than_the_environment() {
    let environment = |word: &str| match word {
        "PORT" => Some("4000".to_string()),
        "CONNECTIONS" => Some("0".to_string()),
        "HOST" => Some("one.example,two.example".to_string()),
        "LOG" => Some(String::new()),
        _ => None,
    };
    let options = ["--port", "5000", "--host=Three.Example.", "--head-bytes=8192"];
    let settings = Settings::read(options.map(str::to_string), environment).unwrap();
    assert_eq!(settings.port, 5000);
    assert_eq!(settings.connections, usize::MAX);
    assert_eq!(settings.head_bytes, 8192);
    assert_eq!(settings.hosts.names, ["one.example", "two.example", "three.example"]);
    assert_eq!(settings.log, log::LevelFilter::Info);
}

#[test]
fn the_operator_takes_part() {
    let mut server = Server::start(&[]);
    server.type_line("who");
    assert_eq!(server.wait_for_output("in the chat\n").lines().last(), Some("0 in the chat"));
    // A name may be odd. What could paint the terminal or hide in it is in none.
    let [mut ana, ben] = gather(&server, ["Ana", "[31m 100% {} \\u{1b}"]);
    let (odd, person) = (ben.name.clone(), ben.person());
    drop(ben);
    ana.expect_notice("away", &person);
    let mut cleo = Member::come(&server, "a\u{1B}[2J\u{9B}31m\u{202E}\r");
    ana.expect_notice("joined", &cleo.person());
    server.type_line("who");
    let output = server.wait_for_output("3 in the chat\n");
    let lines: Vec<&str> = output.lines().skip_while(|line| *line != "0 in the chat").collect();
    let expected = ["0 in the chat", "Ana", &format!("{odd} (away)"), &cleo.name, "3 in the chat"];
    assert_eq!(lines, expected);
    let operator = json!({ "id": 0, "name": "operator" });
    let texts = ["hello, everybody", "{\"type\":\"say\"}", "\u{1B}[2J ü"];
    for (number, text) in texts.iter().enumerate() {
        server.type_line(&format!("say  {text} "));
        ana.expect_said(number as u64 + 1, &operator, text);
        cleo.expect_said(number as u64 + 1, &operator, text);
    }
    for line in ["say", "say ", "SAY x", "says x"] {
        server.type_line(line);
    }
    server.type_line("say the end");
    ana.expect_said(4, &operator, "the end");
    // It is kept like everything else.
    let dan = Member::come(&server, "Dan");
    assert_eq!(column(&dan.welcome["messages"], "from"), vec![operator; 4]);
    ana.expect_notice("joined", &dan.person());
    server.type_line("quit");
    ana.peer.expect_close(1001);
    drop((ana, cleo, dan));
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn one_line_per_arrival_and_departure() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo?secret=1234");
    server.wait_for_log(") came to ");
    peer.send(0x88, b"\x03\xE8");
    peer.expect_close(1000);
    drop(peer);
    let log = server.wait_for_log(") left ");
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(!log.contains("1234") && !log.contains("secret"), "{log}");
    assert!(log.contains("(127.0.0.1:"), "{log}");
}

#[test]
fn strangers_cannot_paint_the_terminal() {
    let server = Server::start(&["--log", "debug"]);
    server.exchange("GET /\u{1B}[2J HTTP/1.1\r\nHost: localhost\r\n\r\n");
    server.exchange(upgrade_request("/broadcast", "Origin: \u{202E}\u{9B}x\r\n"));
    let log = server.wait_for_log("403 Forbidden");
    assert!(log.contains(r"GET /\u{1b}[2J HTTP/1.1"), "{log}");
    assert!(log.contains(r"Origin is \u{202e}\u{9b}x"), "{log}");
    assert!(log.chars().all(|c| c == '\n' || !c.is_control()), "{log:?}");
    assert_eq!(visible("a\u{202E}b\u{7F}c\u{9B}d ü 😀"), r"a\u{202e}b\u{7f}c\u{9b}d ü 😀");
}

#[test]
fn a_closed_terminal_harms_nobody() {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_partyline");
    // Standard output is read until the port is known, and closed; standard error is closed first.
    command.args(["-c", "exec \"$0\" --port 0 2>&-", program]);
    in_clean_surroundings(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let port = read_port(&mut child);
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"help\nhelp\n").unwrap();
    for _ in 0..3 {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        std::io::Write::write_all(&mut stream, upgrade_request("/echo", "").as_bytes()).unwrap();
        assert!(read_head(&mut stream).0.starts_with("HTTP/1.1 101"));
    }
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"quit\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_terminal_that_has_stopped_holds_nobody_up() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partyline"));
    in_clean_surroundings(&mut command);
    command.args(["--port", "0"]).stdin(Stdio::piped());
    // Standard error is a pipe that nobody reads: when it is full, writing to it waits for ever.
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let port = read_port(&mut child);
    // Each leaves two lines of about 60 bytes; the pipe takes 64 KiB.
    for number in 0..1500 {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        std::io::Write::write_all(&mut stream, upgrade_request("/echo", "").as_bytes()).unwrap();
        assert!(read_head(&mut stream).0.starts_with("HTTP/1.1 101"), "client {number}");
    }
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"not UTF-8: \xFF\nquit\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Reads the port from what the program prints, and closes its standard output.
fn read_port(child: &mut std::process::Child) -> u16 {
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("http://localhost:") {
        line.clear();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    }
    line.split("localhost:").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}
