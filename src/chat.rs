//! `/chat`: a client's connection on its own thread, from the welcome to its end. Lab step 3.
//!
//! The files of the chat; each uses only those above it. To *read*, begin with `room.rs`.

mod name_key; // the form in which names are compared; names that are reserved
pub mod names; // which names are allowed; a free one, a random one
pub mod photos; // the photos, and what their bytes say about them; `protocol.rs` beside it
pub mod protocol; // the JSON that clients and the server send each other, and every check on it
mod passphrase; // whether a client knows the passphrase
mod id_ranges; // which message ids a history has
mod history; // the newest messages, in memory
mod history_file; // with --data: every message and member, in a file
mod round; // what one round does: encodes its events once, and puts them together for each member
mod receipts; // how many of its recipients a message has reached
mod tokens; // with its token a client comes back as the same member
mod presence; // the members who are present or away, and the notices about them
mod members; // the members: names, tokens, connections
mod welcome; // the first message to a member
pub mod room; // the room: how a message of one member reaches all the others

use std::{sync::LazyLock, thread, time::Duration};

use tungstenite::{Message, protocol::frame::coding::CloseCode};

use self::photos::{Awaited, announce, receive};
use self::protocol::ClientMessage;
use self::room::{JoinRequest, MemberGuard, Room};
use crate::{json::JsonObject, websocket::frames::PING, websocket::socket::Socket};

/// How long a client waits for the answer to a wrong passphrase. It slows down guessing.
const WRONG_PASSPHRASE_DELAY: Duration = Duration::from_secs(1);

/// A ping and a `beat` (heartbeat). A page cannot see pings, so it watches for the `beat` instead.
static PING_AND_BEAT: LazyLock<Vec<u8>> = LazyLock::new(|| [PING, &JsonObject::new("beat").frame()].concat());

/// The longest WebSocket message, in bytes, where a text may have `text_max` characters; a longer one
/// is answered with Close 1009. A character takes at most 12 bytes in JSON (`\ud83d\ude00` is one), and
/// 16 KiB are for the other fields: 64 KiB for 4,096 characters. 16 MiB if texts have no limit.
pub fn message_max(text_max: usize) -> usize {
    text_max.saturating_mul(12).saturating_add(16 << 10).min(16 << 20)
}

/// Lets a client take part in the chat until it leaves, if it knows the passphrase.
pub fn serve(
    room: &Room, passphrase: Option<&str>, client: u64, socket: &mut Socket, request: Box<JoinRequest>,
) {
    if !passphrase::is_right(passphrase, request.passphrase.as_deref()) {
        return reject(socket, &request);
    }
    socket.ping_with(&PING_AND_BEAT);
    let mut guard = join(room, client, socket, request);
    let mut awaited = None;
    while let Some(message) = socket.read() {
        // Pings come after silence. A client that sends all the time gets none, so its beats come here.
        socket.ping_if_due();
        if message.is_text() && message.len() > message_max(room.text_max) {
            return socket.close(CloseCode::Size, "the text is too long");
        }
        if let Some(answer) = answer(room, guard.member, socket, &mut awaited, message) {
            socket.sender().send(&answer.frame());
            // Answers to a client that asks and does not read would pile up, as in `echo.rs`.
            socket.sender().wait_until_caught_up();
        }
    }
    // 1000, and 1005 for a Close without a code, mean goodbye. A page that is reloaded closes with 1001,
    // and may be back at once.
    guard.said_goodbye = matches!(socket.client_close_code(), Some(1000 | 1005));
}

/// Closes the connection of a client that does not know the passphrase. It is not refused with a 401,
/// because a browser hides from its page why a handshake failed.
fn reject(socket: &mut Socket, request: &JoinRequest) {
    socket.send_101();
    if request.passphrase.is_some() {
        thread::sleep(WRONG_PASSPHRASE_DELAY);
    }
    socket.close(4003, "the passphrase is missing or wrong");
}

/// Sends the 101 and the `welcome`.
#[inline(never)] // *Speed*: keeps its variables off the stack of `serve`.
fn join<'a>(room: &'a Room, client: u64, socket: &mut Socket, request: Box<JoinRequest>) -> MemberGuard<'a> {
    let (guard, welcome) = room.join(client, socket.sender(), request);
    socket.send_101_and(&welcome.encode().frame());
    guard
}

/// Handles one message. Returns what is to be answered at once, if anything is.
#[inline(never)] // *Speed*: keeps its variables off the stack of `serve`.
fn answer(
    room: &Room, member: u64, socket: &mut Socket, awaited: &mut Option<Awaited>, message: Message,
) -> Option<JsonObject> {
    if !socket.expects_binary() {
        *awaited = None; // it is late, and the client has been told
    }
    let (reference, message) = match message {
        Message::Text(text) => protocol::parse(&text, room.text_max),
        message => {
            socket.expect_binary(None);
            receive(awaited.take(), message.into_data())?
        }
    };
    let result = match message {
        Ok(ClientMessage::Photo(photo)) => {
            announce(awaited, socket, reference.clone(), photo, room.photos.max)
        }
        Ok(message) => return room.handle(member, reference, message),
        Err(problem) => Err(problem),
    };
    result.err().map(|problem| protocol::error(&problem, reference.as_deref()))
}
