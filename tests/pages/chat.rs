//! The chat's page while the connection holds: messages, notices, scrolling, the keyboard. In `chat/`:
//! `message_box.rs` its message box, `name_offers.rs` the names that it offers, `recipients.rs` to whom `/msg` goes,
//! `people.rs` how people are told apart, `rows.rs` how messages are drawn, `long.rs` texts, names and windows of
//! unusual sizes, `clock.rs` a clock that is wrong. `reconnect.rs` tests the page when the connection breaks.

mod clock;
mod long;
pub mod message_box;
mod name_offers;
mod people;
mod recipients;
mod rows;

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

/// Opens the chat for three users, one at localhost (a secure context) and two as on a classroom's
/// network. Returns their pages and names when each page lists all three.
fn open_three_chats<'a>(browser: &'a Browser, server: &Server) -> ([Page<'a>; 3], [String; 3]) {
    let pages = [(); 3].map(|()| browser.new_user());
    let mut hosts = ["localhost", "lab.test", "lab.test"].into_iter();
    let names = pages.each_ref().map(|page| page.open_chat(hosts.next().unwrap(), server.port));
    for page in &pages {
        let all = "['Everyone', ...Array.from(document.querySelectorAll('#people-list .name'), \
                   (name) => name.textContent)].sort().join()";
        let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
        expected.push("Everyone");
        expected.sort_unstable();
        page.wait_for(&format!("{all} === '{}'", expected.join(",")));
    }
    for name in &names[1..] {
        pages[0].wait_for_notice(&format!("{name} has picked up"));
    }
    (pages, names)
}

/// The payloads of all frames that this page has received so far, in one string.
fn received_frames(page: &Page) -> String {
    page.wait_for_past_events();
    let frames = page.events("Network.webSocketFrameReceived");
    frames.iter().map(|event| event["response"]["payloadData"].as_str().unwrap()).collect()
}

#[test]
fn messages_reach_every_member_and_are_shown_as_plain_text() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (pages, names) = open_three_chats(&browser, &server);
    let [ana, ben, cy] = &pages;
    assert_eq!(ben.evaluate("isSecureContext"), false);

    let markup = "<img src=x onerror=\"document.title = 'broken into'\">";
    ana.type_text("hello");
    ben.wait_for(&format!("typing.textContent === '{} is typing …'", names[0]));
    ana.press("Enter");
    ana.wait_for("/Received|Delivered/.test(list.querySelector('.own .meta')?.textContent)");
    ben.type_and_send(markup);
    for page in &pages {
        assert_eq!(page.wait_for_texts(2), json!(["hello", markup]));
        assert_eq!(page.evaluate("document.images.length"), 0);
        assert_eq!(page.evaluate("typing.textContent"), "");
    }
    assert_eq!(cy.evaluate_text("list.querySelector('.author').textContent"), names[0]);
    // A screen reader announces the messages of others, and not the member's own.
    let line = format!("{}: hello", names[0]);
    cy.wait_for(&format!("announcer.firstElementChild?.textContent === '{line}'"));
    ana.wait_for(&format!("announcer.textContent === {}", json!(format!("{}: {markup}", names[1]))));
    pages.iter().for_each(Page::assert_clean);
}

#[test]
fn private_message_reaches_only_its_recipient() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (pages, names) = open_three_chats(&browser, &server);
    let [ana, ben, cy] = &pages;
    ana.type_and_send("hello");
    pages.iter().for_each(|page| drop(page.wait_for_texts(1)));

    ana.open_private_chat(&names[1]);
    ana.type_and_send("psst, a secret");
    ben.wait_for("document.querySelector('#people-list .badge')?.textContent === '1 new'");
    assert_eq!(ben.wait_for_texts(1), json!(["hello"]));
    ben.open_private_chat(&names[0]);
    assert_eq!(ben.wait_for_texts(1), json!(["psst, a secret"]));
    ben.wait_for("!document.querySelector('#people-list .badge')");
    ana.evaluate("history.back()");
    ana.wait_for("title.textContent === 'Everyone' && location.hash === ''");
    // When the next public message is there, a private one would be there as well.
    ana.type_and_send("aloud again");
    assert_eq!(cy.wait_for_texts(2), json!(["hello", "aloud again"]));
    assert!(received_frames(ben).contains("psst, a secret"));
    assert!(!received_frames(cy).contains("psst, a secret"));
    pages.iter().for_each(Page::assert_clean);
}

#[test]
fn rename_and_departure_give_one_notice_each_and_a_reload_gives_none() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (pages, names) = open_three_chats(&browser, &server);
    let [ana, _, cy] = &pages;
    ana.type_and_send("hello");
    cy.wait_for_texts(1);

    cy.type_and_send("/nick Cy the 3rd");
    ana.wait_for_notice("is now called Cy the 3rd");
    assert_eq!(cy.open_chat("lab.test", server.port), "Cy the 3rd");
    assert_eq!(cy.wait_for_texts(1), json!(["hello"]));
    cy.type_and_send("back");
    assert_eq!(ana.wait_for_texts(2), json!(["hello", "back"]));
    ana.wait_for_notice("is now called");
    assert_eq!(ana.evaluate("[notices('picked up'), notices('hung up')]"), json!([2, 0]));
    assert_eq!(ana.open_chat("localhost", server.port), names[0]);
    assert_eq!(ana.wait_for_texts(2), json!(["hello", "back"]));
    let mut gus = server.open("/chat?name=gus");
    ana.wait_for_notice("gus has picked up");
    // "is typing" disappears within 6 s of the last key.
    gus.send_text(r#"{"type":"typing"}"#);
    ana.wait_for("typing.textContent === 'gus is typing …'");
    let began = Instant::now();
    ana.wait_for("typing.textContent === ''");
    assert!(began.elapsed() < Duration::from_secs(6), "shown for {:?}", began.elapsed());
    gus.send(0x88, &1000u16.to_be_bytes());
    ana.wait_for_notice("gus has hung up");
    pages.iter().for_each(Page::assert_clean);
}

#[test]
fn new_messages_do_not_move_a_list_that_is_scrolled_up() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(320, 640);
    page.open_chat("localhost", server.port);
    let mut ben = server.open("/chat?name=ben");
    let mut send = |lines: &[String], count| {
        lines.iter().for_each(|line| ben.send_text(line));
        page.wait_for_texts(count);
        page.wait_until_drawn();
    };
    let place = || page.evaluate("messages.scrollTop").as_f64().unwrap();
    let end = "messages.scrollHeight - messages.scrollTop - messages.clientHeight < 2";

    let lines: Vec<String> = (1..=25).map(|n| format!("line {n}")).collect();
    send(&lines, 25);
    assert_eq!(page.evaluate(end), true, "a list that shows its end follows");
    assert_eq!(page.evaluate("newest.hidden"), true);
    assert_eq!(page.evaluate("list.querySelectorAll('li:not(.continued) .author').length"), 1);
    page.evaluate("messages.scrollBy(0, -300)");
    page.wait_until_drawn();
    let before = place();
    send(&["one".into(), "two".into(), "x".repeat(2000)], 28);
    assert!((place() - before).abs() <= 1.0, "from {before} to {}", place());
    assert_eq!(page.evaluate("newest.textContent"), "3 new ↓");
    assert_eq!(page.evaluate("document.title"), "(3) Partyline");
    let width = "Math.max(document.documentElement.scrollWidth - innerWidth, \
                 messages.scrollWidth - messages.clientWidth)";
    assert_eq!(page.evaluate(width), 0, "a long word does not widen the page");
    // The button leads to the line above the first of them, then to the end.
    page.evaluate("newest.click()");
    page.wait_until_drawn();
    let top =
        "list.querySelector('.new-line').getBoundingClientRect().top - messages.getBoundingClientRect().top";
    assert!((0.0..100.0).contains(&page.evaluate(top).as_f64().unwrap()));
    page.evaluate("newest.click()");
    page.wait_for(&format!("{end} && newest.hidden && document.title === 'Partyline'"));
    page.evaluate("messages.scrollBy(0, -300)");
    page.wait_until_drawn();
    page.type_and_send("mine");
    page.wait_for(&format!("list.textContent.includes('mine') && {end}"));

    // In a window without the focus messages stay unread, even if they are in view.
    page.evaluate("document.hasFocus = () => false");
    send(&["unseen".into()], 30);
    page.wait_for(&format!("document.title === '(1) Partyline' && {end}"));
    page.evaluate("delete document.hasFocus; window.dispatchEvent(new Event('focus'))");
    page.wait_for("document.title === 'Partyline'");

    // A right-to-left name and text leave the time beside them in its place.
    let mut eda = server.open("/chat?name=%D7%A2%D7%93%D7%94");
    eda.send_text("שלום (3) לכולם");
    page.wait_for_texts(31);
    let ends = "new Set(Array.from(list.querySelectorAll('li:not(.continued, .own, .notice) time'),
        (time) => time.getBoundingClientRect().right)).size";
    assert_eq!(page.evaluate(ends), 1);

    // All visible controls are high enough for a finger.
    let small = "Array.from(document.querySelectorAll('button, a, input, textarea'))
        .filter((target) => target.checkVisibility() && !target.matches('.skip'))
        .map((target) => target.getBoundingClientRect().height).filter((height) => height < 44)";
    assert_eq!(page.evaluate(small), json!([]));
    page.assert_clean();
}

#[test]
fn tab_key_reaches_every_control_in_reading_order() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open_chat("localhost", server.port);
    let _ben = server.open("/chat?name=ben");
    page.wait_for("document.querySelectorAll('#people-list a').length === 2");
    // The skip link is the first of all.
    assert_eq!(page.evaluate("document.querySelector('a, button') === skip"), true);
    page.evaluate("skip.focus()");
    let reached = [(); 15].map(|()| {
        page.press("Tab");
        page.evaluate_text(
            "document.activeElement.id || document.activeElement.ariaLabel || document.activeElement.textContent",
        )
    });
    let header = ["wire-button", "Share", "Lab", "Help", "me", "More"];
    assert_eq!(reached[..6], header);
    let invitation = ["arrival-name", "Choose a name", "try-wire"];
    assert_eq!(reached[6..11], ["Everyone", "ben", invitation[0], invitation[1], invitation[2]]);
    assert_eq!(reached[11..], ["messages", "text", "photo-button", "Send"]);
    // A dialog gives the focus back to the button that opened it.
    page.evaluate("me.focus(), me.click()");
    page.wait_for("document.activeElement.id === 'name'");
    page.press("Escape");
    page.wait_for("document.activeElement === me");
    page.assert_clean();
}
