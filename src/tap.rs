//! A tap on a connection: sees its bytes go by, in both directions, and cuts them into frames.
//!
//! It lies below tungstenite, right at the socket, because only there is everything still to be seen:
//! the masking key, the fragments, what is against the protocol. A connection has a tap if it was
//! opened with `?wire=<id>`. Who watches is told by a [`Watcher`]; that is `wire.rs`, which sends it
//! on to the views. While nobody does, the server's direction costs one look at a flag, and of the
//! client's bytes only the frames' edges are followed, so that a view which opens in the middle of a
//! frame begins with the next one.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::shared::lock;

/// How many bytes of a frame's payload are shown.
const PAYLOAD_SHOWN: u64 = 256;

/// Who is told what passes. (A trait, because [`crate::sender`] uses taps, and whoever tells others
/// about it uses Senders.) None of this may wait: it is called while others want to send.
pub trait Watcher: Debug + Send + Sync {
    /// The request is about to be answered with this 101.
    fn began(&self, tap: &Arc<Tap>, response: &[u8]);
    /// A frame passes, while [`Tap::is_watched`].
    fn passed(&self, tap: &Tap, frame: &Frame);
    /// The connection has ended.
    fn ended(&self, tap: &Tap);
}

/// A frame as it is on the wire, so masked if it comes from a client.
#[derive(Debug)]
pub struct Frame<'a> {
    /// `client` or `server`.
    pub from: &'static str,
    /// The header, masking key included.
    pub header: &'a [u8],
    /// The length of the payload.
    pub length: u64,
    /// The payload's first 256 bytes.
    pub payload: &'a [u8],
}

/// What watches one connection.
#[derive(Debug)]
pub struct Tap {
    /// The id in `?wire=`.
    pub id: String,
    /// The client's number.
    pub client: u64,
    /// The request's head, as it arrived.
    pub request: Vec<u8>,
    /// What came in the same packet behind it: frames of a client in a hurry.
    pub early: Vec<u8>,
    /// Whether anybody wants to know. The watcher's to set.
    pub is_watched: AtomicBool,
    /// Who is told.
    pub watcher: Arc<dyn Watcher>,
    /// In which part of which frame the client's bytes are.
    from_client: Mutex<Walker>,
}

impl Tap {
    /// A tap on the connection that has begun with this request.
    pub fn new(
        id: String,
        client: u64,
        request: Vec<u8>,
        early: Vec<u8>,
        watcher: Arc<dyn Watcher>,
    ) -> Tap {
        let (is_watched, from_client) = (AtomicBool::new(false), Mutex::default());
        Tap { id, client, request, early, is_watched, watcher, from_client }
    }

    /// The first that the server sends: the 101, and perhaps frames. Nobody watches before this.
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

/// Tells that a connection has ended, when this is dropped: in whatever way its thread ends.
#[derive(Debug)]
pub struct Ending(pub Arc<Tap>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.watcher.ended(&self.0);
    }
}

/// Walks along a stream of bytes, from frame to frame.
#[derive(Debug, Default)]
struct Walker {
    /// What has passed of a frame, until all of it has passed that will be shown.
    start: Vec<u8>,
    /// Whether it will be shown: somebody was watching when it began.
    is_shown: bool,
    /// How many bytes the rest of it has, which is not shown.
    rest: u64,
}

impl Walker {
    fn walk(&mut self, from: &'static str, mut bytes: &[u8], tap: &Tap) {
        let is_watched = tap.is_watched.load(Relaxed);
        loop {
            let skipped = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
            self.rest -= skipped as u64;
            bytes = &bytes[skipped..];
            // Byte by byte, because anything may end anywhere. There are 270 at most.
            let Some((byte, others)) = bytes.split_first() else { return };
            bytes = others;
            if self.start.is_empty() {
                self.is_shown = is_watched;
            }
            self.start.push(*byte);
            let Some((size, length)) = read_header(&self.start) else { continue };
            let shown = if self.is_shown { length.min(PAYLOAD_SHOWN) } else { 0 };
            if self.start.len() as u64 == size as u64 + shown {
                let (header, payload) = self.start.split_at(size);
                if self.is_shown {
                    tap.watcher.passed(tap, &Frame { from, header, length, payload });
                }
                self.rest = length - shown;
                self.start.clear();
            }
        }
    }
}

/// The size of a frame's header and the length that it announces (RFC 6455, 5.2); `None` if there is
/// more of it to come. By hand, because tungstenite's own refuses headers that are against the
/// protocol, and those are worth seeing.
fn read_header(start: &[u8]) -> Option<(usize, u64)> {
    let second = *start.get(1)?;
    let (short_length, is_masked) = (second & 0x7F, second & 0x80 != 0);
    let length_size = match short_length {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let size = 2 + length_size + if is_masked { 4 } else { 0 };
    let long_length = start.get(2..size)?[..length_size].iter();
    let length = match short_length {
        0..=125 => short_length.into(),
        _ => long_length.fold(0, |length, byte| length << 8 | u64::from(*byte)),
    };
    Some((size, length))
}
