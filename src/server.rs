//! The accept loop, one thread per connection, and the door that a request goes through.
//!
//! ```text
//! accept ── a thread of its own ── read the head ──┬── a file, or a refusal ── close
//!                                                 └── 101 ── echo | broadcast | chat | wire ── close
//! ```

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::coding::CloseCode;

use crate::broadcast::{self, Broadcast};
use crate::chat::room::{Room, Wish};
use crate::chat::session;
use crate::echo;
use crate::files::Files;
use crate::handshake;
use crate::http::{self, Request, Response};
use crate::journal::OncePerSecond;
use crate::pace::Pace;
use crate::register::{Presence, Register};
use crate::settings::{self, Settings};
use crate::shared::{Budget, has_memory};
use crate::socket::{Socket, Terms, close_frame};
use crate::spare::Spare;
use crate::tap::{Ending, Tap};
use crate::tcp;
use crate::wire::{self, Wires};

/// Stack of a client's thread, in bytes. Only what is touched costs memory; less than half of this
/// would end the process in a debug build when somebody sends deeply nested JSON.
const STACK: usize = 512 * 1024;
/// The most connections, whatever the settings say. Each thread takes up to four of the 65,530
/// memory maps that Linux gives a process, and std panics inside a thread that gets none; this
/// leaves room for those that are unfinished or catching up.
pub const CONNECTIONS_MAX: usize = 14_000;
/// When descriptors have run out: how long to wait before trying again.
const PAUSE: Duration = Duration::from_millis(50);
/// What a client that found no place is told to wait, in seconds.
const RETRY_AFTER: &str = "10";
/// The answer to a plain GET on a door, and to what a proxy makes of an upgrade by default.
const PLAIN_GET: &str = "this address speaks WebSocket: ask over HTTP/1.1, with Connection: Upgrade and \
     Upgrade: websocket (a proxy in between has to be told to pass these on)";
/// How long [`Server::stop`] waits for the clients to take leave.
const GOODBYE_TIME: Duration = Duration::from_secs(2);

/// Where an upgraded connection goes.
enum Door {
    Echo,
    Broadcast,
    /// With what the request says about who comes.
    Chat(Wish),
    /// With the id of the wire to watch.
    Wire(String),
}

impl Door {
    /// The door that a request asks for, if there is one. `/` is a door as well as a page: the first
    /// WebSocket client of most tutorials connects to no path in particular.
    fn of(request: &Request) -> Option<Door> {
        match request.path.as_str() {
            "/echo" => Some(Door::Echo),
            "/broadcast" | "/" => Some(Door::Broadcast),
            "/chat" => Some(Door::Chat(session::wish(request))),
            "/wire" => Some(Door::Wire(request.parameter("id").unwrap_or_default())),
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Door::Echo => "/echo",
            Door::Broadcast => "/broadcast",
            Door::Chat(_) => "/chat",
            Door::Wire(_) => "/wire",
        }
    }

    /// What holds there.
    fn terms(&self, server: &Server, tap: Option<Arc<Tap>>) -> Terms {
        let settings = &server.settings;
        let message_max = match self {
            Door::Echo => echo::MESSAGE_MAX,
            Door::Broadcast => broadcast::MESSAGE_MAX,
            Door::Chat(_) => session::message_max(settings.text),
            Door::Wire(_) => wire::MESSAGE_MAX,
        };
        // What is said on /echo is nobody else's trouble, and so has neither pace nor a share in what
        // the others have.
        let (budget, pace) = match self {
            Door::Echo => (&server.echo_budget, Pace::unlimited()),
            _ => (&server.budget, Pace::new(settings.pace, settings.pace_bytes)),
        };
        Terms { message_max, budget: Arc::clone(budget), pace, tap }
    }
}

/// A connection that needs a thread.
struct Connection {
    id: u64,
    /// Shared with the register until the request is complete.
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    /// Dropped with it, when it has ended.
    _presence: Presence,
}

/// What a request that is in order gets.
enum Answer {
    /// This, and the connection is closed.
    Http(Response),
    /// This 101, and the connection goes through the door. It can be watched if it has the id of a
    /// wire.
    Upgrade(Door, Response, Option<String>),
}

/// A request that may have its WebSocket.
struct Upgrade {
    door: Door,
    /// The 101.
    response: Vec<u8>,
    /// What came with the request.
    early: Vec<u8>,
    tap: Option<Arc<Tap>>,
}

/// The server: what all its threads share.
pub struct Server {
    settings: Settings,
    listeners: Vec<TcpListener>,
    files: Files,
    /// The memory for messages; `/echo` has its own.
    budget: Arc<Budget>,
    echo_budget: Arc<Budget>,
    broadcast: Broadcast,
    /// The chat's room, for the operator as well.
    pub room: Arc<Room>,
    wires: Arc<Wires>,
    register: Arc<Register>,
    spare: Spare<Box<Connection>>,
    last_client: AtomicU64,
}

impl Server {
    /// Listens on the port of the settings, on every address that this machine has.
    ///
    /// # Errors
    /// A sentence for the person who started the program.
    pub fn bind(mut settings: Settings) -> Result<Arc<Server>, String> {
        let www = &settings.www;
        let files = Files::new(www).map_err(|error| {
            let www = www.display();
            format!(
                "the folder with the pages, {www}, cannot be opened ({error}): start in the \
                     project's folder, or say where it is with --www DIR"
            )
        })?;
        let listeners = tcp::listen(settings.port)?;
        settings.access.add_own_name(&settings::machine_name());
        let room = Room::new(settings.text, settings.keep, settings.data.as_deref())?;
        let connections = settings.connections.min(CONNECTIONS_MAX);
        let register = Register::new(connections, settings.unfinished);
        Ok(Arc::new(Server {
            budget: Arc::new(Budget::new(settings.pending)),
            echo_budget: Arc::new(Budget::new(settings.pending)),
            settings,
            listeners,
            files,
            broadcast: Broadcast::default(),
            room,
            wires: Arc::default(),
            register: Arc::new(register),
            spare: Spare::default(),
            last_client: AtomicU64::new(0),
        }))
    }

    /// The port that it listens on, also where the settings left the choice to the system.
    pub fn port(&self) -> u16 {
        let address = self.listeners.first().and_then(|listener| listener.local_addr().ok());
        address.map_or(self.settings.port, |address| address.port())
    }

    /// Accepts connections for ever.
    pub fn run(self: &Arc<Self>) -> ! {
        // There is a second listener only where an IPv6 socket does not take IPv4 connections.
        for index in 1..self.listeners.len() {
            let server = Arc::clone(self);
            thread::spawn(move || server.accept_from(&server.listeners[index]));
        }
        self.accept_from(&self.listeners[0])
    }

    fn accept_from(self: &Arc<Self>, listener: &TcpListener) -> ! {
        loop {
            match listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer),
                // It left while it was waiting. That is its own affair.
                Err(e) if e.kind() == ErrorKind::ConnectionAborted => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // Others will end and give theirs back: wait a little, instead of spinning.
                Err(error) => {
                    self.make_room("accept a connection", &error);
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Gives a new connection its number and its thread: one that has just finished, or a new one.
    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let id = self.last_client.fetch_add(1, Relaxed) + 1;
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port()); // no ::ffff:192.0.2.7
        let stream = Arc::new(stream);
        let presence = self.register.add(id, &stream);
        let connection = Box::new(Connection { id, stream, peer, _presence: presence });
        let Some(first) = self.spare.give(connection) else { return };
        let server = Arc::clone(self);
        let builder = thread::Builder::new().name("client".to_string()).stack_size(STACK);
        let serve = move || {
            let mut next = Some(first);
            while let Some(connection) = next {
                server.serve(connection);
                next = server.spare.wait();
            }
        };
        // A thread that gets no memory ends the process; so some has to be left before it starts.
        let memory = if has_memory(STACK) { Ok(()) } else { Err(ErrorKind::OutOfMemory.into()) };
        if let Err(error) = memory.and_then(|()| builder.spawn(serve)) {
            self.make_room("start a thread", &error);
        }
    }

    /// Threads, memory or descriptors have run out. Whoever keeps its request unfinished has to go first.
    fn make_room(&self, what: &str, error: &io::Error) {
        static WARNING: OncePerSecond = OncePerSecond::fresh();
        if WARNING.is_due() {
            log::warn!("cannot {what} ({error}); `ulimit -n` and `ulimit -u` show the limits");
        }
        self.register.evict_if_slow();
    }

    /// One connection, from its first byte to its last.
    fn serve(&self, connection: Box<Connection>) {
        if let Some(upgrade) = self.shake_hands(&connection) {
            self.go_through(upgrade, connection);
        }
    }

    /// Reads the request and answers it, unless it asks for a WebSocket and may have one.
    ///
    /// This and `go_through` are not inlined, so that what only the handshake needs is not part of the
    /// stack frame that an idle client's thread keeps for hours: with all in one function a client takes
    /// 4 kB more, a third page of stack.
    #[inline(never)]
    fn shake_hands(&self, connection: &Connection) -> Option<Box<Upgrade>> {
        let Connection { id, ref stream, peer, .. } = *connection;
        let (longest, time) = (self.settings.head_bytes, self.settings.head_timeout);
        let (head, early) = match http::read_head(stream, longest, time) {
            Ok(parts) => parts,
            Err(refusal) => {
                let refusal = refusal?; // none: nobody is left to send it to
                self.reply(stream, peer, &[], &refusal);
                return None;
            }
        };
        match http::parse(&head).and_then(|request| self.answer(id, &request)) {
            Ok(Answer::Upgrade(door, response, wire)) => {
                let tap = |wire| Tap::new(wire, id, head, early.clone(), self.wires.clone());
                let tap = wire.map(tap).map(Arc::new);
                let response = response.to_bytes(false);
                Some(Box::new(Upgrade { door, response, early, tap }))
            }
            Ok(Answer::Http(response)) | Err(response) => {
                self.reply(stream, peer, &head, &response);
                None
            }
        }
    }

    /// The life of a WebSocket.
    #[inline(never)]
    #[allow(clippy::boxed_local, reason = "the boxes keep it off the stack of those who stay")]
    fn go_through(&self, upgrade: Box<Upgrade>, connection: Box<Connection>) {
        // The presence is taken apart first and so dropped last, when all the rest has ended.
        let Connection { id, stream, peer, _presence } = *connection;
        // None only if the register had it too, and it has none of those that have entered.
        let Some(stream) = Arc::into_inner(stream) else { return };
        let Upgrade { door, response, early, tap } = *upgrade;
        let _ending = tap.clone().map(Ending);
        let name = door.name();
        let terms = door.terms(self, tap);
        let Ok(mut socket) = Socket::new(stream, response, early, terms) else { return };
        if self.register.upgraded(id, socket.sender()) {
            socket.sender().close(&goodbye());
        }
        log::info!("client {id} ({peer}) came to {name}");
        self.serve_door(door, id, &mut socket);
        let why = socket.end();
        log::info!("client {id} ({peer}) left {name}: {why}");
    }

    #[inline(never)]
    fn serve_door(&self, door: Door, id: u64, socket: &mut Socket) {
        match door {
            Door::Echo => echo::serve(socket),
            Door::Broadcast => self.broadcast.serve(id, socket),
            Door::Chat(wish) if self.settings.access.admits(wish.passphrase.as_deref()) => {
                session::serve(&self.room, id, socket, wish);
            }
            Door::Chat(wish) => session::turn_away(socket, &wish),
            Door::Wire(wire) => self.wires.serve(&wire, id, socket),
        }
    }

    /// Which door a request goes through, or which answer it gets. A request that is let in takes one
    /// of the places that `--connections` provides.
    fn answer(&self, id: u64, request: &Request) -> Result<Answer, Response> {
        self.settings.access.check_host(request)?;
        if !self.register.enter(id) {
            let why = "every place is taken; try again in a moment";
            return Err(Response::refusal(503, why).with_header("Retry-After", RETRY_AFTER));
        }
        let door = Door::of(request);
        if !handshake::wants_websocket(request) {
            return match door {
                Some(_) if request.path != "/" => Err(handshake::upgrade_required(PLAIN_GET)),
                _ => Ok(Answer::Http(self.files.answer(request))),
            };
        }
        let Some(door) = door else {
            return Err(Response::refusal(404, "no WebSocket is spoken at this address"));
        };
        // What is said on /echo concerns nobody else, so pages from everywhere may try it.
        if !matches!(door, Door::Echo) {
            self.settings.access.check_origin(request)?;
        }
        let wire = match &door {
            Door::Wire(id) if !wire::is_id(id) => {
                let why = "id has to be 16 to 64 characters of A-Z a-z 0-9 - _";
                return Err(Response::refusal(400, why));
            }
            Door::Wire(_) => None, // which would be a view of a view
            _ => request.parameter("wire").filter(|id| wire::is_id(id)),
        };
        Ok(Answer::Upgrade(door, handshake::upgrade(request)?, wire))
    }

    /// Sends an answer to the request with this head, and closes the connection.
    fn reply(&self, stream: &TcpStream, peer: SocketAddr, head: &[u8], response: &Response) {
        static WARNING: OncePerSecond = OncePerSecond::fresh();
        // As it came, for even a head that cannot be understood has to be told from others. (`parse`
        // forgives an empty line before it.)
        let head = String::from_utf8_lossy(head.trim_ascii_start());
        // Up to the query, which may be secret, and no further than a line of the log should go.
        let asked: String = head.chars().take_while(|c| !"?\r".contains(*c)).take(200).collect();
        match response.status {
            403 | 421 if WARNING.is_due() => log::warn!("{peer} {asked}: {}", response.sentence()),
            200 => log::debug!("{peer} {asked}: 200 OK"),
            _ => log::debug!("{peer} {asked}: {}", response.sentence()),
        }
        let to_head = head.starts_with("HEAD ");
        tcp::send_and_close(stream, &response.to_bytes(to_head));
    }

    /// Closes every connection with 1001 and waits a moment for the clients to take leave.
    pub fn stop(&self) {
        for sender in self.register.admit_no_more() {
            sender.close(&goodbye());
        }
        let deadline = Instant::now() + GOODBYE_TIME;
        while Instant::now() < deadline && !self.register.is_empty() {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn goodbye() -> Vec<u8> {
    close_frame(CloseCode::Away, "the server is stopping")
}
