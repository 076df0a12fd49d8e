//! `/echo`: every message goes back to its sender. Lab step 1.
//!
//! This is the whole life of a WebSocket after the handshake: send the 101, read until the client is
//! gone, answer each message.

use crate::websocket::{Socket, frames};

/// The longest message, in bytes; a longer one is answered with Close 1009.
pub const MESSAGE_MAX: usize = 16 << 20;

/// Sends every message back, until the client leaves.
pub fn serve(socket: &mut Socket) {
    socket.send_101();
    while let Some(message) = socket.read() {
        socket.sender().send(&frames::from_message(message));
        // `send` never waits, so the answers to a client that sends and does not read would pile up.
        // Waiting here stops reading from this client (backpressure) and delays no other.
        socket.sender().wait_until_caught_up();
    }
}
