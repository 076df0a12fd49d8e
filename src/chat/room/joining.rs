//! How somebody comes into the room, and goes.

use super::Room;
use crate::chat::names;
use crate::chat::tokens::Token;
use crate::chat::welcome::Welcome;
use crate::http::Request;
use crate::mutex::lock;
use crate::websocket::frames;
use crate::websocket::sender::Sender;

/// What a connection asks for at the door.
#[derive(Debug, Default)]
pub struct JoinRequest {
    /// A name; if it is taken, one like it.
    pub name: Option<String>,
    /// The token of an earlier connection, to be the same member again.
    pub token: Option<String>,
    /// The id of the last message that has arrived there.
    pub since: u64,
    /// What it takes for the passphrase.
    pub passphrase: Option<String>,
}

impl JoinRequest {
    /// What the upgrade request says: the cookie `name`, or `?name=` instead of it, `?token=`, `?since=`
    /// and `?passphrase=`.
    pub fn from_request(request: &Request) -> JoinRequest {
        JoinRequest {
            name: request.parameter("name").or_else(|| request.cookie("name")),
            token: request.parameter("token"),
            since: request.parameter("since").and_then(|id| id.parse().ok()).unwrap_or(0),
            passphrase: request.parameter("passphrase"),
        }
    }
}

/// One member's stay, for the thread that reads its connection. It ends when this is dropped.
pub struct MemberGuard<'a> {
    room: &'a Room,
    /// The member's id.
    pub member: u64,
    client: u64,
    /// Whether the client has said goodbye, and so has left and is not away.
    pub said_goodbye: bool,
}

impl Drop for MemberGuard<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.room.state);
        let notice = state.members.leave(self.member, self.client, self.said_goodbye);
        self.room.announce(state, notice);
    }
}

impl Room {
    /// Lets a client in; what it is to be told first is returned.
    ///
    /// From this moment it is among the members, and what is said waits in its Sender, until its own
    /// thread has encoded and written the welcome. So it neither misses nor doubles a message between the
    /// two, and no socket is written under the lock.
    pub fn join(
        &self,
        client: u64,
        sender: &Sender,
        wish: JoinRequest,
    ) -> (MemberGuard<'_>, Box<Welcome>) {
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
        let greeting = Box::new(Welcome {
            page: state.history.page(since, u64::MAX, you.id),
            members: state.members.list(you.id),
            count: state.members.count(),
            token,
            resumed,
            you,
            text_max: self.text_max,
            started: self.started,
        });
        let stay = MemberGuard { room: self, member: greeting.you.id, client, said_goodbye: false };
        self.announce(state, arrival.notice);
        // Before it learns its token, so that this will be good for coming back whatever happens.
        self.remember(&greeting.you, arrival.to_remember);
        if let Some(other) = arrival.taken_over {
            other.close(&frames::close(4001, "taken over by another connection"));
        }
        (stay, greeting)
    }
}
