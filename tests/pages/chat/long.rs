//! Texts, names and windows of unusual sizes: the page stays quick, and nothing leaves its place.

use serde_json::{Value, json};

use super::message_box::wait_for_note;
use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::page::Page;
use crate::support::*;

#[test]
fn megabytes_are_cut_off_before_the_browser_draws_them() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    page.type_text(&"x".repeat(5_000_000));
    wait_for_note(&page, "The box is full. The end of a longer text is missing.");
    let length = page.evaluate("text.value.length").as_u64().unwrap();
    assert!((4096..=20_000).contains(&length), "{length}");
    let high = "text.offsetHeight <= innerHeight / 3 && text.scrollHeight > text.clientHeight";
    assert_eq!(page.evaluate(high), true);
    // Nothing is sent before it is cut down, and what fits is. The parrots count as one each.
    page.press("Enter");
    wait_for_note(&page, &format!("That is {} characters too long", length - 4096));
    page.evaluate("text.select()");
    page.type_text(&"🦜".repeat(5_000));
    assert_eq!(page.evaluate("counter.textContent"), "904 characters too many");
    page.evaluate("text.setSelectionRange(0, 2 * 905)");
    page.type_and_send("!");
    assert_eq!(page.wait_for_texts(1), json!([format!("!{}", "🦜".repeat(4095))]));
    page.assert_clean();
}

#[test]
fn long_message_is_folded_and_its_button_shows_all_of_it() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(320, 640);
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    let texts = ["\n".repeat(4000) + "end", "word ".repeat(800) + "end", "a\n".repeat(20) + "short enough"];
    for text in &texts {
        ben.send(&json!({ "type": "say", "text": text }));
    }
    assert_eq!(page.wait_for_texts(3), json!(texts));
    let buttons = "Array.from(list.querySelectorAll('.said + button'), (button) => button.textContent)";
    assert_eq!(page.evaluate(buttons), json!(["Show all", "Show all"]));
    let heights = "Array.from(list.querySelectorAll('.text'), (text) => text.offsetHeight)";
    let folded = page.evaluate(heights);
    assert!(folded[0].as_u64().unwrap() < 640 && folded[1].as_u64().unwrap() < 640, "{folded}");

    // With the keyboard. The message stays where it is, though it is the last that is in view.
    page.type_and_send("mine");
    page.wait_for_texts(4);
    page.evaluate("list.querySelectorAll('.said + button')[1].focus()");
    page.wait_until_drawn();
    let top = "list.querySelectorAll('.said')[1].getBoundingClientRect().top";
    let before = page.evaluate(top).as_f64().unwrap();
    page.press("Enter");
    page.wait_for("document.activeElement.textContent === 'Show less'");
    page.wait_until_drawn();
    let after = page.evaluate(top).as_f64().unwrap();
    assert!((after - before).abs() <= 1.0, "from {before} to {after}");
    assert_eq!(page.evaluate("document.activeElement.ariaExpanded"), "true");
    assert!(page.evaluate(heights)[1].as_u64() > Some(1000));
    page.press("Enter");
    page.wait_for("document.activeElement.textContent === 'Show all'");
    assert_eq!(page.evaluate(heights)[1], folded[1]);
    page.assert_clean();
}

/// A picture of the first element that matches, in base64.
fn picture(page: &Page, selector: &str) -> Value {
    page.wait_until_drawn();
    let mut clip = page.evaluate(&format!(
        "(({{ x, y, width, height }}) => ({{ x, y, width, height }}))
             (document.querySelector('{selector}').getBoundingClientRect())"
    ));
    clip["scale"] = json!(1);
    page.call("Page.captureScreenshot", json!({ "clip": clip }))["data"].take()
}

/// Letters that are much higher than their line stand for letters with stacked marks: not every font stacks them.
#[test]
fn stacked_marks_do_not_paint_over_the_neighbours() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1000, 800);
    page.set_media(&[("prefers-reduced-motion", "reduce")]);
    page.open_chat("localhost", server.port);
    let [mut ben, mut cy, mut dora] = ["ben", "cy", "dora"].map(|name| Member::come(&server, name));
    for member in [&mut ben, &mut cy, &mut dora] {
        member.say_and_wait_among("a line");
    }
    page.wait_for_texts(3);
    page.wait_for("document.querySelectorAll('#people-list li').length === 5"); // everyone, and four members
    page.evaluate(
        "(() => {
            for (const item of list.children) item.id = item.querySelector('.author')?.textContent ?? '';
            for (const item of document.querySelectorAll('#people-list li'))
                item.id = `entry-${item.querySelector('.name')?.textContent}`;
            window.high = document.querySelectorAll('#cy .text, #cy .author .name, #entry-cy .name');
            for (const element of high) {
                element.textContent = '█'.repeat(9);
                Object.assign(element.style, { fontSize: '5em', lineHeight: 0.1 });
            }
        })()",
    );
    assert_eq!(page.evaluate("high.length"), 3);
    let neighbours = ["#ben .text", "#dora .author .name", "#entry-ben", "#entry-dora"];
    let with_marks = neighbours.map(|selector| picture(&page, selector));
    page.evaluate("high.forEach((element) => { element.style.visibility = 'hidden'; })");
    let without = neighbours.map(|selector| picture(&page, selector));
    for (index, selector) in neighbours.iter().enumerate() {
        assert!(with_marks[index] == without[index], "painted over {selector}");
    }
    page.assert_clean();
}

#[test]
fn long_names_and_narrow_columns_leave_words_and_bubbles_whole() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1024, 768);
    page.open_chat("localhost", server.port);
    let mut wide = Member::come(&server, &"W".repeat(32));
    let _ben = Member::come(&server, "ben");
    page.wait_for_notice("ben has picked up");
    page.type_and_send("my own");
    page.wait_for("/Received|Delivered/.test(list.textContent)");
    wide.close(&1001u16.to_be_bytes()); // away
    page.wait_for("document.querySelector('#people-list').textContent.includes('away')");
    for width in [320, 360, 1024, 1920] {
        page.set_size(width, 768);
        for is_wired in [false, true] {
            page.evaluate("document.getElementById('wire-button').click()");
            page.wait_for(&format!("document.body.classList.contains('wired') === {}", !is_wired));
            page.wait_until_drawn();
            let outside = "Array.from(list.querySelectorAll('.own .meta'), (meta) => {
                const [inner, outer] = [meta, meta.closest('.said')].map((it) => it.getBoundingClientRect());
                return inner.left < outer.left || inner.right > outer.right;
            }).includes(true)";
            assert_eq!(page.evaluate(outside), false, "the line below leaves the bubble at {width} pixels");
            let wider = "[messages.scrollWidth - messages.clientWidth,
                document.documentElement.scrollWidth - innerWidth]";
            assert_eq!(page.evaluate(wider), json!([0, 0]), "at {width} pixels");
        }
        let people = "document.getElementById('people')";
        page.evaluate(&format!("{people}.checkVisibility() || {people}.showPopover()"));
        let away = "(() => {
            const notes = Array.from(document.querySelectorAll('#people-list .note'));
            const { offsetHeight } = notes.find((it) => it.textContent === 'away');
            return offsetHeight / parseFloat(getComputedStyle(document.body).lineHeight);
        })()";
        let lines = page.evaluate(away).as_f64().unwrap();
        assert!(lines < 1.5, "the word takes {lines} lines at {width} pixels");
        page.evaluate(&format!("{people}.matches(':popover-open') && {people}.hidePopover()"));
    }
    page.assert_clean();
}

/// With 200 members, drawing all of them anew for each that comes or goes takes 100 ms.
#[test]
fn entries_of_members_that_have_not_changed_are_not_drawn_again() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    page.wait_for("document.querySelectorAll('#people-list li').length === 3");
    page.evaluate("void (window.kept = document.querySelector('#people-list a:not([href=\"./\"]) .name'))");
    let _cy = Member::come(&server, "cy");
    page.wait_for_notice("cy has picked up");
    assert_eq!(page.evaluate("kept.isConnected && kept.textContent"), "ben");
    ben.close(&1001u16.to_be_bytes()); // away
    page.wait_for("document.querySelector('#people-list').textContent.includes('benaway')");
    page.assert_clean();
}
