//! `/wire?id=…`: the bytes of another connection, as they pass. Lab step 4.
//!
//! A page that wants to be watched makes up an id and opens its connection with `?wire=<id>`. Who
//! knows the id can open `/wire?id=<the same>`, the *view*, and gets each frame in both directions as
//! JSON. Of several connections with one id the newest is watched, so a view follows a reconnect.
//! What an unknown id shows, nothing, tells nobody whether it is one.
//!
//! [`Wires`] has one lock, which makes the order in which things pass the order in which they are
//! shown. It is taken by those who come and go, and for each frame that somebody watches: then
//! inside the lock of that connection's Sender, and around that of the view's. So there would be a
//! circle of locks if a view could be watched. It cannot: views have no tap.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use tungstenite::handshake::derive_accept_key;

use crate::chat::protocol::{frame, object, quoted};
use crate::http;
use crate::sender::Sender;
use crate::shared::lock;
use crate::socket::Socket;
use crate::tap::{Frame, Tap, Watcher};

/// The longest message, in bytes. A view has nothing to say.
pub const MESSAGE_MAX: usize = 1024;

/// Whether an id may be used: long enough that nobody guesses it, and nothing that needs encoding.
pub fn is_id(id: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (16..=64).contains(&id.len()) && id.bytes().all(legal)
}

/// All connections that can be watched, and all views.
#[derive(Debug, Default)]
pub struct Wires {
    by_id: Mutex<HashMap<String, Wire>>,
}

/// The two ends of one id. There is one as long as at least one of them exists.
#[derive(Debug, Default)]
struct Wire {
    newest: Option<Newest>,
    /// By client number.
    views: HashMap<u64, Sender>,
}

/// The newest connection with an id, and what a view is told about it first.
#[derive(Debug)]
struct Newest {
    tap: Arc<Tap>,
    at: String,
    response: Vec<u8>,
}

impl Wires {
    /// Lets client `client` watch the wire `id`, until it leaves.
    pub fn serve(&self, id: &str, client: u64, socket: &mut Socket) {
        // As on `/broadcast`: what is shown waits in the Sender until the 101 is sent.
        self.open(id, client, socket.sender());
        let _view = View { wires: self, id, client };
        socket.send_101();
        while socket.read().is_some() {} // whatever it says
    }

    fn open(&self, id: &str, client: u64, view: &Sender) {
        let mut by_id = lock(&self.by_id);
        let wire = by_id.entry(id.to_string()).or_default();
        wire.views.insert(client, view.clone());
        if let Some(newest) = &wire.newest {
            newest.tap.is_watched.store(true, Relaxed);
            view.send(&newest.handshake());
        }
    }

    /// Changes the wire `id`, and forgets it if neither end is left.
    fn change(&self, id: &str, change: impl FnOnce(&mut Wire)) {
        let mut by_id = lock(&self.by_id);
        let Some(wire) = by_id.get_mut(id) else { return };
        change(wire);
        if wire.newest.is_none() && wire.views.is_empty() {
            by_id.remove(id);
        }
    }
}

/// Takes a view away when its thread leaves [`Wires::serve`], in whatever way.
struct View<'a> {
    wires: &'a Wires,
    id: &'a str,
    client: u64,
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        self.wires.change(self.id, |wire| {
            wire.views.remove(&self.client);
            if let (true, Some(newest)) = (wire.views.is_empty(), &wire.newest) {
                newest.tap.is_watched.store(false, Relaxed);
            }
        });
    }
}

impl Watcher for Wires {
    fn began(&self, tap: &Arc<Tap>, response: &[u8]) {
        let newest = Newest { tap: Arc::clone(tap), at: now(), response: response.to_vec() };
        let mut by_id = lock(&self.by_id);
        let wire = by_id.entry(tap.id.clone()).or_default();
        if !wire.views.is_empty() {
            tap.is_watched.store(true, Relaxed);
            wire.show(&newest.handshake());
        }
        if let Some(older) = wire.newest.replace(newest) {
            older.tap.is_watched.store(false, Relaxed);
        }
    }

    fn passed(&self, tap: &Tap, frame: &Frame) {
        if let Some(wire) = lock(&self.by_id).get(&tap.id) {
            // Looked at again, now under the lock: a newer one may just have taken its place.
            if wire.is_newest(tap) {
                wire.show(&passing(tap, frame));
            }
        }
    }

    fn ended(&self, tap: &Tap) {
        self.change(&tap.id, |wire| {
            if wire.is_newest(tap) {
                wire.newest = None;
                wire.show(&message("gone", tap, &[]));
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
        let text = |bytes: &[u8]| quoted(&String::from_utf8_lossy(bytes));
        let fields = [
            ("at", self.at.clone()),
            ("request", text(&self.tap.request)),
            ("response", text(&self.response)),
            ("accept", quoted(&accept)),
        ];
        message("handshake", &self.tap, &fields)
    }
}

fn passing(tap: &Tap, frame: &Frame) -> Vec<u8> {
    let fields = [
        ("from", quoted(frame.from)),
        ("at", now()),
        ("header", hex(frame.header)),
        ("length", frame.length.to_string()),
        ("payload", hex(frame.payload)),
    ];
    message("frame", tap, &fields)
}

fn message(kind: &str, tap: &Tap, fields: &[(&str, String)]) -> Vec<u8> {
    frame(object(kind, &[&[("client", tap.client.to_string())], fields].concat()))
}

/// Bytes as a JSON text of hex digits.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len() + 2);
    text.push('"');
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text.push('"');
    text
}

/// Milliseconds since 1970 UTC, with three decimals.
fn now() -> String {
    let micros = UNIX_EPOCH.elapsed().unwrap_or_default().as_micros();
    format!("{}.{:03}", micros / 1000, micros % 1000)
}
