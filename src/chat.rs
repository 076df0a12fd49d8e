//! `/chat`: a client's connection on its own thread, from the welcome to its end. Lab step 3.
//!
//! The files of the chat; each uses only those above it. To *read*, begin with `room.rs`.

mod name_key; // the form in which names are compared; names that are reserved
pub mod names; // which names are allowed; a free one, a random one
pub mod protocol; // the JSON that clients and the server send each other, and every check on it
mod passphrase; // whether a client knows the passphrase
pub mod photos; // the photos; what their bytes say about them
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

use std::sync::{Arc, LazyLock};
use std::{thread, time::Duration};

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;

use self::protocol::{Announced, ClientMessage, Problem};
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
            socket.close(CloseCode::Size, "the text is too long");
            break;
        }
        if let Some(answer) = answer(room, guard.member, &mut awaited, message) {
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

/// A photo that was announced and has not come yet: its `ref`, and what was said of it, unless it was refused.
type Awaited = (Option<Arc<str>>, Option<Box<Announced>>);

/// Handles one message. Returns what is to be answered at once, if anything is.
#[inline(never)] // *Speed*: keeps its variables off the stack of `serve`.
fn answer(room: &Room, member: u64, awaited: &mut Option<Awaited>, message: Message) -> Option<JsonObject> {
    let (reference, message) = match message {
        Message::Text(text) => protocol::parse(&text, room.text_max),
        message => {
            let (reference, message) = receive_photo(room, member, awaited.take(), &message.into_data());
            (reference, message.transpose()?)
        }
    };
    let result = match message {
        Ok(ClientMessage::Photo(announced)) => announce(room, awaited, reference.clone(), announced),
        Ok(message) => return room.handle(member, reference, message),
        Err(problem) => Err(problem),
    };
    result.err().map(|problem| protocol::error(&problem, reference.as_deref()))
}

/// Waits for an announced photo from now on, even for one that is refused: a client may send both in one go, and
/// is told once.
fn announce(
    room: &Room, awaited: &mut Option<Awaited>, reference: Option<Arc<str>>,
    announced: Result<Box<Announced>, Problem>,
) -> Result<(), Problem> {
    if let Some((_, Some(_))) = awaited {
        let why = "the photo that was announced before has not come yet";
        return Err(Problem::new("photo-expected", why));
    }
    let max = room.photos.max;
    let announced = announced.and_then(|announced| match announced.size {
        size if size <= max as u64 => Ok(announced),
        _ => Err(Problem::new("photo-too-large", format!("a photo has at most {max} bytes here"))),
    });
    let (announced, result) = match announced {
        Ok(announced) => (Some(announced), Ok(())),
        Err(problem) => (None, Err(problem)),
    };
    *awaited = Some((reference, announced));
    result
}

/// A binary message has come: the photo that was announced, if one was. Returns what its member says with it, if
/// it has not said that before.
fn receive_photo(
    room: &Room, member: u64, awaited: Option<Awaited>, bytes: &[u8],
) -> (Option<Arc<str>>, Result<Option<ClientMessage>, Problem>) {
    let Some((reference, announced)) = awaited else {
        let why = "only photos are binary messages here, and no photo was announced before this one";
        let reference = protocol::find_ref(&String::from_utf8_lossy(bytes));
        return (reference, Err(Problem::new("not-text", why)));
    };
    let Some(announced) = announced else { return (reference, Ok(None)) };
    let Announced { size, caption, to } = *announced;
    if bytes.len() as u64 != size {
        let why = format!("{size} bytes were announced, and {} came", bytes.len());
        return (reference, Err(Problem::new("photo-size", why)));
    }
    let photo = room.is_new(member, reference.as_ref(), to.as_ref()).and_then(|is_new| match is_new {
        true => room.photos.add(bytes).map(Some),
        false => Ok(None),
    });
    let message = photo.map(|photo| photo.map(|photo| ClientMessage::Say(caption, to, Some(photo))));
    (reference, message)
}
