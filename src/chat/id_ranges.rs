//! Which message ids a history has, as ranges: ids count up, so a few ranges say it for any number of them.
//!
//! There are holes where the server was started again (`room/loading.rs` says why ids leap there) and
//! where a line of the history file is damaged. A client that knows an id in a hole has it from another
//! history, or from lines that this one has lost.

use std::collections::BTreeMap;

/// From the first id of each range to its last. Between two ranges at least one id is missing.
#[derive(Default)]
pub struct IdRanges(BTreeMap<u64, u64>);

impl IdRanges {
    pub fn contains(&self, id: u64) -> bool {
        self.0.range(..=id).next_back().is_some_and(|(_, last)| *last >= id)
    }

    /// Adds an id. Returns whether it is new.
    pub fn insert(&mut self, id: u64) -> bool {
        if self.contains(id) {
            return false;
        }
        let last = self.0.remove(&(id + 1)).unwrap_or(id);
        match self.0.range_mut(..id).next_back() {
            Some((_, before)) if *before + 1 == id => *before = last,
            _ => drop(self.0.insert(id, last)),
        }
        true
    }
}
