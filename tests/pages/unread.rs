//! Unread messages: the line above the first, what counts as read, and messages that mention the reader.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::page::Page;
use crate::support::*;

/// How far the line is below the upper edge of the view, in pixels.
const LINE_TOP: &str = "list.querySelector('.new-line').getBoundingClientRect().top
    - messages.getBoundingClientRect().top";

const AT_END: &str = "messages.scrollHeight - messages.scrollTop - messages.clientHeight < 2";

/// The texts of the messages that are below the line "New": there is one line at most.
const FIRST_NEW: &str = "Array.from(list.querySelectorAll('li:has(> .new-line)'),
    (item) => item.querySelector('.text').textContent).join()";

/// Sends numbered lines, to the room or to one member alone, and waits for the last ack.
fn send_lines(member: &mut Member, lines: RangeInclusive<usize>, to: Option<&str>) {
    let last = lines.end().to_string();
    for n in lines {
        let mut line = json!({ "type": "say", "text": format!("line {n}"), "ref": n.to_string() });
        if let Some(name) = to {
            line["to"] = name.into();
        }
        member.send(&line);
    }
    while member.read()["ref"] != last {}
}

/// The number in "(76) Partyline", and 0 without one.
fn count_in_title(page: &Page) -> u64 {
    page.evaluate("Number(/^\\((\\d+)\\)/.exec(document.title)?.[1] ?? 0)").as_u64().unwrap()
}

/// How many of the lines are above the lower edge of the view.
fn lines_above_lower_edge(page: &Page) -> u64 {
    let js = "Array.from(list.querySelectorAll('.text')).filter((text) => text.textContent.startsWith('line')
        && text.closest('li').getBoundingClientRect().bottom <= messages.getBoundingClientRect().bottom + 1).length";
    page.evaluate(js).as_u64().unwrap()
}

#[test]
fn private_conversation_opens_at_its_first_unread_message_and_scrolling_reads_the_rest() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(390, 844);
    let name = page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    page.wait_for_notice("ben has picked up");
    page.type_and_send("/msg ben before");
    page.wait_for_texts(1);
    page.evaluate("history.back()");
    page.wait_for("title.textContent === 'Everyone'");
    send_lines(&mut ben, 1..=100, Some(&name));
    page.wait_for("document.title === '(100) Partyline'");
    page.open_private_chat("ben");
    page.wait_until_drawn();
    assert_eq!(page.evaluate(FIRST_NEW), "line 1");
    let top = page.evaluate(LINE_TOP).as_f64().unwrap();
    assert!((0.0..150.0).contains(&top), "the line is {top} pixels below the upper edge");
    // What is on the screen is read, and no more.
    let seen = lines_above_lower_edge(&page);
    assert!((5..60).contains(&seen), "{seen} are in view");
    assert_eq!(count_in_title(&page), 100 - seen);
    assert_eq!(page.evaluate("newest.textContent"), format!("{} new ↓", 100 - seen));
    page.evaluate("messages.scrollBy(0, 300)");
    page.wait_until_drawn();
    let left = 100 - lines_above_lower_edge(&page);
    assert!(left < 97 - seen && left > 0, "{left} of {seen}");
    page.wait_for(&format!("document.title === '({left}) Partyline'"));
    // A message that comes meanwhile moves nothing, and the line stays where it is.
    let place = page.evaluate("messages.scrollTop");
    send_lines(&mut ben, 101..=101, Some(&name));
    page.wait_for(&format!("newest.textContent === '{} new ↓'", left + 1));
    assert_eq!(page.evaluate("messages.scrollTop"), place);
    assert_eq!(page.evaluate(FIRST_NEW), "line 1");
    // After a reload the rest is still unread.
    page.open_chat("localhost", server.port);
    page.wait_for(&format!("document.title === '({}) Partyline'", left + 1));
    page.open_private_chat("ben");
    assert_eq!(page.evaluate(FIRST_NEW), format!("line {}", 101 - left));
    page.evaluate("newest.click()");
    page.wait_for(&format!("document.title === 'Partyline' && {AT_END} && newest.hidden"));
    // An answer takes the line away.
    assert_eq!(page.evaluate(FIRST_NEW), format!("line {}", 101 - left));
    page.type_and_send("mine");
    page.wait_for(&format!("list.textContent.includes('mine') && {FIRST_NEW} === ''"));
    page.assert_clean();
}

#[test]
fn hidden_page_follows_no_further_than_the_line_and_a_visible_one_to_the_end() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(390, 844);
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=40, None);
    page.wait_for_texts(40);
    page.wait_for(AT_END);
    assert_eq!(page.evaluate(FIRST_NEW), "", "all was read as it came");
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })");
    send_lines(&mut ben, 41..=90, None);
    page.wait_for_texts(90);
    assert_eq!(page.evaluate("document.title"), "(50) Partyline");
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))");
    let top = page.evaluate(LINE_TOP).as_f64().unwrap();
    assert!((0.0..150.0).contains(&top), "the line is {top} pixels below the upper edge");
    assert_eq!(page.evaluate(FIRST_NEW), "line 41");
    let seen = lines_above_lower_edge(&page);
    assert!((45..90).contains(&seen), "{seen}");
    page.wait_for(&format!(
        "document.title === '({0}) Partyline' && newest.textContent === '{0} new ↓'",
        90 - seen
    ));
    page.evaluate("messages.scrollTop = messages.scrollHeight");
    page.wait_for("document.title === 'Partyline' && newest.hidden");
    // A list at its end follows again, also in a window that is seen without having the focus.
    page.evaluate("document.hasFocus = () => false");
    send_lines(&mut ben, 91..=130, None);
    page.wait_for_texts(130);
    page.wait_for(&format!("document.title === '(40) Partyline' && {AT_END}"));
    assert_eq!(page.evaluate(FIRST_NEW), "line 91");
    page.evaluate("delete document.hasFocus; window.dispatchEvent(new Event('focus'))");
    page.wait_for("document.title === 'Partyline'");
    // Opened again, a conversation without unread messages has no line.
    page.open_private_chat("ben");
    page.evaluate("history.back()");
    page.wait_for("title.textContent === 'Everyone'");
    assert_eq!(page.evaluate(FIRST_NEW), "");
    assert_eq!(page.evaluate(AT_END), true);
    page.assert_clean();
}

#[test]
fn room_opens_after_a_reload_at_the_first_message_that_was_not_read() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(390, 844);
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=3, None);
    page.wait_for_texts(3);
    page.wait_until_drawn();
    page.open("about:blank");
    send_lines(&mut ben, 4..=80, None);
    page.open_chat("localhost", server.port);
    page.wait_for_texts(80);
    assert_eq!(page.evaluate(FIRST_NEW), "line 4");
    let seen = lines_above_lower_edge(&page);
    assert!((5..60).contains(&seen), "{seen}");
    page.wait_for(&format!("document.title === '({}) Partyline'", 80 - seen));
    page.assert_clean();
}

/// A reader above them reads what was missed in its order, and what comes meanwhile leaves the line where it is.
#[test]
fn button_leads_to_the_line_and_then_to_the_end_and_the_line_stays_while_it_is_read() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    send_lines(&mut ben, 1..=60, None);
    page.wait_for_texts(60);
    page.wait_for(AT_END);
    page.evaluate("messages.scrollTop = 0");
    page.wait_until_drawn();
    send_lines(&mut ben, 61..=160, None);
    page.wait_for("newest.textContent === '100 new ↓'");
    // By keyboard: the focus stays on the button as long as it is there.
    page.evaluate("newest.focus()");
    page.press("Enter");
    page.wait_until_drawn();
    assert_eq!(page.evaluate(FIRST_NEW), "line 61");
    let top = page.evaluate(LINE_TOP).as_f64().unwrap();
    assert!((0.0..150.0).contains(&top), "the line is {top} pixels below the upper edge");
    assert_eq!(page.evaluate("document.activeElement === newest"), true);
    page.press("Enter");
    page.wait_for(&format!("{AT_END} && newest.hidden && document.activeElement === text"));
    // All was read. The reader goes back to the line, and nothing moves when more comes.
    page.evaluate("list.querySelector('.new-line').scrollIntoView({ block: 'center' })");
    page.wait_until_drawn();
    let top = page.evaluate(LINE_TOP);
    send_lines(&mut ben, 161..=161, None);
    page.wait_for("!newest.hidden && newest.textContent === '1 new ↓'");
    assert_eq!(page.evaluate(FIRST_NEW), "line 61");
    assert_eq!(page.evaluate(LINE_TOP), top);
    page.evaluate("newest.click()");
    let shows_it = "list.lastElementChild.querySelector('.text').textContent === 'line 161'";
    page.wait_for(&format!("{AT_END} && newest.hidden && {shows_it}"));
    // Elsewhere, what comes next gets the line. (The first scroll draws what is above.)
    for _ in 0..2 {
        page.evaluate("messages.scrollTop = 0");
        page.wait_until_drawn();
    }
    send_lines(&mut ben, 162..=162, None);
    page.wait_for("!newest.hidden && newest.textContent === '1 new ↓'");
    page.evaluate("newest.click()");
    page.wait_for(&format!("{AT_END} && newest.hidden && {FIRST_NEW} === 'line 162'"));
    page.assert_clean();
}

#[test]
fn messages_that_mention_the_reader_are_counted_apart_and_announced() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(390, 844);
    page.open_chat("localhost", server.port);
    page.type_and_send("/nick Ana Ruiz");
    page.wait_for("me.textContent.includes('Ana Ruiz')");
    let mut ben = Member::come(&server, "ben");
    page.wait_for_notice("ben has picked up");
    page.type_and_send("/msg ben hello");
    page.wait_for("title.textContent === 'ben'");
    ben.say("look, @ana  RUIZ!");
    ben.say("@ana is another one");
    page.wait_for("document.title === '(2) @you – Partyline'");
    let badges = "Array.from(document.querySelectorAll('#people-list li:first-child .badge'),
        (badge) => badge.textContent).join()";
    page.wait_for(&format!("{badges} === '@1 for you,2 new'"));
    let announced = "announcer.textContent";
    page.wait_for(&format!("{announced} === 'For you, ben: look, @ana  RUIZ!ben: @ana is another one'"));
    page.evaluate("history.back()");
    page.wait_for("document.title === 'Partyline'");
    page.wait_for(&format!("{badges} === ''"));
    assert_eq!(page.evaluate(FIRST_NEW), "look, @ana  RUIZ!");
    // A list that is scrolled up says it on its button.
    (1..=40).for_each(|n| ben.say(&format!("line {n}")));
    page.wait_for_texts(42);
    page.wait_until_drawn(); // what was on the screen is read now
    page.wait_for("newest.hidden && document.title === 'Partyline'");
    page.evaluate("messages.scrollTop = 0");
    page.wait_until_drawn();
    ben.say("@Ana Ruiz again");
    ben.say("and one more");
    page.wait_for("newest.textContent === '2 new, 1 for you ↓'");
    page.evaluate("newest.click()");
    page.wait_for("document.title === 'Partyline' && newest.hidden");
    page.assert_clean();
}

#[test]
fn at_sign_and_name_light_up_for_that_person() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let [ana, other] = [browser.new_user(), browser.new_user()];
    for (page, name) in [(&ana, "Ana Ruiz"), (&other, "Ana")] {
        page.open_chat("localhost", server.port);
        page.type_and_send(&format!("/nick {name}"));
        page.wait_for(&format!("me.textContent.includes('{name}')"));
    }
    let mut ben = Member::come(&server, "ben");
    ana.wait_for_notice("ben has picked up");
    // The longest name counts, with blanks and case as the server compares them; no part of a word.
    let texts = ["look, @ana  RUIZ!", "@ana is not @Ana", "x@ana.example", "@Ana Ruizes", "@nemo, @ben"];
    texts.iter().for_each(|text| ben.say(text));
    for page in [&ana, &other] {
        assert_eq!(page.wait_for_texts(5), json!(texts), "the text is as it was typed");
    }
    let lit = "Array.from(list.querySelectorAll('mark'), (mark) => mark.textContent)";
    assert_eq!(ana.evaluate(lit), json!(["@ana  RUIZ"]));
    assert_eq!(other.evaluate(lit), json!(["@ana", "@Ana", "@Ana"]));
    assert_eq!(ana.evaluate("list.querySelectorAll('.for-you').length"), 1);
    assert_eq!(ana.evaluate("list.querySelectorAll('.mention:not(.you)').length"), 4);
    // Your own messages light up for the others alone.
    ana.type_and_send("@ana ruiz, that is me, @ben");
    ana.wait_for_texts(6);
    assert_eq!(ana.evaluate("list.lastElementChild.querySelectorAll('mark').length"), 0);
    ana.assert_clean();
    other.assert_clean();
}
