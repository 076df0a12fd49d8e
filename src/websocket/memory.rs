//! How much memory messages may take on their way: frames that wait for slow clients, and messages that
//! have not arrived whole. The limits hold for all clients together, so that a crowd of slow clients
//! cannot use up the machine's memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::threads::Threads;

/// A message of up to this many bytes may always come in. Texts that people type are shorter.
const SMALL: usize = 64 * 1024;

/// The limits that all clients of a route share, and what is in use of them.
#[derive(Debug)]
pub struct Budget {
    /// Bytes that may wait for one client. It is compared before a message is added, so one message
    /// may exceed it.
    pub per_client: usize,
    /// Bytes that may wait for all clients together; beyond it, a client that is behind is closed when
    /// another frame is sent to it. Messages that are coming in may take as much again.
    pub total: usize,
    /// The threads of the process, of which each slow client takes one more.
    pub threads: Arc<Threads>,
    waiting: AtomicUsize,
    inbound: AtomicUsize,
}

impl Budget {
    /// A budget with 256 MiB for all clients together.
    pub fn new(per_client: usize, threads: &Arc<Threads>) -> Budget {
        let (waiting, inbound) = Default::default();
        Budget { per_client, total: 256 << 20, threads: Arc::clone(threads), waiting, inbound }
    }

    /// How many bytes wait at this moment, for all clients together.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// `bytes` more are waiting.
    pub fn add_waiting(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Relaxed);
    }

    /// `bytes` are no longer waiting.
    pub fn remove_waiting(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Relaxed);
    }
}

/// The memory that the messages of one connection take while they come in. The longest message counts as
/// long as the connection lasts, because tungstenite keeps its buffer for the next.
#[derive(Debug)]
pub struct InboundReservation {
    budget: Arc<Budget>,
    /// The length of the message that is coming in, in bytes, as far as its frames have announced it.
    announced: usize,
    /// The bytes that are counted in the budget.
    reserved: usize,
}

impl InboundReservation {
    /// A reservation of nothing.
    pub fn new(budget: &Arc<Budget>) -> InboundReservation {
        InboundReservation { budget: Arc::clone(budget), announced: 0, reserved: 0 }
    }

    /// A frame announces `bytes` more. Returns whether the message may take them.
    pub fn announce(&mut self, bytes: usize) -> bool {
        self.announced += bytes;
        let more = self.announced.saturating_sub(self.reserved);
        self.reserved += more;
        let others = self.budget.inbound.fetch_add(more, Relaxed);
        more == 0 || self.announced <= SMALL || others + more <= self.budget.total
    }

    /// A message of `bytes` has arrived whole. Frames behind it may have announced the next one.
    pub fn complete(&mut self, bytes: usize) {
        self.announced -= bytes.min(self.announced);
    }
}

impl Drop for InboundReservation {
    fn drop(&mut self) {
        self.budget.inbound.fetch_sub(self.reserved, Relaxed);
    }
}
