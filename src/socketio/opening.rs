//! How a connection of Socket.IO begins: the query of the request, and the packet that opens the connection.

use crate::{http::Request, websocket::stream::PING_AFTER};

/// The longest event on a WebSocket, in bytes.
pub const PAYLOAD_MAX: usize = 1 << 20;
/// How much longer than [`PING_AFTER`] a client waits for the server's ping, in ms. A client that has sent something
/// shortly before a ping is due gets it up to 20 s later.
const PING_TIMEOUT_MS: u32 = 30_000;

/// The query of a request: what kind of client wants which session.
pub struct ClientQuery {
    /// The version of Engine.IO: 4, or 3 for Socket.IO's clients before 2020. `None`: another one.
    pub version: Option<u8>,
    /// `websocket` or `polling`.
    pub transport: String,
    /// The session that polling has begun.
    pub session: Option<String>,
}

impl ClientQuery {
    /// Reads the parameters `EIO`, `transport` and `sid`.
    pub fn from_request(request: &Request) -> ClientQuery {
        let version = request.parameter("EIO").and_then(|version| match version.as_str() {
            "3" => Some(3),
            "4" => Some(4),
            _ => None,
        });
        let transport = request.parameter("transport").unwrap_or_default();
        ClientQuery { version, transport, session: request.parameter("sid") }
    }
}

/// The first packet, `0`. After `pingInterval` of silence the server sends a ping; a client that gets none for
/// `pingTimeout` more gives up. (In Engine.IO 3 the client sends the ping, and waits `pingTimeout` for the pong.)
/// `max_payload` is, in bytes, the longest body of a POST, which a client that polls keeps to.
pub fn open_packet(session: &str, upgrades: &str, max_payload: usize) -> String {
    let interval = PING_AFTER.as_millis();
    format!(
        "0{{\"sid\":\"{session}\",\"upgrades\":{upgrades},\"pingInterval\":{interval},\
         \"pingTimeout\":{PING_TIMEOUT_MS},\"maxPayload\":{max_payload}}}"
    )
}
