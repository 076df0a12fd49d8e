//! What a round and the room's timer change in the state of the room, under its lock.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::State;
use crate::chat::history::ChatMessage;
use crate::chat::history_file::Record;
use crate::chat::protocol::Problem;
use crate::chat::round::{Event, Outcome, Round};
use crate::websocket::sender::Sender;

impl State {
    /// Adds the messages of a round to the history, if they are kept. Takes back new names that are not.
    /// Returns the present members.
    #[inline(never)] // *Speed*: keeps its variables off the stack of `run_round`.
    pub(super) fn commit(&mut self, round: &Round, is_kept: bool) -> Arc<Vec<(u64, Sender)>> {
        for record in &round.records {
            match record {
                Record::Message(message) => self.commit_message(message, is_kept),
                Record::Renamed(rename) => {
                    let notice = self.members.end_rename(rename, is_kept);
                    self.queue.extend(notice);
                }
                Record::Member(..) | Record::Kicked(_) | Record::Pinned(_) => {}
            }
        }
        Arc::clone(&self.members.presence.present)
    }

    fn commit_message(&mut self, message: &Arc<ChatMessage>, is_kept: bool) {
        let presence = &self.members.presence;
        if let Some(reference) = &message.reference {
            self.pending_refs.remove(&(message.from.id, Arc::clone(reference)));
        }
        if is_kept {
            self.last_message = message.id;
            if message.to.as_ref().is_some_and(|to| to.id == 0) {
                // If the terminal has stopped and too many wait, this one stays in the history alone.
                let _ = self.to_operator.as_ref().map(|terminal| terminal.try_send(Arc::clone(message)));
            } else if !presence.is_big {
                self.receipts.add(message, &presence.audience);
            }
            self.history.add(Arc::clone(message));
        }
    }

    /// For a thread that waits until what is queued is kept.
    pub(super) fn queue_wait(&mut self) -> Arc<OnceLock<bool>> {
        let is_kept = Arc::default();
        self.queue.push(Event::Wait(Outcome(Arc::clone(&is_kept))));
        is_kept
    }

    /// A member has received all its messages up to this id.
    pub(super) fn set_received(&mut self, member: u64, id: u64) -> Result<(), Problem> {
        if id > 0 && !self.history.ids.contains(id) {
            return Err(Problem::new("bad-field", "there is no message with this id"));
        }
        if let Some(before) = self.members.set_received(member, id) {
            self.receipts.received(member, before, id);
        }
        Ok(())
    }

    pub(super) fn queue_what_is_due(&mut self, now: Instant) {
        self.queue.extend(self.members.due(now));
        let receipts = self.receipts.due(now);
        // A big room has no receipts, not even for messages of the time before it was big.
        if !self.members.presence.is_big {
            self.queue.extend(receipts);
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.members.presence.next_due().into_iter().chain(self.receipts.next_due()).min()
    }
}
