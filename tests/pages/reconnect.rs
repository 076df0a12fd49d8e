//! The chat's page when the connection does not hold: nothing that was typed is lost, nothing is said
//! twice, and nobody has to reload.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::pages::chat::{pick_up, prepare, say, shown, texts, wait_until_connected};
use crate::support::browser::Browser;
use crate::support::line::Line;
use crate::support::page::Page;
use crate::support::*;

/// The browser itself writes to the console what it could not reach; there is nothing else.
pub fn assert_clean_but_for_refusals(page: &Page) {
    page.evaluate("0");
    let problems = page.problems();
    let others: Vec<_> = problems
        .iter()
        .filter(|it| !it.contains("WebSocket connection to") && !it.contains("net::ERR_"))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}

/// Unless it has come back by itself by now.
pub fn retry_now(page: &Page) {
    page.wait_for("retry.hidden || (retry.click(), countdown.textContent === 'Trying …')");
}

/// A socket knows that it closes some time before its page is told.
#[test]
fn what_is_said_while_the_socket_closes() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let script = "window.sockets = [];
        window.WebSocket = class extends WebSocket {
            constructor(...of) { super(...of); sockets.push(this); }
        };";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    pick_up(&page, "localhost", server.port);
    let state = page.evaluate(
        "sockets[0].close(4000);
         text.value = 'in between';
         text.form.requestSubmit();
         sockets[0].readyState === WebSocket.CLOSING && line.className",
    );
    assert_eq!(state, "open");
    retry_now(&page);
    page.wait_for("list.lastElementChild.textContent.includes('Received')");
    assert_eq!(texts(&page, 1), json!(["in between"]));
    page.assert_clean();
}

#[test]
fn server_is_killed_and_started_again() {
    let options = ["--host", "lab.test"];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let pages = [browser.new_user(), browser.new_user(), browser.new_user()];
    let [ana, ben, cy] = &pages;
    // The third one's browser keeps nothing for anybody.
    let blocked = "for (const name of ['sessionStorage', 'localStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('blocked'); } });";
    cy.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": blocked }));
    for (page, host) in pages.iter().zip(["localhost", "lab.test", "lab.test"]) {
        prepare(page);
        pick_up(page, host, port);
        page.evaluate("window.notReloaded = true");
        page.wait_for_event("Network.responseReceived", |event| {
            event["response"]["url"].as_str().is_some_and(|url| url.ends_with("/icon.svg"))
        });
    }
    let name = shown(ben, "document.querySelector('#me .name').textContent");
    say(ana, "before");
    assert_eq!(texts(cy, 1), json!(["before"]));

    drop(server);
    for page in &pages {
        page.wait_for("line.className === 'waiting' && countdown.textContent.includes('again in')");
    }
    // Somebody else gets ben's number when the server has forgotten everybody.
    say(ana, &format!("/msg {name} a secret"));
    ana.evaluate("history.back()");
    ana.wait_for("title.textContent === 'Everyone'");
    for n in 1..=3 {
        say(ana, &format!("ana {n}"));
        say(cy, &format!("cy {n}"));
    }
    ana.wait_for("list.lastElementChild.textContent.includes('Sending …')");
    assert_eq!(texts(ana, 4), json!(["before", "ana 1", "ana 2", "ana 3"]));

    let server = Server::start_on(port, &options);
    for page in &pages {
        page.wait_for("line.className === 'open'");
        assert_eq!(page.evaluate("notReloaded"), true);
        let heard = texts(page, 6);
        let of = |who: &str| -> Vec<String> {
            let all =
                heard.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_string());
            all.filter(|text| text.starts_with(who)).collect()
        };
        assert_eq!(of("ana"), ["ana 1", "ana 2", "ana 3"]);
        assert_eq!(of("cy"), ["cy 1", "cy 2", "cy 3"]);
        assert_eq!(heard.as_array().unwrap().len(), 6, "{heard}");
        assert_eq!(page.evaluate("notices('The server has restarted')"), 1);
        assert_clean_but_for_refusals(page);
    }
    // What was private waits for a person to decide.
    ana.wait_for("document.querySelector('#people-list .badge')?.textContent === '1 not sent'");
    ana.evaluate("document.querySelector('#people-list a:has(.badge)').click()");
    ana.wait_for(&format!("title.textContent === '{name}'"));
    assert_eq!(texts(ana, 1), json!(["a secret"]));
    let why = shown(ana, "list.querySelector('.refused .choices p').textContent");
    assert_eq!(why, "The server has restarted and does not know who this was for.");
    ana.evaluate("list.querySelector('.refused button').click()");
    ana.wait_for("/Received|Delivered/.test(list.textContent)");
    ben.wait_for("document.querySelector('#people-list .badge')?.textContent === '1 new'");
    drop(server);
}

#[test]
fn line_is_cut_and_mended() {
    let server = Server::start(&["--host", "lab.test"]);
    let line = Line::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    let name = pick_up(&page, "lab.test", line.port);
    let mut ben = server.open("/chat?name=ben");
    ben.send_text("first");
    texts(&page, 1);

    // It hears nothing any more, so what it says arrives and the ack is lost.
    line.deafen();
    say(&page, "said once");
    while !ben.read_text().contains("said once") {}
    let began = Instant::now();
    line.cut();
    page.wait_for("line.className === 'waiting' && !retry.hidden");
    assert!(began.elapsed() < Duration::from_secs(1), "said after {:?}", began.elapsed());
    say(&page, "typed meanwhile");
    ben.send_text("missed 1");
    ben.send_text("missed 2");
    assert_eq!(texts(&page, 3), json!(["first", "said once", "typed meanwhile"]));
    // It tries in vain, and says so once.
    retry_now(&page);
    page.wait_for("line.className === 'waiting' && countdown.textContent.includes('again in')");
    line.mend();
    retry_now(&page);
    page.wait_for("line.className === 'open'");
    let all = ["first", "said once", "missed 1", "missed 2", "typed meanwhile"];
    assert_eq!(texts(&page, 5), json!(all));
    page.wait_for("list.lastElementChild.textContent.includes('✓ Received')");
    assert_eq!(page.evaluate("notices('')"), 1, "ben's arrival, and nothing of the rest");
    let mut heard = String::new();
    while !heard.contains("typed meanwhile") {
        heard += &ben.read_text();
    }
    assert!(!heard.contains("said once") && !heard.contains("\"left\""), "{heard}");

    // What the tab could not send outlives a reload.
    line.cut();
    page.wait_for("line.className === 'waiting'");
    say(&page, "kept");
    let unsent = shown(&page, "sessionStorage.getItem('chat.unsent')");
    assert!(unsent.contains("kept"), "{unsent}");
    line.mend();
    assert_eq!(pick_up(&page, "lab.test", line.port), name);
    page.wait_for("list.lastElementChild.textContent.includes('✓ Received')");
    assert_eq!(texts(&page, 6)[5], "kept");
    assert_clean_but_for_refusals(&page);
}

#[test]
fn silent_line_is_given_up() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    // When the test says so, 45 s are over at once.
    let script = "const patient = window.setTimeout;
        window.setTimeout = (call, time) => patient(call, window.hurry && time === 45_000 ? 100 : time);";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    pick_up(&page, "localhost", server.port);
    let mut ben = server.open("/chat?name=ben");
    page.evaluate("window.hurry = true");
    ben.send_text("the last that is heard");
    page.wait_for("line.className === 'waiting'");
    page.evaluate("window.hurry = false");
    ben.send_text("missed");
    retry_now(&page);
    assert_eq!(texts(&page, 2), json!(["the last that is heard", "missed"]));
    // Giving up is no goodbye: nobody has left.
    say(&page, "here");
    let mut heard = String::new();
    while !heard.contains("\"here\"") {
        heard += &ben.read_text();
    }
    assert!(heard.contains("\"back\"") && !heard.contains("\"left\""), "{heard}");
    page.assert_clean();
}

#[test]
fn another_tab_takes_over_and_a_refusal_can_be_retried() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    let name = pick_up(&page, "localhost", server.port);
    let token = shown(&page, "JSON.parse(sessionStorage.getItem('chat.token'))");
    let other = server.open(&format!("/chat?token={token}"));
    page.wait_for("line.className === 'stopped' && retry.textContent === 'Use here'");
    page.evaluate("retry.click()");
    page.wait_for("line.className === 'open'");
    drop(other);

    // A tab of one's own is somebody else, with a name like it.
    let tab = page.another_tab();
    assert_eq!(pick_up(&tab, "localhost", server.port), format!("{name} 2"));

    let mut ben = server.open("/chat?name=ben");
    page.wait_for("document.querySelector('#people-list').textContent.includes('ben')");
    say(&page, "/msg ben hi");
    page.wait_for("list.textContent.includes('✓ Received')");
    ben.send(0x88, &1000u16.to_be_bytes());
    page.wait_for("subtitle.textContent.includes('has hung up')");
    say(&page, "too late");
    page.wait_for("list.querySelector('.refused')?.textContent.includes('Not sent')");
    page.evaluate("list.querySelectorAll('.refused button')[1].click()");
    page.wait_for("!list.querySelector('.refused') && document.activeElement === text");
    assert_eq!(texts(&page, 1), json!(["hi"]));
    assert_eq!(page.evaluate("JSON.parse(sessionStorage.getItem('chat.unsent'))"), json!([]));
    page.assert_clean();
    wait_until_connected(&tab);
}

#[test]
fn thirty_pages_do_not_come_back_in_one_moment() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", server.port));
    let delays = page.evaluate(
        "import('./shared/backoff.js').then(({ backoff }) => Array.from({ length: 10 }, (_, failures) =>
            Array.from({ length: 30 }, (_, client) => backoff(failures, client / 30))))",
    );
    for (failures, delays) in delays.as_array().unwrap().iter().enumerate() {
        let delays: Vec<f64> =
            delays.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
        let [shortest, longest] =
            [f64::min, f64::max].map(|of| delays.iter().copied().reduce(of).unwrap());
        assert!(longest - shortest >= 1000.0, "after {failures}: {shortest} to {longest}");
        assert!(
            shortest >= 500.0 && longest <= 30_000.0,
            "after {failures}: {shortest} to {longest}"
        );
    }
    // By chance, and not the same each time.
    assert_eq!(
        page.evaluate(
            "import('./shared/backoff.js').then(({ backoff }) => backoff(0) !== backoff(0))"
        ),
        true
    );
}

#[test]
fn order_is_that_of_the_ids_and_then_that_of_writing() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", server.port));
    let order = page.evaluate(
        "import('./chat/conversation.js').then(({ Conversation }) => {
            const room = new Conversation(0);
            room.append({ ref: 'a' }, { ref: 'b' });
            [{ id: 5 }, { notice: 'joined', after: 5 }, { id: 3 }, { id: 6 }].forEach((said) => room.insert(said));
            const own = room.pending()[1];
            room.remove(own);
            room.insert(Object.assign(own, { id: 4 }));
            return room.messages.map(({ id, notice, ref }) => id ?? notice ?? ref);
        })",
    );
    assert_eq!(order, json!([3, 4, 5, "joined", 6, "a"]));
    let news = page.evaluate(
        "import('./chat/members.js').then(({ Members }) => {
            const [people, member] = [new Members(), { id: 7, name: 'ana' }];
            const told = ['joined', 'joined', 'away', 'back', 'renamed', 'left', 'left', 'joined'];
            return [...told.map((type) => people.applyPresence({ type, member })), people.count];
        })",
    );
    assert_eq!(news, json!([true, false, false, false, false, true, false, true, 1]));
}
