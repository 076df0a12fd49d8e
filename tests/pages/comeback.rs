//! The chat's page after a break that its user may not have noticed: a server that was restarted, a tab
//! that the browser has frozen, a tab that was duplicated.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::folder::Folder;
use crate::support::proxy::Proxy;
use crate::support::*;

#[test]
fn pages_continue_the_conversation_after_the_server_has_restarted() {
    let data = Folder::new();
    let options = ["--data", data.as_str()];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let [ana, ben] = [browser.new_user(), browser.new_user()];
    for page in [&ana, &ben] {
        page.open_chat("localhost", port);
        page.wait_for_response("/icon.svg"); // which the browser requests last
    }
    ana.type_and_send("before");
    ben.wait_for_texts(1);
    drop(server);
    for page in [&ana, &ben] {
        page.wait_for("line.className === 'waiting'");
    }
    for n in 1..=3 {
        ana.type_and_send(&format!("ana {n}"));
    }
    let server = Server::start_on(port, &options);
    for page in [&ana, &ben] {
        page.retry_now();
        page.wait_for("line.className === 'open' && state.textContent === 'Connected'");
        assert_eq!(page.wait_for_texts(4), json!(["before", "ana 1", "ana 2", "ana 3"]));
        assert_eq!(page.evaluate("notices('restarted') + notices('gone')"), 0);
    }
    ben.open_chat("localhost", port);
    assert_eq!(ben.wait_for_texts(4), json!(["before", "ana 1", "ana 2", "ana 3"]));
    ana.assert_clean_but_for_lost_connections();
    drop(server);
}

#[test]
fn frozen_page_receives_what_it_has_missed() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", proxy.port);
    let mut ben = server.open("/chat?name=ben");
    ben.send_text("one");
    page.wait_for_texts(1);
    page.freeze(true);
    ben.send_text("two");
    page.freeze(false);
    assert_eq!(page.wait_for_texts(2), json!(["one", "two"]));
    page.freeze(true);
    ben.send_text("three");
    proxy.cut();
    ben.send_text("four");
    proxy.mend();
    page.freeze(false);
    // The page reconnects by itself.
    assert_eq!(page.wait_for_texts(4), json!(["one", "two", "three", "four"]));
    page.wait_for("line.className === 'open'");
    page.type_and_send("five");
    while !ben.read_text().contains("five") {}
    page.assert_clean_but_for_lost_connections();
}

#[test]
fn duplicated_tab_takes_over_until_the_first_takes_back() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let first = browser.new_user();
    let name = first.open_chat("localhost", server.port);
    first.type_and_send("from the first");
    first.wait_for_texts(1);
    first.wait_for("list.textContent.includes('Received')");
    // A browser duplicates a tab together with its sessionStorage.
    let stored = first.evaluate("Object.entries(sessionStorage)");
    let second = first.another_tab();
    let script = format!(
        "for (const [key, value] of {stored}) if (!sessionStorage[key]) sessionStorage[key] = value;"
    );
    second.run_in_every_document(&script);
    assert_eq!(second.open_chat("localhost", server.port), name);
    first.wait_for("state.textContent === 'This chat goes on in another tab or window.'");
    // The first tab shows and keeps what is typed there, and sends it when it has taken back.
    first.type_and_send("kept here");
    second.type_and_send("from the second");
    assert_eq!(second.wait_for_texts(2), json!(["from the first", "from the second"]));
    second.wait_for("list.lastElementChild.textContent.includes('Received')");
    first.evaluate("retry.click()");
    second.wait_for("line.className === 'stopped' && retry.textContent === 'Use here'");
    let all = json!(["from the first", "from the second", "kept here"]);
    first.wait_for("list.lastElementChild.textContent.includes('Received')");
    assert_eq!(first.wait_for_texts(3), all);
    second.evaluate("retry.click()");
    assert_eq!(second.wait_for_texts(3), all);
    first.wait_for("line.className === 'stopped'");
    first.assert_clean();
    second.assert_clean();
}
