//! How a client joins the room as a member, and leaves it.

use std::{sync::Arc, thread};

use super::{Room, State};
use crate::chat::names::{self, Person};
use crate::chat::welcome::{self, Welcome};
use crate::chat::{members::Change, tokens};
use crate::handshake::secret;
use crate::secret::unguessable_in_url;
use crate::{http::Request, mutex::lock, websocket::sender::Sender};

/// What an upgrade request says about the client that wants to join.
#[derive(Debug, Default)]
pub struct JoinRequest {
    /// The name that it would like.
    pub name: Option<String>,
    /// The token of an earlier connection, to be the same member again.
    pub token: Option<String>,
    /// The id of the last message that it has.
    pub since: u64,
    /// The passphrase that it gives.
    pub passphrase: Option<String>,
}

impl JoinRequest {
    /// Reads `?name=` (or else the cookie `name`), `?since=`, and `token` and `passphrase`, which pages
    /// offer as a subprotocol and clients of a few lines write into the URL.
    pub fn from_request(request: &Request) -> Box<JoinRequest> {
        Box::new(JoinRequest {
            name: request.parameter("name").or_else(|| request.cookie("name")),
            token: secret(request, "token").or_else(|| request.parameter("token")),
            since: request.parameter("since").and_then(|id| id.parse().ok()).unwrap_or(0),
            passphrase: secret(request, "passphrase").or_else(|| request.parameter("passphrase")),
        })
    }
}

/// Guard: its client leaves the room when it is dropped.
pub struct MemberGuard<'a> {
    room: &'a Room,
    /// The member's id.
    pub member: u64,
    client: u64,
    /// Whether the client has said goodbye: then its member leaves at once and is not away first.
    pub said_goodbye: bool,
}

impl Drop for MemberGuard<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.room.state);
        let notice = state.members.leave(self.member, self.client, self.said_goodbye);
        state.queue.extend(notice);
        if thread::panicking() {
            self.room.leave_round(state); // a second panic would end the process
        } else {
            self.room.start_round(state);
        }
    }
}

impl Room {
    /// Lets a client join. Returns the `welcome`, which has to be the first message to it.
    ///
    /// The client is in the room from now on. Its Sender is paused until its own thread has encoded
    /// and written the `welcome`; later messages collect there. So the client gets each message
    /// exactly once, and no socket is written under the lock.
    pub fn join(
        &self, client: u64, sender: &Sender, request: Box<JoinRequest>,
    ) -> (MemberGuard<'_>, Box<Welcome>) {
        let JoinRequest { name, token: old_token, since, .. } = *request;
        let name = name.and_then(|name| names::check(&name).ok()).unwrap_or_else(names::random);
        let with_hash = |token: String| (tokens::hash(&token), token);
        let new_token = with_hash(unguessable_in_url());
        let old_token = old_token.map(with_hash);
        let mut state = lock(&self.state);
        let owner = old_token.as_ref().and_then(|(hash, _)| state.members.tokens.owner(hash));
        let resumed = owner.is_some();
        let (hash, token) = old_token.filter(|_| resumed).unwrap_or(new_token);
        let back = owner.as_ref().and_then(|owner| state.members.rejoin(owner, client, sender));
        let change = match back {
            Some(change) => change,
            None => state.add(owner.as_ref(), name, hash, client, sender),
        };
        let you = change.person.clone();
        if resumed {
            let _ = state.set_received(you.id, since); // fails for an id that the history does not know
            state.receipts.repeat_for(you.id);
        }
        let guard = MemberGuard { room: self, member: you.id, client, said_goodbye: false };
        let welcome = self.welcome(&mut state, you, token, resumed, since);
        // The record is written before the client learns its token, so the token survives a crash; not if
        // the disk is full: then the record waits for the next write, and the client comes in all the same.
        self.publish(state, change, 4001, "taken over by another connection");
        (guard, welcome)
    }

    #[inline(never)] // *Speed*: keeps its variables off the stack of `join`, which runs a round.
    fn welcome(
        &self, state: &mut State, you: Person, token: String, resumed: bool, since: u64,
    ) -> Box<Welcome> {
        let reset = since > 0 && !state.history.ids.contains(since);
        let after = if reset { 0 } else { since };
        let page = match resumed {
            true => Arc::new(state.history.page(after, u64::MAX, you.id)),
            false => state.history.newest_page(you.id),
        };
        Box::new(Welcome {
            page,
            reset,
            members: welcome::encode_members(state.members.list(you.id)),
            count: state.members.presence.audience.len(),
            token,
            resumed,
            text_max: self.text_max,
            photo_max: self.photos.max,
            started: self.started,
            is_muted: state.mutes.is_muted(you.id),
            pinned: Arc::clone(&state.pinned),
            you,
        })
    }
}

impl State {
    /// Adds a member that is new, or that had left: then `name` counts only if its old one does not.
    #[inline(never)] // *Speed*: below `Members::add`, choosing the name would take a third page of the stack.
    fn add(
        &mut self, owner: Option<&Person>, name: String, hash: Arc<str>, client: u64, sender: &Sender,
    ) -> Box<Change> {
        // An older version may have let in a name that is not allowed any more.
        let old_name = owner.and_then(|owner| names::check(&owner.name).ok());
        let name = self.members.first_free(&old_name.unwrap_or(name));
        self.members.add(owner.map(|owner| owner.id), name, hash, client, sender)
    }
}
