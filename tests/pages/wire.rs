//! The wire view, on a page of its own and as a panel: what it shows of a connection is true, it shows
//! the connections of its own user alone, and it hides secrets. `tests/wire.rs` tests the server's half.
//!
//! This file has the functions that these tests share, and tests how the view reconnects. `frames.rs`
//! tests the list of frames, `explanation.rs` the explanation of a frame and of the handshake, `panel.rs`
//! the view beside another page, `secrets.rs` what is hidden. All four are in `wire/`.

mod explanation;
mod frames;
mod panel;
mod secrets;

use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::page::{Page, from_base64};
use crate::support::*;

/// A wire id in the form in which pages create one. A view that knows it shows the connections whose
/// requests name it.
const ID: &str = "0123456789abcdef-wire_id";

/// Defines functions which scripts of the tests call, in every document that this tab loads.
fn define_script_functions(page: &Page) {
    let script = "
        const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
        const texts = (selector, within) => all(selector, within).map((it) => it.textContent);
        // Each row as [direction, opcode, Fin, length, preview], without its time.
        const rows = () => all('.frame > summary').map((row) => texts(':scope > :not(time)', row));
        const toggle = (index) => void all('.frame > summary').at(index).click();
        const body = (index) => all('.frame-body').at(index);
        // Everything in the view, visible or not.
        const dom = () => [document.title, location.href, document.querySelector('.wire-view').parentElement.outerHTML,
            ...all('input, textarea, select').map((it) => it.value)].join(' ');";
    page.run_in_every_document(script);
}

/// Opens an echo connection with the wire id [`ID`], and the view of it on a page of its own, as on a
/// second screen.
fn watch_echo_connection<'a>(browser: &'a Browser, server: &Server) -> (Page<'a>, Peer) {
    let page = browser.new_user();
    let client = server.open(&format!("/echo?wire={ID}"));
    define_script_functions(&page);
    page.open(&format!("http://lab.test:{}/wire.html#id={ID}", server.port));
    page.wait_for("texts('.wire-state')[0].startsWith('Watching /echo')");
    (page, client)
}

/// Waits until the list has `count` rows, and returns all. Panics if it has more.
fn wait_for_rows(page: &Page, count: usize) -> Value {
    page.wait_for(&format!("rows().length >= {count}"));
    let rows = page.evaluate("rows()");
    assert_eq!(rows.as_array().unwrap().len(), count, "{rows}");
    rows
}

/// Presses the tool with this label.
fn press_tool(page: &Page, label: &str) {
    page.evaluate(&format!("all('.wire-tools button').find((it) => it.textContent === '{label}').click()"));
}

/// Empties the list with the button "Clear".
fn clear_list(page: &Page) {
    press_tool(page, "Clear");
}

/// Opens the view as a panel beside the page that it watches.
fn open_panel(page: &Page) {
    page.evaluate("document.getElementById('wire-button').focus()");
    page.press("Enter");
    page.wait_for("texts('.wire-state')[0].startsWith('Watching /')");
}

/// Presses the button "Show secrets" or "Hide secrets".
fn toggle_secrets(page: &Page) {
    page.evaluate("all('.wire-tools button').find((it) => it.textContent.endsWith('secrets')).click()");
}

/// The wire id that this tab has created.
fn wire_id(page: &Page) -> String {
    page.evaluate_text("JSON.parse(sessionStorage.getItem('chat.wire'))")
}

/// Bytes in hexadecimal, separated by spaces.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn view_on_a_second_screen_goes_on_after_sleep() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, mut client) = watch_echo_connection(&browser, &server);
    client.send_text("before");
    page.wait_for("rows().length === 2");
    // No one tells the page that its connection has broken during the sleep.
    page.evaluate("document.dispatchEvent(new Event('resume'))");
    let gone = page.wait_for_event("Network.webSocketClosed", |_| true);
    page.wait_for_event("Network.webSocketFrameReceived", |event| {
        let is_later = event["timestamp"].as_f64() > gone["timestamp"].as_f64();
        is_later && event["response"]["payloadData"].as_str().unwrap().contains("\"handshake\"")
    });
    client.send_text("after");
    page.wait_for("rows().filter((row) => row.at(-1).includes('after')).length === 2");
    assert_eq!(page.count_connections(), 2);
    page.assert_clean();
}

#[test]
fn view_reconnects_by_itself_after_a_server_restart() {
    let options = ["--host", "lab.test"];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let page = browser.new_user();
    define_script_functions(&page);
    page.open(&format!("http://lab.test:{port}/echo.html"));
    page.wait_for("state.className === 'open'");
    open_panel(&page);
    drop(server);
    page.wait_for("texts('.wire-state')[0].includes('It comes back by itself')");
    let server = Server::start_on(port, &options);
    page.wait_for("texts('.wire-state')[0].startsWith('Waiting')");
    let mut client = server.open(&format!("/echo?wire={}", wire_id(&page)));
    page.wait_for("texts('.wire-state')[0].startsWith('Watching /echo')");
    client.send_text("here again");
    page.wait_for("rows().some((row) => row[4] === '“here again”')");
    page.assert_clean_but_for_lost_connections();
}

/// The server closes a view's connection with 1013 if the view reads too slowly.
#[test]
fn view_reports_that_it_was_too_slow() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://lab.test:{}/wire.html", server.port));
    let state = page.evaluate(
        "Promise.all(['view', 'secrets'].map((it) => import(`./wire/${it}.js`)))
            .then(([{ WireView }, { Secrets }]) => {
                const view = new WireView(new EventTarget(), new Secrets());
                const source = new EventTarget();
                const other = new WireView(source, new Secrets());
                const change = (state, code) =>
                    source.dispatchEvent(new CustomEvent('state', { detail: { state, code } }));
                change('open');
                change('waiting', 1013);
                change('connecting');
                return other.stateLine.textContent;
            })",
    );
    assert!(state.as_str().unwrap().contains("too slow"), "{state}");
    page.assert_clean();
}
