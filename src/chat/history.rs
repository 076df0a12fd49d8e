//! What was said: the newest messages, in memory, for whoever comes or comes back.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::names::Person;
use crate::json::{JsonObject, list};

/// What is kept takes at most this many bytes, beside the number that `--keep` sets.
const BYTES_MAX: usize = 16 << 20;
/// A page of the history has at most this many messages ...
const PAGE_MESSAGES: usize = 100;
/// ... and at most this many bytes of JSON, so that a `welcome` never is a slow start.
const PAGE_BYTES: usize = 64 * 1024;

/// A message as it is kept.
#[derive(Debug)]
pub struct ChatMessage {
    /// Counts up from 1.
    pub id: u64,
    /// Milliseconds since 1970 UTC.
    pub at: u64,
    /// Who said it.
    pub from: Person,
    /// To whom alone; `None` to everybody.
    pub to: Option<Person>,
    /// What was said.
    pub text: String,
    /// By what its author recognizes it.
    pub reference: Option<Arc<str>>,
}

impl ChatMessage {
    /// Whether this member may see it.
    pub fn is_for(&self, id: u64) -> bool {
        self.to.as_ref().is_none_or(|to| to.id == id || self.from.id == id)
    }

    /// The message as `said`, with its `ref` where it is for its author.
    pub fn said(&self, with_ref: bool) -> JsonObject {
        let said = JsonObject::with_capacity("said", self.size());
        let mut said = said.with("id", self.id).with("at", self.at).with_person("from", &self.from);
        if let Some(to) = &self.to {
            said = said.with_person("to", to);
        }
        said.with_text("text", &self.text).with_ref(self.reference.as_deref().filter(|_| with_ref))
    }

    fn size(&self) -> usize {
        // The fixed part is an estimate of what the rest of a message takes.
        200 + self.text.len() + self.from.name.len() + self.reference.as_deref().map_or(0, str::len)
    }
}

/// The newest messages, the oldest dropped first.
pub struct History {
    most: usize,
    messages: VecDeque<Arc<ChatMessage>>,
    bytes: usize,
    /// Which message an author sent with which `ref`, for as long as the message is kept.
    references: HashMap<(u64, Arc<str>), (u64, u64)>,
}

/// Some messages in a row that a member may see, the newest that were asked for.
pub struct Page {
    /// In the order of their ids.
    messages: Vec<Arc<ChatMessage>>,
    /// Whether there are older ones to see that did not fit.
    more: bool,
    /// Whether some that were asked for are no longer kept.
    pub gap: bool,
}

impl Page {
    /// The messages as this member gets them, as a JSON list, and whether there are older ones to see.
    /// JSON may be longer than the text, so only now is it known how many fit; one always does.
    pub fn encode(&self, member: u64) -> (String, bool) {
        let (mut bytes, mut messages) = (0, Vec::new());
        for kept in self.messages.iter().rev() {
            let said = kept.said(kept.from.id == member).end();
            bytes += said.len();
            if bytes > PAGE_BYTES && !messages.is_empty() {
                break;
            }
            messages.push(said);
        }
        let more = self.more || messages.len() < self.messages.len();
        (list(messages.into_iter().rev()), more)
    }
}

impl History {
    /// Keeps at most this many messages.
    pub fn new(most: usize) -> History {
        History { most, messages: VecDeque::new(), bytes: 0, references: HashMap::new() }
    }

    /// Keeps a message; its id must be above all others.
    pub fn add(&mut self, message: Arc<ChatMessage>) {
        if let Some(reference) = &message.reference {
            let key = (message.from.id, Arc::clone(reference));
            self.references.insert(key, (message.id, message.at));
        }
        self.bytes += message.size();
        self.messages.push_back(message);
        while self.messages.len() > self.most || self.bytes > BYTES_MAX {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= oldest.size();
            if let Some(reference) = &oldest.reference {
                self.references.remove(&(oldest.from.id, Arc::clone(reference)));
            }
        }
    }

    /// The id and time of the message that this author sent with this `ref`.
    pub fn find(&self, author: u64, reference: &Arc<str>) -> Option<(u64, u64)> {
        self.references.get(&(author, Arc::clone(reference))).copied()
    }

    /// The newest messages after the id `since` and before the id `before` that this member may see,
    /// 100 at most.
    pub fn page(&self, since: u64, before: u64, member: u64) -> Page {
        let end = self.messages.partition_point(|message| message.id < before);
        let older = self.messages.range(..end).rev();
        let asked_for = older.take_while(|message| message.id > since);
        let mut visible = asked_for.filter(|message| message.is_for(member));
        let mut messages: Vec<_> = visible.by_ref().take(PAGE_MESSAGES).cloned().collect();
        let more = visible.next().is_some();
        messages.reverse();
        let oldest = self.messages.front().map_or(u64::MAX, |message| message.id);
        let gap = oldest != u64::MAX && oldest > since.saturating_add(1);
        Page { messages, more, gap }
    }
}
