//! The server's terminal: what it prints, the operator's commands, and how the server starts and stops.

use std::io::{BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::chat::*;
use crate::support::*;

#[test]
fn quit_closes_every_connection_with_1001() {
    let mut server = Server::start(&[]);
    let mut peers = [server.open("/echo"), server.open("/broadcast"), server.open("/")];
    peers[1].send_text("all here?");
    peers[1].expect_text("all here?");
    server.type_line("quit");
    for peer in &mut peers {
        // The text may come before the Close.
        let close = |frame: &Frame| frame.first == 0x88;
        let frame = Some(peer.read()).filter(close).unwrap_or_else(|| peer.read());
        assert_eq!(frame, Frame { first: 0x88, payload: b"\x03\xE9the server is stopping".into() });
        peer.expect_end();
    }
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_client_that_ignores_the_close_does_not_keep_the_server_running() {
    let mut server = Server::start(&[]);
    let _ignores_the_close = server.open("/echo");
    server.type_line("quit");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn unknown_commands_and_the_end_of_input_do_not_stop_the_server() {
    let mut server = Server::start(&[]);
    for line in ["", "help", "QUIT please", "\u{1b}[2J", "quit now"] {
        server.type_line(line);
    }
    server.assert_serves();
    server.end_input();
    server.assert_serves();
}

#[test]
fn a_port_in_use_ends_the_start_with_one_sentence() {
    let server = Server::start(&[]);
    let port = server.port.to_string();
    let (code, out, err) = run_to_end(&["--port", &port], &[]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with(&format!("partyline: port {port} is taken")), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    server.assert_serves();
}

#[test]
fn only_addresses_that_others_can_open_are_printed() {
    let mut command = program();
    command.args(["--port", "0"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"quit\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let first_words = text.lines().filter_map(|line| line.split_whitespace().next());
    let addresses: Vec<&str> = first_words.filter(|word| word.starts_with("http://")).collect();
    assert!(!addresses.is_empty(), "{text}");
    for address in &addresses {
        assert!(!address.contains("0.0.0.0") && !address.contains("[::]"), "{text}");
    }
    // The address of the default route comes first, if there is a route.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    if socket.connect("198.51.100.1:9").is_ok() {
        let own = socket.local_addr().unwrap().ip();
        assert!(addresses[0].starts_with(&format!("http://{own}:")), "{text}");
    }
    assert!(addresses.last().unwrap().starts_with("http://localhost:"), "{text}");
}

#[test]
fn the_operator_lists_members_and_says_texts() {
    let mut server = Server::start(&[]);
    server.type_line("who");
    assert_eq!(server.wait_for_output("in the chat\n").lines().last(), Some("0 in the chat"));
    // Odd names are allowed. Control characters and invisible ones are not.
    let [mut ana, ben] = gather(&server, ["Ana", "[31m 100% {} \\u{1b}"]);
    let (odd, person) = (ben.name.clone(), ben.person());
    drop(ben);
    ana.expect_notice("away", &person);
    let mut cleo = Member::come(&server, "a\u{1B}[2J\u{9B}31m\u{202E}\r");
    ana.expect_notice("joined", &cleo.person());
    server.type_line("who");
    let output = server.wait_for_output("3 in the chat\n");
    let lines: Vec<&str> = output.lines().skip_while(|line| *line != "0 in the chat").collect();
    let members = format!("#1  Ana\n#2  {odd} (away)\n#3  {}", cleo.name);
    assert_eq!(lines.join("\n"), format!("0 in the chat\n{members}\n3 in the chat"));
    let operator = json!({ "id": 0, "name": "operator" });
    let texts = ["hello, everybody", "{\"type\":\"say\"}", "\u{1B}[2J ü"];
    for (number, text) in texts.iter().enumerate() {
        server.type_line(&format!("say  {text} "));
        let text = &text.replace('\u{1B}', ""); // as of an arrow key
        ana.expect_said(number as u64 + 1, &operator, text);
        cleo.expect_said(number as u64 + 1, &operator, text);
    }
    for line in ["say", "say ", "SAY x", "says x"] {
        server.type_line(line);
    }
    server.type_line("say the end");
    ana.expect_said(4, &operator, "the end");
    // The operator's texts are in the history like all others.
    let dan = Member::come(&server, "Dan");
    assert_eq!(column(&dan.welcome["messages"], "from"), vec![operator; 4]);
    ana.expect_notice("joined", &dan.person());
    server.type_line("quit");
    ana.peer.expect_close(1001);
    drop((ana, cleo, dan));
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn the_server_serves_without_a_terminal() {
    let mut command = Command::new("sh");
    // Standard error is closed from the start; standard output when the port has been read.
    command.args(["-c", "exec \"$0\" --port 0 2>&-", env!("CARGO_BIN_EXE_partyline")]);
    clean_environment(&mut command);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let port = read_port(&mut BufReader::new(child.stdout.take().unwrap()));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"help\nhelp\n").unwrap();
    for _ in 0..3 {
        open_echo(port);
    }
    stdin.write_all(b"quit\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Opens a WebSocket on `/echo` and closes the connection.
pub fn open_echo(port: u16) {
    Peer::open(connect(port), upgrade_request("/echo", "").as_bytes());
}
