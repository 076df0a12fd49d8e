//! Code and links in messages: what is drawn of a text, and that it stays a text for all others.

use serde_json::json;

use super::chat::message_box::{clear_box, wait_for_note};
use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

/// Says a text as another member, and returns the item in which the page draws it.
fn show(page: &Page, peer: &mut Peer, count: usize, text: &str) -> String {
    peer.send_text(&json!({ "type": "say", "text": text }).to_string());
    // Far from the reader, new rows are not drawn: the button "1 new" leads to them.
    let count_texts = "document.querySelectorAll('#list .text').length";
    page.wait_for(&format!("(newest.hidden || newest.click(), {count_texts} >= {count})"));
    format!("document.querySelectorAll('#list .text')[{}]", count - 1)
}

#[test]
fn code_and_links_are_drawn_and_nothing_becomes_markup() {
    let server = Server::start_without_pace(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open_chat("lab.test", server.port);
    let mut ben = server.open("/chat?name=ben");
    // A text, and what is drawn of it: [tag, text] of each node.
    let cases = [
        ("one `let x = 1;` two", json!([["#text", "one "], ["CODE", "let x = 1;"], ["#text", " two"]])),
        ("a ` alone, `` and ``` too", json!([["#text", "a ` alone, `` and ``` too"]])),
        ("`not\nover lines`", json!([["#text", "`not\nover lines`"]])),
        ("``` one line ```", json!([["CODE", " one line "]])),
        (
            "`<img src=x onerror=\"document.title = 'broken into'\">`",
            json!([["CODE", "<img src=x onerror=\"document.title = 'broken into'\">"]]),
        ),
        ("**bold** # title [a](b)", json!([["#text", "**bold** # title [a](b)"]])),
        (
            "See (http://a.example/b_(c)), HTTPS://b.example/?q=1&r=2#f. Or http://c.example!",
            json!([
                ["#text", "See ("],
                ["A", "http://a.example/b_(c)"],
                ["#text", "), "],
                ["A", "HTTPS://b.example/?q=1&r=2#f"],
                ["#text", ". Or "],
                ["A", "http://c.example"],
                ["#text", "!"],
            ]),
        ),
        (
            "javascript:alert(1) ftp://a.example data:text/html,x //a.example http:// http://[ xhttp://a.example",
            json!([[
                "#text",
                "javascript:alert(1) ftp://a.example data:text/html,x //a.example http:// http://[ xhttp://a.example"
            ]]),
        ),
        (
            "<http://a.example/\"onclick=x>",
            json!([["#text", "<"], ["A", "http://a.example/"], ["#text", "\"onclick=x>"]]),
        ),
        ("`http://a.example`", json!([["CODE", "http://a.example"]])),
        (
            "ﬁrst\n```\na\n\n  b\n```\nlast",
            json!([["#text", "ﬁrst"], ["DIV", "3 linesCopya\n\n  b"], ["#text", "last"]]),
        ),
        ("look: ```py\nprint()```", json!([["#text", "look: "], ["DIV", "py, 1 lineCopyprint()"]])),
        (
            "```\nnever ended `x` http://a.example",
            json!([["DIV", "1 lineCopynever ended `x` http://a.example"]]),
        ),
        ("```", json!([["#text", "```"]])),
        (
            "/me runs `make`",
            json!([["#text", "* "], ["BDI", "ben"], ["#text", " "], ["#text", "runs "], ["CODE", "make"]]),
        ),
    ];
    for (number, (text, drawn)) in cases.iter().enumerate() {
        let item = show(&page, &mut ben, number + 1, text);
        let nodes = format!(
            "[...{item}.childNodes].map((it) => [it.nodeName, it.textContent]).filter(([, it]) => it)"
        );
        assert_eq!(&page.evaluate(&nodes), drawn, "{text:?}");
    }
    // Links open elsewhere and tell nothing.
    let links = "[...document.querySelectorAll('#list .text a')]
        .every((it) => it.target === '_blank' && it.rel === 'noopener noreferrer' && /^https?:$/.test(it.protocol))";
    assert_eq!(page.evaluate(links), true);
    assert_eq!(
        page.evaluate("[document.title, document.querySelectorAll('#list :is(img, script, b)').length]"),
        json!(["Partyline", 0])
    );
    page.assert_clean();
}

#[test]
fn a_long_block_is_folded_copied_as_it_was_and_keeps_the_page_narrow() {
    let server = Server::start_without_pace(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(320, 640);
    page.open_chat("lab.test", server.port);
    let mut ben = server.open("/chat?name=ben");
    let code: Vec<String> = (1..=40).map(|n| format!("\tline {n}")).collect();
    let item = show(&page, &mut ben, 1, &format!("```\n{}\n```", code.join("\n")));
    let fold = format!("{item}.querySelector('[aria-expanded]')");
    let height = format!("{item}.querySelector('pre').clientHeight");
    assert_eq!(page.evaluate_text(&format!("{fold}.textContent")), "Show all 40 lines");
    let folded = page.evaluate(&height).as_f64().unwrap();
    page.evaluate(&format!("{fold}.click()"));
    page.wait_for(&format!("{height} > {}", 3.0 * folded));
    // It stays unfolded when the message is drawn again.
    page.evaluate("void (location.hash = '#dm=ben')");
    page.wait_for("title.textContent === 'ben'");
    page.evaluate("void (location.hash = '')");
    page.wait_for(&format!("{fold}.textContent === 'Show less' && {fold}.ariaExpanded === 'true'"));
    // What is pasted is what was said.
    page.evaluate(&format!("{item}.querySelector('.code-head button').focus()"));
    page.press("Enter");
    page.wait_for(&format!("{item}.querySelector('.code-head button').textContent === 'Copied ✓'"));
    page.evaluate("text.focus()");
    page.call("Input.dispatchKeyEvent", json!({ "type": "rawKeyDown", "key": "v", "commands": ["paste"] }));
    page.wait_for("text.value !== ''");
    assert_eq!(page.evaluate_text("text.value"), code.join("\n"));
    clear_box(&page);
    // Fifteen lines are shown as a whole.
    let item = show(&page, &mut ben, 2, &format!("```\n{}\n```", code[..15].join("\n")));
    assert_eq!(page.evaluate(&format!("{item}.querySelector('[aria-expanded]')")), json!(null));
    // Long words, from right to left as well.
    let word = "x".repeat(2000);
    for (number, text) in [
        format!("`{word}`"),
        format!("```\n{word}\n```"),
        format!("http://a.example/{word}"),
        format!("שלום `{word}` http://a.example/{word}"),
    ]
    .iter()
    .enumerate()
    {
        show(&page, &mut ben, number + 3, text);
    }
    let width =
        "[document.documentElement.scrollWidth - innerWidth, messages.scrollWidth - messages.clientWidth]";
    assert_eq!(page.evaluate(width), json!([0, 0]));
    page.assert_clean();
}

#[test]
fn a_text_that_is_too_long_can_be_cut_or_sent_in_pieces() {
    let server = Server::start_without_pace(&["--text", "100"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut ben = server.open("/chat?name=ben");
    ben.read_text();
    let said = |ben: &mut Peer, count: usize| -> Vec<String> {
        let mut texts = Vec::new();
        while texts.len() < count {
            let message: serde_json::Value = serde_json::from_str(&ben.read_text()).unwrap();
            if message["type"] == "said" {
                texts.push(message["text"].as_str().unwrap().to_string());
            }
        }
        texts
    };
    // Pasted code: every piece is a block of its own, and all of them together are the whole.
    let lines: Vec<String> = (1..=30).map(|n| format!("🦜 = {n}; /* ü */")).collect();
    page.type_and_send(&format!("//mine\n```c\n{}\n```\nhelp?", lines.join("\n")));
    wait_for_note(&page, "characters too long: 100 fit into one message");
    let pieces = page.evaluate_text("note.querySelector('button').textContent");
    let count: usize = pieces.split(' ').nth(2).unwrap().parse().unwrap();
    page.evaluate("note.querySelector('button').click()");
    let texts = said(&mut ben, count);
    assert!(texts.iter().all(|text| text.chars().count() <= 100), "{texts:?}");
    assert!(texts[0].starts_with("/mine\n```c\n"), "{texts:?}");
    assert!(texts[1..].iter().all(|text| text.starts_with("```c\n")), "{texts:?}");
    assert!(texts.last().unwrap().ends_with("```\nhelp?"), "{texts:?}");
    let all = texts.join("\n");
    let kept: Vec<&str> = all.lines().filter(|line| line.starts_with('🦜')).collect();
    assert_eq!(kept, lines);
    page.wait_for("text.value === '' && note.textContent === '' && document.activeElement === text");
    // A word without an end, and a line that would be a command.
    page.type_and_send(&format!("{}\n/nick zoe", "ä".repeat(250)));
    page.wait_for("note.querySelector('button')?.textContent === 'Send in 3 pieces'");
    page.evaluate("note.querySelector('button').click()");
    let texts = said(&mut ben, 3);
    assert_eq!(texts.concat().replace('\n', ""), format!("{}/nick zoe", "ä".repeat(250)));
    // Cut: what is left can be changed before it is sent.
    page.type_and_send(&"🦜".repeat(103));
    page.wait_for("note.querySelector('button')?.textContent === 'Send in 2 pieces'");
    page.evaluate("note.querySelectorAll('button')[1].click()");
    page.wait_for("note.textContent === '' && document.activeElement === text");
    assert_eq!(page.evaluate_text("text.value"), "🦜".repeat(100));
    clear_box(&page);
    // What is pasted is too long at once. What is typed may still be shortened.
    let input = |kind| {
        format!(
            "text.value = 'x'.repeat(150), text.dispatchEvent(new InputEvent('input', {{ inputType: '{kind}' }}))"
        )
    };
    page.evaluate(&input("insertText"));
    assert_eq!(page.evaluate("note.textContent"), "");
    page.evaluate(&input("insertFromPaste"));
    page.wait_for("note.querySelector('button')?.textContent === 'Send in 2 pieces'");
    clear_box(&page);
    // What is pasted and looks like source can be sent as code; three lines of prose are no source.
    let paste = |text: &str| {
        page.evaluate(&format!("text.value = {}", json!(text)));
        page.evaluate("text.dispatchEvent(new InputEvent('input', { inputType: 'insertFromPaste' }))");
    };
    page.press("Escape");
    paste("one line,\nanother, and\nthe last");
    assert_eq!(page.evaluate("note.textContent"), "");
    paste("if x {\n  `y`\n}\n");
    page.wait_for("note.querySelector('button')?.textContent === 'Send as code'");
    page.evaluate("note.querySelector('button').click()");
    assert_eq!(said(&mut ben, 1), ["```\nif x {\n  `y`\n}\n```"]);
    page.wait_for("text.value === '' && note.textContent === '' && document.activeElement === text");
    // A command is not divided: a private message must not become a public one.
    page.type_and_send(&format!("/msg ben {}", "x".repeat(200)));
    page.wait_for("note.querySelectorAll('button').length === 1");
    assert_eq!(page.evaluate_text("note.querySelector('button').textContent"), "Cut to 100 characters");
    page.assert_clean();
}
