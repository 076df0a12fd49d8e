//! The rows of the message list: ticks and their words, actions, large emoji, notices, words for one and for many.

use serde_json::json;

use super::message_box::wait_for_note;
use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::*;

/// Whether the words of the newest own message's ticks are seen.
const WORDS_ARE_SEEN: &str = "Array.from(list.querySelectorAll('.tick-words')).at(-1).offsetWidth > 1";

#[test]
fn words_of_ticks_take_no_room_and_are_seen_under_the_pointer_or_with_the_keyboard() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let _ben = Member::come(&server, "ben");
    page.open_chat("localhost", server.port);
    for (width, height) in [(1280, 800), (360, 640)] {
        page.set_size(width, height);
        page.type_and_send("mine");
        page.wait_for("list.lastElementChild.querySelector('.meta').title === 'Received by the server'");
        let meta = "list.lastElementChild.querySelector('.meta')";
        assert!(page.evaluate(&format!("{meta}.offsetWidth")).as_u64() < Some(100), "at {width} pixels");
        assert_eq!(page.evaluate(&format!("{meta}.querySelector('.ticks').ariaHidden")), "true");
        assert_eq!(page.evaluate(WORDS_ARE_SEEN), false);
        let place = page.evaluate(
            "(({ left, top }) => [left + 9, top + 9])(list.lastElementChild.getBoundingClientRect())",
        );
        let over = |x: &serde_json::Value, y: &serde_json::Value| {
            page.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }))
        };
        over(&place[0], &place[1]);
        page.wait_for(WORDS_ARE_SEEN);
        over(&json!(1), &json!(1));
        page.wait_for(&format!("!({WORDS_ARE_SEEN})"));
        page.evaluate(&format!("{meta}.focus()")); // as a finger does
        page.wait_for(WORDS_ARE_SEEN);
        page.evaluate("text.focus()");
        page.wait_for(&format!("!({WORDS_ARE_SEEN})"));
        page.press("Shift+Tab");
        page.wait_for(&format!("document.activeElement === messages && {WORDS_ARE_SEEN}"));
        page.evaluate("text.focus()");
    }
    page.assert_clean();
}

#[test]
fn action_names_its_author_once_and_emoji_alone_are_large() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    page.wait_for_notice("ben has picked up");
    ben.say("/me waves");
    page.wait_for_texts(1);
    let item = "list.lastElementChild.innerText.split('ben').length - 1";
    assert_eq!(page.evaluate(item), 1);
    assert_eq!(page.evaluate("list.lastElementChild.querySelector('.house').dataset.letters"), "Be");
    page.type_and_send("/me waves, too");
    page.wait_for_texts(2);
    page.wait_for("/Received|Delivered/.test(list.lastElementChild.textContent)"); // until then it stays the last
    assert_eq!(page.evaluate("list.lastElementChild.innerText.includes('You')"), false);

    let large = ["🎉", "❤️", "👩‍💻 👍🏽", "🇫🇷", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"];
    let small = ["1", "12 #", "🎉!", "ok 👍", "a", "*"];
    let is_large = |texts: &[&str]| {
        page.evaluate(&format!(
            "import('./chat/message-body.js').then(({{ isOnlyEmoji }}) => {}.map(isOnlyEmoji))",
            json!(texts)
        ))
    };
    assert_eq!(is_large(&large), json!(vec![true; 6]));
    assert_eq!(is_large(&small), json!(vec![false; 6]));
    assert_eq!(is_large(&["🎉".repeat(25).as_str()]), json!([false]), "many are a text");
    ben.say("🎉");
    ben.say("a party");
    page.wait_for_texts(4);
    let heights =
        page.evaluate("Array.from(list.querySelectorAll('.text'), (it) => it.offsetHeight).slice(2)");
    assert!(heights[0].as_f64() > heights[1].as_f64().map(|it| 1.5 * it), "{heights}");
    page.assert_clean();
}

#[test]
fn one_character_is_not_called_characters() {
    let server = Server::start(&["--text", "20"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    for (length, words) in [(19, "1 character left"), (20, "0 characters left"), (21, "1 character too many")]
    {
        page.type_text(&"x".repeat(length));
        assert_eq!(page.evaluate("counter.textContent"), words);
        page.evaluate("text.select()");
    }
    page.press("Enter");
    wait_for_note(&page, "That is 1 character too long: 20 fit into one message.");
    page.assert_clean();
}

#[test]
fn notices_in_a_row_are_folded_to_one_line_that_shows_them_when_it_is_pressed() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(360, 640);
    page.open_chat("localhost", server.port);
    page.type_and_send("good morning"); // the list gets the room of the invitation
    page.wait_for_texts(1);
    let [ben, cy] = ["ben", "cy"].map(|name| Member::come(&server, name));
    page.wait_for_notice("cy has picked up");
    assert_eq!(page.evaluate("list.querySelectorAll('.summary').length"), 0, "two are not folded");
    let mut dora = Member::come(&server, "dora");
    let summary = "list.querySelector('.summary button')";
    page.wait_for(&format!("{summary}?.textContent === '3 people picked up'"));
    [ben, cy].into_iter().for_each(Member::leave);
    page.wait_for(&format!("{summary}.textContent === '3 people picked up, 2 hung up'"));
    // Each sentence is there, without taking room, and said once.
    let heights =
        "Array.from(list.querySelectorAll('.notice > p:not(.day, .summary)'), (it) => it.offsetHeight)";
    assert_eq!(page.evaluate(heights), json!([0, 0, 0, 0, 0]));
    for words in
        ["ben has picked up", "cy has picked up", "dora has picked up", "ben has hung up", "cy has hung up"]
    {
        page.wait_for_notice(words);
    }
    assert_eq!(page.evaluate(&format!("{summary}.offsetHeight >= 44")), true);
    page.evaluate(&format!("{summary}.focus(), {summary}.click()"));
    assert_eq!(page.evaluate(&format!("{heights}.every((height) => height > 10)")), true);
    assert_eq!(page.evaluate(&format!("{summary}.ariaExpanded")), "true");
    // What a member says ends the row. More notices stand in a row of their own, or join the unfolded one.
    let _emil = Member::come(&server, "emil");
    page.wait_for(&format!("{summary}.textContent === '4 people picked up, 2 hung up'"));
    assert_eq!(page.evaluate(&format!("document.activeElement === {summary}")), true);
    assert_eq!(page.evaluate(&format!("{heights}.every((height) => height > 10)")), true);
    page.evaluate(&format!("{summary}.click()"));
    assert_eq!(page.evaluate(&format!("{heights}.join()")), "0,0,0,0,0,0");
    dora.say("hello");
    page.wait_for_texts(2);
    let _fay = Member::come(&server, "fay");
    page.wait_for_notice("fay has picked up");
    assert_eq!(page.evaluate(&format!("{heights}.at(-1) > 10")), true);
    assert_eq!(page.evaluate(&format!("{summary}.textContent")), "4 people picked up, 2 hung up");
    page.assert_clean();
}
