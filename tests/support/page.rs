//! One tab of the tests' [`Browser`]: what a user does in it and what a script can see in it.
//!
//! [`Page`] is the only type. What the browser's developer tools record about a page (requests, frames,
//! errors) is in `page/devtools.rs`; what only the chat's page has is in `page/chat.rs`.

mod chat;
mod devtools;

use std::time::Instant;

use serde_json::{Value, json};

use super::PATIENCE;
use super::browser::Browser;

/// A tab of a [`Browser`].
pub struct Page<'a> {
    pub(super) browser: &'a Browser,
    /// The id under which the DevTools protocol addresses this tab.
    pub(super) session: String,
    /// The id of the user (a browser context: cookies and storage) to whom the tab belongs.
    pub(super) context: Value,
}

impl<'a> Page<'a> {
    /// Opens another, empty tab of the same user.
    pub fn another_tab(&self) -> Page<'a> {
        self.browser.new_page(&self.context)
    }

    /// Calls a method of the DevTools protocol in this tab. Panics if the browser reports an error.
    pub fn call(&self, method: &str, params: Value) -> Value {
        self.browser.call(&self.session, method, params).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Navigates to `url` and waits until the page and all its parts are loaded.
    pub fn open(&self, url: &str) {
        let result = self.call("Page.navigate", json!({ "url": url }));
        assert!(result["errorText"].is_null(), "{url}: {}", result["errorText"]);
        // Without a loader only the part after the # has changed, and nothing is loaded.
        if !result["loaderId"].is_null() {
            self.wait_for_event("Page.lifecycleEvent", |event| {
                event["name"] == "load" && event["loaderId"] == result["loaderId"]
            });
        }
    }

    /// Runs this script in every document that the tab loads from now on, before the document's own.
    pub fn run_in_every_document(&self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Makes the browser refuse to store anything for the pages that this tab loads from now on.
    pub fn block_storage(&self) {
        self.run_in_every_document(
            "for (const name of ['sessionStorage', 'localStorage'])
                Object.defineProperty(window, name, { get() { throw new DOMException('blocked'); } });",
        );
    }

    /// Evaluates a JavaScript expression and returns its value. Waits for it if it is a promise.
    pub fn evaluate(&self, js: &str) -> Value {
        let mut result = self.run(js).unwrap_or_else(|error| panic!("{error}"));
        let details = &result["exceptionDetails"];
        assert!(details.is_null(), "{} in {js}", exception(details));
        result["result"]["value"].take()
    }

    /// Evaluates a JavaScript expression whose value is a string.
    pub fn evaluate_text(&self, js: &str) -> String {
        self.evaluate(js).as_str().expect("a string").to_string()
    }

    /// Returns the protocol's answer, or an error if the document was left before there was a value.
    fn run(&self, js: &str) -> Result<Value, String> {
        let params = json!({ "expression": js, "awaitPromise": true, "returnByValue": true });
        self.browser.call(&self.session, "Runtime.evaluate", params)
    }

    /// Waits until a JavaScript expression is true; while it throws, it counts as false.
    ///
    /// The page itself evaluates it every 10 ms, which costs less than a request for each attempt.
    pub fn wait_for(&self, js: &str) {
        let patience = PATIENCE.as_millis();
        let waiting = format!(
            "new Promise((done, fail) => {{
               const began = performance.now();
               (function look() {{
                 let result;
                 try {{ result = ({js}\n); }} catch {{ /* an element is not there yet */ }}
                 if (result) done();
                 else if (performance.now() - began < {patience}) setTimeout(look, 10);
                 else fail(document.body.innerText.slice(0, 2000));
               }})();
             }})"
        );
        let deadline = Instant::now() + PATIENCE;
        let result = loop {
            match self.run(&waiting) {
                Ok(result) => break result,
                // The tab has gone on to another document: wait for the same there.
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
        };
        let details = &result["exceptionDetails"];
        if !details.is_null() {
            let (problems, shown) = (self.problems(), exception(details));
            panic!("never true: {js}\nproblems: {problems:?}\nshown: {shown}");
        }
    }

    /// Waits until the browser has drawn what is in the page now.
    ///
    /// The callback of the second frame runs after the layout and the scrolling of the first.
    pub fn wait_until_drawn(&self) {
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    }

    /// Types text into the element that has the focus.
    pub fn type_text(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Types a message into the element that has the focus and presses Enter.
    pub fn type_and_send(&self, text: &str) {
        self.type_text(text);
        self.press("Enter");
    }

    /// Stops all scripts of the page, as browsers do with a tab in the background, or resumes them.
    pub fn freeze(&self, is_frozen: bool) {
        let state = if is_frozen { "frozen" } else { "active" };
        self.call("Page.setWebLifecycleState", json!({ "state": state }));
    }

    /// Presses a key that writes no character, such as `Enter`, `Tab` or `Shift+Tab`.
    pub fn press(&self, key: &str) {
        let (key, modifiers) = key.strip_prefix("Shift+").map_or((key, 0), |key| (key, 8));
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "Home" => 36,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            _ => panic!("press() does not know the code of {key}"),
        };
        let mut event = json!({ "type": "rawKeyDown", "key": key, "code": key,
            "windowsVirtualKeyCode": code, "modifiers": modifiers });
        if key == "Enter" {
            event["type"] = "keyDown".into();
            event["text"] = "\r".into(); // without it the browser submits no form
        }
        self.call("Input.dispatchKeyEvent", event.clone());
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", event);
    }

    /// Sets the size of the window, in CSS pixels.
    ///
    /// It does not emulate a phone: a phone makes the viewport wider for a page that is too wide, and a
    /// test would not notice that.
    pub fn set_size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Sets the answers to media queries, such as `[("prefers-color-scheme", "dark")]`, and resets
    /// those of an earlier call.
    pub fn set_media(&self, features: &[(&str, &str)]) {
        let feature = |(name, value): &(&str, &str)| json!({ "name": name, "value": value });
        let features: Vec<_> = features.iter().map(feature).collect();
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }
}

/// The text of an exception, as a developer would read it in the console.
fn exception(details: &Value) -> String {
    let thrown = &details["exception"];
    let text = thrown["description"].as_str().or(thrown["value"].as_str());
    text.or(details["text"].as_str()).unwrap_or("an exception").to_string()
}

/// Decodes base64 (RFC 4648, section 4).
pub fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = DIGITS.iter().position(|d| *d == digit).expect("a digit of base64");
        (bits, count) = ((bits << 6 | value) & 0xFFFF, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
