//! The pages of the lab's first two steps: echo and broadcast.
//!
//! Pages from `lab.test` are as those on a classroom's network: they have no secure context.

use std::fs;
use std::path::PathBuf;

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

const BROADCAST: &str = "broadcast.html";
const ECHO: &str = "echo.html";

/// Opens one of the two pages at one of the server's host names, and waits until a user can send.
fn open_lab_page(page: &Page, server: &Server, host: &str, file: &str) {
    page.open(&format!("http://{host}:{}/{file}", server.port));
    page.wait_for("state.textContent === 'Connected' && document.activeElement === text");
}

/// Waits until the page shows `count` messages that have come from the server, and returns the texts of all.
fn wait_for_messages(page: &Page, count: usize) -> Vec<String> {
    let received = "messages.querySelectorAll('li:not(.sent) .text')";
    page.wait_for(&format!("{received}.length >= {count}"));
    let texts = page.evaluate(&format!("Array.from({received}, (item) => item.textContent)"));
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_string()).collect()
}

#[test]
fn broadcast_page_shows_every_message_once_to_everyone() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ada, ben) = (browser.new_user(), browser.new_user());
    open_lab_page(&ada, &server, "localhost", BROADCAST);
    open_lab_page(&ben, &server, "lab.test", BROADCAST);
    assert_eq!(ada.evaluate("isSecureContext"), true);
    assert_eq!(ben.evaluate("isSecureContext"), false);

    let markup = "<img src=x onerror=\"document.title = 'broken into'\">";
    let mut texts = vec!["hello, street".to_string(), "  שלום & 👋🏽 \u{202e}x ".to_string()];
    ada.type_and_send(&texts[0]);
    wait_for_messages(&ben, 1);
    ben.type_and_send(&texts[1]);
    wait_for_messages(&ada, 2);
    ben.type_and_send(markup);
    texts.push(markup.to_string());
    wait_for_messages(&ada, 3);
    let mut program = server.open("/broadcast");
    program.send(0x82, &[0, 159, 146, 150]);
    texts.push("(binary, 4 bytes)".to_string());

    // A message that arrived twice would be in these lists twice.
    for page in [&ada, &ben] {
        assert_eq!(wait_for_messages(page, 4), texts);
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
fn echo_page_shows_the_messages_of_its_own_user_alone() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let ada = browser.new_user();
    let ben = ada.another_tab();
    open_lab_page(&ada, &server, "localhost", ECHO);
    open_lab_page(&ben, &server, "localhost", ECHO);
    // The browser cuts a text of this length into several frames.
    let long: String =
        (0..).flat_map(|n: u32| format!("{n} ").into_bytes()).take(300_000).map(char::from).collect();
    ada.type_and_send("echo …");
    ada.type_and_send(&long);
    assert_eq!(wait_for_messages(&ada, 2), ["echo …", &long]);
    // An echo of another user's message would be here before the echo of this one.
    ben.type_and_send("mine");
    assert_eq!(wait_for_messages(&ben, 1), ["mine"]);
    assert_eq!(wait_for_messages(&ada, 2).len(), 2);
    for page in [&ada, &ben] {
        page.assert_clean();
    }
}

#[test]
fn echo_page_tells_the_time_and_broadcast_page_marks_its_own_messages() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let (ada, ben) = (browser.new_user(), browser.new_user());
    open_lab_page(&ada, &server, "localhost", ECHO);
    ada.type_and_send("there and back");
    wait_for_messages(&ada, 1);
    let lines = "Array.from(messages.querySelectorAll('.about'), (it) => it.textContent)";
    let times = ada.evaluate(lines);
    assert_eq!(times[0], "↑ sent");
    let time = times[1].as_str().unwrap().strip_prefix("↓ back after ").unwrap();
    assert!(time.strip_suffix(" ms").unwrap().parse::<f64>().unwrap() >= 0.0, "{time}");

    open_lab_page(&ada, &server, "localhost", BROADCAST);
    open_lab_page(&ben, &server, "localhost", BROADCAST);
    ada.type_and_send("from ada");
    wait_for_messages(&ben, 1);
    ben.type_and_send("from ben");
    for (page, own) in [(&ada, "from ada"), (&ben, "from ben")] {
        wait_for_messages(page, 2);
        let marked =
            page.evaluate("Array.from(messages.querySelectorAll('.own .text'), (it) => it.textContent)");
        assert_eq!(marked, serde_json::json!([own]));
        assert_eq!(page.evaluate("messages.textContent.split('from another client').length"), 2);
        page.assert_clean();
    }
}

#[test]
fn lab_sheet_of_the_chat_links_to_the_three_pages() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    for (step, file) in [ECHO, BROADCAST, "socketio.html"].into_iter().enumerate() {
        page.open(&format!("http://localhost:{}/", server.port));
        page.evaluate(&format!("void document.querySelectorAll('#lab li a')[{step}].click()"));
        page.wait_for(&format!("location.pathname === '/{file}' && state.className === 'open'"));
        page.assert_clean();
    }
}

#[test]
fn pages_report_a_stopped_server_and_keep_the_unsent_text() {
    let mut server = Server::start(&[]);
    let browser = Browser::start();
    let pages = [browser.new_user(), browser.new_user()];
    for (page, file) in pages.iter().zip([ECHO, BROADCAST]) {
        open_lab_page(page, &server, "localhost", file);
        // The browser requests the icon last; without a server that would be an error.
        page.wait_for_icon();
    }
    server.type_line("quit");
    for page in &pages {
        page.wait_for("state.className === 'closed'");
        let words = "The connection is closed (code 1001: the server is stopping). \
                     Reload the page to connect again.";
        assert_eq!(page.evaluate("state.textContent"), words);
        page.type_and_send("too late");
        assert_eq!(page.evaluate("text.value"), "too late");
        assert_eq!(page.evaluate("messages.children.length"), 0);
        page.assert_clean();
    }
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn reload_keeps_the_text_in_the_message_box() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    for file in [ECHO, BROADCAST] {
        open_lab_page(&page, &server, "localhost", file);
        page.type_text(&format!("half a sentence for {file}"));
    }
    for file in [ECHO, BROADCAST] {
        open_lab_page(&page, &server, "localhost", file);
        assert_eq!(page.evaluate("text.value"), format!("half a sentence for {file}"));
        page.assert_clean();
    }
}

/// Some browsers keep a page that was left, with a socket that is closed, and show it again after Back.
#[test]
fn lab_pages_are_connected_again_after_back_and_forward() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    open_lab_page(&page, &server, "localhost", ECHO);
    page.type_text("half a sentence");
    page.evaluate("void document.querySelector('a[href=\"broadcast.html\"]').click()");
    page.wait_for("location.pathname === '/broadcast.html' && state.textContent === 'Connected'");
    for (way, path, text) in
        [("back", ECHO, "half a sentence"), ("forward", BROADCAST, ""), ("back", ECHO, "half a sentence")]
    {
        page.evaluate(&format!("void history.{way}()"));
        page.wait_for(&format!("location.pathname === '/{path}' && state.textContent === 'Connected'"));
        assert_eq!(page.evaluate("text.value"), text);
    }
    // Whether this browser keeps such pages or not:
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))");
    page.evaluate(
        "window.old = true, dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
    );
    page.wait_for("!window.old && state.textContent === 'Connected'");
    page.type_text("!");
    page.press("Enter");
    assert_eq!(wait_for_messages(&page, 1), ["half a sentence!"]);
    page.assert_clean();
}

#[test]
fn new_messages_do_not_move_a_list_that_is_scrolled_up() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    open_lab_page(&page, &server, "localhost", BROADCAST);
    let mut other = server.open("/broadcast");
    let mut send_lines = |from, to| {
        (from..to).for_each(|n| other.send_text(&format!("line {n}")));
        wait_for_messages(&page, to);
        page.wait_until_drawn();
    };
    let log = "document.querySelector('[role=log]')";
    let end = format!("{log}.getBoundingClientRect().bottom - messages.getBoundingClientRect().bottom");
    let place = "messages.children[10].getBoundingClientRect().top";
    send_lines(0, 25);
    assert!(page.evaluate(&end).as_f64().unwrap().abs() < 2.0, "the end is not in view");
    page.evaluate(&format!("{log}.scrollBy(0, -300)"));
    let before = page.evaluate(place).as_f64().unwrap();
    send_lines(25, 40);
    let after = page.evaluate(place).as_f64().unwrap();
    assert!((after - before).abs() <= 1.0, "from {before} to {after}");
}

#[test]
fn pages_keep_the_newest_500_messages() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    open_lab_page(&page, &server, "localhost", BROADCAST);
    let mut other = server.open("/broadcast");
    (1..=700).for_each(|n| other.send_text(&format!("line {n}")));
    page.wait_for("messages.lastElementChild?.lastElementChild.textContent === 'line 700'");
    let texts = wait_for_messages(&page, 500);
    assert_eq!((texts.len(), texts[0].as_str()), (500, "line 201"));
    page.assert_clean();
}

/// A copy of `www/` in a temporary folder, for a test that adds files. Dropping it removes the copy.
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
fn client_code_of_a_tutorial_works_unchanged() {
    let www = Www::new("tutorial");
    let server = Server::start(&["--www", www.0.to_str().unwrap()]);
    let client = r#"
const socket = new WebSocket("ws://localhost:PORT/");
socket.addEventListener("open", () => socket.send("here is a message for the server!"));
const received = [];
socket.addEventListener("message", (event) => received.push(event.data));
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
        page.wait_for("received.length > 0");
    }
    ada.wait_for("received.length > 1");
    ada.evaluate("socket.send('and one from ada')");
    for (page, greetings) in [(&ada, 2), (&ben, 1)] {
        page.wait_for("received.includes('and one from ada')");
        let mut expected = vec![greeting; greetings];
        expected.push("and one from ada");
        assert_eq!(page.evaluate("received"), serde_json::json!(expected));
        page.assert_clean();
    }
}

#[test]
fn narrow_window_does_not_scroll_sideways() {
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
        open_lab_page(&page, &server, "localhost", file);
        assert_fits();
        page.type_and_send(&"x".repeat(2000));
        wait_for_messages(&page, 1);
        assert_fits();
        let list = "document.querySelector('[role=log]')";
        assert_eq!(page.evaluate(&format!("{list}.scrollWidth - {list}.clientWidth")), 0);
        // The list follows: the end of the newest message is in view.
        assert_eq!(page.evaluate(&format!("Math.round({list}.scrollTop)")), 0);
    }
}
