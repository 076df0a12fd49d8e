//! The accept loop, one thread per connection, and the door that a request goes through.
//!
//! ```text
//! accept ── thread "client-17" ── read the head ──┬── a file, or a refusal ── close
//!                                                 └── 101 ── echo | broadcast ── close
//! ```

use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::coding::CloseCode;

use crate::broadcast::{self, Broadcast};
use crate::echo;
use crate::files::Files;
use crate::handshake;
use crate::http::{self, Request, Response};
use crate::journal::OncePerSecond;
use crate::sender::{Budget, Sender, lock};
use crate::settings::{self, Settings};
use crate::socket::{Socket, close_frame};
use crate::tcp;

/// Stack of a client's thread, in bytes. Only what is touched costs memory; less than half of this
/// would end the process in a debug build when somebody sends deeply nested JSON.
const STACK: usize = 512 * 1024;
/// The most connections, whatever the settings say. Each thread takes up to four of the 65,530
/// memory maps that Linux gives a process, and std panics inside a thread that gets none; this
/// leaves room for those that are unfinished or catching up.
pub const CONNECTIONS_MAX: usize = 14_000;
/// When threads or descriptors have run out: how long to wait before trying again. After this long,
/// what has not even finished its request may be closed to make room.
const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE_WHEN_FULL: Duration = Duration::from_secs(1);
/// What a client that found no place is told to wait, in seconds.
const RETRY_AFTER: &str = "10";
/// How long [`Server::stop`] waits for the clients to take leave.
const GOODBYE_TIME: Duration = Duration::from_secs(2);

/// Where an upgraded connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Echo,
    Broadcast,
}

impl Door {
    /// The door at a path, if there is one. `/` is a door as well as a page: the first WebSocket
    /// client of most tutorials connects to no path in particular.
    fn at(path: &str) -> Option<Door> {
        match path {
            "/echo" => Some(Door::Echo),
            "/broadcast" | "/" => Some(Door::Broadcast),
            _ => None,
        }
    }
}

/// What a request that is in order gets.
enum Answer {
    /// This, and the connection is closed.
    Http(Response),
    /// This 101, and the connection goes through the door.
    Upgrade(Door, Response),
}

/// The server: what all its threads share.
pub struct Server {
    settings: Settings,
    listeners: Vec<TcpListener>,
    files: Files,
    budget: Arc<Budget>,
    broadcast: Broadcast,
    register: Mutex<Register>,
    last_client: AtomicU64,
}

/// Every connection there is, by client id, from accept to its end.
struct Register {
    /// Those whose request is not complete, the oldest first, and since when.
    unfinished: BTreeMap<u64, (Instant, Arc<TcpStream>)>,
    /// The others; a Sender if they are WebSockets.
    open: HashMap<u64, Option<Sender>>,
    /// How many may be open.
    limit: usize,
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
        let listeners = listen(settings.port)?;
        settings.access.add_own_name(&settings::machine_name());
        let limit = settings.connections.min(CONNECTIONS_MAX);
        let register = Register { unfinished: BTreeMap::new(), open: HashMap::new(), limit };
        Ok(Arc::new(Server {
            budget: Arc::new(Budget::new(settings.pending)),
            settings,
            listeners,
            files,
            broadcast: Broadcast::default(),
            register: Mutex::new(register),
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
                Err(error) => self.make_room("accept a connection", &error),
            }
        }
    }

    /// Gives a new connection its number and its thread.
    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let id = self.last_client.fetch_add(1, Relaxed) + 1;
        let stream = Arc::new(stream);
        let evicted = lock(&self.register).add(id, &stream, self.settings.unfinished);
        if let Some(oldest) = evicted {
            hang_up(&oldest);
        }
        let server = Arc::clone(self);
        let builder = thread::Builder::new().name(format!("client-{id}")).stack_size(STACK);
        if let Err(error) = builder.spawn(move || server.serve(id, &stream, peer)) {
            lock(&self.register).remove(id);
            self.make_room("start a thread", &error);
        }
    }

    /// Threads or descriptors have run out. Others will end and give theirs back: wait a little,
    /// instead of spinning. Whoever keeps its request unfinished meanwhile has to go first.
    fn make_room(&self, what: &str, error: &io::Error) {
        static WARNING: OncePerSecond = OncePerSecond::fresh();
        if WARNING.is_due() {
            log::warn!("cannot {what} ({error}); `ulimit -n` and `ulimit -u` show the limits");
        }
        let oldest = lock(&self.register).take_oldest(PATIENCE_WHEN_FULL);
        if let Some(oldest) = oldest {
            hang_up(&oldest);
        }
        thread::sleep(PAUSE);
    }

    /// One connection, from its first byte to its last.
    fn serve(&self, id: u64, stream: &Arc<TcpStream>, peer: SocketAddr) {
        let _entry = Entry { server: self, id };
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port()); // no ::ffff:192.0.2.7
        let Some((door, mut socket)) = self.open(id, stream, peer) else { return };
        match door {
            Door::Echo => echo::serve(&mut socket),
            Door::Broadcast => self.broadcast.serve(id, &mut socket),
        }
        let why = socket.end();
        log::info!("client {id} ({peer}) left {door:?}: {why}");
    }

    /// Reads the request and answers it; gives back the WebSocket, if it has become one.
    ///
    /// Not inlined, so that what only the handshake needs is not part of the stack frame that an
    /// idle client's thread keeps for hours.
    #[inline(never)]
    fn open(&self, id: u64, stream: &Arc<TcpStream>, peer: SocketAddr) -> Option<(Door, Socket)> {
        let head = http::read_head(stream, self.settings.head_bytes, self.settings.head_timeout);
        let (head, early) = match head {
            Ok(parts) => parts,
            Err(refusal) => {
                return self.reply(stream, peer, None, &refusal?);
            }
        };
        let request = match http::parse(&head) {
            Ok(request) => request,
            Err(refusal) => return self.reply(stream, peer, None, &refusal),
        };
        match self.answer(id, &request) {
            Err(response) | Ok(Answer::Http(response)) => {
                self.reply(stream, peer, Some(&request), &response)
            }
            Ok(Answer::Upgrade(door, response)) => {
                let longest = match door {
                    Door::Echo => echo::MESSAGE_MAX,
                    Door::Broadcast => broadcast::MESSAGE_MAX,
                };
                let socket =
                    Socket::new(stream, response.to_bytes(false), early, longest, &self.budget)
                        .ok()?;
                lock(&self.register).upgraded(id, socket.sender().clone());
                log::info!("client {id} ({peer}) came to {door:?}");
                Some((door, socket))
            }
        }
    }

    /// Which door a request goes through, or which answer it gets.
    fn answer(&self, id: u64, request: &Request) -> Result<Answer, Response> {
        self.settings.access.check_host(request)?;
        if !lock(&self.register).enter(id) {
            let why = "every place is taken; try again in a moment";
            return Err(Response::refusal(503, why).with_header("Retry-After", RETRY_AFTER));
        }
        let door = Door::at(&request.path);
        if !handshake::wants_websocket(request) {
            return match door {
                Some(_) if request.path != "/" => Err(handshake::upgrade_required()),
                _ => Ok(Answer::Http(self.files.answer(request))),
            };
        }
        let Some(door) = door else {
            return Err(Response::refusal(404, "no WebSocket is spoken at this address"));
        };
        // What is said on /echo concerns nobody else, so pages from everywhere may try it.
        if door != Door::Echo {
            self.settings.access.check_origin(request)?;
        }
        Ok(Answer::Upgrade(door, handshake::upgrade(request)?))
    }

    /// Sends an answer and closes the connection. Returns nothing, in the type that fits above.
    fn reply<T>(
        &self,
        stream: &TcpStream,
        peer: SocketAddr,
        request: Option<&Request>,
        response: &Response,
    ) -> Option<T> {
        static WARNING: OncePerSecond = OncePerSecond::fresh();
        let path = request.map_or("", |request| &request.path);
        match response.status {
            403 | 421 if WARNING.is_due() => log::warn!("{peer} {path}: {}", response.sentence()),
            200 => log::debug!("{peer} {path}: 200"),
            _ => log::debug!("{peer} {path}: {}", response.sentence()),
        }
        let to_head = request.is_some_and(|request| request.method == "HEAD");
        tcp::send_and_close(stream, &response.to_bytes(to_head));
        None
    }

    /// Closes every connection with 1001 and waits a moment for the clients to take leave.
    pub fn stop(&self) {
        let senders: Vec<Sender> = {
            let mut register = lock(&self.register);
            register.limit = 0;
            register.open.values().flatten().cloned().collect()
        };
        let goodbye = close_frame(CloseCode::Away, "the server is stopping");
        for sender in senders {
            sender.close(&goodbye);
        }
        let deadline = Instant::now() + GOODBYE_TIME;
        while Instant::now() < deadline && !lock(&self.register).open.is_empty() {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Register {
    /// Adds a connection whose request has yet to come; returns the one that has to go for it.
    fn add(&mut self, id: u64, stream: &Arc<TcpStream>, limit: usize) -> Option<Arc<TcpStream>> {
        self.unfinished.insert(id, (Instant::now(), Arc::clone(stream)));
        // The oldest: a newcomer's request takes milliseconds, an attacker's never comes.
        if self.unfinished.len() > limit { self.take_oldest(Duration::ZERO) } else { None }
    }

    /// Takes the oldest unfinished connection out, if it has had at least `time`.
    fn take_oldest(&mut self, time: Duration) -> Option<Arc<TcpStream>> {
        let oldest = self.unfinished.first_entry()?;
        if oldest.get().0.elapsed() < time {
            return None;
        }
        Some(oldest.remove().1)
    }

    /// The request is complete: it becomes an open connection, if there is a place for one. If not
    /// it stays among the unfinished, where there are bounds for it, until its 503 is sent.
    fn enter(&mut self, id: u64) -> bool {
        if self.open.len() >= self.limit {
            return false;
        }
        self.unfinished.remove(&id);
        self.open.insert(id, None);
        true
    }

    fn upgraded(&mut self, id: u64, sender: Sender) {
        self.open.insert(id, Some(sender));
    }

    fn remove(&mut self, id: u64) {
        self.unfinished.remove(&id);
        self.open.remove(&id);
    }
}

/// Takes a connection out of the register when its thread ends, in whatever way.
struct Entry<'a> {
    server: &'a Server,
    id: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        lock(&self.server.register).remove(self.id);
    }
}

/// Ends a connection from outside of its thread, which then reads the end of the stream.
fn hang_up(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Both); // fails only if it has ended already
}

/// Listens on every address: IPv6 first, since on most systems that socket takes IPv4 as well.
fn listen(port: u16) -> Result<Vec<TcpListener>, String> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut wanted = port;
    for every in [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)] {
        match TcpListener::bind((every, wanted)) {
            Ok(listener) => {
                wanted = listener.local_addr().map_or(wanted, |address| address.port());
                listeners.push(listener);
            }
            Err(_) if !listeners.is_empty() => {}
            Err(e) if e.kind() == ErrorKind::AddrInUse => {
                return Err(format!(
                    "port {port} is taken: another program listens there already, perhaps another \
                     Partyline. Stop that one, or choose another port: --port {}",
                    port.wrapping_add(1).max(1024)
                ));
            }
            Err(error) if every.is_ipv4() => {
                return Err(format!("cannot listen on port {port}: {error}"));
            }
            Err(_) => {} // no IPv6 on this machine
        }
    }
    Ok(listeners)
}
