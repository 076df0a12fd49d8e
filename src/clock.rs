//! The time of day, for people: it stands in messages, in the wire view and in `Date` headers.
//!
//! Intervals (timeouts, rates, grace times) are measured with [`std::time::Instant`] instead, because
//! the time of day jumps when an administrator or NTP sets the clock.

use std::time::{Duration, UNIX_EPOCH};

/// The time since 1970-01-01 00:00 UTC. A clock that is set before 1970 counts as 1970.
pub fn since_1970() -> Duration {
    UNIX_EPOCH.elapsed().unwrap_or_default()
}
