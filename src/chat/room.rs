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
//!
//! Here are the rounds, and the room's own thread. What else locks the room is in `room/`: how somebody comes
//! and goes (`stay.rs`), and what members and the operator ask for (`asks.rs`).

use std::collections::HashSet;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::history::History;
use super::history_file::{HistoryFile, Record};
use super::members::{Members, Notice};
use super::names::Person;
use super::receipts::Receipts;
use super::round::{Event, Round};
use crate::mutex::lock;
use crate::websocket::sender::Sender;

mod commands;
mod joining;

pub use joining::{JoinRequest, MemberGuard};

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

/// The chat room.
pub struct Room {
    state: Mutex<State>,
    /// The history file. Nobody has this lock and the one above at the same time.
    file: Option<Mutex<HistoryFile>>,
    /// Wakes the room's own thread.
    wake_room: Condvar,
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
    progress: RoundState,
    /// What has a `ref` and is in the queue, or in the round under way.
    pending_refs: HashSet<(u64, Arc<str>)>,
    last_message: u64,
    /// Until when the room's own thread waits, if nobody wakes it; `None` for ever.
    waits_until: Option<Instant>,
}

/// Who sees to the queue.
#[derive(PartialEq)]
enum RoundState {
    /// Nobody: who adds to it will.
    Idle,
    /// Whoever runs the round that is under way.
    Running,
    /// The room's own thread, as soon as it wakes.
    LeftToRoomThread,
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
            progress: RoundState::Idle,
            pending_refs: HashSet::new(),
            last_message: 0,
            waits_until: None,
        };
        let file = data.map(|folder| state.load(folder)).transpose()?.map(Mutex::new);
        let (wake_room, queue_taken) = (Condvar::new(), Condvar::new());
        let (state, started) = (Mutex::new(state), now());
        let room = Arc::new(Room { state, file, wake_room, queue_taken, text_max, started });
        let own = Arc::clone(&room);
        let run_timer = move || {
            loop {
                // A bug in one round is no reason to have no others.
                let _ = catch_unwind(AssertUnwindSafe(|| own.run_timer()));
            }
        };
        match thread::Builder::new().name("room".to_string()).spawn(run_timer) {
            Ok(_) => Ok(room),
            Err(error) => Err(format!("cannot start a thread: {error}")),
        }
    }

    /// Writes into the history file that the token with this hash is this member's.
    fn remember(&self, who: &Person, token: Option<Arc<str>>) {
        if let (Some(file), Some(token)) = (&self.file, token) {
            lock(file).remember(who, &token);
        }
    }

    /// Tells that somebody has come, gone or changed. In a big room there is no notice; but there, as
    /// when somebody is away or is back, something will be due before long, and the clock has to look
    /// again.
    fn announce(&self, mut state: MutexGuard<State>, notice: Option<Notice>) {
        state.queue.extend(notice.map(Event::Notice));
        self.wake_room_thread(&state);
        self.start_round(state);
    }

    /// Wakes the room's own thread if something is due before it would wake by itself.
    fn wake_room_thread(&self, state: &State) {
        if state.next_due().is_some_and(|due| state.waits_until.is_none_or(|until| due < until)) {
            self.wake_room.notify_one();
        }
    }

    /// Sees to it that the queue is told: by the round that is under way, or by one of ours.
    fn start_round(&self, mut state: MutexGuard<State>) {
        if state.progress != RoundState::Idle || state.queue.is_empty() {
            return;
        }
        state.progress = RoundState::Running;
        drop(state);
        thread::yield_now(); // whoever is about to say something as well can add it
        self.round();
    }

    /// One round. Only one at a time is under way, so this is the only place that gives ids.
    fn round(&self) {
        let _end = RoundGuard(self);
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
        let present = lock(&self.state).commit(&round, is_kept);
        round.deliver(&present);
    }

    /// The room's own thread: the rounds that others leave to it, and what is due at some time.
    fn run_timer(&self) {
        let mut state = lock(&self.state);
        loop {
            state.queue_what_is_due(Instant::now());
            if state.progress == RoundState::LeftToRoomThread {
                state.progress = RoundState::Running;
                let is_busy = (BUSY..QUEUE_MAX).contains(&state.queue.len());
                drop(state);
                if is_busy {
                    thread::sleep(BUSY_PAUSE);
                }
                self.round();
                state = lock(&self.state);
            } else if state.progress == RoundState::Idle && !state.queue.is_empty() {
                self.start_round(state);
                state = lock(&self.state);
            } else {
                state.waits_until = state.next_due();
                state = match state.waits_until {
                    None => self.wake_room.wait(state).unwrap_or_else(PoisonError::into_inner),
                    Some(at) => {
                        let time = at.saturating_duration_since(Instant::now());
                        let woken = self.wake_room.wait_timeout(state, time);
                        woken.unwrap_or_else(PoisonError::into_inner).0
                    }
                };
            }
        }
    }
}

impl State {
    /// Reads the history file in this folder, and goes on where it ends.
    fn load(&mut self, folder: &Path) -> Result<HistoryFile, String> {
        let mut file = HistoryFile::open(folder)?;
        let mut kicked = HashSet::new();
        let damaged = file.load(|line| match line {
            Record::Said(kept) if kept.id > self.last_message => {
                self.last_message = kept.id;
                for person in kept.to.iter().chain([&kept.from]) {
                    self.members.reserve_ids_up_to(person.id);
                }
                self.history.add(Arc::new(kept));
                true
            }
            Record::Said(_) => false, // ids count up
            Record::Member(who, token) => {
                self.members.reserve_ids_up_to(who.id);
                if !kicked.contains(&token) {
                    self.members.recall(who, &token);
                }
                true
            }
            Record::Kicked(token) => {
                self.members.forget(&token);
                kicked.insert(token);
                true
            }
        })?;
        // Each line that cannot be read may have had an id, and none is ever used twice: whoever has
        // heard of somebody must not mean another. The last who came may not be in the file at all.
        self.last_message += damaged;
        if self.members.last_id() > 0 {
            self.members.reserve_ids_up_to(self.members.last_id() + damaged + UNWRITTEN_MAX);
        }
        Ok(file)
    }

    /// After a round: what was said in it is part of the history now, if it could be kept.
    fn commit(&mut self, round: &Round, is_kept: bool) -> Arc<Vec<(u64, Sender)>> {
        let audience = self.members.audience();
        for kept in &round.said {
            if let Some(reference) = &kept.reference {
                self.pending_refs.remove(&(kept.from.id, Arc::clone(reference)));
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
struct RoundGuard<'a>(&'a Room);

impl Drop for RoundGuard<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        if thread::panicking() {
            state.pending_refs.clear(); // what it did not get to say may be asked for again
        }
        state.progress = if state.queue.is_empty() {
            RoundState::Idle
        } else {
            self.0.wake_room.notify_one();
            RoundState::LeftToRoomThread
        };
    }
}

/// Milliseconds since 1970 UTC.
fn now() -> u64 {
    u64::try_from(crate::clock::since_1970().as_millis()).unwrap_or(u64::MAX)
}
