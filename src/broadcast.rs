//! `/broadcast`: what anyone sends, everyone gets, the sender included. Lab step 2.
//!
//! Every client has a thread. All share one `Mutex` around a `HashMap` from client id to that
//! client's [`Sender`]. A thread that has read a message locks the map and sends to each.
//!
//! Doing so under the lock gives all clients the same order of messages, and is safe because
//! `send` never waits: a client that does not read cannot stop the loop.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::sender::Sender;
use crate::shared::lock;
use crate::socket::{Socket, encode};

/// The longest message, in bytes; a longer one is answered with Close 1009.
pub const MESSAGE_MAX: usize = 1 << 20;

/// Everybody on this door.
#[derive(Default)]
pub struct Broadcast {
    clients: Mutex<HashMap<u64, Sender>>,
}

impl Broadcast {
    /// Lets client `id` take part until it leaves.
    pub fn serve(&self, id: u64, socket: &mut Socket) {
        // First into the map, then the 101: whoever has got it misses nothing that is said afterwards.
        // Until it is sent, what others say waits in the Sender.
        lock(&self.clients).insert(id, socket.sender().clone());
        let _presence = Presence { room: self, id };
        socket.send_101();
        while let Some(message) = socket.read() {
            // Encoded once: frames from a server carry no mask, so everyone gets the same bytes.
            let frame = encode(message);
            for sender in lock(&self.clients).values() {
                sender.send(&frame);
            }
        }
    }
}

/// Takes a client out of the map when its thread leaves [`Broadcast::serve`], in whatever way: a
/// panic must not leave somebody there who is written to and never read.
struct Presence<'a> {
    room: &'a Broadcast,
    id: u64,
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        lock(&self.room.clients).remove(&self.id);
    }
}
