//! The operating system's side of the tests' browser: one process with a temporary profile for all tests that
//! run at one time.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tungstenite::Message;

use super::super::PATIENCE;
use super::connect;

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

/// How often a start is tried.
const STARTS: usize = 3;

/// The longest time in which the browser may exit, and then its profile may be removed.
const EXIT_TIME: Duration = Duration::from_secs(5);

/// The process that the running tests share.
static SHARED: Mutex<Weak<BrowserProcess>> = Mutex::new(Weak::new());

/// The browser's process and the temporary folder with its profile. When the last test that uses it drops
/// it, the process ends and the profile is removed.
pub struct BrowserProcess {
    child: Child,
    profile: PathBuf,
    /// The address of its DevTools: `host:port/path`.
    address: String,
}

impl BrowserProcess {
    /// Returns the process that other tests use now, or starts one.
    pub fn running() -> Arc<BrowserProcess> {
        // The mutex stays sound when a test panics while it holds it: no browser could be started.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(BrowserProcess::start());
            *shared = Arc::downgrade(&started);
            started
        })
    }

    /// The address of its DevTools: `host:port/path`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Starts the first browser that is installed. A start that fails is tried again with a new profile: on a
    /// busy machine Chromium itself now and then ends before its DevTools have an address.
    fn start() -> BrowserProcess {
        let mut failures = Vec::new();
        while failures.len() < STARTS {
            match BrowserProcess::try_start() {
                Ok(process) => return process,
                Err(failure) => failures.push(failure),
            }
            eprintln!("Chromium does not start: {}", failures[failures.len() - 1]);
        }
        panic!("Chromium does not start: {}", failures.join("\n"));
    }

    /// # Errors
    ///
    /// What Chromium wrote to its standard error before it ended, or until it was given up.
    fn try_start() -> Result<BrowserProcess, String> {
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
        let mut process = BrowserProcess { child, profile, address: String::new() };
        process.address = process.wait_for_address()?;
        Ok(process)
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the file with the address of DevTools, and returns it as `host:port/path`.
    ///
    /// The file has the port in its first line and the path in its second. Chromium is still writing it
    /// while the path has not its whole length.
    fn wait_for_address(&mut self) -> Result<String, String> {
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
        if address.is_empty() {
            let errors = fs::read_to_string(self.profile.join("stderr.txt")).unwrap_or_default();
            return Err(format!("{:?}: {errors}", self.child.try_wait()));
        }
        Ok(address)
    }
}

impl Drop for BrowserProcess {
    fn drop(&mut self) {
        // Ask before killing: the program may be a script with the browser as its child, and killing the
        // script would leave the browser running.
        if let Ok(mut devtools) = connect(&self.address) {
            let _ = devtools.send(Message::text(r#"{"id":0,"method":"Browser.close"}"#));
            poll(EXIT_TIME, || self.has_ended());
        }
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
