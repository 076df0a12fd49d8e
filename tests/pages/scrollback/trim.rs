//! A long afternoon: the page draws what is near the reader, and not thousands of messages.

use super::*;

// Not `includes`: beside its time "02:35", the row of "line 100" contains "line 1000".

/// Whether this line is drawn, in JavaScript.
fn is_drawn(line: usize) -> String {
    format!("Array.from(list.querySelectorAll('.text'), (it) => it.textContent).includes('line {line}')")
}

/// Whether the last row is this line.
fn is_last(line: usize) -> String {
    format!("list.lastElementChild.querySelector('.text')?.textContent === 'line {line}'")
}

/// A narrow page, and a member who says something.
fn open_with_ben<'a>(server: &Server, browser: &'a Browser) -> (Page<'a>, Member) {
    let page = browser.new_user();
    page.set_size(320, 640);
    page.open_chat("localhost", server.port);
    (page, Member::come(server, "ben"))
}

#[test]
fn list_draws_what_is_near_the_reader_and_the_rest_comes_back_by_scrolling() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let (page, mut ben) = open_with_ben(&server, &browser);
    for last in [500, 1000] {
        send_lines(&mut ben, last - 499..=last);
        page.wait_for(&is_last(last));
        page.wait_for("list.children.length <= 450");
        assert_lines_up_to(&page, last);
    }
    assert_eq!(page.evaluate("newest.hidden"), true, "the list does not follow any more");
    assert_eq!(page.evaluate("earlier.textContent"), "Loading …");
    // The first row has its day and its author, as the first of the conversation had.
    assert_eq!(page.evaluate("list.querySelectorAll('.day').length"), 1);
    assert_eq!(page.evaluate("list.firstElementChild.matches(':has(.day):not(.continued)')"), true);

    assert_eq!(scroll_to_the_beginning(&page), lines(1000));
    page.wait_for("list.children.length <= 450");
    assert_eq!(page.evaluate("list.querySelectorAll('.day').length"), 1);
    assert_eq!(page.evaluate("list.querySelectorAll('li:not(.continued) .author').length"), 1);

    // What is said now is below what is drawn: it is counted, and moves nothing.
    page.evaluate("void (document.hasFocus = () => false)");
    let top = page.evaluate("messages.scrollTop");
    let mut cy = Member::come(&server, "cy"); // ben has read nothing for a while
    send_lines(&mut cy, 1001..=1010);
    page.wait_for("newest.textContent === '10 new ↓'");
    assert_eq!(page.evaluate("messages.scrollTop"), top);
    assert_eq!(page.evaluate(&is_drawn(1000)), false);

    // Down again, step by step: no line is left out.
    page.evaluate("void (window.seen = new Set())");
    let step = "list.querySelectorAll('.text').forEach((it) => seen.add(Number(it.textContent.slice(5)))),
        messages.scrollTop = messages.scrollHeight, newest.hidden";
    for _ in 0..40 {
        if page.evaluate(step) == true {
            break;
        }
        page.wait_until_drawn();
        assert!(page.evaluate("list.children.length").as_u64().unwrap() <= 550);
    }
    page.evaluate(step);
    assert_eq!(page.evaluate("[...seen].sort((a, b) => a - b).map((n) => `line ${n}`)"), lines(1010));
    send_lines(&mut Member::come(&server, "dora"), 1011..=1011);
    page.wait_for(&format!("{} && newest.hidden", is_last(1011)));

    // From far above, one press leads to the newest.
    scroll_to_the_beginning(&page);
    page.evaluate("newest.click()");
    page.wait_for("list.children.length <= 450 && newest.hidden");
    page.wait_until_drawn();
    assert_lines_up_to(&page, 1011);
    page.assert_clean();
}

/// Each row costs time whenever a message comes.
#[test]
fn list_that_follows_what_is_said_draws_fewer_rows() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let (page, mut ben) = open_with_ben(&server, &browser);
    for (first, last) in [(1, 300), (301, 301), (302, 302)] {
        send_lines(&mut ben, first..=last);
        page.wait_for(&is_last(last));
    }
    assert!(page.evaluate("list.children.length").as_u64().unwrap() <= 151);
    assert_lines_up_to(&page, 302);
    page.assert_clean();
}

#[test]
fn what_is_said_far_below_the_reader_is_drawn_when_the_reader_comes_near_it() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=60);
    let page = browser.new_user();
    page.set_size(320, 640);
    page.open_chat("localhost", server.port);
    page.wait_for_texts(60);
    page.evaluate("messages.scrollTop = 0");
    page.wait_until_drawn();
    let top = page.evaluate("messages.scrollTop");
    send_lines(&mut ben, 61..=300);
    page.wait_for("newest.textContent === '240 new ↓'");
    assert_eq!(page.evaluate(&is_last(60)), true);
    assert_eq!(page.evaluate("messages.scrollTop"), top);

    page.evaluate("messages.scrollTop = messages.scrollHeight");
    page.wait_for(&is_drawn(61));
    // One press leads to the first of them, if it has not been seen, and the next to the end.
    page.wait_for("newest.hidden || newest.click(), newest.hidden");
    page.wait_for(&is_last(300));
    send_lines(&mut ben, 301..=301);
    page.wait_for(&format!("{} && newest.hidden", is_last(301)));
    assert_lines_up_to(&page, 301);
    page.assert_clean();
}

/// A message of one's own is seen at once, wherever the reader is.
#[test]
fn own_message_leads_from_far_above_to_the_end() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=700);
    let page = browser.new_user();
    page.set_size(320, 640);
    page.open_chat("localhost", server.port);
    scroll_to_the_beginning(&page);
    page.evaluate("text.focus()");
    page.type_and_send("here I am");
    page.wait_for("list.lastElementChild.textContent.includes('here I am') && newest.hidden");
    page.wait_for("/✓/.test(list.lastElementChild.textContent)");
    assert_eq!(
        page.evaluate("list.lastElementChild.previousElementSibling.querySelector('.text').textContent"),
        "line 700"
    );
    page.assert_clean();
}

/// In a narrow window the wire view takes the list's place.
#[test]
fn hidden_list_is_drawn_when_it_is_shown_again() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(360, 740);
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=60);
    page.wait_for_texts(60);
    page.evaluate("document.getElementById('wire-button').click()");
    page.wait_for("document.querySelector('.wire-state')?.textContent.startsWith('Watching /chat')");
    page.wait_for("messages.clientHeight === 0");
    send_lines(&mut ben, 61..=600);
    page.wait_for("document.querySelector('.frames').textContent.includes('line 600')");
    assert_lines_up_to(&page, 60);

    page.evaluate("document.getElementById('wire-button').click()");
    page.wait_for(&format!("{} && newest.hidden", is_last(600)));
    page.wait_for("list.children.length <= 450");
    assert_lines_up_to(&page, 600);
    page.assert_clean();
}
