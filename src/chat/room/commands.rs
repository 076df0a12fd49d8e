//! What members, and the operator at the server's terminal, ask of the room. Each function locks it,
//! changes something, and queues for a round what members have to be told.

use std::sync::{Arc, MutexGuard, PoisonError};

use tungstenite::protocol::frame::coding::CloseCode;

use super::{QUEUE_MAX, Room, State};
use crate::chat::names::{self, Person};
use crate::chat::protocol::{ClientMessage, Problem, Recipient, ack, error};
use crate::{chat::round::Event, json::JsonObject, mutex::lock};

impl Room {
    /// Handles a member's message. Returns what the client gets at once: an error, or a page of the
    /// history. Every other answer comes in a round, so it arrives behind all that was sent before.
    pub fn handle(
        &self, member: u64, reference: Option<Arc<str>>, message: ClientMessage,
    ) -> Option<JsonObject> {
        let mut state = lock(&self.state);
        while state.queue.len() >= QUEUE_MAX {
            state = self.queue_taken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let from = state.members.person(member)?;
        let result = match message {
            ClientMessage::Say(text, to) => {
                state.say(from, to, text, reference.clone()).map(|()| self.start_round(state))
            }
            ClientMessage::Name(name) => self.rename(state, &from, &name, reference.as_deref()),
            ClientMessage::Typing(to) => self.show_typing(state, &from, to.as_ref()),
            ClientMessage::Received(id) => state.set_received(member, id).map(|()| self.start_round(state)),
            ClientMessage::Earlier(before) => {
                let page = state.history.page(0, before, member);
                drop(state);
                let (messages, more) = page.encode(member);
                let earlier = JsonObject::new("earlier").with("messages", messages);
                let earlier = earlier.with("more", more).with("gap", page.gap);
                return Some(earlier.with_ref(reference.as_deref()));
            }
        };
        result.err().map(|problem| error(&problem, reference.as_deref()))
    }

    /// Gives a member another name. The `ack` follows when the name is in the history file.
    fn rename(
        &self, mut state: MutexGuard<State>, from: &Person, name: &str, reference: Option<&str>,
    ) -> Result<(), Problem> {
        let change = state.members.rename(from, name)?;
        drop(state);
        self.write(change.record);
        let mut state = lock(&self.state);
        let ack = |reference| Event::Reply { to: from.id, frame: ack(reference).frame() };
        state.queue.extend(reference.map(ack).into_iter().chain(change.notice));
        self.start_round(state);
        Ok(())
    }

    /// Shows others that a member is typing, at once and without a round. A client that is behind does
    /// not get it.
    fn show_typing(
        &self, mut state: MutexGuard<State>, from: &Person, to: Option<&Recipient>,
    ) -> Result<(), Problem> {
        let to = to.map(|to| state.members.find(to)).transpose()?;
        if state.members.may_show_typing(from.id) {
            let present = Arc::clone(&state.members.presence.present);
            drop(state);
            let typing = JsonObject::new("typing").with_person("from", Some(from));
            let frame = typing.with_person("to", to.as_ref()).frame();
            let is_for = |id| id != from.id && to.as_ref().is_none_or(|to| to.id == id);
            for (_, sender) in present.iter().filter(|(id, _)| is_for(*id)) {
                sender.try_send(&frame);
            }
        }
        Ok(())
    }

    /// For the operator: at most 200 members, whether each is away, and the number of all members.
    pub fn list_members(&self) -> (Vec<(Person, bool)>, usize) {
        let state = lock(&self.state);
        (state.members.list(0), state.members.presence.audience.len())
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

    /// Sends a message to all, as the operator.
    pub fn say_as_operator(&self, text: &str) {
        let from = Person { id: 0, name: names::OPERATOR.into() };
        let mut state = lock(&self.state);
        state.queue.push(Event::Say { from, to: None, text: text.to_string(), reference: None });
        self.start_round(state);
    }
}

impl State {
    /// Queues a message. With a `ref` this is idempotent: a client that has lost the `ack` sends its
    /// message again (at-least-once) and gets the `ack` again, but the room gets the message once.
    fn say(
        &mut self, from: Person, to: Option<Recipient>, text: String, reference: Option<Arc<str>>,
    ) -> Result<(), Problem> {
        if let Some(reference) = &reference {
            if let Some((id, at)) = self.history.find(from.id, reference) {
                let frame = ack(reference).with("id", id).with("at", at).frame();
                self.queue.push(Event::Reply { to: from.id, frame });
                return Ok(());
            }
            if self.pending_refs.contains(&(from.id, Arc::clone(reference))) {
                return Ok(()); // the round sends the ack
            }
        }
        let to = to.map(|to| self.members.find(&to)).transpose()?;
        self.members.stop_typing(from.id);
        self.pending_refs.extend(reference.clone().map(|reference| (from.id, reference)));
        self.queue.push(Event::Say { from, to, text, reference });
        Ok(())
    }
}
