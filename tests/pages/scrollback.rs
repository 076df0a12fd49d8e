//! Earlier messages, and those that were sent while the connection was lost: the page loads each once,
//! puts it in its place, and does not move the messages in view.

mod trim;

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::page::Page;
use crate::support::proxy::Proxy;
use crate::support::*;

const BEGINS: &str = "This is where the conversation begins.";
const MEANWHILE: &str = "Loading what you missed …";

/// Sends the messages "line 1", "line 2" and so on to the room, and waits for the last ack.
fn send_lines(member: &mut Member, lines: RangeInclusive<usize>) {
    let last = lines.end().to_string();
    for n in lines {
        member.send(&json!({ "type": "say", "text": format!("line {n}"), "ref": n.to_string() }));
    }
    while member.read()["ref"] != last {}
}

/// Sends these lines while the page is disconnected, and lets it reconnect.
fn send_while_disconnected(page: &Page, proxy: &Proxy, member: &mut Member, lines: RangeInclusive<usize>) {
    proxy.cut();
    page.wait_for("line.className === 'waiting'");
    send_lines(member, lines);
    proxy.mend();
    page.retry_now();
}

/// The texts of the first `count` lines.
fn lines(count: usize) -> Value {
    (1..=count).map(|n| json!(format!("line {n}"))).collect()
}

/// The texts that the page draws are those of these lines: they end with this one, and none is missing between.
fn assert_lines_up_to(page: &Page, last: usize) {
    let texts = page.evaluate("Array.from(list.querySelectorAll('.text'), (it) => it.textContent)");
    let texts = texts.as_array().unwrap();
    assert_eq!(*texts, lines_from(last + 1 - texts.len(), last));
}

fn lines_from(first: usize, last: usize) -> Vec<Value> {
    (first..=last).map(|n| json!(format!("line {n}"))).collect()
}

/// Scrolls up to the beginning, and asserts after each step that the message in the middle of the view
/// has not moved. Returns the texts that were drawn on the way, in order.
fn scroll_to_the_beginning(page: &Page) -> Value {
    let middle = "window.middle ??= (() => {
        const { left, top, width, height } = messages.getBoundingClientRect();
        return document.elementFromPoint(left + width / 2, top + height / 2).closest('li');
    })(), middle.querySelector('.text').getBoundingClientRect().top";
    page.evaluate("void (window.seen = new Set())");
    let see = "list.querySelectorAll('.text').forEach((it) => seen.add(Number(it.textContent.slice(5))))";
    for _ in 0..30 {
        page.evaluate(see);
        page.evaluate("messages.scrollTop = messages.scrollHeight / 2");
        page.wait_until_drawn();
        // The furthest that a user can scroll in one step.
        let before = page.evaluate(&format!("messages.scrollTop = 0, window.middle = undefined, {middle}"));
        let is_more = "messages.scrollTop >= messages.clientHeight";
        page.wait_for(&format!("{is_more} || earlier.textContent === '{BEGINS}'"));
        page.wait_until_drawn();
        let after = page.evaluate(middle);
        let moved = after.as_f64().unwrap() - before.as_f64().unwrap();
        assert!(moved.abs() <= 1.0, "moved by {moved}");
        if page.evaluate("earlier.textContent") == BEGINS {
            page.evaluate(see);
            return page.evaluate("[...seen].sort((a, b) => a - b).map((n) => `line ${n}`)");
        }
    }
    panic!("the beginning is not reached");
}

#[test]
fn scrolling_up_loads_earlier_messages_without_moving_those_in_view() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=350);
    let page = browser.new_user();
    page.set_size(320, 640);
    // Without and with the browser's own scroll anchoring.
    for anchor in ["none", "auto"] {
        page.open_chat("localhost", server.port);
        page.evaluate(&format!("messages.style.overflowAnchor = '{anchor}'"));
        assert_eq!(
            page.wait_for_texts(100).as_array().unwrap().len(),
            100,
            "without scrolling nothing more is loaded"
        );
        assert_eq!(scroll_to_the_beginning(&page), lines(350));
    }
    assert_eq!(page.evaluate("list.querySelectorAll('.day').length"), 1);
    assert_eq!(page.evaluate("list.querySelectorAll('li:not(.continued) .author').length"), 1);
    assert_eq!(page.evaluate("document.title + announcer.textContent"), "Partyline");
    assert_eq!(page.evaluate("newest.textContent"), "To the newest ↓");

    // With the keyboard, from the end.
    page.open_chat("localhost", server.port);
    page.wait_for_texts(100);
    page.evaluate("messages.focus()");
    // The browser ignores the key while it still scrolls smoothly because of the one before.
    let all = "document.querySelectorAll('#list .text').length === 350";
    for _ in 0..200 {
        if page.evaluate(all) == true {
            break;
        }
        page.press("Home");
        page.wait_until_drawn();
    }
    assert_eq!(page.evaluate(all), true);
    page.assert_clean();
}

#[test]
fn list_that_does_not_fill_its_view_loads_earlier_messages_by_itself() {
    let server = Server::start_without_pace(&["--keep", "300"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    page.wait_for("document.querySelector('#people-list').textContent.includes('ben')");
    page.type_and_send("/msg ben psst");
    page.wait_for("/Received|Delivered/.test(list.textContent)");
    assert_eq!(page.evaluate("earlier.textContent"), BEGINS);
    send_lines(&mut ben, 1..=250);
    // The private message is older than the messages in the welcome. Loading it gives no unread count.
    page.open(&format!("http://localhost:{}/", server.port));
    page.wait_for_texts(100);
    page.evaluate("newest.click()"); // it has opened at its first unread message
    page.wait_for("newest.hidden");
    page.evaluate("void (location.hash = '#dm=ben')");
    assert_eq!(page.wait_for_texts(1), json!(["psst"]));
    page.wait_for(&format!("earlier.textContent === '{BEGINS}'"));
    assert_eq!(page.evaluate("document.title"), "Partyline");
    page.evaluate("history.back()");
    page.wait_for("title.textContent === 'Everyone'");
    let texts = page.wait_for_texts(100);
    assert_eq!(texts.as_array().unwrap().len(), 100, "without scrolling nothing more is drawn");
    assert_eq!(scroll_to_the_beginning(&page), lines(250));
    // The server keeps 300 messages, and so no longer the private one.
    send_lines(&mut ben, 251..=350);
    let other = browser.new_user();
    other.open_chat("localhost", server.port);
    for _ in 0..3 {
        let count = other.evaluate("list.querySelectorAll('.text').length").as_u64().unwrap();
        other.evaluate("void messages.scrollTo(0, 0)");
        other.wait_for_texts((count as usize + 100).min(300));
    }
    other.wait_for("earlier.textContent === 'Earlier messages are no longer on the server.'");
    assert_eq!(other.wait_for_texts(300)[0], "line 51");
    page.assert_clean();
    other.assert_clean();
}

#[test]
fn missed_messages_are_loaded_after_the_page_reconnects() {
    let server = Server::start_without_pace(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", proxy.port);
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=5);
    page.wait_for_texts(5);
    page.evaluate("document.hasFocus = () => false");
    send_while_disconnected(&page, &proxy, &mut ben, 6..=255);
    assert_eq!(page.wait_for_texts(255), lines(255));
    page.wait_for("document.title === '(250) Partyline'");
    page.wait_for(&format!("notices('{MEANWHILE}') === 0"));
    assert_eq!(page.evaluate("notices('')"), 1, "ben's arrival is the only notice");
    assert_eq!(page.evaluate("list.querySelectorAll('li:not(.continued) .author').length"), 1);
    page.assert_clean_but_for_lost_connections();
}

#[test]
fn gaps_survive_further_disconnections_until_they_are_filled() {
    let server = Server::start_without_pace(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    // Until `asks` is set, the page's requests for earlier messages are not sent.
    let script = "const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (text) {
            if (window.asks || !text.includes('earlier')) send.call(this, text);
        };";
    page.run_in_every_document(script);
    page.open_chat("localhost", proxy.port);
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=5);
    page.wait_until_receipt_is_sent(5);
    let mut miss = |lines, count| {
        send_while_disconnected(&page, &proxy, &mut ben, lines);
        page.wait_for_texts(count);
        page.wait_for("line.className === 'open'");
    };
    miss(6..=205, 105);
    page.wait_for(&format!("notices('{MEANWHILE}') === 1"));
    miss(206..=405, 205);
    page.wait_for(&format!("notices('{MEANWHILE}') === 2"));
    let order = "Array.from(list.children, (item) => item.querySelector('.text')?.textContent
        ?? (item.matches('.mark') ? 'mark' : 'notice'))";
    let order = page.evaluate(order);
    let places: Vec<usize> = (0..order.as_array().unwrap().len()).filter(|n| order[n] == "mark").collect();
    let around = |n: usize| [&order[n - 1], &order[n + 1]].map(|it| it.as_str().unwrap());
    assert_eq!(places.len(), 2);
    assert_eq!([around(places[0]), around(places[1])], [["line 5", "line 106"], ["line 205", "line 306"]]);
    // A receipt covers all earlier messages, so the page sends none beyond the first gap.
    assert_eq!(page.sent_messages("received").last().unwrap().1["id"], 5);

    page.evaluate("window.asks = true");
    miss(406..=407, 407);
    assert_eq!(page.wait_for_texts(407), lines(407));
    page.wait_for(&format!("notices('{MEANWHILE}') === 0"));
    page.wait_until_receipt_is_sent(407);
    page.assert_clean_but_for_lost_connections();
}

#[test]
fn page_marks_the_places_of_messages_that_the_server_no_longer_keeps() {
    let server = Server::start_without_pace(&["--keep", "120"]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", proxy.port);
    let mut ben = Member::come(&server, "ben");
    for (lines, count) in [(1..=5, 5), (6..=205, 125), (206..=330, 245)] {
        send_while_disconnected(&page, &proxy, &mut ben, lines);
        page.wait_for_texts(count);
    }
    let words = "Some of what you missed is no longer on the server.";
    page.wait_for(&format!("notices('{words}') === 2 && notices('{MEANWHILE}') === 0"));
    let after = "Array.from(list.querySelectorAll('.mark'),
        (mark) => mark.nextElementSibling.querySelector('.text').textContent)";
    assert_eq!(page.evaluate(after), json!(["line 86", "line 211"]));
    assert_eq!(page.evaluate("earlier.textContent"), BEGINS);
    page.assert_clean_but_for_lost_connections();
}

#[test]
fn gaps_between_received_ids_are_known_until_they_are_filled() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", server.port));
    let steps = page.evaluate(
        "import('./chat/received-ids.js').then(({ ReceivedIds }) => {
            const arrived = new ReceivedIds();
            const told = [];
            const now = () => told.push([arrived.completeUpTo,
                arrived.missing.map(({ after, before }) => [after, before]), [...arrived.lost]]);
            const page = (first, last, more, others = {}) => ({ more, ...others,
                messages: Array.from({ length: last - first + 1 }, (_, n) => ({ id: first + n })) });
            const welcome = (...of) => { arrived.addWelcome(page(...of)); now(); };
            const fill = (hole, ...of) => { arrived.addEarlier(arrived.missing[hole], page(...of)); now(); };
            welcome(50, 60, true, { resumed: false });
            arrived.add(61); now();
            welcome(100, 110, true, { resumed: true });
            welcome(105, 120, true, { resumed: true }); // overlaps the one before
            welcome(200, 210, true, { resumed: true });
            fill(2, 150, 199, true);
            fill(2, 115, 149, true);
            fill(0, 40, 49, false, { gap: true });
            welcome(90, 211, true, { resumed: true }); // fills the end of the gap
            fill(0, 70, 89, false, { gap: true });
            welcome(212, 213, false, { resumed: true, gap: true });
            welcome(1011, 1020, true, { resumed: true });
            fill(0, 1001, 1010, false, { gap: false }); // the ids leap at a start, and none is missing
            welcome(1, 2, false, { resumed: false });
            return told;
        })",
    );
    assert_eq!(
        steps,
        json!([
            [60, [[0, 50]], []],
            [61, [[0, 50]], []],
            [61, [[0, 50], [61, 100]], []],
            [61, [[0, 50], [61, 100]], []],
            [61, [[0, 50], [61, 100], [120, 200]], []],
            [61, [[0, 50], [61, 100], [120, 150]], []],
            [61, [[0, 50], [61, 100]], []],
            [61, [[61, 100]], [0]],
            [61, [[61, 90]], [0]],
            [211, [], [0, 61]],
            [213, [], [0, 61, 211]],
            [213, [[213, 1011]], [0, 61, 211]],
            [1020, [], [0, 61, 211]],
            [2, [], []],
        ])
    );
}
