//! What the page shows of the operator's doing, what it sends to the operator, and people whom a reader has
//! hidden.

use serde_json::json;

use super::chat::message_box::wait_for_note;
use crate::support::browser::Browser;
use crate::support::*;

#[test]
fn pinned_texts_and_announcements_are_shown_to_all() {
    let mut server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    assert_eq!(page.evaluate("pinned.hidden && muted.hidden"), true);
    server.type_line("pin Until noon: http://a.example/3 <b>and</b> `make test`");
    let shown = "[...pinned.lastElementChild.childNodes].map((it) => [it.nodeName, it.textContent])";
    page.wait_for("!pinned.hidden");
    let nodes = json!([
        ["#text", "Until noon: "],
        ["A", "http://a.example/3"],
        ["#text", " <b>and</b> "],
        ["CODE", "make test"]
    ]);
    assert_eq!(page.evaluate(shown), nodes);
    // Newcomers see it, and those who come back.
    let newcomer = browser.new_user();
    for page in [&page, &newcomer] {
        page.open_chat("localhost", server.port);
        page.wait_for("!pinned.hidden");
        assert_eq!(page.evaluate(shown), nodes);
    }
    server.type_line("say Five more minutes");
    for page in [&page, &newcomer] {
        page.wait_for(
            "document.querySelector('#list .announcement .text')?.textContent === 'Five more minutes'",
        );
    }
    server.type_line("unpin");
    for page in [&page, &newcomer] {
        page.wait_for("pinned.hidden");
        page.assert_clean();
    }
}

#[test]
fn a_muted_page_keeps_its_text_and_can_write_to_the_operator() {
    let mut server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let name = page.open_chat("localhost", server.port);
    let mut ben = server.open("/chat?name=ben");
    ben.read_text();
    server.type_line("mute all");
    page.wait_for("!muted.hidden");
    page.type_and_send("hello");
    page.wait_for("list.querySelector('.refused')?.textContent.includes('The operator has muted you')");
    // The same text to the operator is another message. It stands in the room, for its author alone.
    page.type_and_send("/msg operator hello");
    server.wait_for_output(&format!("{name} to the operator: hello\n"));
    let own = "document.querySelector('#list .to-operator:not(.refused)')";
    page.wait_for(&format!("{own}?.textContent.includes('to the operator only')"));
    page.type_and_send("/msg \"Operator\"");
    wait_for_note(&page, "What do you want to say to the operator?");
    page.evaluate("text.value = ''");
    // A reload changes nothing of that.
    page.open_chat("localhost", server.port);
    page.wait_for(&format!("!muted.hidden && {own}"));
    server.type_line("unmute all");
    page.wait_for("muted.hidden");
    page.evaluate(
        "[...list.querySelectorAll('.refused button')].find((it) => it.textContent === 'Retry').click()",
    );
    page.wait_for("!list.querySelector('.refused')");
    // Ben has got the public text, once, and nothing else.
    let mut received = vec![ben.read_text()];
    while !received.last().is_some_and(|text| text.contains("\"said\"")) {
        received.push(ben.read_text());
    }
    server.type_line("say the end");
    while !received.iter().any(|text: &String| text.contains("the end")) {
        received.push(ben.read_text());
    }
    received.retain(|text| text.contains("\"said\""));
    assert_eq!(received.len(), 2, "{received:?}");
    assert!(received[0].contains("\"text\":\"hello\"") && !received[0].contains("\"to\""), "{received:?}");
    page.assert_clean();
}

#[test]
fn a_reader_can_hide_a_person_and_undo_it() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut ben = server.open("/chat?name=ben");
    let mut cy = server.open("/chat?name=cy");
    page.wait_for_notice("cy has picked up");
    ben.send_text("one of ben");
    page.wait_for_texts(1);
    for (line, note) in [
        ("/hide", "You have hidden no one"),
        ("/hide nemo", "No one here has that name"),
        ("/hide operator", "cannot be hidden"),
        ("/show ben", "You have hidden no one"),
        ("/hide \"BEN\"", "You see nothing of what ben says. /show NAME shows it again."),
        ("/hide", "You have hidden ben. /show NAME shows their messages again."),
    ] {
        page.type_and_send(line);
        wait_for_note(&page, note);
        page.evaluate("text.value = ''");
    }
    let visible = "[...list.querySelectorAll('.text')].filter((it) => it.checkVisibility()).map((it) => it.textContent)";
    assert_eq!(page.evaluate(visible), json!([]));
    page.wait_for("document.getElementById('people-list').textContent.includes('hidden')");
    // A new name does not help, nor does a reload. Nothing is counted or announced.
    page.evaluate("document.hasFocus = () => false");
    ben.send_text(r#"{"type":"name","name":"Benno","ref":"r"}"#);
    ben.send_text(r#"{"type":"typing"}"#);
    ben.send_text("two of ben");
    page.wait_for_texts(2);
    cy.send_text("one of cy");
    page.wait_for_texts(3);
    assert_eq!(page.evaluate(visible), json!(["one of cy"]));
    assert_eq!(page.evaluate("[document.title, typing.textContent]"), json!(["(1) Partyline", ""]));
    page.wait_for("announcer.textContent.includes('cy')");
    assert_eq!(page.evaluate("announcer.textContent.includes('two of ben')"), false);
    page.open_chat("localhost", server.port);
    page.wait_for_texts(3);
    assert_eq!(page.evaluate(visible), json!(["one of cy"]));
    page.type_and_send("/show benno");
    wait_for_note(&page, "You see again what Benno says.");
    assert_eq!(page.evaluate(visible), json!(["one of ben", "two of ben", "one of cy"]));
    page.assert_clean();
}
