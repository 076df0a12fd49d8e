//! Loads the history file when the room starts.
//!
//! Ids *leap* at each start. The file may have lost its newest lines: an older copy was put back, or the
//! power failed. Clients still know the ids in them, and no id may mean two messages or two members.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::{path::Path, sync::Arc};

use super::State;
use crate::chat::history::ChatMessage;
use crate::chat::history_file::{HistoryFile, Line, Record};

/// The shortest leap: more ids than the lines have that a file loses in such a case.
const LEAP_MIN: u64 = 1000;
/// The longest leap. A random number of ids keeps two starts from the same copy apart.
const LEAP_MAX: u64 = 1_001_000;
/// No start leaps as far: an id beyond it is damaged. Without this limit, one damaged line could use up the
/// numbers that JavaScript has.
const JUMP_MAX: u64 = 1 << 48;

impl State {
    /// Opens the history file in this folder, and continues where its records end.
    /// Errors: a sentence for the person who started the program.
    pub fn load(&mut self, folder: &Path) -> Result<HistoryFile, String> {
        let mut file = HistoryFile::open(folder)?;
        let (mut kicked, mut line_before) = (HashSet::new(), 0);
        let lost = file.load(|line| match line {
            Line::Record(Record::Message(message)) => {
                let is_next = message.id == line_before + 1;
                line_before = message.id;
                self.load_message(message, is_next)
            }
            Line::Record(Record::Kicked(token)) => {
                self.members.tokens.forget(&token);
                kicked.insert(token);
                true
            }
            Line::Record(Record::Member(person, token)) => {
                self.reserve_member(person.id)
                    && (kicked.contains(&token) || self.members.recall(&person, &token))
            }
            Line::Unknown(Some(id)) => {
                // It may be the id of a message or of a member.
                let _ = self.reserve_member(id) && self.reserve_message(id) && self.history.learn(id);
                true
            }
            _ => true,
        })?;
        if let Some(lost) = lost {
            // A damaged line may have had an id as well.
            self.last_message += lost + leap();
            self.members.reserve_ids_up_to(self.members.last_id + lost + leap());
        }
        Ok(file)
    }

    /// Adds a message. `is_next`: its id is the one after that of the line before. Of two messages with one
    /// id, that one is right. Returns whether the message is good.
    ///
    /// The ids need not count up: where one digit of an id is damaged, all messages behind it are kept.
    fn load_message(&mut self, message: Arc<ChatMessage>, is_next: bool) -> bool {
        let people = [message.from.id, message.to.as_ref().map_or(0, |to| to.id)];
        let is_good = self.reserve_message(message.id)
            && people.iter().all(|id| self.reserve_member(*id))
            && (!self.history.knows(message.id) || is_next);
        if is_good {
            self.history.add(message);
        }
        is_good
    }

    /// No new message gets one of the ids up to this one. Returns false if the id is damaged.
    fn reserve_message(&mut self, id: u64) -> bool {
        let is_good = id <= self.last_message + JUMP_MAX;
        self.last_message = if is_good { self.last_message.max(id) } else { self.last_message };
        is_good
    }

    /// The same for members.
    fn reserve_member(&mut self, id: u64) -> bool {
        let is_good = id <= self.members.last_id + JUMP_MAX;
        self.members.reserve_ids_up_to(if is_good { id } else { 0 });
        is_good
    }
}

/// A random number of ids. (std has no other source of randomness than the seeds of its hash maps.)
fn leap() -> u64 {
    LEAP_MIN + RandomState::new().build_hasher().finish() % (LEAP_MAX - LEAP_MIN)
}
