//! The Sender: the one way to write to a client. Every thread writes through it, whole frames at a time.
//! (It is not `std::sync::mpsc::Sender`. What reads, such as [`Sender::read`], is for the client's own thread alone.)
//!
//! **The promise.** Any thread may [`Sender::send`] whole frames to any client, at any time.
//! `send` never waits for the client. What it accepts arrives whole and in order, or the connection ends.
//!
//! **What was rejected.** The client's own thread waits in `read` on the same socket, all the time.
//! - Two `WebSocket`s on clones of the stream: the reader answers a ping by itself, and that pong
//!   lands inside the frame that another thread is writing. This has been measured.
//! - `Arc<Mutex<WebSocket>>`: `read` holds the lock while it waits. Releasing it from time to time
//!   costs CPU when nothing happens, and delay when something does.
//! - A writer thread and a channel for each client: waking N threads for one message costs more than
//!   the N writes, and every thread has a stack.
//! - A short write timeout in place of the flag below: kernels round it up to milliseconds.
//!
//! **The states.** Each Sender has a lock of its own, held for a moment and never during a wait: in
//! `idle` for one write that does not block, in `behind` for appending to the `Backlog`.
//! ```text
//!  new ──▶ paused ── start: the client's thread writes the 101 and the backlog ──┐
//!          (send appends to the backlog)                                         ▼
//!  ┌─────────────────────────┐   send: the kernel's buffer is full   ┌──────────────────────────┐
//!  │ idle: send writes       │ ────────────────────────────────────▶ │ behind: a thread writes  │
//!  │ to the socket at once   │ ◀──────────────────────────────────── │ and blocks; send appends │
//!  └──────────┬──────────────┘   the backlog is written              └────────────┬─────────────┘
//!             └────▶ finished: accepts nothing more; the backlog is written ◀─────┘
//! ```
//!
//! **Writing without blocking, in safe std.** C would set `MSG_DONTWAIT` for one write. std has only
//! `set_nonblocking`, and that flag (`O_NONBLOCK`) belongs to the socket, so it changes the reader's
//! calls too. But a read that already waits is not disturbed when the flag changes:
//! ```text
//!  client's thread                          another thread
//!  flag off (lock); read waits …
//!                                           flag on (lock); write returns at once; flag stays on
//!  … read returns with bytes, handles them
//!  flag off (lock); read waits …
//! ```
//! If the other thread comes between "flag off" and "read", the read fails with `WouldBlock` at once, and
//! is tried again.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{frames, memory::Budget, tap::Tap};
use crate::{mutex::lock, tcp};

mod backlog; // what waits for a slow client, and the thread that writes it: `fall_behind`, `write_backlog`

use backlog::{Backlog, GivenUp};

/// A handle for sending to one client. Clones send to the same client.
#[derive(Debug, Clone)]
pub struct Sender(Arc<Inner>);

/// What all clones share. *Speed*: 48 bytes, so that with the counters of `Arc` it fills one cache line.
#[derive(Debug)]
struct Inner {
    stream: TcpStream,
    budget: Arc<Budget>,
    tap: Option<Arc<Tap>>,
    output: Mutex<Output>,
    is_caught_up: Condvar,
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
const _: () = assert!(size_of::<Inner>() == 48);

#[derive(Debug, Default)]
struct Output {
    /// Whether O_NONBLOCK is on.
    nonblocking: bool,
    /// Whether no more frames are accepted.
    finished: bool,
    /// The code of the server's Close frame, once one is accepted; no other frame may follow it.
    our_close_code: Option<u16>,
    /// Why the server stopped writing, if it did.
    given_up: Option<GivenUp>,
    /// What waits to be written. While it exists the flag is off, and only one thread writes: the
    /// catch-up thread or, during [`Sender::start`] and if there is no other, the client's own thread.
    backlog: Option<Box<Backlog>>,
}

impl Sender {
    /// A Sender that writes to `stream`, and shows what it writes to `tap`. It starts paused: frames
    /// collect in its backlog until [`Sender::start`]. So it can be in a map before the 101 is written,
    /// and the client misses no message from then on.
    pub fn new(stream: TcpStream, budget: Arc<Budget>, tap: Option<Arc<Tap>>) -> Sender {
        let backlog = Some(Box::new(Backlog::new(&budget)));
        let output = Mutex::new(Output { backlog, ..Output::default() });
        Sender(Arc::new(Inner { stream, budget, tap, output, is_caught_up: Condvar::new() }))
    }

    /// Writes `first`, which begins with the 101, then the frames that have collected. Only for the
    /// client's own thread: if the client reads slowly, this waits.
    pub fn start(&self, first: Vec<u8>) {
        if let Some(tap) = &self.0.tap {
            tap.begin(&first);
        }
        if let Some(backlog) = &mut lock(&self.0.output).backlog {
            backlog.put_first(first);
        }
        self.write_backlog();
    }

    /// Sends one or more whole frames, without waiting. A finished Sender drops them, because a thread
    /// that sends to a room cannot know which client has just left.
    pub fn send(&self, frames: &[u8]) {
        self.write(&mut lock(&self.0.output), frames);
    }

    /// Sends the frames unless the client is behind: for news such as "is typing", which is old soon.
    pub fn try_send(&self, frames: &[u8]) {
        let mut output = lock(&self.0.output);
        if output.backlog.is_none() {
            self.write(&mut output, frames);
        }
    }

    /// Sends a Close frame and finishes: no frame may follow a Close (RFC 6455, 5.5.1). Behind it the client reads
    /// the end of the stream.
    pub fn close(&self, close_frame: &[u8]) {
        self.answer_close(close_frame);
        // The thread that writes a backlog does this behind the backlog.
        if !self.is_behind() {
            let _ = self.0.stream.shutdown(Shutdown::Write); // fails only if the connection has ended
        }
    }

    /// The same in answer to the client's Close. Only for the client's own thread, which ends the connection next,
    /// and with it the stream.
    pub fn answer_close(&self, close_frame: &[u8]) {
        let mut output = lock(&self.0.output);
        self.write(&mut output, close_frame);
        output.our_close_code.get_or_insert(frames::close_code(close_frame));
        output.finished = true;
    }

    /// Accepts no more frames. The backlog is still written.
    pub fn finish(&self) {
        lock(&self.0.output).finished = true;
    }

    /// The code of the server's Close frame, once one is accepted; 1005 if it has none (RFC 6455, 7.1.5).
    pub fn our_close_code(&self) -> Option<u16> {
        lock(&self.0.output).our_close_code
    }

    /// Why the server has stopped writing to the client, if it has, for the log.
    pub fn given_up(&self) -> Option<GivenUp> {
        lock(&self.0.output).given_up
    }

    /// The connection, for its own thread to set timeouts. A write would break the promise.
    pub fn tcp(&self) -> &TcpStream {
        &self.0.stream
    }

    /// The tap on this client, if a wire view may watch it.
    pub fn tap(&self) -> Option<&Arc<Tap>> {
        self.0.tap.as_ref()
    }

    /// Whether it accepts no more frames: it was closed, or a write failed.
    pub fn is_finished(&self) -> bool {
        lock(&self.0.output).finished
    }

    /// Whether frames wait in a backlog: the client is behind, or still paused.
    pub fn is_behind(&self) -> bool {
        lock(&self.0.output).backlog.is_some()
    }

    /// Waits until the client has no backlog (backpressure). Only for the client's own thread, which writes the
    /// backlog itself if no other does.
    pub fn wait_until_caught_up(&self) {
        let mut output = lock(&self.0.output);
        while let Some(backlog) = &output.backlog {
            if backlog.is_left_to_owner {
                drop(output);
                return self.write_backlog();
            }
            output = self.0.is_caught_up.wait(output).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads, on the client's own thread. It stands here because it shares the flag with `send`.
    /// Errors: `TimedOut` after `timeout`, which must be the stream's read timeout.
    pub fn read(&self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        loop {
            self.set_nonblocking(&mut lock(&self.0.output), false)?;
            let started = Instant::now();
            match (&self.0.stream).read(buffer) {
                // The flag causes the same error as the timeout, but at once. So an error within half of the
                // timeout comes from the flag, and a later one is the timeout.
                Err(e) if tcp::is_timeout(&e) && started.elapsed() < timeout / 2 => {}
                Err(e) if tcp::is_timeout(&e) => return Err(ErrorKind::TimedOut.into()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Whether no byte of the client waits to be read. Only for the client's own thread, as `drain` is.
    pub fn is_quiet(&self) -> bool {
        let flag = self.set_nonblocking(&mut lock(&self.0.output), true);
        let peek = flag.and_then(|()| self.0.stream.peek(&mut [0]));
        matches!(peek, Ok(0)) || peek.is_err_and(|error| tcp::is_timeout(&error))
    }

    /// Once it is finished: ends the stream, and reads what the client still sends, such as its answer to the
    /// server's Close, up to the end of its stream. That is only shown.
    pub fn drain(&self) {
        if self.set_nonblocking(&mut lock(&self.0.output), false).is_err() {
            return;
        }
        // No other thread changes the flag of a finished Sender.
        tcp::drain(&self.0.stream, |bytes| {
            if let Some(tap) = &self.0.tap {
                tap.from_client(bytes);
            }
        });
    }

    fn write(&self, output: &mut Output, frames: &[u8]) {
        if output.finished || frames.is_empty() {
            return;
        }
        if let Some(backlog) = &mut output.backlog {
            if !backlog.push(frames) {
                self.close_behind(output, GivenUp::TooSlow);
            }
            return;
        }
        self.show(frames);
        match self.write_now(output, frames) {
            Ok(count) if count == frames.len() => {}
            Ok(count) => self.fall_behind(output, frames, count),
            Err(error) => {
                output.finished = true;
                // If the client has gone, its thread still reads the bytes that came before. After any
                // other error half a frame may be out: cut the connection.
                let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                if !gone.contains(&error.kind()) {
                    let _ = self.0.stream.shutdown(Shutdown::Both);
                }
            }
        }
    }

    /// Writes as much as the kernel takes at once. Returns the number of bytes.
    fn write_now(&self, output: &mut Output, frames: &[u8]) -> io::Result<usize> {
        self.set_nonblocking(output, true)?;
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

    /// Shows frames to the tap when they go to the socket, so that frames which are replaced in the
    /// backlog are never shown. The views' Senders are locked inside this one; they have no tap,
    /// so there is no deadlock.
    fn show(&self, frames: &[u8]) {
        if let Some(tap) = &self.0.tap {
            tap.from_server(frames);
        }
    }

    fn set_nonblocking(&self, output: &mut Output, on: bool) -> io::Result<()> {
        if output.nonblocking != on {
            self.0.stream.set_nonblocking(on)?;
            output.nonblocking = on;
        }
        Ok(())
    }
}
