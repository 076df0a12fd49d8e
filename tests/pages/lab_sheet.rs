//! The lab sheet: its exercises, and Check against the unmodified server. (`make lab-check` is the test of the
//! solutions.) `lab_sheet/answers.rs` has the exercises that ask for an answer,
//! `programs.rs` the one that asks for a program.

mod answers;
mod programs;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

const EXERCISES: &str = include_str!("../../www/lab/exercises.json");

fn open_sheet<'a>(browser: &'a Browser, server: &Server, (width, height): (u32, u32)) -> Page<'a> {
    let page = browser.new_user();
    page.set_size(width, height);
    page.run_in_every_document(
        "const part = (n, inside) => document.querySelector(`#e${n} ${inside}`);
         const marks = (n) => Array.from(document.querySelectorAll(`#e${n} .expectations li`), (it) => it.className);
         const verdict = (n) => part(n, '.verdict').innerText;",
    );
    page.open(&format!("http://lab.test:{}/lab.html", server.port));
    page.wait_for("document.body.classList.contains('ready')");
    page
}

/// Presses Check of an exercise, and waits until it has ended. By the keyboard, because a browser opens a window
/// only for a person.
fn check(page: &Page, number: u64) {
    page.evaluate(&format!("part({number}, '.run button').focus()"));
    page.press("Enter");
    page.wait_for(&format!("!part({number}, '.run button').disabled && /Seed|seed/.test(verdict({number}))"));
}

#[test]
fn the_sheet_has_what_the_checks_expect() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_sheet(&browser, &server, (1280, 800));
    let exercises: Vec<Value> = serde_json::from_str(EXERCISES).unwrap();
    assert_eq!(exercises.len(), 11);
    for exercise in exercises {
        let (n, title, minutes) =
            (&exercise["number"], exercise["title"].as_str().unwrap(), &exercise["minutes"]);
        assert_eq!(page.evaluate(&format!("part({n}, 'h2').textContent")), format!("{n}. {title}"));
        let facts = page.evaluate_text(&format!("part({n}, '.facts').textContent"));
        assert!(facts.starts_with(&format!("{minutes} minutes · ")), "{n}: {facts}");
        let hints = page.evaluate(&format!(
            "Array.from(document.querySelectorAll('#e{n} details:not(.more)'), (it) => it.open || it.querySelector('a')?.href || '')"
        ));
        let hints = hints.as_array().unwrap();
        assert_eq!(hints.len(), 3, "{n}");
        assert!(hints[2].as_str().unwrap().contains("source.html?file="), "{n}: {hints:?}");
        let expectations = exercise["expectations"].as_array().unwrap();
        assert_eq!(page.evaluate(&format!("marks({n}).length")), expectations.len());
        // Each has a Check, and says what to run for the rest, and why.
        let only_in_terminal = expectations.iter().filter(|it| it["only"] == "terminal").count();
        let has_button = page.evaluate(&format!("part({n}, '.run button')?.textContent === 'Check'"));
        assert_eq!(has_button, only_in_terminal < expectations.len(), "{n}");
        let why = page.evaluate(&format!("part({n}, '.check > .only')?.textContent ?? ''"));
        let command = format!("make lab N={n} checks ");
        assert_eq!(why.as_str().unwrap().starts_with(&command), only_in_terminal > 0, "{n}: {why}");
    }
    page.assert_clean();
}

#[test]
fn check_is_red_on_the_unchanged_server_and_shows_the_exchange() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_sheet(&browser, &server, (1280, 800));
    check(&page, 0);
    let shown = page.evaluate_text("verdict(0)");
    for words in [
        "Red on purpose",
        "A opens /echo",
        "A sends    Text",
        "A expects  82",
        "A receives 81",
        "Opcode: expected 0x2 Binary, received 0x1 Text",
        "Seed ",
    ] {
        assert!(shown.contains(words), "no {words:?} in {shown}");
    }
    // Expected and received line up, byte below byte.
    assert_eq!(page.evaluate("getComputedStyle(part(0, '.verdict pre')).whiteSpace"), "pre");
    check(&page, 3);
    assert_eq!(page.evaluate("marks(3)"), json!(["red", "red", "green", "red", "", ""]));
    check(&page, 4);
    assert_eq!(page.evaluate("marks(4)"), json!(["red", "red", "green"]));
    check(&page, 9);
    assert_eq!(page.evaluate("marks(9)"), json!(["red", "red", "red", "", ""]));
    assert!(page.evaluate_text("verdict(9)").contains("opcode: expected \"text\", received nothing"));
    check(&page, 5);
    assert_eq!(page.evaluate("marks(5)"), json!(["green", "red", "red", "green"]));
    assert_eq!(page.evaluate("document.querySelectorAll('#list .solved').length"), 0);
    page.assert_clean();
}

/// The messages of this page's own sockets are made capitals here, as a solved exercise's server does.
#[test]
fn check_is_green_when_the_exercise_is_solved() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.run_in_every_document(
        "window.WebSocket = class extends WebSocket {
            addEventListener(name, listen) {
                super.addEventListener(name, (event) => listen(name === 'message' && typeof event.data === 'string'
                    ? { data: event.data.toUpperCase() } : event));
            }
         };",
    );
    page.open(&format!("http://lab.test:{}/lab.html", server.port));
    page.wait_for("document.body.classList.contains('ready')");
    page.evaluate("void document.querySelector('#e3 .run button').click()");
    page.wait_for(
        "document.querySelector('#e3 .verdict').innerText.includes('✓ Solved, as far as a browser can see. The rest: make lab N=3. Seed ')",
    );
    page.wait_for("document.querySelector('#list a[href=\"#e3\"]').classList.contains('solved')");
    page.assert_clean();
}

/// What happens with exercise 4 in the server: the accept values are those of keys without their ==, but on `/wire`, and
/// the browser refuses the connections.
#[test]
fn a_wrong_accept_value_is_shown_in_red_beside_the_right_one() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.run_in_every_document(
        "import('./lab/accept-value.js').then(({ acceptValue }) => (window.acceptValue = acceptValue));
         window.WebSocket = class extends WebSocket {
            #isView = this.url.includes('/wire?');
            addEventListener(name, listen) {
                if (name === 'open' && !this.#isView) super.addEventListener(name, () => this.close());
                else super.addEventListener(name, (event) => listen(name === 'message' ? { data: spoil(event.data) } : event));
            }
         };
         function spoil(data) {
            const message = JSON.parse(data);
            const [, key] = /Sec-WebSocket-Key: (.*?)==/i.exec(message.request);
            message.response = message.response.replace(/(Sec-WebSocket-Accept: ).*/i, `$1${acceptValue(key)}`);
            return JSON.stringify(message);
         }",
    );
    page.open(&format!("http://lab.test:{}/lab.html", server.port));
    page.wait_for("document.body.classList.contains('ready') && window.acceptValue");
    // In the verdict of this exercise: [texts of the lines, wrong values, right ones, colours].
    let shown = |n: u32, count: u32| {
        page.evaluate(&format!("void document.querySelector('#e{n} .run button').click()"));
        page.wait_for(&format!(
            "document.querySelectorAll('#e{n} .verdict .wrong-value').length === {count}"
        ));
        let text = page.evaluate_text(&format!("document.querySelector('#e{n} .verdict').innerText"));
        let colour = |class: &str| {
            let element = format!("document.querySelector('#e{n} .{class}')");
            page.evaluate_text(&format!("getComputedStyle({element}).color"))
        };
        assert_ne!(colour("wrong-value"), colour("verdict"));
        assert_ne!(colour("wrong-value"), colour("right-value"));
        assert_eq!(text.matches("✗ wrong. Right for this key: ").count(), count as usize, "{text}");
        text
    };
    let solved = shown(4, 2);
    assert!(solved.starts_with("✓ Solved. Seed "), "{solved}");
    assert!(solved.contains("/broadcast answered with Sec-WebSocket-Accept: "), "{solved}");
    let refused = shown(3, 4);
    for words in ["The handshake on /echo failed.", "sent     Sec-WebSocket-Key: ", "Is exercise 4 still in?"]
    {
        assert!(refused.contains(words), "no {words:?} in {refused}");
    }
}

/// A name without its quotes, as `.with("opcode", …)` writes it in exercise 9.
#[test]
fn what_is_no_json_is_shown_around_the_mistake() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.run_in_every_document(
        "window.WebSocket = class extends WebSocket {
            addEventListener(name, listen) {
                super.addEventListener(name, (event) => listen(typeof event.data === 'string'
                    ? { data: event.data.replace('\"length\":', '\"opcode\":text,\"length\":') } : event));
            }
         };",
    );
    page.open(&format!("http://lab.test:{}/lab.html", server.port));
    page.wait_for("document.body.classList.contains('ready')");
    page.evaluate("void document.querySelector('#e9 .run button').click()");
    page.wait_for("document.querySelector('#e9 .verdict').innerText.includes('hold')");
    let shown = page.evaluate_text("document.querySelector('#e9 .verdict').innerText");
    assert!(shown.contains("V receives no JSON: ") && shown.contains("\"opcode\":text"), "{shown}");
    page.assert_clean();
}

#[test]
fn the_sheet_fits_a_phone() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_sheet(&browser, &server, (360, 740));
    check(&page, 0);
    assert!(page.evaluate("document.documentElement.scrollWidth").as_u64().unwrap() <= 360);
    let small = page.evaluate(
        "Array.from(document.querySelectorAll('button, input, summary, nav a'))
            .filter((it) => it.checkVisibility() && it.offsetHeight < 44)
            .map((it) => it.outerHTML.slice(0, 80))",
    );
    assert_eq!(small, json!([]));
    page.open(&format!("http://lab.test:{}/lab/teacher.html", server.port));
    assert!(page.evaluate("document.documentElement.scrollWidth").as_u64().unwrap() <= 360);
    page.assert_clean();
}

/// What the sheet prints, run as it is printed. (A machine without Python or Node skips its script.)
#[test]
fn the_scripts_on_the_sheet_run_as_printed() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_sheet(&browser, &server, (1280, 800));
    let code = |id: &str| page.evaluate_text(&format!("document.getElementById('{id}').textContent"));
    let run = |program: &str, arguments: &[&str], input: String| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().ok()?;
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let port = server.port.to_string();
    let expected =
        ["HTTP/1.1 101 Switching Protocols", ACCEPT, &format!("computed: {ACCEPT}")].map(str::to_string);
    for (output, frame) in [
        (run("python3", &["-", &port, KEY], code("python")), "b'\\x81\\x05Hello'"),
        (
            run("node", &["--input-type=module", "-", &port, KEY], code("node")),
            "<Buffer 81 05 48 65 6c 6c 6f>",
        ),
    ] {
        let Some(output) = output else { continue };
        assert!(expected.iter().all(|line| output.contains(line)) && output.contains(frame), "{output}");
    }
    if let Some(output) = run("sh", &[], code("openssl")) {
        assert!(output.contains(ACCEPT) || output.contains("not found"), "{output}");
    }
    // nc waits for a minute in its last line; the sheet's other lines are the same bytes.
    assert!(code("shell").contains(&format!("nc localhost {}", server.port)) && code("shell").contains(KEY));
}
