//! The delivery status beside a member's own messages, its ticks and their words, and the choices beside one that
//! was refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::folder::Folder;
use crate::support::page::Page;
use crate::support::proxy::Proxy;
use crate::support::*;

/// A script that records every state of the newest own message in `seen`: the status beside it, its height and
/// the width of the status, and by how many pixels the list is wider than its view.
const RECORD_STATES: &str = "window.seen = [];
    new MutationObserver(() => {
        const own = list.querySelector('li.own:last-child');
        const meta = own.querySelector('.meta');
        const [, words] = /:\\d\\d ?(.*)/.exec(meta.textContent);
        const { scrollWidth, clientWidth } = messages;
        seen.push([words, `${own.offsetHeight} ${meta.offsetWidth}`, scrollWidth - clientWidth]);
    }).observe(list, { subtree: true, childList: true, characterData: true });";

/// Waits until the newest message has this status.
fn wait_for_status(page: &Page, status: &str) {
    page.wait_for(&format!("list.lastElementChild.textContent.endsWith('{status}')"));
}

#[test]
fn status_goes_from_sending_to_delivered_to_all() {
    let server = Server::start_without_pace(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let [ana, ben] = [browser.new_user(), browser.new_user()];
    ana.set_size(320, 640);
    ana.open_chat("localhost", proxy.port);
    let ben_name = ben.open_chat("localhost", server.port);
    let mut cy = Member::come(&server, "cy");
    let mut dora = Member::come(&server, "dora");
    ana.wait_for("document.querySelectorAll('#people-list li').length === 5");
    ana.wait_for_notice("dora has picked up"); // drawn before the states are recorded

    // At first no ack reaches ana's page; after the cut it reconnects.
    proxy.deafen();
    ana.evaluate(RECORD_STATES);
    ana.type_and_send("a text that takes two lines on a telephone");
    wait_for_status(&ana, " Sending …");
    ben.wait_for_texts(1);
    proxy.cut();
    wait_for_status(&ana, " Waiting");
    proxy.mend();
    ana.retry_now();
    wait_for_status(&ana, " ✓✓ Delivered to 1 of 3");
    cy.send(&json!({ "type": "received", "id": 1 }));
    wait_for_status(&ana, " ✓✓ Delivered to 2 of 3");
    dora.send(&json!({ "type": "received", "id": 1 }));
    wait_for_status(&ana, " ✓✓ Delivered to 3 of 3");
    let mut seen: Vec<(String, String, u64)> = serde_json::from_value(ana.evaluate("seen")).unwrap();
    seen.dedup();
    let words: Vec<&str> = seen.iter().map(|(words, ..)| words.as_str()).collect();
    let deliveries = ["✓✓ Delivered to 1 of 3", "✓✓ Delivered to 2 of 3", "✓✓ Delivered to 3 of 3"];
    assert_eq!(words, [&["", "Sending …", "Waiting", "✓ Received by the server"][..], &deliveries].concat());
    let sizes: BTreeSet<_> = seen.iter().map(|(_, height, beyond)| (height, beyond)).collect();
    assert_eq!(sizes.len(), 1, "the message or the list moves: {seen:?}");
    assert_eq!(seen[0].2, 0, "the list is wider than its view");
    assert_eq!(ana.evaluate("announcer.textContent"), "");

    // After a reload the page gets the same status again.
    ana.open_chat("localhost", proxy.port);
    wait_for_status(&ana, " ✓✓ Delivered to 3 of 3");
    ana.type_and_send(&format!("/msg {ben_name} in private"));
    wait_for_status(&ana, " ✓✓ Delivered");

    // A page that receives many messages sends at most two receipts a second.
    (0..110).for_each(|n| cy.say(&format!("{n}")));
    ben.wait_until_receipt_is_sent(112);
    let receipts = ben.sent_messages("received");
    for pair in receipts.windows(2) {
        assert!(pair[1].1["id"].as_u64() > pair[0].1["id"].as_u64(), "{receipts:?}");
        assert!(pair[1].0 - pair[0].0 > 0.45, "more than two a second: {receipts:?}");
    }
    // The status of a message that is loaded later, above the first unread one, is known as well.
    ana.open_chat("localhost", proxy.port);
    ana.wait_for_texts(100);
    ana.evaluate("void messages.scrollTo(0, 0)");
    ana.wait_for("list.querySelector('.own')?.textContent.endsWith('✓✓ Delivered to 3 of 3')");
    ben.assert_clean();
    ana.assert_clean_but_for_lost_connections();
}

/// Only Linux has `prlimit`, which raises the limit of a running process.
#[cfg(target_os = "linux")]
#[test]
fn message_that_the_server_could_not_save_can_be_retried_or_deleted() {
    use crate::chat::disk_full::{is_possible, limit_files};

    let data = Folder::new();
    let server = Server::start_after(&limit_files(8), &["--data", data.as_str()]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    // Fill the history file until it has no room for another message of this size.
    let mut say_long = |n: usize| {
        ben.send(&json!({ "type": "say", "text": "x".repeat(1000), "ref": n.to_string() }));
        ben.read()["type"] == "ack"
    };
    let saved = (0..20).position(|n| !say_long(n)).expect("a full file");
    page.wait_for_texts(saved);
    let unsaved = "y".repeat(1500);
    let refused = "list.querySelectorAll('.refused').length === 1 && list.querySelector('.refused')";
    page.type_and_send(&unsaved);
    page.wait_for(&format!("{refused}.textContent.includes('Not sent')"));
    let buttons = "Array.from(list.querySelectorAll('.refused button'), (it) => it.textContent)";
    assert_eq!(page.evaluate(buttons), json!(["Retry", "Delete"]));
    // The text is in the message box, too. Sent from there, it is still the same message, listed once.
    assert_eq!(page.evaluate("text.value"), unsaved);
    page.wait_for("newest.hidden"); // the list shows its end, and so the buttons
    page.press("Enter");
    page.wait_for(&format!("{refused} && text.value !== ''"));
    // The same holds for a text that begins with a slash, which is typed with two.
    page.evaluate("text.value = ''; text.dispatchEvent(new Event('input'))");
    let slashed = format!("/{unsaved}");
    page.type_and_send(&format!("/{slashed}"));
    page.wait_for("list.querySelectorAll('.refused').length === 2");
    assert_eq!(page.evaluate_text("text.value"), format!("/{slashed}"));
    // A retry does not change what is being typed, and a reload keeps both refused messages.
    page.evaluate("text.value = 'next'; text.dispatchEvent(new Event('input'))");
    page.evaluate("list.querySelector('.refused button').click()");
    page.wait_for("list.querySelectorAll('.refused').length === 2 && text.value === 'next'");
    page.open_chat("localhost", server.port);
    page.wait_for("list.querySelectorAll('.refused').length === 2 && text.value === 'next'");

    let pid = server.pid().to_string();
    assert!(is_possible("prlimit", &["--pid", &pid, "--fsize=unlimited:"]));
    page.evaluate("list.querySelector('.refused button').click()");
    page.wait_for(refused);
    page.evaluate("list.querySelectorAll('.refused button')[1].click()");
    page.wait_for("!list.querySelector('.refused')");
    assert_eq!(page.wait_for_texts(saved + 1)[saved], unsaved);
    page.type_and_send(" and the last");
    let received: Vec<Value> = std::iter::repeat_with(|| ben.read())
        .filter(|it| it["type"] == "said")
        .take(2)
        .map(|mut it| it["text"].take())
        .collect();
    assert_eq!(received, [json!(unsaved), json!("next and the last")]);
    page.assert_clean();
}

/// Beside code, and beside a link that ends where the words stand.
#[test]
fn words_of_the_ticks_leave_what_is_below_them_to_be_pressed() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open_chat("localhost", server.port);
    for text in ["```rust\nlet x = 1;\n```".into(), format!("http://a.example/{}", "x".repeat(400))] {
        page.type_and_send(&text);
        wait_for_status(&page, "Received by the server");
        page.evaluate(
            "void (window.target = list.lastElementChild.querySelector('.text :is(a, .code button)'),
                window.words = list.lastElementChild.querySelector('.tick-words'))",
        );
        // The upper right corner of the link's first line, and the middle of the button.
        let point = page.evaluate(
            "(({ right, left, top }, isLink) => [isLink ? right - 20 : (left + right) / 2, top + 8])
                (target.getClientRects()[0], target.matches('a'))",
        );
        for way in ["hover", "focus"] {
            let [x, y] = if way == "hover" { [&point[0], &point[1]] } else { [&json!(1), &json!(1)] };
            page.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }));
            page.evaluate(&format!("words.parentElement.focus(), '{way}' === 'hover' && text.focus()"));
            page.wait_for("words.offsetWidth > 10");
            assert_eq!(
                page.evaluate(&format!("document.elementFromPoint({point}[0], {point}[1]) === target")),
                true
            );
        }
    }
    // Nor is the button covered.
    let overlap = "(() => {
        const button = list.querySelector('.code button').getBoundingClientRect();
        const words = list.querySelector('.tick-words');
        words.parentElement.focus();
        const { left, width } = words.getBoundingClientRect();
        return [width > 10, button.right <= left];
    })()";
    assert_eq!(page.evaluate(overlap), json!([true, true]));
    page.assert_clean();
}
