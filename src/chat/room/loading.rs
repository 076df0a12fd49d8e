//! Loads the history file when the room starts.

use std::{collections::HashSet, path::Path};

use super::State;
use crate::chat::history_file::{HistoryFile, Record};

/// The most members that have got an id but no record in the file: the disk was full, or the server
/// was killed in that moment.
const UNRECORDED_MAX: u64 = 1000;

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
        // A lost record may have had an id, and no id is used twice: clients know members by it.
        self.last_message += lost;
        if self.members.last_id > 0 {
            self.members.reserve_ids_up_to(self.members.last_id + lost + UNRECORDED_MAX);
        }
        Ok(file)
    }
}
