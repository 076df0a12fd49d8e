//! The room: how what one says reaches all the others.
//!
//! As on `/broadcast`, all threads share one `Mutex` around a `HashMap` with everybody's [`Sender`].
//! But there whoever speaks sends to each: N writes for each message. Here they speak in *rounds*,
//! which makes a busy room cheap:
//!
//! 1. Who says something locks the room and puts it into the queue. If a round is under way, that is
//!    all: the next round takes it along.
//! 2. Otherwise it runs one round itself. It takes the whole queue, gives each message its id and
//!    encodes it once; then, under the lock, adds them to the history and takes the list of those
//!    present; then sends each member all of it in one write.
//! 3. What has come meanwhile is left to the room's own thread, so that a talkative room does not keep
//!    a client from its own reading. That thread is the room's clock as well.
//!
//! The lock covers memory only: no socket is written under it. Whoever says something gets an `ack`
//! in the place where the others get the message, so all see one order, the order of the ids.

use std::collections::HashSet;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use super::history::{History, Kept, PAGE_BYTES, Page, Person};
use super::members::{Members, Notice};
use super::names;
use super::protocol::{Ask, Problem, To, ack, error, frame, list, object, person, quoted};
use crate::sender::{Sender, lock};
use crate::socket::close_frame;

/// What a connection asks for at the door.
#[derive(Debug, Default)]
pub struct Wish {
    /// A name; if it is taken, one like it.
    pub name: Option<String>,
    /// The token of an earlier connection, to be the same member again.
    pub token: Option<String>,
    /// The id of the last message that has arrived there.
    pub since: u64,
}

/// The chat room.
pub struct Room {
    state: Mutex<State>,
    /// Wakes the room's own thread.
    clock: Condvar,
    /// The longest text, in characters.
    pub text_max: usize,
    started: u64,
}

struct State {
    members: Members,
    history: History,
    /// What the next round will tell.
    queue: Vec<Event>,
    round_under_way: bool,
    /// Whether the next round is for the room's own thread.
    handed_over: bool,
    /// What has a `ref` and is in the queue, or in the round under way.
    unsaid: HashSet<(u64, String)>,
    last_message: u64,
}

/// Something to tell, in the order of the queue.
enum Event {
    Say {
        from: Person,
        to: Option<Person>,
        text: String,
        reference: Option<String>,
    },
    Notice(Notice),
    /// To one alone.
    Reply {
        to: u64,
        frame: Vec<u8>,
    },
}

/// An event, ready to be sent.
struct Item {
    frame: Vec<u8>,
    /// Whom it is for; `None` for all.
    only: Option<u64>,
    /// Who gets `instead`, or nothing if that is empty.
    except: Option<u64>,
    instead: Vec<u8>,
}

/// What a newcomer is told, taken under the lock, to be encoded outside of it.
struct Greeting {
    you: Person,
    token: String,
    resumed: bool,
    members: Vec<(Person, bool)>,
    count: usize,
    page: Page,
}

/// One member's stay, for the thread that reads its connection. It ends when this is dropped.
pub struct Stay<'a> {
    room: &'a Room,
    /// The member's id.
    pub member: u64,
    client: u64,
    /// Whether the client has said goodbye, and so has left and is not away.
    pub said_goodbye: bool,
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.room.state);
        let gone = state.members.leave(self.member, self.client, self.said_goodbye);
        state.queue.extend(gone.map(Event::Notice));
        self.room.run(state);
        self.room.clock.notify_one(); // there may be an earlier end of grace to wait for
    }
}

impl Room {
    /// An empty room for texts of so many characters, which keeps so many messages.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn new(text_max: usize, keep: usize) -> std::io::Result<Arc<Room>> {
        let state = State {
            members: Members::default(),
            history: History::new(keep),
            queue: Vec::new(),
            round_under_way: false,
            handed_over: false,
            unsaid: HashSet::new(),
            last_message: 0,
        };
        let (state, clock) = (Mutex::new(state), Condvar::new());
        let room = Arc::new(Room { state, clock, text_max, started: now() });
        let own = Arc::clone(&room);
        thread::Builder::new().name("room".to_string()).spawn(move || {
            loop {
                // A bug in one round is no reason to have no others.
                let _ = catch_unwind(AssertUnwindSafe(|| own.keep_time()));
            }
        })?;
        Ok(room)
    }

    /// Lets a client in and sends it `first`, the 101, and the `welcome`.
    ///
    /// From the moment it is among the members, what is said waits in its Sender, until its own thread
    /// has encoded and written the welcome. So it neither misses nor doubles a message between the two,
    /// and no socket is written under the lock.
    pub fn join(&self, client: u64, sender: &Sender, first: Vec<u8>, wish: Wish) -> Stay<'_> {
        let name =
            wish.name.and_then(|name| names::check(&name).ok()).unwrap_or_else(names::random);
        // URL-safe, because the token comes back in a query.
        let fresh = generate_key().replace('+', "-").replace('/', "_").replace('=', "");
        let known = wish.token.map(|token| (derive_accept_key(token.as_bytes()), token));
        let mut state = lock(&self.state);
        let owner =
            known.and_then(|(hash, token)| Some((state.members.owner(&hash)?, hash, token)));
        let resumed = owner.is_some();
        let (arrival, token) = match owner {
            Some((who, hash, token)) => (state.members.come_back(hash, who, client, sender), token),
            None => {
                let hash = derive_accept_key(fresh.as_bytes());
                (state.members.come(&name, hash, client, sender), fresh)
            }
        };
        let you = arrival.who;
        let greeting = Greeting {
            page: state.history.since(if resumed { wish.since } else { 0 }, you.id),
            members: state.members.list(you.id),
            count: state.members.count(),
            token,
            resumed,
            you,
        };
        self.announce(&mut state, arrival.notice);
        let stay = Stay { room: self, member: greeting.you.id, client, said_goodbye: false };
        self.run(state);
        if let Some(other) = arrival.taken_over {
            other.close(&close_frame(4001.into(), "taken over by another connection"));
        }
        let welcome = frame(self.welcome(&greeting));
        sender.release([first, welcome].concat());
        stay
    }

    /// Tells a notice in the next round. Where there is none, as in a big room, a count may be due
    /// before long: the clock has to look again.
    fn announce(&self, state: &mut State, notice: Option<Notice>) {
        match notice {
            Some(notice) => state.queue.push(Event::Notice(notice)),
            None => self.clock.notify_one(),
        }
    }

    fn welcome(&self, greeting: &Greeting) -> String {
        let Greeting { you, token, resumed, members, count, page } = greeting;
        let members = members.iter().map(|(Person { id, name }, away)| {
            format!("{{\"id\":{id},\"name\":{},\"away\":{away}}}", quoted(name))
        });
        // JSON may be longer than the text, so only now is it known how many of them fit.
        let (mut bytes, mut messages) = (0, Vec::new());
        for kept in page.messages.iter().rev() {
            let said = kept.said(kept.from.id == you.id);
            bytes += said.len();
            if bytes > PAGE_BYTES {
                break;
            }
            messages.push(said);
        }
        let more = page.more || messages.len() < page.messages.len();
        let limits = format!("{{\"text\":{},\"name\":{}}}", self.text_max, names::NAME_MAX);
        let version = quoted(env!("CARGO_PKG_VERSION"));
        object(
            "welcome",
            &[
                ("you", person(you.id, &you.name)),
                ("token", quoted(token)),
                ("resumed", resumed.to_string()),
                ("members", list(members)),
                ("count", count.to_string()),
                ("messages", list(messages.into_iter().rev())),
                ("more", more.to_string()),
                ("gap", page.gap.to_string()),
                ("limits", limits),
                ("server", format!("{{\"version\":{version},\"started\":{}}}", self.started)),
            ],
        )
    }

    /// Does what a member asks for. The answer is for this member alone; none: it will come, or there
    /// is nothing to say.
    pub fn ask(&self, member: u64, reference: Option<String>, ask: Ask) -> Option<String> {
        let state = lock(&self.state);
        let from = state.members.person(member)?;
        let done = match ask {
            Ask::Say(text, to) => self.say(state, from, to, text, reference.clone()),
            Ask::Name(name) => self.rename(state, &from, &name, reference.as_deref()),
            Ask::Typing(to) => self.typing(state, &from, to.as_ref()),
        };
        done.unwrap_or_else(|problem| Some(error(&problem, reference.as_deref())))
    }

    fn say(
        &self,
        mut state: MutexGuard<State>,
        from: Person,
        to: Option<To>,
        text: String,
        reference: Option<String>,
    ) -> Result<Option<String>, Problem> {
        if let Some(reference) = &reference {
            // Said before, and the ack was lost: it gets that again, and the message is said once.
            if let Some(kept) = state.history.find(from.id, reference) {
                // In the queue: its own round may still be sending, and an ack must not overtake
                // what was said before it.
                let frame = frame(ack(reference, Some(kept)));
                state.queue.push(Event::Reply { to: from.id, frame });
                self.run(state);
                return Ok(None);
            }
            if state.unsaid.contains(&(from.id, reference.clone())) {
                return Ok(None); // its ack will come
            }
        }
        let to = to.map(|to| state.members.find(&to)).transpose()?;
        state.members.has_said(from.id);
        state.unsaid.extend(reference.clone().map(|reference| (from.id, reference)));
        state.queue.push(Event::Say { from, to, text, reference });
        self.run(state);
        Ok(None)
    }

    fn rename(
        &self,
        mut state: MutexGuard<State>,
        from: &Person,
        name: &str,
        reference: Option<&str>,
    ) -> Result<Option<String>, Problem> {
        let notice = state.members.rename(from, name)?;
        self.announce(&mut state, notice);
        // In the queue, not at once: whoever has the ack has heard all that came before it.
        state.queue.extend(
            reference
                .map(|reference| Event::Reply { to: from.id, frame: frame(ack(reference, None)) }),
        );
        self.run(state);
        Ok(None)
    }

    /// Passes "is typing" on. It is not worth a round, nor waiting for: who is behind does not get it.
    fn typing(
        &self,
        mut state: MutexGuard<State>,
        from: &Person,
        to: Option<&To>,
    ) -> Result<Option<String>, Problem> {
        let to = to.map(|to| state.members.find(to)).transpose()?;
        if state.members.may_show_typing(from.id) {
            let present = state.members.present();
            drop(state);
            let mut fields = vec![("from", person(from.id, &from.name))];
            fields.extend(to.as_ref().map(|to| ("to", person(to.id, &to.name))));
            let frame = frame(object("typing", &fields));
            let is_for = |id| id != from.id && to.as_ref().is_none_or(|to| to.id == id);
            for (_, sender) in present.iter().filter(|(id, _)| is_for(*id)) {
                sender.offer(&frame);
            }
        }
        Ok(None)
    }

    /// Who is here, for the operator, and whether they are away: at most [`super::members::BIG`] of
    /// them, and how many there are.
    pub fn who(&self) -> (Vec<(Person, bool)>, usize) {
        let state = lock(&self.state);
        (state.members.list(0), state.members.count())
    }

    /// Says something as the operator of the server, whose id is 0.
    pub fn say_as_operator(&self, text: &str) {
        let from = Person { id: 0, name: names::OPERATOR.to_string() };
        let mut state = lock(&self.state);
        state.queue.push(Event::Say { from, to: None, text: text.to_string(), reference: None });
        self.run(state);
    }

    /// Sees to it that the queue is told: by a round that is under way, or by one of ours.
    fn run(&self, mut state: MutexGuard<State>) {
        if state.round_under_way || state.queue.is_empty() {
            return;
        }
        state.round_under_way = true;
        drop(state);
        thread::yield_now(); // whoever is about to say something as well can add it
        self.round();
    }

    /// One round. Only one at a time is under way, so this is the only place that gives ids.
    fn round(&self) {
        let _end = EndOfRound(self);
        let (events, mut id) = {
            let mut state = lock(&self.state);
            (take(&mut state.queue), state.last_message)
        };
        let mut said = Vec::new();
        let items: Vec<Item> = events
            .into_iter()
            .map(|event| match event {
                Event::Notice(Notice { except, frame }) => {
                    Item { frame, only: None, except: Some(except), instead: Vec::new() }
                }
                Event::Reply { to, frame } => {
                    Item { frame, only: Some(to), except: None, instead: Vec::new() }
                }
                Event::Say { from, to, text, reference } => {
                    id += 1;
                    let kept = Arc::new(Kept { id, at: now(), from, to, text, reference });
                    said.push(Arc::clone(&kept));
                    let ack = kept.reference.as_ref().map(|r| frame(ack(r, Some((id, kept.at)))));
                    Item {
                        frame: frame(kept.said(false)),
                        only: kept.to.as_ref().map(|to| to.id),
                        except: Some(kept.from.id),
                        instead: ack.unwrap_or_default(),
                    }
                }
            })
            .collect();
        let present = {
            let mut state = lock(&self.state);
            state.last_message = id;
            for kept in said {
                if let Some(reference) = &kept.reference {
                    state.unsaid.remove(&(kept.from.id, reference.clone()));
                }
                state.history.add(kept);
            }
            state.members.present()
        };
        send(&items, &present);
    }

    /// The room's own thread: the rounds that others leave to it, and what is due at some time.
    fn keep_time(&self) {
        let mut state = lock(&self.state);
        loop {
            let due = state.members.due(Instant::now());
            state.queue.extend(due.into_iter().map(Event::Notice));
            if take(&mut state.handed_over) {
                drop(state);
                self.round();
                state = lock(&self.state);
            } else if !state.queue.is_empty() && !state.round_under_way {
                self.run(state);
                state = lock(&self.state);
            } else {
                state = match state.members.next_due() {
                    None => self.clock.wait(state).unwrap_or_else(PoisonError::into_inner),
                    Some(at) => {
                        let time = at.saturating_duration_since(Instant::now());
                        let woken = self.clock.wait_timeout(state, time);
                        woken.unwrap_or_else(PoisonError::into_inner).0
                    }
                };
            }
        }
    }
}

/// Ends a round, in whatever way it ends: if it panics, the room goes on all the same.
struct EndOfRound<'a>(&'a Room);

impl Drop for EndOfRound<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        if thread::panicking() {
            state.unsaid.clear(); // what it did not get to say may be asked for again
        }
        // It stays under way if there is more to tell: the room's own thread goes on with it.
        state.round_under_way = !state.queue.is_empty();
        state.handed_over = state.round_under_way;
        if state.handed_over {
            self.0.clock.notify_one();
        }
    }
}

/// Sends a round: to each member one buffer in one write. Most get the same one; only for those who
/// have something of their own in it, an ack or a private message, one is put together.
fn send(items: &[Item], present: &[(u64, Sender)]) {
    let for_all = items.iter().filter(|item| item.only.is_none());
    let common = for_all.map(|item| item.frame.as_slice()).collect::<Vec<_>>().concat();
    let special: HashSet<u64> =
        items.iter().flat_map(|item| [item.only, item.except]).flatten().collect();
    for (member, sender) in present {
        if !special.contains(member) {
            sender.send(&common);
            continue;
        }
        let mut own = Vec::with_capacity(common.len());
        for item in items {
            if item.except == Some(*member) {
                own.extend_from_slice(&item.instead);
            } else if item.only.is_none_or(|only| only == *member) {
                own.extend_from_slice(&item.frame);
            }
        }
        sender.send(&own);
    }
}

/// Milliseconds since 1970 UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
