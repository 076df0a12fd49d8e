//! Waiting for a state that no event announces.

use std::thread;
use std::time::{Duration, Instant};

use super::PATIENCE;

/// Tries again and again until `condition` is true; fails the test if it is not after [`PATIENCE`].
/// The pause between two attempts only leaves the processor to others.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Checks that something took at least this long since `began`, and less than `limit`.
#[track_caller]
pub fn assert_took(began: Instant, least: Duration, limit: Duration) {
    let took = began.elapsed();
    assert!(took >= least && took < limit, "{took:?}, expected {least:?} to {limit:?}");
}
