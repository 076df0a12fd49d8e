//! All connections, from `accept` to their end, and the limits on their number.
//!
//! A connection is *unfinished* until its request is read and in order, and *open* from then on. Both kinds
//! have a limit of their own, so that clients which connect and send nothing (slowloris) take no place
//! from the others. Both together count for the limit of each address (`per_address.rs`).

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::per_address::{Addresses, Refused};
use crate::threads::{Counted, Threads};
use crate::{logging::OncePerSecond, mutex::lock, settings::Settings, websocket::Sender};

/// When threads or descriptors have run out, a request that has been unfinished for this long may be
/// closed. An honest one takes milliseconds.
const SLOW: Duration = Duration::from_secs(1);

/// A connection that has been accepted.
pub struct Connection {
    /// Shared with [`Connections`] until the request is complete.
    pub stream: Arc<TcpStream>,
    /// The other end's address.
    pub peer: SocketAddr,
    /// Removes it from [`Connections`] when it ends.
    pub guard: ConnectionGuard,
}

/// All connections, by their id.
pub struct Connections {
    threads: Arc<Threads>,
    open_max: usize,
    unfinished_max: usize,
    per_address_max: usize,
    lists: Mutex<Lists>,
    refused: Refused,
}

#[derive(Default)]
struct Lists {
    last_id: u64,
    /// Since when each connection has been unfinished. Ids count up, so the first is the oldest.
    unfinished: BTreeMap<u64, (Instant, Arc<TcpStream>)>,
    /// The open connections.
    open: HashMap<u64, Open>,
    by_address: Addresses,
    /// Whether the server is stopping, so that no connection may become open.
    is_stopping: bool,
}

/// An open connection.
struct Open {
    /// Its Sender, if it is a WebSocket.
    sender: Option<Sender>,
    _counted: Counted,
}

impl Connections {
    /// No connections yet, and room for as many as the settings and the number of threads allow.
    pub fn new(settings: &Settings, threads: &Arc<Threads>) -> Connections {
        let (lists, refused) = Default::default();
        Connections {
            threads: Arc::clone(threads),
            open_max: settings.connections,
            // Not all of the reserve: the threads of requests that have been closed take a moment to end.
            unfinished_max: settings.unfinished.min(threads.reserve - threads.reserve / 4),
            per_address_max: settings.per_address,
            lists,
            refused,
        }
    }

    /// Adds a new, unfinished connection, and gives it its id. If there is one too many, the oldest
    /// unfinished one is closed: an honest request takes milliseconds, an attacker's never ends.
    /// `None` if its address has too many: then it is refused already.
    pub fn add(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) -> Option<Box<Connection>> {
        let stream = Arc::new(stream);
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port()); // no ::ffff:192.0.2.7
        let mut lists = lock(&self.lists);
        if !lists.by_address.add(peer.ip(), self.per_address_max) {
            drop(lists);
            self.refused.refuse(stream, peer, self.per_address_max);
            return None;
        }
        lists.last_id += 1;
        let id = lists.last_id;
        lists.unfinished.insert(id, (Instant::now(), Arc::clone(&stream)));
        if lists.unfinished.len() > self.unfinished_max {
            lists.close_oldest();
        }
        let guard = ConnectionGuard { connections: Arc::clone(self), id, address: peer.ip() };
        Some(Box::new(Connection { stream, peer, guard })) // *Speed*: off the stack of its thread
    }

    /// Threads or descriptors have run out: closes the refused connections, and the oldest unfinished one if it
    /// has been unfinished for more than a second.
    pub fn make_room(&self) {
        self.refused.close_all();
        let mut lists = lock(&self.lists);
        if lists.unfinished.values().next().is_some_and(|(since, _)| since.elapsed() >= SLOW) {
            lists.close_oldest();
        }
    }

    /// The request is in order: makes the connection an open one. Returns false if there is no place;
    /// then it stays unfinished until it is refused.
    pub fn open(&self, id: u64) -> bool {
        let mut lists = lock(&self.lists);
        let has_place = lists.open.len() < self.open_max && !lists.is_stopping;
        let Some(_counted) = self.threads.serving.add().filter(|_| has_place) else { return false };
        lists.unfinished.remove(&id);
        lists.open.insert(id, Open { sender: None, _counted });
        true
    }

    /// An open connection has become a WebSocket. Returns whether the server is stopping: then
    /// [`Connections::stop`] did not know this Sender yet, and the caller has to close it.
    pub fn set_sender(&self, id: u64, sender: &Sender) -> bool {
        let mut lists = lock(&self.lists);
        if let Some(open) = lists.open.get_mut(&id) {
            open.sender = Some(sender.clone());
        }
        lists.is_stopping
    }

    /// Lets no connection become open any more. Returns the Senders of all WebSockets.
    pub fn stop(&self) -> Vec<Sender> {
        let mut lists = lock(&self.lists);
        lists.is_stopping = true;
        lists.open.values().filter_map(|open| open.sender.clone()).collect()
    }

    /// Whether no connection is open.
    pub fn is_empty(&self) -> bool {
        lock(&self.lists).open.is_empty()
    }
}

impl Lists {
    fn close_oldest(&mut self) {
        static CLOSED: OncePerSecond = OncePerSecond::new();
        if let Some((_, (_, stream))) = self.unfinished.pop_first() {
            if CLOSED.is_due() {
                let count = self.unfinished.len();
                log::info!("closed the oldest unfinished request, because {count} more are unfinished");
            }
            // Its thread waits for bytes, and reads the end of the stream now. This fails only if the
            // connection has ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Guard: removes its connection when it is dropped, however the connection's thread ends.
pub struct ConnectionGuard {
    connections: Arc<Connections>,
    /// Counted from 1.
    pub id: u64,
    address: IpAddr,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut lists = lock(&self.connections.lists);
        let unfinished = lists.unfinished.remove(&self.id);
        let open = lists.open.remove(&self.id);
        lists.by_address.remove(self.address);
        drop(lists);
        drop((unfinished, open)); // closes the socket: without the lock, for which other threads wait
    }
}
