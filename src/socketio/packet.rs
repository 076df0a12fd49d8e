//! A packet of Socket.IO: its type, then `<namespace>,`, the number of an acknowledgement and JSON, all three of
//! which may be missing: `2["hi"]`, `0/admin,{"token":"x"}`, `27["hi"]`.

use tungstenite::protocol::frame::coding::CloseCode;

use super::json_check::{first_text, is_json};
use super::{Fault, NO_BINARY};

/// Names of events that the library uses itself: a client that receives one ends its connection.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
/// The most digits in the number of an acknowledgement: JavaScript counts exactly up to 16.
const NUMBER_MAX: usize = 16;

/// A packet whose payload is what its type needs.
pub struct Packet<'a> {
    /// The digit from `0` to `4`.
    pub kind: u8,
    /// `/` if none is written.
    pub namespace: &'a str,
    /// The number of an acknowledgement that is asked for.
    pub acknowledge: Option<&'a str>,
    /// The JSON as it came; empty if there is none.
    pub payload: &'a str,
}

impl Packet<'_> {
    /// Errors: what a client that sends such a packet is told in its Close frame.
    pub fn parse(text: &str) -> Result<Packet<'_>, Fault> {
        let kind = match text.as_bytes().first() {
            Some(kind @ b'0'..=b'4') => *kind,
            Some(b'5' | b'6') => return Err(NO_BINARY),
            _ => return Err((CloseCode::Protocol, "Socket.IO: a packet begins with a digit from 0 to 6")),
        };
        let rest = &text[1..];
        let (namespace, rest) = match rest.starts_with('/') {
            true => rest.split_once(',').unwrap_or((rest, "")),
            false => ("/", rest),
        };
        // The clients of Engine.IO 3 put a query behind it, `/admin?token=x`.
        let namespace = namespace.split_once('?').map_or(namespace, |(name, _)| name);
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, payload) = rest.split_at(digits);
        let is_right = match kind {
            _ if digits > NUMBER_MAX => false,
            b'0' => payload.is_empty() || (payload.starts_with('{') && is_json(payload)),
            b'2' => is_event(payload),
            b'3' => digits > 0 && payload.starts_with('[') && is_json(payload),
            _ => true,
        };
        if !is_right {
            return Err((CloseCode::Invalid, "Socket.IO: the payload is not what this type of packet has"));
        }
        let acknowledge = Some(number).filter(|number| !number.is_empty());
        Ok(Packet { kind, namespace, acknowledge, payload })
    }
}

/// Whether this is a JSON array with the name of an event first. (serde_json refuses half a surrogate pair,
/// `"\ud83d"` alone, which JavaScript lets pass.)
fn is_event(payload: &str) -> bool {
    let name = payload.strip_prefix('[').map(str::trim_ascii_start);
    let is_good = name.is_some_and(|name| match name.as_bytes().first() {
        Some(b'"') => first_text(name).is_some_and(|name| !RESERVED.contains(&name.as_str())),
        Some(first) => first.is_ascii_digit() || *first == b'-',
        None => false,
    });
    is_good && is_json(payload)
}
