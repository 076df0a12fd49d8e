//! Locking without regard to poison. Every `Mutex` of the program is locked through [`lock`].

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, even if another thread panicked while it held the lock.
///
/// std calls such a mutex poisoned and refuses it. Here one client's bug is no reason for the other
/// clients to stop talking.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
