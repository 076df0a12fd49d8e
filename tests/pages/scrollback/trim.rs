//! A long afternoon: the page draws what is near the reader, and not thousands of messages.

use super::*;

#[test]
fn list_that_follows_is_trimmed_and_the_rest_comes_back_by_scrolling_up() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(320, 640);
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    for last in [700, 1400] {
        send_lines(&mut ben, last - 699..=last);
        page.wait_for(&format!("list.lastElementChild.textContent.includes('line {last}')"));
        page.wait_for("list.children.length <= 600 && list.querySelectorAll('.text').length >= 200");
    }
    assert_eq!(page.evaluate("newest.hidden"), true, "the list does not follow any more");
    assert_eq!(page.evaluate("earlier.textContent"), "Loading …");
    // The first row has its day and its author, as the first of the conversation had.
    assert_eq!(page.evaluate("list.querySelectorAll('.day').length"), 1);
    assert_eq!(page.evaluate("list.firstElementChild.matches(':has(.day):not(.continued)')"), true);

    scroll_to_the_beginning(&page);
    assert_eq!(page.wait_for_texts(1400), lines(1400));
    assert_eq!(page.evaluate("list.querySelectorAll('.day').length"), 1);
    assert_eq!(page.evaluate("list.querySelectorAll('li:not(.continued) .author').length"), 1);
    page.evaluate("newest.click()");
    page.wait_for("list.children.length <= 600 && newest.hidden");
    page.assert_clean();
}
