//! How the server is started: by make, in the background, with odd standard streams, on a port that it
//! cannot have; and what it says then.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::support::folder::{Folder, is_possible};
use crate::support::*;

/// A `PATH` on which this shell script stands in the place of cargo.
fn path_with_cargo(folder: &Folder, script: &str) -> String {
    let cargo = folder.path("cargo");
    fs::write(&cargo, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&cargo, PermissionsExt::from_mode(0o755)).unwrap();
    format!("{}:{}", folder.as_str(), std::env::var("PATH").unwrap())
}

#[test]
fn make_passes_its_own_command_line_on_and_nothing_else() {
    let folder = Folder::new();
    let path = path_with_cargo(&folder, "env | grep ^P");
    let settings = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = Command::new("make");
        clean_environment(&mut command);
        command.args(arguments).env("PATH", &path).envs(environment.iter().copied());
        let (_, out, err) = end_of(command);
        let lines = out.lines().filter(|line| !line.starts_with("PATH=") && !line.starts_with("PWD="));
        let mut lines: Vec<String> = lines.map(str::to_string).collect();
        lines.sort();
        (lines.join("\n"), err)
    };
    let odd = "PASSPHRASE=two  words $x $(shell echo y) $(z 'a' \"b\" `c` #d \\ 100% ü";
    for (arguments, environment, expected) in [
        (&["run"][..], &[][..], ""),
        (&["run", "PORT=4000", "DATA=an evening"], &[], "PARTYLINE_DATA=an evening\nPARTYLINE_PORT=4000"),
        (&["HEAD_BYTES=1"], &[], "PARTYLINE_HEAD_BYTES=1"),
        (&["run", odd], &[], &format!("PARTYLINE_{odd}")),
        // What is misspelled or empty is for the server to refuse.
        (&["run", "PASSPHRSE=x", "DATA="], &[], "PARTYLINE_DATA=\nPARTYLINE_PASSPHRSE=x"),
        (&["run"], &[("DATA", "/x"), ("LOG", "/var/log/x"), ("HOST", "h"), ("PORT", "80")], "PORT=80"),
        (&["run"], &[("PARTYLINE_PASSPHRASE", "$(a' #")], "PARTYLINE_PASSPHRASE=$(a' #"),
        (&["run", "PARTYLINE_PASSPHRASE=$(a' #$x"], &[], "PARTYLINE_PASSPHRASE=$(a' #$x"),
    ] {
        assert_eq!(settings(arguments, environment).0, expected, "{arguments:?} {environment:?}");
    }
    // The chat would be open, where an earlier version closed it.
    let (out, err) = settings(&["run"], &[("PASSPHRASE", "sesame")]);
    assert!(out.is_empty() && err.contains("say PARTYLINE_PASSPHRASE=") && !err.contains("sesame"), "{err}");
}

#[test]
fn in_the_background_of_a_terminal_it_serves_and_in_the_foreground_it_takes_commands() {
    if !is_possible("script", &["--version"]) {
        return eprintln!("skipped: there is no `script` here to make a terminal");
    }
    let folder = Folder::new();
    let program = env!("CARGO_BIN_EXE_partyline");
    // A shell with job control (`set -m`). It takes its one line, then gives the terminal to make.
    let shell = "set -m; stty tostop; make run & read line; fg";
    let mut command = Command::new("timeout"); // or a server that the terminal stops would keep the test waiting
    clean_environment(&mut command);
    command.args(["--foreground", "60", "script", "-qec", shell, "/dev/null"]).env("SHELL", "/bin/sh");
    command.env("PATH", path_with_cargo(&folder, &format!("exec {program} --port 0")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut input = child.stdin.take().unwrap();
    let port = read_port(&mut output);
    let mut peer = Peer::open(connect(port), upgrade_request("/echo", "").as_bytes());
    peer.send_text("in the background");
    peer.expect_text("in the background");
    let mut wait_for = |text: &str| {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the end came before {text:?}");
        }
    };
    wait_for("while the server is in the background");
    input.write_all(b"\n").unwrap();
    wait_for("make run"); // `fg` prints it
    input.write_all(b"who\n").unwrap();
    wait_for("0 in the chat");
    input.write_all(b"quit\n").unwrap();
    peer.expect_close(1001);
    drop(peer);
    assert!(child.wait().unwrap().success());
}

#[test]
fn odd_standard_streams_end_the_commands_and_not_the_server() {
    for (streams, log) in [
        ("<&-", ""),
        ("</dev/null", ""),
        ("</", "no commands can be typed: Is a directory"),
        ("</dev/zero", "no commands can be typed any more: a line had 65536 bytes"),
    ] {
        let server = Server::start_after(&format!("exec {streams}"), &[]);
        server.wait_for_log(log);
        server.assert_serves();
    }
    // A reason that cannot be printed is still a failure, not a panic.
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" --port x 2>/dev/full", env!("CARGO_BIN_EXE_partyline")]);
    clean_environment(&mut command);
    assert_eq!(end_of(command).0, Some(1));
}

#[test]
fn a_terminal_that_does_not_read_keeps_no_client_waiting() {
    let mut command = program();
    command.args(["--port", "0"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // From here on standard output is a pipe that this test does not read. It holds 64 KiB.
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let port = read_port(&mut output);
    child.stdin.as_mut().unwrap().write_all(&b"help\n".repeat(1000)).unwrap();
    for _ in 0..3 {
        Peer::open(connect(port), upgrade_request("/echo", "").as_bytes());
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_start_says_who_may_join_where_the_history_goes_and_how_many_may_come() {
    let folder = Folder::new();
    let open = Server::start(&["--connections", "7", "--per-address", "3"]);
    let text = open.wait_for_output("quit to stop");
    assert!(text.contains("Passphrase: none. Everyone who opens an address can join"), "{text}");
    assert!(text.contains("History: in memory. It ends with this process"), "{text}");
    assert!(text.contains("Connections: 7 at once, 3 of one address"), "{text}");
    let shell = format!("cd {}; export PARTYLINE_PASSPHRASE=sesame", folder.as_str());
    let www = concat!(env!("CARGO_MANIFEST_DIR"), "/www");
    let closed = Server::start_after(&shell, &["--www", www, "--data", "a\u{1b}[2Jb"]);
    let text = closed.wait_for_output("quit to stop");
    assert!(text.contains("Passphrase: needed to join") && !text.contains("sesame"), "{text}");
    assert!(text.contains(&format!("History: {}/a\\u{{1b}}[2Jb\n", folder.as_str())), "{text}");
    assert!(text.contains("no limit of one address"), "{text}");
}

#[test]
fn a_port_that_another_program_has_in_ipv4_only_is_taken() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let (code, _, err) = run_to_end(&["--port", &port], &[]);
    assert!(code == Some(1) && err.contains("is taken"), "{err}");
    // Where an IPv6 socket takes no IPv4 connections, as on Windows. `tiny` listens on IPv4 only.
    let ipv6_only = "echo 1 >/proc/sys/net/ipv6/bindv6only";
    if !is_possible("unshare", &["-rn", "sh", "-c", ipv6_only]) {
        return eprintln!("skipped: no network namespaces here");
    }
    let script = format!(
        "{ipv6_only}; PORT=4000 \"$1\" >\"$2\" & until grep -q localhost \"$2\"; do sleep 0.05; done
        \"$0\" --port 4000; code=$?; kill $!; exit $code"
    );
    let folder = Folder::new();
    let mut command = Command::new("unshare");
    clean_environment(&mut command);
    let [program, tiny] = [env!("CARGO_BIN_EXE_partyline"), env!("CARGO_BIN_EXE_tiny")];
    command.args(["-rn", "sh", "-c", &script, program, tiny, folder.path("tiny").to_str().unwrap()]);
    let (code, _, err) = end_of(command);
    assert!(code == Some(1) && err.contains("port 4000 is taken"), "{err}");
}

#[test]
fn a_port_that_only_an_administrator_may_have_gets_a_sentence() {
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or_default();
    let user = ["--reuid=65534", "--clear-groups", "--bounding-set=-net_bind_service"];
    let program = env!("CARGO_BIN_EXE_partyline");
    if first.trim() != "1024" || !is_possible("setpriv", &[&user[..], &[program, "--version"]].concat()) {
        return eprintln!("skipped: every user may listen on port 80 here, or the user cannot be changed");
    }
    let mut command = Command::new("setpriv");
    clean_environment(&mut command);
    command.args(user).args([program, "--port", "80"]);
    let (code, out, err) = end_of(command);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.starts_with("partyline: the system does not let you listen on port 80"), "{err}");
    assert!(err.contains("--port 8080") && err.lines().count() == 1, "{err}");
}
