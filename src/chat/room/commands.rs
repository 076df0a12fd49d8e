//! What members, and the operator at the server's terminal, ask of the room. Each function locks it,
//! changes something, and queues for a round what members have to be told.

use std::sync::{Arc, MutexGuard, PoisonError};

use tungstenite::protocol::frame::coding::CloseCode;

use super::{QUEUE_MAX, Room, State};
use crate::chat::names::{self, Person};
use crate::chat::protocol::{ClientMessage, Problem, Recipient, error};
use crate::{chat::photos::Upload, chat::round::Event, json::JsonObject, mutex::lock};

impl Room {
    /// Handles a member's message. Returns what the client gets at once: an error, or a page of the
    /// history. Every other answer comes in a round, so it arrives behind all that was sent before.
    pub fn handle(
        &self, member: u64, reference: Option<Arc<str>>, message: ClientMessage,
    ) -> Option<JsonObject> {
        if let ClientMessage::Earlier(before, after) = message {
            return self.earlier(member, before, after, reference.as_deref());
        }
        let has_photo = matches!(message, ClientMessage::Say(_, _, Some(_)));
        let (mut state, problem) = self.queue(member, reference.clone(), message);
        // A member has one photo in the queue at most: its connection has reserved the memory for one.
        let is_kept = has_photo.then(|| state.queue_wait());
        self.start_round(state);
        is_kept.as_ref().map(|is_kept| is_kept.wait());
        problem.map(|problem| error(&problem, reference.as_deref()))
    }

    /// A page of the history, for a member.
    #[inline(never)] // *Speed*: as below.
    fn earlier(&self, member: u64, before: u64, after: u64, reference: Option<&str>) -> Option<JsonObject> {
        let page = {
            let state = lock(&self.state);
            state.members.person(member)?;
            state.history.page(after, before, member)
        };
        let (messages, more) = page.encode();
        let earlier = JsonObject::new("earlier").with("messages", messages);
        Some(earlier.with("more", more).with("gap", page.gap).with_ref(reference))
    }

    /// Does what a message asks for, and queues what members have to be told.
    #[inline(never)] // *Speed*: keeps its variables off the stack of `handle`, which runs a round.
    fn queue(
        &self, member: u64, reference: Option<Arc<str>>, message: ClientMessage,
    ) -> (MutexGuard<'_, State>, Option<Problem>) {
        let mut state = lock(&self.state);
        // Only what has to be queued waits while the queue is full.
        let is_queued = matches!(message, ClientMessage::Say(..) | ClientMessage::Name(_));
        while is_queued && state.queue.len() >= QUEUE_MAX {
            state = self.queue_taken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let Some(from) = state.members.person(member) else { return (state, None) };
        let result = match message {
            ClientMessage::Say(text, to, photo) => state.say(from, to, text, reference, photo),
            // The `ack` follows when the name is in the history file.
            ClientMessage::Name(name) => {
                let rename = state.members.rename(&from, &name, reference);
                rename.map(|rename| state.queue.extend(rename.map(Event::Rename)))
            }
            ClientMessage::Typing(to) => state.show_typing(&from, to.as_ref()),
            ClientMessage::Received(id) => state.set_received(member, id),
            ClientMessage::Earlier(..) | ClientMessage::Photo(_) => Ok(()), // answered before
        };
        (state, result.err())
    }

    /// For the operator: at most 200 members, whether each is away, and muted, and the number of all members.
    pub fn list_members(&self) -> (Vec<(Person, bool, bool)>, usize) {
        let state = lock(&self.state);
        let list = state.members.list(0).map(|(id, name, is_away)| {
            (Person { id, name: Arc::clone(name) }, is_away, state.mutes.is_muted(id))
        });
        (list.collect(), state.members.presence.audience.len())
    }

    /// For the operator: the members, present or away, that the typed text may mean: a name, or `#` and an
    /// id. They are at most two, because `#12` may be a name as well.
    pub fn find_members(&self, typed: &str) -> Vec<Person> {
        let state = lock(&self.state);
        let id = typed.strip_prefix('#').and_then(|id| id.parse().ok());
        let recipients = id.map(Recipient::Id).into_iter().chain([Recipient::Name(typed.to_string())]);
        let mut found: Vec<Person> = recipients.filter_map(|to| state.members.find(&to).ok()).collect();
        found.dedup();
        found
    }

    /// Throws out a member, present or away. Returns whether it was still there. Its token is useless from
    /// now on, even after a restart.
    pub fn kick(&self, id: u64) -> bool {
        let mut state = lock(&self.state);
        let Some(change) = state.members.kick(id) else { return false };
        self.publish(state, change, CloseCode::Policy.into(), "thrown out by the operator");
        true
    }

    /// Sends a message to all, as the operator. Waits until it is kept.
    /// Errors: a sentence for the operator.
    pub fn say_as_operator(&self, text: &str) -> Result<(), String> {
        let (text, from) = (self.operators_text(text)?, names::operator());
        let mut state = lock(&self.state);
        state.queue.push(Event::Say { from, to: None, text, reference: None, photo: None });
        let is_kept = state.queue_wait();
        self.start_round(state);
        let why = || "the history cannot be written; the log says why".to_string();
        is_kept.wait().then_some(()).ok_or_else(why)
    }
}

impl State {
    /// Queues a message. With a `ref` this is idempotent: a client that has lost the `ack` sends its
    /// message again (at-least-once) and gets the `ack` again, but the room gets the message once.
    fn say(
        &mut self, from: Person, to: Option<Recipient>, text: String, reference: Option<Arc<str>>,
        photo: Option<Upload>,
    ) -> Result<(), Problem> {
        if let Some(reference) = &reference {
            if let Some(said) = self.history.find(from.id, reference) {
                self.queue.extend(said.ack().map(|frame| Event::Reply { to: from.id, frame }));
                return Ok(());
            }
            if self.pending_refs.contains(&(from.id, Arc::clone(reference))) {
                return Ok(()); // the round sends the ack
            }
        }
        let to = self.recipient(from.id, to.as_ref())?;
        if photo.is_some() && to.as_ref().is_some_and(|to| to.id == 0) {
            return Err(Problem::new(
                "not-here",
                "the operator's terminal shows no photos; nothing was sent",
            ));
        }
        self.members.stop_typing(from.id);
        self.pending_refs.extend(reference.clone().map(|reference| (from.id, reference)));
        self.queue.push(Event::Say { from, to, text, reference, photo });
        Ok(())
    }

    /// Shows others that a member is typing, unless the queue is full: that is no news for long.
    fn show_typing(&mut self, from: &Person, to: Option<&Recipient>) -> Result<(), Problem> {
        let to = to.map(|to| self.members.find(to)).transpose()?;
        let has_others = to.as_ref().is_none_or(|to| to.id != from.id) && !self.mutes.is_muted(from.id);
        if has_others && self.queue.len() < QUEUE_MAX && self.members.may_show_typing(from.id) {
            let typing = JsonObject::new("typing").with_person("from", Some(from));
            let frame = typing.with_person("to", to.as_ref()).frame();
            self.queue.push(match to {
                None => Event::Notice { except: Some(from.id), frame },
                Some(Person { id: to, .. }) => Event::Reply { to, frame },
            });
        }
        Ok(())
    }
}
