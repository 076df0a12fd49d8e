//! The chat's page after something that a person may not even have seen: a server that was away, a tab
//! that stood still, a tab that is there twice.

use serde_json::json;

use crate::pages::chat::{pick_up, prepare, say, texts};
use crate::pages::reconnect::{assert_clean_but_for_refusals, retry_now};
use crate::support::browser::Browser;
use crate::support::folder::Folder;
use crate::support::line::Line;
use crate::support::*;

#[test]
fn conversation_outlives_the_server() {
    let data = Folder::new();
    let options = ["--data", data.as_str()];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let [ana, ben] = [browser.new_user(), browser.new_user()];
    for page in [&ana, &ben] {
        prepare(page);
        pick_up(page, "localhost", port);
        page.wait_for_event("Network.responseReceived", |event| {
            event["response"]["url"].as_str().is_some_and(|url| url.ends_with("/icon.svg"))
        });
    }
    say(&ana, "before");
    texts(&ben, 1);
    drop(server);
    for page in [&ana, &ben] {
        page.wait_for("line.className === 'waiting'");
    }
    for n in 1..=3 {
        say(&ana, &format!("ana {n}"));
    }
    let server = Server::start_on(port, &options);
    for page in [&ana, &ben] {
        retry_now(page);
        page.wait_for("line.className === 'open' && state.textContent === 'Connected'");
        assert_eq!(texts(page, 4), json!(["before", "ana 1", "ana 2", "ana 3"]));
        assert_eq!(page.evaluate("notices('restarted') + notices('gone')"), 0);
    }
    pick_up(&ben, "localhost", port);
    assert_eq!(texts(&ben, 4), json!(["before", "ana 1", "ana 2", "ana 3"]));
    assert_clean_but_for_refusals(&ana);
    drop(server);
}

#[test]
fn page_that_stood_still_hears_all_the_same() {
    let server = Server::start(&[]);
    let line = Line::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    pick_up(&page, "localhost", line.port);
    let mut ben = server.open("/chat?name=ben");
    ben.send_text("one");
    texts(&page, 1);
    page.freeze(true);
    ben.send_text("two");
    page.freeze(false);
    assert_eq!(texts(&page, 2), json!(["one", "two"]));
    page.freeze(true);
    ben.send_text("three");
    line.cut();
    ben.send_text("four");
    line.mend();
    page.freeze(false);
    // By itself.
    assert_eq!(texts(&page, 4), json!(["one", "two", "three", "four"]));
    page.wait_for("line.className === 'open'");
    say(&page, "five");
    while !ben.read_text().contains("five") {}
    assert_clean_but_for_refusals(&page);
}

#[test]
fn tab_that_is_there_twice() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let first = browser.new_user();
    prepare(&first);
    let name = pick_up(&first, "localhost", server.port);
    say(&first, "from the first");
    texts(&first, 1);
    first.wait_for("list.textContent.includes('Received')");
    // Browsers copy a tab with its storage.
    let stored = first.evaluate("Object.entries(sessionStorage)");
    let second = first.another_tab();
    let script = format!(
        "for (const [key, value] of {stored}) if (!sessionStorage[key]) sessionStorage[key] = value;"
    );
    second.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    assert_eq!(pick_up(&second, "localhost", server.port), name);
    first.wait_for("state.textContent === 'This chat goes on in another tab or window.'");
    // It is shown and kept, and goes out when this tab is the one.
    say(&first, "kept here");
    say(&second, "from the second");
    assert_eq!(texts(&second, 2), json!(["from the first", "from the second"]));
    second.wait_for("list.lastElementChild.textContent.includes('Received')");
    first.evaluate("retry.click()");
    second.wait_for("line.className === 'stopped' && retry.textContent === 'Use here'");
    let all = json!(["from the first", "from the second", "kept here"]);
    first.wait_for("list.lastElementChild.textContent.includes('Received')");
    assert_eq!(texts(&first, 3), all);
    second.evaluate("retry.click()");
    assert_eq!(texts(&second, 3), all);
    first.wait_for("line.className === 'stopped'");
    first.assert_clean();
    second.assert_clean();
}
