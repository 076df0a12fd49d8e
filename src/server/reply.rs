//! Answers over HTTP, which end a connection: how they are sent and logged, and three refusals.

use std::net::{SocketAddr, TcpStream};

use crate::{handshake, http::Response, logging::OncePerSecond, tcp};

/// How many seconds a client that found no place should wait (RFC 9110, 10.2.3).
const RETRY_AFTER: &str = "10";

/// Sends an answer to the request with this head, and closes the connection.
pub fn send(stream: &TcpStream, peer: SocketAddr, head: &[u8], response: &Response) {
    static WARNING: OncePerSecond = OncePerSecond::new();
    // The head as it came, because one that cannot be parsed is logged too; without the empty line that may
    // stand before the request line.
    let head = String::from_utf8_lossy(head.trim_ascii_start());
    // The request line up to the query, which may contain secrets, and at most 200 characters.
    let asked: String = head.chars().take_while(|c| !"?\r".contains(*c)).take(200).collect();
    match response.status {
        403 | 421 if WARNING.is_due() => log::warn!("{peer} {asked}: {}", response.sentence()),
        200 => log::debug!("{peer} {asked}: 200 OK"),
        _ => log::debug!("{peer} {asked}: {}", response.sentence()),
    }
    let is_head = head.starts_with("HEAD ");
    tcp::send_and_close(stream, &response.to_bytes(is_head));
}

/// 503: there are as many connections as `--connections` allows, or the server is stopping.
pub fn no_place() -> Response {
    let why = "every place is taken; try again in a moment";
    Response::refusal(503, why).with_header("Retry-After", RETRY_AFTER)
}

/// 503: the address of the client has `max` connections already, as `--per-address` allows.
pub fn too_many_of_one_address(max: usize) -> Response {
    let why = format!(
        "your address has {max} connections open, and may have no more: close other tabs and programs, then \
         try again. (Where all clients seem to have one address, as behind a proxy, the server has to be \
         started with --per-address 0.)"
    );
    Response::refusal(503, why).with_header("Retry-After", RETRY_AFTER)
}

/// 426: a plain GET for a route, or an upgrade after a proxy has dropped its headers.
pub fn plain_get() -> Response {
    let why = "this address speaks WebSocket: ask over HTTP/1.1, with Connection: Upgrade and \
               Upgrade: websocket (a proxy in between has to be told to pass these on)";
    handshake::upgrade_required(why)
}
