//! A tap on a connection: it sees the bytes go by, in both directions, and has them cut into frames.
//!
//! It lies below tungstenite, right at the socket: only there all is still to be seen, masking keys,
//! fragments, and what is against the protocol. Only connections that were opened with `?wire=<id>`
//! have one. While nobody watches, the server's frames cost one look at a flag. Of the client's bytes
//! the edges of the frames are followed all the time, so that a view which opens in the middle of a
//! frame begins with the next one.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::frames::{Frame, Walker};
use crate::shared::lock;

/// How many bytes of a frame's payload are shown.
const PAYLOAD_SHOWN: u64 = 256;

/// Who is told what passes. None of this may wait: it is called inside the lock of a Sender. (It is a
/// trait because Senders use taps, and `wire.rs`, which tells it to others, uses Senders.)
pub trait Watcher: Debug + Send + Sync {
    /// The request will be answered with this 101.
    fn began(&self, tap: &Arc<Tap>, response: &[u8]);
    /// A frame passes, from the `client` or the `server`, and [`Tap::is_watched`].
    fn passed(&self, tap: &Tap, from: &str, frame: &Frame);
    /// The connection has ended.
    fn ended(&self, tap: &Tap);
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
        self.walk("client", &mut lock(&self.from_client), bytes);
    }

    /// Whole frames from the server.
    pub fn from_server(&self, frames: &[u8]) {
        if self.is_watched.load(Relaxed) {
            self.walk("server", &mut Walker::default(), frames);
        }
    }

    fn walk(&self, from: &str, walker: &mut Walker, bytes: &[u8]) {
        let wanted = self.is_watched.load(Relaxed).then_some(PAYLOAD_SHOWN);
        walker.walk(bytes, wanted, |frame| {
            if frame.is_wanted {
                self.watcher.passed(self, from, frame);
            }
        });
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
