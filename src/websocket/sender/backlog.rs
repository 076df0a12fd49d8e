//! The backlog of a slow client: the frames that its socket has not taken yet, with a bound, and the
//! catch-up thread that writes them. A new client has a backlog too, until its 101 is sent.

use std::{net::Shutdown, sync::Arc, thread};

use super::{Output, Sender};
use crate::websocket::memory::Budget;
use crate::{mutex::lock, tcp};

/// Stack of a catch-up thread, in bytes. It only writes.
const CATCH_UP_STACK: usize = 64 * 1024;

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

impl Sender {
    /// Starts a catch-up thread for `rest`, which the kernel did not take. Without a thread, the
    /// connection is cut.
    pub(super) fn fall_behind(&self, output: &mut Output, rest: Vec<u8>) {
        output.backlog = Some(Box::new(Backlog::new(&self.0.budget, rest.len())));
        let started = match self.0.budget.permit_catch_up() {
            // The catch-up thread blocks in its writes, so the flag stays off until it ends.
            Some(permit) if self.set_nonblocking(output, false).is_ok() => {
                let sender = self.clone();
                let catch_up = move || {
                    sender.write_backlog(rest);
                    drop(permit);
                };
                let builder = thread::Builder::new().name("catch-up".to_string());
                builder.stack_size(CATCH_UP_STACK).spawn(catch_up).is_ok()
            }
            _ => false,
        };
        if !started {
            self.end_backlog(output, false);
        }
    }

    /// Writes `batch`, then batch after batch of the backlog, until it is empty or a write fails. It runs
    /// on the catch-up thread or, for [`Sender::start`], on the client's own thread.
    pub(super) fn write_backlog(&self, mut batch: Vec<u8>) {
        loop {
            let is_written = tcp::write_in_pieces(&self.0.stream, &batch).is_ok();
            let mut output = lock(&self.0.output);
            let backlog = output.backlog.as_mut().filter(|_| is_written);
            let Some(next) = backlog.and_then(|backlog| backlog.next_batch()) else {
                return self.end_backlog(&mut output, is_written);
            };
            self.show(&next);
            batch = next;
        }
    }

    /// The end of being behind: the backlog is written, or the connection is broken.
    fn end_backlog(&self, output: &mut Output, is_written: bool) {
        output.backlog = None;
        if !is_written {
            // The stream ends inside a frame, so no Close can follow. This also wakes the reader.
            output.finished = true;
            let _ = self.0.stream.shutdown(Shutdown::Both); // fails only if it is shut already
        } else if output.finished {
            let _ = self.0.stream.shutdown(Shutdown::Write);
        }
        self.0.is_caught_up.notify_all();
    }
}
