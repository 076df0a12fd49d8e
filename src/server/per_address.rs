//! How many connections each address has, and the refusal of one too many, so that a script that opens
//! thousands does not take every place.
//!
//! An address counts as it is, and for IPv6 not as the /64 network that contains it: a class on one LAN
//! shares its /64. So a machine that gives itself many IPv6 addresses can have the limit for each of them.
//! A proxy makes all clients one address, and needs `--per-address 0`.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::{io::Write, sync::Arc, sync::Mutex};

use super::reply;
use crate::{logging::OncePerSecond, mutex::lock};

/// How many refused connections stay open. When the next one comes, the oldest of them is closed.
const REFUSED_MAX: usize = 64;

/// The number of connections of each address.
#[derive(Default)]
pub struct Addresses(HashMap<IpAddr, usize>);

impl Addresses {
    /// Counts one more connection of this address. Returns false if it has `max` already.
    pub fn add(&mut self, address: IpAddr, max: usize) -> bool {
        let count = self.0.entry(address).or_default();
        let has_place = *count < max;
        *count += usize::from(has_place);
        has_place
    }

    /// A connection of this address has ended.
    pub fn remove(&mut self, address: IpAddr) {
        if let Some(count) = self.0.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&address);
            }
        }
    }
}

/// The newest refused connections. They are not closed at once, because a request that arrives at a closed
/// socket is answered with a reset, which overtakes the refusal.
#[derive(Default)]
pub struct Refused(Mutex<VecDeque<Arc<TcpStream>>>);

impl Refused {
    /// Answers 503 to a new connection, whose address has `max` already. This takes no thread and does not
    /// wait: the request is not read, and the answer fits into the empty buffer of a new socket.
    pub fn refuse(&self, stream: Arc<TcpStream>, peer: SocketAddr, max: usize) {
        static WARNING: OncePerSecond = OncePerSecond::new();
        let refusal = reply::too_many_of_one_address(max);
        if WARNING.is_due() {
            log::warn!("refused {peer}: {}", refusal.sentence());
        }
        let is_nonblocking = stream.set_nonblocking(true).is_ok();
        if is_nonblocking && (&*stream).write(&refusal.to_bytes(false)).is_ok() {
            let _ = stream.shutdown(Shutdown::Write); // fails only if the client has gone
            let mut refused = lock(&self.0);
            refused.truncate(REFUSED_MAX - 1);
            refused.push_front(stream);
        }
    }

    /// Closes them, because they take descriptors that others need.
    pub fn close_all(&self) {
        lock(&self.0).clear();
    }
}
