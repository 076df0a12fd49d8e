//! Loads the history file when the room starts.
//!
//! Ids *leap* at each start. The file may have lost its newest lines: an older copy was put back, or the
//! power failed. Clients still know the ids in them, and no id may mean two messages or two members.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

use super::State;
use crate::chat::history_file::{HistoryFile, Record};

/// The shortest leap: more ids than the lines have that a file loses in such a case.
const LEAP_MIN: u64 = 1000;
/// The longest leap. A random number of ids keeps two starts from the same copy apart.
const LEAP_MAX: u64 = 1_001_000;

impl State {
    /// Opens the history file in this folder, and continues where its records end.
    /// Errors: a sentence for the person who started the program.
    pub fn load(&mut self, folder: &Path) -> Result<HistoryFile, String> {
        let mut file = HistoryFile::open(folder)?;
        let mut kicked = HashSet::new();
        let lost = file.load(|record| {
            match record {
                Record::Message(message) if message.id > self.last_message => {
                    self.last_message = message.id;
                    for person in message.to.iter().chain([&message.from]) {
                        self.members.reserve_ids_up_to(person.id);
                    }
                    self.history.add(message);
                }
                Record::Message(_) => return false, // ids count up
                Record::Member(person, token) => {
                    self.members.reserve_ids_up_to(person.id);
                    if !kicked.contains(&token) {
                        self.members.recall(&person, &token);
                    }
                }
                Record::Kicked(token) => {
                    self.members.tokens.forget(&token);
                    kicked.insert(token);
                }
            }
            true
        })?;
        if !file.is_new {
            // A damaged line may have had an id as well.
            self.last_message += lost + leap();
            self.members.reserve_ids_up_to(self.members.last_id + lost + leap());
        }
        Ok(file)
    }
}

/// A random number of ids. (std has no other source of randomness than the seeds of its hash maps.)
fn leap() -> u64 {
    LEAP_MIN + RandomState::new().build_hasher().finish() % (LEAP_MAX - LEAP_MIN)
}
