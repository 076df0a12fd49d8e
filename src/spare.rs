//! Threads that have finished with one connection and wait a moment for the next.
//!
//! Each connection has a thread to itself, but it need not be a new one: to start and end a thread takes
//! about as long as all the rest of a handshake.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::shared::lock;

/// So many threads may wait at once ...
const WAITING_MAX: usize = 16;
/// ... each for so long; then it ends.
const WAITING_TIME: Duration = Duration::from_secs(1);

/// Where threads that have nothing to do wait for something.
pub struct Spare<T> {
    state: Mutex<State<T>>,
    came: Condvar,
}

struct State<T> {
    waiting: usize,
    /// What they will find when they wake; never more than there are of them.
    work: Vec<T>,
}

impl<T> Default for Spare<T> {
    fn default() -> Spare<T> {
        Spare { state: Mutex::new(State { waiting: 0, work: Vec::new() }), came: Condvar::new() }
    }
}

impl<T> Spare<T> {
    /// Gives work to a thread that waits; gives it back if there is none.
    pub fn give(&self, work: T) -> Option<T> {
        let mut state = lock(&self.state);
        if state.work.len() == state.waiting {
            return Some(work);
        }
        state.work.push(work);
        drop(state);
        self.came.notify_one();
        None
    }

    /// Waits for work, but not for long, and not if enough others do.
    pub fn wait(&self) -> Option<T> {
        let mut state = lock(&self.state);
        if state.waiting == WAITING_MAX {
            return None;
        }
        state.waiting += 1;
        let has_none = |state: &mut State<T>| state.work.is_empty();
        let woken = self.came.wait_timeout_while(state, WAITING_TIME, has_none);
        let mut state = woken.unwrap_or_else(PoisonError::into_inner).0;
        state.waiting -= 1;
        state.work.pop()
    }
}
