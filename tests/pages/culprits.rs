//! The chat's page with something that cannot be sent, or with a stored value that is not what it wrote: that
//! must not keep back what is behind it.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::chat::*;
use crate::support::page::Page;
use crate::support::*;

/// A text that is one too long for the server's memory of a message, not only for the chat.
const BEYOND: usize = 80_000;

/// An entry of the outbox as the page stores it.
fn entry(number: u8, text: &str) -> Value {
    json!({
        "ref": format!("{number:024x}"), "about": { "at": 1_700_000_000_000u64 },
        "message": { "type": "say", "text": text },
    })
}

/// Stores these values in the tab's sessionStorage, under the page's own keys, before the page loads again.
fn store(page: &Page, values: &[(&str, String)]) {
    page.evaluate("void (document.body.textContent = '')");
    let script: String = values
        .iter()
        .map(|(key, value)| format!("sessionStorage.setItem({}, {});", json!(key), json!(value)))
        .collect();
    page.run_in_every_document(&format!("if (!window.name) {{ window.name = 'stored'; {script} }}"));
}

/// Waits until the page has nothing unsent but what was refused.
fn wait_until_all_is_sent(page: &Page) {
    page.wait_for("JSON.parse(sessionStorage['chat.unsent']).every(({ refused }) => refused)");
}

#[test]
fn a_queued_message_that_is_too_long_is_refused_and_the_others_are_sent() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    ben.expects_receipts = false;
    let page = browser.new_user();
    let long = "x".repeat(BEYOND);
    let queue = [entry(1, "one"), entry(2, &long), entry(3, "two"), entry(4, &long), entry(5, "three")];
    let name =
        json!({ "ref": format!("{:024x}", 6), "about": {}, "message": { "type": "name", "name": long } });
    let queue = [&queue[..], &[name, entry(7, "four")]].concat();
    store(&page, &[("chat.unsent", json!(queue).to_string())]);
    page.open(&format!("http://localhost:{}/", server.port));
    page.wait_for("list.querySelectorAll('.refused').length === 2");
    wait_until_all_is_sent(&page);
    let mut texts = Vec::new();
    while texts.last().is_none_or(|text| text != "four") {
        let said = ben.read_until(|message| message["type"] == "said");
        texts.push(said["text"].as_str().unwrap().to_string());
    }
    assert_eq!(texts, ["one", "two", "three", "four"]);
    let why = page.evaluate_text("list.querySelector('.refused .choices p').textContent");
    assert_eq!(why, "It is too long for this server.");
    // What is written from now on is sent at once.
    page.wait_until_connected();
    page.type_and_send("five");
    ben.read_until(|message| message["text"] == "five");
}

/// The server cannot say which message was wrong if it could not read the `ref`.
#[test]
fn an_error_without_a_ref_ends_one_message_and_not_the_queue() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    ben.expects_receipts = false;
    let page = browser.new_user();
    // What has "broken" in it arrives as something that is not JSON.
    page.run_in_every_document(
        "const { send } = WebSocket.prototype;
         WebSocket.prototype.send = function (text) {
             send.call(this, text.includes('broken') ? '{ broken' : text);
         };",
    );
    page.open_chat("localhost", server.port);
    page.type_and_send("broken 1");
    page.wait_for("list.querySelectorAll('.refused').length === 1");
    page.type_and_send("one");
    ben.read_until(|message| message["text"] == "one");
    wait_until_all_is_sent(&page);
    // Several at once, after a reconnect.
    page.evaluate("dispatchEvent(new Event('offline'))");
    page.wait_for("line.className === 'waiting'");
    for text in ["two", "broken 2", "broken 3", "three", "broken 4", "four"] {
        page.type_and_send(text);
    }
    page.retry_now();
    page.wait_for("list.querySelectorAll('.refused').length === 4");
    wait_until_all_is_sent(&page);
    for text in ["two", "three", "four"] {
        let said = ben.read_until(|message| message["type"] == "said");
        assert_eq!(said["text"], text);
    }
    page.wait_for("line.className === 'open'");
    page.assert_clean();
}

/// A filter in between, for example, cuts connections over a word.
#[test]
fn a_message_over_which_each_connection_breaks_is_refused_in_the_end() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.run_in_every_document(
        "const { setTimeout } = window; // waits a hundredth of the time before it reconnects
         window.setTimeout = (call, time, ...more) => setTimeout(call, time < 40_000 ? time / 100 : time, ...more);
         window.WebSocket = class extends WebSocket {
             send(text) {
                 if (!text.includes('forbidden')) return super.send(text);
                 this.close(4000);
                 this.dispatchEvent(new CloseEvent('close', { code: 1006 }));
             }
         };",
    );
    page.open_chat("localhost", server.port);
    page.type_and_send("forbidden");
    page.wait_for("line.className === 'waiting'");
    page.type_and_send("allowed");
    page.wait_for("list.querySelectorAll('.refused').length === 1");
    wait_until_all_is_sent(&page);
    assert_eq!(page.wait_for_texts(2), json!(["allowed", "forbidden"]));
}

#[test]
fn half_of_a_surrogate_pair_is_sent_as_a_replacement_character() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    ben.expects_receipts = false;
    let page = browser.new_user();
    // Older browsers have no toWellFormed.
    page.run_in_every_document("delete String.prototype.toWellFormed;");
    // In what an older version of the page has stored, too.
    let drafts = "{\"0\":{\"text\":\"draft \\ud83d\"}}".to_string();
    let queue = json!([entry(1, "HALF 0")]).to_string().replace("HALF", "\\udc00");
    store(&page, &[("chat.unsent", queue), ("chat.drafts", drafts)]);
    page.open_chat("localhost", server.port);
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "\u{FFFD} 0");
    page.evaluate("text.form.requestSubmit()");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "draft \u{FFFD}");
    page.evaluate("text.value = '1 \\ud83d\\ude00 \\ude00\\ud83d'; text.form.requestSubmit()");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "1 😀 \u{FFFD}\u{FFFD}");
    page.evaluate("me.click(), void (document.getElementById('name').value = 'Zo\\ud83d')");
    page.press("Enter");
    // The server takes no such name, and says so.
    page.wait_for("document.getElementById('naming-note').textContent !== ''");
    wait_until_all_is_sent(&page);
    page.assert_clean();
}

#[test]
fn a_name_and_a_passphrase_that_are_too_long_are_refused_by_the_page() {
    let server = Server::start(&["--passphrase", "x"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", server.port));
    page.wait_for("document.activeElement === passphrase");
    page.type_and_send(&"x".repeat(72_000));
    page.wait_for("document.getElementById('passphrase-note').textContent.includes('at most')");
    assert_eq!(page.count_connections(), 1);
    page.evaluate("passphrase.value = ''");
    page.type_and_send("x");
    page.wait_until_connected();
    page.evaluate("me.click()");
    page.type_and_send(&"n".repeat(72_000));
    page.wait_for("document.getElementById('naming-note').textContent.includes('at most 32')");
    page.evaluate("document.getElementById('naming-cancel').click()");
    page.evaluate("text.focus()");
    page.type_and_send(&format!("/nick {}", "n".repeat(4000)));
    page.wait_for("note.textContent.includes('at most 32')");
    page.type_and_send("goes out");
    page.wait_for("list.textContent.includes('✓ Received')");
    page.assert_clean();
}

#[test]
fn page_starts_clean_with_stored_values_that_it_has_not_written() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let huge = format!("\"{}\"", "9".repeat(1_000_000));
    let values = [
        "",
        "null",
        "true",
        "-1",
        "1e999",
        "\"\"",
        "\"\u{1}\"",
        "[]",
        "[null]",
        "[[]]",
        "{}",
        "{\"length\":3}",
        "{\"__proto__\":{\"x\":1}}",
        "[{\"ref\":{\"__proto__\":null}}]",
        "{\"0\":null}",
        "{\"-1\":{\"text\":1}}",
        "{\"5\":{\"text\":\"to whom?\"}}",
        "{\"a\":{\"text\":\"x\"}}",
        "{",
        "undefined",
        &huge,
    ];
    let keys = ["unsent", "drafts", "token", "wire", "passphrase", "read", "tab", "released", "closed"];
    // In each page another value under each key.
    for round in 0..7 {
        let page = browser.new_user();
        let value = |at: usize| values[(3 * round + at) % values.len()].to_string();
        let names: Vec<String> = keys.iter().map(|key| format!("chat.{key}")).collect();
        let stored: Vec<_> = names.iter().enumerate().map(|(at, key)| (key.as_str(), value(at))).collect();
        println!("{:.2000}", format!("{stored:?}")); // the harness shows it when the test fails
        store(&page, &stored);
        let closed = json!(value(round));
        page.run_in_every_document(&format!("localStorage.setItem('chat.closed', {closed});"));
        page.open_chat("lab.test", server.port);
        page.type_and_send("works");
        page.wait_for("/Received|Delivered/.test(list.lastElementChild.textContent)");
        page.evaluate("document.getElementById('wire-button').click()");
        page.wait_for("document.querySelector('.wire-state').textContent.startsWith('Watching /chat')");
        page.assert_clean();
    }
}

#[test]
fn queue_of_another_version_is_put_aside_and_what_is_sound_in_it_is_sent() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    ben.expects_receipts = false;
    let page = browser.new_user();
    let mut queue = vec![entry(1, "sound")];
    for (number, change) in [
        json!({ "ref": 5 }),
        json!({ "ref": "x".repeat(65) }),
        json!({ "message": null }),
        json!({ "message": "hello" }),
        json!({ "message": { "type": "say" } }),
        json!({ "message": { "type": "say", "text": ["x"] } }),
        json!({ "message": { "type": "say", "text": "x", "to": "ben" } }),
        json!({ "message": { "type": "shout", "text": "x" } }),
        json!({ "message": { "type": "name", "name": "n".repeat(72_000) } }),
        json!({ "about": null }),
        json!({ "about": { "at": "yesterday" } }),
        json!({ "about": { "at": 1e300 } }),
        json!({ "refused": { "a": 1 } }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut damaged = entry(10 + number as u8, "damaged");
        for (key, value) in change.as_object().unwrap() {
            damaged[key] = value.clone();
        }
        queue.push(damaged);
    }
    queue.push(entry(2, "sound too"));
    store(&page, &[("chat.unsent", json!(queue).to_string())]);
    page.open_chat("localhost", server.port);
    for text in ["sound", "sound too"] {
        assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], text);
    }
    page.type_and_send("and on");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "and on");
    assert_eq!(page.evaluate("JSON.parse(sessionStorage['chat.unsent-damaged'])"), json!(queue));
    page.assert_clean();
}

#[test]
fn cookie_of_another_program_does_not_keep_the_page_from_keeping_its_name() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    for cookie in ["name=%", "name=%zz", "name=%FF%FE", "name=", "name", "name=%00%01", "name=%E2%80%8B"] {
        let page = browser.new_user();
        page.open(&format!("http://lab.test:{}/echo.html", server.port));
        page.evaluate(&format!("document.cookie = '{cookie}'"));
        page.evaluate("document.cookie = 'theme=1; Path=/'");
        let name = page.open_chat("lab.test", server.port);
        let cookies = page.evaluate_text("document.cookie");
        assert!(cookies.contains(&format!("name={}", name.replace(' ', "%20"))), "{cookie}: {cookies}");
        // A new visit, after the tab is gone for long.
        page.evaluate("sessionStorage.clear(), localStorage.clear()");
        let tab = page.another_tab();
        assert_eq!(tab.open_chat("lab.test", server.port), format!("{name} 2"), "{cookie}");
        page.assert_clean();
    }
}
