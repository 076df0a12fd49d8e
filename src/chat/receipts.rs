//! Receipts: to how many of those it was addressed to a message has come, for its author.
//!
//! Clients say from time to time up to which id everything has arrived (`received`); authors hear of it
//! (`receipt`), all that is new in one message and not more often than they can read. Like all counts of
//! a room this is memory under its lock; it does not outlive the server.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::history::ChatMessage;
use crate::json::{JsonObject, list};

/// Authors hear at most this often how far their messages have come.
const EVERY: Duration = Duration::from_millis(250);
/// Of so many messages, the newest, it is counted who has them.
const COUNTED_MAX: usize = 1000;

/// How far the newest messages have come.
#[derive(Default)]
pub struct Receipts {
    /// In the order of their ids.
    messages: VecDeque<Counted>,
    /// When authors will be told, if there is anything new.
    due: Option<Instant>,
}

struct Counted {
    id: u64,
    author: u64,
    /// To whom alone; `None` to the whole audience.
    to: Option<u64>,
    /// Who was here or away when it was said, in order; shared with the messages before and after it.
    audience: Arc<Vec<u64>>,
    received: usize,
    of: usize,
    /// Whether its author does not know yet how far it has come.
    is_news: bool,
}

impl Counted {
    fn is_addressed_to(&self, member: u64) -> bool {
        let among_all = || self.audience.binary_search(&member).is_ok();
        member != self.author && self.to.map_or_else(among_all, |to| to == member)
    }
}

impl Receipts {
    /// Counts for a message that was just said to this audience (the ids of members, in order).
    pub fn said(&mut self, kept: &ChatMessage, audience: &Arc<Vec<u64>>) {
        let mut counted = Counted {
            id: kept.id,
            author: kept.from.id,
            to: kept.to.as_ref().map(|to| to.id),
            audience: Arc::clone(audience),
            received: 0,
            of: 0,
            is_news: false,
        };
        counted.of = match counted.to {
            Some(to) => usize::from(counted.is_addressed_to(to)),
            None => audience.len() - usize::from(audience.binary_search(&counted.author).is_ok()),
        };
        self.messages.push_back(counted);
        if self.messages.len() > COUNTED_MAX {
            self.messages.pop_front();
        }
    }

    /// Everything after the id `after`, up to the id `last`, has arrived at this member.
    pub fn arrived(&mut self, member: u64, after: u64, last: u64) {
        let first = self.messages.partition_point(|message| message.id <= after);
        for message in self.messages.range_mut(first..).take_while(|message| message.id <= last) {
            if message.is_addressed_to(member) {
                message.received += 1;
                message.is_news = true;
                // Most will arrive elsewhere in the same moment: one receipt for all of them.
                self.due.get_or_insert_with(|| Instant::now() + EVERY);
            }
        }
    }

    /// Tells this author once more: its page may have been loaded anew.
    pub fn repeat_for(&mut self, author: u64) {
        for message in self.messages.iter_mut().filter(|message| message.author == author) {
            if message.received > 0 {
                message.is_news = true;
                self.due.get_or_insert_with(|| Instant::now() + EVERY);
            }
        }
    }

    /// When there is something to tell.
    pub fn next_due(&self) -> Option<Instant> {
        self.due
    }

    /// What there is to tell at this moment, and to whom.
    pub fn due(&mut self, now: Instant) -> Vec<(u64, Vec<u8>)> {
        if self.due.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.due = None;
        let mut news: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for message in self.messages.iter_mut().filter(|message| message.is_news) {
            message.is_news = false;
            let Counted { id, received, of, .. } = message;
            let entry = format!("{{\"id\":{id},\"received\":{received},\"of\":{of}}}");
            news.entry(message.author).or_default().push(entry);
        }
        let receipt = |entries: Vec<String>| {
            JsonObject::new("receipt").with("messages", list(entries.into_iter())).frame()
        };
        news.into_iter().map(|(author, entries)| (author, receipt(entries))).collect()
    }
}
