//! The members: their names, tokens and connections.
//!
//! A *member* is a person with an id; a *client* is one of its connections. A member whose connection
//! breaks can come back with its token, under the same id. All of this is memory under the room's lock;
//! a [`Change`] says what is left to do outside of it.

use std::time::{Duration, Instant};
use std::{collections::HashMap, sync::Arc};

use super::history_file::Record;
use super::names::{self, Person};
use super::presence::{BIG, Presence};
use super::protocol::{Problem, Recipient};
use super::{round::Event, tokens::Tokens};
use crate::websocket::sender::Sender;

mod renaming; // a name that is free; another name, and the way back

/// "Is typing" of one member is passed on at most once in this time.
const TYPING_EVERY: Duration = Duration::from_secs(2);

/// A change of one member, and what it leaves to do. *Speed*: always in a box, so that it takes no stack
/// while a round runs.
pub struct Change {
    /// The member, under its new name.
    pub person: Person,
    /// What the other members are told.
    pub notice: Option<Event>,
    /// What the history file does not know yet.
    pub record: Option<Record>,
    /// The member's former connection, which has to be closed.
    pub former: Option<Sender>,
}

struct Member {
    name: Arc<str>,
    /// Its name if the one above cannot be written. It is not free yet.
    saved_name: Arc<str>,
    /// The hash of its token.
    token: Arc<str>,
    /// Its newest connection.
    client: u64,
    /// The Sender of that connection; `None` while the member is away.
    sender: Option<Sender>,
    /// When it was last shown as typing; `None` if it has sent a message since.
    last_typing: Option<Instant>,
}

/// All members, present or away.
#[derive(Default)]
pub struct Members {
    by_id: HashMap<u64, Member>,
    /// From [`names::key`] to the id. No two members have the same key.
    ids: HashMap<String, u64>,
    /// Members of the past included.
    pub tokens: Tokens,
    pub presence: Presence,
    /// The highest id that a member has or had.
    pub last_id: u64,
    /// How many clients have joined.
    arrivals: u64,
}

impl Members {
    /// The owner of a token is back with another connection, while it is present or away. `None` if it has
    /// left: then it is added again.
    #[inline(never)] // *Speed*: keeps its variables off the stack of `Room::join`, which runs a round.
    pub fn rejoin(&mut self, person: &Person, client: u64, sender: &Sender) -> Option<Box<Change>> {
        let member = self.by_id.get_mut(&person.id)?;
        self.arrivals += 1;
        member.client = client;
        let former = member.sender.replace(sender.clone());
        self.presence.set_sender(person.id, Some(sender));
        let was_away = former.is_none();
        let notice = was_away.then(|| self.presence.notice("back", person, None)).flatten();
        Some(Box::new(Change { person: person.clone(), notice, record: None, former }))
    }

    /// Adds a member, with an id that it has had before or with a new one, and a name that is free, beside
    /// its key.
    #[inline(never)] // *Speed*: keeps its variables off the stack of `Room::join`, which runs a round.
    pub fn add(
        &mut self, id: Option<u64>, (name, key): (String, String), token: Arc<str>, client: u64,
        sender: &Sender,
    ) -> Box<Change> {
        let id = id.unwrap_or(self.last_id + 1);
        self.last_id = self.last_id.max(id);
        self.arrivals += 1;
        self.ids.insert(key, id);
        let person = Person { id, name: name.into() };
        let record = self.tokens.remember(&token, &person);
        let (name, sender) = (Arc::clone(&person.name), sender.clone());
        self.presence.add(id, &sender);
        let saved_name = Arc::clone(&name);
        let member = Member { name, saved_name, token, client, sender: Some(sender), last_typing: None };
        self.by_id.insert(id, member);
        self.evict_oldest_tokens();
        let notice = self.presence.notice("joined", &person, None);
        Box::new(Change { person, notice, record, former: None })
    }

    /// A connection has ended. If its client said goodbye the member has left, otherwise it is away.
    pub fn leave(&mut self, id: u64, client: u64, said_goodbye: bool) -> Option<Event> {
        // Not if another connection has taken over.
        let member = self.by_id.get_mut(&id).filter(|member| member.client == client)?;
        if said_goodbye {
            return self.remove(id, None)?.notice;
        }
        member.sender = None;
        self.presence.set_away(id, client);
        let person = self.person(id)?;
        self.presence.notice("away", &person, None)
    }

    /// Throws a member out: it leaves, and its token is useless from now on.
    pub fn kick(&mut self, id: u64) -> Option<Box<Change>> {
        let token = Arc::clone(&self.by_id.get(&id)?.token);
        self.tokens.forget(&token);
        let mut change = self.remove(id, Some(("why", "thrown out")))?;
        change.record = Some(Record::Kicked(token));
        Some(change)
    }

    fn remove(&mut self, id: u64, why: Option<(&str, &str)>) -> Option<Box<Change>> {
        let Member { name, saved_name, sender, .. } = self.by_id.remove(&id)?;
        self.presence.remove(id);
        self.free_name(id, &name);
        if saved_name != name {
            self.free_name(id, &saved_name);
        }
        let person = Person { id, name };
        let notice = self.presence.notice("left", &person, why);
        Some(Box::new(Change { person, notice, record: None, former: sender }))
    }

    /// A member of the time before the server was started again. Returns false if the token is another
    /// member's: then the line is damaged, and its owner would get the messages of the other.
    pub fn recall(&mut self, person: &Person, token: &Arc<str>) -> bool {
        if self.tokens.owner(token).is_some_and(|owner| owner.id != person.id) {
            return false;
        }
        self.tokens.remember(token, person);
        self.evict_oldest_tokens();
        true
    }

    fn evict_oldest_tokens(&mut self) {
        let is_in_use = |id, token: &Arc<str>| self.by_id.get(&id).is_some_and(|it| it.token == *token);
        self.tokens.evict_oldest(self.by_id.len(), is_in_use);
    }

    /// The notices that are due: about absences that are over, and the count of a big room.
    pub fn due(&mut self, now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((id, client)) = self.presence.take_absence(now) {
            let is_still_away = |member: &Member| member.sender.is_none() && member.client == client;
            if self.by_id.get(&id).is_some_and(is_still_away) {
                events.extend(self.remove(id, None).and_then(|change| change.notice));
            }
        }
        events.extend(self.presence.take_count(now));
        events
    }

    /// The member that a message is for.
    /// Errors: `not-here` if there is none.
    pub fn find(&self, to: &Recipient) -> Result<Person, Problem> {
        let id = match to {
            Recipient::Id(id) => Some(*id),
            // No name is as long as that, and its key would take time under the room's lock.
            Recipient::Name(name) if name.len() > 1000 => None,
            Recipient::Name(name) => self.ids.get(&names::key(name)).copied(),
        };
        let why = "no member here has that name or id; nothing was sent";
        id.and_then(|id| self.person(id)).ok_or_else(|| Problem::new("not-here", why))
    }

    pub fn person(&self, id: u64) -> Option<Person> {
        Some(Person { id, name: Arc::clone(&self.by_id.get(&id)?.name) })
    }

    /// Whether to show the others now that this member is typing.
    pub fn may_show_typing(&mut self, id: u64) -> bool {
        let Some(member) = self.by_id.get_mut(&id) else { return false };
        let may_show = member.last_typing.is_none_or(|at| at.elapsed() >= TYPING_EVERY);
        if may_show {
            member.last_typing = Some(Instant::now());
        }
        may_show && !self.presence.is_big
    }

    /// The member has sent its text: if it goes on typing, that is shown at once.
    pub fn stop_typing(&mut self, id: u64) {
        if let Some(member) = self.by_id.get_mut(&id) {
            member.last_typing = None;
        }
    }

    /// A member has received all its messages up to this id. Returns the id up to which it had before.
    pub fn set_received(&mut self, member: u64, id: u64) -> Option<u64> {
        self.tokens.set_received(&self.by_id.get(&member)?.token, id)
    }

    /// The ids and names of at most [`BIG`] members by id, `you` among them, and whether each is away.
    pub fn list(&self, you: u64) -> impl Iterator<Item = (u64, &Arc<str>, bool)> {
        self.presence.audience.iter().take(BIG).enumerate().filter_map(move |(place, id)| {
            // If your id is not among the first it comes later, and takes the last place.
            let id = if place == BIG - 1 { you.max(*id) } else { *id };
            self.by_id.get(&id).map(|member| (id, &member.name, member.sender.is_none()))
        })
    }
}
