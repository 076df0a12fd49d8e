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
            Line::Record(Record::Pinned(text)) => {
                self.pinned = text;
                true
            }
            Line::Record(Record::Member(person, token)) => {
                reserve(&mut self.members.last_id, person.id)
                    && (kicked.contains(&token) || self.members.recall(&person, &token))
            }
            Line::Unknown(Some(id)) => {
                // It may be the id of a message or of a member.
                let _ = reserve(&mut self.members.last_id, id)
                    && reserve(&mut self.last_message, id)
                    && self.history.ids.insert(id);
                true
            }
            _ => true,
        })?;
        if let Some(lost) = lost {
            // A damaged line may have had an id as well.
            self.last_message += lost + leap();
            self.members.last_id += lost + leap();
        }
        Ok(file)
    }

    /// Adds a message. `is_next`: its id is the one after that of the line before. Of two messages with one
    /// id, that one is right. Returns whether the message is good.
    ///
    /// The ids need not count up: where one digit of an id is damaged, all messages behind it are kept.
    fn load_message(&mut self, message: Arc<ChatMessage>, is_next: bool) -> bool {
        let people = [message.from.id, message.to.as_ref().map_or(0, |to| to.id)];
        let is_good = reserve(&mut self.last_message, message.id)
            && people.iter().all(|id| reserve(&mut self.members.last_id, *id))
            && (!self.history.ids.contains(message.id) || is_next);
        if is_good {
            self.history.add(message);
        }
        is_good
    }
}

/// No new message, or no new member, gets one of the ids up to this one. Returns false if the id is damaged.
fn reserve(last: &mut u64, id: u64) -> bool {
    let is_good = id <= *last + JUMP_MAX;
    *last = if is_good { id.max(*last) } else { *last };
    is_good
}

/// A random number of ids. (std has no other source of randomness than the seeds of its hash maps.)
fn leap() -> u64 {
    LEAP_MIN + RandomState::new().build_hasher().finish() % (LEAP_MAX - LEAP_MIN)
}
