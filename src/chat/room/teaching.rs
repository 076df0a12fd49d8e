//! What a teacher does at the server's terminal: mutes members, pins a text above the conversation, and reads
//! what members write to the operator, which muted members may as well.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use super::{Room, State};
use crate::chat::history::ChatMessage;
use crate::chat::history_file::Record;
use crate::chat::names::{self, Person};
use crate::chat::protocol::{Problem, Recipient, check_text};
use crate::{chat::round::Event, json::JsonObject, mutex::lock};

/// How many messages to the operator may wait for a terminal that has stopped. The others are in the history.
const WAITING_MAX: usize = 100;

/// Which members are muted: these, or all but these. Newcomers are muted if all are. In memory only.
#[derive(Default)]
pub struct Mutes {
    all: bool,
    except: HashSet<u64>,
}

impl Mutes {
    /// Whether this member is muted.
    pub fn is_muted(&self, member: u64) -> bool {
        self.all != self.except.contains(&member)
    }

    fn set(&mut self, member: Option<u64>, is_muted: bool) {
        match member {
            None => *self = Mutes { all: is_muted, except: HashSet::new() },
            Some(member) if self.all == is_muted => drop(self.except.remove(&member)),
            Some(member) => drop(self.except.insert(member)),
        }
    }
}

impl Room {
    /// Mutes a member, or all (`None`), or lets them speak again. They are told.
    pub fn mute(&self, member: Option<u64>, is_muted: bool) {
        let mut state = lock(&self.state);
        state.mutes.set(member, is_muted);
        let frame = JsonObject::new("muted").with("muted", is_muted).frame();
        state.queue.push(match member {
            Some(to) => Event::Reply { to, frame },
            None => Event::Notice { except: None, frame },
        });
        self.start_round(state);
    }

    /// Pins a text for all, those who come later too. An empty one only takes the text away that is pinned.
    /// Errors: a sentence for the operator.
    pub fn pin(&self, text: &str) -> Result<(), String> {
        let text: Arc<str> = if text.is_empty() { "".into() } else { self.operators_text(text)?.into() };
        let mut state = lock(&self.state);
        state.pinned = Arc::clone(&text);
        let frame = JsonObject::new("pinned").with_text("text", &text).frame();
        state.queue.extend([Event::Record(Record::Pinned(text)), Event::Notice { except: None, frame }]);
        self.start_round(state);
        Ok(())
    }

    /// What the operator has typed, without the control characters that a terminal leaves in it.
    /// Errors: a sentence for the operator.
    pub(super) fn operators_text(&self, text: &str) -> Result<String, String> {
        let text = text.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
        check_text(text, self.text_max).map_err(|problem| problem.message)
    }

    /// The messages to the operator from now on.
    pub fn messages_to_operator(&self) -> Receiver<Arc<ChatMessage>> {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        lock(&self.state).to_operator = Some(sender);
        receiver
    }
}

impl State {
    /// The recipient of a message, if it has one. A message to the operator may come from every member.
    /// Errors: `not-here`; `muted`.
    pub(super) fn recipient(&self, author: u64, to: Option<&Recipient>) -> Result<Option<Person>, Problem> {
        let is_operator = match to {
            Some(Recipient::Id(id)) => *id == 0,
            Some(Recipient::Name(name)) => names::is_operator(name),
            None => false,
        };
        if is_operator {
            return Ok(Some(names::operator()));
        }
        if self.mutes.is_muted(author) {
            let why = "the operator has muted you; only messages to the operator get through";
            return Err(Problem::new("muted", why));
        }
        to.map(|to| self.members.find(to)).transpose()
    }
}
