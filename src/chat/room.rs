//! The room: how what one says reaches all the others.
//!
//! As on `/broadcast`, all threads share one `Mutex`, around a `HashMap` with everybody's [`Sender`]
//! (in `members.rs`) and the rest. But there whoever speaks sends to each: N writes for each message.
//! Here they speak in *rounds*, which makes a busy room cheap:
//!
//! 1. Who says something locks the room and puts it into the queue. If a round is under way, that is
//!    all: the next round takes it along.
//! 2. Otherwise it runs one round itself. It takes the whole queue, gives each message its id and
//!    encodes it once; writes the history file, if there is one; then, under the lock, adds them to the
//!    history and takes the list of those present; then sends each member all of it in one write.
//! 3. What has come meanwhile is left to the room's own thread, so that a talkative room does not keep
//!    a client from its own reading. If that is much, it waits a moment, for more. It is the room's clock as
//!    well.
//!
//! The lock covers memory only: no socket and no file is written under it. Whoever says something gets an
//! `ack` in the place where the others get the message, so all see one order, the order of the ids.

use std::collections::HashSet;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tungstenite::protocol::frame::coding::CloseCode;

use super::file::{File, Line};
use super::greeting::Greeting;
use super::history::History;
use super::members::{Members, Notice, Renamed};
use super::names::{self, Person};
use super::protocol::{Ask, Object, Problem, To, ack, error};
use super::receipts::Receipts;
use super::round::{Event, Round};
use super::tokens::Token;
use crate::sender::Sender;
use crate::shared::lock;
use crate::socket::close_frame;

/// How many events may wait for the next round. Who talks faster than the room can tell has to wait,
/// and is not read from meanwhile, so that TCP slows it down.
const QUEUE_MAX: usize = 256;
/// If so many events have been left to the room's own thread, many talk at once ...
const BUSY: usize = 2;
/// ... and it waits a moment before its round, so that others can join it: a round costs about as much for
/// forty messages as for thirty. A single one is told at once. (Linux makes 0.1 ms of it. Unlike a socket's
/// timeout, of which the head of `sender.rs` speaks, a sleep is not rounded up to milliseconds there.)
const BUSY_PAUSE: Duration = Duration::from_micros(50);

/// How many may have come whom the history file does not know: the disk was full, or the server ended
/// in that moment.
const UNWRITTEN_MAX: u64 = 1000;

/// What a connection asks for at the door.
#[derive(Debug, Default)]
pub struct Wish {
    /// A name; if it is taken, one like it.
    pub name: Option<String>,
    /// The token of an earlier connection, to be the same member again.
    pub token: Option<String>,
    /// The id of the last message that has arrived there.
    pub since: u64,
    /// What it takes for the passphrase.
    pub passphrase: Option<String>,
}

/// The chat room.
pub struct Room {
    state: Mutex<State>,
    /// The history file. Nobody has this lock and the one above at the same time.
    file: Option<Mutex<File>>,
    /// Wakes the room's own thread.
    clock: Condvar,
    /// Wakes those who wait for a place in the queue.
    queue_taken: Condvar,
    /// The longest text, in characters.
    pub text_max: usize,
    started: u64,
}

struct State {
    members: Members,
    history: History,
    receipts: Receipts,
    /// What the next round will tell. Whenever the lock is free it is empty, or there is `progress`.
    queue: Vec<Event>,
    progress: Progress,
    /// What has a `ref` and is in the queue, or in the round under way.
    unsaid: HashSet<(u64, Arc<str>)>,
    last_message: u64,
    /// Until when the room's own thread waits, if nobody wakes it; `None` for ever.
    waits_until: Option<Instant>,
}

/// Who sees to the queue.
#[derive(PartialEq)]
enum Progress {
    /// Nobody: who adds to it will.
    None,
    /// Whoever runs the round that is under way.
    RoundUnderWay,
    /// The room's own thread, as soon as it wakes.
    LeftToTheClock,
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
        let notice = state.members.leave(self.member, self.client, self.said_goodbye);
        self.room.announce(state, notice);
    }
}

impl Room {
    /// A room for texts of so many characters, which keeps so many messages: in memory and, if there is
    /// a folder `data`, in a file there, with what is in it already.
    ///
    /// # Errors
    /// A sentence for the person who started the program: the file cannot be used, or there is no thread.
    pub fn new(text_max: usize, keep: usize, data: Option<&Path>) -> Result<Arc<Room>, String> {
        let mut state = State {
            members: Members::default(),
            history: History::new(keep),
            receipts: Receipts::default(),
            queue: Vec::new(),
            progress: Progress::None,
            unsaid: HashSet::new(),
            last_message: 0,
            waits_until: None,
        };
        let file = data.map(|folder| state.load(folder)).transpose()?.map(Mutex::new);
        let (clock, queue_taken) = (Condvar::new(), Condvar::new());
        let (state, started) = (Mutex::new(state), now());
        let room = Arc::new(Room { state, file, clock, queue_taken, text_max, started });
        let own = Arc::clone(&room);
        let keep_time = move || {
            loop {
                // A bug in one round is no reason to have no others.
                let _ = catch_unwind(AssertUnwindSafe(|| own.keep_time()));
            }
        };
        match thread::Builder::new().name("room".to_string()).spawn(keep_time) {
            Ok(_) => Ok(room),
            Err(error) => Err(format!("cannot start a thread: {error}")),
        }
    }

    /// Lets a client in; what it is to be told first is returned.
    ///
    /// From this moment it is among the members, and what is said waits in its Sender, until its own
    /// thread has encoded and written the welcome. So it neither misses nor doubles a message between the
    /// two, and no socket is written under the lock.
    pub fn join(&self, client: u64, sender: &Sender, wish: Wish) -> (Stay<'_>, Box<Greeting>) {
        let name = wish.name.and_then(|name| names::check(&name).ok());
        let name = name.unwrap_or_else(names::random);
        let mut token = Token::random();
        let hash = token.hash();
        let claimed = wish.token.map(Token::from_client).map(|token| (token.hash(), token));
        let mut state = lock(&self.state);
        let owner = claimed.as_ref().and_then(|(hash, _)| state.members.owner(hash));
        let resumed = owner.is_some();
        let arrival = match (owner, claimed) {
            (Some(owner), Some((hash, own))) => {
                token = own;
                state.members.come_back(hash, owner, client, sender)
            }
            _ => state.members.come(&name, hash, client, sender),
        };
        let you = arrival.who;
        let since = if resumed { wish.since } else { 0 };
        if resumed {
            let arrived = since.min(state.last_message);
            state.has_received(you.id, arrived);
            state.receipts.repeat_for(you.id);
        }
        let greeting = Box::new(Greeting {
            page: state.history.page(since, u64::MAX, you.id),
            members: state.members.list(you.id),
            count: state.members.count(),
            token,
            resumed,
            you,
            text_max: self.text_max,
            started: self.started,
        });
        let stay = Stay { room: self, member: greeting.you.id, client, said_goodbye: false };
        self.announce(state, arrival.notice);
        // Before it learns its token, so that this will be good for coming back whatever happens.
        self.remember(&greeting.you, arrival.to_remember);
        if let Some(other) = arrival.taken_over {
            other.close(&close_frame(4001.into(), "taken over by another connection"));
        }
        (stay, greeting)
    }

    /// Does what a member asks for. Returned is what was wrong with it, or a page of the history; every
    /// other answer comes in its turn, so that whoever has it has heard all that was said before.
    pub fn ask(&self, member: u64, reference: Option<Arc<str>>, ask: Ask) -> Option<Object> {
        let mut state = lock(&self.state);
        while state.queue.len() >= QUEUE_MAX {
            state = self.queue_taken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let from = state.members.person(member)?;
        let done = match ask {
            Ask::Say(text, to) => self.say(state, from, to, text, reference.clone()),
            Ask::Name(name) => self.rename(state, &from, &name, reference.as_deref()),
            Ask::Typing(to) => self.typing(state, &from, to.as_ref()),
            Ask::Received(id) => self.received(state, member, id),
            Ask::Earlier(before) => {
                let page = state.history.page(0, before, member);
                drop(state);
                let (messages, more) = page.encode(member);
                let earlier = Object::new("earlier").with("messages", messages).with("more", more);
                return Some(earlier.with("gap", page.gap).with_ref(reference.as_deref()));
            }
        };
        done.err().map(|problem| error(&problem, reference.as_deref()))
    }

    fn say(
        &self,
        mut state: MutexGuard<State>,
        from: Person,
        to: Option<To>,
        text: String,
        reference: Option<Arc<str>>,
    ) -> Result<(), Problem> {
        if let Some(reference) = &reference {
            // Said before, and the ack was lost: it gets that again, and the message is said once.
            if let Some(kept) = state.history.find(from.id, reference) {
                let frame = ack(reference, Some(kept)).frame();
                state.queue.push(Event::Reply { to: from.id, frame });
                self.see_to_queue(state);
                return Ok(());
            }
            if state.unsaid.contains(&(from.id, Arc::clone(reference))) {
                return Ok(()); // its ack will come
            }
        }
        let to = to.map(|to| state.members.find(&to)).transpose()?;
        state.members.has_said(from.id);
        state.unsaid.extend(reference.clone().map(|reference| (from.id, reference)));
        state.queue.push(Event::Say { from, to, text, reference });
        self.see_to_queue(state);
        Ok(())
    }

    fn rename(
        &self,
        mut state: MutexGuard<State>,
        from: &Person,
        name: &str,
        reference: Option<&str>,
    ) -> Result<(), Problem> {
        let Renamed { who, notice, to_remember } = state.members.rename(from, name)?;
        drop(state);
        self.remember(&who, to_remember);
        let mut state = lock(&self.state);
        let ack = reference.map(|reference| ack(reference, None).frame());
        state.queue.extend(ack.map(|frame| Event::Reply { to: from.id, frame }));
        self.announce(state, notice);
        Ok(())
    }

    /// Passes "is typing" on. It is not worth a round, nor waiting for: who is behind does not get it.
    fn typing(
        &self,
        mut state: MutexGuard<State>,
        from: &Person,
        to: Option<&To>,
    ) -> Result<(), Problem> {
        let to = to.map(|to| state.members.find(to)).transpose()?;
        if state.members.may_show_typing(from.id) {
            let present = state.members.present();
            drop(state);
            let mut typing = Object::new("typing").with_person("from", from);
            if let Some(to) = &to {
                typing = typing.with_person("to", to);
            }
            let frame = typing.frame();
            let is_for = |id| id != from.id && to.as_ref().is_none_or(|to| to.id == id);
            for (_, sender) in present.iter().filter(|(id, _)| is_for(*id)) {
                sender.offer(&frame);
            }
        }
        Ok(())
    }

    fn received(&self, mut state: MutexGuard<State>, member: u64, id: u64) -> Result<(), Problem> {
        if id > state.last_message {
            return Err(Problem::new("bad-field", "there is no message with this id yet"));
        }
        state.has_received(member, id);
        self.set_clock(&state);
        Ok(())
    }

    /// Writes into the history file that the token with this hash is this member's.
    fn remember(&self, who: &Person, token: Option<Arc<str>>) {
        if let (Some(file), Some(token)) = (&self.file, token) {
            lock(file).remember(who, &token);
        }
    }

    /// Who is here, for the operator, and whether they are away: at most 200 of them, and how many there
    /// are.
    pub fn who(&self) -> (Vec<(Person, bool)>, usize) {
        let state = lock(&self.state);
        (state.members.list(0), state.members.count())
    }

    /// Throws out whoever goes by this name, here or away; returns whether there is somebody. The token
    /// is good for nothing from now on, restarts included.
    pub fn kick(&self, name: &str) -> bool {
        let mut state = lock(&self.state);
        let Ok(who) = state.members.find(&To::Name(name.to_string())) else { return false };
        let Some(kicked) = state.members.kick(&who) else { return false };
        self.announce(state, kicked.notice);
        if let Some(file) = &self.file {
            lock(file).forget(&kicked.token);
        }
        if let Some(sender) = kicked.sender {
            sender.close(&close_frame(CloseCode::Policy, "thrown out by the operator"));
        }
        true
    }

    /// Says something as the operator of the server, whose id is 0.
    pub fn say_as_operator(&self, text: &str) {
        let from = Person { id: 0, name: names::OPERATOR.into() };
        let mut state = lock(&self.state);
        state.queue.push(Event::Say { from, to: None, text: text.to_string(), reference: None });
        self.see_to_queue(state);
    }

    /// Tells that somebody has come, gone or changed. In a big room there is no notice; but there, as
    /// when somebody is away or is back, something will be due before long, and the clock has to look
    /// again.
    fn announce(&self, mut state: MutexGuard<State>, notice: Option<Notice>) {
        state.queue.extend(notice.map(Event::Notice));
        self.set_clock(&state);
        self.see_to_queue(state);
    }

    /// Wakes the room's own thread if something is due before it would wake by itself.
    fn set_clock(&self, state: &State) {
        if state.next_due().is_some_and(|due| state.waits_until.is_none_or(|until| due < until)) {
            self.clock.notify_one();
        }
    }

    /// Sees to it that the queue is told: by the round that is under way, or by one of ours.
    fn see_to_queue(&self, mut state: MutexGuard<State>) {
        if state.progress != Progress::None || state.queue.is_empty() {
            return;
        }
        state.progress = Progress::RoundUnderWay;
        drop(state);
        thread::yield_now(); // whoever is about to say something as well can add it
        self.round();
    }

    /// One round. Only one at a time is under way, so this is the only place that gives ids.
    fn round(&self) {
        let _end = EndOfRound(self);
        let (events, last_message) = {
            let mut state = lock(&self.state);
            (take(&mut state.queue), state.last_message)
        };
        self.queue_taken.notify_all();
        let mut round = Round::new(events, last_message, now());
        let messages = round.said.iter().map(Arc::as_ref);
        let is_kept = self.file.as_ref().is_none_or(|file| lock(file).keep(messages));
        if !is_kept {
            round.fail(); // the next round will have its ids
        }
        let present = lock(&self.state).conclude(&round, is_kept);
        round.deliver(&present);
    }

    /// The room's own thread: the rounds that others leave to it, and what is due at some time.
    fn keep_time(&self) {
        let mut state = lock(&self.state);
        loop {
            state.queue_what_is_due(Instant::now());
            if state.progress == Progress::LeftToTheClock {
                state.progress = Progress::RoundUnderWay;
                let is_busy = (BUSY..QUEUE_MAX).contains(&state.queue.len());
                drop(state);
                if is_busy {
                    thread::sleep(BUSY_PAUSE);
                }
                self.round();
                state = lock(&self.state);
            } else if state.progress == Progress::None && !state.queue.is_empty() {
                self.see_to_queue(state);
                state = lock(&self.state);
            } else {
                state.waits_until = state.next_due();
                state = match state.waits_until {
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

impl State {
    /// Reads the history file in this folder, and goes on where it ends.
    fn load(&mut self, folder: &Path) -> Result<File, String> {
        let mut file = File::open(folder)?;
        let mut kicked = HashSet::new();
        let damaged = file.load(|line| match line {
            Line::Said(kept) if kept.id > self.last_message => {
                self.last_message = kept.id;
                for person in kept.to.iter().chain([&kept.from]) {
                    self.members.never_again(person.id);
                }
                self.history.add(Arc::new(kept));
                true
            }
            Line::Said(_) => false, // ids count up
            Line::Member(who, token) => {
                self.members.never_again(who.id);
                if !kicked.contains(&token) {
                    self.members.recall(who, &token);
                }
                true
            }
            Line::Kicked(token) => {
                self.members.forget(&token);
                kicked.insert(token);
                true
            }
        })?;
        // Each line that cannot be read may have had an id, and none is ever used twice: whoever has
        // heard of somebody must not mean another. The last who came may not be in the file at all.
        self.last_message += damaged;
        if self.members.last_id() > 0 {
            self.members.never_again(self.members.last_id() + damaged + UNWRITTEN_MAX);
        }
        Ok(file)
    }

    /// After a round: what was said in it is part of the history now, if it could be kept.
    fn conclude(&mut self, round: &Round, is_kept: bool) -> Arc<Vec<(u64, Sender)>> {
        let audience = self.members.audience();
        for kept in &round.said {
            if let Some(reference) = &kept.reference {
                self.unsaid.remove(&(kept.from.id, Arc::clone(reference)));
            }
            if is_kept {
                self.last_message = kept.id;
                if let Some(audience) = &audience {
                    self.receipts.said(kept, audience);
                }
                self.history.add(Arc::clone(kept));
            }
        }
        self.members.present()
    }

    fn has_received(&mut self, member: u64, id: u64) {
        if let Some(before) = self.members.has_received(member, id) {
            self.receipts.arrived(member, before, id);
        }
    }

    fn queue_what_is_due(&mut self, now: Instant) {
        self.queue.extend(self.members.due(now).into_iter().map(Event::Notice));
        let receipts = self.receipts.due(now).into_iter();
        // In a big room there are none, not even about what was said before it was big.
        if self.members.audience().is_some() {
            self.queue.extend(receipts.map(|(to, frame)| Event::Reply { to, frame }));
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.members.next_due().into_iter().chain(self.receipts.next_due()).min()
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
        state.progress = if state.queue.is_empty() {
            Progress::None
        } else {
            self.0.clock.notify_one();
            Progress::LeftToTheClock
        };
    }
}

/// Milliseconds since 1970 UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
