//! The server under check: a build of the student's `src`, started on a free port of the loopback interface.

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A program, and the folder in which it is started: the one with `www`.
pub struct Build {
    pub program: PathBuf,
    pub folder: PathBuf,
}

impl Build {
    /// What `make lab` has built of this folder.
    pub fn of_this_folder() -> Build {
        Build { program: env!("CARGO_BIN_EXE_partyline").into(), folder: env!("CARGO_MANIFEST_DIR").into() }
    }
}

/// A running server. Dropping it ends the process.
pub struct LabServer {
    child: Child,
    /// The end of its standard input would end its commands, with a line in its log.
    _stdin: Option<ChildStdin>,
    pub port: u16,
    log: Arc<Mutex<String>>,
    /// How many of its panics have been told.
    told: Cell<usize>,
}

impl LabServer {
    /// Starts the build, without a limit on the rate of its clients.
    pub fn start(build: &Build) -> LabServer {
        let mut command = Command::new(&build.program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).current_dir(&build.folder);
        command.args(["--port", "0", "--per-address", "0", "--pace", "0", "--pace-bytes", "0", "--no-qr"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server can be started");
        let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let log = Arc::new(Mutex::new(String::new()));
        let lines = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                *lines.lock().unwrap() += &(line + "\n");
            }
        });
        let mut stdout = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = stdout.find_map(|line| Some(line.split_once("http://localhost:")?.1.to_string()));
        let port = address.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let port = port.unwrap_or_else(|| panic!("the server ended at once:\n{}", log.lock().unwrap()));
        thread::spawn(move || stdout.for_each(drop)); // a pipe that no one reads would fill
        LabServer { _stdin: child.stdin.take(), child, port, log, told: Cell::new(0) }
    }

    /// Waits for a panic of one of its threads that has not been told yet; returns where it was and what it says.
    pub fn new_panic(&self, patience: Duration) -> Option<String> {
        let deadline = Instant::now() + patience;
        loop {
            let log = self.log.lock().unwrap().clone();
            let panics: Vec<&str> = log.split(" panicked at ").skip(1).collect();
            // `src/echo.rs:17:9:`, and a line below what it says.
            let mut lines = panics.get(self.told.get()).map(|panic| panic.lines());
            if let Some((place, says)) = lines.as_mut().and_then(|it| Some((it.next()?, it.next()?))) {
                self.told.set(panics.len());
                let place =
                    place.trim_end_matches(':').rsplit_once(':').map_or(place, |(line, _column)| line);
                return Some(format!("the server’s thread panicked at {place}: {says}"));
            }
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a line of its log satisfies this, and returns the line.
    pub fn wait_for_log(&self, patience: Duration, is_it: impl Fn(&str) -> bool) -> Option<String> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(line) = self.log.lock().unwrap().lines().find(|line| is_it(line)) {
                return Some(line.to_string());
            }
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for LabServer {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}
