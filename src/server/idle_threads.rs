//! Idle threads: a thread whose connection has ended waits in `accept` for the next one itself, because
//! starting a thread costs as much as the rest of a handshake. (The pattern is called *leader and
//! followers*.)

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How many threads may be idle. A thread that finds this many waiting already ends.
const IDLE_MAX: usize = 16;

/// Counts the idle threads.
#[derive(Default)]
pub struct IdleThreads(AtomicUsize);

impl IdleThreads {
    /// Counts the calling thread as idle while it waits in `accept`. Returns `None` at once if there
    /// are enough idle threads.
    pub fn wait<T>(&self, accept: impl FnOnce() -> Option<T>) -> Option<T> {
        let others = self.0.fetch_add(1, Relaxed);
        let accepted = if others < IDLE_MAX { accept() } else { None };
        self.0.fetch_sub(1, Relaxed);
        accepted
    }
}
