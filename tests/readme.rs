//! What README.md prints does what it says: its scripts in a real browser and in Node, its commands in a shell.
//! Its options are those of the program, and what the documents name is there.

use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;

use partyline::settings::help;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::folder::is_possible;
use crate::support::page::Page;
use crate::support::*;

/// The blocks of README.md in this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = read_to_string("README.md").unwrap();
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

/// What stands in backticks in a text without blocks of code.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The cells of each row of the tables in this section.
fn rows(section: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = section.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect())
}

/// A section of a document, by its heading.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let mut sections = document.split("\n## ");
    sections.find(|section| section.starts_with(heading)).unwrap_or_else(|| panic!("no section {heading}"))
}

#[test]
fn the_settings_are_those_of_the_help_with_its_defaults() {
    let readme = read_to_string("README.md").unwrap();
    let rows: Vec<Vec<&str>> = rows(section(&readme, "Settings")).collect();
    let mut named: Vec<&str> = rows.iter().flat_map(|row| quoted(row[0])).collect();
    for line in help().lines().filter_map(|line| line.strip_prefix("  ")) {
        let name = line.split(' ').next().unwrap();
        let row = rows.iter().find(|row| quoted(row[0]).any(|it| it == name));
        let row = row.unwrap_or_else(|| panic!("{name} is missing in README.md"));
        let default = line.rsplit_once('(').filter(|_| line.ends_with(')')).map_or("", |(_, it)| it);
        let default = default.trim_end_matches(')').replace("1 MiB", "1048576");
        assert_eq!(row[1].trim_matches('`'), default, "the default of {name}");
        named.retain(|it| *it != name);
    }
    assert!(named.is_empty(), "no options of the program: {named:?}");
}

#[test]
fn what_the_documents_name_is_there() {
    let is_file =
        |name: &str| ["", "src/", "www/"].iter().any(|folder| Path::new(folder).join(name).is_file());
    for document in ["README.md", "src/README.md", "src/chat/PROTOCOL.md"] {
        let text = read_to_string(document).unwrap();
        let prose: String = text.split("\n```").step_by(2).collect();
        let is_path = |name: &&str| {
            let has_end = [".rs", ".js", ".html", ".md"].iter().any(|end| name.ends_with(end));
            has_end && !name.contains([' ', '*']) && !name.ends_with("socket.io.js") // is the library's
        };
        let links = prose.split("](").skip(1).filter_map(|link| link.split(')').next());
        let named = quoted(&prose).chain(links).filter(is_path).map(|name| name.trim_start_matches("../"));
        let missing: Vec<&str> = named.filter(|name| !is_file(name)).collect();
        assert!(missing.is_empty(), "{document} names {missing:?}, which is not there");
    }
    let guide = read_to_string("src/README.md").unwrap();
    for row in rows(section(&guide, "Where is what")).filter(|row| row.len() == 3) {
        let path =
            |name: &str| if name.starts_with("www/") { name.to_string() } else { format!("src/{name}") };
        let source: String = quoted(row[1]).map(|name| read_to_string(path(name)).unwrap()).collect();
        let kinds = ["fn", "struct", "const", "static", "function"];
        for name in quoted(row[2]).map(|name| name.rsplit("::").next().unwrap()) {
            let is_there = |kind: &&str| {
                let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                source.split(&format!("{kind} {name}")).skip(1).any(ends)
            };
            assert!(kinds.iter().any(is_there), "{name} is not in {}", row[1]);
        }
    }
}
