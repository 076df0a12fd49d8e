//! What was said before, and what was said while the connection was lost: the page brings it, each
//! message once and in its place, and nothing moves that somebody is reading.

use serde_json::{Value, json};

use crate::pages::chat::{pick_up, prepare, say, texts};
use crate::pages::reconnect::{assert_clean_but_for_refusals, retry_now};
use crate::pages::ticks::{told, wait_until_told};
use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::line::Line;
use crate::support::page::Page;
use crate::support::*;

const BEGINS: &str = "This is where the conversation begins.";
/// By the second frame all is in its place.
const FRAME: &str =
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";
const MEANWHILE: &str = "Loading what you missed …";

/// Says these lines, and returns when they are kept.
fn tell(member: &mut Member, lines: std::ops::RangeInclusive<usize>) {
    let last = lines.end().to_string();
    for n in lines {
        member.send(&json!({ "type": "say", "text": format!("line {n}"), "ref": n.to_string() }));
    }
    while member.read()["ref"] != last {}
}

fn lines(count: usize) -> Value {
    (1..=count).map(|n| json!(format!("line {n}"))).collect()
}

/// Goes up to the beginning, and looks each time where the message in the middle of the view is then.
fn scroll_to_the_beginning(page: &Page) {
    let middle = "window.middle ??= (() => {
        const { left, top, width, height } = messages.getBoundingClientRect();
        return document.elementFromPoint(left + width / 2, top + height / 2).closest('li');
    })(), middle.querySelector('.text').getBoundingClientRect().top";
    for _ in 0..10 {
        let count = page.evaluate("list.children.length");
        page.evaluate(&format!("messages.scrollTop = messages.scrollHeight / 2; {FRAME}"));
        // As far up as somebody can come in one go.
        let before =
            page.evaluate(&format!("messages.scrollTop = 0, window.middle = undefined, {middle}"));
        page.wait_for(&format!(
            "list.children.length > {count} || earlier.textContent === '{BEGINS}'"
        ));
        page.evaluate(FRAME);
        let after = page.evaluate(middle);
        let moved = after.as_f64().unwrap() - before.as_f64().unwrap();
        assert!(moved.abs() <= 1.0, "moved by {moved}");
        if page.evaluate("earlier.textContent") == BEGINS {
            return;
        }
    }
    panic!("there is no beginning");
}

#[test]
fn scrolling_up_leads_to_the_beginning() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    tell(&mut ben, 1..=350);
    let page = browser.new_user();
    page.set_size(320, 640);
    // Once as it is, and once where the browser itself holds what is in view.
    for anchor in ["none", "auto"] {
        pick_up(&page, "localhost", server.port);
        page.evaluate(&format!("messages.style.overflowAnchor = '{anchor}'"));
        assert_eq!(texts(&page, 100).as_array().unwrap().len(), 100, "and no more by itself");
        scroll_to_the_beginning(&page);
        assert_eq!(texts(&page, 350), lines(350));
    }
    assert_eq!(page.evaluate("list.querySelectorAll('.day').length"), 1);
    assert_eq!(page.evaluate("list.querySelectorAll('li:not(.continued) .author').length"), 1);
    assert_eq!(page.evaluate("document.title + announcer.textContent"), "Partyline");
    assert_eq!(page.evaluate("newest.textContent"), "To the newest ↓");

    // With the keys, from the end.
    pick_up(&page, "localhost", server.port);
    texts(&page, 100);
    page.evaluate("messages.focus()");
    // A key that comes while the list still glides from the one before is lost: people press again.
    let all = "document.querySelectorAll('#list .text').length === 350";
    for _ in 0..200 {
        if page.evaluate(all) == true {
            break;
        }
        page.press("Home");
        page.evaluate(FRAME);
    }
    assert_eq!(page.evaluate(all), true);
    page.assert_clean();
}

#[test]
fn short_list_is_filled_by_itself() {
    let server = Server::start_without_pace(&["--keep", "300"]);
    let browser = Browser::start();
    let page = browser.new_user();
    pick_up(&page, "localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    page.wait_for("document.querySelector('#people-list').textContent.includes('ben')");
    say(&page, "/msg ben psst");
    page.wait_for("/Received|Delivered/.test(list.textContent)");
    assert_eq!(page.evaluate("earlier.textContent"), BEGINS);
    tell(&mut ben, 1..=250);
    // The private message is far above those that come with the welcome, and is nobody's news.
    page.open(&format!("http://localhost:{}/", server.port));
    texts(&page, 100);
    page.evaluate("void (location.hash = '#dm=ben')");
    assert_eq!(texts(&page, 1), json!(["psst"]));
    page.wait_for(&format!("earlier.textContent === '{BEGINS}'"));
    assert_eq!(page.evaluate("document.title"), "Partyline");
    page.evaluate("history.back()");
    page.wait_for("title.textContent === 'Everyone'");
    assert_eq!(texts(&page, 200).as_array().unwrap().len(), 200, "and more if somebody looks");
    page.evaluate("void messages.scrollTo(0, 0)");
    assert_eq!(texts(&page, 250), lines(250));
    // Now the private message is one too many.
    tell(&mut ben, 251..=350);
    let other = browser.new_user();
    pick_up(&other, "localhost", server.port);
    for _ in 0..3 {
        let count = other.evaluate("list.querySelectorAll('.text').length").as_u64().unwrap();
        other.evaluate("void messages.scrollTo(0, 0)");
        texts(&other, (count as usize + 100).min(300));
    }
    other.wait_for("earlier.textContent === 'Earlier messages are no longer on the server.'");
    assert_eq!(texts(&other, 300)[0], "line 51");
    page.assert_clean();
    other.assert_clean();
}

#[test]
fn what_was_said_meanwhile_is_filled_in() {
    let server = Server::start_without_pace(&[]);
    let line = Line::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    pick_up(&page, "localhost", line.port);
    let mut ben = Member::come(&server, "ben");
    tell(&mut ben, 1..=5);
    texts(&page, 5);
    page.evaluate("document.hasFocus = () => false");
    line.cut();
    page.wait_for("line.className === 'waiting'");
    tell(&mut ben, 6..=255);
    line.mend();
    retry_now(&page);
    assert_eq!(texts(&page, 255), lines(255));
    page.wait_for("document.title === '(250) Partyline'");
    page.wait_for(&format!("notices('{MEANWHILE}') === 0"));
    assert_eq!(page.evaluate("notices('')"), 1, "ben's arrival");
    assert_eq!(page.evaluate("list.querySelectorAll('li:not(.continued) .author').length"), 1);
    assert_clean_but_for_refusals(&page);
}

#[test]
fn holes_outlive_further_losses() {
    let server = Server::start_without_pace(&[]);
    let line = Line::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    // Until the test says so, nothing that was said earlier is asked for.
    let script = "const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (text) {
            if (window.asks || !text.includes('earlier')) send.call(this, text);
        };";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    pick_up(&page, "localhost", line.port);
    let mut ben = Member::come(&server, "ben");
    tell(&mut ben, 1..=5);
    wait_until_told(&page, 5);
    let mut lose_and_hear = |heard, count| {
        line.cut();
        page.wait_for("line.className === 'waiting'");
        tell(&mut ben, heard);
        line.mend();
        retry_now(&page);
        texts(&page, count);
        page.wait_for("line.className === 'open'");
    };
    lose_and_hear(6..=205, 105);
    page.wait_for(&format!("notices('{MEANWHILE}') === 1"));
    lose_and_hear(206..=405, 205);
    page.wait_for(&format!("notices('{MEANWHILE}') === 2"));
    let order = "Array.from(list.children, (item) => item.querySelector('.text')?.textContent
        ?? (item.matches('.mark') ? 'mark' : 'notice'))";
    let order = page.evaluate(order);
    let places: Vec<usize> =
        (0..order.as_array().unwrap().len()).filter(|n| order[n] == "mark").collect();
    let around = |n: usize| [&order[n - 1], &order[n + 1]].map(|it| it.as_str().unwrap());
    assert_eq!(places.len(), 2);
    assert_eq!(
        [around(places[0]), around(places[1])],
        [["line 5", "line 106"], ["line 205", "line 306"]]
    );
    // Nobody is told that it has all arrived, as long as it has not.
    assert_eq!(told(&page, "received").last().unwrap().1["id"], 5);

    page.evaluate("window.asks = true");
    lose_and_hear(406..=407, 407);
    assert_eq!(texts(&page, 407), lines(407));
    page.wait_for(&format!("notices('{MEANWHILE}') === 0"));
    wait_until_told(&page, 407);
    assert_clean_but_for_refusals(&page);
}

#[test]
fn what_is_no_longer_kept_is_said_in_its_place() {
    let server = Server::start_without_pace(&["--keep", "120"]);
    let line = Line::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    pick_up(&page, "localhost", line.port);
    let mut ben = Member::come(&server, "ben");
    for (heard, count) in [(1..=5, 5), (6..=205, 125), (206..=330, 245)] {
        line.cut();
        page.wait_for("line.className === 'waiting'");
        tell(&mut ben, heard);
        line.mend();
        retry_now(&page);
        texts(&page, count);
    }
    let words = "Some of what you missed is no longer on the server.";
    page.wait_for(&format!("notices('{words}') === 2 && notices('{MEANWHILE}') === 0"));
    let after = "Array.from(list.querySelectorAll('.mark'),
        (mark) => mark.nextElementSibling.querySelector('.text').textContent)";
    assert_eq!(page.evaluate(after), json!(["line 86", "line 211"]));
    assert_eq!(page.evaluate("earlier.textContent"), BEGINS);
    assert_clean_but_for_refusals(&page);
}

#[test]
fn holes_are_known_by_their_ids() {
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
            welcome(105, 120, true, { resumed: true }); // some of them again
            welcome(200, 210, true, { resumed: true });
            fill(2, 150, 199, true);
            fill(2, 115, 149, true);
            fill(0, 40, 49, false, { gap: true });
            welcome(90, 211, true, { resumed: true }); // as much as that would fit
            fill(0, 70, 89, false, { gap: true });
            welcome(212, 213, false, { resumed: true, gap: true });
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
            [2, [], []],
        ])
    );
}
