//! A tap on a connection: it cuts the bytes of both directions into frames, for the wire view.
//!
//! It sits below tungstenite, at the socket, where masking keys, fragments and frames that violate the
//! protocol can still be seen. Only a connection that was opened with `?wire=<id>` has a tap. The
//! client's bytes are scanned even while no view is open, so that a view which opens in the middle of a
//! frame begins with the next one.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use super::frames::{Frame, FrameScanner};
use crate::mutex::lock;

/// How many bytes of a frame's payload a view shows.
const PAYLOAD_SHOWN: u64 = 256;

/// Receives what passes a tap. No method may wait: they are called inside the lock of a Sender.
///
/// It is a trait because `wire.rs`, which implements it, sends through Senders, and Senders call taps.
pub trait Watcher: Debug + Send + Sync {
    /// The connection begins with this 101.
    fn began(&self, tap: &Arc<Tap>, response: &[u8]);
    /// A frame passes, `from` the `client` or the `server`, and [`Tap::is_watched`] is true.
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
    /// Whether a view is open. The watcher sets it.
    pub is_watched: AtomicBool,
    watcher: Arc<dyn Watcher>,
    /// Frames that came behind the request's head in the same read.
    leftover: Vec<u8>,
    from_client: Mutex<FrameScanner>,
}

impl Tap {
    /// A tap on the connection that begins with this request and these leftover bytes.
    pub fn new(
        id: String, client: u64, request: Vec<u8>, leftover: Vec<u8>, watcher: Arc<dyn Watcher>,
    ) -> Tap {
        let (is_watched, from_client) = (AtomicBool::new(false), Mutex::default());
        Tap { id, client, request, is_watched, watcher, leftover, from_client }
    }

    /// The server's first bytes: the 101, and perhaps frames. Called before anything else passes.
    pub fn begin(self: &Arc<Tap>, first: &[u8]) {
        let end = first.windows(4).position(|window| window == b"\r\n\r\n");
        let (response, frames) = first.split_at(end.map_or(first.len(), |at| at + 4));
        self.watcher.began(self, response);
        self.from_client(&self.leftover);
        self.from_server(frames);
    }

    /// Bytes from the client, however they are cut into reads.
    pub fn from_client(&self, bytes: &[u8]) {
        self.scan("client", &mut lock(&self.from_client), bytes);
    }

    /// Whole frames from the server.
    pub fn from_server(&self, frames: &[u8]) {
        if self.is_watched.load(Relaxed) {
            self.scan("server", &mut FrameScanner::default(), frames);
        }
    }

    fn scan(&self, from: &str, scanner: &mut FrameScanner, bytes: &[u8]) {
        let wanted = self.is_watched.load(Relaxed).then_some(PAYLOAD_SHOWN);
        scanner.scan(bytes, wanted, |frame| {
            if frame.is_wanted {
                self.watcher.passed(self, from, frame);
            }
        });
    }
}

/// Guard: tells the watcher that the connection has ended when it is dropped, even after a panic.
#[derive(Debug)]
pub struct TapGuard(pub Arc<Tap>);

impl Drop for TapGuard {
    fn drop(&mut self) {
        self.0.watcher.ended(&self.0);
    }
}
