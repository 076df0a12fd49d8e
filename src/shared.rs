//! What threads share: locks that no panic can poison, and the memory for messages on their way.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Locks, whether or not a thread panicked while it had the lock: one client's bug is no reason for
/// the others to stop talking, and what these locks guard is never left half-changed.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all connections share: how much may wait in their Senders and how much may have come of
/// messages that are not complete, and how much does and has.
#[derive(Debug)]
pub struct Budget {
    /// What may wait for one client, in bytes; one message may always exceed it.
    pub per_client: usize,
    /// What may wait for all clients together, in bytes; beyond it, whoever is behind and gets more goes.
    /// As much may have come from all of them.
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

/// How much of a message has come that is not complete; dropping it says that it is.
#[derive(Debug)]
pub struct Incomplete {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Incomplete {
    /// Nothing of a message has come.
    pub fn new(budget: &Arc<Budget>) -> Incomplete {
        Incomplete { budget: Arc::clone(budget), bytes: 0 }
    }

    /// So many bytes more have come. Returns how many that are, and whether all connections together
    /// have too many.
    pub fn add(&mut self, bytes: usize) -> (usize, bool) {
        self.bytes += bytes;
        let others = self.budget.incomplete.fetch_add(bytes, Relaxed);
        (self.bytes, others + bytes > self.budget.total)
    }

    /// The message is complete.
    pub fn clear(&mut self) {
        self.budget.incomplete.fetch_sub(std::mem::take(&mut self.bytes), Relaxed);
    }
}

impl Drop for Incomplete {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The permission to have a catch-up thread; dropping it gives it back.
pub struct ThreadPermit(Arc<Budget>);

impl Drop for ThreadPermit {
    fn drop(&mut self) {
        self.0.threads_now.fetch_sub(1, Relaxed);
    }
}
