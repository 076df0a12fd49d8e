//! `/wire?id=…`: the bytes of another connection, as they pass. Lab step 4.
//!
//! A page makes up a random id and opens its connection with `?wire=<id>`. Whoever knows the id opens
//! `/wire?id=<the same>`, the *view*, and is shown what passes, in both directions, as JSON. Of several
//! connections with one id the newest is watched, so that a view follows a reconnect. An unknown id
//! shows nothing, and so does one where nothing passes: guessing tells nobody anything.
//!
//! [`Wires`] is like the map of `/broadcast`: one lock, under which everything is sent to the views, so
//! that they see one order. For a server's frame it is taken inside the lock of the watched client's
//! Sender, and a view's Sender is locked inside that. There is no circle, and a view does not feed on
//! itself, because a view has no tap. That `send` never waits keeps a slow view from holding up
//! anybody; it is closed with 1013, as everybody who is too slow.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use tungstenite::handshake::derive_accept_key;

use crate::clock::since_1970;
use crate::http::{self, Response};
use crate::json::JsonObject;
use crate::mutex::lock;
use crate::websocket::frames::Frame;
use crate::websocket::sender::Sender;
use crate::websocket::socket::Socket;
use crate::websocket::tap::{Tap, Watcher};

/// The longest message, in bytes. A view has nothing to say.
pub const MESSAGE_MAX: usize = 1024;

/// Checks the id of a wire: long enough that it cannot be guessed, of characters that need no encoding.
///
/// # Errors
/// 400, with a sentence for the client.
pub fn check_id(id: &str) -> Result<(), Response> {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (16..=64).contains(&id.len()) && id.bytes().all(is_legal) {
        return Ok(());
    }
    Err(Response::refusal(400, "id has to be 16 to 64 characters of A-Z a-z 0-9 - _"))
}

/// All connections that have a tap, and all views.
#[derive(Debug, Default)]
pub struct Wires {
    by_id: Mutex<HashMap<String, Wire>>,
}

/// What has one id.
#[derive(Debug, Default)]
struct Wire {
    newest: Option<Newest>,
    /// By client number.
    views: HashMap<u64, Sender>,
}

/// The connection that is watched, and its handshake.
#[derive(Debug)]
struct Newest {
    tap: Arc<Tap>,
    at: String,
    response: Vec<u8>,
}

impl Wires {
    /// Lets a client watch the wire with this id, until it leaves.
    pub fn serve(&self, id: &str, client: u64, socket: &mut Socket) {
        // As on `/broadcast`: first into the map, then the 101. What passes meanwhile waits.
        let sender = socket.sender().clone();
        self.change(id, |wire| {
            if let Some(newest) = &wire.newest {
                sender.send(&newest.handshake());
            }
            wire.views.insert(client, sender);
        });
        let _view = View { wires: self, id, client };
        socket.send_101();
        while socket.read().is_some() {} // a view has nothing to say
    }

    /// Changes who is at the ends of a wire. It exists as long as there is somebody at one.
    fn change(&self, id: &str, change: impl FnOnce(&mut Wire)) {
        let mut by_id = lock(&self.by_id);
        let wire = by_id.entry(id.to_string()).or_default();
        change(wire);
        let is_watched = !wire.views.is_empty();
        match &wire.newest {
            Some(newest) => newest.tap.is_watched.store(is_watched, Relaxed),
            None if is_watched => {}
            None => drop(by_id.remove(id)),
        }
    }
}

/// Takes a view off its wire when its thread leaves [`Wires::serve`], in whatever way.
struct View<'a> {
    wires: &'a Wires,
    id: &'a str,
    client: u64,
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        self.wires.change(self.id, |wire| drop(wire.views.remove(&self.client)));
    }
}

impl Watcher for Wires {
    fn began(&self, tap: &Arc<Tap>, response: &[u8]) {
        let newest = Newest { tap: Arc::clone(tap), at: now(), response: response.to_vec() };
        self.change(&tap.id, |wire| {
            if !wire.views.is_empty() {
                wire.show(&newest.handshake());
            }
            if let Some(older) = wire.newest.replace(newest) {
                older.tap.is_watched.store(false, Relaxed);
            }
        });
    }

    fn passed(&self, tap: &Tap, from: &str, frame: &Frame) {
        let by_id = lock(&self.by_id);
        // A newer one may have taken its place just now, so this has to be looked at under the lock.
        if let Some(wire) = by_id.get(&tap.id).filter(|wire| wire.is_newest(tap)) {
            let shown = message("frame", tap)
                .with_text("from", from)
                .with("at", now())
                .with_text("header", &hex(frame.header))
                .with("length", frame.length)
                .with_text("payload", &hex(frame.payload));
            wire.show(&shown.frame());
        }
    }

    fn ended(&self, tap: &Tap) {
        self.change(&tap.id, |wire| {
            if wire.is_newest(tap) {
                wire.newest = None;
                wire.show(&message("gone", tap).frame());
            }
        });
    }
}

impl Wire {
    fn is_newest(&self, tap: &Tap) -> bool {
        self.newest.as_ref().is_some_and(|newest| newest.tap.client == tap.client)
    }

    fn show(&self, frame: &[u8]) {
        for view in self.views.values() {
            view.send(frame);
        }
    }
}

impl Newest {
    fn handshake(&self) -> Vec<u8> {
        let request = http::parse(&self.tap.request).ok();
        let key = request.as_ref().and_then(|request| request.headers("sec-websocket-key").next());
        let accept = derive_accept_key(key.unwrap_or_default().as_bytes());
        message("handshake", &self.tap)
            .with("at", &self.at)
            .with_text("request", &String::from_utf8_lossy(&self.tap.request))
            .with_text("response", &String::from_utf8_lossy(&self.response))
            .with_text("accept", &accept)
            .frame()
    }
}

fn message(kind: &str, tap: &Tap) -> JsonObject {
    JsonObject::new(kind).with("client", tap.client)
}

/// Bytes as hex digits.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}

/// Milliseconds since 1970 UTC, with three decimals.
fn now() -> String {
    let micros = since_1970().as_micros();
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::memory::Budget;
    use crate::websocket::tap::TapGuard;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    #[test]
    fn what_nobody_uses_is_forgotten() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let sender = Sender::new(stream, Arc::new(Budget::new(1 << 20)), None);
        let wires = Arc::new(Wires::default());
        let count = || lock(&wires.by_id).len();
        let begin = |client| {
            let wires = Arc::clone(&wires);
            let tap = Arc::new(Tap::new("id".into(), client, Vec::new(), Vec::new(), wires));
            tap.begin(b"HTTP/1.1 101 \r\n\r\n");
            (Arc::clone(&tap), TapGuard(tap))
        };
        let open = |client| {
            wires.change("id", |wire| drop(wire.views.insert(client, sender.clone())));
            View { wires: &wires, id: "id", client }
        };
        let is_watched = |tap: &Tap| tap.is_watched.load(Relaxed);

        let views = [open(1), open(2)];
        let (older, older_ending) = begin(3);
        assert!(is_watched(&older));
        let (newer, newer_ending) = begin(4);
        assert!(is_watched(&newer) && !is_watched(&older), "only the newest is watched");
        drop(older_ending);
        assert_eq!(lock(&wires.by_id)["id"].newest.as_ref().map(|it| it.tap.client), Some(4));
        drop(views);
        assert!(!is_watched(&newer), "nobody is left to watch it");
        let view = open(5);
        assert!(is_watched(&newer));
        drop(newer_ending);
        assert_eq!(count(), 1, "the view waits for another");
        drop(view);
        assert_eq!(count(), 0);
        drop(begin(6));
        assert_eq!((count(), Arc::strong_count(&newer)), (0, 1));
    }
}
