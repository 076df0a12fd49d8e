//! A real browser for the tests: Chromium, driven over its DevTools protocol, which is JSON over a
//! WebSocket (<https://chromedevtools.github.io/devtools-protocol/>).
//!
//! A [`Browser`] has any number of [`Page`]s, which belong to one user or to several. Everything
//! waits for the browser to say that something has happened; nothing waits for a while and hopes.

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

/// Where Chromium and its relatives may be found, if `CHROMIUM` does not say it.
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
    "--no-sandbox", // which does not work for root or in many containers; only our own pages come in
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage", // /dev/shm is small in containers
    "--remote-debugging-port=0",
    // A page of lab.test is in no secure context, as in a classroom. Nothing outside can be reached.
    "--host-resolver-rules=MAP lab.test 127.0.0.1, MAP * ~NOTFOUND, \
     EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE ::1",
];

/// How long the browser may take to end, and its last files to be removed.
const GOODBYE_TIME: Duration = Duration::from_secs(5);

/// One browser at a time: several would take the processors from the tests that watch a clock.
static TURN: Mutex<()> = Mutex::new(());

/// A running Chromium with a profile of its own; both are gone when the test lets go of it.
pub struct Browser {
    line: RefCell<WebSocket<TcpStream>>,
    last_id: Cell<u64>,
    /// All that has happened in all pages, as the protocol tells it.
    pub(super) events: RefCell<Vec<Value>>,
    program: Program,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    /// Starts it and connects to it.
    pub fn start() -> Browser {
        // A test that failed while it had its turn is no reason for this one to fail.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut program = Program::start();
        let address = program.wait_for_address();
        let host = address.split('/').next().expect("host:port/path");
        let stream = TcpStream::connect(host).expect("DevTools listens");
        // Longer than a condition is waited for, so that it is the condition that is reported.
        stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        // Screenshots are long messages.
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let url = format!("ws://{address}");
        let (line, _) = client_with_config(url, stream, Some(config)).expect("DevTools answers");
        Browser {
            line: RefCell::new(line),
            last_id: Cell::new(0),
            events: RefCell::new(Vec::new()),
            program,
            _turn: turn,
        }
    }

    /// An empty page of somebody new: with cookies and storage of its own.
    pub fn new_user(&self) -> Page<'_> {
        let context = self.call("", "Target.createBrowserContext", json!({})).unwrap();
        self.new_page(&context["browserContextId"])
    }

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
        // Each page believes that it is in front, as if everybody had a screen of their own.
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        page
    }

    /// Calls a method of the protocol and waits for its result. An empty session is the browser's.
    pub(super) fn call(&self, session: &str, method: &str, params: Value) -> Result<Value, String> {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let mut request = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            request["sessionId"] = session.into();
        }
        let request = Message::text(request.to_string());
        self.line.borrow_mut().send(request).expect("Chromium listens");
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

    /// Waits for the next thing that it says.
    pub(super) fn receive(&self) -> Value {
        loop {
            let message = self.line.borrow_mut().read().expect("Chromium says something");
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).expect("DevTools speaks JSON");
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // What was started may be a script that has the browser as its child, so it is asked to
        // end before it is killed.
        let _ = self.line.get_mut().send(Message::text(r#"{"id":0,"method":"Browser.close"}"#));
        comes_true(GOODBYE_TIME, || !matches!(self.program.process.try_wait(), Ok(None)));
    }
}

/// The process and its profile folder.
struct Program {
    process: Child,
    profile: PathBuf,
}

impl Program {
    /// Starts the first browser that there is.
    fn start() -> Program {
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
        let Some(process) = started else {
            let _ = fs::remove_dir_all(profile);
            panic!("no Chromium found: apt-get install chromium, or set CHROMIUM=/path/to/it");
        };
        Program { process, profile }
    }

    /// Waits for the file in which Chromium says where it listens: a port, and a path as its second
    /// line. Until the path has its whole length, the file is still being written.
    fn wait_for_address(&mut self) -> String {
        let length = "/devtools/browser/01234567-89ab-cdef-0123-456789abcdef".len();
        let mut address = String::new();
        comes_true(PATIENCE, || {
            let file = fs::read_to_string(self.profile.join("DevToolsActivePort"));
            let file = file.unwrap_or_default();
            let (port, path) = file.trim_end().split_once('\n').unwrap_or_default();
            if path.len() == length {
                address = format!("127.0.0.1:{port}{path}");
            }
            !address.is_empty() || !matches!(self.process.try_wait(), Ok(None))
        });
        let said = || fs::read_to_string(self.profile.join("stderr.txt")).unwrap_or_default();
        assert!(!address.is_empty(), "Chromium does not start: {}", said());
        address
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Its children may still be writing for a moment.
        let gone = || fs::remove_dir_all(&self.profile).is_ok() || !self.profile.exists();
        if !comes_true(GOODBYE_TIME, gone) {
            eprintln!("{} cannot be removed", self.profile.display());
        }
    }
}

/// Looks every few milliseconds until something is true; false if it has not become so in time.
fn comes_true(time: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        if is_true() {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}
