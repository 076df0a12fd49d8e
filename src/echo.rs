//! `/echo`: what you send comes back. Lab step 1.
//!
//! This is the whole life of a WebSocket connection after its handshake: read until the client is
//! gone, and answer each message. The one thing to know of the Sender here is that it never waits.

use crate::socket::{Socket, encode};

/// The longest message, in bytes; a longer one is answered with Close 1009.
pub const MESSAGE_MAX: usize = 16 << 20;

/// Sends every message back to its sender, until it leaves.
pub fn serve(socket: &mut Socket) {
    socket.open();
    while let Some(message) = socket.read() {
        socket.sender().send(&encode(message));
        // Who sends faster than it reads would make its own answers pile up here, so it is not
        // read from until it has caught up. That delays nobody else.
        socket.sender().wait_until_caught_up();
    }
}
