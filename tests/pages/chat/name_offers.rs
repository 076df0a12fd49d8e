//! The names that are offered while one is typed: after an @, and after `/msg`.

use serde_json::json;

use super::message_box::clear_box;
use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

/// The names that are offered, with a star behind the one that is chosen. The list, the box and what a screen reader
/// is told agree.
fn offered(page: &Page) -> String {
    page.evaluate_text(
        "(() => {
            const offers = document.getElementById('name-offers');
            const items = Array.from(offers.children);
            const chosen = items.filter((item) => item.ariaSelected === 'true');
            const told = text.getAttribute('aria-activedescendant');
            if (offers.hidden !== (items.length === 0) || chosen.length > 1 || told !== (chosen[0]?.id ?? null)
                || items.some((item) => item.role !== 'option')) return 'they differ';
            return items.map((item) => item.textContent + (chosen.includes(item) ? '*' : '')).join();
        })()",
    )
}

/// Replaces what is in the box, as typing does, and returns what is offered then.
fn type_anew(page: &Page, words: &str) -> String {
    page.evaluate("text.select()");
    page.type_text(words);
    offered(page)
}

#[test]
fn names_are_offered_after_an_at_sign_and_taken_with_enter_or_a_click() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    page.type_and_send("/nick Lea");
    page.wait_for("me.textContent.includes('Lea')");
    let names = ["Amber%20Kite", "Lena", "LUKAS", "Lu", "L%C3%BC", "%C3%89va"];
    let _others = names.map(|name| server.open(&format!("/chat?name={name}")));
    page.wait_for("document.querySelectorAll('#people-list li').length === 8");

    // Not you, in the order of the alphabet, compared as names are.
    assert_eq!(type_anew(&page, "hi @l"), "Lena*,Lu,Lü,LUKAS");
    page.press("ArrowDown");
    page.press("ArrowDown");
    assert_eq!(offered(&page), "Lena,Lu,Lü*,LUKAS");
    for _ in 0..3 {
        page.press("ArrowUp");
    }
    assert_eq!(offered(&page), "Lena,Lu,Lü,LUKAS*");
    page.press("Enter");
    assert_eq!((offered(&page), page.evaluate_text("text.value")), (String::new(), "hi @LUKAS ".into()));
    page.type_text("and (@AM");
    assert_eq!(offered(&page), "Amber Kite*");
    page.evaluate("document.querySelector('#name-offers li').click()");
    assert_eq!(page.evaluate_text("text.value"), "hi @LUKAS and (@Amber Kite ");
    // What was taken is the draft, and the next Enter sends it.
    assert!(page.evaluate_text("sessionStorage['chat.drafts']").contains("@Amber Kite "));
    page.press("Enter");
    assert_eq!(page.wait_for_texts(1), json!(["hi @LUKAS and (@Amber Kite"]));
    assert_eq!(page.evaluate("list.querySelectorAll('.mention').length"), 2);

    // With more than six, those that come first; in the middle of a text as well.
    let _more = ["Lea%202", "Leo", "Li"].map(|name| server.open(&format!("/chat?name={name}")));
    page.wait_for("document.querySelectorAll('#people-list li').length === 11");
    assert_eq!(type_anew(&page, "@L").split(',').count(), 6);
    type_anew(&page, " there");
    page.evaluate("text.setSelectionRange(0, 0)");
    page.type_text("@ev");
    assert_eq!(offered(&page), "", "the accent is a part of the name");
    page.press("Home");
    page.evaluate("text.setSelectionRange(0, 3)");
    page.type_text("@É");
    assert_eq!(offered(&page), "Éva*");
    page.press("Enter");
    assert_eq!(page.evaluate_text("text.value"), "@Éva  there");
    page.assert_clean();
}

#[test]
fn slash_msg_gets_a_name_that_is_for_that_person_alone() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut kite = server.open("/chat?name=Amber%20Kite");
    let _amber = server.open("/chat?name=amber");
    let _quoted = server.open("/chat?name=a%20%22b%22%20c");
    page.wait_for("document.querySelectorAll('#people-list li').length === 5");
    for (typed, all) in [
        ("/msg am", "amber*,Amber Kite"),
        ("/MSG  \"Amber K", "Amber Kite*"),
        ("/msg @amber k", "Amber Kite*"),
    ] {
        assert_eq!(type_anew(&page, typed), all);
    }
    page.press("Enter");
    assert_eq!(page.evaluate_text("text.value"), "/msg \"Amber Kite\" ");
    page.type_and_send("hello");
    page.wait_for("title.textContent === 'Amber Kite'");
    while !kite.read_text().contains("\"text\":\"hello\"") {}
    // A name with quotes in it.
    assert_eq!(type_anew(&page, "/msg a \"b"), "");
    assert_eq!(type_anew(&page, "/msg a "), "a \"b\" c*");
    page.press("Enter");
    assert_eq!(page.evaluate_text("text.value"), "/msg #4 ");
    clear_box(&page);
    page.assert_clean();
}

#[test]
fn list_of_names_is_open_only_while_a_name_is_typed_and_else_enter_sends() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let _others = ["ana", "ana%202", "ben"].map(|name| server.open(&format!("/chat?name={name}")));
    page.wait_for("document.querySelectorAll('#people-list li').length === 5");
    for words in
        ["ana", "x@ana", "@ ana", "@ana is", "@an\na", "@nemo", "@ben ", "/msgan", "say /msg an", "@an@"]
    {
        assert_eq!(type_anew(&page, words), "", "{words}");
    }
    // Where a whole name stands already, none is chosen: Enter sends.
    for words in ["@ana", "@ana "] {
        assert!(["ana,ana 2", "ana 2"].contains(&type_anew(&page, words).as_str()), "{words}");
    }
    page.press("Enter");
    assert_eq!(page.wait_for_texts(1), json!(["@ana"]));
    assert_eq!((offered(&page), page.evaluate_text("text.value")), (String::new(), String::new()));
    // Escape closes it, and then Enter sends what is there.
    assert_eq!(type_anew(&page, "@an"), "ana*,ana 2");
    page.press("Escape");
    assert_eq!(offered(&page), "");
    page.press("Enter");
    assert_eq!(page.wait_for_texts(2), json!(["@ana", "@an"]));
    // So does leaving the name, and Tab leads on as everywhere.
    assert_eq!(type_anew(&page, "@an"), "ana*,ana 2");
    page.press("Home");
    page.wait_for("document.getElementById('name-offers').hidden");
    assert_eq!(type_anew(&page, "@an"), "ana*,ana 2");
    page.press("Tab");
    assert_eq!(offered(&page), "");
    assert_eq!(page.evaluate("[document.activeElement.id, text.value]"), json!(["photo-button", "@an"]));
    page.evaluate("text.focus()");
    // Shift+Enter breaks the line, and nothing is taken while a word is composed.
    assert_eq!(type_anew(&page, "@an"), "ana*,ana 2");
    page.press("Shift+Enter");
    assert_eq!(page.evaluate_text("text.value"), "@an\n");
    type_anew(&page, "@");
    page.call("Input.imeSetComposition", json!({ "text": "an", "selectionStart": 2, "selectionEnd": 2 }));
    assert_eq!((offered(&page), page.evaluate_text("text.value")), (String::new(), "@an".into()));
    page.type_text("an"); // which ends the composition
    page.wait_for("text.value === '@an' && !document.getElementById('name-offers').hidden");
    page.assert_clean();
}
