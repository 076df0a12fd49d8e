//! `/wire?id=…`: a view of another connection, byte by byte. Lab step 4.
//!
//! A page makes up a random id and opens its connection with `?wire=<id>`. A *view* opens
//! `/wire?id=<the same>`, and is sent what passes there, in both directions, as JSON. If several
//! connections have one id the newest is shown, so that a view follows a reconnect. An unknown id looks
//! like one where nothing passes, so guessing tells nothing.
//!
//! [`Wires`] is like the map of `/broadcast`: one lock, under which all views are sent to, so that they
//! see one order. When a server's frame passes, this lock is taken inside that of the watched client's
//! Sender, and the views' Senders are locked inside it. There is no circle, because a view's Sender has
//! no tap.

use std::sync::{Arc, Mutex};
use std::{collections::HashMap, fmt::Write, sync::atomic::Ordering::Relaxed};

use tungstenite::handshake::derive_accept_key;

use crate::http::{self, Response};
use crate::websocket::tap::{Tap, Watcher};
use crate::websocket::{Sender, Socket, frames::Frame};
use crate::{clock::since_1970, json::JsonObject, mutex::lock};

/// The longest message of a view, in bytes. Views have nothing to say.
pub const MESSAGE_MAX: usize = 1024;

/// Checks the id of a wire: long enough that it cannot be guessed, of characters that need no encoding.
/// Errors: 400, with a sentence for the client.
pub fn check_id(id: &str) -> Result<(), Response> {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (16..=64).contains(&id.len()) && id.bytes().all(is_legal) {
        return Ok(());
    }
    Err(Response::refusal(400, "id has to be 16 to 64 characters of A-Z a-z 0-9 - _"))
}

/// All connections that have a tap, and all views, by the id of their wire.
#[derive(Debug, Default)]
pub struct Wires {
    by_id: Mutex<HashMap<String, Wire>>,
}

/// One id: the connection that is shown, and its views.
#[derive(Debug, Default)]
struct Wire {
    newest: Option<Watched>,
    /// By client number.
    views: HashMap<u64, Sender>,
}

/// The connection that is shown, and its handshake.
#[derive(Debug)]
struct Watched {
    tap: Arc<Tap>,
    at: String,
    response: Vec<u8>,
}

impl Wires {
    /// Shows the wire with this id to a client until the client leaves.
    pub fn serve(&self, id: &str, client: u64, socket: &mut Socket) {
        // As on `/broadcast`: first into the map, then the 101.
        let _guard = self.add_view(id, client, socket.sender().clone());
        socket.send_101();
        while socket.read().is_some() {} // what a view says is ignored
    }

    /// Adds a view, until the guard is dropped. It is sent the handshake of the connection first, if
    /// there is one.
    pub fn add_view<'a>(&'a self, id: &'a str, client: u64, sender: Sender) -> ViewGuard<'a> {
        self.change(id, |wire| {
            if let Some(newest) = &wire.newest {
                sender.send(&newest.handshake());
            }
            wire.views.insert(client, sender);
        });
        ViewGuard { wires: self, id, client }
    }

    /// Whether there is no connection with a tap and no view.
    pub fn is_empty(&self) -> bool {
        lock(&self.by_id).is_empty()
    }

    /// Changes a wire. A wire exists as long as it has a connection or a view.
    fn change(&self, id: &str, change: impl FnOnce(&mut Wire)) {
        let mut by_id = lock(&self.by_id);
        let wire = by_id.entry(id.to_string()).or_default();
        change(wire);
        let has_views = !wire.views.is_empty();
        match &wire.newest {
            Some(newest) => newest.tap.is_watched.store(has_views, Relaxed),
            None if has_views => {}
            None => drop(by_id.remove(id)),
        }
    }
}

/// Guard: removes a view when it is dropped, even by a panic.
pub struct ViewGuard<'a> {
    wires: &'a Wires,
    id: &'a str,
    client: u64,
}

impl Drop for ViewGuard<'_> {
    fn drop(&mut self) {
        self.wires.change(self.id, |wire| drop(wire.views.remove(&self.client)));
    }
}

impl Watcher for Wires {
    fn began(&self, tap: &Arc<Tap>, response: &[u8]) {
        let newest = Watched { tap: Arc::clone(tap), at: now(), response: response.to_vec() };
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
        // Checked under the lock, because a newer connection may have taken over just now.
        if let Some(wire) = by_id.get(&tap.id).filter(|wire| wire.shows(tap)) {
            let message = message("frame", tap)
                .with_text("from", from)
                .with("at", now())
                .with_text("header", &hex(frame.header))
                .with("length", frame.length)
                .with_text("payload", &hex(frame.payload));
            wire.show(&message.frame());
        }
    }

    fn ended(&self, tap: &Tap) {
        self.change(&tap.id, |wire| {
            if wire.shows(tap) {
                wire.newest = None;
                wire.show(&message("gone", tap).frame());
            }
        });
    }
}

impl Wire {
    /// Whether the connection with this tap is the one that is shown.
    fn shows(&self, tap: &Tap) -> bool {
        self.newest.as_ref().is_some_and(|newest| newest.tap.client == tap.client)
    }

    /// Sends a frame to all views.
    fn show(&self, frame: &[u8]) {
        for view in self.views.values() {
            view.send(frame);
        }
    }
}

impl Watched {
    /// The message `handshake`. The accept value is computed anew from the key in the request.
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
