//! What one round tells: events in, one buffer for each member out. When there is one, and who runs it, is
//! in `room.rs`.

use std::collections::HashSet;
use std::sync::Arc;

use super::history::{Kept, Person};
use super::members::Notice;
use super::protocol::{Problem, ack, error, frame};
use crate::sender::Sender;

/// Something to tell, as it waits in the queue.
pub enum Event {
    /// A member says a text, to all or to one.
    Say { from: Person, to: Option<Person>, text: String, reference: Option<String> },
    /// To everyone, or to everyone but one.
    Notice(Notice),
    /// To one alone.
    Reply { to: u64, frame: Vec<u8> },
}

/// A round, encoded: each event once, however many will get it.
pub struct Round {
    items: Vec<Item>,
    /// What is said in it, to be kept.
    pub said: Vec<Arc<Kept>>,
}

struct Item {
    is_message: bool,
    frame: Vec<u8>,
    /// Whom it is for; `None` for all.
    only: Option<u64>,
    /// Who gets `instead` of it, or nothing if that is empty.
    except: Option<u64>,
    instead: Vec<u8>,
}

impl Round {
    /// Gives each message its id, counting up from `last_message`, and the time `at`.
    pub fn new(events: Vec<Event>, mut last_message: u64, at: u64) -> Round {
        let (mut items, mut said) = (Vec::with_capacity(events.len()), Vec::new());
        for event in events {
            items.push(match event {
                Event::Notice(Notice { except, frame }) => {
                    Item { is_message: false, frame, only: None, except, instead: Vec::new() }
                }
                Event::Reply { to, frame } => Item::to_one(to, frame),
                Event::Say { from, to, text, reference } => {
                    last_message += 1;
                    let kept = Arc::new(Kept { id: last_message, at, from, to, text, reference });
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
            let frame = frame(error(&problem, kept.reference.as_deref()));
            self.items.push(Item::to_one(kept.from.id, frame));
        }
    }

    /// Sends it: to each member all of it in one write. Most get the same buffer; only for those who
    /// have something of their own in it, an ack or a private message, one is put together.
    pub fn deliver(&self, present: &[(u64, Sender)]) {
        let for_all = self.items.iter().filter(|item| item.only.is_none());
        let common = for_all.map(|item| item.frame.as_slice()).collect::<Vec<_>>().concat();
        let special: HashSet<u64> =
            self.items.iter().flat_map(|item| [item.only, item.except]).flatten().collect();
        for (member, sender) in present {
            if !special.contains(member) {
                sender.send(&common);
                continue;
            }
            let mut own = Vec::with_capacity(common.len());
            for item in &self.items {
                if item.except == Some(*member) {
                    own.extend_from_slice(&item.instead);
                } else if item.only.is_none_or(|only| only == *member) {
                    own.extend_from_slice(&item.frame);
                }
            }
            sender.send(&own);
        }
    }
}

impl Item {
    fn to_one(member: u64, frame: Vec<u8>) -> Item {
        Item { is_message: false, frame, only: Some(member), except: None, instead: Vec::new() }
    }

    /// A message; its author gets the ack in its place, if it asked for one.
    fn of(kept: &Kept) -> Item {
        let ack = |reference: &String| frame(ack(reference, Some((kept.id, kept.at))));
        Item {
            is_message: true,
            frame: frame(kept.said(false)),
            only: kept.to.as_ref().map(|to| to.id),
            except: Some(kept.from.id),
            instead: kept.reference.as_ref().map(ack).unwrap_or_default(),
        }
    }
}
