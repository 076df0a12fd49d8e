//! What threads share: locks that no panic can poison, texts that nobody can guess, and the memory for
//! messages on their way.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

/// Locks, whether or not a thread panicked while it had the lock: one client's bug is no reason for
/// the others to stop talking, and what these locks guard is never left half-changed.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 28 characters of base64 that nobody can guess, each time others. std has no random numbers; tungstenite
/// has, for the keys of clients, but keeps half a kB for each thread that has ever asked. So it is asked
/// once, for a secret of 128 bits, and each secret makes the next one by a hash: from today's nobody can
/// tell what was made before.
pub fn unguessable() -> String {
    static SECRET: LazyLock<Mutex<String>> = LazyLock::new(|| Mutex::new(generate_key()));
    let mut secret = lock(&SECRET);
    let made = derive_accept_key(format!("{secret} made").as_bytes());
    *secret = derive_accept_key(format!("{secret} next").as_bytes());
    made
}

/// What must be left of the memory before something is begun that takes much of it.
const RESERVE: usize = 64 << 20;
/// From this many bytes on a message is large. Texts that people type are shorter.
const LARGE: usize = 64 * 1024;

/// Whether the system would give us so many bytes, and some more. When an allocation fails somewhere in
/// the middle of things Rust ends the process; so this asks, where much is about to be needed. It matters
/// only where memory is limited (`ulimit -v`): other systems promise more than they have.
pub fn has_memory(bytes: usize) -> bool {
    let mut room = Vec::<u8>::new();
    let is_there = room.try_reserve_exact(RESERVE.saturating_add(bytes)).is_ok();
    black_box(room); // or the compiler would leave out what nobody uses
    is_there
}

/// What all connections share: how much may wait in their Senders and in messages that are not complete,
/// and how much does.
#[derive(Debug)]
pub struct Budget {
    /// What may wait for one client, in bytes; one message may always exceed it.
    pub per_client: usize,
    /// What may wait for all clients together, in bytes; beyond it, whoever is behind and gets more goes.
    /// Messages that are not complete may have as much.
    pub total: usize,
    /// How many clients may be behind at once, each with a catch-up thread.
    pub threads: usize,
    waiting: AtomicUsize,
    incomplete: AtomicUsize,
    threads_now: AtomicUsize,
}

impl Budget {
    /// A budget with 256 MiB and 1,000 threads for all clients together.
    pub fn new(per_client: usize) -> Budget {
        let [waiting, incomplete, threads_now] = [const { AtomicUsize::new(0) }; 3];
        Budget { per_client, total: 256 << 20, threads: 1000, waiting, incomplete, threads_now }
    }

    /// How many bytes wait at this moment.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// So many bytes more wait.
    pub fn add(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Relaxed);
    }

    /// So many bytes wait no longer.
    pub fn take(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Relaxed);
    }

    /// Asks for one more catch-up thread, for as long as what is returned exists; `None` when there
    /// are too many, or when too much waits already.
    pub fn thread(self: &Arc<Self>) -> Option<ThreadPermit> {
        let others = self.threads_now.fetch_add(1, Relaxed);
        let permit = ThreadPermit(Arc::clone(self));
        (others < self.threads && self.waiting() <= self.total).then_some(permit)
    }
}

/// How much memory one connection's messages take while they come in: as much as the longest of them so
/// far, because tungstenite keeps its buffer for the next. Dropping it gives that back.
#[derive(Debug)]
pub struct Incomplete {
    budget: Arc<Budget>,
    /// How long the message under way is, as far as its frames say.
    bytes: usize,
    most: usize,
}

impl Incomplete {
    /// No message has begun.
    pub fn new(budget: &Arc<Budget>) -> Incomplete {
        Incomplete { budget: Arc::clone(budget), bytes: 0, most: 0 }
    }

    /// So many bytes more are announced. Returns whether there is memory for them; there is for what
    /// people type. Who is in the middle of a message, and announces nothing, has its memory already.
    pub fn add(&mut self, bytes: usize) -> bool {
        if bytes == 0 {
            return true;
        }
        self.bytes += bytes;
        let more = self.bytes.saturating_sub(self.most);
        self.most += more;
        let others = self.budget.incomplete.fetch_add(more, Relaxed);
        let has_place = more == 0 || others + more <= self.budget.total;
        // A message is copied on its way: when it is put together, encoded, and has to wait.
        self.bytes <= LARGE || (has_place && has_memory(3 * self.bytes))
    }

    /// A message of so many bytes is complete. What has been announced behind it remains.
    pub fn take(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
    }
}

impl Drop for Incomplete {
    fn drop(&mut self) {
        self.budget.incomplete.fetch_sub(self.most, Relaxed);
    }
}

/// The permission to have a catch-up thread; dropping it gives it back.
pub struct ThreadPermit(Arc<Budget>);

impl Drop for ThreadPermit {
    fn drop(&mut self) {
        self.0.threads_now.fetch_sub(1, Relaxed);
    }
}
