//! Every connection there is, from accept to its end, and how many there may be.
//!
//! A connection is *unfinished* until its request is complete: nobody knows yet whether it ever will
//! be. Then it is *open*, if there is a place for it. Both kinds have a limit of their own, so that
//! those who connect and say nothing take no place from those who have something to say.

use std::collections::{BTreeMap, HashMap};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::sender::Sender;
use crate::shared::lock;

/// When threads or descriptors have run out, a request that has been unfinished for this long may
/// be closed to make room. An honest one takes milliseconds.
const SLOW: Duration = Duration::from_secs(1);

/// The connections, by client id.
pub struct Register {
    limit: usize,
    unfinished_limit: usize,
    lists: Mutex<Lists>,
}

#[derive(Default)]
struct Lists {
    /// Since when each has been waiting; ids count up, so the first is the oldest.
    unfinished: BTreeMap<u64, (Instant, Arc<TcpStream>)>,
    /// A Sender for those that are WebSockets.
    open: HashMap<u64, Option<Sender>>,
    /// Whether the server is stopping, so that nobody may enter.
    closed: bool,
}

impl Register {
    /// An empty register for this many open and this many unfinished connections.
    pub fn new(limit: usize, unfinished_limit: usize) -> Register {
        Register { limit, unfinished_limit, lists: Mutex::default() }
    }

    /// Adds a connection whose request has yet to come, until what is returned is dropped. One too
    /// many, and the oldest goes: a newcomer's request takes milliseconds, an attacker's never comes.
    pub fn add(self: &Arc<Self>, id: u64, stream: &Arc<TcpStream>) -> Presence {
        let mut lists = lock(&self.lists);
        lists.unfinished.insert(id, (Instant::now(), Arc::clone(stream)));
        if lists.unfinished.len() > self.unfinished_limit {
            lists.evict_oldest();
        }
        Presence { register: Arc::clone(self), id }
    }

    /// Closes the oldest unfinished connection if it has had time enough.
    pub fn evict_if_slow(&self) {
        let mut lists = lock(&self.lists);
        if lists.unfinished.values().next().is_some_and(|(since, _)| since.elapsed() >= SLOW) {
            lists.evict_oldest();
        }
    }

    /// The request is complete: the connection becomes an open one, and true is returned, if there
    /// is a place. If not, it stays with the unfinished until it has been told so.
    pub fn enter(&self, id: u64) -> bool {
        let mut lists = lock(&self.lists);
        let has_place = lists.open.len() < self.limit && !lists.closed;
        if has_place {
            lists.unfinished.remove(&id);
            lists.open.insert(id, None);
        }
        has_place
    }

    /// An open connection has become a WebSocket. Returns whether it has to be told that the server
    /// is stopping, since those who were asked to say so did not know of it yet.
    pub fn upgraded(&self, id: u64, sender: &Sender) -> bool {
        let mut lists = lock(&self.lists);
        lists.open.insert(id, Some(sender.clone()));
        lists.closed
    }

    /// Lets nobody enter any more, and returns the WebSockets, to say goodbye to.
    pub fn admit_no_more(&self) -> Vec<Sender> {
        let mut lists = lock(&self.lists);
        lists.closed = true;
        lists.open.values().flatten().cloned().collect()
    }

    /// Whether no connection is open.
    pub fn is_empty(&self) -> bool {
        lock(&self.lists).open.is_empty()
    }
}

impl Lists {
    fn evict_oldest(&mut self) {
        if let Some((_, (_, stream))) = self.unfinished.pop_first() {
            // Its thread, which waits for bytes, reads the end of the stream. Fails only if the
            // connection has ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Takes a connection out of the register when it is dropped: in whatever way its thread ends, or if
/// it never begins.
pub struct Presence {
    register: Arc<Register>,
    id: u64,
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut lists = lock(&self.register.lists);
        lists.unfinished.remove(&self.id);
        lists.open.remove(&self.id);
    }
}
