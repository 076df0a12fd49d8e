//! Photos that wait for the connection: sent once and in order; refused; and lost in a reload, which the page
//! says before.

use super::*;
use crate::support::chat::Member;
use crate::support::proxy::Proxy;

/// Picks a picture of this width and sends it.
fn send_photo(page: &Page, width: u32) {
    page.evaluate(&format!("(async () => pick(file(await picture({width}, 10), 'a.jpg')))()"));
    send_previewed(page, &format!("{width} wide"));
    page.wait_for("!document.getElementById('photo-preview').open");
}

#[test]
fn photo_that_is_sent_without_a_connection_arrives_once_and_in_order() {
    let server = Server::start(&["--host", "lab.test"]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let ana = browser.new_user();
    ana.run_in_every_document(include_str!("pictures.js"));
    ana.open_chat("lab.test", proxy.port);
    let (ben, _) = open_with_pictures(&browser, &server);

    // This one reaches the server, but its ack does not reach the page.
    proxy.deafen();
    send_photo(&ana, 10);
    ben.wait_for("loaded(1)");
    proxy.cut();
    ana.wait_for("line.className === 'waiting'");
    ana.evaluate("text.focus()");
    ana.type_and_send("before");
    send_photo(&ana, 20);
    ana.evaluate("text.focus()");
    ana.type_and_send("between");
    send_photo(&ana, 30);
    let order = json!(["10 wide", "before", "20 wide", "between", "30 wide"]);
    assert_eq!(ana.wait_for_texts(5), order);
    ana.wait_for("loaded(3)");
    ana.wait_for("list.lastElementChild.textContent.includes('Waiting')");
    proxy.mend();
    ana.retry_now();
    ana.wait_for("list.lastElementChild.textContent.includes('Delivered to 1 of 1')");
    ben.wait_for("loaded(3)");
    for page in [&ana, &ben] {
        assert_eq!(page.wait_for_texts(5), order);
    }
    assert_eq!(ben.evaluate("photos().map((it) => it.naturalWidth)"), json!([10, 20, 30]));
    let refs = "{ const refs = sent.map((it) => it.announcement.ref); [refs.length, new Set(refs).size] }";
    let [times, photos]: [u64; 2] = serde_json::from_value(ana.evaluate(refs)).unwrap();
    assert!(times >= 3 && photos == 3, "{photos} photos were sent {times} times");
    ana.assert_clean_but_for_lost_connections();
    ben.assert_clean();
}

/// Reloads the page, before which the browser has to ask. The answer is `leaves`.
fn reload(page: &Page, leaves: bool) {
    let asked = page.events("Page.javascriptDialogOpening").len();
    page.call("Page.reload", json!({}));
    let dialog = page.wait_for_nth_event("Page.javascriptDialogOpening", asked);
    assert_eq!(dialog["type"], "beforeunload");
    page.call("Page.handleJavaScriptDialog", json!({ "accept": leaves }));
}

#[test]
fn page_asks_before_an_unsent_photo_is_lost_and_keeps_texts() {
    let server = Server::start(&["--host", "lab.test"]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let ana = browser.new_user();
    ana.run_in_every_document(include_str!("pictures.js"));
    ana.open_chat("lab.test", proxy.port);
    // When all is sent, the page does not ask.
    send_photo(&ana, 10);
    ana.wait_for("list.textContent.includes('Received')");
    ana.open_chat("lab.test", proxy.port);
    assert_eq!(ana.events("Page.javascriptDialogOpening").len(), 0);
    // A photo in the preview.
    ana.press("ArrowUp"); // a browser asks only for users who have done something
    ana.evaluate("(async () => pick(file(await picture(10, 10), 'a.jpg')))()");
    ana.wait_for(READY);
    reload(&ana, false);
    ana.press("Escape");
    ana.wait_for("!document.getElementById('photo-preview').open");
    // A photo in the outbox.
    proxy.cut();
    ana.wait_for("line.className === 'waiting'");
    send_photo(&ana, 20);
    ana.evaluate("text.focus()");
    ana.type_and_send("a text");
    reload(&ana, false);
    assert_eq!(ana.wait_for_texts(3), json!(["10 wide", "20 wide", "a text"]));
    // The page that is about to be left does not connect again: it would send the photo.
    ana.evaluate("void (window.WebSocket = class extends EventTarget { close() {} })");
    proxy.mend();
    reload(&ana, true);
    ana.wait_for(
        "document.querySelectorAll('#list .text').length === 2
        && list.lastElementChild.textContent.includes('Received')",
    );
    assert_eq!(ana.wait_for_texts(2), json!(["10 wide", "a text"]));
    ana.assert_clean_but_for_lost_connections();
}

#[test]
fn refused_photo_can_be_retried_or_deleted() {
    let options = ["--host", "lab.test"];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    drop(server);
    ana.wait_for("line.className === 'waiting'");
    send_photo(&ana, 10);
    send_photo(&ana, 20);
    ana.evaluate("text.value = '10 wide'; text.dispatchEvent(new Event('input'))");
    let server = Server::start_on(port, &[&options[..], &["--photo", "0"]].concat());
    ana.retry_now();
    ana.wait_for("list.querySelectorAll('.refused').length === 2");
    let words = ana.evaluate_text("list.querySelector('.refused').textContent");
    assert!(words.contains("Not sent"), "{words}");
    // What is typed meanwhile is another message, even if it is the same as the caption.
    ana.evaluate("text.focus()");
    ana.press("Enter");
    ana.wait_for("list.textContent.includes('Received') && text.value === ''");
    assert_eq!(ana.evaluate("list.querySelectorAll('.refused').length"), 2);
    ana.evaluate("list.querySelector('.refused button:not(.photo)').click()");
    ana.wait_for("sent.length > 2 && list.querySelectorAll('.refused').length === 2");
    ana.evaluate("Array.from(list.querySelector('.refused').querySelectorAll('button')).at(-1).click()");
    ana.wait_for("list.querySelectorAll('.refused').length === 1");
    drop(server);
    ana.wait_for("line.className === 'waiting'");
    let server = Server::start_on(port, &options);
    let mut ben = Member::come(&server, "ben");
    ana.retry_now();
    ana.wait_for("line.className === 'open'");
    ana.evaluate("list.querySelector('.refused button:not(.photo)').click()");
    ana.wait_for("list.lastElementChild.textContent.includes('Received')");
    let said = ben.read_until(|message| message["type"] == "said");
    assert_eq!((&said["text"], &said["photo"]["width"]), (&json!("20 wide"), &json!(20)));
    ana.assert_clean_but_for_lost_connections();
}

#[test]
fn private_photo_is_not_sent_to_another_person_after_a_restart() {
    let options = ["--host", "lab.test"];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let _ben = Member::come(&server, "ben");
    ana.wait_for("document.querySelector('#people-list').textContent.includes('ben')");
    ana.open_private_chat("ben");
    drop(server);
    ana.wait_for("line.className === 'waiting'");
    send_photo(&ana, 10);
    ana.evaluate("(async () => pick(file(await picture(20, 10), 'a.jpg')))()");
    ana.wait_for(READY);
    let server = Server::start_on(port, &options);
    let _cy = server.open("/chat?name=cy");
    ana.retry_now();
    ana.wait_for("list.querySelector('.refused')?.textContent.includes('does not know who this was for')");
    // The same holds for the one in the preview.
    ana.wait_for("!document.getElementById('photo-preview').open && note.textContent.includes('not sent')");
    assert_eq!(ana.evaluate("sent.length"), 0);
    ana.assert_clean_but_for_lost_connections();
}
