//! The rate limit of one client: a *token bucket* for messages and one for bytes.
//!
//! A client that sends faster is read from more slowly, until TCP slows it down (backpressure): nothing
//! is refused and nothing is lost. `socket.rs` asks before each message, `stream.rs` before each read.

use std::thread;
use std::time::{Duration, Instant};

/// The burst of messages that may come at once: as many as the rate allows in this time.
const MESSAGE_BURST: Duration = Duration::from_secs(2);
/// The burst of bytes, likewise. It is longer, because one large message now and then is no flood.
const BYTE_BURST: Duration = Duration::from_secs(8);

/// The rate limit of one client.
#[derive(Debug)]
pub struct RateLimit {
    /// Whole messages, pings and pongs.
    pub messages: Bucket,
    /// Bytes from the network. Fragments count only here, because tungstenite does not report them.
    pub bytes: Bucket,
    /// Those of binary messages, where they have a rate of their own.
    pub binary: Option<Box<Bucket>>, // *Speed*: boxed, because `Socket::new` copies it
}

impl RateLimit {
    /// No limit.
    pub fn unlimited() -> RateLimit {
        RateLimit::new(usize::MAX, usize::MAX)
    }

    /// At most `messages` and `bytes` per second; `usize::MAX` stands for no limit.
    pub fn new(messages: usize, bytes: usize) -> RateLimit {
        let messages = Bucket::new(messages, MESSAGE_BURST);
        RateLimit { messages, bytes: Bucket::new(bytes, BYTE_BURST), binary: None }
    }

    /// The same, with as many bytes again for binary messages.
    pub fn with_binary(self, bytes: usize) -> RateLimit {
        RateLimit { binary: Some(Box::new(Bucket::new(bytes, BYTE_BURST))), ..self }
    }

    /// The bucket for bytes from the network.
    pub fn bucket(&mut self, is_binary: bool) -> &mut Bucket {
        self.binary.as_deref_mut().filter(|_| is_binary).unwrap_or(&mut self.bytes)
    }
}

/// A token bucket, stored as one point in time.
#[derive(Debug)]
pub struct Bucket {
    /// The time that one item takes at the allowed rate.
    each: Duration,
    /// How far the client may be ahead of that rate.
    burst: Duration,
    /// When all items so far would have come at exactly that rate.
    paid_until: Instant,
}

impl Bucket {
    fn new(per_second: usize, burst: Duration) -> Bucket {
        // Zero for rates beyond `u32::MAX`, which are as good as no limit.
        let each = Duration::from_secs(1) / u32::try_from(per_second).unwrap_or(u32::MAX);
        Bucket { each, burst, paid_until: Instant::now() }
    }

    /// `count` items have come.
    pub fn spend(&mut self, count: usize) {
        let time = self.each.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
        self.paid_until = self.paid_until.max(Instant::now()) + time;
    }

    /// Waits until the next item may come. Returns whether that took time. Only for the client's thread.
    pub fn wait(&self) -> bool {
        let ahead = self.paid_until.saturating_duration_since(Instant::now());
        let time = ahead.saturating_sub(self.burst);
        thread::sleep(time);
        !time.is_zero()
    }
}
