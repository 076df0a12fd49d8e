//! The one way out of a client, and the cleverest lines of the program.
//!
//! **The promise.** Any thread may [`Sender::send`] whole frames to any client, at any time.
//! `send` never waits. What it takes arrives whole, in order, or the connection ends.
//!
//! **What was rejected.** A thread is waiting in `read` on the same socket, all the time.
//! - Two `WebSocket`s on clones of the stream: the reader answers a ping by itself, and that pong
//!   lands inside the frame that another thread is writing (seen: 70 foreign bytes in a message).
//! - `Arc<Mutex<WebSocket>>`: `read` holds the lock while it waits. Waking up from time to time to
//!   give it away costs CPU when nothing happens, and delay when something does.
//! - A writer thread and a channel for each client: correct, but waking N threads for one message
//!   costs about three times as much as the N writes (and twice the memory).
//! - A short write timeout instead of the flag below: 4 to 8 ms for every full socket.
//!
//! **Three states.**
//! ```text
//!            send: the kernel takes all of it
//!              ┌──────────┐
//!              │          ▼
//!            ┌─┴────────────┐  send: the kernel's buffer is full   ┌──────────────────────────┐
//!            │ idle/writing │ ───────────────────────────────────▶ │ behind: a catch-up thread │
//!            │ (under lock) │ ◀─────────────────────────────────── │ writes, sends only queue  │
//!            └──────┬───────┘     nothing pending (under lock)     └─────────────┬────────────┘
//!                   └───────────────▶ finished: nothing more is accepted ◀───────┘
//! ```
//!
//! **Writing without waiting, in safe std.** C would say `MSG_DONTWAIT` for one write. std has only
//! `set_nonblocking`, and that flag (`O_NONBLOCK`) belongs to the socket, so it is the reader's as
//! well. But a read that already waits is not disturbed by switching it. So the flag goes on before
//! a write, and stays on; it goes off before the owner's next read; both under the lock. A read
//! that starts just after somebody switched it on fails with `WouldBlock`, and tries again.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::tcp;

/// Stack of a catch-up thread, in bytes: it only writes.
const CATCH_UP_STACK: usize = 64 * 1024;

/// What all Senders of a server share: how much may wait in them, and how much does.
#[derive(Debug)]
pub struct Budget {
    /// What may wait for one client, in bytes; one message may always exceed it.
    pub per_client: usize,
    /// What may wait for all clients together, in bytes; beyond it the next to fall behind goes.
    pub total: usize,
    /// How many clients may be behind at once, each with a catch-up thread.
    pub threads: usize,
    waiting: AtomicUsize,
    threads_now: AtomicUsize,
}

impl Budget {
    /// A budget with 256 MiB and 1,000 threads for all clients together.
    pub fn new(per_client: usize) -> Budget {
        let (waiting, threads_now) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Budget { per_client, total: 256 << 20, threads: 1000, waiting, threads_now }
    }

    /// How many bytes wait at this moment.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}

/// Locks, whether or not a thread panicked while it had the lock: one client's bug is no reason for
/// the others to stop talking, and what these locks guard is never left half-changed.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handle to one client's way out. Clones lead to the same client.
#[derive(Debug, Clone)]
pub struct Sender(Arc<Line>);

#[derive(Debug)]
struct Line {
    stream: Arc<TcpStream>,
    budget: Arc<Budget>,
    out: Mutex<Out>,
    caught_up: Condvar,
}

#[derive(Debug, Default)]
struct Out {
    /// Whether O_NONBLOCK is on.
    nonblocking: bool,
    /// Whether a catch-up thread is at work; the flag is off then, and only that thread writes.
    behind: bool,
    /// Whether nothing more is accepted.
    finished: bool,
    /// Whether a Close frame was the last that was accepted.
    closed: bool,
    /// Bytes that the catch-up thread has taken. They may begin in the middle of a frame.
    in_flight: usize,
    /// What it takes next. This begins and ends at the edge of a frame.
    pending: Vec<u8>,
}

/// A Close frame (RFC 6455, 5.5.1): FIN and opcode 8, 21 bytes, code 1013 = 0x03F5, the reason.
const TOO_SLOW: &[u8] = b"\x88\x15\x03\xF5too slow: come back";

impl Sender {
    /// The way out through `stream`, with nothing waiting.
    pub fn new(stream: Arc<TcpStream>, budget: Arc<Budget>) -> Sender {
        let (out, caught_up) = (Mutex::default(), Condvar::new());
        Sender(Arc::new(Line { stream, budget, out, caught_up }))
    }

    /// Sends one or more whole frames, without waiting. Once the client is finished they are
    /// dropped in silence: whoever speaks to a room need not know who has just left it.
    pub fn send(&self, frames: &[u8]) {
        self.write(&mut lock(&self.0.out), frames);
    }

    /// Sends only if nothing waits: for what is worth little a moment later, such as "is typing".
    pub fn offer(&self, frames: &[u8]) {
        let mut out = lock(&self.0.out);
        if !out.behind {
            self.write(&mut out, frames);
        }
    }

    /// From now on what is sent waits, until the owner [`Sender::release`]s it.
    pub fn hold(&self) {
        lock(&self.0.out).behind = true;
    }

    /// Sends `first` before everything that waits, and then that, like a catch-up thread. Only for the
    /// client's own thread: it delays nobody else.
    pub fn release(&self, first: Vec<u8>) {
        self.0.budget.waiting.fetch_add(first.len(), Relaxed);
        lock(&self.0.out).in_flight = first.len();
        self.catch_up(first);
    }

    /// Sends a Close frame, after which there must be no other (RFC 6455, 5.5.1), and finishes.
    pub fn close(&self, close_frame: &[u8]) {
        let mut out = lock(&self.0.out);
        self.write(&mut out, close_frame);
        out.closed = true;
        self.finish_locked(&mut out);
    }

    /// Accepts nothing more. What waits still goes out; then the peer sees the end of the stream.
    pub fn finish(&self) {
        self.finish_locked(&mut lock(&self.0.out));
    }

    /// Whether a Close frame of ours is on its way: what the client says now, nobody need hear.
    pub fn is_closed(&self) -> bool {
        lock(&self.0.out).closed
    }

    /// Waits until nothing waits. Only for the client's own thread: it delays nobody else.
    pub fn wait_until_caught_up(&self) {
        let mut out = lock(&self.0.out);
        while out.behind {
            out = self.0.caught_up.wait(out).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads, on the client's own thread. It stands here because of the flag it shares with `send`.
    ///
    /// # Errors
    /// `TimedOut` when nothing came for `patience`, which must be the stream's read timeout.
    pub fn read(&self, buffer: &mut [u8], patience: Duration) -> io::Result<usize> {
        let started = Instant::now();
        loop {
            let mut out = lock(&self.0.out);
            self.set_nonblocking(&mut out, false)?;
            drop(out);
            match (&*self.0.stream).read(buffer) {
                // Two causes, one error: the flag's comes at once, the timeout's when it is over.
                Err(e) if tcp::is_timeout(&e) && started.elapsed() < patience / 2 => {}
                Err(e) if tcp::is_timeout(&e) => return Err(ErrorKind::TimedOut.into()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn write(&self, out: &mut Out, frames: &[u8]) {
        if out.finished {
        } else if out.behind {
            self.queue(out, frames);
        } else {
            match self.write_now(out, frames) {
                Ok(count) if count == frames.len() => {}
                Ok(count) => self.fall_behind(out, frames[count..].to_vec()),
                Err(_) => out.finished = true, // it has gone; its own thread will read that
            }
        }
    }

    /// Writes as much as the kernel takes at once, and says how much that was.
    fn write_now(&self, out: &mut Out, frames: &[u8]) -> io::Result<usize> {
        self.set_nonblocking(out, true)?;
        let mut written = 0;
        while written < frames.len() {
            match (&*self.0.stream).write(&frames[written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(written)
    }

    fn fall_behind(&self, out: &mut Out, rest: Vec<u8>) {
        let (line, budget) = (Sender::clone(self), &self.0.budget);
        budget.waiting.fetch_add(rest.len(), Relaxed);
        out.in_flight = rest.len();
        out.behind = true;
        let allowed = budget.threads_now.fetch_add(1, Relaxed) < budget.threads
            && budget.waiting() <= budget.total
            && self.set_nonblocking(out, false).is_ok();
        let builder = thread::Builder::new().name("catch-up".into()).stack_size(CATCH_UP_STACK);
        let catch_up = move || {
            line.catch_up(rest);
            line.0.budget.threads_now.fetch_sub(1, Relaxed);
        };
        if !allowed || builder.spawn(catch_up).is_err() {
            budget.threads_now.fetch_sub(1, Relaxed);
            self.caught_up(out, false);
        }
    }

    fn queue(&self, out: &mut Out, frames: &[u8]) {
        let budget = &self.0.budget;
        let mut frames = frames;
        if out.in_flight + out.pending.len() > budget.per_client || budget.waiting() > budget.total
        {
            budget.waiting.fetch_sub(out.pending.len(), Relaxed);
            out.pending = Vec::new();
            (out.closed, out.finished, frames) = (true, true, TOO_SLOW);
        }
        budget.waiting.fetch_add(frames.len(), Relaxed);
        out.pending.extend_from_slice(frames);
    }

    /// The catch-up thread: writes until nothing is pending, then ends.
    fn catch_up(&self, mut batch: Vec<u8>) {
        loop {
            let written = tcp::write_in_pieces(&self.0.stream, &batch).is_ok();
            let mut out = lock(&self.0.out);
            if !written || out.pending.is_empty() {
                return self.caught_up(&mut out, written);
            }
            self.0.budget.waiting.fetch_sub(batch.len(), Relaxed);
            batch = std::mem::take(&mut out.pending);
            out.in_flight = batch.len();
        }
    }

    /// The end of being behind: all is written, or the connection is broken.
    fn caught_up(&self, out: &mut Out, written: bool) {
        let waited = out.in_flight + out.pending.len();
        self.0.budget.waiting.fetch_sub(waited, Relaxed);
        (out.behind, out.in_flight, out.pending) = (false, 0, Vec::new());
        if !written {
            // In the middle of a frame, so there is nothing to say. This also wakes the reader.
            out.finished = true;
            let _ = self.0.stream.shutdown(Shutdown::Both); // fails only if it is shut already
        } else if out.finished {
            let _ = self.0.stream.shutdown(Shutdown::Write);
        }
        self.0.caught_up.notify_all();
    }

    fn finish_locked(&self, out: &mut Out) {
        if !out.finished && !out.behind {
            let _ = self.0.stream.shutdown(Shutdown::Write);
        }
        out.finished = true;
        // From here on nobody switches any more, so the owner can read the rest in peace.
        let _ = self.set_nonblocking(out, false);
    }

    fn set_nonblocking(&self, out: &mut Out, on: bool) -> io::Result<()> {
        if out.nonblocking != on {
            self.0.stream.set_nonblocking(on)?;
            out.nonblocking = on;
        }
        Ok(())
    }
}
