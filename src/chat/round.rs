//! What one round tells: events in, one buffer for each member out. When there is one, and who runs it, is
//! in `room.rs`.

use std::sync::Arc;

use super::history::ChatMessage;
use super::members::Notice;
use super::names::Person;
use super::protocol::{Problem, ack, error};
use crate::websocket::sender::Sender;

/// Something to tell, as it waits in the queue.
pub enum Event {
    /// A member says a text, to all or to one.
    Say { from: Person, to: Option<Person>, text: String, reference: Option<Arc<str>> },
    /// To everyone, or to everyone but one.
    Notice(Notice),
    /// To one alone.
    Reply { to: u64, frame: Vec<u8> },
}

/// A round, encoded: each event once, however many will get it.
pub struct Round {
    items: Vec<Item>,
    /// What is said in it, to be kept.
    pub said: Vec<Arc<ChatMessage>>,
}

/// One event, as frames.
struct Item {
    is_message: bool,
    /// What everybody gets; empty if it is not for everybody ...
    common: Vec<u8>,
    /// ... and what these get in its place, perhaps nothing. Nobody is in it twice.
    own: Vec<(u64, Vec<u8>)>,
}

impl Round {
    /// Gives each message its id, counting up from `last_message`, and the time `at`.
    pub fn new(events: Vec<Event>, mut last_message: u64, at: u64) -> Round {
        let (mut items, mut said) = (Vec::with_capacity(events.len()), Vec::new());
        for event in events {
            items.push(match event {
                Event::Notice(Notice { except, frame }) => {
                    let own = except.map(|member| (member, Vec::new())).into_iter().collect();
                    Item { is_message: false, common: frame, own }
                }
                Event::Reply { to, frame } => Item::to_one(to, frame),
                Event::Say { from, to, text, reference } => {
                    last_message += 1;
                    let kept =
                        Arc::new(ChatMessage { id: last_message, at, from, to, text, reference });
                    said.push(Arc::clone(&kept));
                    Item::of(&kept)
                }
            });
        }
        Round { items, said }
    }

    /// What was said in it could not be kept, and so is not said: its authors are told, and the rest of
    /// the round is told as it would have been.
    pub fn fail(&mut self) {
        let why = "the history cannot be written now, perhaps because the disk is full; try again";
        let problem = Problem::new("not-saved", why);
        self.items.retain(|item| !item.is_message);
        for kept in self.said.iter() {
            let frame = error(&problem, kept.reference.as_deref()).frame();
            self.items.push(Item::to_one(kept.from.id, frame));
        }
    }

    /// Sends it: to each member all of it in one write. Most get `common` as it is. Who has something of
    /// its own, such as an ack, gets a copy in which that stands in the place of what the others get.
    pub fn deliver(&self, present: &[(u64, Sender)]) {
        let mut common = Vec::new();
        let mut replacements = Vec::new(); // whose, in the place of which bytes of `common`, and what
        for item in &self.items {
            let place = common.len()..common.len() + item.common.len();
            common.extend_from_slice(&item.common);
            replacements.extend(item.own.iter().map(|(whose, own)| (*whose, place.clone(), own)));
        }
        replacements.sort_by_key(|(whose, ..)| *whose); // a stable sort: those of one stay in order
        let mut buffer = Vec::new();
        for (member, sender) in present {
            let first = replacements.partition_point(|(whose, ..)| whose < member);
            let rest = replacements[first..].iter();
            let mut mine = rest.take_while(|(whose, ..)| whose == member).peekable();
            if mine.peek().is_none() {
                sender.send(&common);
                continue;
            }
            buffer.clear();
            let mut done = 0; // up to here `common` has been copied, or replaced
            for (_, place, own) in mine {
                buffer.extend_from_slice(&common[done..place.start]);
                buffer.extend_from_slice(own);
                done = place.end;
            }
            buffer.extend_from_slice(&common[done..]);
            sender.send(&buffer);
        }
    }
}

impl Item {
    fn to_one(member: u64, frame: Vec<u8>) -> Item {
        Item { is_message: false, common: Vec::new(), own: vec![(member, frame)] }
    }

    /// A message; its author gets the ack in its place, if it asked for one.
    fn of(kept: &ChatMessage) -> Item {
        let ack = |reference: &Arc<str>| ack(reference, Some((kept.id, kept.at))).frame();
        let mut own = vec![(kept.from.id, kept.reference.as_ref().map(ack).unwrap_or_default())];
        let said = kept.said(false).frame();
        let common = match &kept.to {
            None => said,
            Some(to) => {
                own.extend((to.id != kept.from.id).then_some((to.id, said)));
                Vec::new()
            }
        };
        Item { is_message: true, common, own }
    }
}
