//! The pace of one client: how much it may send on the doors where others have to hear it.
//!
//! Whoever goes beyond it is read from more slowly, until its own TCP slows it down: nothing is refused
//! and nothing is lost. This is a *token bucket*, kept as one point in time; `socket.rs` asks it before
//! each message, and `stream.rs` before each read.

use std::thread;
use std::time::{Duration, Instant};

/// So many seconds' worth of messages may come at once ...
const MESSAGES_AHEAD: Duration = Duration::from_secs(2);
/// ... and so many seconds' worth of bytes: a larger message now and then is no flood.
const BYTES_AHEAD: Duration = Duration::from_secs(8);

/// The pace of one client.
#[derive(Debug)]
pub struct Pace {
    /// Whole messages, pings and pongs.
    pub messages: Bucket,
    /// What comes over the wire. tungstenite tells nobody of fragments, so only here do they count.
    pub bytes: Bucket,
}

impl Pace {
    /// As fast as it likes.
    pub fn unlimited() -> Pace {
        Pace::new(usize::MAX, usize::MAX)
    }

    /// So many messages and so many bytes a second; `usize::MAX` for no limit.
    pub fn new(messages: usize, bytes: usize) -> Pace {
        Pace {
            messages: Bucket::new(messages, MESSAGES_AHEAD),
            bytes: Bucket::new(bytes, BYTES_AHEAD),
        }
    }
}

/// How fast something may come, and how far ahead of that.
#[derive(Debug)]
pub struct Bucket {
    /// The time that each of them takes.
    each: Duration,
    ahead: Duration,
    /// The time up to which all that came is paid for.
    paid_until: Instant,
}

impl Bucket {
    fn new(per_second: usize, ahead: Duration) -> Bucket {
        // Zero for what is as good as no limit.
        let each = Duration::from_secs(1) / u32::try_from(per_second).unwrap_or(u32::MAX);
        Bucket { each, ahead, paid_until: Instant::now() }
    }

    /// So many have come.
    pub fn spend(&mut self, count: usize) {
        let time = self.each.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
        self.paid_until = self.paid_until.max(Instant::now()) + time;
    }

    /// Waits until more may come, and says whether that took time. Only for the client's own thread: it
    /// delays nobody else.
    pub fn wait(&self) -> bool {
        let early = self.paid_until.saturating_duration_since(Instant::now());
        let time = early.saturating_sub(self.ahead);
        thread::sleep(time);
        !time.is_zero()
    }
}
