//! The chat's message box: commands, drafts, and the keys that send.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

/// Waits until the line above the message box contains these words.
pub fn wait_for_note(page: &Page, words: &str) {
    page.wait_for(&format!("note.textContent.includes({})", json!(words)));
}

pub fn clear_box(page: &Page) {
    page.evaluate("text.value = ''");
}

#[test]
fn slash_commands_are_carried_out_or_refused_with_a_reason() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let _kite = server.open("/chat?name=Amber%20Kite");
    let _amber = server.open("/chat?name=amber");
    page.wait_for_notice("amber has picked up");

    page.type_and_send("/help");
    page.wait_for("help.open && help.textContent.includes('/msg NAME TEXT')");
    assert_eq!(page.evaluate("text.value"), "");
    page.press("Escape");
    page.wait_for("!help.open && document.activeElement === text");
    page.type_and_send("/who");
    wait_for_note(&page, "(2): Amber Kite and amber.");
    page.type_and_send("/nick AMBER");
    wait_for_note(&page, "AMBER 2");
    page.type_and_send("/dance");
    wait_for_note(&page, "There is no command /dance");
    assert_eq!(page.evaluate("text.value"), "/dance");
    clear_box(&page);
    page.type_and_send("//etc/hosts");
    page.type_and_send("/nick ana");
    wait_for_note(&page, "You are now called ana.");
    assert!(page.evaluate_text("document.cookie").contains("name=ana"));
    page.type_and_send("/me waves");
    assert_eq!(page.wait_for_texts(2), json!(["/etc/hosts", "* ana waves"]));
    page.type_and_send("   ");
    clear_box(&page);
    page.press("ArrowUp");
    assert_eq!(page.evaluate("text.value"), "/me waves");
    // Escape takes back what ArrowUp has brought, unless it was changed.
    page.press("Escape");
    assert_eq!(page.evaluate("text.value"), "");
    page.press("ArrowUp");
    page.type_text("!");
    page.press("Escape");
    assert_eq!(page.evaluate("text.value"), "/me waves!");
    clear_box(&page);
    page.type_and_send("the next message");
    assert_eq!(page.wait_for_texts(3)[2], "the next message", "white space alone is not sent");
    page.assert_clean();
}

#[test]
fn each_conversation_has_its_own_address_and_draft() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut kite = server.open("/chat?name=Amber%20Kite");
    let mut amber = server.open("/chat?name=amber");
    page.wait_for_notice("amber has picked up");

    // `/msg` opens the conversation before its message is sent. Back leads to the room.
    page.type_and_send("/msg \"amber kite\" first");
    assert_eq!(page.wait_for_texts(1), json!(["first"]));
    page.type_and_send("/msg \"amber\" second");
    page.wait_for("location.hash === '#dm=amber' && title.textContent === 'amber'");
    assert_eq!(page.wait_for_texts(1), json!(["second"]));
    page.type_text("only for amber");
    page.evaluate("history.go(-2)");
    page.wait_for("title.textContent === 'Everyone'");
    assert_eq!(page.evaluate("text.value"), "");
    for (peer, text) in [(&mut kite, "first"), (&mut amber, "second")] {
        while !peer.read_text().contains(&format!("\"text\":\"{text}\"")) {}
    }

    page.type_text("half a sentence");
    page.open(&format!("http://localhost:{}/#dm=AMBER", server.port));
    page.wait_for("title.textContent === 'amber' && text.value === 'only for amber'");
    page.open_chat("localhost", server.port);
    page.wait_for("text.value === 'half a sentence'");
    page.evaluate("void (location.hash = '#dm=nobody')");
    wait_for_note(&page, "No one here is called nobody");
    page.assert_clean();
}

#[test]
fn enter_sends_unless_a_word_is_being_composed_or_the_text_is_too_long() {
    let server = Server::start(&["--text", "100"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    for composing in ["isComposing: true", "keyCode: 229"] {
        page.type_text("日本");
        page.evaluate(&format!(
            "text.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Enter', {composing} }}))"
        ));
        assert_eq!(page.evaluate("text.value"), "日本");
        clear_box(&page);
    }
    page.type_text("one");
    page.press("Shift+Enter");
    page.type_and_send("two");
    assert_eq!(page.wait_for_texts(1), json!(["one\ntwo"]));
    page.type_and_send(&"🦜".repeat(103));
    wait_for_note(&page, "3 characters too long");
    assert_eq!(page.evaluate("counter.textContent"), "3 characters too many");
    page.assert_clean();
}

/// A phone's keyboard has no Shift+Enter.
#[test]
fn enter_starts_a_new_line_on_a_phone_and_the_button_sends() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let phone = json!({ "width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true });
    page.call("Emulation.setDeviceMetricsOverride", phone);
    page.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": true }));
    page.open_chat("localhost", server.port);
    assert_eq!(page.evaluate("matchMedia('(hover: none) and (pointer: coarse)').matches"), true);
    assert_eq!(page.evaluate("text.enterKeyHint"), "enter");
    page.evaluate("text.focus()");
    page.type_and_send("two");
    page.type_text("lines");
    assert_eq!(page.evaluate("text.value"), "two\nlines");
    page.evaluate("document.querySelector('#form button[type=submit]').click()");
    assert_eq!(page.wait_for_texts(1), json!(["two\nlines"]));
    assert_eq!(page.evaluate("document.activeElement === text"), true);
    // What closes leads to the messages, because a phone shows its keyboard as soon as the box has the focus.
    page.evaluate("document.getElementById('search-button').click()");
    page.evaluate("document.getElementById('search-close').click()");
    assert_eq!(page.evaluate("document.activeElement === messages"), true);
    page.assert_clean();
}

#[test]
fn empty_room_does_not_ask_again_for_a_name_that_was_chosen() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    // Here, and in the header.
    for (field, name) in [("arrival-name", "ada"), ("name", "zoe")] {
        let page = browser.new_user();
        page.open_chat("localhost", server.port);
        page.wait_for("document.getElementById('arrival-form').checkVisibility()");
        if field == "name" {
            page.evaluate("me.click()");
        }
        page.evaluate(&format!("document.getElementById('{field}').focus()"));
        page.evaluate(&format!("document.getElementById('{field}').select()"));
        page.type_and_send(&format!(" {name}  {name}"));
        page.wait_for("!document.getElementById('arrival-form').checkVisibility()");
        assert_eq!(page.own_name(), format!("{name} {name}"));
        assert_eq!(page.evaluate("document.getElementById('arrival-title').checkVisibility()"), true);
        page.open_chat("localhost", server.port);
        page.wait_for("document.getElementById('arrival-title').checkVisibility()");
        assert_eq!(page.evaluate("document.getElementById('arrival-form').checkVisibility()"), false);
        page.assert_clean();
    }
}
