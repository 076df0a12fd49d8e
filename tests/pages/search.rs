//! The search finds what was said long ago, leads there, and marks it.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::page::Page;
use crate::support::*;

fn open_search(page: &Page, text: &str) {
    page.evaluate("document.getElementById('search-button').click()");
    page.wait_for("document.activeElement.id === 'search-text'");
    page.evaluate("void (document.getElementById('search-text').value = '')");
    page.type_text(text);
}

const SNIPPETS: &str =
    "Array.from(document.querySelectorAll('#search-results .snippet'), (it) => it.textContent)";

fn wait_until_searched(page: &Page, words: &str) {
    page.wait_for(&format!("document.getElementById('search-state').textContent === '{words}'"));
}

#[test]
fn search_finds_earlier_messages_and_leads_to_them() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    let mut say = |text: &str| ben.say_and_wait_among(text);
    say("Meet me at the cafe\u{301} STRASSE"); // é as two code points
    say("between");
    for n in 1..=700 {
        say(&format!("line {n}"));
    }
    say("/me likes the CAFÉ");
    let page = browser.new_user();
    page.set_size(390, 844);
    page.open_chat("localhost", server.port);
    page.wait_for_texts(100);
    open_search(&page, "caf\u{e9}");
    wait_until_searched(&page, "2 found.");
    assert_eq!(page.evaluate(SNIPPETS), json!(["likes the CAFÉ", "Meet me at the café STRASSE"]));
    assert_eq!(page.evaluate("document.querySelectorAll('#search-results mark').length"), 2);
    assert_eq!(page.evaluate("document.querySelectorAll('#search-results time').length"), 2);
    assert_eq!(page.evaluate("document.querySelector('#search-results .name').textContent"), "ben");
    assert_eq!(page.evaluate("list.textContent.includes('cafe\u{301}')"), false, "it is not drawn yet");

    // Enter leads to the newest, and Enter again to the one before it, 701 messages further up.
    page.press("Enter");
    page.wait_for("document.querySelector('.found .text').textContent.includes('CAFÉ')");
    page.press("Enter");
    page.wait_for("document.querySelector('.found .text').textContent.includes('Meet me')");
    page.wait_until_drawn();
    let in_view = "(({ top, bottom }, view) => top >= view.top && bottom <= view.bottom)(
        document.querySelector('.found').getBoundingClientRect(), messages.getBoundingClientRect())";
    assert_eq!(page.evaluate(in_view), true);
    assert_eq!(page.evaluate("document.querySelectorAll('.found').length"), 1);
    assert!(page.evaluate("list.children.length").as_u64().unwrap() <= 450);
    assert_eq!(page.evaluate("newest.hidden"), false);
    // What is said meanwhile moves nothing, and is found too.
    say("a second café");
    wait_until_searched(&page, "3 found.");
    assert_eq!(page.evaluate(in_view), true);
    assert_eq!(page.evaluate("document.activeElement.id"), "search-text");
    // A press on a result; then Escape ends it, and the message box has the focus.
    page.evaluate("document.querySelector('#search-results button').click()");
    page.wait_for("document.querySelector('.found .text').textContent === 'a second café' && newest.hidden");
    page.press("Escape");
    page.wait_for("document.activeElement === text && document.getElementById('search').hidden");
    assert_eq!(page.evaluate("document.querySelectorAll('.found').length"), 0);

    open_search(&page, "nowhere");
    wait_until_searched(&page, "Nothing found in this conversation.");
    page.evaluate("void (document.getElementById('search-text').value = '')");
    page.type_text("LINE");
    wait_until_searched(&page, "700 found, the newest 200 listed.");
    page.assert_clean();
}

#[test]
fn search_finds_nothing_of_another_conversation_and_nothing_of_hidden_people() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let own_name = page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    ben.send(&json!({ "type": "say", "text": "the key is under the mat", "to": own_name, "ref": "a" }));
    ben.read_until(|message| message["ref"] == "a");
    for n in 1..=250 {
        ben.say_and_wait_among(&format!("a key for everyone {n}"));
    }
    page.open(&format!("http://localhost:{}/", server.port));
    page.wait_until_connected();
    page.open_private_chat("ben");
    open_search(&page, "key");
    wait_until_searched(&page, "1 found.");
    assert_eq!(page.evaluate(SNIPPETS), json!(["the key is under the mat"]));
    // Another conversation is another search.
    page.evaluate("document.getElementById('to-room').click()");
    page.wait_for("document.getElementById('search').hidden");
    open_search(&page, "mat");
    wait_until_searched(&page, "Nothing found in this conversation.");
    // Of a hidden person nothing is found.
    open_search(&page, "key");
    wait_until_searched(&page, "250 found, the newest 200 listed.");
    page.press("Escape");
    page.type_and_send("/hide ben");
    page.wait_for("document.getElementById('people-list').textContent.includes('hidden')");
    open_search(&page, "key");
    wait_until_searched(&page, "Nothing found in this conversation.");
    page.assert_clean();
}
