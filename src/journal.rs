//! What the server says in its log: one line per arrival and departure, and warnings.
//!
//! simple_logger writes the lines, to standard error. This file stands before it, for two reasons. Some
//! of what the lines say comes from strangers: control characters are made visible first, so that
//! nobody can repaint the operator's terminal or forge a line. And a terminal can stop (Ctrl-S, a
//! selection with the mouse, `| less`): a thread of its own writes, so that nobody else waits for that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};
use simple_logger::SimpleLogger;

use crate::shared::lock;

/// How many lines may wait for a terminal that has stopped; more are dropped.
const WAITING_LINES: usize = 1000;
/// How long the end of the program waits for the last lines.
const FLUSH_TIME: Duration = Duration::from_millis(200);

/// Sends all that is logged from now on, at `level` and above, to standard error.
pub fn start(level: LevelFilter) {
    let (lines, waiting) = sync_channel::<Line>(WAITING_LINES);
    let writer = SimpleLogger::new().with_level(level);
    let write = move || {
        for line in waiting {
            match line {
                Line::Text(level, text) => {
                    // It panics when standard error is closed, and there is nobody to tell.
                    let _ = catch_unwind(AssertUnwindSafe(|| {
                        let mut record = Record::builder();
                        record.level(level).target("partyline");
                        writer.log(&record.args(format_args!("{text}")).build());
                    }));
                }
                Line::Flush(done) => drop(done),
            }
        }
    };
    // Without that thread there is no log, and the first who is served will not notice either.
    if thread::Builder::new().name("journal".to_string()).spawn(write).is_ok() {
        log::set_max_level(level);
        // Fails only if there is a logger already, and then there is one.
        let _ = log::set_boxed_logger(Box::new(Journal { lines, level }));
    }
}

enum Line {
    Text(Level, String),
    /// Dropped when all lines before it are written.
    Flush(SyncSender<()>),
}

struct Journal {
    lines: SyncSender<Line>,
    level: LevelFilter,
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata) -> bool {
        // tungstenite tells so much of each frame that the rest would drown in it.
        let from_us = metadata.target().starts_with("partyline");
        metadata.level() <= self.level && (from_us || metadata.level() <= Level::Warn)
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            let line = Line::Text(record.level(), visible(&record.args().to_string()));
            let _ = self.lines.try_send(line); // fails if too many wait, see `WAITING_LINES`
        }
    }

    fn flush(&self) {
        let (done, all_written) = sync_channel(0);
        let _ = self.lines.try_send(Line::Flush(done));
        let _ = all_written.recv_timeout(FLUSH_TIME); // an error is what we wait for
    }
}

/// The same text with every control character and every invisible one written as `\u{1b}`.
pub fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Characters that nobody sees, that make two names look the same, or that turn the direction of the
/// text around them: Unicode's default-ignorable and bidirectional ones, blanks that are letters, and
/// the mark for what was no text.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFD}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Keeps a warning that anybody can cause, as often as they like, from filling the log.
pub struct OncePerSecond(Mutex<Option<Instant>>);

impl OncePerSecond {
    /// For a `static`: each place that warns has its own.
    pub const fn fresh() -> OncePerSecond {
        OncePerSecond(Mutex::new(None))
    }

    /// Whether it is time to say it again.
    pub fn is_due(&self) -> bool {
        let mut last = lock(&self.0);
        let due = last.is_none_or(|at| at.elapsed() >= Duration::from_secs(1));
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}
