//! The backlog of a slow client: the frames that its socket has not taken yet, with a bound. It exists
//! only while the client is behind; `sender.rs` says when, and which thread writes it.

use std::sync::Arc;

use super::memory::Budget;

/// Frames that wait for one client. The [`Budget`] counts all its bytes until it is dropped.
#[derive(Debug)]
pub struct Backlog {
    budget: Arc<Budget>,
    /// The bytes that a thread is writing. They may begin inside a frame, so they cannot be replaced.
    in_flight: usize,
    /// The frames that come next. They begin and end at the boundary of a frame.
    pending: Vec<u8>,
}

impl Backlog {
    /// A backlog of `in_flight` bytes, which the caller is going to write.
    pub fn new(budget: &Arc<Budget>, in_flight: usize) -> Backlog {
        budget.add_waiting(in_flight);
        Backlog { budget: Arc::clone(budget), in_flight, pending: Vec::new() }
    }

    /// The caller is going to write `bytes` before the pending frames.
    pub fn write_first(&mut self, bytes: usize) {
        self.budget.add_waiting(bytes);
        self.in_flight += bytes;
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

    /// Drops the pending frames and puts `frames` in their place.
    pub fn replace_pending(&mut self, frames: Vec<u8>) {
        self.budget.remove_waiting(self.pending.len());
        self.budget.add_waiting(frames.len());
        self.pending = frames;
    }

    /// The bytes in flight are written: returns the pending frames, which are in flight then, or `None`.
    pub fn next_batch(&mut self) -> Option<Vec<u8>> {
        self.budget.remove_waiting(self.in_flight);
        let batch = std::mem::take(&mut self.pending);
        self.in_flight = batch.len(); // counted since `push`
        (!batch.is_empty()).then_some(batch)
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.budget.remove_waiting(self.in_flight + self.pending.len());
    }
}
