//! The chat's page of a server with a passphrase: it asks for the passphrase, shows nothing of the room
//! before it is right, and does not ask again in the same tab.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::chat::*;
use crate::support::page::Page;
use crate::support::*;

const PASSPHRASE: &str = "größe & maß + 100 %";

/// Waits until the page asks for the passphrase, and asserts that it hides the chat.
fn wait_until_asked(page: &Page) {
    page.wait_for("line.className === 'locked' && document.activeElement === passphrase");
    assert_eq!(page.evaluate_text("state.textContent"), "Locked");
    assert_eq!(
        page.evaluate(
            "[document.getElementById('ask-passphrase').checkVisibility(), talk.checkVisibility()]"
        ),
        json!([true, false])
    );
}

/// Asserts that the page opens no connection when the network or the user returns: only an answer to
/// the question makes it try again.
fn assert_does_not_reconnect(page: &Page) {
    let before = page.count_connections();
    page.evaluate("dispatchEvent(new Event('online'))");
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    assert_eq!(page.count_connections(), before);
    assert_eq!(page.evaluate("[state.textContent, retry.hidden]"), json!(["Locked", true]));
}

#[test]
fn page_shows_the_room_only_after_the_right_passphrase() {
    let server = Server::start(&["--host", "lab.test", "--passphrase", PASSPHRASE]);
    let browser = Browser::start();
    let query = format!("?name=ben&passphrase={}", percent(PASSPHRASE));
    let mut ben = Member::open(&server, &query, None);
    ben.say_and_wait("for those inside");
    let page = browser.new_user();
    page.open(&format!("http://lab.test:{}/", server.port));
    wait_until_asked(&page);
    let text = page.evaluate_text("document.body.innerText");
    assert!(text.contains("This chat asks for a passphrase."), "{text}");
    for word in ["ben", "inside", "On the line", "Everyone", "not the passphrase"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_does_not_reconnect(&page);

    // An empty answer is not sent; a wrong one is reported.
    page.press("Enter");
    assert_eq!(page.count_connections(), 1);
    for count in 2..=3 {
        page.type_and_send("open sesame");
        page.wait_for("document.getElementById('passphrase-note').textContent !== ''");
        wait_until_asked(&page);
        let note = page.evaluate_text("document.getElementById('passphrase-note').textContent");
        assert_eq!(note, "That is not the passphrase.");
        // The wrong answer is selected, so that the next one replaces it.
        let selected = page.evaluate("[passphrase.selectionStart, passphrase.selectionEnd]");
        assert_eq!(selected, json!([0, "open sesame".len()]));
        assert_does_not_reconnect(&page);
        assert_eq!(page.count_connections(), count);
    }
    // No frame but Close frames has arrived.
    let frames = page.events("Network.webSocketFrameReceived");
    assert!(frames.iter().all(|event| event["response"]["opcode"] == 8), "{frames:?}");
    let stored = "sessionStorage.getItem('chat.passphrase') === 'null'";
    assert_eq!(page.evaluate(stored), true);

    page.type_and_send(PASSPHRASE);
    page.wait_until_connected();
    assert_eq!(page.wait_for_texts(1), json!(["for those inside"]));
    assert_eq!(
        page.evaluate(
            "[document.getElementById('ask-passphrase').checkVisibility(), talk.checkVisibility()]"
        ),
        json!([false, true])
    );
    assert_eq!(page.evaluate("passphrase.value"), "");

    // A reload sends the stored passphrase; another tab has to ask.
    let name = page.own_name();
    assert_eq!(page.open_chat("lab.test", server.port), name);
    assert_eq!(page.count_connections(), 5);
    let tab = page.another_tab();
    tab.open(&format!("http://lab.test:{}/", server.port));
    wait_until_asked(&tab);
    page.assert_clean();
    tab.assert_clean();
    let log = server.log();
    assert!(["sesame", "größe", "%C3"].iter().all(|part| !log.contains(part)), "{log}");
}

#[test]
fn unsent_messages_are_kept_until_a_new_passphrase_is_right() {
    let server = Server::start(&["--passphrase", "first"]);
    let port = server.port;
    let browser = Browser::start();
    let page = browser.new_user();
    page.block_storage();
    page.open(&format!("http://localhost:{port}/"));
    wait_until_asked(&page);
    page.type_and_send("first");
    page.wait_until_connected();
    page.type_and_send("before");
    page.wait_for("list.textContent.includes('✓ Received')");
    drop(server);
    page.wait_for("line.className === 'waiting'");
    page.type_and_send("one");
    page.type_and_send("two");

    let server = Server::start_on(port, &["--passphrase", "second"]);
    page.retry_now();
    wait_until_asked(&page);
    let note = page.evaluate_text("document.getElementById('passphrase-note').textContent");
    assert_eq!(note, "That is not the passphrase.");
    page.type_and_send("second");
    page.wait_until_connected();
    page.wait_for("list.lastElementChild.textContent.includes('✓ Received')");
    assert_eq!(page.wait_for_texts(2), json!(["one", "two"]));
    let ben = Member::open(&server, "?name=ben&passphrase=second", None);
    assert_eq!(column(&ben.welcome["messages"], "text"), ["one", "two"]);
    page.assert_clean_but_for_lost_connections();
}
