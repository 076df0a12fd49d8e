//! Answers over HTTP, which end a connection: what is answered to which request, how answers are sent and logged,
//! and three refusals.

use std::net::{SocketAddr, TcpStream};

use log::Level;

use super::{Connection, Route, Server};
use crate::handshake::{self, origin::AllowedOrigins};
use crate::http::{Request, Response};
use crate::{logging::OncePerSecond, tcp};

/// How many seconds a client that found no place should wait (RFC 9110, 10.2.3).
const RETRY_AFTER: &str = "10";

impl Server {
    /// The answer to a request that asks for no WebSocket: a file, or what else can be fetched here.
    pub(super) fn answer(&self, connection: &Connection, request: &Request, leftover: Vec<u8>) -> Response {
        match Route::of(request) {
            Some(Route::SocketIo(query)) => match self.settings.origins.check(request) {
                Ok(()) => self.socket_io.sessions.answer(&query, request, &connection.stream, leftover),
                Err(refusal) => refusal,
            },
            _ if request.method == "POST" => Response::only_get(),
            Some(_) if request.path != "/" => plain_get(request, &self.settings.origins), // `/` is a page too
            _ => (self.share.answer(request, connection.peer.ip()))
                .or_else(|| self.room.photos.answer(request))
                .or_else(|| self.source.answer(request))
                .unwrap_or_else(|| self.files.answer(request)),
        }
    }
}

/// Sends an answer to the request with this head, and closes the connection.
pub fn send(stream: &TcpStream, peer: SocketAddr, head: &[u8], response: &Response) {
    static REFUSED: [OncePerSecond; 200] = [const { OncePerSecond::new() }; 200]; // for each status from 400
    // The head as it came, because one that cannot be parsed is logged too; without the empty line that may
    // stand before the request line.
    let head = String::from_utf8_lossy(head.trim_ascii_start());
    // The request line up to the query, which may contain secrets, and at most 200 characters.
    let asked: String = head.chars().take_while(|c| !"?\r".contains(*c)).take(200).collect();
    match usize::from(response.status).checked_sub(400).and_then(|at| REFUSED.get(at)) {
        Some(log_time) => {
            // A refused handshake, even one whose Upgrade a proxy has dropped (426), and what keeps browsers out.
            let is_handshake = head.to_ascii_lowercase().contains("\r\nupgrade:");
            let keeps_out = is_handshake || matches!(response.status, 403 | 421 | 426 | 431 | 503);
            let level = match response.status {
                _ if !keeps_out || !log_time.is_due() => Level::Debug,
                403 | 421 => Level::Warn,
                _ => Level::Info,
            };
            log::log!(level, "refused {peer} {asked}: {}", response.sentence());
        }
        None => log::debug!("{peer} {asked}: {}", response.status),
    }
    let is_head = head.starts_with("HEAD ");
    let (first, rest) = response.to_parts(is_head);
    tcp::send_and_close(stream, [&first, rest]);
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

/// 426: a plain GET for a route, or an upgrade after a proxy has dropped its headers. A page whose handshakes
/// fail is not told why by its browser, so it asks here, with `?origin=`, because browsers send no Origin with
/// a GET to the page's own server: then the answer may be the 403 of the handshakes.
fn plain_get(request: &Request, origins: &AllowedOrigins) -> Response {
    let origin = request.parameter("origin");
    if let Some(Err(refusal)) = origin.map(|origin| origins.check_origin(&origin, request)) {
        return refusal;
    }
    let why = "this address speaks WebSocket: ask over HTTP/1.1, with Connection: Upgrade and \
               Upgrade: websocket (a proxy in between has to be told to pass these on)";
    handshake::upgrade_required(why)
}
