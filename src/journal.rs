//! What the server says in its log: one line per arrival and departure, and warnings.
//!
//! simple_logger writes the lines, to standard error. This file stands before it, because some of
//! what they say comes from strangers: control characters are made visible first, so that nobody
//! can repaint the operator's terminal or forge a line of the log.

use std::fmt::Write;
use std::panic;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use log::{LevelFilter, Log, Metadata, Record};
use simple_logger::SimpleLogger;

use crate::sender::lock;

/// Sends all that is logged from now on, at `level` and above, to standard error.
pub fn start(level: LevelFilter) {
    // tungstenite tells so much of each frame that the rest would drown in it.
    let inner = SimpleLogger::new()
        .with_level(level)
        .with_module_level("tungstenite", level.min(LevelFilter::Warn));
    log::set_max_level(level);
    // Fails only if there is a logger already, and then there is one.
    let _ = log::set_boxed_logger(Box::new(Journal { inner }));
}

struct Journal {
    inner: SimpleLogger,
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record) {
        let text = visible(&record.args().to_string());
        // It panics when standard error is closed. That must not end the thread that had something
        // to say.
        let _ = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let mut same = Record::builder();
            same.metadata(record.metadata().clone());
            self.inner.log(&same.args(format_args!("{text}")).build());
        }));
    }

    fn flush(&self) {}
}

/// The same text with every control character, and every character that is invisible or turns the
/// direction of what follows it, written as `\u{1b}`.
pub fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' => {
                let _ = write!(safe, "{}", c.escape_unicode()); // a String takes everything
            }
            c if c.is_control() => {
                let _ = write!(safe, "{}", c.escape_unicode());
            }
            c => safe.push(c),
        }
    }
    safe
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
