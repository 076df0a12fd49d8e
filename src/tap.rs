//! A tap on a connection: it sees the bytes go by, in both directions, and cuts them into frames.
//!
//! It lies below tungstenite, right at the socket: only there all is still to be seen, masking keys,
//! fragments, and what is against the protocol. Only connections that were opened with `?wire=<id>`
//! have one. While nobody watches, the server's frames cost one look at a flag. Of the client's bytes
//! the edges of the frames are followed all the time, so that a view which opens in the middle of a
//! frame begins with the next one.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::shared::lock;

/// How many bytes of a frame's payload are shown.
const PAYLOAD_SHOWN: u64 = 256;

/// Who is told what passes. None of this may wait: it is called inside the lock of a Sender. (It is a
/// trait because Senders use taps, and `wire.rs`, which tells it to others, uses Senders.)
pub trait Watcher: Debug + Send + Sync {
    /// The request will be answered with this 101.
    fn began(&self, tap: &Arc<Tap>, response: &[u8]);
    /// A frame passes, and [`Tap::is_watched`].
    fn passed(&self, tap: &Tap, frame: &Frame);
    /// The connection has ended.
    fn ended(&self, tap: &Tap);
}

/// A frame as it is on the wire; so one that comes from a client is masked.
#[derive(Debug)]
pub struct Frame<'a> {
    /// `client` or `server`.
    pub from: &'static str,
    /// The header, masking key included.
    pub header: &'a [u8],
    /// The length of the payload, of which only the beginning follows.
    pub length: u64,
    /// The payload's first 256 bytes.
    pub payload: &'a [u8],
}

/// The tap on one connection.
#[derive(Debug)]
pub struct Tap {
    /// The id from `?wire=`.
    pub id: String,
    /// The client's number.
    pub client: u64,
    /// The request's head, as it arrived.
    pub request: Vec<u8>,
    /// Whether anybody watches. The watcher's to set.
    pub is_watched: AtomicBool,
    watcher: Arc<dyn Watcher>,
    /// What came in one packet with the request: frames of a client in a hurry.
    early: Vec<u8>,
    from_client: Mutex<Walker>,
}

impl Tap {
    /// A tap on the connection that begins with this request, and perhaps frames behind it.
    pub fn new(
        id: String,
        client: u64,
        request: Vec<u8>,
        early: Vec<u8>,
        watcher: Arc<dyn Watcher>,
    ) -> Tap {
        let (is_watched, from_client) = (AtomicBool::new(false), Mutex::default());
        Tap { id, client, request, is_watched, watcher, early, from_client }
    }

    /// What the server says first, the 101 and perhaps frames, before anything else passes.
    pub fn begin(self: &Arc<Tap>, first: &[u8]) {
        let end = first.windows(4).position(|window| window == b"\r\n\r\n");
        let (response, frames) = first.split_at(end.map_or(first.len(), |at| at + 4));
        self.watcher.began(self, response);
        self.from_client(&self.early);
        self.from_server(frames);
    }

    /// Bytes from the client, in whatever pieces they arrive.
    pub fn from_client(&self, bytes: &[u8]) {
        lock(&self.from_client).walk("client", bytes, self);
    }

    /// Whole frames from the server.
    pub fn from_server(&self, frames: &[u8]) {
        if self.is_watched.load(Relaxed) {
            Walker::default().walk("server", frames, self);
        }
    }
}

/// Tells the watcher that a connection has ended, when it is dropped: even if its thread panics.
#[derive(Debug)]
pub struct Ending(pub Arc<Tap>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.watcher.ended(&self.0);
    }
}

/// Walks along a stream of bytes from frame to frame.
#[derive(Debug, Default)]
struct Walker {
    /// The frame's header and what is shown of its payload, as far as it has passed.
    start: Vec<u8>,
    /// Whether it is shown: somebody watched when it began.
    is_shown: bool,
    /// How many bytes of the last frame are still to come, of which nobody wants to know.
    rest: u64,
}

impl Walker {
    fn walk(&mut self, from: &'static str, mut bytes: &[u8], tap: &Tap) {
        let is_watched = tap.is_watched.load(Relaxed);
        loop {
            let skipped = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
            self.rest -= skipped as u64;
            // One by one, since a read may end anywhere; these are 270 at most, the rest is skipped.
            let Some((byte, others)) = bytes[skipped..].split_first() else { return };
            bytes = others;
            if self.start.is_empty() {
                self.is_shown = is_watched;
            }
            self.start.push(*byte);
            let Some((size, length)) = read_header(&self.start) else { continue };
            let shown = if self.is_shown { length.min(PAYLOAD_SHOWN) } else { 0 };
            let (header, payload) = self.start.split_at(size);
            if payload.len() as u64 == shown {
                if self.is_shown {
                    tap.watcher.passed(tap, &Frame { from, header, length, payload });
                }
                self.rest = length - shown;
                self.start.clear();
            }
        }
    }
}

/// The size of the header that a frame starts with, and the length in it (RFC 6455, 5.2); `None` as
/// long as it is not whole. By hand: tungstenite's own function refuses headers that are against the
/// protocol, and those are worth seeing.
fn read_header(start: &[u8]) -> Option<(usize, u64)> {
    let second = *start.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let extended = match second & 0x7F {
        126 => 2,
        127 => 8,
        short => return (start.len() >= 2 + mask).then_some((2 + mask, short.into())),
    };
    let size = 2 + extended + mask;
    let length = start.get(..size)?[2..2 + extended].iter();
    Some((size, length.fold(0, |length, byte| length << 8 | u64::from(*byte))))
}
