//! The server: the accept loop, a thread per connection, and the route of a request.
//!
//! Read it from top to bottom as the life of a connection:
//! ```text
//! accept ── thread ── read the head ── parse ── route ──┬── a file, or a refusal ── close
//!                                                       └── 101 ── Socket ── echo, … ── close
//! ```

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::broadcast::Broadcast;
use crate::chat::room::Room;
use crate::http::files::Files;
use crate::http::{self, Request, Response};
use crate::settings::Settings;
use crate::websocket::memory::Budget;
use crate::websocket::socket::Socket;
use crate::websocket::tap::{Tap, TapGuard};
use crate::wire::{self, Wires};
use crate::{chat, echo, handshake};

mod connections; // all connections, and the limits on their number
mod idle_threads; // threads that wait for the next connection
mod refuse; // sends and logs an answer; what happens when threads or descriptors run out
mod route; // the routes, and the limits of each
mod start; // Settings -> Server
mod stop; // closes every connection

use connections::{ConnectionGuard, Connections};
use idle_threads::IdleThreads;
use route::Route;

/// Stack of a client's thread, in bytes. Only pages that are touched cost memory. Less than half of
/// this would overflow in a debug build when a client sends deeply nested JSON.
const STACK: usize = 512 * 1024;
/// How long the accept loop waits after an error: other connections end and free their descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What all threads of the server share.
pub struct Server {
    settings: Settings,
    /// The second one exists only where an IPv6 socket does not take IPv4 connections.
    listeners: Vec<TcpListener>,
    files: Files,
    /// The memory for messages; `/echo` has a budget of its own.
    budget: Arc<Budget>,
    echo_budget: Arc<Budget>,
    broadcast: Broadcast,
    /// The chat's room, for the operator as well.
    pub room: Arc<Room>,
    wires: Arc<Wires>,
    connections: Arc<Connections>,
    idle_threads: IdleThreads,
}

/// A connection that has been accepted.
struct Connection {
    /// Shared with [`Connections`] until the request is complete.
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    guard: ConnectionGuard,
}

/// A connection that becomes a WebSocket.
struct Upgrade {
    route: Route,
    /// The 101.
    response: Vec<u8>,
    /// Bytes that came behind the request's head in the same read: the first frames.
    leftover: Vec<u8>,
    /// Shows the connection to a wire view, if the page asked for that.
    tap: Option<Arc<Tap>>,
}

/// The answer to a request that is in order.
enum Answer {
    Http(Response),
    Upgrade(Box<Upgrade>),
}

impl Server {
    /// Accepts connections for ever, each for a thread of its own.
    pub fn run(self: &Arc<Self>) -> ! {
        for listener in 1..self.listeners.len() {
            let server = Arc::clone(self);
            thread::spawn(move || server.accept_loop(listener));
        }
        self.accept_loop(0)
    }

    fn accept_loop(self: &Arc<Self>, listener: usize) -> ! {
        loop {
            match self.listeners[listener].accept() {
                Ok((stream, peer)) => self.start_thread(listener, self.connection(stream, peer)),
                Err(e) if e.kind() == ErrorKind::ConnectionAborted => {} // the client has left already
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.out_of("accept a connection", &error);
                    thread::sleep(ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Starts a thread that serves this connection, then further ones that it accepts while it is idle.
    fn start_thread(self: &Arc<Self>, listener: usize, first: Connection) {
        let server = Arc::clone(self);
        let serve = move || {
            let mut next = Some(first);
            while let Some(connection) = next {
                server.serve(connection);
                next = server.idle_threads.wait(|| {
                    let (stream, peer) = server.listeners[listener].accept().ok()?;
                    Some(server.connection(stream, peer))
                });
            }
        };
        let builder = thread::Builder::new().name("client".to_string()).stack_size(STACK);
        if let Err(error) = builder.spawn(serve) {
            self.out_of("start a thread", &error); // the connection is closed, because `serve` is dropped
        }
    }

    fn connection(&self, stream: TcpStream, peer: SocketAddr) -> Connection {
        let stream = Arc::new(stream);
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port()); // no ::ffff:192.0.2.7
        Connection { guard: self.connections.add(&stream), stream, peer }
    }

    /// Serves one connection, from its first byte to its last.
    fn serve(&self, connection: Connection) {
        if let Some(upgrade) = self.handshake(&connection) {
            self.serve_websocket(connection, upgrade);
        }
    }

    /// Reads the request. Returns the upgrade that it asks for, or answers it and returns `None`.
    #[inline(never)] // speed: off the stack of `serve_websocket`
    fn handshake(&self, connection: &Connection) -> Option<Box<Upgrade>> {
        let Connection { stream, peer, guard } = connection;
        let (longest, timeout) = (self.settings.head_bytes, self.settings.head_timeout);
        let (head, leftover) = match http::read_head(stream, longest, timeout) {
            Ok(parts) => parts,
            Err(None) => return None, // the client has gone
            Err(Some(refusal)) => {
                refuse::reply(stream, *peer, &[], &refusal);
                return None;
            }
        };
        let request = http::parse(&head);
        match request.and_then(|request| self.route(guard.id, &request, &head, leftover)) {
            Ok(Answer::Upgrade(upgrade)) => Some(upgrade),
            Ok(Answer::Http(response)) | Err(response) => {
                refuse::reply(stream, *peer, &head, &response);
                None
            }
        }
    }

    /// Finds the route of a request, or the file that it asks for.
    fn route(
        &self,
        id: u64,
        request: &Request,
        head: &[u8],
        leftover: Vec<u8>,
    ) -> Result<Answer, Response> {
        self.settings.hosts.check(request)?;
        if !self.connections.open(id) {
            return Err(refuse::no_place());
        }
        let route = Route::of(request);
        if !handshake::wants_websocket(request) {
            return match route {
                Some(_) if request.path != "/" => Err(refuse::plain_get()),
                _ => Ok(Answer::Http(self.files.answer(request))),
            };
        }
        let Some(route) = route else {
            return Err(Response::refusal(404, "no WebSocket is spoken at this address"));
        };
        // No other client sees what is sent to /echo, so pages of every site may try it.
        if !matches!(route, Route::Echo) {
            self.settings.origins.check(request)?;
        }
        let wire = match &route {
            Route::Wire(id) => wire::check_id(id).map(|()| None)?, // no view of a view
            _ => request.parameter("wire").filter(|id| wire::check_id(id).is_ok()),
        };
        let tap = |wire| Tap::new(wire, id, head.to_vec(), leftover.clone(), self.wires.clone());
        let tap = wire.map(tap).map(Arc::new);
        let response = handshake::upgrade(request)?.to_bytes(false);
        Ok(Answer::Upgrade(Box::new(Upgrade { route, response, leftover, tap })))
    }

    /// Serves a WebSocket, from its 101 to its end.
    #[inline(never)] // speed: off the stack of `handshake`
    #[allow(clippy::boxed_local, reason = "speed: an idle client's stack stays small")]
    fn serve_websocket(&self, connection: Connection, upgrade: Box<Upgrade>) {
        // The guard comes first, so it is dropped last, when everything else has ended.
        let Connection { guard, stream, peer } = connection;
        // `Connections` gave its share of the stream back when the request was complete.
        let Some(stream) = Arc::into_inner(stream) else { return };
        let Upgrade { route, response, leftover, tap } = *upgrade;
        let _tap_guard = tap.clone().map(TapGuard);
        let (id, path, limits) = (guard.id, route.path(), route.limits(self));
        let Ok(mut socket) = Socket::new(stream, response, leftover, limits, tap) else { return };
        if self.connections.set_sender(id, socket.sender()) {
            socket.sender().close(&stop::goodbye());
        }
        log::info!("client {id} ({peer}) came to {path}");
        match route {
            Route::Echo => echo::serve(&mut socket),
            Route::Broadcast => self.broadcast.serve(id, &mut socket),
            Route::Chat(request) => {
                let passphrase = self.settings.passphrase.as_deref();
                chat::serve(&self.room, passphrase, id, &mut socket, request);
            }
            Route::Wire(wire) => self.wires.serve(&wire, id, &mut socket),
        }
        let why = socket.end();
        log::info!("client {id} ({peer}) left {path}: {why}");
    }
}
