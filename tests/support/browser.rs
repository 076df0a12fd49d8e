//! A real browser for the tests: Chromium, driven over its DevTools protocol, which is JSON over a
//! WebSocket (<https://chromedevtools.github.io/devtools-protocol/>).
//!
//! Read [`Browser`] first: it starts Chromium, opens tabs and exchanges the protocol's messages. A tab is
//! a [`Page`]; tabs of different users share no cookies and no storage. `BrowserProcess` is the operating
//! system's side: a process and a temporary profile. The tests wait for events of the browser, never for
//! a fixed time.

use std::cell::{Cell, RefCell};
use std::env;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client::client_with_config, protocol::WebSocketConfig};

use super::PATIENCE;
use super::page::Page;

/// The programs that are tried in this order, unless the environment variable `CHROMIUM` names one.
const PROGRAMS: [&str; 9] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "brave-browser",
    "brave",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox", // the sandbox fails for root and in many containers; only our own pages run here
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage", // /dev/shm is small in containers
    "--remote-debugging-port=0",
    // A page from lab.test has no secure context, as in a classroom. No other host can be resolved.
    "--host-resolver-rules=MAP lab.test 127.0.0.1, MAP * ~NOTFOUND, \
     EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE ::1",
];

/// The longest time in which the browser may exit, and then its profile may be removed.
const EXIT_TIME: Duration = Duration::from_secs(5);

/// Held while a browser runs: several at once would slow down the tests that measure time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A running Chromium with a profile of its own. Dropping it ends the process and removes the profile.
pub struct Browser {
    devtools: RefCell<WebSocket<TcpStream>>,
    /// The id of the newest request; an answer has the id of its request.
    last_id: Cell<u64>,
    /// All events of all pages so far, in the order of their arrival.
    pub(super) events: RefCell<Vec<Value>>,
    process: BrowserProcess,
    _only_browser: MutexGuard<'static, ()>,
}

impl Browser {
    /// Starts Chromium and connects to its DevTools. Waits while another test has a browser.
    pub fn start() -> Browser {
        // The mutex protects no data, so it does not matter that a test panicked while it held it.
        let only_browser = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut process = BrowserProcess::start();
        let address = process.wait_for_address();
        let host = address.split('/').next().expect("host:port/path");
        let stream = TcpStream::connect(host).expect("DevTools listens");
        // Longer than `Page::wait_for` waits, so that a failure names the condition and not the socket.
        stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        // A screenshot is one long message.
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let url = format!("ws://{address}");
        let (devtools, _) = client_with_config(url, stream, Some(config)).expect("DevTools answers");
        Browser {
            devtools: RefCell::new(devtools),
            last_id: Cell::new(0),
            events: RefCell::new(Vec::new()),
            process,
            _only_browser: only_browser,
        }
    }

    /// Opens an empty tab of a new user, with cookies and storage of its own.
    pub fn new_user(&self) -> Page<'_> {
        let context = self.call("", "Target.createBrowserContext", json!({})).unwrap();
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

impl Drop for Browser {
    fn drop(&mut self) {
        // Ask before killing: the program may be a script with the browser as its child, and killing the
        // script would leave the browser running.
        let _ = self.devtools.get_mut().send(Message::text(r#"{"id":0,"method":"Browser.close"}"#));
        poll(EXIT_TIME, || self.process.has_ended());
    }
}

/// The browser's process and the temporary folder with its profile.
struct BrowserProcess {
    child: Child,
    profile: PathBuf,
}

impl BrowserProcess {
    /// Starts the first browser that is installed.
    fn start() -> BrowserProcess {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("partyline-browser-{}-{}", process::id(), COUNT.fetch_add(1, Relaxed));
        let profile = env::temp_dir().join(name);
        fs::create_dir(&profile).expect("a new folder for temporary files");
        let programs = match env::var("CHROMIUM") {
            Ok(program) => vec![program],
            Err(_) => PROGRAMS.map(String::from).to_vec(),
        };
        let started = programs.iter().find_map(|program| {
            let errors = File::create(profile.join("stderr.txt")).expect("a file in a new folder");
            let mut command = Command::new(program);
            command.args(FLAGS).arg(format!("--user-data-dir={}", profile.display()));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().ok()
        });
        let Some(child) = started else {
            let _ = fs::remove_dir_all(profile);
            panic!("no Chromium found: apt-get install chromium, or set CHROMIUM=/path/to/it");
        };
        BrowserProcess { child, profile }
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the file with the address of DevTools, and returns it as `host:port/path`.
    ///
    /// The file has the port in its first line and the path in its second. Chromium is still writing it
    /// while the path has not its whole length.
    fn wait_for_address(&mut self) -> String {
        let length = "/devtools/browser/01234567-89ab-cdef-0123-456789abcdef".len();
        let mut address = String::new();
        poll(PATIENCE, || {
            let file = fs::read_to_string(self.profile.join("DevToolsActivePort"));
            let file = file.unwrap_or_default();
            let (port, path) = file.trim_end().split_once('\n').unwrap_or_default();
            if path.len() == length {
                address = format!("127.0.0.1:{port}{path}");
            }
            !address.is_empty() || self.has_ended()
        });
        let errors = || fs::read_to_string(self.profile.join("stderr.txt")).unwrap_or_default();
        assert!(!address.is_empty(), "Chromium does not start: {}", errors());
        address
    }
}

impl Drop for BrowserProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its own child processes may still write into the profile for a moment.
        let is_removed = || fs::remove_dir_all(&self.profile).is_ok() || !self.profile.exists();
        if !poll(EXIT_TIME, is_removed) {
            eprintln!("{} cannot be removed", self.profile.display());
        }
    }
}

/// Evaluates a condition every 5 ms until it is true. Returns false if it is not within `time`.
fn poll(time: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        if is_true() {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}
