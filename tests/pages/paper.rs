//! The pages of the lab on paper, as the browser lays them out for a printer.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::*;

/// The pages, and an expression that is true when one is whole.
const PAGES: [(&str, &str); 4] = [
    ("lab.html", "document.body.classList.contains('ready')"),
    ("lab/teacher.html", "true"),
    ("frame.html#client,818537fa213d7f9f4d5158", "document.querySelector('.bits')"),
    ("source.html?file=src%2Fecho.rs", "document.querySelectorAll('#lines tr').length > 10"),
];

/// The width of a sheet of A4 between Chromium's margins, in CSS pixels.
const PAPER: u64 = 718;

#[test]
fn paper_is_white_and_nothing_is_cut_off() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(PAPER as u32, 1000);
    for (path, is_whole) in PAGES {
        page.open(&format!("http://lab.test:{}/{path}", server.port));
        page.wait_for(is_whole);
        // Browsers print dark pages as light ones. Some did not always.
        let dark = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
        page.call("Emulation.setEmulatedMedia", json!({ "media": "print", "features": dark }));
        let colours = "(() => {
            const found = Array.from(document.querySelectorAll('body, main, article, section, pre, #scroll, #drawing'),
                (it) => getComputedStyle(it).backgroundColor);
            return Array.from(new Set(found)).sort();
        })()";
        let colours = page.evaluate(colours);
        let is_paper =
            |colour: &serde_json::Value| colour == "rgb(255, 255, 255)" || colour == "rgba(0, 0, 0, 0)";
        assert!(colours.as_array().unwrap().iter().all(is_paper), "{path}: {colours}");
        assert_eq!(page.evaluate("getComputedStyle(document.body).color"), "rgb(0, 0, 0)", "{path}");
        let wide = "Array.from(document.querySelectorAll('html, pre, table, #scroll'))
            .filter((it) => it.scrollWidth > it.clientWidth && it.clientWidth > 0)
            .map((it) => it.outerHTML.slice(0, 80))";
        assert_eq!(page.evaluate(wide), json!([]), "{path}");
        let on_screen_only =
            "Array.from(document.querySelectorAll('body > header, .run button, .copy, details'))
            .filter((it) => it.checkVisibility()).map((it) => it.outerHTML.slice(0, 80))";
        assert_eq!(page.evaluate(on_screen_only), json!([]), "{path}");
        page.call("Emulation.setEmulatedMedia", json!({ "media": "", "features": [] }));
    }
    page.assert_clean();
}

/// Questions can be answered on paper, because their seeds are there, too. Where the hints are stands there.
#[test]
fn printed_sheet_has_the_questions_with_their_seeds_and_says_where_the_hints_are() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://lab.test:{}/lab.html", server.port));
    page.wait_for("document.body.classList.contains('ready')");
    let word = "document.querySelector('.on-paper')";
    assert_eq!(page.evaluate(&format!("{word}.checkVisibility()")), false);
    page.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    let text = page.evaluate_text(&format!("{word}.innerText"));
    assert!(
        text.contains("hints") && text.contains(&format!("http://lab.test:{}/lab.html", server.port)),
        "{text}"
    );
    let shown = "['.question', '.run label input'].map((it) => Array.from(document.querySelectorAll(it))
        .filter((it) => it.checkVisibility()).length)";
    assert_eq!(page.evaluate(shown), json!([2, 2]));
    page.assert_clean();
}
