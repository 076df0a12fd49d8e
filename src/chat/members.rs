//! Who is here: names, tokens, who is away, and the notices about all that.
//!
//! A *member* is a person with an id; a *client* is one of its connections. A member whose connection
//! breaks is `away` for a while before it has `left`, and comes back with its token. Everything here
//! is memory under the room's lock; the [`Notice`]s are sent in the next round.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::names::{self, Person};
use super::protocol::{Problem, Recipient};
use super::tokens::Tokens;
use crate::json::JsonObject;
use crate::websocket::sender::Sender;

/// How long a member whose connection broke is away before it has left: time for a reload, or for the
/// Wi-Fi to come back.
pub const GRACE: Duration = Duration::from_secs(10);
/// A room that has had more members than this is *big* until it is empty: there, who comes and goes
/// is only counted. Otherwise 5,000 arrivals would be 12 million notices.
pub const BIG: usize = 200;
/// In a big room the count is told at most this often.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// "Is typing" of one member is passed on at most this often.
pub const TYPING_EVERY: Duration = Duration::from_secs(2);

/// Something to tell everyone but one.
pub struct Notice {
    /// Whom it is about, and who need not be told.
    pub except: Option<u64>,
    /// What is told.
    pub frame: Vec<u8>,
}

/// Somebody has come.
pub struct Arrival {
    /// Under which id and name.
    pub who: Person,
    /// What the others are told.
    pub notice: Option<Notice>,
    /// The connection that this one takes the place of.
    pub taken_over: Option<Sender>,
    /// The hash of the token, if it is new that this is its owner, under this name.
    pub to_remember: Option<Arc<str>>,
}

/// Somebody was thrown out.
pub struct Kicked {
    /// What the others are told.
    pub notice: Option<Notice>,
    /// The hash of the token.
    pub token: Arc<str>,
    /// The way to the client, if it is not away.
    pub sender: Option<Sender>,
}

/// Somebody goes by another name.
pub struct Renamed {
    /// Under the new name.
    pub who: Person,
    /// What the others are told.
    pub notice: Option<Notice>,
    /// The hash of the token, if it is new that its owner has this name.
    pub to_remember: Option<Arc<str>>,
}

struct Member {
    name: Arc<str>,
    /// The connection that it is here with; `None` while it is away.
    here: Option<(u64, Sender)>,
    /// The number of its last absence.
    absence: u64,
    /// When it was last shown as typing, if it has said nothing since.
    typed: Option<Instant>,
    /// The hash of its token.
    token: Arc<str>,
}

/// Everybody who is here or away.
pub struct Members {
    members: HashMap<u64, Member>,
    /// From [`names::key`] to the id.
    names: HashMap<String, u64>,
    tokens: Tokens,
    /// Those present, in the order of their ids. Members who came one after the other often lie close
    /// together in the kernel's memory too: to write to a thousand in this order takes some 2 % less time
    /// than in that of a `HashMap`.
    present: Arc<Vec<(u64, Sender)>>,
    /// The ids of those present and away, in order.
    audience: Arc<Vec<u64>>,
    /// Until when who is away, and the number of that absence; since all have the same time, the
    /// first is the next.
    away: VecDeque<(Instant, u64, u64)>,
    last_absence: u64,
    is_big: bool,
    /// When a big room is told how many it has, if that has changed.
    count_due: Option<Instant>,
    last_id: u64,
}

impl Default for Members {
    fn default() -> Members {
        Members {
            members: HashMap::new(),
            names: HashMap::from([(names::key(names::OPERATOR), 0)]),
            tokens: Tokens::default(),
            present: Arc::default(),
            audience: Arc::default(),
            away: VecDeque::new(),
            last_absence: 0,
            is_big: false,
            count_due: None,
            last_id: 0,
        }
    }
}

impl Members {
    /// Whose token has this hash.
    pub fn owner(&self, token: &str) -> Option<Person> {
        self.tokens.owner(token)
    }

    /// Somebody new has come, who would like this name and has the token with this hash from now on.
    pub fn come(&mut self, name: &str, token: Arc<str>, client: u64, sender: &Sender) -> Arrival {
        self.last_id += 1;
        let arrival = self.enter(self.last_id, name, token, client, sender);
        self.forget_oldest();
        arrival
    }

    /// Somebody who was here before the server was started again.
    pub fn recall(&mut self, who: Person, token: &Arc<str>) {
        self.tokens.remember(token, who);
        self.forget_oldest();
    }

    /// The ids up to this one belong to somebody.
    pub fn reserve_ids_up_to(&mut self, id: u64) {
        self.last_id = self.last_id.max(id);
    }

    /// The last id that belongs to somebody.
    pub fn last_id(&self) -> u64 {
        self.last_id
    }

    /// The token with this hash is good for nothing any more.
    pub fn forget(&mut self, token: &str) {
        self.tokens.forget(token);
    }

    fn forget_oldest(&mut self) {
        let here = |id| self.members.contains_key(&id);
        self.tokens.forget_oldest(self.members.len(), here);
    }

    /// The owner of a token has come back, from wherever: with a second connection, after a moment of
    /// being away, or long after it has left.
    pub fn come_back(
        &mut self,
        token: Arc<str>,
        who: Person,
        client: u64,
        sender: &Sender,
    ) -> Arrival {
        let Some(member) = self.members.get_mut(&who.id) else {
            return self.enter(who.id, &who.name, token, client, sender);
        };
        let before = member.here.replace((client, sender.clone()));
        let was_away = before.is_none();
        self.set_present(who.id, Some(sender));
        Arrival {
            notice: if was_away { self.presence_notice("back", &who, None) } else { None },
            who,
            taken_over: before.map(|(_, sender)| sender),
            to_remember: None,
        }
    }

    fn enter(
        &mut self,
        id: u64,
        name: &str,
        token: Arc<str>,
        client: u64,
        sender: &Sender,
    ) -> Arrival {
        let name: Arc<str> = names::free_one(name, |key| self.names.contains_key(key)).into();
        self.names.insert(names::key(&name), id);
        let who = Person { id, name: Arc::clone(&name) };
        let is_new = self.tokens.remember(&token, who.clone());
        let to_remember = is_new.then(|| Arc::clone(&token));
        let here = Some((client, sender.clone()));
        self.members.insert(id, Member { name, here, absence: 0, typed: None, token });
        self.set_present(id, Some(sender));
        if let Err(place) = self.audience.binary_search(&id) {
            Arc::make_mut(&mut self.audience).insert(place, id);
        }
        self.is_big |= self.members.len() > BIG;
        Arrival {
            notice: self.presence_notice("joined", &who, None),
            who,
            taken_over: None,
            to_remember,
        }
    }

    /// A connection has ended. Who said goodbye has left at once, others are away.
    pub fn leave(&mut self, id: u64, client: u64, said_goodbye: bool) -> Option<Notice> {
        let member = self.members.get_mut(&id)?;
        if member.here.as_ref().is_none_or(|(own, _)| *own != client) {
            return None; // another connection has taken over
        }
        if said_goodbye {
            return self.remove(id);
        }
        self.last_absence += 1;
        (member.here, member.absence) = (None, self.last_absence);
        self.set_present(id, None);
        self.away.push_back((Instant::now() + GRACE, id, self.last_absence));
        let who = self.person(id)?;
        self.presence_notice("away", &who, None)
    }

    fn remove(&mut self, id: u64) -> Option<Notice> {
        let Member { name, .. } = self.drop_member(id)?;
        self.presence_notice("left", &Person { id, name }, None)
    }

    fn drop_member(&mut self, id: u64) -> Option<Member> {
        let member = self.members.remove(&id)?;
        self.set_present(id, None);
        if let Ok(place) = self.audience.binary_search(&id) {
            Arc::make_mut(&mut self.audience).remove(place);
        }
        self.names.remove(&names::key(&member.name));
        self.is_big &= !self.members.is_empty();
        Some(member)
    }

    /// Throws a member out: it has left, and its token is good for nothing.
    pub fn kick(&mut self, who: &Person) -> Option<Kicked> {
        let Member { here, token, .. } = self.drop_member(who.id)?;
        self.tokens.forget(&token);
        let notice = self.presence_notice("left", who, Some(("why", "thrown out")));
        Some(Kicked { notice, token, sender: here.map(|(_, sender)| sender) })
    }

    /// This member is here with this connection from now on, or with none.
    fn set_present(&mut self, id: u64, sender: Option<&Sender>) {
        let place = self.present.binary_search_by_key(&id, |(id, _)| *id);
        if place.is_err() && sender.is_none() {
            return; // it was away
        }
        let list = Arc::make_mut(&mut self.present); // a copy, while a round has the list
        match (place, sender) {
            (Ok(place), Some(sender)) => list[place].1 = sender.clone(),
            (Ok(place), None) => drop(list.remove(place)),
            (Err(place), Some(sender)) => list.insert(place, (id, sender.clone())),
            (Err(_), None) => {}
        }
    }

    /// Gives a member another name.
    ///
    /// # Errors
    /// `name-taken`, with one that is free.
    pub fn rename(&mut self, who: &Person, name: &str) -> Result<Renamed, Problem> {
        let key = names::key(name);
        if self.names.get(&key).is_some_and(|owner| *owner != who.id) {
            let free = names::free_one(name, |key| self.names.contains_key(key));
            let why = format!("{name} is taken; {free} is free");
            return Err(Problem::new("name-taken", why));
        }
        let Some(member) = self.members.get_mut(&who.id) else {
            return Ok(Renamed { who: who.clone(), notice: None, to_remember: None });
        };
        self.names.remove(&names::key(&member.name));
        self.names.insert(key, who.id);
        member.name = name.into();
        let renamed = Person { id: who.id, name: Arc::clone(&member.name) };
        let is_new = self.tokens.remember(&member.token, renamed.clone());
        let to_remember = is_new.then(|| Arc::clone(&member.token));
        let notice = self.presence_notice("renamed", &renamed, Some(("was", &who.name)));
        Ok(Renamed { who: renamed, notice, to_remember })
    }

    /// The notice about what somebody did; in a big room there is none, but a count before long.
    fn presence_notice(
        &mut self,
        kind: &str,
        who: &Person,
        more: Option<(&str, &str)>,
    ) -> Option<Notice> {
        if self.is_big {
            // Nobody hears of being away there: the number of members stays the same.
            if kind != "away" && kind != "back" && self.count_due.is_none() {
                self.count_due = Some(Instant::now() + COUNT_EVERY);
            }
            return None;
        }
        let mut notice = JsonObject::new(kind).with_person("member", who);
        if let Some((name, text)) = more {
            notice = notice.with_text(name, text);
        }
        Some(Notice { except: Some(who.id), frame: notice.frame() })
    }

    /// What has become due: ends of grace, and the count of a big room.
    pub fn due(&mut self, now: Instant) -> Vec<Notice> {
        let mut notices = Vec::new();
        while self.away.front().is_some_and(|(until, ..)| *until <= now) {
            let Some((_, id, absence)) = self.away.pop_front() else { break };
            let is_still_away =
                |member: &Member| member.here.is_none() && member.absence == absence;
            if self.members.get(&id).is_some_and(is_still_away) {
                notices.extend(self.remove(id));
            }
        }
        if self.count_due.is_some_and(|at| at <= now) {
            self.count_due = None;
            let count = JsonObject::new("count").with("count", self.members.len());
            notices.push(Notice { except: None, frame: count.frame() });
        }
        notices
    }

    /// When something will be due next.
    pub fn next_due(&self) -> Option<Instant> {
        self.away.front().map(|(until, ..)| *until).into_iter().chain(self.count_due).min()
    }

    /// Whom a message is for.
    ///
    /// # Errors
    /// `not-here` when nobody here or away goes by that.
    pub fn find(&self, to: &Recipient) -> Result<Person, Problem> {
        let id = match to {
            Recipient::Id(id) => Some(*id),
            Recipient::Name(name) => self.names.get(&names::key(&names::one_blank(name))).copied(),
        };
        let why = "nobody of that name or number is here; nothing was sent";
        id.and_then(|id| self.person(id)).ok_or_else(|| Problem::new("not-here", why))
    }

    /// The member with this id, under today's name.
    pub fn person(&self, id: u64) -> Option<Person> {
        Some(Person { id, name: Arc::clone(&self.members.get(&id)?.name) })
    }

    /// A member has said something: who types again right after that is shown as typing at once.
    pub fn has_said(&mut self, id: u64) {
        if let Some(member) = self.members.get_mut(&id) {
            member.typed = None;
        }
    }

    /// Whether it is time to show this member as typing, in a room where that is shown.
    pub fn may_show_typing(&mut self, id: u64) -> bool {
        let Some(member) = self.members.get_mut(&id) else { return false };
        let is_due = member.typed.is_none_or(|at| at.elapsed() >= TYPING_EVERY);
        if is_due {
            member.typed = Some(Instant::now());
        }
        is_due && !self.is_big
    }

    /// Everyone present and the way to each, cheap to take along.
    pub fn present(&self) -> Arc<Vec<(u64, Sender)>> {
        Arc::clone(&self.present)
    }

    /// The ids of everyone present or away, in order; none in a big room, where nobody is told how far
    /// a message has come.
    pub fn audience(&self) -> Option<Arc<Vec<u64>>> {
        (!self.is_big).then(|| Arc::clone(&self.audience))
    }

    /// A member has everything up to this id. Returns up to which id that had been so before.
    pub fn has_received(&mut self, member: u64, id: u64) -> Option<u64> {
        let token = &self.members.get(&member)?.token;
        self.tokens.has_received(token, id)
    }

    /// At most [`BIG`] members, `you` among them, by id, and whether they are away.
    pub fn list(&self, you: u64) -> Vec<(Person, bool)> {
        let mut list = Vec::with_capacity(BIG);
        for (place, id) in self.audience.iter().take(BIG).enumerate() {
            // The ids are in order: if yours is not among the first, it comes after, and has the last place.
            let id = if place == BIG - 1 { you.max(*id) } else { *id };
            if let Some(member) = self.members.get(&id) {
                let person = Person { id, name: Arc::clone(&member.name) };
                list.push((person, member.here.is_none()));
            }
        }
        list
    }

    /// How many are here or away.
    pub fn count(&self) -> usize {
        self.members.len()
    }
}
