//! The words beside one's own messages: how far they have come, and what to do when they have not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::pages::chat::{pick_up, prepare, say, shown, texts};
use crate::pages::reconnect::{assert_clean_but_for_refusals, retry_now};
use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::folder::Folder;
use crate::support::line::Line;
use crate::support::page::Page;
use crate::support::*;

/// Writes down every state of the newest own message: its words, its height, and how much wider than
/// the view it makes the list.
const WATCH: &str = "window.seen = [];
    new MutationObserver(() => {
        const own = list.querySelector('li.own:last-child');
        const [, words] = /:\\d\\d ?(.*)/.exec(own.querySelector('.meta').textContent);
        const { scrollWidth, clientWidth } = messages;
        seen.push([words, own.offsetHeight, scrollWidth - clientWidth]);
    }).observe(list, { subtree: true, childList: true, characterData: true });";

fn last_words(page: &Page, words: &str) {
    page.wait_for(&format!("list.lastElementChild.textContent.endsWith('{words}')"));
}

/// Waits until this page has told the server that everything up to this id has arrived.
pub fn wait_until_told(page: &Page, id: u64) {
    let expected = format!("{{\"type\":\"received\",\"id\":{id}}}");
    page.wait_for_event("Network.webSocketFrameSent", |event| {
        event["response"]["payloadData"] == expected
    });
}

/// What this page has told the server, of one type: each with the second when.
pub fn told(page: &Page, kind: &str) -> Vec<(f64, Value)> {
    page.evaluate("0"); // what happened before has been told by now
    let frames = page.events("Network.webSocketFrameSent");
    let parsed = frames.iter().map(|event| {
        let text = event["response"]["payloadData"].as_str().unwrap();
        (event["timestamp"].as_f64().unwrap(), serde_json::from_str::<Value>(text).unwrap())
    });
    parsed.filter(|(_, message)| message["type"] == kind).collect()
}

#[test]
fn ticks_go_from_sending_to_delivered() {
    let server = Server::start_without_pace(&[]);
    let line = Line::to(server.port);
    let browser = Browser::start();
    let [ana, ben] = [browser.new_user(), browser.new_user()];
    ana.set_size(320, 640);
    pick_up(&ana, "localhost", line.port);
    let ben_name = pick_up(&ben, "localhost", server.port);
    let mut cy = Member::come(&server, "cy");
    let mut dora = Member::come(&server, "dora");
    ana.wait_for("document.querySelectorAll('#people-list li').length === 5");

    // Nothing comes back at first; then the line is a new one.
    line.deafen();
    ana.evaluate(WATCH);
    say(&ana, "a text that takes two lines on a telephone");
    last_words(&ana, " Sending …");
    texts(&ben, 1);
    line.cut();
    line.mend();
    retry_now(&ana);
    last_words(&ana, " ✓✓ Delivered to 1 of 3");
    cy.send(&json!({ "type": "received", "id": 1 }));
    last_words(&ana, " ✓✓ Delivered to 2 of 3");
    dora.send(&json!({ "type": "received", "id": 1 }));
    last_words(&ana, " ✓✓ Delivered to 3 of 3");
    let mut seen: Vec<(String, u64, u64)> = serde_json::from_value(ana.evaluate("seen")).unwrap();
    seen.dedup();
    let words: Vec<&str> = seen.iter().map(|(words, ..)| words.as_str()).collect();
    let deliveries = ["✓✓ Delivered to 1 of 3", "✓✓ Delivered to 2 of 3", "✓✓ Delivered to 3 of 3"];
    assert_eq!(words, [&["", "Sending …", "✓ Received"][..], &deliveries].concat());
    let sizes: BTreeSet<_> = seen.iter().map(|(_, height, beyond)| (height, beyond)).collect();
    assert_eq!(sizes.len(), 1, "nothing moves: {seen:?}");
    assert_eq!(seen[0].2, 0, "nothing is wider than its place");
    assert_eq!(ana.evaluate("announcer.textContent"), "");

    // All is told once more to a page that has been loaded anew.
    pick_up(&ana, "localhost", line.port);
    last_words(&ana, " ✓✓ Delivered to 3 of 3");
    say(&ana, &format!("/msg {ben_name} in private"));
    last_words(&ana, " ✓✓ Delivered");

    // Whoever hears much tells it now and then.
    (0..110).for_each(|n| cy.say(&format!("{n}")));
    wait_until_told(&ben, 112);
    let told = told(&ben, "received");
    for pair in told.windows(2) {
        assert!(pair[1].1["id"].as_u64() > pair[0].1["id"].as_u64(), "{told:?}");
        assert!(pair[1].0 - pair[0].0 > 0.45, "twice a second: {told:?}");
    }
    // What was told of a message before it was shown is not forgotten.
    pick_up(&ana, "localhost", line.port);
    assert_eq!(texts(&ana, 100).as_array().unwrap().len(), 100);
    ana.evaluate("void messages.scrollTo(0, 0)");
    ana.wait_for("list.querySelector('.own')?.textContent.endsWith('✓✓ Delivered to 3 of 3')");
    ben.assert_clean();
    assert_clean_but_for_refusals(&ana);
}

/// Linux alone can be told to make a file's limit wider again.
#[cfg(target_os = "linux")]
#[test]
fn what_could_not_be_saved_is_kept_here() {
    use crate::chat::disk_full::{is_possible, limit_files};

    let data = Folder::new();
    let server = Server::start_after(&limit_files(8), &["--data", data.as_str()]);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    pick_up(&page, "localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    // As long as there is room.
    let mut say_long = |n: usize| {
        ben.send(&json!({ "type": "say", "text": "x".repeat(1000), "ref": n.to_string() }));
        ben.read()["type"] == "ack"
    };
    let heard = (0..20).position(|n| !say_long(n)).expect("the file is full at some time");
    texts(&page, heard);
    let unsaved = "y".repeat(1500);
    let refused =
        "list.querySelectorAll('.refused').length === 1 && list.querySelector('.refused')";
    say(&page, &unsaved);
    page.wait_for(&format!("{refused}.textContent.includes('Not sent')"));
    let buttons = "Array.from(list.querySelectorAll('.refused button'), (it) => it.textContent)";
    assert_eq!(page.evaluate(buttons), json!(["Retry", "Delete"]));
    // It is in the box, too; and if it is sent from there it is the same message, once.
    assert_eq!(page.evaluate("text.value"), unsaved);
    page.wait_for("newest.hidden"); // and what to do about it is in view
    page.press("Enter");
    page.wait_for(&format!("{refused} && text.value !== ''"));
    // So it is with a command's text, which is typed in another way.
    page.evaluate("text.value = ''; text.dispatchEvent(new Event('input'))");
    let slashed = format!("/{unsaved}");
    say(&page, &format!("/{slashed}"));
    page.wait_for("list.querySelectorAll('.refused').length === 2");
    assert_eq!(shown(&page, "text.value"), format!("/{slashed}"));
    // What is being typed meanwhile is left alone, and a reload takes nothing away.
    page.evaluate("text.value = 'next'; text.dispatchEvent(new Event('input'))");
    page.evaluate("list.querySelector('.refused button').click()");
    page.wait_for("list.querySelectorAll('.refused').length === 2 && text.value === 'next'");
    pick_up(&page, "localhost", server.port);
    page.wait_for("list.querySelectorAll('.refused').length === 2 && text.value === 'next'");

    let pid = server.pid().to_string();
    assert!(is_possible("prlimit", &["--pid", &pid, "--fsize=unlimited:"]));
    page.evaluate("list.querySelector('.refused button').click()");
    page.wait_for(refused);
    page.evaluate("list.querySelectorAll('.refused button')[1].click()");
    page.wait_for("!list.querySelector('.refused')");
    assert_eq!(texts(&page, heard + 1)[heard], unsaved);
    say(&page, " and the last");
    let said: Vec<Value> = std::iter::repeat_with(|| ben.read())
        .filter(|it| it["type"] == "said")
        .take(2)
        .map(|mut it| it["text"].take())
        .collect();
    assert_eq!(said, [json!(unsaved), json!("next and the last")]);
    page.assert_clean();
}
