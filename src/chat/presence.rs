//! Presence: which members are present, which are away, and the notices about it.
//!
//! A member whose connection breaks is *away* for [`GRACE`] before it has *left*. Members of a *big*
//! room get no notices about each other, only a count.

use std::time::{Duration, Instant};
use std::{collections::VecDeque, sync::Arc};

use super::{names::Person, round::Event};
use crate::{json::JsonObject, websocket::sender::Sender};

/// How long a member is away before it has left: the time for a reload, or for the Wi-Fi to return.
const GRACE: Duration = Duration::from_secs(10);
/// A room with more members than this is big, and stays so until it is empty. Without this limit 5,000
/// arrivals would cause 12 million notices.
pub const BIG: usize = 200;
/// A big room gets at most one count in this time.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// The members as sorted lists, to be read by others and changed only here. *Speed*: rounds and
/// receipts share the lists; a change copies one only while it is shared.
#[derive(Default)]
pub struct Presence {
    /// The members who are present, by id. *Speed*: writing to 1,000 clients takes 2 % less time in this
    /// order than in that of a `HashMap`, because neighbours in it are often neighbours in the kernel.
    pub present: Arc<Vec<(u64, Sender)>>,
    /// The ids of all members, present or away.
    pub audience: Arc<Vec<u64>>,
    pub is_big: bool,
    /// When each absence ends, the member, and the client whose connection broke. All absences are
    /// equally long, so the first one ends first. The member may have come back meanwhile.
    absences: VecDeque<(Instant, u64, u64)>,
    /// When a big room gets its next count, if the number has changed.
    count_due: Option<Instant>,
}

impl Presence {
    /// Adds a member who is present.
    pub fn add(&mut self, member: u64, sender: &Sender) {
        self.set_sender(member, Some(sender));
        if let Err(place) = self.audience.binary_search(&member) {
            Arc::make_mut(&mut self.audience).insert(place, member);
        }
        self.is_big |= self.audience.len() > BIG;
    }

    pub fn remove(&mut self, member: u64) {
        self.set_sender(member, None);
        if let Ok(place) = self.audience.binary_search(&member) {
            Arc::make_mut(&mut self.audience).remove(place);
        }
        self.is_big &= !self.audience.is_empty();
    }

    /// A member is away, because the connection of this client broke.
    pub fn set_away(&mut self, member: u64, client: u64) {
        self.set_sender(member, None);
        self.absences.push_back((Instant::now() + GRACE, member, client));
    }

    /// Sets the Sender of a member; `None` while it is away.
    pub fn set_sender(&mut self, member: u64, sender: Option<&Sender>) {
        let place = self.present.binary_search_by_key(&member, |(id, _)| *id);
        if place.is_err() && sender.is_none() {
            return; // it is away already, and a list that a round shares is not copied for nothing
        }
        let list = Arc::make_mut(&mut self.present);
        match (place, sender) {
            (Ok(place), Some(sender)) => list[place].1 = sender.clone(),
            (Err(place), Some(sender)) => list.insert(place, (member, sender.clone())),
            (place, None) => drop(place.map(|place| list.remove(place))),
        }
    }

    /// The notice for the others about what a member did. In a big room there is none, but a count
    /// becomes due if the number of members has changed.
    pub fn notice(&mut self, kind: &str, person: &Person, extra: Option<(&str, &str)>) -> Option<Event> {
        if self.is_big {
            if kind != "away" && kind != "back" {
                self.count_due.get_or_insert_with(|| Instant::now() + COUNT_EVERY);
            }
            return None;
        }
        let mut notice = JsonObject::new(kind).with_person("member", Some(person));
        if let Some((name, text)) = extra {
            notice = notice.with_text(name, text);
        }
        Some(Event::Notice { except: Some(person.id), frame: notice.frame() })
    }

    /// The count, if it is due.
    pub fn take_count(&mut self, now: Instant) -> Option<Event> {
        self.count_due.take_if(|due| *due <= now)?;
        let count = JsonObject::new("count").with("count", self.audience.len());
        Some(Event::Notice { except: None, frame: count.frame() })
    }

    /// An absence that is over, as the member and the client whose connection broke.
    pub fn take_absence(&mut self, now: Instant) -> Option<(u64, u64)> {
        self.absences.front().filter(|(end, ..)| *end <= now)?;
        self.absences.pop_front().map(|(_, member, client)| (member, client))
    }

    /// When the next absence is over or the next count is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.absences.front().map(|(end, ..)| *end).into_iter().chain(self.count_due).min()
    }
}
