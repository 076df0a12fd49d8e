//! The chat in a terminal without a terminal: in a pipe.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Output, Stdio};
use std::{env, thread};

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partyline-console"));
    clean_environment(&mut command);
    command
}

fn console(arguments: &[&str]) -> Child {
    let mut command = command();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Runs it with this input to its end.
fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = console(arguments);
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn assert_fails(output: &Output, sentence: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.starts_with("partyline-console: ") && error.contains(sentence), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(output.stdout.is_empty());
}

#[test]
fn each_line_of_a_pipe_is_said_and_acknowledged() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let url = format!("localhost:{}", server.port);
    let output = run(&[&url, "--name", "ana"], "hello\n\n日本 \u{1b}[31m\r\n/msg ben psst\nno line end");
    assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), vec![], vec![]));
    for text in ["hello", "日本 \u{1b}[31m", "psst", "no line end"] {
        let said = ben.read_until(|message| message["type"] == "said");
        assert_eq!((&said["text"], said["to"].is_object()), (&text.into(), text == "psst"));
    }
    // It has said goodbye, so it is not away first.
    let left = ben.read_until(|message| message["type"] != "receipt");
    assert_eq!((&left["type"], &left["member"]["name"]), (&"left".into(), &"ana".into()));
}

#[test]
fn all_lines_of_a_pipe_arrive_once_through_a_restart_of_the_server() {
    let lines: usize = env::var("PIPE_LINES").ok().and_then(|lines| lines.parse().ok()).unwrap_or(200);
    let folder = Folder::new();
    let options = ["--data", folder.as_str(), "--pace", "1000"];
    let server = Server::start(&options);
    let port = server.port;
    let mut child = console(&[&format!("localhost:{port}"), "--name", "ana"]);
    let mut input = child.stdin.take().unwrap();
    let write =
        thread::spawn(move || (0..lines).for_each(|number| writeln!(input, "line {number}").unwrap()));
    let mut ben = Member::come(&server, "ben");
    ben.read_until(|message| message["text"] == format!("line {}", lines / 2));
    drop(server);
    let server = Server::start_on(port, &options);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    write.join().unwrap();
    let mut cy = Member::come(&server, "cy");
    let mut texts = Vec::new();
    let mut page = cy.welcome.clone();
    loop {
        let messages = page["messages"].as_array().unwrap().clone();
        let older = messages.iter().map(|message| message["text"].as_str().unwrap().to_string());
        texts.splice(0..0, older);
        if page["more"] != true {
            break;
        }
        cy.send(&serde_json::json!({ "type": "earlier", "before": messages[0]["id"] }));
        page = cy.read_until(|message| message["type"] == "earlier");
    }
    let expected: Vec<String> = (0..lines).map(|number| format!("line {number}")).collect();
    assert_eq!(texts, expected);
}

#[test]
fn what_cannot_be_done_ends_a_pipe_with_one_sentence() {
    let server = Server::start(&["--text", "10"]);
    let url = format!("localhost:{}", server.port);
    assert_fails(&run(&["localhost:1"], "hello\n"), "localhost:1 cannot be reached");
    assert_fails(&run(&["https://localhost:1"], "hello\n"), "there is no TLS here");
    assert_fails(&run(&["--nam", "x"], "hello\n"), "--nam is no option here");
    for missing in [&["--name"][..], &["--name", "--follow"], &["--passphrase"]] {
        assert_fails(&run(missing, "hello\n"), &format!("{} needs a value", missing[0]));
    }
    assert_fails(&run(&["--name=a", "--name", "a"], "hello\n"), "--name is given twice");
    assert_fails(&run(&[&url, &url], "hello\n"), "URL is given twice");
    assert_fails(&run(&["--follow=yes"], "hello\n"), "--follow is no option here");
    assert_fails(&run(&[&url], "hello\nlonger than ten\n"), "a message has at most 10 characters");
    assert_fails(&run(&[&url], "/what\n"), "/what means nothing here");
    assert_fails(&run(&[&url], "/msg x y\n"), "no one else here has that name");
    assert_fails(&run(&[&url], "/nick\n"), "/nick needs more");
}

#[test]
fn an_option_and_its_value_are_one_word_or_two() {
    let server = Server::start(&["--passphrase", "two words"]);
    let url = format!("ws://localhost:{}/echo.html?x=1", server.port);
    for arguments in
        [&["--name=ana", "--passphrase=two words"][..], &["--name", "ana", "--passphrase", "two words"]]
    {
        let mut ben = Member::open(&server, "?name=ben&passphrase=two%20words", None);
        let output = run(&[&[url.as_str()], arguments].concat(), "hello\n");
        assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
        let said = ben.read_until(|message| message["type"] == "said");
        assert_eq!((&said["from"]["name"], &said["text"]), (&"ana".into(), &"hello".into()));
    }
}

#[test]
fn what_is_not_utf_8_is_refused_and_not_left_out() {
    let bad = OsStr::from_bytes(b"two\xffwords");
    for option in ["--name", "--passphrase"] {
        let mut command = command();
        command.arg(option).arg(bad);
        assert_fails(&command.output().unwrap(), &format!("{option} is not text in UTF-8"));
    }
    assert_fails(&command().arg(bad).output().unwrap(), "URL is not text in UTF-8");
    let output = command().env("PARTYLINE_PASSPHRASE", bad).output().unwrap();
    assert_fails(&output, "PARTYLINE_PASSPHRASE is not text in UTF-8");
}

#[test]
fn what_follow_cannot_write_is_no_quiet_end() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut command = command();
    command.args([&format!("localhost:{}", server.port), "--name", "ana", "--follow"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let child = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    ben.read_until(|message| message["type"] == "joined");
    ben.say("hello");
    assert_fails(&child.wait_with_output().unwrap(), "No space left on device");
}

#[test]
fn follow_prints_what_others_say_a_line_each_and_ends_with_its_reader() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut child = console(&[&format!("localhost:{}", server.port), "--name", "ana", "--follow"]);
    child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    ben.read_until(|message| message["text"] == "hello");
    ben.say("one\ntwo\u{1b}[2J");
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(&line[5..], " ben: one\\ntwo\\u{1b}[2J\n");
    drop(out);
    ben.say("no one reads this");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
}
