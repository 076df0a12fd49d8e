//! A tab of the chat that is duplicated, or closed and opened again: who the person in it is.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::chat::*;
use crate::support::page::Page;
use crate::support::*;

/// A tab of the same user that has a copy of the storage of `original`, as after "Duplicate tab".
fn duplicate<'a>(original: &Page<'a>) -> Page<'a> {
    let stored = original.evaluate("Object.entries(sessionStorage)");
    let tab = original.another_tab();
    tab.run_in_every_document(&format!(
        "if (!window.name) {{
            window.name = 'duplicate';
            for (const [key, value] of {stored}) sessionStorage.setItem(key, value);
        }}"
    ));
    tab
}

fn stored(page: &Page, key: &str) -> String {
    page.evaluate_text(&format!("sessionStorage.getItem('chat.{key}')"))
}

#[test]
fn duplicate_of_a_tab_is_another_person_and_the_first_goes_on() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    ben.expects_receipts = false;
    let first = browser.new_user();
    let name = first.open_chat("localhost", server.port);
    first.type_and_send("from the first");
    ben.read_until(|message| message["text"] == "from the first");
    first.type_text("a draft");
    // With something unsent, so that both could send it.
    first.evaluate("dispatchEvent(new Event('offline'))");
    first.wait_for("line.className === 'waiting'");
    first.evaluate("text.value = 'unsent', text.form.requestSubmit()");
    let second = duplicate(&first);
    assert_eq!(second.open_chat("localhost", server.port), format!("{name} 2"));
    first.retry_now();
    first.wait_for("line.className === 'open'");
    second.type_and_send("from the second");
    let said = ["unsent", "from the second"].map(|text| {
        let said = ben.read_until(|message| message["type"] == "said");
        assert_eq!(said["text"], text);
        said["from"]["name"].as_str().unwrap().to_string()
    });
    assert_eq!(said, [name.clone(), format!("{name} 2")]);
    assert_eq!(first.evaluate("[line.className, retry.hidden]"), json!(["open", true]));
    for key in ["token", "wire", "tab"] {
        assert_ne!(stored(&first, key), stored(&second, key), "{key}");
    }
    // Each is itself after a reload, and a duplicate of the duplicate is a third one.
    assert_eq!(second.open_chat("localhost", server.port), format!("{name} 2"));
    assert_eq!(first.open_chat("localhost", server.port), name);
    let third = duplicate(&second);
    assert_eq!(third.open_chat("localhost", server.port), format!("{name} 3"));
    for page in [&first, &second, &third] {
        page.assert_clean();
    }
}

#[test]
fn wire_view_of_a_duplicated_lab_page_shows_its_own_bytes() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let first = browser.new_user();
    first.open(&format!("http://localhost:{}/echo.html", server.port));
    first.wait_for("state.className === 'open'");
    first.evaluate("document.getElementById('wire-button').click()");
    first.wait_for("document.querySelector('.wire-state').textContent.startsWith('Watching /echo')");
    let second = duplicate(&first);
    second.open(&format!("http://localhost:{}/echo.html", server.port));
    second.wait_for("state.className === 'open' && document.activeElement === text");
    second.type_and_send("of the second");
    second.wait_for("messages.querySelectorAll('li:not(.sent)').length === 1");
    assert_ne!(stored(&first, "wire"), stored(&second, "wire"));
    first.evaluate("text.value = 'of the first', text.form.requestSubmit()");
    first.wait_for("document.getElementById('wire').textContent.includes('of the first')");
    assert_eq!(first.evaluate("document.getElementById('wire').textContent.includes('second')"), false);
}

#[test]
fn tab_that_was_restored_after_a_crash_is_the_same_person() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let first = browser.new_user();
    let name = first.open_chat("localhost", server.port);
    let token = stored(&first, "token");
    let restored = duplicate(&first);
    // A page that has crashed has no `pagehide` and does not answer.
    first.evaluate("void (BroadcastChannel.prototype.postMessage = () => {})");
    assert_eq!(restored.open_chat("localhost", server.port), name);
    assert_eq!(stored(&restored, "token"), token);
    restored.assert_clean();
}

#[test]
fn tab_that_is_closed_and_opened_again_is_the_same_person_with_what_was_unsent() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    ben.expects_receipts = false;
    let first = browser.new_user();
    let name = first.open_chat("localhost", server.port);
    let [second, third] = [first.another_tab(), first.another_tab()];
    first.type_and_send("before");
    let id = ben.read_until(|message| message["type"] == "said")["from"]["id"].clone();
    first.evaluate("dispatchEvent(new Event('offline'))");
    first.wait_for("line.className === 'waiting'");
    first.type_and_send("unsent");
    first.call("Page.close", json!({}));
    assert_eq!(second.open_chat("localhost", server.port), name);
    let said = ben.read_until(|message| {
        assert_ne!(message["type"], "left");
        message["type"] == "said"
    });
    assert_eq!((&said["text"], &said["from"]["id"]), (&json!("unsent"), &id));
    // What was taken is taken: the next tab is another person.
    assert_eq!(third.open_chat("localhost", server.port), format!("{name} 2"));
    // A reload is no closed tab.
    assert_eq!(second.open_chat("localhost", server.port), name);
    second.assert_clean();
    third.assert_clean();
}

#[test]
fn tab_whose_page_could_not_store_anything_at_its_end_is_the_same_person_in_the_next_tab() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let first = browser.new_user();
    let name = first.open_chat("localhost", server.port);
    let second = first.another_tab();
    // A page that is open keeps its name, even if it is busy for a while.
    first.call(
        "Runtime.evaluate",
        json!({ "expression": "setTimeout(() => {
        const end = performance.now() + 500;
        while (performance.now() < end);
    })" }),
    );
    assert_eq!(second.open_chat("localhost", server.port), format!("{name} 2"));
    first.evaluate("dispatchEvent(new Event('offline'))");
    first.wait_for("line.className === 'waiting'");
    first.evaluate("text.value = 'unsent', text.form.requestSubmit()");
    first.evaluate("void (Storage.prototype.setItem = () => { throw new DOMException('refused'); })");
    let third = first.another_tab();
    first.call("Page.close", json!({}));
    assert_eq!(third.open_chat("localhost", server.port), name);
    third.wait_for("list.textContent.includes('unsent')");
    assert_eq!(second.evaluate("line.className"), "open");
}

#[test]
fn of_two_new_tabs_one_goes_on_as_the_person_of_a_closed_tab() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let first = browser.new_user();
    let name = first.open_chat("localhost", server.port);
    let tabs = [first.another_tab(), first.another_tab(), first.another_tab()];
    first.call("Page.close", json!({}));
    let address = format!("http://localhost:{}/", server.port);
    for tab in &tabs {
        tab.call("Runtime.evaluate", json!({ "expression": format!("location = '{address}'") }));
    }
    let mut names = tabs.each_ref().map(|tab| {
        tab.wait_until_connected();
        tab.own_name()
    });
    names.sort();
    assert_eq!(names, [name.clone(), format!("{name} 2"), format!("{name} 3")]);
    for tab in &tabs {
        tab.wait_for("line.className === 'open'");
    }
}

#[test]
fn new_tab_is_another_person_if_the_browser_refuses_storage_or_the_tab_was_closed_long_ago() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    for (script, count) in [
        ("Storage.prototype.getItem = () => { throw new DOMException('refused'); };", 2),
        ("delete window.BroadcastChannel;", 2), // it cannot ask whether the tab is open
        ("const { now } = Date; Date.now = () => now() + 11_000;", 2),
        ("const { now } = Date; Date.now = () => now() - 3_600_000;", 2),
        ("", 1),
    ] {
        let first = browser.new_user();
        let name = first.open_chat("localhost", server.port);
        let second = first.another_tab();
        second.run_in_every_document(script);
        first.call("Page.close", json!({}));
        let expected = if count == 1 { name } else { format!("{name} {count}") };
        assert_eq!(second.open_chat("localhost", server.port), expected, "{script}");
    }
}
