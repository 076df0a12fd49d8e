//! What std's terminal lacks: single keys (raw mode) and the window's size. For the chat in a terminal.
//!
//! A terminal collects and echoes a whole line; a program that draws the line itself has to get each key at
//! once instead. The system's call for that, `tcsetattr`, needs `unsafe` or one more package, so this file
//! asks the program `stty`, which every Unix has.
//!
//! A shell cannot use a terminal that stays raw, so each way out restores it: the end of `main`, a panic
//! on any thread (the hook), Ctrl-Z. No safe program can catch a signal; after one, a small `sh` does it that
//! has been waiting for the end of a pipe (`WATCHDOG`).

pub mod keys; // the bytes that come from it -> keys
pub mod editor; // the text being typed, and what each key does to it
pub mod screen; // the one writer: lines, and below them what is being typed

use std::io::{self, IsTerminal, Write};
use std::process::{self, Child, Command, Stdio};
use std::{env, panic, sync::Mutex};

use crate::mutex::lock;

/// Bracketed paste on: the terminal puts `ESC [200~` and `ESC [201~` around what is pasted.
const PASTE_ON: &str = "\x1b[?2004h";
/// Bracketed paste off, the cursor visible, colours off.
const PLAIN: &str = "\x1b[?2004l\x1b[?25h\x1b[0m";
/// Waits for the pipe's end. If no line comes before it, the program has not ended by itself, and `$0` are
/// the settings to restore, if the terminal still has the raw ones, `$1`: the shell may have been faster. It
/// ignores the signals that go to all processes of the job.
const WATCHDOG: &str = "trap '' INT TERM HUP QUIT TSTP TTOU; read -r line && exit
    [ \"$(stty -g </dev/tty)\" = \"$1\" ] || exit
    stty \"$0\" </dev/tty; printf '\\r\\n\\033[?2004l\\033[?25h\\033[0m' >/dev/tty";

/// The settings from before raw mode, and the watchdog; `None` while the terminal is not raw.
static RAW: Mutex<Option<(String, Child)>> = Mutex::new(None);

/// Makes the terminal raw, until [`restore`]. Returns `false` where there is none for that: a pipe, `TERM=dumb`,
/// no `stty`.
pub fn start() -> bool {
    if !is_capable() || enter().is_none() {
        return false;
    }
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        restore();
        report(panic);
        process::exit(101); // as after a panic of `main`; the other threads would go on
    }));
    true
}

/// What Ctrl-Z does in a shell: it stops the whole job, `make` included, until `fg`. In raw mode it is only
/// the byte 0x1A.
pub fn suspend() {
    restore();
    let _ = Command::new("sh").args(["-c", "kill -TSTP 0"]).status();
    enter();
}

fn enter() -> Option<()> {
    let saved = stty(&["-g"])?;
    let raw = stty(&["raw", "-echo"]).and_then(|_| stty(&["-g"])).unwrap_or_default();
    let mut watchdog = Command::new("sh");
    watchdog.args(["-c", WATCHDOG, &saved, &raw]).stdin(Stdio::piped()).stderr(Stdio::null());
    match watchdog.spawn() {
        Ok(watchdog) => *lock(&RAW) = Some((saved, watchdog)),
        Err(_) => return stty(&[&saved]).and(None),
    }
    write(PASTE_ON);
    Some(())
}

/// Makes the terminal what it was, if it is raw.
pub fn restore() {
    let Some((saved, mut watchdog)) = lock(&RAW).take() else { return };
    write(PLAIN);
    stty(&[&saved]);
    let _ = watchdog.stdin.take().map(|mut pipe| pipe.write_all(b"done\n"));
    let _ = watchdog.wait();
}

/// The window's lines and columns, if standard input and output are a terminal that can move its cursor.
pub fn known_size() -> Option<(usize, usize)> {
    let size = stty(&["size"]).filter(|_| is_capable())?;
    let mut numbers = size.split(' ').filter_map(|number| number.parse().ok()).filter(|number| *number > 0);
    Some((numbers.next()?, numbers.next()?))
}

fn is_capable() -> bool {
    let is_dumb = env::var("TERM").map_or(true, |term| term.is_empty() || term == "dumb");
    !is_dumb && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Writes to the terminal at once. If it has gone, its input ends too, and with it the program.
pub fn write(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Runs `stty` on the terminal, and returns what it prints; `None` if it fails.
fn stty(arguments: &[&str]) -> Option<String> {
    let mut stty = Command::new("stty");
    let output = stty.args(arguments).stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}
