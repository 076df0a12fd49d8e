//! *Save or print*, and the search: the page draws only what is near the reader, and both reach back to the
//! first message that the server keeps.

use std::fs;

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::chat::{Member, gather};
use crate::support::folder::Folder;
use crate::support::images::samples;
use crate::support::page::Page;
use crate::support::proxy::Proxy;
use crate::support::*;

/// Says "line 1", "line 2" and so on to the room, and waits for the last ack.
fn say_lines(member: &mut Member, count: usize) {
    for n in 1..=count {
        member.send(&json!({ "type": "say", "text": format!("line {n}"), "ref": format!("line{n}") }));
    }
    member.read_until(|message| message["ref"] == format!("line{count}"));
}

/// Presses a button of *Save or print*, and returns the content of the file that the browser gets.
fn save(page: &Page, folder: &Folder, format: &str) -> (String, String) {
    let done = page.events("Page.downloadWillBegin").len();
    let behavior = json!({ "behavior": "allow", "downloadPath": folder.as_str() });
    page.call("Page.setDownloadBehavior", behavior);
    page.evaluate("document.querySelector('[data-sheet=save]').click()");
    page.evaluate(&format!("document.querySelector('[data-format={format}]').click()"));
    let download = page.wait_for_nth_event("Page.downloadWillBegin", done);
    page.wait_for_event("Page.downloadProgress", |event| {
        event["guid"] == download["guid"] && event["state"] == "completed"
    });
    let name = download["suggestedFilename"].as_str().unwrap().to_string();
    page.wait_for("document.getElementById('save-state').textContent.startsWith('Saved')");
    page.evaluate("document.getElementById('save').close()");
    let text = fs::read_to_string(folder.path(&name)).expect("the file");
    (name, text)
}

#[test]
fn whole_conversation_is_saved_as_text_and_as_json_lines_and_no_private_one_of_others() {
    let server = Server::start_without_pace(&["--host", "lab.test"]);
    let browser = Browser::start();
    let folder = Folder::new();
    let [mut ana, mut ben] = gather(&server, ["ana", "ben"]);
    ana.send(&json!({ "type": "say", "text": "first\nwith \"quotes\" & <b>\u{2028}", "ref": "a" }));
    ana.read_until(|message| message["ref"] == "a");
    ana.send(&json!({ "type": "say", "text": "between us", "to": "ben", "ref": "b" }));
    ana.read_until(|message| message["ref"] == "b");
    say_lines(&mut ben, 2300);
    ana.read_until(|message| message["text"] == "line 2300");
    ana.send(&json!({ "type": "say", "text": "/me waves", "ref": "c" }));
    ana.read_until(|message| message["ref"] == "c");

    let page = browser.new_user();
    let own_name = page.open_chat("lab.test", server.port);
    assert_eq!(page.evaluate("isSecureContext"), false);
    page.type_and_send("my own");
    page.wait_for("/✓/.test(list.lastElementChild.textContent)");
    let (name, text) = save(&page, &folder, "text");
    assert!(name.starts_with("partyline-everyone-20") && name.ends_with(".txt"), "{name}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Partyline: Everyone");
    assert!(lines[1].starts_with(&format!("2,303 messages, saved by {own_name} on ")), "{}", lines[1]);
    assert!(lines[4].ends_with("] ana: first"), "{}", lines[4]);
    assert_eq!(lines[5], "    with \"quotes\" & <b>\u{2028}");
    for n in 1..=2300 {
        assert!(lines[5 + n].ends_with(&format!("] ben: line {n}")), "{}", lines[5 + n]);
    }
    assert!(lines[2306].ends_with("] * ana waves"), "{}", lines[2306]);
    assert!(lines[2307].ends_with(&format!("] {own_name}: my own")), "{}", lines[2307]);
    assert_eq!(lines.len(), 2308);
    assert!(!text.contains("between us"));

    let (name, text) = save(&page, &folder, "json");
    assert!(name.ends_with(".jsonl"), "{name}");
    let messages: Vec<Value> =
        text.split_terminator('\n').map(|it| serde_json::from_str(it).expect(it)).collect();
    assert_eq!(messages.len(), 2303);
    assert_eq!(messages[0]["text"], "first\nwith \"quotes\" & <b>\u{2028}");
    assert_eq!(messages[0]["from"], json!({ "id": 1, "name": "ana" }));
    assert_eq!(messages[2302]["text"], "my own");
    assert!(messages.iter().all(|it| it["at"].as_u64() > Some(1_700_000_000_000) && it["to"].is_null()));
    let ids: Vec<u64> = messages.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    assert!(
        ids.is_sorted_by(|a, b| a < b) && !ids.contains(&2),
        "each once, in order, without the private one"
    );
    assert!(!text.contains("between us"));
    // All that it has loaded is not drawn.
    assert!(page.evaluate("list.children.length").as_u64().unwrap() <= 450);
    page.assert_clean();
}

#[test]
fn private_conversation_is_saved_for_its_two_people() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let folder = Folder::new();
    let page = browser.new_user();
    let own_name = page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben/../é");
    ben.send(&json!({ "type": "say", "text": "just you", "to": own_name, "ref": "a" }));
    ben.read_until(|message| message["ref"] == "a");
    say_lines(&mut ben, 300);
    page.open(&format!("http://localhost:{}/", server.port));
    page.wait_until_connected();
    page.open_private_chat("ben/../é");
    page.type_and_send("and you");
    page.wait_for("/✓/.test(list.lastElementChild.textContent)");
    let (name, text) = save(&page, &folder, "json");
    assert!(name.starts_with("partyline-ben-é-in-private-20"), "{name}");
    let messages: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let said = messages.iter().map(|it| json!([it["from"]["name"], it["to"]["name"], it["text"]]));
    let expected = json!([["ben/../é", own_name, "just you"], [own_name, "ben/../é", "and you"]]);
    assert_eq!(said.collect::<Value>(), expected);
    page.assert_clean();
}

#[test]
fn saved_conversation_has_photos_messages_to_the_operator_and_those_of_hidden_people() {
    let server = Server::start_without_pace(&[]);
    let browser = Browser::start();
    let folder = Folder::new();
    let page = browser.new_user();
    page.run_in_every_document(include_str!("photos/pictures.js"));
    let own_name = page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    ben.send_photo(&json!({ "ref": "a", "caption": "our cat" }), &samples()[0].bytes);
    let photo = ben.read_photo_ack("a", 1);
    let address = format!("http://localhost:{}/{}", server.port, photo["url"].as_str().unwrap());
    page.wait_for("list.querySelector('.photo img')?.complete");
    page.type_and_send("/msg operator help me");
    page.wait_for("/✓/.test(list.lastElementChild.textContent)");
    let (_, text) = save(&page, &folder, "text");
    assert!(text.contains(&format!("] ben: [photo {address}] our cat\n")), "{text}");
    assert!(text.contains(&format!("] {own_name} (to the operator): help me\n")), "{text}");
    assert!(!text.contains("hidden"), "{text}");

    // A photo of your own, too, stands there with its address at the server: the page's own ends with the page.
    page.evaluate("(async () => pick(file(await picture(20, 10), 'a.jpg')))()");
    page.wait_for(
        "document.getElementById('photo-preview').open && !document.getElementById('photo-send').disabled",
    );
    page.evaluate("document.getElementById('photo-send').click()");
    page.wait_for(
        "list.lastElementChild.querySelector('.photo') && /✓/.test(list.lastElementChild.textContent)",
    );
    let mut said = ben.read_until(|message| message["type"] == "said" && !message["photo"].is_null());
    let own_address = format!("http://localhost:{}/{}", server.port, said["photo"]["url"].as_str().unwrap());
    let (_, text) = save(&page, &folder, "text");
    assert!(text.contains(&format!("] {own_name}: [photo {own_address}]\n")), "{text}");
    assert!(!text.contains("blob:"), "{text}");

    page.type_and_send("/hide ben");
    page.wait_for("document.getElementById('people-list').textContent.includes('hidden')");
    let (_, text) = save(&page, &folder, "text");
    assert!(text.contains("\nWith the messages of people who are hidden on the page.\n"), "{text}");
    assert!(text.contains("] ben: [photo "), "{text}");
    let (_, text) = save(&page, &folder, "json");
    let messages: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[0]["photo"]["url"], address);
    assert_eq!(messages[0]["text"], "our cat");
    assert_eq!(messages[1]["to"], json!({ "id": 0, "name": "operator" }));
    said["photo"]["url"] = own_address.into();
    assert_eq!(messages[2]["photo"], said["photo"]);
    page.assert_clean();
}

/// While answers do not come, so that there is time to cancel and to lose the connection.
#[test]
fn saving_can_be_cancelled_and_goes_on_after_a_lost_connection() {
    let server = Server::start_without_pace(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let folder = Folder::new();
    let mut ben = Member::come(&server, "ben");
    say_lines(&mut ben, 450);
    let page = browser.new_user();
    let script = "const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (text) {
            if (window.asks || !text.includes('earlier')) send.call(this, text);
        };";
    page.run_in_every_document(script);
    page.open_chat("localhost", proxy.port);
    page.wait_for_texts(100);
    page.evaluate("document.querySelector('[data-sheet=save]').click()");
    page.evaluate("document.querySelector('[data-format=text]').click()");
    let says = |words: &str| {
        page.wait_for(&format!("document.getElementById('save-state').textContent === '{words}'"))
    };
    says("Loading earlier messages …");
    assert_eq!(page.evaluate("document.getElementById('save-count').textContent"), "100 messages so far");
    page.evaluate("document.getElementById('save-cancel').click()");
    says("Cancelled. Nothing was saved.");
    assert_eq!(page.evaluate("document.getElementById('save-cancel').hidden"), true);
    page.call("Page.setDownloadBehavior", json!({ "behavior": "allow", "downloadPath": folder.as_str() }));
    page.evaluate("document.querySelector('[data-format=text]').click()");
    says("Loading earlier messages …");
    proxy.cut();
    says("The connection is lost. It goes on when it is back.");
    page.evaluate("window.asks = true");
    proxy.mend();
    page.evaluate("retry.click()");
    let download = page.wait_for_event("Page.downloadWillBegin", |_| true);
    page.wait_for_event("Page.downloadProgress", |event| event["state"] == "completed");
    let name = download["suggestedFilename"].as_str().unwrap();
    let text = fs::read_to_string(folder.path(name)).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains(" ben: line ")).count(), 450);
    assert_eq!(page.events("Page.downloadWillBegin").len(), 1, "what was cancelled is not saved");
    page.assert_clean_but_for_lost_connections();
}

#[test]
fn printed_conversation_is_whole_and_nothing_else_is_on_the_paper() {
    let server = Server::start_without_pace(&["--keep", "400"]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    say_lines(&mut ben, 450);
    let page = browser.new_user();
    // What the printer would get.
    page.run_in_every_document(
        "window.print = () => {
            dispatchEvent(new Event('beforeprint'));
            window.printed = Array.from(paper.querySelectorAll('p, h1, h2'), (it) => it.textContent);
            dispatchEvent(new Event('afterprint'));
        };",
    );
    page.open_chat("localhost", server.port);
    page.wait_for_texts(100);
    // The browser's own print, before anything was loaded: it says what is missing.
    page.evaluate("print()");
    assert_eq!(page.evaluate("printed.filter((it) => it.includes('ben: line')).length"), 100);
    assert_eq!(page.evaluate("printed[2].startsWith('Earlier messages have not been loaded')"), true);
    page.evaluate("window.printed = null, document.querySelector('[data-sheet=save]').click()");
    page.evaluate("document.querySelector('[data-format=print]').click()");
    page.wait_for("window.printed");
    let printed = page.evaluate("printed");
    let printed: Vec<&str> = printed.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(printed[0], "Partyline: Everyone");
    assert_eq!(printed[2], "Some messages were no longer on the server.");
    let rows: Vec<&str> =
        printed.iter().filter_map(|it| it.split_once(" ben: ").map(|(_, text)| text)).collect();
    let expected: Vec<String> = (51..=450).map(|n| format!("line {n}")).collect();
    assert_eq!(rows, expected);
    assert_eq!(page.evaluate("document.getElementById('paper')"), Value::Null, "it is gone after printing");

    // With the dialog still open, only the paper is seen.
    page.evaluate("document.getElementById('save').showModal(), dispatchEvent(new Event('beforeprint'))");
    let shown = "Array.from(document.body.children).filter((it) => it.checkVisibility()).map((it) => it.id)";
    page.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    assert_eq!(page.evaluate(shown), json!(["paper"]));
    page.call("Emulation.setEmulatedMedia", json!({ "media": "" }));
    assert_eq!(page.evaluate("document.getElementById('paper').checkVisibility()"), false);
    page.assert_clean();
}
