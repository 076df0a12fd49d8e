//! What README.md prints does what it says: its scripts in a real browser and in Node, its commands in a shell.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::folder::is_possible;
use crate::support::page::Page;
use crate::support::*;

/// The blocks of README.md in this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string("README.md").unwrap();
    let start = format!("\n```{language}\n");
    let blocks = readme.split(&start).skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_string()).collect()
}

/// Runs a script in a page, and collects what it logs in `window.lines`.
fn run(page: &Page, script: &str) {
    page.evaluate("void (window.lines = [], console.log = (...words) => lines.push(words.join(' ')))");
    page.evaluate(&format!("void (() => {{ {script}\n }})()"));
}

#[test]
fn the_scripts_work_from_the_address_of_a_classmate() {
    let [broadcast, chat] = blocks("js").try_into().expect("two scripts");
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://lab.test:{}/source.html", server.port));
    run(&page, &broadcast);
    page.wait_for("lines.length > 0");
    assert_eq!(page.evaluate("lines"), json!(["here is a message for the server!"]));

    let mut ana = Member::come(&server, "ana");
    run(&page, &chat);
    let said = ana.read_until(|message| message["type"] == "said");
    assert_eq!((&said["from"]["name"], &said["text"]), (&json!("Robot"), &json!("hello from a few lines")));
    ana.send(&json!({ "type": "say", "text": "hello, Robot" }));
    page.wait_for("lines.length > 0");
    assert_eq!(page.evaluate("lines"), json!(["ana: hello, Robot"]));
}

#[test]
fn with_a_passphrase_the_script_says_why_it_was_closed() {
    let chat = blocks("js").pop().unwrap();
    let server = Server::start(&["--host", "lab.test", "--passphrase", "two words"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://lab.test:{}/source.html", server.port));
    run(&page, &chat);
    page.wait_for("lines.length > 0");
    assert_eq!(page.evaluate("lines"), json!(["closed: 4003 the passphrase is missing or wrong"]));
}

#[test]
fn the_first_script_works_in_node() {
    // Node 20 has WebSocket behind an option; without it, it is the `ws` of the line that the README names.
    if !is_possible(
        "node",
        &["--experimental-websocket", "--eval", "new WebSocket('ws://127.0.0.1:1/').onerror = () => {}"],
    ) {
        return println!("there is no node with WebSocket here, so the script is not run in it");
    }
    let server = Server::start(&[]);
    let script = blocks("js")[0].replace("localhost:3000", &format!("localhost:{}", server.port));
    let end = "socket.addEventListener('message', () => socket.close(1000));";
    let mut command = Command::new("node");
    command.args(["--experimental-websocket", "--input-type=module", "--eval", &format!("{script}\n{end}")]);
    let (code, output, error) = end_of(command);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(output.lines().next(), Some("here is a message for the server!"), "{output}{error}");
}

#[test]
fn the_handshake_by_hand_prints_what_is_said_of_it() {
    let [handshake, accept] = blocks("sh").try_into().expect("two blocks");
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        end_of(command).1
    };
    if is_possible("sh", &["-c", "command -v openssl"]) {
        assert_eq!(shell(&accept).trim(), ACCEPT);
    } else {
        println!("there is no openssl here");
    }
    if !is_possible("sh", &["-c", "command -v nc"]) {
        return println!("there is no nc here");
    }
    let server = Server::start(&[]);
    assert!(handshake.contains("sleep 60) | nc localhost 3000"));
    // Some kinds of `nc` stay until the server closes, others end with their input.
    let nc = format!("timeout 2 nc localhost {}", server.port);
    let output = shell(&handshake.replace("sleep 60", "sleep 1").replace("nc localhost 3000", &nc));
    assert!(output.starts_with("HTTP/1.1 101 Switching Protocols^M\n"), "{output}");
    assert!(output.contains(ACCEPT) && output.ends_with("^M\nM-^A^EHello"), "{output}");
}
