//! The history: the newest messages, in memory, for members who join or come back.

use std::collections::{HashMap, VecDeque};
use std::mem::replace;
use std::sync::{Arc, OnceLock};

use super::{id_ranges::IdRanges, names::Person, photos::Photo, protocol};
use crate::json::{JsonObject, list};

/// The messages take at most this many bytes, besides the limit on their number, `--keep`.
const BYTES_MAX: usize = 16 << 20;
/// The most messages in a page.
const PAGE_MESSAGES: usize = 100;
/// The most bytes of JSON in a page, so that a `welcome` is never slow. One message may exceed it.
const PAGE_BYTES: usize = 64 * 1024;

/// A message of the chat.
#[derive(Debug)]
pub struct ChatMessage {
    /// Counts up from 1.
    pub id: u64,
    /// Milliseconds since 1970 UTC.
    pub at: u64,
    pub from: Person,
    /// The recipient of a private message; `None` for a message to all.
    pub to: Option<Person>,
    pub text: String,
    /// The `ref` by which its author recognizes the message.
    pub reference: Option<Arc<str>>,
    /// Its photo; the text is the caption then.
    pub photo: Option<Photo>,
}

impl ChatMessage {
    /// Whether this member may see the message.
    pub fn is_for(&self, member: u64) -> bool {
        self.to.as_ref().is_none_or(|to| to.id == member || self.from.id == member)
    }

    /// The message as `said`. Only its author gets the `ref`.
    pub fn to_json(&self, with_ref: bool) -> JsonObject {
        JsonObject::with_capacity("said", self.size())
            .with("id", self.id)
            .with("at", self.at)
            .with_person("from", Some(&self.from))
            .with_person("to", self.to.as_ref())
            .with_text("text", &self.text)
            .with_ref(self.reference.as_deref().filter(|_| with_ref))
            .with_photo(self)
    }

    /// Its `ack`, if it has a `ref`.
    pub fn ack(&self) -> Option<Vec<u8>> {
        let ack = protocol::ack(self.reference.as_deref()?).with("id", self.id).with("at", self.at);
        Some(ack.with_photo(self).frame())
    }

    /// An estimate of its bytes, in memory and as JSON.
    fn size(&self) -> usize {
        // Beside a photo the text stands twice in JSON.
        let photo = self.photo.as_ref().map_or(0, |_| 250 + self.text.len());
        200 + photo + self.text.len() + self.from.name.len() + self.reference.as_deref().map_or(0, str::len)
    }
}

impl JsonObject {
    fn with_photo(self, message: &ChatMessage) -> JsonObject {
        let Some(photo) = &message.photo else { return self };
        self.with("photo", photo.to_json(&message.text))
    }
}

/// The newest messages. The oldest are dropped first.
#[derive(Default)]
pub struct History {
    keep: usize,
    messages: VecDeque<Arc<ChatMessage>>,
    bytes: usize,
    /// From an author and its `ref` to the message.
    references: HashMap<(u64, Arc<str>), Arc<ChatMessage>>,
    /// The ids of all messages, those that were dropped included.
    pub ids: IdRanges,
    /// The highest id of a message that was dropped; 0 if none was.
    dropped: u64,
    /// The page of every newcomer, until there is a newer message.
    newest: Option<Arc<Page>>,
}

/// The newest of the messages that a member asked for.
pub struct Page {
    member: u64,
    /// Newest first.
    messages: Vec<Arc<ChatMessage>>,
    /// Whether there are older ones that did not fit.
    more: bool,
    /// Whether some that the member asked for are no longer in the history.
    pub gap: bool,
    /// *Speed*: encoded once for all newcomers, outside of the room's lock.
    json: OnceLock<(String, bool)>,
}

impl Page {
    /// The messages as a JSON list, oldest first, and whether there are older ones that did not fit. The
    /// size of the JSON is known only now, so this may leave some more out.
    pub fn encode(&self) -> &(String, bool) {
        self.json.get_or_init(|| {
            let (mut bytes, mut messages) = (0, Vec::new());
            for message in &self.messages {
                let message = message.to_json(message.from.id == self.member).end();
                bytes += message.len();
                if bytes > PAGE_BYTES && !messages.is_empty() {
                    break;
                }
                messages.push(message);
            }
            let more = self.more || messages.len() < self.messages.len();
            (list(messages.into_iter().rev()), more)
        })
    }
}

impl History {
    pub fn new(keep: usize) -> History {
        History { keep, ..History::default() }
    }

    /// Adds a message, in the place of one with the same id.
    pub fn add(&mut self, message: Arc<ChatMessage>) {
        self.newest = None;
        self.ids.insert(message.id);
        if let Some(reference) = &message.reference {
            let key = (message.from.id, Arc::clone(reference));
            self.references.insert(key, Arc::clone(&message));
        }
        self.bytes += message.size();
        // A new message is the last. In a damaged history file the order may be another.
        let place = match self.messages.back() {
            Some(last) if last.id >= message.id => self.messages.partition_point(|it| it.id < message.id),
            _ => self.messages.len(),
        };
        match self.messages.get_mut(place).filter(|it| it.id == message.id) {
            Some(same) => self.bytes -= replace(same, message).size(),
            None => self.messages.insert(place, message),
        }
        while self.messages.len() > self.keep || self.bytes > BYTES_MAX {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= oldest.size();
            self.dropped = self.dropped.max(oldest.id);
            let Some(reference) = &oldest.reference else { continue };
            // A newer message may have the same one: the author sent it again after `--keep` was raised.
            let key = (oldest.from.id, Arc::clone(reference));
            if self.references.get(&key).is_some_and(|found| found.id == oldest.id) {
                self.references.remove(&key);
            }
        }
    }

    /// The message that this author sent with this `ref`.
    pub fn find(&self, author: u64, reference: &Arc<str>) -> Option<&ChatMessage> {
        self.references.get(&(author, Arc::clone(reference))).map(Arc::as_ref)
    }

    /// The newest messages that this member may see, with ids above `since` and below `before`.
    pub fn page(&self, since: u64, before: u64, member: u64) -> Page {
        let end = self.messages.partition_point(|message| message.id < before);
        let newest_first = self.messages.range(..end).rev();
        let asked_for = newest_first.take_while(|message| message.id > since);
        let mut visible = asked_for.filter(|message| message.is_for(member)).cloned();
        let messages = visible.by_ref().take(PAGE_MESSAGES).collect();
        let more = visible.next().is_some();
        Page { member, messages, more, gap: self.dropped > since, json: OnceLock::new() }
    }

    /// The newest messages, for a member who is new and has sent none of them.
    pub fn newest_page(&mut self, newcomer: u64) -> Arc<Page> {
        let newest = self.newest.take().unwrap_or_else(|| Arc::new(self.page(0, u64::MAX, newcomer)));
        Arc::clone(self.newest.insert(newest))
    }
}
