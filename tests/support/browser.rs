//! A real browser for the tests: Chromium, driven over its DevTools protocol, which is JSON over a
//! WebSocket (<https://chromedevtools.github.io/devtools-protocol/>).
//!
//! Read [`Browser`] first: it opens tabs and exchanges the protocol's messages. A tab is a [`Page`]; tabs of
//! different users share no cookies and no storage. All tests that run at one time share one process, of
//! which `browser/process.rs` takes care: to start Chromium takes longer than most of the tests. The tests
//! wait for events of the browser, never for a fixed time.

mod process;

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::net::TcpStream;
use std::sync::Arc;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client::client_with_config, protocol::WebSocketConfig};

use super::PATIENCE;
use super::page::Page;
use process::BrowserProcess;

/// What one test has of the browser. Dropping it closes the test's tabs and forgets its users.
pub struct Browser {
    devtools: RefCell<WebSocket<TcpStream>>,
    /// The id of the newest request; an answer has the id of its request.
    last_id: Cell<u64>,
    /// All events of all pages of this test so far, in the order of their arrival.
    pub(super) events: RefCell<Vec<Value>>,
    /// Dropped after `devtools`.
    _process: Arc<BrowserProcess>,
}

impl Browser {
    /// Connects to the DevTools of Chromium, which is started if no other test uses it.
    pub fn start() -> Browser {
        let process = BrowserProcess::running();
        Browser {
            devtools: RefCell::new(connect(process.address()).expect("DevTools answers")),
            last_id: Cell::new(0),
            events: RefCell::new(Vec::new()),
            _process: process,
        }
    }

    /// Opens an empty tab of a new user, with cookies and storage of its own.
    pub fn new_user(&self) -> Page<'_> {
        let context = json!({ "disposeOnDetach": true }); // its tabs are closed when the test ends
        let context = self.call("", "Target.createBrowserContext", context).unwrap();
        self.new_page(&context["browserContextId"])
    }

    /// Opens an empty tab of the user with this browser context.
    pub(super) fn new_page(&self, context: &Value) -> Page<'_> {
        let about = json!({ "url": "about:blank", "browserContextId": context });
        let target = self.call("", "Target.createTarget", about).unwrap();
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("", "Target.attachToTarget", attach).unwrap();
        let session = session["sessionId"].as_str().expect("a session").to_string();
        let page = Page { browser: self, session, context: context.clone() };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true }));
        // Each page has the focus, as if each user had a screen of their own.
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        page
    }

    /// Calls a method of the protocol and waits for its result, or for the error as text.
    ///
    /// `session` addresses a tab; if it is empty, the browser itself.
    pub(super) fn call(&self, session: &str, method: &str, params: Value) -> Result<Value, String> {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let mut request = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            request["sessionId"] = session.into();
        }
        let request = Message::text(request.to_string());
        self.devtools.borrow_mut().send(request).expect("Chromium takes requests");
        loop {
            let mut answer = self.receive();
            if answer["id"] == id {
                return match answer["error"].take() {
                    Value::Null => Ok(answer["result"].take()),
                    error => Err(format!("{method}: {error}")),
                };
            }
            self.events.borrow_mut().push(answer);
        }
    }

    /// Waits for the next message of the browser: an answer or an event.
    pub(super) fn receive(&self) -> Value {
        loop {
            let message = self.devtools.borrow_mut().read().expect("a message of Chromium");
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).expect("DevTools sends JSON");
            }
        }
    }
}

/// Opens a connection to DevTools.
fn connect(address: &str) -> Result<WebSocket<TcpStream>, Box<dyn Error>> {
    let host = address.split('/').next().expect("host:port/path");
    let stream = TcpStream::connect(host)?;
    // Longer than `Page::wait_for` waits, so that a failure names the condition and not the socket.
    stream.set_read_timeout(Some(2 * PATIENCE))?;
    stream.set_nodelay(true)?;
    // A screenshot is one long message.
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    Ok(client_with_config(format!("ws://{address}"), stream, Some(config))?.0)
}
