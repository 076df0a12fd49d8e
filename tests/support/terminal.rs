//! A pseudo-terminal, with a person at it. std cannot open one, so the program `script` of util-linux does;
//! [`Screen`] interprets what comes out of it.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::PATIENCE;
use super::screen::Screen;

/// A shell command in a terminal of its own. Dropping it closes the terminal, as closing a window does.
pub struct Terminal {
    child: Child,
    stdin: ChildStdin,
    screen: Arc<(Mutex<Screen>, Condvar)>,
    /// Its device, such as `/dev/pts/3`.
    device: String,
}

impl Terminal {
    /// Runs this in a window of 24 lines and `columns` columns.
    pub fn run(columns: usize, command: &str) -> Terminal {
        Terminal::run_with(columns, command, &[("TERM", "xterm-256color")])
    }

    /// The same with this environment.
    pub fn run_with(columns: usize, command: &str, environment: &[(&str, &str)]) -> Terminal {
        let command = format!("stty rows 24 cols {columns}; tty; {command}");
        let mut script = Command::new("script");
        let path = std::env::var_os("PATH").unwrap_or_default();
        script.args(["-qfc", &command, "/dev/null"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        script.env_clear().env("PATH", path).env("SHELL", "/bin/sh").envs(environment.iter().copied());
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = script.spawn();
        let mut child =
            started.expect("the tests of the chat in a terminal need `script` (util-linux, bsdutils)");
        let (stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let screen = Arc::new((Mutex::new(Screen::new(columns, 24)), Condvar::new()));
        let shared = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                shared.0.lock().unwrap().print(&bytes[..count]);
                shared.1.notify_all();
            }
        });
        let mut terminal = Terminal { child, stdin, screen, device: String::new() };
        terminal.device =
            terminal.wait_for("/dev/").lines().find(|line| line.contains("/dev/")).unwrap().to_string();
        terminal
    }

    /// Runs the chat in a terminal.
    pub fn chat(port: u16, name: &str, columns: usize) -> Terminal {
        let terminal = Terminal::run(columns, &console(port, name));
        terminal.wait_for(&format!("You are {name}"));
        terminal.wait_until("the prompt", |screen| screen.brackets_pastes && screen.before_cursor() == "> ");
        terminal
    }

    /// Types these bytes at once, as a paste does.
    pub fn paste(&mut self, bytes: &str) {
        self.stdin.write_all(bytes.as_bytes()).unwrap();
    }

    /// Types a text and then, when it is on the screen, Enter.
    pub fn enter_kept(&mut self, text: &str) {
        self.paste(text);
        let last: String = text.chars().skip(text.chars().count().saturating_sub(8)).collect();
        self.wait_until("the typed text", |screen| screen.before_cursor().ends_with(&last));
        self.paste("\r");
    }

    /// The same, and waits until the text has been taken.
    pub fn enter(&mut self, text: &str) {
        self.enter_kept(text);
        self.wait_until("an empty line", |screen| screen.before_cursor() == "> ");
    }

    /// Waits until this text is on the screen or has scrolled out of it; returns all of it.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.text().contains(text))
    }

    /// Waits until this is true of the screen; returns its text.
    #[track_caller]
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Screen) -> bool) -> String {
        let (screen, changed) = &*self.screen;
        let screen = screen.lock().expect("the program prints only what is understood");
        let (screen, timeout) =
            changed.wait_timeout_while(screen, PATIENCE, |screen| !is_so(screen)).unwrap();
        let text = screen.text();
        if timeout.timed_out() {
            let last: Vec<&str> = text.lines().rev().take(40).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            panic!(
                "waited in vain for {what:?}:\n{last}\n[the cursor is behind {:?}]",
                screen.before_cursor()
            );
        }
        text
    }

    /// Changes the width of the window.
    pub fn resize(&self, columns: usize) {
        let mut screen = self.screen.0.lock().unwrap();
        let arguments = ["-F", &self.device, "cols", &columns.to_string()];
        assert!(Command::new("stty").args(arguments).status().unwrap().success());
        screen.resize(columns);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shell command that runs the chat in a terminal.
pub fn console(port: u16, name: &str) -> String {
    format!("{} localhost:{port} --name {name}", env!("CARGO_BIN_EXE_partyline-console"))
}
