//! Receipts: how many of its recipients each of the newest messages has reached, for its author.
//!
//! A client sends `received` now and then, with the id up to which it has all messages. Authors get a
//! `receipt` with the new numbers of all their messages. This is memory under the room's lock, and ends
//! with the server.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{history::ChatMessage, round::Event};
use crate::json::{JsonObject, list};

/// An author gets at most one receipt in this time.
const EVERY: Duration = Duration::from_millis(250);
/// How many messages are counted, the newest ones.
const COUNTED_MAX: usize = 1000;

/// The numbers for the newest messages.
#[derive(Default)]
pub struct Receipts {
    /// In the order of their ids.
    messages: VecDeque<Counted>,
    /// When the authors get their receipts, if there is anything new.
    due: Option<Instant>,
}

struct Counted {
    id: u64,
    author: u64,
    /// The recipient of a private message.
    to: Option<u64>,
    /// The ids of the members when it was sent, in order; shared with other messages.
    audience: Arc<Vec<u64>>,
    /// How many recipients have it.
    received: usize,
    /// How many recipients there are.
    of: usize,
    /// Whether the author does not know the number yet.
    is_news: bool,
}

impl Counted {
    fn is_for(&self, member: u64) -> bool {
        let is_in_audience = || self.audience.binary_search(&member).is_ok();
        member != self.author && self.to.map_or_else(is_in_audience, |to| to == member)
    }
}

impl Receipts {
    /// Counts a message that was just sent to this audience (the ids of members, in order).
    pub fn add(&mut self, message: &ChatMessage, audience: &Arc<Vec<u64>>) {
        let (author, to) = (message.from.id, message.to.as_ref().map(|to| to.id));
        let of = match to {
            Some(to) => usize::from(to != author),
            None => audience.len() - usize::from(audience.binary_search(&author).is_ok()),
        };
        let (id, audience) = (message.id, Arc::clone(audience));
        let counted = Counted { id, author, to, audience, received: 0, of, is_news: false };
        self.messages.push_back(counted);
        if self.messages.len() > COUNTED_MAX {
            self.messages.pop_front();
        }
    }

    /// A member has received the messages after the id `after`, up to the id `last`.
    pub fn received(&mut self, member: u64, after: u64, last: u64) {
        let first = self.messages.partition_point(|message| message.id <= after);
        for message in self.messages.range_mut(first..).take_while(|message| message.id <= last) {
            if message.is_for(member) {
                message.received += 1;
                message.is_news = true;
                // Most members receive it in the same moment: one receipt for all of them.
                self.due.get_or_insert_with(|| Instant::now() + EVERY);
            }
        }
    }

    /// Sends this author all its numbers once more: its page may have been reloaded.
    pub fn repeat_for(&mut self, author: u64) {
        let own = self.messages.iter_mut().filter(|message| message.author == author);
        for message in own.filter(|message| message.received > 0) {
            message.is_news = true;
            self.due.get_or_insert_with(|| Instant::now() + EVERY);
        }
    }

    /// When the next receipts are due.
    pub fn next_due(&self) -> Option<Instant> {
        self.due
    }

    /// The receipts that are due.
    pub fn due(&mut self, now: Instant) -> Vec<Event> {
        if self.due.take_if(|due| *due <= now).is_none() {
            return Vec::new();
        }
        let mut news: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for message in self.messages.iter_mut().filter(|message| message.is_news) {
            message.is_news = false;
            let Counted { id, author, received, of, .. } = message;
            let entry = format!("{{\"id\":{id},\"received\":{received},\"of\":{of}}}");
            news.entry(*author).or_default().push(entry);
        }
        let receipt = |(to, entries): (u64, Vec<String>)| {
            let receipt = JsonObject::new("receipt").with("messages", list(entries.into_iter()));
            Event::Reply { to, frame: receipt.frame() }
        };
        news.into_iter().map(receipt).collect()
    }
}
