//! `/echo`: what you send comes back. Lab step 1.
//!
//! The whole life of a WebSocket connection, once the request has passed: send the 101, read until the
//! client is gone, answer each message. Of the Sender you need to know here that `send` never waits.

use crate::socket::{Socket, encode};

/// The longest message, in bytes; a longer one is answered with Close 1009.
pub const MESSAGE_MAX: usize = 16 << 20;

/// Sends every message back to its sender, until it leaves.
pub fn serve(socket: &mut Socket) {
    socket.send_101();
    while let Some(message) = socket.read() {
        socket.sender().send(&encode(message));
        // So here we wait instead: the answers to somebody who sends and does not read would pile up.
        // That delays nobody else.
        socket.sender().wait_until_caught_up();
    }
}
