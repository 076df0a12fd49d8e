//! The chat's page after a break that its user may not have noticed: a server that was restarted, a tab
//! that the browser has frozen, a machine that was asleep, a network that was gone, a history that was lost.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::chat::*;
use crate::support::folder::Folder;
use crate::support::proxy::Proxy;
use crate::support::*;

#[test]
fn pages_continue_the_conversation_after_the_server_has_restarted() {
    let data = Folder::new();
    let options = ["--data", data.as_str()];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let [ana, ben] = [browser.new_user(), browser.new_user()];
    for page in [&ana, &ben] {
        page.open_chat("localhost", port);
        page.wait_for_icon(); // which the browser requests last
    }
    ana.type_and_send("before");
    ben.wait_for_texts(1);
    drop(server);
    for page in [&ana, &ben] {
        page.wait_for("line.className === 'waiting'");
    }
    for n in 1..=3 {
        ana.type_and_send(&format!("ana {n}"));
    }
    let server = Server::start_on(port, &options);
    for page in [&ana, &ben] {
        page.retry_now();
        page.wait_for("line.className === 'open' && state.textContent === 'Connected'");
        assert_eq!(page.wait_for_texts(4), json!(["before", "ana 1", "ana 2", "ana 3"]));
        assert_eq!(page.evaluate("notices('restarted') + notices('gone')"), 0);
    }
    ben.open_chat("localhost", port);
    assert_eq!(ben.wait_for_texts(4), json!(["before", "ana 1", "ana 2", "ana 3"]));
    ana.assert_clean_but_for_lost_connections();
    drop(server);
}

#[test]
fn frozen_page_receives_what_it_has_missed() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", proxy.port);
    let mut ben = server.open("/chat?name=ben");
    ben.send_text("one");
    page.wait_for_texts(1);
    page.freeze(true);
    ben.send_text("two");
    page.freeze(false);
    assert_eq!(page.wait_for_texts(2), json!(["one", "two"]));
    page.freeze(true);
    ben.send_text("three");
    proxy.cut();
    ben.send_text("four");
    proxy.mend();
    page.freeze(false);
    // The page reconnects by itself.
    assert_eq!(page.wait_for_texts(4), json!(["one", "two", "three", "four"]));
    page.wait_for("line.className === 'open'");
    page.type_and_send("five");
    while !ben.read_text().contains("five") {}
    page.assert_clean_but_for_lost_connections();
}

/// Notes each change of the connection's state, so that a test can say that there was no alarm.
const NOTE_STATES: &str = "
    addEventListener('load', () => {
        if (!window.line) return; // another page
        window.states = [];
        new MutationObserver(() => states.push(line.className)).observe(line, { attributeFilter: ['class'] });
    });";

/// Lets a test set the page's clock forward or back by `jump` milliseconds, as when it is set or when the
/// machine was asleep; `performance.now()` goes on as ever. What the page does every 5 s, it does at once.
const SET_CLOCK: &str = "
    const { now } = Date;
    window.jump = 0;
    Date.now = () => now() + jump;
    const { setInterval } = window;
    window.setInterval = (call, time) => setInterval(call, time === 5000 ? 50 : time);";

#[test]
fn page_that_is_left_closes_its_socket_and_connects_again_without_an_alarm() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    ben.expects_receipts = false;
    let page = browser.new_user();
    page.run_in_every_document(NOTE_STATES);
    page.open_chat("localhost", server.port);
    let is_notice = |kind: &str| {
        let kind = kind.to_string();
        move |message: &Value| {
            ["joined", "left", "away", "back"].iter().any(|it| message["type"] == *it) && {
                assert_eq!(message["type"], kind, "{message}");
                true
            }
        }
    };
    ben.read_until(is_notice("joined"));
    for _ in 0..2 {
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))");
        ben.read_until(is_notice("away"));
        ben.say("meanwhile");
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
        ben.read_until(is_notice("back"));
    }
    assert_eq!(page.wait_for_texts(2), json!(["meanwhile", "meanwhile"]));
    page.type_and_send("here again");
    ben.read_until(|message| message["text"] == "here again");
    assert_eq!(page.evaluate("states.filter((state) => state !== 'open')"), json!([]));
    // The browser's own Back, with or without its cache.
    page.evaluate("void document.querySelector('#lab li a').click()");
    page.wait_for("location.pathname === '/echo.html' && state.className === 'open'");
    ben.read_until(is_notice("away"));
    page.evaluate("history.back()");
    page.wait_for("location.pathname === '/' && line.className === 'open'");
    ben.read_until(is_notice("back"));
    page.assert_clean();
}

#[test]
fn page_that_slept_reconnects_at_once_and_without_an_alarm() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.run_in_every_document(NOTE_STATES);
    page.run_in_every_document(SET_CLOCK);
    page.open_chat("localhost", proxy.port);
    // Its connection may be half-open: it does not wait to see.
    assert_eq!(page.count_connections(), 1);
    page.evaluate("void (jump = 600_000)");
    page.wait_for_event("Network.webSocketClosed", |_| true);
    page.wait_until_connected();
    assert_eq!(page.count_connections(), 2);
    page.type_and_send("after ten minutes");
    page.wait_for("list.textContent.includes('✓ Received')");
    // Its connection has ended during the sleep.
    page.evaluate("void (jump += 30_000)"); // less than it takes to look after the connection by itself
    proxy.break_connections();
    page.type_and_send("and again");
    page.wait_for(
        "!list.textContent.includes('Sending') && list.textContent.split('✓ Received').length === 3",
    );
    // The browser has frozen the page, and its connection has ended meanwhile, or may have.
    page.evaluate("document.dispatchEvent(new Event('freeze'))");
    proxy.break_connections();
    page.type_and_send("after a freeze");
    page.wait_for(
        "!list.textContent.includes('Sending') && list.textContent.split('✓ Received').length === 4",
    );
    assert_eq!(page.count_connections(), 4);
    page.evaluate("document.dispatchEvent(new Event('resume'))");
    page.wait_for("line.className === 'open' && countdown.textContent === ''");
    assert_eq!(page.count_connections(), 5);
    assert_eq!(page.evaluate("states.filter((state) => state !== 'open')"), json!([]));
    page.assert_clean();
}

#[test]
fn clock_that_is_set_back_stops_nothing() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let mut ben = server.open("/chat?name=ben");
    let page = browser.new_user();
    page.run_in_every_document(SET_CLOCK);
    page.open_chat("localhost", server.port);
    ben.send_text("one");
    page.wait_until_receipt_is_sent(1);
    page.evaluate("void (jump = -3_600_000)");
    ben.send_text("two");
    page.wait_until_receipt_is_sent(2);
    // A countdown counts.
    page.evaluate("dispatchEvent(new Event('offline'))");
    page.wait_for("/in [1-3] s/.test(countdown.textContent)");
    page.retry_now();
    page.wait_for("line.className === 'open'");
    page.assert_clean();
}

#[test]
fn page_says_within_a_second_that_the_network_is_gone_and_comes_back_with_it() {
    let server = Server::start(&["--host", "lab.test"]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("lab.test", proxy.port);
    page.wait_for_icon();
    let go_offline = |offline: bool| {
        let network =
            json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        page.call("Network.emulateNetworkConditions", network);
    };
    proxy.drop_everything(); // the emulation does not cut an open WebSocket
    let began = Instant::now();
    go_offline(true);
    page.wait_for(
        "line.className === 'waiting' && state.textContent.startsWith('This device has no network')",
    );
    assert!(began.elapsed() < Duration::from_secs(1), "said after {:?}", began.elapsed());
    page.type_and_send("written without a network");
    proxy.mend();
    let attempts = page.count_connections();
    go_offline(false);
    page.wait_for("list.textContent.includes('✓ Received')");
    assert!(page.count_connections() > attempts);
    page.assert_clean_but_for_lost_connections();
}

/// Cuts the last lines off the history file, as a power failure does, or a copy that is put back.
fn lose_lines(data: &Folder, count: usize) {
    let file = data.file();
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    std::fs::write(file, lines[..lines.len() - count].concat()).unwrap();
}

#[test]
fn pages_end_with_the_servers_list_after_its_history_has_lost_messages() {
    let data = Folder::new();
    let options = ["--data", data.as_str()];
    let mut server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let [ana, ben] = [browser.new_user(), browser.new_user()];
    let [ana_name, ben_name] = [&ana, &ben].map(|page| page.open_chat("localhost", port));
    ana.wait_for_icon();
    ben.wait_for_icon();
    ana.type_and_send("kept");
    ben.wait_for_texts(1);
    ana.open_private_chat(&ben_name);
    ana.type_and_send("secret and kept");
    ana.wait_for("list.textContent.includes('✓ Received') || list.textContent.includes('Delivered')");
    ana.type_and_send("secret and lost");
    ana.wait_for("list.querySelectorAll('.text').length === 2 && !/Sending/.test(list.textContent)");
    for n in 1..=4 {
        ben.type_and_send(&format!("lost {n}"));
    }
    ben.wait_for("list.querySelectorAll('.text').length === 5 && !/Sending/.test(list.textContent)");
    ana.wait_for("document.getElementById('people-list').textContent.includes('4 new')");
    server.type_line("quit");
    assert_eq!(server.wait(), Some(0));
    lose_lines(&data, 5);
    for page in [&ana, &ben] {
        page.wait_for("line.className === 'waiting'");
    }
    ana.type_and_send("secret and unsent");
    ben.type_and_send("unsent");
    ben.evaluate("text.value = 'a draft', text.dispatchEvent(new Event('input'))");
    let server = Server::start_on(port, &options);
    for page in [&ben, &ana] {
        // before ben is back, no private message can be sent to him
        page.retry_now();
        page.wait_for("line.className === 'open'");
    }
    ben.wait_for("/✓/.test(list.textContent)");
    assert_eq!(ben.wait_for_texts(2), json!(["kept", "unsent"]));
    assert_eq!(ben.evaluate("text.value"), "a draft");
    ana.wait_for(&format!("title.textContent === '{ben_name}'"));
    ana.wait_for("/✓/.test(list.lastElementChild.textContent)");
    assert_eq!(ana.wait_for_texts(2), json!(["secret and kept", "secret and unsent"]));
    ana.evaluate("history.back()");
    ana.wait_for("title.textContent === 'Everyone'");
    assert_eq!(ana.wait_for_texts(2), json!(["kept", "unsent"]));
    // What is said from now on arrives, is counted as received, and a reload shows the same.
    ana.type_and_send("new");
    assert_eq!(ben.wait_for_texts(3), json!(["kept", "unsent", "new"]));
    ana.wait_for("list.lastElementChild.textContent.includes('Delivered')");
    assert_eq!(ana.open_chat("localhost", port), ana_name);
    assert_eq!(ana.wait_for_texts(3), json!(["kept", "unsent", "new"]));
    drop(server);
}

/// A server that does not say `reset`, such as an older version or a small one of a student's.
#[test]
fn page_notices_by_itself_that_the_servers_ids_are_below_its_own() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    // Stands in the server's place: each connection gets the next welcome.
    page.run_in_every_document(
        "const said = (id, text) => ({ type: 'said', id, at: 1e12 + id, from: { id: 7, name: 'ben' }, text });
         const welcome = (...messages) => ({
             type: 'welcome', you: { id: 1, name: 'ana' }, token: 'T', resumed: true, members: [], count: 1,
             messages, more: false, gap: false, limits: { text: 4096, name: 32 }, server: { now: 1e12 },
         });
         const welcomes = [
             welcome(said(8, 'old 8'), said(9, 'old 9')), // up to 9 is here
             welcome(said(4, 'new 4')), // 4 is not after 9
             welcome(said(3, 'new 3'), said(4, 'new 4')),
         ];
         window.addresses = [];
         window.WebSocket = class extends EventTarget {
             static OPEN = 1;
             readyState = 1;
             constructor(url) {
                 super();
                 addresses.push(new URL(url).searchParams.get('since'));
                 window.socket = this;
                 setTimeout(() => this.receive(welcomes.shift()), 0);
             }
             receive(message) {
                 this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
             }
             send() {}
             close() {}
         };
         window.said = said;",
    );
    page.open(&format!("http://localhost:{}/", server.port));
    assert_eq!(page.wait_for_texts(2), json!(["old 8", "old 9"]));
    page.evaluate("void socket.dispatchEvent(new CloseEvent('close', { code: 1006 }))");
    page.retry_now();
    page.wait_for("line.className === 'open'");
    page.evaluate("void socket.receive(said(5, 'new 5'))");
    assert_eq!(page.wait_for_texts(3), json!(["new 3", "new 4", "new 5"]));
    assert_eq!(page.evaluate("addresses"), json!([null, "9", null]));
    page.assert_clean();
}
