//! The client's half of the handshake (RFC 6455, 4.1). The server never needs it: the chat in a terminal does,
//! and it is the other side of `handshake.rs`, to be read beside it.

use std::io::{Read, Write};
use std::{net::TcpStream, time::Duration};

use tungstenite::handshake::{client::generate_key, derive_accept_key};

use crate::http::read_head;
use crate::text::visible;

/// The longest head of an answer, in bytes, and how long it may take.
const HEAD_MAX: usize = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the server for a WebSocket on `target`, a path with its query; `headers` are whole lines. Returns
/// the first bytes behind the head of the answer, which are frames already.
/// Errors: a sentence; the server's own if it refuses.
pub fn connect(mut stream: &TcpStream, server: &str, target: &str, headers: &str) -> Result<Vec<u8>, String> {
    // 16 random bytes in base64, new for each connection. The right answer to them can only be computed by
    // a server that speaks WebSocket; no cache has it, and no other server sends it by chance.
    let key = generate_key();
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(|error| format!("{server} cannot be reached: {error}"))?;
    let other = || format!("{server} is no chat: it does not answer as a WebSocket server does");
    let (head, mut leftover) = read_head(stream, HEAD_MAX, PATIENCE).map_err(|_| other())?;
    let head = String::from_utf8_lossy(&head);
    if !head.starts_with("HTTP/1.1 101 ") {
        // A refusal of Partyline's is one sentence, such as `503 Service Unavailable: …`.
        let _ = stream.take(500).read_to_end(&mut leftover);
        let sentence = String::from_utf8_lossy(&leftover).lines().next().map(visible).unwrap_or_default();
        let is_ours = head.get(9..12).is_some_and(|status| sentence.starts_with(status));
        return Err(if is_ours { format!("{server} refuses: {sentence}") } else { other() });
    }
    // The key and a fixed text, hashed (written out in `by_hand.rs`). A server that gets this right has
    // understood the rest of the request too, so Upgrade and Connection in its answer are not checked.
    let accept = derive_accept_key(key.as_bytes());
    let is_accept = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == accept
    };
    if head.lines().any(is_accept) { Ok(leftover) } else { Err(other()) }
}
