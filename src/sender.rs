//! The one way out of a client, and the cleverest lines of the program.
//!
//! **The promise.** Any thread may [`Sender::send`] whole frames to any client, at any time.
//! `send` never waits. What it takes arrives whole, in order, or the connection ends.
//!
//! **What was rejected.** A thread is waiting in `read` on the same socket, all the time.
//! - Two `WebSocket`s on clones of the stream: the reader answers a ping by itself, and that pong
//!   lands inside the frame that another thread is writing. This has been seen.
//! - `Arc<Mutex<WebSocket>>`: `read` holds the lock while it waits. Waking up from time to time to
//!   give it away costs CPU when nothing happens, and delay when something does.
//! - A writer thread and a channel for each client: correct, but waking N threads for one message
//!   costs more than the N writes, and every thread has a stack.
//! - A short write timeout instead of the flag below: kernels round it up, to milliseconds of waiting
//!   for every full socket.
//!
//! **Its states.** The lock is held for a moment only, never while anybody waits: in `idle` for one
//! write that does not wait, in `behind` for adding to what waits.
//! ```text
//!            send: the kernel takes all of it
//!              ┌──────────┐
//!              │          ▼
//!            ┌─┴────────────┐  send: the kernel's buffer is full   ┌───────────────────────────┐
//!            │ idle/writing │ ───────────────────────────────────▶ │ behind: one thread writes │
//!            │ (under lock) │ ◀─────────────────────────────────── │ blocking, sends only queue│◀─ new
//!            └──────┬───────┘  nothing pending (under lock)        └─────────────┬─────────────┘
//!                   │          (new: that thread is the client's own, see        │
//!                   │           `release`)                                       │
//!                   └──▶ finished: nothing more is accepted, what waits goes out ◀┘
//! ```
//!
//! **Writing without waiting, in safe std.** C would say `MSG_DONTWAIT` for one write. std has only
//! `set_nonblocking`, and that flag (`O_NONBLOCK`) belongs to the socket, so it is the reader's as
//! well. But a read that already waits is not disturbed by switching it. So the flag goes on before
//! a write, and stays on; it goes off before the owner's next read; both under the lock. A read
//! that starts just after somebody switched it on fails with `WouldBlock`, and tries again.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::shared::{Budget, lock};
use crate::tap::Tap;
use crate::tcp;

/// Stack of a catch-up thread, in bytes: it only writes.
const CATCH_UP_STACK: usize = 64 * 1024;

/// A handle to one client's way out. Clones lead to the same client.
#[derive(Debug, Clone)]
pub struct Sender(Arc<Line>);

/// Whoever speaks to a thousand clients goes along a thousand of these and waits for the memory of each. So
/// all that a `send` needs, if the client is not slow, lies together here, in 64 bytes with what `Arc` adds.
/// What is large, and only there for a slow client, is in its [`Backlog`].
#[derive(Debug)]
struct Line {
    stream: TcpStream,
    budget: Arc<Budget>,
    tap: Option<Arc<Tap>>,
    out: Mutex<Out>,
    is_caught_up: Condvar,
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
const _: () = assert!(size_of::<Line>() == 48);

#[derive(Debug, Default)]
struct Out {
    /// Whether O_NONBLOCK is on.
    nonblocking: bool,
    /// Whether nothing more is accepted.
    finished: bool,
    /// The code of the Close frame of ours, after which there is no other.
    close_code: Option<u16>,
    /// What waits: until the release, and then while a catch-up thread is at work. The flag is off
    /// meanwhile, and only that thread writes; at the release, the client's own.
    behind: Option<Box<Backlog>>,
}

#[derive(Debug, Default)]
struct Backlog {
    /// Bytes that the catch-up thread has taken. They may begin in the middle of a frame.
    in_flight: usize,
    /// What it takes next. This begins and ends at the edge of a frame.
    pending: Vec<u8>,
}

/// A Close frame (RFC 6455, 5.5.1): FIN and opcode 8, 21 bytes, code 1013 = 0x03F5, the reason. By
/// hand, because the place that encodes frames builds on this one.
const TOO_SLOW: &[u8] = b"\x88\x15\x03\xF5too slow: come back";

impl Sender {
    /// The way out through `stream`. It is born behind: what is sent waits until its owner
    /// [`Sender::release`]s it. So it can be given to others before the 101 is on its way, and the
    /// client misses nothing that they say from then on. What it sends, `tap` sees.
    pub fn new(stream: TcpStream, budget: Arc<Budget>, tap: Option<Arc<Tap>>) -> Sender {
        let out = Mutex::new(Out { behind: Some(Box::default()), ..Out::default() });
        Sender(Arc::new(Line { stream, budget, tap, out, is_caught_up: Condvar::new() }))
    }

    /// Sends one or more whole frames, without waiting. Once the client is finished they are
    /// dropped in silence: whoever speaks to a room need not know who has just left it.
    pub fn send(&self, frames: &[u8]) {
        self.write(&mut lock(&self.0.out), frames);
    }

    /// Sends only if nothing waits: for what is worth little a moment later, such as "is typing".
    pub fn offer(&self, frames: &[u8]) {
        let mut out = lock(&self.0.out);
        if out.behind.is_none() {
            self.write(&mut out, frames);
        }
    }

    /// Sends `first` before everything that has been waiting, and then that; see [`Sender::new`].
    /// Only for the client's own thread: if the client is slow, it waits.
    pub fn release(&self, first: Vec<u8>) {
        if let Some(backlog) = &mut lock(&self.0.out).behind {
            self.0.budget.add(first.len());
            backlog.in_flight = first.len();
        }
        if let Some(tap) = &self.0.tap {
            tap.begin(&first);
        }
        self.catch_up(first);
    }

    /// Sends a Close frame, after which there must be no other (RFC 6455, 5.5.1), and finishes.
    pub fn close(&self, close_frame: &[u8]) {
        let mut out = lock(&self.0.out);
        self.write(&mut out, close_frame);
        if out.close_code.is_none() {
            out.close_code = Some(code_of(close_frame));
        }
        self.finish_locked(&mut out);
    }

    /// Accepts nothing more. What waits still goes out; then the peer sees the end of the stream.
    pub fn finish(&self) {
        self.finish_locked(&mut lock(&self.0.out));
    }

    /// The code of the Close frame that we have sent, if we have: what the client says after that,
    /// nobody need hear. 1005 if it has none (RFC 6455, 7.1.5).
    pub fn close_code(&self) -> Option<u16> {
        lock(&self.0.out).close_code
    }

    /// The connection itself, for the client's own thread to set timeouts and to read what is left.
    /// Whoever wrote to it would break the promise.
    pub fn tcp(&self) -> &TcpStream {
        &self.0.stream
    }

    /// The tap on this client, if it can be watched.
    pub fn tap(&self) -> Option<&Arc<Tap>> {
        self.0.tap.as_ref()
    }

    /// Whether nothing more is accepted: it was closed, or could not be written to.
    pub fn is_finished(&self) -> bool {
        lock(&self.0.out).finished
    }

    /// Whether something waits.
    pub fn is_behind(&self) -> bool {
        lock(&self.0.out).behind.is_some()
    }

    /// Waits until nothing waits. Only for the client's own thread: it delays nobody else.
    pub fn wait_until_caught_up(&self) {
        let mut out = lock(&self.0.out);
        while out.behind.is_some() {
            out = self.0.is_caught_up.wait(out).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads, on the client's own thread. It stands here because of the flag it shares with `send`.
    ///
    /// # Errors
    /// `TimedOut` when nothing came for `patience`, which must be the stream's read timeout.
    pub fn read(&self, buffer: &mut [u8], patience: Duration) -> io::Result<usize> {
        loop {
            self.set_nonblocking(&mut lock(&self.0.out), false)?;
            let started = Instant::now();
            match (&self.0.stream).read(buffer) {
                // Two causes, one error. The flag's comes at once, the timeout's when that is over;
                // half the time is far from both.
                Err(e) if tcp::is_timeout(&e) && started.elapsed() < patience / 2 => {}
                Err(e) if tcp::is_timeout(&e) => return Err(ErrorKind::TimedOut.into()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn write(&self, out: &mut Out, frames: &[u8]) {
        if out.finished || frames.is_empty() {
            return;
        }
        if let Some(backlog) = &mut out.behind {
            if !self.queue(backlog, frames) {
                self.replace(backlog, TOO_SLOW);
                (out.finished, out.close_code) = (true, Some(code_of(TOO_SLOW)));
            }
            return;
        }
        self.show(frames);
        match self.write_now(out, frames) {
            Ok(count) if count == frames.len() => {}
            Ok(count) => self.fall_behind(out, frames[count..].to_vec()),
            Err(error) => {
                out.finished = true;
                // It has gone: its own thread reads what is left, and then the end. After any other
                // error half a frame may be out, so the connection is cut.
                let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                if !gone.contains(&error.kind()) {
                    let _ = self.0.stream.shutdown(Shutdown::Both);
                }
            }
        }
    }

    /// Writes as much as the kernel takes at once, and says how much that was.
    fn write_now(&self, out: &mut Out, frames: &[u8]) -> io::Result<usize> {
        self.set_nonblocking(out, true)?;
        let mut written = 0;
        while written < frames.len() {
            match (&self.0.stream).write(&frames[written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(written)
    }

    /// Gives what the kernel did not take to a catch-up thread. `rest` may begin inside a frame, so
    /// it does not become `pending`, which may be replaced.
    fn fall_behind(&self, out: &mut Out, rest: Vec<u8>) {
        self.0.budget.add(rest.len());
        out.behind = Some(Box::new(Backlog { in_flight: rest.len(), pending: Vec::new() }));
        let started = match self.0.budget.thread() {
            // That thread blocks in its writes, so the flag goes off, and stays off until it ends.
            Some(permit) if self.set_nonblocking(out, false).is_ok() => {
                let line = self.clone();
                let builder = thread::Builder::new().name("catch-up".to_string());
                let catch_up = move || {
                    line.catch_up(rest);
                    drop(permit);
                };
                builder.stack_size(CATCH_UP_STACK).spawn(catch_up).is_ok()
            }
            _ => false,
        };
        if !started {
            self.caught_up(out, false);
        }
    }

    /// Lets frames wait, unless too much waits already; returns whether they do.
    fn queue(&self, backlog: &mut Backlog, frames: &[u8]) -> bool {
        let (budget, Backlog { in_flight, pending }) = (&self.0.budget, backlog);
        let is_too_much =
            *in_flight + pending.len() > budget.per_client || budget.waiting() > budget.total;
        if is_too_much || pending.try_reserve(frames.len()).is_err() {
            return false;
        }
        budget.add(frames.len());
        pending.extend_from_slice(frames);
        true
    }

    /// Replaces all that may be replaced of what waits.
    fn replace(&self, backlog: &mut Backlog, frames: &[u8]) {
        self.0.budget.take(backlog.pending.len());
        self.0.budget.add(frames.len());
        backlog.pending = frames.to_vec();
    }

    /// The catch-up thread: writes until nothing is pending, then ends.
    fn catch_up(&self, mut batch: Vec<u8>) {
        loop {
            let written = tcp::write_in_pieces(&self.0.stream, &batch).is_ok();
            let mut out = lock(&self.0.out);
            let has_more = |backlog: &&mut Box<Backlog>| written && !backlog.pending.is_empty();
            let Some(backlog) = out.behind.as_mut().filter(has_more) else {
                return self.caught_up(&mut out, written);
            };
            self.0.budget.take(batch.len());
            batch = std::mem::take(&mut backlog.pending);
            backlog.in_flight = batch.len();
            self.show(&batch);
        }
    }

    /// The end of being behind: all is written, or the connection is broken.
    fn caught_up(&self, out: &mut Out, written: bool) {
        if let Some(backlog) = out.behind.take() {
            self.0.budget.take(backlog.in_flight + backlog.pending.len());
        }
        if !written {
            // In the middle of a frame, so there is nothing to say. This also wakes the reader.
            out.finished = true;
            let _ = self.0.stream.shutdown(Shutdown::Both); // fails only if it is shut already
        } else if out.finished {
            let _ = self.0.stream.shutdown(Shutdown::Write);
        }
        self.0.is_caught_up.notify_all();
    }

    fn finish_locked(&self, out: &mut Out) {
        if !out.finished && out.behind.is_none() {
            let _ = self.0.stream.shutdown(Shutdown::Write);
        }
        out.finished = true;
        // From here on nobody switches any more, so the owner can read the rest in peace.
        let _ = self.set_nonblocking(out, false);
    }

    /// Shows whole frames to those who watch, when it is their turn to go to the socket, so that what
    /// waits and is replaced is never shown. Under the lock, so in order; a view's Sender is locked
    /// inside it, and has no tap, so that there is no circle.
    fn show(&self, frames: &[u8]) {
        if let Some(tap) = &self.0.tap {
            tap.from_server(frames);
        }
    }

    fn set_nonblocking(&self, out: &mut Out, on: bool) -> io::Result<()> {
        if out.nonblocking != on {
            self.0.stream.set_nonblocking(on)?;
            out.nonblocking = on;
        }
        Ok(())
    }
}

/// The code in a Close frame that is not masked; 1005 if there is none.
fn code_of(close_frame: &[u8]) -> u16 {
    close_frame.get(2..4).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]))
}
