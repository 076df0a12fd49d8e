//! `/broadcast`: every message goes to every client here, its sender included. Lab step 2.
//!
//! Every client has a thread. All share one `Mutex` around a `HashMap` from client id to that
//! client's [`Sender`]. A thread that has read a message locks the map and sends to each.
//!
//! Sending under the lock gives all clients the same order of messages, and is safe because `send`
//! never waits: a client that does not read cannot stop the loop.

use std::{collections::HashMap, sync::Mutex};

use crate::mutex::lock;
use crate::websocket::{Sender, Socket, frames};

/// The longest message, in bytes; a longer one is answered with Close 1009.
pub const MESSAGE_MAX: usize = 1 << 20;

/// All clients on this route.
#[derive(Default)]
pub struct Broadcast {
    clients: Mutex<HashMap<u64, Sender>>,
}

impl Broadcast {
    /// Lets the client `id` take part until it leaves.
    pub fn serve(&self, id: u64, socket: &mut Socket) {
        // First into the map, then the 101: a client that has the 101 misses no later message. Until
        // then the messages of others collect in its Sender.
        lock(&self.clients).insert(id, socket.sender().clone());
        let _guard = ClientGuard { broadcast: self, id };
        socket.send_101();
        while let Some(message) = socket.read() {
            // Encoded once: frames from a server carry no mask, so every client gets the same bytes.
            let frame = frames::from_message(message);
            for sender in lock(&self.clients).values() {
                sender.send(&frame);
            }
        }
    }
}

/// Guard: takes a client out of the map when its thread leaves [`Broadcast::serve`], even by a panic.
/// Otherwise the others would go on sending to a client that no thread reads.
struct ClientGuard<'a> {
    broadcast: &'a Broadcast,
    id: u64,
}

impl Drop for ClientGuard<'_> {
    fn drop(&mut self) {
        lock(&self.broadcast.clients).remove(&self.id);
    }
}
