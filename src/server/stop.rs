//! The stop: every WebSocket gets a Close frame before the process ends.

use std::thread;
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::coding::CloseCode;

use super::Server;
use crate::websocket::frames;

/// How long [`Server::stop`] waits for the clients to answer the Close.
const GOODBYE_TIME: Duration = Duration::from_secs(2);

impl Server {
    /// Closes every WebSocket with 1001 and waits for the connections to end, at most 2 s.
    pub fn stop(&self) {
        for sender in self.connections.stop() {
            sender.close(&goodbye());
        }
        let deadline = Instant::now() + GOODBYE_TIME;
        while Instant::now() < deadline && !self.connections.is_empty() {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Close 1001, "going away" (RFC 6455, 7.4.1).
pub fn goodbye() -> Vec<u8> {
    frames::close(CloseCode::Away, "the server is stopping")
}
