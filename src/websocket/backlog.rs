//! The backlog of a slow client: the frames that its socket has not taken yet, with a bound. It exists
//! only while the client is behind; `sender.rs` says when, and which thread writes it.

use std::sync::Arc;

use super::memory::Budget;

/// Frames that wait for one client. All its bytes are counted in the [`Budget`] until it is dropped.
#[derive(Debug)]
pub struct Backlog {
    budget: Arc<Budget>,
    /// The bytes that a thread is writing now. They may begin in the middle of a frame, so they cannot
    /// be replaced.
    in_flight: usize,
    /// The frames that come next. They begin and end at the boundary of a frame.
    pending: Vec<u8>,
}

impl Backlog {
    /// An empty backlog.
    pub fn new(budget: &Arc<Budget>) -> Backlog {
        Backlog { budget: Arc::clone(budget), in_flight: 0, pending: Vec::new() }
    }

    /// `bytes` are being written from now on, in the place of those before them.
    pub fn set_in_flight(&mut self, bytes: usize) {
        self.budget.remove_waiting(self.in_flight);
        self.budget.add_waiting(bytes);
        self.in_flight = bytes;
    }

    /// Appends frames. Returns false, and appends nothing, if this client or all clients together have
    /// more than their limit waiting already.
    pub fn push(&mut self, frames: &[u8]) -> bool {
        let waiting = self.in_flight + self.pending.len();
        if waiting > self.budget.per_client || self.budget.waiting() > self.budget.total {
            return false;
        }
        self.budget.add_waiting(frames.len());
        self.pending.extend_from_slice(frames);
        true
    }

    /// Drops the frames that are not being written yet and puts `frames` in their place.
    pub fn replace_pending(&mut self, frames: Vec<u8>) {
        self.budget.remove_waiting(self.pending.len());
        self.budget.add_waiting(frames.len());
        self.pending = frames;
    }

    /// What is to be written next, when the bytes in flight are written; `None` if nothing is left.
    pub fn next_batch(&mut self) -> Option<Vec<u8>> {
        if self.pending.is_empty() {
            return None;
        }
        let batch = std::mem::take(&mut self.pending);
        self.budget.remove_waiting(self.in_flight);
        self.in_flight = batch.len(); // counted since `push`
        Some(batch)
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.budget.remove_waiting(self.in_flight + self.pending.len());
    }
}
