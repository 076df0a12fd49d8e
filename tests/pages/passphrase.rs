//! The chat's page at a locked door: it asks for the passphrase, shows nothing of the room before it is
//! right, and does not ask again.

use serde_json::json;

use crate::pages::chat::{pick_up, prepare, say, shown, texts, wait_until_connected};
use crate::pages::reconnect::{assert_clean_but_for_refusals, retry_now};
use crate::support::browser::Browser;
use crate::support::chat::*;
use crate::support::page::Page;
use crate::support::*;

const WORDS: &str = "größe & maß + 100 %";

fn wait_until_asked(page: &Page) {
    page.wait_for("line.className === 'locked' && document.activeElement === passphrase");
    assert_eq!(shown(page, "state.textContent"), "Locked");
    assert_eq!(
        page.evaluate("[door.checkVisibility(), talk.checkVisibility()]"),
        json!([true, false])
    );
}

/// How many connections it has tried.
fn attempts(page: &Page) -> usize {
    page.evaluate("0"); // what came before this has been told by now
    page.events("Network.webSocketCreated").len()
}

/// Neither the network nor the person that comes back makes it try again: only an answer does.
fn assert_waits(page: &Page) {
    let before = attempts(page);
    page.evaluate("dispatchEvent(new Event('online'))");
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    assert_eq!(attempts(page), before);
    assert_eq!(page.evaluate("[state.textContent, retry.hidden]"), json!(["Locked", true]));
}

#[test]
fn who_knows_it_comes_in_and_stays() {
    let server = Server::start(&["--host", "lab.test", "--passphrase", WORDS]);
    let browser = Browser::start();
    let query = format!("?name=ben&passphrase={}", percent(WORDS));
    let mut ben = Member::open(&server, &query, None);
    ben.say_and_wait("for those inside");
    let page = browser.new_user();
    prepare(&page);
    page.open(&format!("http://lab.test:{}/", server.port));
    wait_until_asked(&page);
    let text = shown(&page, "document.body.innerText");
    assert!(text.contains("This chat asks for a passphrase."), "{text}");
    for word in ["ben", "inside", "On the line", "Everyone", "not the passphrase"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_waits(&page);

    // Nothing is no answer, and something wrong is said to be so.
    page.press("Enter");
    assert_eq!(attempts(&page), 1);
    for count in 2..=3 {
        say(&page, "open sesame");
        page.wait_for("document.getElementById('door-note').textContent !== ''");
        wait_until_asked(&page);
        let note = shown(&page, "document.getElementById('door-note').textContent");
        assert_eq!(note, "That is not the passphrase.");
        // What is typed next replaces it.
        let selected = page.evaluate("[passphrase.selectionStart, passphrase.selectionEnd]");
        assert_eq!(selected, json!([0, "open sesame".len()]));
        assert_waits(&page);
        assert_eq!(attempts(&page), count);
    }
    let heard = page.events("Network.webSocketFrameReceived");
    assert!(heard.iter().all(|event| event["response"]["opcode"] == 8), "{heard:?}");
    let kept = "sessionStorage.getItem('chat.passphrase') === 'null'";
    assert_eq!(page.evaluate(kept), true);

    say(&page, WORDS);
    wait_until_connected(&page);
    assert_eq!(texts(&page, 1), json!(["for those inside"]));
    assert_eq!(
        page.evaluate("[door.checkVisibility(), talk.checkVisibility()]"),
        json!([false, true])
    );
    assert_eq!(page.evaluate("passphrase.value"), "");

    // A reload brings it along; another tab has to ask.
    let name = shown(&page, "document.querySelector('#me .name').textContent");
    assert_eq!(pick_up(&page, "lab.test", server.port), name);
    assert_eq!(attempts(&page), 5);
    let tab = page.another_tab();
    tab.open(&format!("http://lab.test:{}/", server.port));
    wait_until_asked(&tab);
    page.assert_clean();
    tab.assert_clean();
    let log = server.log();
    assert!(["sesame", "größe", "%C3"].iter().all(|part| !log.contains(part)), "{log}");
}

#[test]
fn what_is_unsent_waits_at_the_door() {
    let server = Server::start(&["--passphrase", "first"]);
    let port = server.port;
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    // Nothing is kept for anybody.
    let blocked = "for (const name of ['sessionStorage', 'localStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('blocked'); } });";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": blocked }));
    page.open(&format!("http://localhost:{port}/"));
    wait_until_asked(&page);
    say(&page, "first");
    wait_until_connected(&page);
    say(&page, "before");
    page.wait_for("list.textContent.includes('✓ Received')");
    drop(server);
    page.wait_for("line.className === 'waiting'");
    say(&page, "one");
    say(&page, "two");

    let server = Server::start_on(port, &["--passphrase", "second"]);
    retry_now(&page);
    wait_until_asked(&page);
    let note = shown(&page, "document.getElementById('door-note').textContent");
    assert_eq!(note, "That is not the passphrase.");
    say(&page, "second");
    wait_until_connected(&page);
    page.wait_for("list.lastElementChild.textContent.includes('✓ Received')");
    assert_eq!(texts(&page, 2), json!(["one", "two"]));
    let ben = Member::open(&server, "?name=ben&passphrase=second", None);
    assert_eq!(column(&ben.welcome["messages"], "text"), ["one", "two"]);
    assert_clean_but_for_refusals(&page);
}
