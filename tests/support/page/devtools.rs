//! What the browser's developer tools record about a [`Page`]: requests, WebSocket frames, errors.
//!
//! The records arrive as events of the DevTools protocol, and the [`Browser`](super::Browser) keeps
//! them all from the moment in which a tab is opened.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::super::PATIENCE;
use super::{Page, exception, from_base64};

impl Page<'_> {
    /// The parameters of all events of this name that have arrived for this page so far.
    pub fn events(&self, method: &str) -> Vec<Value> {
        let events = self.browser.events.borrow();
        let ours = |e: &&Value| e["method"] == method && e["sessionId"] == self.session;
        events.iter().filter(ours).map(|event| event["params"].clone()).collect()
    }

    /// Returns the first event that is wanted; waits for it if it has not arrived yet.
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

    /// Returns the event of this name that has this index, 0 for the first; waits for it if it has not arrived yet.
    pub fn wait_for_nth_event(&self, method: &str, n: usize) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(event) = self.events(method).into_iter().nth(n) {
                return event;
            }
            assert!(Instant::now() < deadline, "only {} of {method}", self.events(method).len());
            let event = self.browser.receive();
            self.browser.events.borrow_mut().push(event);
        }
    }

    /// Waits until the events of everything that has happened in the page have arrived here.
    ///
    /// The browser sends events in order, and so all earlier ones before the answer to this request.
    pub fn wait_for_past_events(&self) {
        self.evaluate("0");
    }

    /// Waits until the server has answered the browser's request for the page's icon, its last request. (The
    /// page draws the same file: that is an "Image" for the developer tools.)
    pub fn wait_for_icon(&self) {
        self.wait_for_event("Network.responseReceived", |event| {
            event["type"] == "Other" && event["response"]["url"].as_str().unwrap().ends_with("/icon.svg")
        });
    }

    /// How many WebSocket connections the page has opened, or tried to open.
    pub fn count_connections(&self) -> usize {
        self.wait_for_past_events();
        self.events("Network.webSocketCreated").len()
    }

    /// Writes a PNG of the visible part of the page, for a developer to look at.
    pub fn screenshot(&self, file: impl AsRef<Path>) {
        let picture = self.call("Page.captureScreenshot", json!({}));
        let picture = from_base64(picture["data"].as_str().expect("a picture"));
        fs::write(file, picture).expect("the file can be written");
    }

    /// All exceptions, and everything that the page or the browser wrote to the console as an error.
    pub fn problems(&self) -> Vec<String> {
        let thrown = self.events("Runtime.exceptionThrown");
        let written = self.events("Runtime.consoleAPICalled");
        let written = written.iter().filter(|event| ["error", "assert"].iter().any(|t| event["type"] == *t));
        let logged = self.events("Log.entryAdded");
        let logged = logged.iter().filter(|event| event["entry"]["level"] == "error");
        let thrown = thrown.iter().map(|event| exception(&event["exceptionDetails"]));
        let written = written.map(|event| event["args"].to_string());
        thrown.chain(written).chain(logged.map(|event| event["entry"].to_string())).collect()
    }

    /// The addresses of all requests, those of WebSockets included.
    pub fn requests(&self) -> Vec<String> {
        let mut urls = self.events("Network.requestWillBeSent");
        urls.iter_mut().for_each(|event| *event = event["request"].take());
        urls.extend(self.events("Network.webSocketCreated"));
        urls.iter().map(|request| request["url"].as_str().expect("an address").to_string()).collect()
    }

    /// Asserts that the page has no errors and has sent requests to its own server alone.
    pub fn assert_clean(&self) {
        let host = self.evaluate("location.host"); // also waits for past events
        let host = host.as_str().expect("a page with a host");
        assert_eq!(self.problems(), Vec::<String>::new());
        let requests = self.requests();
        assert!(!requests.is_empty(), "no page was loaded");
        for url in &requests {
            let own = url.split('/').nth(2) == Some(host);
            assert!(own || url.starts_with("data:"), "a request to another server: {url}");
        }
    }
}
