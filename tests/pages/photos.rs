//! Photos on the chat's page: chosen, looked at, sent, and shown. In `photos/`: `files.rs` what is made of a
//! file and what is refused, `list.rs` photos in the list of messages, `unsent.rs` photos that wait for the
//! connection, `wire.rs` the frames of a photo, and `pictures.js` the functions with which these tests make
//! pictures.

mod files;
mod list;
mod unsent;
mod wire;

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

/// Opens the chat for another user, on an origin that is no secure context and with the functions of
/// `pictures.js`. Returns the page and the member's name.
fn open_with_pictures<'a>(browser: &'a Browser, server: &Server) -> (Page<'a>, String) {
    let page = browser.new_user();
    page.run_in_every_document(include_str!("photos/pictures.js"));
    let name = page.open_chat("lab.test", server.port);
    assert_eq!(page.evaluate("isSecureContext"), false);
    (page, name)
}

/// Waits until the preview shows a photo that can be sent, and sends it.
fn send_previewed(page: &Page, caption: &str) {
    page.wait_for(READY);
    page.evaluate(&format!("document.getElementById('photo-caption').value = {}", json!(caption)));
    page.evaluate("document.getElementById('photo-send').click()");
}

/// True when the preview shows a photo.
const READY: &str = "document.querySelector('#photo-preview[open] #photo-place img')?.naturalWidth > 0
    && !document.getElementById('photo-send').disabled";

/// Picks the file with these bytes and this name, waits until the preview says why it cannot be sent, closes the preview, and returns the sentence.
fn problem_with(page: &Page, file: &str) -> String {
    page.evaluate(&format!("(async () => pick(file({file})))()"));
    page.wait_for("document.getElementById('photo-note').textContent !== ''");
    let shown = page
        .evaluate("['photo-send', 'photo-note'].map((id) => document.getElementById(id).checkVisibility())");
    assert_eq!(shown, json!([false, true]));
    let sentence = page.evaluate_text("document.getElementById('photo-note').textContent");
    page.evaluate("document.getElementById('photo-cancel').click()");
    page.wait_for("!document.getElementById('photo-preview').open");
    sentence
}

#[test]
fn photos_are_picked_pasted_and_dropped_and_reach_the_others() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, name) = open_with_pictures(&browser, &server);
    let (ben, _) = open_with_pictures(&browser, &server);
    for page in [&ana, &ben] {
        page.set_size(1000, 1200); // a photo that is out of view is not loaded
    }
    let accept = "image/jpeg,image/png,image/gif,image/webp";
    assert_eq!(ana.evaluate("document.getElementById('photo-picker').accept"), accept);

    // Cancelled: nothing is sent, and the focus is where it was.
    let choose = |js: &str| drop(ana.evaluate(&format!("(async () => {{ {js} }})()")));
    choose("document.getElementById('photo-button').focus(); pick(file(await picture(80, 60), 'a.jpg'))");
    ana.wait_for(READY);
    assert_eq!(ana.evaluate("document.activeElement.closest('dialog').id"), "photo-preview");
    ana.press("Escape");
    ana.wait_for("document.activeElement.id === 'photo-button'");

    choose("pick(file(await picture(80, 60), 'a.jpg'))");
    send_previewed(&ana, " our <b>cat</b> ");
    choose("text.focus(); paste(transfer(file(await picture(80, 60, 'image/png'), 'image.png')))");
    ana.wait_for(READY);
    let size_line = ana.evaluate_text("document.getElementById('photo-size').textContent");
    assert!(size_line.starts_with("1 kB, 80 × 60 pixels."), "{size_line}");
    ana.evaluate("document.getElementById('photo-caption').focus()");
    ana.press("Enter");
    choose("drop(file(await picture(80, 60, 'image/webp'), 'a.webp'))");
    send_previewed(&ana, "");
    choose("pick(file(gif(2), 'moves.gif'))");
    send_previewed(&ana, "");

    for page in [&ana, &ben] {
        page.wait_for("loaded(4)");
        let sizes = "photos().map(look)";
        let corners = "red lime blue yellow";
        assert_eq!(page.evaluate(sizes).as_array().unwrap()[..3], [(); 3].map(|()| json!([80, 60, corners])));
        let alt = "photos().map((it) => it.alt.replace(/\\d\\d:\\d\\d/, 'TIME'))";
        let plain = format!("Photo from {name}, TIME");
        let with_caption = format!("{plain}: our <b>cat</b>");
        assert_eq!(page.evaluate(alt), json!([with_caption, plain, plain, plain]));
        assert_eq!(page.wait_for_texts(4), json!(["our <b>cat</b>", "", "", ""]));
    }
    let urls = ben.evaluate("photos().map((it) => it.getAttribute('src').split('/')[0])");
    assert_eq!(urls, json!(["photo", "photo", "photo", "photo"]), "the addresses are relative");
    let types = "Promise.all(photos().map((it) => fetch(it.src).then((answer) => answer.headers.get('Content-Type'))))";
    assert_eq!(ben.evaluate(types), json!(["image/jpeg", "image/png", "image/webp", "image/gif"]));
    ana.wait_for("list.lastElementChild.textContent.includes('Delivered to 1 of 1')");
    let said = format!("{name} sent a photo");
    ben.wait_for(&format!("announcer.textContent.includes('{said}')"));
    assert_eq!(ana.evaluate("announcer.textContent"), "");

    // What is not for everyone: dialogs of other users stay closed, and nothing was loaded from elsewhere.
    assert_eq!(ben.evaluate("document.querySelectorAll('dialog[open]').length"), 0);
    ana.assert_clean();
    ben.assert_clean();
}

#[test]
fn photo_opens_in_full_size_and_gives_the_focus_back() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, name) = open_with_pictures(&browser, &server);
    let (ben, _) = open_with_pictures(&browser, &server);
    ana.evaluate("(async () => pick(file(await picture(1200, 900), 'a.jpg')))()");
    send_previewed(&ana, "over the roofs");
    ben.wait_for("loaded(1)");
    ben.evaluate("document.querySelector('#list .photo').focus()");
    ben.press("Enter");
    ben.wait_for("document.querySelector('#photo-view[open] img')?.naturalWidth === 1200");
    let caption = ben.evaluate_text("document.getElementById('photo-view-caption').textContent");
    assert!(caption.starts_with(&name) && caption.ends_with("over the roofs"), "{caption}");
    // It is larger than in the list, and fits into the window.
    let wider =
        "document.querySelector('#photo-view img').width - document.querySelector('#list .photo img').width";
    assert!(ben.evaluate(wider).as_f64().unwrap() > 0.0);
    let fits = "document.documentElement.scrollWidth <= innerWidth
        && document.querySelector('#photo-view').getBoundingClientRect().bottom <= innerHeight";
    assert_eq!(ben.evaluate(fits), true);
    ben.press("Escape");
    ben.wait_for("!document.querySelector('#photo-view').open && document.activeElement.matches('.photo')");
    ben.assert_clean();
}

#[test]
fn several_photos_are_previewed_one_after_the_other() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let title = "document.getElementById('photo-title').textContent";
    let pick = "(async () => pick(...await Promise.all([10, 20, 30, 40].map(async (width) =>
        file(await picture(width, 10), `${width}.jpg`)))))()";
    ana.evaluate(pick);
    ana.wait_for(&format!("{title} === 'Photo 1 of 4, to everyone' && {READY}"));
    send_previewed(&ana, "first");
    ana.wait_for(&format!("{title} === 'Photo 2 of 4, to everyone' && {READY}"));
    ana.evaluate("document.getElementById('photo-skip').click()");
    ana.wait_for(&format!("{title} === 'Photo 3 of 4, to everyone' && {READY}"));
    assert_eq!(ana.evaluate("document.getElementById('photo-caption').value"), "");
    send_previewed(&ana, "third");
    ana.wait_for(&format!("{title} === 'Photo 4 of 4, to everyone' && {READY}"));
    ana.evaluate("document.getElementById('photo-cancel').click()");
    ana.wait_for("loaded(2)");
    assert_eq!(ana.evaluate("photos().map((it) => it.naturalWidth)"), json!([10, 30]));
    ana.assert_clean();
}

/// The payloads of all text frames that this page has received so far, in one string.
fn received_texts(page: &Page) -> String {
    page.wait_for_past_events();
    let frames = page.events("Network.webSocketFrameReceived");
    frames.iter().map(|event| event["response"]["payloadData"].as_str().unwrap()).collect()
}

#[test]
fn private_photo_reaches_only_its_recipient() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let (ben, name) = open_with_pictures(&browser, &server);
    let (cy, _) = open_with_pictures(&browser, &server);
    ana.wait_for(&format!("document.querySelector('#people-list').textContent.includes('{name}')"));
    ana.open_private_chat(&name);
    ana.evaluate("(async () => pick(file(await picture(80, 60), 'a.jpg')))()");
    ana.wait_for(READY);
    let title = ana.evaluate_text("document.getElementById('photo-title').textContent");
    assert_eq!(title, format!("Photo only to {name}"));
    assert_eq!(ana.evaluate("document.getElementById('photo-preview').matches('.private')"), true);
    send_previewed(&ana, "for you alone");
    ana.wait_for("list.textContent.includes('Delivered')");
    ana.evaluate("history.back()");
    ana.wait_for("title.textContent === 'Everyone'");
    ana.type_and_send("aloud");
    for page in [&ben, &cy] {
        assert_eq!(page.wait_for_texts(1), json!(["aloud"]));
        assert_eq!(page.evaluate("photos().length"), 0);
    }
    ben.open_private_chat(&ana.own_name());
    ben.wait_for("loaded(1)");
    ben.wait_for("announcer.textContent.startsWith('In private, ')");
    let texts = received_texts(&cy);
    assert!(!texts.contains("for you alone") && !texts.contains("photo/"), "{texts}");
    assert!(received_texts(&ben).contains("photo/"));
    assert!(!cy.requests().iter().any(|url| url.contains("/photo/")));

    // The browser's Back closes the preview, and a photo in full size; then it leaves the conversation.
    ben.evaluate("(async () => pick(file(await picture(80, 60), 'a.jpg')))()");
    ben.wait_for(READY);
    ben.evaluate("history.back()");
    ben.wait_for("!document.getElementById('photo-preview').open");
    assert_eq!(ben.evaluate("sent.length"), 0);
    for closes in ["history.back()", "document.getElementById('photo-view-close').click()"] {
        ben.evaluate("photos()[0].closest('button').click()");
        ben.wait_for("document.getElementById('photo-view').open && history.state.isDialog");
        ben.evaluate(closes);
        ben.wait_for("!document.getElementById('photo-view').open");
        assert_ne!(ben.evaluate("title.textContent"), "Everyone");
    }
    ben.evaluate("history.back()");
    ben.wait_for("title.textContent === 'Everyone' && location.hash === ''");
    for page in [&ana, &ben, &cy] {
        page.assert_clean();
    }
}
