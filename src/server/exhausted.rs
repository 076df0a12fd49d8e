//! What happens when descriptors or threads run out: the server warns, closes a client that is slow to
//! send its request (slowloris), and goes on as soon as other connections have ended.

use std::io::{self, ErrorKind};
use std::{fmt::Display, thread, time::Duration};

use super::Server;
use crate::{logging::OncePerSecond, threads::Counted};

/// The pause before the next `accept`, so that the loop does not spin until a descriptor is free.
const PAUSE: Duration = Duration::from_millis(50);

impl Server {
    /// `accept` has failed. The error may concern only a client that has left already, or a signal.
    pub(super) fn accept_failed(&self, error: &io::Error) {
        if !matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) {
            self.exhausted("accept a connection", error);
            thread::sleep(PAUSE);
        }
    }

    /// Counts one more thread. Waits while there are as many as there may be, unless `is_needless` returns true.
    /// That does not take long, because no request may keep a thread of the reserve.
    pub(super) fn count_thread_unless(&self, is_needless: impl Fn() -> bool) -> Option<Counted> {
        while !is_needless() {
            if let Some(counted) = self.threads.all.add() {
                return Some(counted);
            }
            self.exhausted("start a thread", &format_args!("all {} are in use", self.threads.all.max));
            thread::sleep(PAUSE);
        }
        None
    }

    /// Warns that the server cannot do `what`, and makes room.
    pub(super) fn exhausted(&self, what: &str, error: &impl Display) {
        static WARNING: OncePerSecond = OncePerSecond::new();
        if WARNING.is_due() {
            log::warn!("cannot {what} ({error}); `ulimit -n` and `ulimit -u` show the limits");
        }
        self.connections.make_room();
    }
}
