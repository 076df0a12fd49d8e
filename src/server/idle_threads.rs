//! Idle threads: a thread whose connection has ended waits in `accept` for the next one itself, because
//! starting a thread costs as much as the rest of a handshake. (The pattern is called *leader and
//! followers*.)

use std::sync::Arc;

use crate::threads::{Count, Threads};

/// How many threads may be idle, and no more than half of the reserve. A thread that finds this many
/// waiting already ends.
const IDLE_MAX: usize = 16;

/// Counts the idle threads.
pub struct IdleThreads(Arc<Count>);

impl IdleThreads {
    /// No idle threads yet.
    pub fn new(threads: &Threads) -> IdleThreads {
        IdleThreads(Count::new(IDLE_MAX.min(threads.reserve / 2)))
    }

    /// Counts the calling thread as idle while it waits in `accept`. Returns `None` at once if there
    /// are enough idle threads.
    pub fn wait<T>(&self, accept: impl FnOnce() -> Option<T>) -> Option<T> {
        let _idle = self.0.add()?;
        accept()
    }
}
