//! The sheet "Share": the address for classmates, in large letters and as a QR code.

use std::net::SocketAddr;

use partyline::interfaces;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

/// Opens the sheet and waits for the picture of its code.
fn open_share(page: &Page) {
    page.set_size(1280, 800); // in a narrow window the button is in the menu
    page.evaluate("document.querySelector('[data-sheet=share]').focus()");
    page.press("Enter");
    page.wait_for("share.open && document.getElementById('share-code')?.naturalWidth > 0");
}

fn address(page: &Page) -> String {
    page.evaluate_text("document.getElementById('share-address').textContent")
}

#[test]
fn the_operators_page_shows_the_addresses_that_classmates_can_open() {
    let server = Server::start(&["--passphrase", "open sesame"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", server.port));
    page.wait_for("document.activeElement === passphrase");
    open_share(&page);
    let words = page.evaluate_text("share.innerText");
    assert!(words.contains("You also need the passphrase") && !words.contains("sesame"), "{words}");
    let own = |ip| format!("http://{}", SocketAddr::new(ip, server.port));
    let addresses: Vec<String> = interfaces::reachable().iter().map(|found| own(found.ip)).collect();
    let Some((first, others)) = addresses.split_first() else {
        assert_eq!(address(&page), format!("http://localhost:{}", server.port));
        assert!(words.contains("works on this machine only"), "{words}");
        return;
    };
    assert_eq!(&address(&page), first);
    let alt = "document.getElementById('share-code').alt";
    assert_eq!(page.evaluate_text(alt), format!("QR code of {first}"));
    let listed =
        "[...document.querySelectorAll('#share-others button')].map((it) => it.textContent.split(' ')[0])";
    assert_eq!(page.evaluate(listed), json!(others));
    // Another one takes its place.
    if let Some(second) = others.first() {
        page.evaluate("document.querySelector('#share-others button').click()");
        page.wait_for(&format!("{alt} === 'QR code of {second}'"));
        assert_eq!(&address(&page), second);
        assert_eq!(page.evaluate(listed)[0], json!(first));
    }
    page.press("Escape");
    page.wait_for("!share.open && document.activeElement.dataset.sheet === 'share'");
    page.assert_clean();
}

#[test]
fn another_page_shows_its_own_address_and_copies_it_on_an_insecure_origin() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("lab.test", server.port);
    page.open(&format!("http://lab.test:{}/index.html?x#dm=", server.port));
    page.wait_for("line.classList.contains('open')");
    open_share(&page);
    assert_eq!(page.evaluate("isSecureContext"), false);
    assert_eq!(address(&page), format!("http://lab.test:{}", server.port));
    assert_eq!(page.evaluate("document.getElementById('share-passphrase').hidden"), true);
    page.evaluate("document.getElementById('share-copy').focus()");
    page.press("Enter");
    page.wait_for("document.getElementById('share-copy').textContent === 'Copied ✓'");
    page.press("Enter"); // the label is not forgotten
    page.wait_for("document.getElementById('share-copy').textContent === 'Copy the address'");
    // The whole address stands in one line, and the code beside or below it, whatever the window is.
    let is_whole = "(() => {
        const lines = new Set([...document.getElementById('share-address').childNodes].map((node) => {
          const range = document.createRange();
          range.selectNodeContents(node);
          return Math.round(range.getBoundingClientRect().bottom);
        }));
        const { width, height, right, bottom } = document.getElementById('share-code').getBoundingClientRect();
        return lines.size === 1 && share.scrollWidth <= innerWidth && Math.abs(width - height) < 1
          && width >= 180 && right <= innerWidth && bottom <= innerHeight;
      })()";
    for (width, height) in [(1280, 800), (1024, 768), (390, 844), (360, 640), (844, 390), (320, 480)] {
        page.set_size(width, height);
        page.wait_until_drawn();
        assert_eq!(page.evaluate(is_whole), true, "{width} × {height}");
    }
    page.assert_clean();
}
