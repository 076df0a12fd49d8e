//! The pages in a real browser: two people, one of them as on a classroom's network, where a page
//! is no secure context.

use std::fs;
use std::path::PathBuf;

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

const BROADCAST: &str = "broadcast.html";
const ECHO: &str = "echo.html";

/// Opens a page of the server under one of its names, and waits until one can type and send.
fn open(page: &Page, server: &Server, host: &str, file: &str) {
    page.open(&format!("http://{host}:{}/{file}", server.port));
    page.wait_for("state.textContent === 'Connected' && document.activeElement === text");
}

/// Says something as a person does, without a click: the focus is in the box.
fn say(page: &Page, text: &str) {
    page.type_text(text);
    page.press("Enter");
}

/// Waits for the `count`-th message and returns all that are there then.
fn messages(page: &Page, count: usize) -> Vec<String> {
    page.wait_for(&format!("messages.children.length >= {count}"));
    let texts = page.evaluate("Array.from(messages.children, (item) => item.textContent)");
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_string()).collect()
}

#[test]
fn two_people_on_broadcast() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ada, ben) = (browser.new_user(), browser.new_user());
    open(&ada, &server, "localhost", BROADCAST);
    open(&ben, &server, "lab.test", BROADCAST);
    assert_eq!(ada.evaluate("isSecureContext"), true);
    assert_eq!(ben.evaluate("isSecureContext"), false);

    let markup = "<img src=x onerror=\"document.title = 'broken into'\">";
    let mut said = vec!["hello, street".to_string(), "  שלום & 👋🏽 \u{202e}x ".to_string()];
    say(&ada, &said[0]);
    messages(&ben, 1);
    say(&ben, &said[1]);
    messages(&ada, 2);
    say(&ben, markup);
    said.push(markup.to_string());
    messages(&ada, 3);
    let mut program = server.open("/broadcast");
    program.send(0x82, &[0, 159, 146, 150]);
    said.push("(binary, 4 bytes)".to_string());

    // Had anything come twice, there would be more than these.
    for page in [&ada, &ben] {
        assert_eq!(messages(page, 4), said);
        assert_eq!(page.evaluate("text.value"), "");
        assert_eq!(page.evaluate("document.images.length"), 0);
        assert_eq!(page.evaluate("document.title"), "Broadcast – Partyline");
        page.assert_clean();
        let socket = page.evaluate("`ws://${location.host}/broadcast?wire=`");
        let socket = socket.as_str().unwrap();
        assert!(page.requests().iter().any(|url| url.starts_with(socket)), "{:?}", page.requests());
    }
}

#[test]
fn echo_comes_back_to_its_sender_alone() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let ada = browser.new_user();
    let ben = ada.another_tab();
    open(&ada, &server, "localhost", ECHO);
    open(&ben, &server, "localhost", ECHO);
    // More than fits into one frame, as browsers cut it.
    let long: String = (0..)
        .flat_map(|n: u32| format!("{n} ").into_bytes())
        .take(300_000)
        .map(char::from)
        .collect();
    say(&ada, "echo …");
    say(&ada, &long);
    assert_eq!(messages(&ada, 2), ["echo …", &long]);
    // An answer to somebody else would have come before the answer to this.
    say(&ben, "mine");
    assert_eq!(messages(&ben, 1), ["mine"]);
    assert_eq!(messages(&ada, 2).len(), 2);
    for page in [&ada, &ben] {
        page.assert_clean();
    }
}

#[test]
fn entrance_leads_to_both_pages() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    for (step, file) in [ECHO, BROADCAST].into_iter().enumerate() {
        page.open(&format!("http://localhost:{}/", server.port));
        page.evaluate(&format!("void document.querySelectorAll('#about li a')[{step}].click()"));
        page.wait_for(&format!("location.pathname === '/{file}' && state.className === 'open'"));
        page.assert_clean();
    }
}

#[test]
fn stopped_server_is_said_and_text_is_kept() {
    let mut server = Server::start(&[]);
    let browser = Browser::start();
    let pages = [browser.new_user(), browser.new_user()];
    for (page, file) in pages.iter().zip([ECHO, BROADCAST]) {
        open(page, &server, "localhost", file);
        // Browsers ask for it after all else; from a server that is gone it would be an error.
        page.wait_for_event("Network.responseReceived", |event| {
            event["response"]["url"].as_str().is_some_and(|url| url.ends_with("/icon.svg"))
        });
    }
    server.type_line("quit");
    for page in &pages {
        page.wait_for("state.className === 'closed'");
        let words = "The connection is closed (code 1001: the server is stopping). \
                     Reload the page to connect again.";
        assert_eq!(page.evaluate("state.textContent"), words);
        say(page, "too late");
        assert_eq!(page.evaluate("text.value"), "too late");
        assert_eq!(page.evaluate("messages.children.length"), 0);
        page.assert_clean();
    }
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn reload_keeps_what_is_in_the_box() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    for file in [ECHO, BROADCAST] {
        open(&page, &server, "localhost", file);
        page.type_text(&format!("half a sentence for {file}"));
    }
    for file in [ECHO, BROADCAST] {
        open(&page, &server, "localhost", file);
        assert_eq!(page.evaluate("text.value"), format!("half a sentence for {file}"));
        page.assert_clean();
    }
}

#[test]
fn who_has_scrolled_up_is_left_alone() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    open(&page, &server, "localhost", BROADCAST);
    let mut other = server.open("/broadcast");
    let mut talk = |from, to| {
        (from..to).for_each(|n| other.send_text(&format!("line {n}")));
        messages(&page, to);
        // By the second frame all is in its place.
        page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
        );
    };
    let log = "document.querySelector('[role=log]')";
    let end =
        format!("{log}.getBoundingClientRect().bottom - messages.getBoundingClientRect().bottom");
    let place = "messages.children[10].getBoundingClientRect().top";
    talk(0, 25);
    assert!(page.evaluate(&end).as_f64().unwrap().abs() < 2.0, "the end is in view");
    page.evaluate(&format!("{log}.scrollBy(0, -300)"));
    let before = page.evaluate(place).as_f64().unwrap();
    talk(25, 40);
    let after = page.evaluate(place).as_f64().unwrap();
    assert!((after - before).abs() <= 1.0, "from {before} to {after}");
}

/// A copy of `www/` in a folder for temporary files, for a test that adds to it.
struct Www(PathBuf);

impl Www {
    fn new(name: &str) -> Www {
        let folder = std::env::temp_dir().join(format!("partyline-{name}-{}", std::process::id()));
        fs::create_dir(&folder).expect("a new folder for temporary files");
        let www = Www(folder);
        let original = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("www");
        for file in fs::read_dir(original).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), www.0.join(file.file_name())).unwrap();
            }
        }
        www
    }
}

impl Drop for Www {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn client_of_the_tutorials_works_unchanged() {
    let www = Www::new("tutorial");
    let server = Server::start(&["--www", www.0.to_str().unwrap()]);
    let client = r#"
const socket = new WebSocket("ws://localhost:PORT/");
socket.addEventListener("open", () => socket.send("here is a message for the server!"));
const heard = [];
socket.addEventListener("message", (event) => heard.push(event.data));
"#;
    let client = client.replace("PORT", &server.port.to_string());
    fs::write(www.0.join("tutorial.js"), client).unwrap();
    let page = "<!doctype html><title>Tutorial</title><link rel=icon href=icon.svg>\
                <script src=tutorial.js></script>";
    fs::write(www.0.join("tutorial.html"), page).unwrap();

    let browser = Browser::start();
    let (ada, ben) = (browser.new_user(), browser.new_user());
    let greeting = "here is a message for the server!";
    for page in [&ada, &ben] {
        page.open(&format!("http://localhost:{}/tutorial.html", server.port));
        page.wait_for("heard.length > 0");
    }
    ada.wait_for("heard.length > 1");
    ada.evaluate("socket.send('and one from ada')");
    for (page, greetings) in [(&ada, 2), (&ben, 1)] {
        page.wait_for("heard.includes('and one from ada')");
        let mut expected = vec![greeting; greetings];
        expected.push("and one from ada");
        assert_eq!(page.evaluate("heard"), serde_json::json!(expected));
        page.assert_clean();
    }
}

#[test]
fn narrow_window_needs_no_scrolling_sideways() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(320, 640);
    let assert_fits = || {
        assert_eq!(page.evaluate("innerWidth"), 320);
        let width = page.evaluate("document.documentElement.scrollWidth");
        assert!(width.as_u64().unwrap() <= 320, "{width} pixels wide");
    };
    page.open(&format!("http://localhost:{}/", server.port));
    assert_fits();
    for file in [ECHO, BROADCAST] {
        open(&page, &server, "localhost", file);
        assert_fits();
        say(&page, &"x".repeat(2000));
        messages(&page, 1);
        assert_fits();
        let list = "document.querySelector('[role=log]')";
        assert_eq!(page.evaluate(&format!("{list}.scrollWidth - {list}.clientWidth")), 0);
        // Following: the end of what came last can be seen.
        assert_eq!(page.evaluate(&format!("Math.round({list}.scrollTop)")), 0);
    }
}
