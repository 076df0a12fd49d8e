//! The room: how a message of one member reaches all the others.
//!
//! As on `/broadcast`, all threads share one `Mutex` around a `HashMap` with every client's `Sender`
//! (in `members.rs`; `presence.rs` keeps the same Senders as a list). There, each message is one write
//! for each client. Here, messages leave in *rounds*: one write for each client, with many messages in
//! it. That makes a busy room cheap.
//!
//! 1. A thread that has read a message locks the room and puts the message into the queue. If a round
//!    is running, that is all: the next round takes the message.
//! 2. Otherwise this thread runs one round. It takes the whole queue, gives each message its id and
//!    encodes it once, and writes the history file, if there is one. Then, under the lock, it adds the
//!    messages to the history and takes the list of the members who are present. Then it sends each of
//!    them the whole round in one write.
//! 3. Events that are queued during a round are left to the room's own thread, so that a busy room does
//!    not keep a client's thread from reading. If there are several, the room's thread waits a moment,
//!    so that more can join its round. It is the room's timer as well.
//!
//! The lock covers memory only: no socket and no file is written under it. The author of a message gets
//! an `ack` in the place where the others get the message. So all members see one order, that of the
//! ids.
//!
//! Here are the rounds and the room's own thread. The rest of what locks the room is in `room/`:
//! `loading.rs` (reads the history file), `joining.rs` (how a client joins and leaves), `commands.rs`
//! (what members and the operator ask for), `teaching.rs` (mutes members, pins a text), `state.rs`
//! (what a round and the timer change).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc::SyncSender};
use std::time::{Duration, Instant};
use std::{collections::HashSet, mem::take, path::Path, thread};

use super::history::{ChatMessage, History};
use super::history_file::HistoryFile;
use super::members::{Change, Members};
use super::photos::Photos;
use super::receipts::Receipts;
use super::round::{Event, Round};
use crate::{mutex::lock, websocket::frames};

mod commands;
mod joining;
mod loading;
mod state;
mod teaching;

pub use joining::{JoinRequest, MemberGuard};
use teaching::Mutes;

/// The most events in the queue. While it is full, clients' threads wait and do not read, so TCP slows
/// the clients down (backpressure).
const QUEUE_MAX: usize = 256;
/// The room is busy if the room's own thread finds this many events in the queue.
const BUSY: usize = 2;
/// In a busy room it waits this long before its round, so that more messages can join: a round of forty
/// costs about as much as one of thirty.
const BUSY_PAUSE: Duration = Duration::from_micros(400);

/// The chat room.
pub struct Room {
    state: Mutex<State>,
    /// The history file. No thread holds this lock and the one above at the same time.
    file: Option<Mutex<HistoryFile>>,
    /// Wakes the room's own thread.
    wake_room: Condvar,
    /// Wakes the threads that wait for a place in the queue.
    queue_taken: Condvar,
    /// The longest text, in characters.
    pub text_max: usize,
    /// The photos of its messages.
    pub photos: Photos,
    started: u64,
}

#[derive(Default)]
struct State {
    members: Members,
    history: History,
    receipts: Receipts,
    /// The events for the next round. Whenever the lock is free, the queue is empty or `round` is not
    /// `Idle`.
    queue: Vec<Event>,
    round: RoundState,
    /// The members and `ref`s of the messages that are in the queue or in the running round.
    pending_refs: HashSet<(u64, Arc<str>)>,
    last_message: u64,
    mutes: Mutes,
    /// What the operator has pinned; empty if nothing.
    pinned: Arc<str>,
    /// Takes the messages to the operator to the terminal.
    to_operator: Option<SyncSender<Arc<ChatMessage>>>,
    /// When the room's own thread wakes by itself; `None` for never.
    waits_until: Option<Instant>,
}

/// Whether there is a round.
#[derive(PartialEq, Default)]
enum RoundState {
    /// There is none. The next thread that queues an event runs one.
    #[default]
    Idle,
    /// A thread is running one.
    Running,
    /// The room's own thread will run one as soon as it wakes.
    LeftToRoomThread,
}

impl Room {
    /// A room for texts of at most `text_max` characters. It keeps `keep` messages in memory and, with
    /// a folder `data`, all in a file there. It starts with what is in the file.
    /// Errors: a sentence for the person who started the program.
    pub fn new(
        text_max: usize, keep: usize, photos: Photos, data: Option<&Path>,
    ) -> Result<Arc<Room>, String> {
        let mut state = State { history: History::new(keep), ..State::default() };
        let file = data.map(|folder| state.load(folder)).transpose()?.map(Mutex::new);
        let (wake_room, queue_taken) = (Condvar::new(), Condvar::new());
        let (state, started) = (Mutex::new(state), now());
        let room = Arc::new(Room { state, file, wake_room, queue_taken, text_max, photos, started });
        let timer = Arc::clone(&room);
        let run_timer = move || {
            loop {
                // A panic in one round must not end the rounds.
                let _ = catch_unwind(AssertUnwindSafe(|| timer.run_timer()));
            }
        };
        match thread::Builder::new().name("room".to_string()).spawn(run_timer) {
            Ok(_) => Ok(room),
            Err(error) => Err(format!("cannot start a thread: {error}")),
        }
    }

    /// Ends a change of a member. Its former connection, if it has one, is closed with `code` and `why`.
    /// If the change belongs into the history file, this waits until a round has written it, or failed to.
    fn publish(&self, mut state: MutexGuard<State>, change: Box<Change>, code: u16, why: &str) {
        let close = || change.former.iter().for_each(|former| former.close(&frames::close(code, why)));
        state.queue.extend(change.notice);
        let record = change.record.filter(|_| self.file.is_some());
        let Some(record) = record else {
            self.start_round(state);
            return close();
        };
        state.queue.push(Event::Record(record));
        let is_kept = state.queue_wait();
        // *Speed*: writing the file would take a third page of a client's stack.
        self.leave_round(state);
        close();
        is_kept.wait();
    }

    /// Ends a change of the state: runs a round if there is a queue and no round is running. Wakes the
    /// room's own thread if something is due before it would wake by itself.
    fn start_round(&self, mut state: MutexGuard<State>) {
        if state.next_due().is_some_and(|due| state.waits_until.is_none_or(|until| due < until)) {
            self.wake_room.notify_one();
        }
        if state.round != RoundState::Idle || state.queue.is_empty() {
            return;
        }
        state.round = RoundState::Running;
        drop(state);
        thread::yield_now(); // another thread that is about to queue a message can do it now
        self.run_round();
    }

    /// The same, but leaves the round to the room's own thread.
    fn leave_round(&self, mut state: MutexGuard<State>) {
        if state.round == RoundState::Idle && !state.queue.is_empty() {
            state.round = RoundState::LeftToRoomThread;
        }
        self.wake_room.notify_one();
    }

    /// Runs one round. There is only one at a time, so this is the only place that gives ids.
    fn run_round(&self) {
        let _guard = RoundGuard(self);
        let (events, last_message) = {
            let mut state = lock(&self.state);
            (take(&mut state.queue), state.last_message)
        };
        self.queue_taken.notify_all();
        let mut round = Round::new(events, last_message, now());
        let is_kept = self.file.as_ref().is_none_or(|file| lock(file).write(&round.records, &round.photos));
        if is_kept {
            self.photos.add(take(&mut round.photos));
        } else {
            round.fail(); // the next round uses its ids
        }
        let present = lock(&self.state).commit(&round, is_kept);
        round.tell_waiting(is_kept);
        round.deliver(&present);
    }

    /// The room's own thread: runs the rounds that are left to it, and waits for what is due.
    fn run_timer(&self) {
        loop {
            let mut state = lock(&self.state);
            state.queue_what_is_due(Instant::now());
            match state.round {
                RoundState::LeftToRoomThread => {
                    state.round = RoundState::Running;
                    let is_waited_for = matches!(state.queue.last(), Some(Event::Wait(_)));
                    let is_busy = (BUSY..QUEUE_MAX).contains(&state.queue.len()) && !is_waited_for;
                    drop(state);
                    if is_busy {
                        thread::sleep(BUSY_PAUSE);
                    }
                    self.run_round();
                }
                RoundState::Idle if !state.queue.is_empty() => self.start_round(state),
                RoundState::Idle | RoundState::Running => {
                    state.waits_until = state.next_due();
                    let time_until = |due: Instant| due.saturating_duration_since(Instant::now());
                    let time = state.waits_until.map_or(Duration::MAX, time_until);
                    let _ = self.wake_room.wait_timeout(state, time);
                }
            }
        }
    }
}

/// Guard: ends a round, even one that panics, so that the room goes on.
struct RoundGuard<'a>(&'a Room);

impl Drop for RoundGuard<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        if thread::panicking() {
            state.pending_refs.clear(); // authors may send its messages again
        }
        state.round = if state.queue.is_empty() {
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
