//! A listening socket, and the threads that wait in `accept` for its next connection.
//!
//! A thread that has accepted a connection serves it, if another thread goes on waiting; the last one starts
//! a thread for it. A thread whose connection has ended waits again, because starting a thread costs as much as
//! the rest of a handshake. (The pattern is called *leader and followers*.)

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{io, net::TcpListener};

use super::connections::{Connection, Connections};
use crate::threads::Threads;

/// How many threads may wait, and no more than the reserve has. A thread that finds this many waiting
/// already ends. When hundreds of clients lose their connections and come back at once, their threads find them
/// here. A waiting thread takes 7 kB.
const WAITING_MAX: usize = 512;
/// How many of them wait from the start. The system keeps no more than 128 connections that are not accepted yet
/// (the backlog, set by std), and lets one more client wait a second before it tries again. So when a class of
/// 300 opens the page in one moment, enough threads have to accept.
const WAITING_AT_START: usize = 192;

/// A listening socket.
pub struct Listener {
    pub socket: TcpListener,
    waiting: AtomicUsize,
    waiting_max: usize,
    /// At least 1.
    pub waiting_at_start: usize,
}

/// A thread that waits.
pub struct Waiting<'a>(&'a AtomicUsize);

impl Listener {
    /// One of `count` listeners, which share the reserve. No thread waits yet.
    pub fn new(socket: TcpListener, threads: &Threads, count: usize) -> Listener {
        let waiting_max = WAITING_MAX.min(threads.reserve / count);
        let waiting_at_start = WAITING_AT_START.min(waiting_max).max(1);
        Listener { socket, waiting: AtomicUsize::new(0), waiting_max, waiting_at_start }
    }

    /// Waits for a connection, unless its address has too many: such a one is refused.
    /// Errors: those of the system, which may concern only one client.
    pub fn accept(&self, connections: &Arc<Connections>) -> io::Result<Box<Connection>> {
        loop {
            let (stream, peer) = self.socket.accept()?;
            if let Some(connection) = connections.add(stream, peer) {
                return Ok(connection);
            }
        }
    }

    /// Counts the calling thread. `None` if enough threads wait already.
    pub fn begin_waiting(&self) -> Option<Waiting<'_>> {
        let add = |waiting| (waiting < self.waiting_max).then_some(waiting + 1);
        self.waiting.fetch_update(Relaxed, Relaxed, add).ok().map(|_| Waiting(&self.waiting))
    }
}

impl Waiting<'_> {
    /// Counts the thread no more. Returns false, and goes on counting it, if no other thread waits.
    pub fn end_unless_last(&self) -> bool {
        let remove = |waiting| (waiting > 1).then(|| waiting - 1);
        self.0.fetch_update(Relaxed, Relaxed, remove).is_ok()
    }
}
