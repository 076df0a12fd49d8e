//! A tab of the tests' [`Browser`]: what a person does in it, what can be seen there, and what its
//! developer tools would tell.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::PATIENCE;
use super::browser::Browser;

/// A tab.
pub struct Page<'a> {
    pub(super) browser: &'a Browser,
    /// Which of the browser's pages the protocol's messages are about.
    pub(super) session: String,
    /// Whose page it is.
    pub(super) context: Value,
}

impl<'a> Page<'a> {
    /// Another tab of the same user.
    pub fn another_tab(&self) -> Page<'a> {
        self.browser.new_page(&self.context)
    }

    /// Calls any method of the protocol in this page, for what has no method of its own here.
    pub fn call(&self, method: &str, params: Value) -> Value {
        self.browser.call(&self.session, method, params).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Goes to this address and waits until all is loaded.
    pub fn open(&self, url: &str) {
        let result = self.call("Page.navigate", json!({ "url": url }));
        assert!(result["errorText"].is_null(), "{url}: {}", result["errorText"]);
        // No loader: only the part after the # was new, and nothing had to be loaded.
        if !result["loaderId"].is_null() {
            self.wait_for_event("Page.lifecycleEvent", |event| {
                event["name"] == "load" && event["loaderId"] == result["loaderId"]
            });
        }
    }

    /// The value of a JavaScript expression; of a promise, what it comes to.
    pub fn evaluate(&self, js: &str) -> Value {
        let mut result = self.run(js).unwrap_or_else(|error| panic!("{error}"));
        let details = &result["exceptionDetails"];
        assert!(details.is_null(), "{} in {js}", exception(details));
        result["result"]["value"].take()
    }

    /// What the protocol answers; an error if the page went away before the expression had a value.
    fn run(&self, js: &str) -> Result<Value, String> {
        let params = json!({ "expression": js, "awaitPromise": true, "returnByValue": true });
        self.browser.call(&self.session, "Runtime.evaluate", params)
    }

    /// Waits until a JavaScript expression is true. The page itself looks again and again: that
    /// takes less than asking it from here again and again.
    pub fn wait_for(&self, js: &str) {
        let patience = PATIENCE.as_millis();
        let waiting = format!(
            "new Promise((done, fail) => {{
               const began = performance.now();
               (function look() {{
                 let result;
                 try {{ result = ({js}\n); }} catch {{ /* not yet there */ }}
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
                // It went on to another page, in which the same is waited for.
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
        };
        let details = &result["exceptionDetails"];
        if !details.is_null() {
            let (problems, shown) = (self.problems(), exception(details));
            panic!("waited in vain for {js}\nproblems: {problems:?}\nshown: {shown}");
        }
    }

    /// What the protocol has told of this page so far under the name `method`.
    pub fn events(&self, method: &str) -> Vec<Value> {
        let events = self.browser.events.borrow();
        let ours = |e: &&Value| e["method"] == method && e["sessionId"] == self.session;
        events.iter().filter(ours).map(|event| event["params"].clone()).collect()
    }

    /// Waits for such an event, if it has not come already.
    pub fn wait_for_event(&self, method: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(event) = self.events(method).into_iter().find(&is_wanted) {
                return event;
            }
            assert!(Instant::now() < deadline, "no such {method}");
            let event = self.browser.receive();
            self.browser.events.borrow_mut().push(event);
        }
    }

    /// Writes text where the focus is, as a person would.
    pub fn type_text(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Lets the page stand still, as browsers do with one that nobody sees, or go on.
    pub fn freeze(&self, is_frozen: bool) {
        let state = if is_frozen { "frozen" } else { "active" };
        self.call("Page.setWebLifecycleState", json!({ "state": state }));
    }

    /// Presses a key that writes nothing: `Enter`, `Tab`, `Shift+Tab`.
    pub fn press(&self, key: &str) {
        let (key, modifiers) = key.strip_prefix("Shift+").map_or((key, 0), |key| (key, 8));
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "Home" => 36,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            _ => panic!("the code of {key} is missing here"),
        };
        let mut event = json!({ "type": "rawKeyDown", "key": key, "code": key,
            "windowsVirtualKeyCode": code, "modifiers": modifiers });
        if key == "Enter" {
            event["type"] = "keyDown".into();
            event["text"] = "\r".into(); // without it no form is submitted
        }
        self.call("Input.dispatchKeyEvent", event.clone());
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", event);
    }

    /// The size of the window, in CSS pixels. Not a phone's: there a page that is too wide makes
    /// the viewport wider, and so would not be noticed.
    pub fn set_size(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// What media queries are answered: `[("prefers-color-scheme", "dark")]`; nothing else is
    /// emulated any more.
    pub fn set_media(&self, features: &[(&str, &str)]) {
        let feature = |(name, value): &(&str, &str)| json!({ "name": name, "value": value });
        let features: Vec<_> = features.iter().map(feature).collect();
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Writes a PNG of what can be seen, for people.
    pub fn screenshot(&self, file: impl AsRef<Path>) {
        let picture = self.call("Page.captureScreenshot", json!({}));
        let picture = from_base64(picture["data"].as_str().expect("a picture"));
        fs::write(file, picture).expect("the file can be written");
    }

    /// Exceptions, and what the page or the browser wrote to the console as an error.
    pub fn problems(&self) -> Vec<String> {
        let thrown = self.events("Runtime.exceptionThrown");
        let said = self.events("Runtime.consoleAPICalled");
        let said =
            said.iter().filter(|event| ["error", "assert"].iter().any(|t| event["type"] == *t));
        let logged = self.events("Log.entryAdded");
        let logged = logged.iter().filter(|event| event["entry"]["level"] == "error");
        let thrown = thrown.iter().map(|event| exception(&event["exceptionDetails"]));
        let said = said.map(|event| event["args"].to_string());
        thrown.chain(said).chain(logged.map(|event| event["entry"].to_string())).collect()
    }

    /// The addresses of all requests, WebSockets included.
    pub fn requests(&self) -> Vec<String> {
        let mut urls = self.events("Network.requestWillBeSent");
        urls.iter_mut().for_each(|event| *event = event["request"].take());
        urls.extend(self.events("Network.webSocketCreated"));
        urls.iter().map(|of| of["url"].as_str().expect("an address").to_string()).collect()
    }

    /// Nothing went wrong in this page, and it asked nobody but the server it came from.
    pub fn assert_clean(&self) {
        let host = self.evaluate("location.host"); // what happened before has been told by now
        let host = host.as_str().expect("a page with a host");
        assert_eq!(self.problems(), Vec::<String>::new());
        let requests = self.requests();
        assert!(!requests.is_empty(), "a page that was loaded");
        for url in &requests {
            let own = url.split('/').nth(2) == Some(host);
            assert!(own || url.starts_with("data:"), "a request to elsewhere: {url}");
        }
    }
}

fn exception(details: &Value) -> String {
    let thrown = &details["exception"];
    let text = thrown["description"].as_str().or(thrown["value"].as_str());
    text.or(details["text"].as_str()).unwrap_or("an exception").to_string()
}

/// RFC 4648, section 4.
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
