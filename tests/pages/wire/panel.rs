//! The view as a panel beside the page that it watches.

use serde_json::json;
use tungstenite::handshake::derive_accept_key;

use super::*;
use crate::support::chat::Member;

/// How many views of the wire the page has open, and how many it has closed: `(open, closed)`.
fn count_views(page: &Page) -> (usize, usize) {
    page.wait_for_past_events();
    let created = page.events("Network.webSocketCreated");
    let ended = page.events("Network.webSocketClosed");
    let views = created.iter().filter(|it| it["url"].as_str().unwrap().contains("/wire?"));
    let (closed, open): (Vec<_>, Vec<_>) =
        views.map(|it| it["requestId"].clone()).partition(|id| ended.iter().any(|it| it["requestId"] == *id));
    (open.len(), closed.len())
}

/// Sentences lead to the RFC's sections and to the lines of the server; an empty list offers a first frame.
#[test]
fn sentences_have_links_and_an_empty_list_offers_a_frame() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    define_script_functions(&page);
    page.open(&format!("http://lab.test:{}/echo.html", server.port));
    page.wait_for("state.className === 'open'");
    open_panel(&page);
    page.wait_for("texts('.wire-state')[0].startsWith('Watching /echo, connection 1')");
    let is_shown = "document.querySelector('.hello').checkVisibility()";
    page.wait_for(is_shown);
    page.evaluate("void document.querySelector('.hello').click()");
    let rows = wait_for_rows(&page, 2);
    assert_eq!(rows[0].as_array().unwrap().last().unwrap(), "“Hello”");
    assert_eq!(page.evaluate(is_shown), false);
    page.evaluate("toggle(0); toggle(1); document.querySelector('.handshake').open = true");
    page.wait_for("texts('.to-source').length > 15");
    let links = page.evaluate(
        "Array.from(document.querySelectorAll('.wire-view a[target]'), (it) => it.getAttribute('href'))",
    );
    let links: Vec<&str> = links.as_array().unwrap().iter().map(|link| link.as_str().unwrap()).collect();
    assert!(links.contains(&"https://www.rfc-editor.org/rfc/rfc6455#section-5.3"), "{links:?}");
    for link in links.iter().filter(|link| !link.starts_with("https:")) {
        assert!(link.starts_with("source.html?file=src%2F") && link.contains("&at="), "{link}");
    }
    page.assert_clean();
}

/// Opens the chat in a new user's wide window, and the panel beside it.
fn open_chat_with_panel<'a>(browser: &'a Browser, host: &str, port: u16) -> Page<'a> {
    let page = browser.new_user();
    page.set_size(1280, 800);
    define_script_functions(&page);
    page.open_chat(host, port);
    open_panel(&page);
    page
}

/// Opens the echo page in a window of a phone's size, and the panel, which takes the place of the page
/// but for its message box.
fn open_narrow_echo_page_with_panel<'a>(browser: &'a Browser, server: &Server) -> Page<'a> {
    let page = browser.new_user();
    define_script_functions(&page);
    page.set_size(360, 740);
    page.open(&format!("http://lab.test:{}/echo.html", server.port));
    page.wait_for("state.className === 'open'");
    open_panel(&page);
    page
}

#[test]
fn panel_is_connected_only_while_it_is_open() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    define_script_functions(&page);
    page.open_chat("lab.test", server.port);
    assert_eq!(count_views(&page), (0, 0));
    // An address of a page is no secret: it is in the address bar and in the logs of proxies.
    assert!(page.requests().iter().all(|url| url.starts_with("ws:") || !url.contains(&wire_id(&page))));
    open_panel(&page);
    assert_eq!(count_views(&page), (1, 0));
    assert_eq!(page.evaluate("all('.nothing:not([hidden])').length"), 1);

    // Escape closes the panel and gives the focus back to the button that opened it.
    page.evaluate("all('#wire button')[0].focus()");
    page.press("Escape");
    page.wait_for("document.getElementById('wire').hidden && document.activeElement.id === 'wire-button'");
    page.wait_for_event("Network.webSocketClosed", |_| true);
    assert_eq!(count_views(&page), (0, 1));
    page.assert_clean();
}

/// There it covers the chat, so that a change of the conversation behind it would not be seen.
#[test]
fn back_closes_the_panel_in_a_narrow_window_and_nothing_else() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    define_script_functions(&page);
    page.set_size(390, 844);
    page.open_chat("lab.test", server.port);
    let _ben = Member::come(&server, "ben");
    page.wait_for_notice("ben has picked up");
    page.open_private_chat("ben");
    for closes in ["history.back()", "all('#wire .close')[0].click()"] {
        open_panel(&page);
        page.evaluate(&format!("void {closes}"));
        page.wait_for("document.getElementById('wire').hidden && title.textContent === 'ben'");
    }
    page.evaluate("history.back()"); // over the entry that the second one has left
    page.wait_for("title.textContent === 'Everyone'");
    page.assert_clean();
}

#[test]
fn panel_shows_the_handshake_as_the_browser_reports_it() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_chat_with_panel(&browser, "lab.test", server.port);
    toggle_secrets(&page);
    let report = page.wait_for_event("Network.webSocketHandshakeResponseReceived", |event| {
        !event["response"]["requestHeadersText"].as_str().unwrap().contains("/wire?")
    });
    let sent = report["response"]["requestHeadersText"].as_str().unwrap();
    let sent = sent.replacen(&format!("ws://lab.test:{}", server.port), "", 1); // added by DevTools
    let received = report["response"]["headersText"].as_str().unwrap();
    let lines = page.evaluate("all('.head').map((it) => texts('li > p:first-child', it))");
    for (head, shown) in [sent.as_str(), received].into_iter().zip(lines.as_array().unwrap()) {
        let mut lines: Vec<&str> = head.trim_end().split("\r\n").collect();
        lines.push("(empty)");
        assert_eq!(*shown, json!(lines));
    }
    // The key is random: tungstenite computes the accept value for comparison.
    let key = page.evaluate_text("texts('.steps code')[0]");
    let accept = derive_accept_key(key.as_bytes());
    let steps = page.evaluate("texts('.steps code').slice(2)");
    assert_eq!(steps, json!([hex(&from_base64(&accept)), accept, accept]));
    // Header fields that every request has are folded away.
    assert_eq!(page.evaluate("all('.fold > details:not([open])').length > 0"), true);
    let folded = "texts('.fold .header-name').includes('User-Agent:')";
    assert_eq!(page.evaluate(folded), true);
    page.assert_clean();
}

#[test]
fn panel_shows_no_frames_of_other_users() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_chat_with_panel(&browser, "lab.test", server.port);
    toggle_secrets(&page); // so that the rows hide nothing
    // The connections of the others are watched as well.
    let other = open_chat_with_panel(&browser, "localhost", server.port);
    let mut ben = server.open(&format!("/chat?name=ben&wire={ID}"));
    ben.send_text("from ben to all");
    page.wait_for("rows().some((row) => row[4].includes('from ben to all'))");
    other.evaluate("text.focus()");
    other.type_and_send("/msg ben a whisper between others");
    other.wait_for("rows().some((row) => row[4].includes('a whisper'))");
    page.evaluate("text.focus()");
    page.type_and_send("after the whisper");
    page.wait_for("rows().some((row) => row[4].includes('\"ack\"'))");
    let rows = page.evaluate("rows()").to_string();
    assert!(!rows.contains("a whisper"), "{rows}");
    assert!(rows.contains("after the whisper"), "{rows}");
    // A screen reader announces the message, and nothing about its bytes.
    page.wait_for("announcer.firstElementChild?.textContent === 'ben: from ben to all'");
    assert_eq!(page.evaluate("announcer.textContent.includes('bytes')"), false);

    // A view with another wire id shows nothing.
    let stranger = browser.new_user();
    define_script_functions(&stranger);
    stranger.open(&format!("http://lab.test:{}/wire.html#id={}", server.port, "x".repeat(32)));
    stranger.wait_for("texts('.wire-state')[0] === 'Waiting for a connection to watch …'");
    page.type_and_send("once more");
    page.wait_for("rows().some((row) => row[4].includes('once more'))");
    assert_eq!(stranger.evaluate("[rows().length, all('.handshake:not([hidden])').length]"), json!([0, 0]));
    for page in [&page, &other, &stranger] {
        page.assert_clean();
    }
}

#[test]
fn panel_on_a_narrow_window_leaves_the_message_box_in_reach() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_narrow_echo_page_with_panel(&browser, &server);
    let visible = "all('header, #messages, #form, #text, #form button')
        .filter((it) => it.checkVisibility({ visibilityProperty: true })).map((it) => it.id || it.localName)";
    assert_eq!(page.evaluate(visible), json!(["form", "text", "button"]));
    let below =
        "document.getElementById('wire').getBoundingClientRect().bottom <= text.getBoundingClientRect().top
        && text.form.getBoundingClientRect().bottom <= innerHeight";
    assert_eq!(page.evaluate(below), true);
    page.evaluate("text.focus()");
    page.type_and_send("and one sees it pass");
    page.wait_for("texts('.preview').at(-1) === '“and one sees it pass”' && rows().length === 2");
    page.evaluate("toggle(0)");
    page.wait_for("texts('.xor .character').join() === 'a,n,d,␣ space,o,n,e,␣ space'");
    page.assert_clean();
}

/// The message has 300,000 bytes, as a photo has. The browser cuts it into several frames.
#[test]
fn message_in_many_frames_fits_a_narrow_window_and_the_panel_adds_no_frames() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_narrow_echo_page_with_panel(&browser, &server);
    let photo = "new Promise((done) => {
        const socket = new WebSocket(`ws://${location.host}/echo?wire=${JSON.parse(sessionStorage['chat.wire'])}`);
        socket.onopen = () => socket.send(new Uint8Array(300_000));
        socket.onmessage = () => done();
    })";
    page.evaluate(photo);
    page.wait_for("rows().at(-1)?.[0] === '↓from server'");
    let fins = page.evaluate("texts('.many .fin')");
    let fins = fins.as_array().unwrap();
    assert!(fins.len() > 1, "{fins:?}");
    let (last, before) = fins.split_last().unwrap();
    assert_eq!(*last, "Fin 1");
    assert!(before.iter().all(|fin| *fin == "Fin 0"), "{fins:?}");
    let sum = format!("Binary message to server in {} frames, 300,000 bytes in all", fins.len());
    assert_eq!(page.evaluate("texts('.many .sum')"), json!([sum]));
    page.evaluate("toggle(0)");
    page.wait_for("body(0).querySelector('.bits.of-8')");
    let small = "all('#wire :is(button, a, select, summary)').filter((it) => it.checkVisibility())
        .map((it) => it.getBoundingClientRect()).filter(({ width, height }) => Math.min(width, height) < 44)";
    assert_eq!(page.evaluate(small), json!([]));
    for width in [360, 320] {
        page.set_size(width, 740);
        page.wait_for(&format!("innerWidth === {width}"));
        let wide = format!(
            "all('*').filter((it) => !it.closest('.hidden') && it.checkVisibility()
                && it.getBoundingClientRect().right > {width}).map((it) => it.className)"
        );
        assert_eq!(page.evaluate(&wide), json!([]), "at {width}");
        let scrolls = "all('.wire-scroll, .scroll').map((it) => it.scrollWidth - it.clientWidth)";
        assert_eq!(page.evaluate(scrolls), json!([0, 0]), "at {width}");
    }
    // The panel's own connection is not the one that it shows: for 5 s no frame is added.
    let idle = "new Promise((done) => setTimeout(() => done(rows().length), 5000))";
    let before = page.evaluate("rows().length");
    assert_eq!(page.evaluate(idle), before);
    page.assert_clean();
}
