//! What one round does: it encodes each event once, and puts the frames together for each member.
//! `room.rs` says when there is a round, and which thread runs it.

use std::mem::take;
use std::sync::{Arc, OnceLock};

use super::history_file::{Record, Rename};
use super::protocol::{Problem, ack, error};
use super::{history::ChatMessage, names::Person, photos::Upload};
use crate::websocket::sender::Sender;

/// What waits in the queue for the next round.
pub enum Event {
    /// A member's text, to all or to one.
    Say { from: Person, to: Option<Person>, text: String, reference: Option<Arc<str>>, photo: Option<Upload> },
    /// A frame for all members, or for all but one.
    Notice { except: Option<u64>, frame: Vec<u8> },
    /// A frame for one member.
    Reply { to: u64, frame: Vec<u8> },
    /// A member's new name.
    Rename(Box<Rename>),
    /// A change that happens even if it cannot be written.
    Record(Record),
    /// A thread waits until the round is written.
    Wait(Outcome),
}

/// Tells a thread that waits for a round whether it is kept. If it is dropped, because the round panicked,
/// nothing is. *Speed*: smaller than a channel of std.
pub struct Outcome(pub Arc<OnceLock<bool>>);

impl Drop for Outcome {
    fn drop(&mut self) {
        let _ = self.0.set(false);
    }
}

/// The events of one round, each encoded once, however many members get it.
pub struct Round {
    items: Vec<Item>,
    /// What has to be in the history file before the round is sent, in order.
    pub records: Vec<Record>,
    /// The photos of its messages, which have to be stored before.
    pub photos: Vec<Upload>,
    waiting: Vec<Outcome>,
}

/// One event as frames.
struct Item {
    /// Whether it is refused if its record, which has an author, cannot be written.
    is_authored: bool,
    /// The frame that most members get; empty if there is none.
    common: Vec<u8>,
    /// The members who get another frame in its place, or an empty one. Each is listed once.
    own: Vec<(u64, Vec<u8>)>,
}

impl Round {
    /// Gives the messages the time `at` (in ms since 1970) and ids that count up from `last_message`.
    #[inline(never)] // *Speed*: keeps its variables off the stack while the round is sent.
    pub fn new(events: Vec<Event>, mut last_message: u64, at: u64) -> Round {
        let (mut items, mut records) = (Vec::with_capacity(events.len()), Vec::new());
        let (mut photos, mut waiting) = (Vec::new(), Vec::new());
        for event in events {
            items.push(match event {
                Event::Notice { except, frame: common } => {
                    let own = except.map(|member| (member, Vec::new())).into_iter().collect();
                    Item { is_authored: false, common, own }
                }
                Event::Reply { to, frame } => Item::reply(to, frame),
                Event::Say { from, to, text, reference, photo: upload } => {
                    last_message += 1;
                    let photo = upload.as_ref().map(|upload| upload.0.clone());
                    photos.extend(upload);
                    let message = ChatMessage { id: last_message, at, from, to, text, reference, photo };
                    let item = Item::message(&message);
                    records.push(Record::Message(Arc::new(message)));
                    item
                }
                Event::Rename(mut rename) => {
                    let ack = rename.reference.as_deref().map(|reference| ack(reference).frame());
                    let own = vec![(rename.person.id, ack.unwrap_or_default())];
                    let common = take(&mut rename.notice);
                    records.push(Record::Renamed(rename));
                    Item { is_authored: true, common, own }
                }
                Event::Record(record) => {
                    records.push(record);
                    continue;
                }
                Event::Wait(outcome) => {
                    waiting.push(outcome);
                    continue;
                }
            });
        }
        Round { items, records, photos, waiting }
    }

    /// The history file could not be written: in the place of its message, or of its new name, each author
    /// gets an error, and the others get nothing. The other events stay.
    pub fn fail(&mut self) {
        let why = "the history cannot be written now, perhaps because the disk is full; try again";
        let problem = Problem::new("not-saved", why);
        let authored = self.items.iter_mut().filter(|item| item.is_authored);
        for (item, (author, reference)) in authored.zip(self.records.iter().filter_map(Record::author)) {
            *item = Item::reply(author, error(&problem, reference).frame());
        }
    }

    /// Tells the threads that wait for this round whether it is written.
    pub fn tell_waiting(&self, is_kept: bool) {
        for outcome in &self.waiting {
            let _ = outcome.0.set(is_kept);
        }
    }

    /// Sends the round, to each member in one write. Most get the common frames. A member with frames
    /// of its own, such as an ack, gets a copy in which these stand in the place of the common ones.
    pub fn deliver(&self, present: &[(u64, Sender)]) {
        let mut common = Vec::new();
        let mut replacements = Vec::new(); // a member, a range of `common`, and the member's own frame
        for item in &self.items {
            let range = common.len()..common.len() + item.common.len();
            common.extend_from_slice(&item.common);
            replacements.extend(item.own.iter().map(|(member, own)| (*member, range.clone(), own)));
        }
        replacements.sort_by_key(|(member, ..)| *member); // stable: each member's stay in order
        let mut buffer = Vec::new();
        for (member, sender) in present {
            let first = replacements.partition_point(|(other, ..)| other < member);
            let own = &replacements[first..];
            let own = &own[..own.partition_point(|(other, ..)| other == member)];
            if own.is_empty() {
                sender.send(&common);
                continue;
            }
            buffer.clear();
            let mut done = 0; // `common` is copied or replaced up to here
            for (_, range, frame) in own {
                buffer.extend_from_slice(&common[done..range.start]);
                buffer.extend_from_slice(frame);
                done = range.end;
            }
            buffer.extend_from_slice(&common[done..]);
            sender.send(&buffer);
        }
    }
}

impl Item {
    fn reply(member: u64, frame: Vec<u8>) -> Item {
        Item { is_authored: false, common: Vec::new(), own: vec![(member, frame)] }
    }

    /// A message. Its author gets the ack in its place, if the message has a `ref`.
    #[inline(never)] // *Speed*: keeps its variables off the stack of a round without messages.
    fn message(message: &ChatMessage) -> Item {
        let author = message.from.id;
        let mut own = vec![(author, message.ack().unwrap_or_default())];
        let said = message.to_json(false).frame();
        let (common, private) = match &message.to {
            None => (said, None),
            Some(to) => (Vec::new(), Some((to.id, said))),
        };
        own.extend(private.filter(|(to, _)| *to != author));
        Item { is_authored: true, common, own }
    }
}
