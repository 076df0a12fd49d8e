//! What members, and the operator at the server's terminal, ask of the room. Each of these locks it, changes
//! something, and leaves what is to be told to a round.

use std::sync::{Arc, MutexGuard, PoisonError};

use tungstenite::protocol::frame::coding::CloseCode;

use super::{QUEUE_MAX, Room, State};
use crate::chat::members::Renamed;
use crate::chat::names::{self, Person};
use crate::chat::protocol::{ClientMessage, Problem, Recipient, ack, error};
use crate::chat::round::Event;
use crate::json::JsonObject;
use crate::mutex::lock;
use crate::websocket::frames;

impl Room {
    /// Does what a member asks for. Returned is what was wrong with it, or a page of the history; every
    /// other answer comes in its turn, so that whoever has it has heard all that was said before.
    pub fn ask(
        &self,
        member: u64,
        reference: Option<Arc<str>>,
        ask: ClientMessage,
    ) -> Option<JsonObject> {
        let mut state = lock(&self.state);
        while state.queue.len() >= QUEUE_MAX {
            state = self.queue_taken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let from = state.members.person(member)?;
        let done = match ask {
            ClientMessage::Say(text, to) => self.say(state, from, to, text, reference.clone()),
            ClientMessage::Name(name) => self.rename(state, &from, &name, reference.as_deref()),
            ClientMessage::Typing(to) => self.typing(state, &from, to.as_ref()),
            ClientMessage::Received(id) => self.received(state, member, id),
            ClientMessage::Earlier(before) => {
                let page = state.history.page(0, before, member);
                drop(state);
                let (messages, more) = page.encode(member);
                let earlier =
                    JsonObject::new("earlier").with("messages", messages).with("more", more);
                return Some(earlier.with("gap", page.gap).with_ref(reference.as_deref()));
            }
        };
        done.err().map(|problem| error(&problem, reference.as_deref()))
    }

    fn say(
        &self,
        mut state: MutexGuard<State>,
        from: Person,
        to: Option<Recipient>,
        text: String,
        reference: Option<Arc<str>>,
    ) -> Result<(), Problem> {
        if let Some(reference) = &reference {
            // Said before, and the ack was lost: it gets that again, and the message is said once.
            if let Some(kept) = state.history.find(from.id, reference) {
                let frame = ack(reference, Some(kept)).frame();
                state.queue.push(Event::Reply { to: from.id, frame });
                self.start_round(state);
                return Ok(());
            }
            if state.pending_refs.contains(&(from.id, Arc::clone(reference))) {
                return Ok(()); // its ack will come
            }
        }
        let to = to.map(|to| state.members.find(&to)).transpose()?;
        state.members.has_said(from.id);
        state.pending_refs.extend(reference.clone().map(|reference| (from.id, reference)));
        state.queue.push(Event::Say { from, to, text, reference });
        self.start_round(state);
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
        to: Option<&Recipient>,
    ) -> Result<(), Problem> {
        let to = to.map(|to| state.members.find(to)).transpose()?;
        if state.members.may_show_typing(from.id) {
            let present = state.members.present();
            drop(state);
            let mut typing = JsonObject::new("typing").with_person("from", from);
            if let Some(to) = &to {
                typing = typing.with_person("to", to);
            }
            let frame = typing.frame();
            let is_for = |id| id != from.id && to.as_ref().is_none_or(|to| to.id == id);
            for (_, sender) in present.iter().filter(|(id, _)| is_for(*id)) {
                sender.try_send(&frame);
            }
        }
        Ok(())
    }

    fn received(&self, mut state: MutexGuard<State>, member: u64, id: u64) -> Result<(), Problem> {
        if id > state.last_message {
            return Err(Problem::new("bad-field", "there is no message with this id yet"));
        }
        state.has_received(member, id);
        self.wake_room_thread(&state);
        Ok(())
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
        let Ok(who) = state.members.find(&Recipient::Name(name.to_string())) else { return false };
        let Some(kicked) = state.members.kick(&who) else { return false };
        self.announce(state, kicked.notice);
        if let Some(file) = &self.file {
            lock(file).forget(&kicked.token);
        }
        if let Some(sender) = kicked.sender {
            sender.close(&frames::close(CloseCode::Policy, "thrown out by the operator"));
        }
        true
    }

    /// Says something as the operator of the server, whose id is 0.
    pub fn say_as_operator(&self, text: &str) {
        let from = Person { id: 0, name: names::OPERATOR.into() };
        let mut state = lock(&self.state);
        state.queue.push(Event::Say { from, to: None, text: text.to_string(), reference: None });
        self.start_round(state);
    }
}
