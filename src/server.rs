//! The server: a thread per connection, from `accept` to the close, and the route of a request.
//!
//! Read it from top to bottom as the life of a connection:
//! ```text
//! accept ── thread ── read the head ── parse ── route ──┬── a file, or a refusal ── close
//!                                                       └── 101 ── Socket ── echo, … ── close
//! ```

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{sync::Arc, thread};

use crate::http::{self, Request, Response};
use crate::threads::{Counted, Threads};
use crate::websocket::{Socket, Tap, memory::Budget, tap::TapGuard};
use crate::wire::Wires;
use crate::{broadcast::Broadcast, chat::room::Room, http::files::Files, settings::Settings};
use crate::{chat, echo, handshake, share::Share, socketio::SocketIo, source::Source};

mod connections; // all connections, and the limits on their number
mod per_address; // how many connections each address has; refuses one too many
mod listener; // a listening socket, and how many threads wait for its next connection
mod exhausted; // what happens when threads or descriptors run out
mod reply; // what a request gets that asks for no WebSocket; how answers over HTTP are sent
mod route; // the routes, and the limits of each
mod bind; // Settings -> Server: opens files and listens
mod stop; // closes every connection

use connections::{Connection, Connections};
use listener::Listener;
use route::Route;

/// Stack of a client's thread, in bytes. Only pages that are touched cost memory. Less than half of
/// this would overflow in a debug build when a client sends deeply nested JSON.
const STACK: usize = 512 * 1024;

/// What all threads of the server share.
pub struct Server {
    settings: Settings,
    /// There is a second one only where an IPv6 socket does not take IPv4 connections.
    listeners: Vec<Listener>,
    files: Files,
    source: Source,
    /// The memory for messages; `/echo` has a budget of its own.
    budget: Arc<Budget>,
    echo_budget: Arc<Budget>,
    broadcast: Broadcast,
    socket_io: SocketIo,
    /// The chat's room, for the operator as well.
    pub room: Arc<Room>,
    wires: Arc<Wires>,
    /// The addresses for classmates, for the terminal as well.
    pub share: Share,
    connections: Arc<Connections>,
    threads: Arc<Threads>,
    /// The number of the client that came last.
    last_client: AtomicU64,
}

/// A connection that becomes a WebSocket.
struct Upgrade {
    /// The client's number, counted from 1. (Connections have ids of their own: a page load takes dozens.)
    client: u64,
    route: Route,
    /// The 101.
    response: Vec<u8>,
    /// Bytes that came behind the request's head in the same read: the first frames.
    leftover: Vec<u8>,
    /// Shows the connection to a wire view, if the page asked for that.
    tap: Option<Arc<Tap>>,
}

impl Server {
    /// Accepts connections for ever, each for a thread of its own. The calling thread serves none of them: a
    /// panic in the main thread would end the program.
    pub fn run(self: &Arc<Self>) -> ! {
        for (index, listener) in self.listeners.iter().enumerate() {
            let mut counted = self.count_thread_unless(|| false);
            for _ in 0..listener.waiting_at_start {
                let Some(next) = counted else { break };
                self.start_thread(index, None, next);
                counted = self.threads.all.add();
            }
        }
        loop {
            thread::park();
        }
    }

    /// Starts a thread that serves this connection, then others that it accepts itself. If it panics, only
    /// its connection ends: the guards in it remove what the others know of the client.
    fn start_thread(self: &Arc<Self>, listener: usize, first: Option<Box<Connection>>, counted: Counted) {
        let server = Arc::clone(self);
        let serve = move || {
            let _counted = counted; // until the thread ends
            let mut next = first.or_else(|| server.accept(listener));
            while let Some(connection) = next {
                server.serve(connection);
                next = server.accept(listener);
            }
        };
        let builder = thread::Builder::new().name("client".to_string()).stack_size(STACK);
        if let Err(error) = builder.spawn(serve) {
            self.exhausted("start a thread", &error); // `first` is dropped, which closes the connection
        }
    }

    /// Waits for a connection that the calling thread has to serve. `None` if enough threads wait already.
    #[inline(never)] // *Speed*: keeps its variables off the stack of a thread that serves for hours.
    fn accept(self: &Arc<Self>, index: usize) -> Option<Box<Connection>> {
        let listener = &self.listeners[index];
        let waiting = listener.begin_waiting()?;
        loop {
            match listener.accept(&self.connections) {
                // One thread has to go on waiting: the last one starts a thread for the connection.
                Ok(connection) => match self.count_thread_unless(|| waiting.end_unless_last()) {
                    None => return Some(connection),
                    Some(counted) => self.start_thread(index, Some(connection), counted),
                },
                Err(error) => self.accept_failed(&error),
            }
        }
    }

    /// Serves one connection, from its first byte to its last.
    fn serve(&self, connection: Box<Connection>) {
        if let Some(upgrade) = self.answer_request(&connection) {
            self.serve_websocket(connection, upgrade);
        }
    }

    /// Reads the request. Answers it over HTTP, or returns the upgrade that it asks for.
    #[inline(never)] // *Speed*: as above.
    fn answer_request(&self, connection: &Connection) -> Option<Box<Upgrade>> {
        let Connection { stream, peer, .. } = connection;
        let (longest, timeout) = (self.settings.head_bytes, self.settings.head_timeout());
        let (head, leftover) = match http::read_head(stream, longest, timeout) {
            Ok(parts) => parts,
            Err(None) => return None, // the client has gone
            Err(Some(refusal)) => {
                reply::send(stream, *peer, &[], &refusal);
                return None;
            }
        };
        let upgrade =
            http::parse(&head).and_then(|request| self.decide(connection, &request, &head, leftover));
        upgrade.map_err(|answer| reply::send(stream, *peer, &head, &answer)).ok()
    }

    /// Decides what a request gets: a WebSocket on its route, or an answer over HTTP, which is the `Err`: a
    /// file or a refusal.
    fn decide(
        &self, connection: &Connection, request: &Request, head: &[u8], leftover: Vec<u8>,
    ) -> Result<Box<Upgrade>, Response> {
        self.settings.hosts.check(request)?;
        if !self.connections.open(connection.guard.id) {
            return Err(reply::no_place());
        }
        if !handshake::wants_websocket(request) {
            return Err(self.answer(connection, request, leftover));
        }
        let Some(route) = Route::of(request) else {
            return Err(Response::refusal(404, "no WebSocket is spoken at this address"));
        };
        // No other client sees what is sent to /echo, so pages of every site may try it.
        if !matches!(route, Route::Echo) {
            self.settings.origins.check(request)?;
        }
        let client = self.last_client.fetch_add(1, Relaxed) + 1;
        let new_tap = |wire| Tap::new(wire, client, head.to_vec(), leftover.clone(), self.wires.clone());
        let tap = route.wire_id(request)?.map(new_tap).map(Arc::new);
        let response = handshake::upgrade(request)?.to_bytes(false);
        Ok(Box::new(Upgrade { client, route, response, leftover, tap }))
    }

    /// Serves a WebSocket, from its 101 to its end.
    #[inline(never)] // *Speed*: as above.
    fn serve_websocket(&self, connection: Box<Connection>, upgrade: Box<Upgrade>) {
        // Variables are dropped in reverse order, so the guard comes first: it is dropped last.
        let Connection { guard, stream, peer } = *connection;
        // Until `open`, `Connections` held a second `Arc`, to shut the connection down if it was slow.
        let Some(stream) = Arc::into_inner(stream) else { return };
        let Upgrade { client, route, response, leftover, tap } = *upgrade;
        let _tap_guard = tap.clone().map(TapGuard);
        let (path, limits) = (route.path(), route.limits(self));
        let Ok(mut socket) = Socket::new(stream, response, leftover, limits, tap) else { return };
        if self.connections.set_sender(guard.id, socket.sender()) {
            socket.sender().close(&stop::goodbye());
        }
        log::info!("client {client} ({peer}) came to {path}");
        self.serve_route(route, client, &mut socket);
        let why = socket.end();
        log::info!("client {client} ({peer}) left {path}: {why}");
    }

    /// Runs the code of the route until the client leaves.
    #[inline(never)] // *Speed*: as above.
    fn serve_route(&self, route: Route, client: u64, socket: &mut Socket) {
        match route {
            Route::Echo => echo::serve(socket),
            Route::Broadcast => self.broadcast.serve(client, socket),
            Route::SocketIo(query) => self.socket_io.serve(&query, client, socket),
            Route::Chat(join) => {
                let passphrase = self.settings.passphrase.as_deref();
                chat::serve(&self.room, passphrase, client, socket, join);
            }
            Route::Wire(wire) => self.wires.serve(&wire, client, socket),
        }
    }
}
