//! The backlog of a slow client: the frames that its socket has not taken yet, with a bound, and the
//! catch-up thread that writes them. A new client has a backlog too, until its 101 is sent.

use std::io::ErrorKind;
use std::{fmt, net::Shutdown, sync::Arc, thread};

use tungstenite::protocol::frame::coding::CloseCode;

use super::{Output, Sender};
use crate::websocket::{frames, memory::Budget};
use crate::{mutex::lock, tcp};

/// Stack of a catch-up thread, in bytes. It only writes.
const CATCH_UP_STACK: usize = 64 * 1024;

/// The reason in the Close 1013 for a client that reads too slowly.
const TOO_SLOW: &str = "too slow: come back";

/// Frames that wait for one client. The [`Budget`] counts all its bytes until it is dropped.
#[derive(Debug)]
pub struct Backlog {
    budget: Arc<Budget>,
    /// How many bytes a thread is writing, `first` included before it does. They may begin inside a frame, so
    /// they cannot be replaced.
    in_flight: usize,
    /// The bytes to write first.
    first: Vec<u8>,
    /// The frames that come next. They begin and end at the boundary of a frame.
    pending: Vec<u8>,
    /// Whether no thread was free to write it, so that the client's own thread does.
    pub is_left_to_owner: bool,
}

impl Backlog {
    /// A backlog in which nothing waits.
    pub fn new(budget: &Arc<Budget>) -> Backlog {
        let (budget, in_flight) = (Arc::clone(budget), 0);
        Backlog { budget, in_flight, first: Vec::new(), pending: Vec::new(), is_left_to_owner: false }
    }

    /// Puts these bytes before the pending frames.
    pub fn put_first(&mut self, bytes: Vec<u8>) {
        self.budget.add_waiting(bytes.len());
        self.in_flight = bytes.len();
        self.first = bytes;
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

    /// Returns what to write next: the first bytes, then, when those in flight are written, the pending
    /// frames, which are handed to `show`; at last `None`.
    fn next_batch(&mut self, show: impl FnOnce(&[u8])) -> Option<Vec<u8>> {
        let mut batch = std::mem::take(&mut self.first);
        if batch.is_empty() {
            self.budget.remove_waiting(self.in_flight);
            batch = std::mem::take(&mut self.pending);
            self.in_flight = batch.len(); // counted since `push`
            show(&batch);
        }
        (!batch.is_empty()).then_some(batch)
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.budget.remove_waiting(self.in_flight + self.pending.len());
    }
}

/// Why the server has stopped writing to a client, for the log.
#[derive(Debug, Clone, Copy)]
pub enum GivenUp {
    /// More was waiting for it than may.
    TooSlow,
    /// It took no bytes for too long.
    NotReading,
    /// It fell behind while too many bytes were waiting for all clients.
    NoMemory,
    /// It fell behind while no thread was free. The client's own thread writes the rest.
    NoThread,
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            GivenUp::TooSlow => f.write_str("read too slowly: more was waiting for it than may"),
            GivenUp::NotReading => write!(f, "did not read for {} s", tcp::PIECE_TIMEOUT.as_secs()),
            GivenUp::NoMemory => f.write_str("fell behind, and too much was waiting for slow clients"),
            GivenUp::NoThread => f.write_str("fell behind, and no thread was free to write to it"),
        }
    }
}

impl Sender {
    /// Begins a backlog with all but the first `written` bytes of `frames`, and has it written.
    ///
    /// A catch-up thread writes it. If none may be started, or none can, the client's own thread writes it, and
    /// then Close 1013, because no thread reads meanwhile. If too many bytes wait already, the connection is cut.
    pub(super) fn fall_behind(&self, output: &mut Output, frames: &[u8], written: usize) {
        let budget = &self.0.budget;
        output.backlog.insert(Box::new(Backlog::new(budget))).put_first(frames[written..].to_vec());
        // The thread that writes blocks in its writes, so the flag stays off until it ends.
        if budget.waiting() > budget.total || self.set_nonblocking(output, false).is_err() {
            output.given_up = Some(GivenUp::NoMemory);
            self.end_backlog(output, false);
        } else if !self.start_catch_up() {
            if !frames::is_close(frames) {
                self.close_behind(output, GivenUp::NoThread);
            }
            output.finished = true;
            if let Some(backlog) = &mut output.backlog {
                backlog.is_left_to_owner = true;
            }
            // The client's own thread waits in `read`. This wakes it: it reads the end of the stream, and gets
            // to `wait_until_caught_up` when it ends the connection.
            let _ = self.0.stream.shutdown(Shutdown::Read); // fails only if the client has gone
        }
    }

    /// Starts a thread that writes the backlog. Returns false if there are too many threads.
    fn start_catch_up(&self) -> bool {
        let threads = &self.0.budget.threads;
        let (Some(serving), Some(counted)) = (threads.serving.add(), threads.all.add()) else { return false };
        let sender = self.clone();
        let catch_up = move || {
            sender.write_backlog();
            sender.0.is_caught_up.notify_all(); // the client's own thread
            drop((serving, counted));
        };
        let builder = thread::Builder::new().name("catch-up".to_string());
        builder.stack_size(CATCH_UP_STACK).spawn(catch_up).is_ok()
    }

    /// Accepts nothing more for a client that is behind: puts Close 1013 in the place of its pending frames.
    pub(super) fn close_behind(&self, output: &mut Output, why: GivenUp) {
        let close = frames::close(CloseCode::Again, TOO_SLOW);
        output.given_up = Some(why);
        output.finished = true;
        output.our_close_code = Some(frames::close_code(&close));
        if let Some(backlog) = &mut output.backlog {
            backlog.replace_pending(close);
        }
    }

    /// Writes the backlog until it is empty or a write fails. It runs on the catch-up thread or, for
    /// [`Sender::start`] and if there is none, on the client's own thread.
    pub(super) fn write_backlog(&self) {
        loop {
            let mut output = lock(&self.0.output);
            let backlog = output.backlog.as_mut();
            let Some(batch) = backlog.and_then(|backlog| backlog.next_batch(|frames| self.show(frames)))
            else {
                return self.end_backlog(&mut output, true);
            };
            drop(output);
            if let Err(error) = tcp::write_in_pieces(&self.0.stream, &batch, tcp::PIECE_TIMEOUT) {
                let mut output = lock(&self.0.output);
                if error.kind() == ErrorKind::TimedOut {
                    output.given_up = Some(GivenUp::NotReading);
                }
                return self.end_backlog(&mut output, false);
            }
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
    }
}
