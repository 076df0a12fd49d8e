//! The log: one line for each client that comes, is refused, or leaves (and why), and warnings.
//!
//! simple_logger writes the lines to standard error. `Logger` stands before it for two reasons: text
//! from clients has its control characters escaped first (`text.rs`), and a terminal can stop (Ctrl-S,
//! `| less`), so that a thread of its own writes and no client's thread waits for the terminal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};
use std::{iter, sync::Mutex, thread};

use log::{Level, LevelFilter, Log, Metadata, Record};
use simple_logger::SimpleLogger;

use crate::clock::{since_1970, time_of_day};
use crate::{mutex::lock, text::visible};

/// How many lines may wait for a terminal that has stopped; further lines are dropped.
const WAITING_MAX: usize = 1000;
/// After a line the thread that writes waits this long for others. *Speed*: waking it for each line costs a
/// client's thread as much as a third of a handshake.
const PAUSE: Duration = Duration::from_millis(10);
/// How long the end of the program waits for the last lines.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// Sends everything that is logged from now on, at `level` and above, to standard error.
pub fn start(level: LevelFilter) {
    let (lines, waiting) = sync_channel::<LogLine>(WAITING_MAX);
    let writer = SimpleLogger::new().with_level(level);
    let write = move || {
        while let Ok(first) = waiting.recv() {
            thread::sleep(PAUSE); // more lines collect
            for line in iter::once(first).chain(waiting.try_iter()) {
                match line {
                    LogLine::Text(level, time, text) => {
                        // simple_logger panics when standard error is closed. The program goes on.
                        let _ = catch_unwind(AssertUnwindSafe(|| {
                            let mut record = Record::builder();
                            record.level(level).target(&time);
                            writer.log(&record.args(format_args!("{text}")).build());
                        }));
                    }
                    LogLine::Flush(done) => drop(done),
                }
            }
        }
    };
    if thread::Builder::new().name("log".to_string()).spawn(write).is_ok() {
        log::set_max_level(level);
        // Fails only if the program has a logger already.
        let _ = log::set_boxed_logger(Box::new(Logger { lines, level }));
    }
}

/// What the logging threads send to the thread that writes.
enum LogLine {
    /// A level, a time, a text.
    Text(Level, String, String),
    /// Dropped when all lines before it are written.
    Flush(SyncSender<()>),
}

struct Logger {
    lines: SyncSender<LogLine>,
    level: LevelFilter,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata) -> bool {
        // tungstenite logs every frame at `debug` and `trace`; only its warnings are wanted.
        let is_ours = metadata.target().starts_with("partyline");
        metadata.level() <= self.level && (is_ours || metadata.level() <= Level::Warn)
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            // simple_logger puts the target in brackets. Here that is the time, because its own needs more crates.
            let time = format!("{} UTC", time_of_day(since_1970().as_secs()));
            let line = LogLine::Text(record.level(), time, visible(&record.args().to_string()));
            let _ = self.lines.try_send(line); // fails when `WAITING_MAX` lines wait
        }
    }

    fn flush(&self) {
        let (done, all_written) = sync_channel(0);
        let _ = self.lines.try_send(LogLine::Flush(done));
        let _ = all_written.recv_timeout(FLUSH_TIMEOUT); // the error that `done` is dropped
    }
}

/// Keeps a warning that any client can cause from filling the log.
pub struct OncePerSecond(Mutex<Option<Instant>>);

impl OncePerSecond {
    /// Due at once. Each place that warns has a `static` of its own.
    #[allow(clippy::new_without_default, reason = "`default` could not make a `static`")]
    pub const fn new() -> OncePerSecond {
        OncePerSecond(Mutex::new(None))
    }

    /// Whether a second has passed since this last returned true.
    pub fn is_due(&self) -> bool {
        let mut last = lock(&self.0);
        let due = last.is_none_or(|at| at.elapsed() >= Duration::from_secs(1));
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}
