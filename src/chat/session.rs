//! One member's stay in the chat, from welcome to goodbye, on the thread of the member's connection; or
//! no stay at all, for whoever does not know the passphrase.

use std::thread;
use std::time::{Duration, Instant};

use tungstenite::Message;

use super::protocol::{self, Object, Problem};
use super::room::{Room, Stay, Wish};
use crate::http::Request;
use crate::socket::{Socket, close_frame};
use crate::stream::PING_AFTER;

/// The longest WebSocket message here, in bytes, where a text may have `text_max` characters; a longer
/// one is answered with Close 1009. A character takes at most 12 bytes in JSON (`\ud83d\ude00` is one),
/// and 16 KiB are for the rest: 64 KiB for 4,096 characters. Without a limit for texts there is this one.
pub fn message_max(text_max: usize) -> usize {
    text_max.saturating_mul(12).saturating_add(16 << 10).min(16 << 20)
}

/// A ping, and with it a `beat`, because a page cannot see pings: a watchdog of its own needs
/// something to watch. Both as frames (RFC 6455, 5.2): 0x89 0, and a text of 15 bytes.
const PING_AND_BEAT: &[u8] = b"\x89\x00\x81\x0F{\"type\":\"beat\"}";

/// How long whoever says a wrong passphrase has to wait for the answer.
const WRONG_PASSPHRASE_PAUSE: Duration = Duration::from_secs(1);

/// What the upgrade request says about who comes: the cookie `name`, or `?name=` instead, `?token=`,
/// `?since=` and `?passphrase=`.
pub fn wish(request: &Request) -> Wish {
    Wish {
        name: request.parameter("name").or_else(|| request.cookie("name")),
        token: request.parameter("token"),
        since: request.parameter("since").and_then(|id| id.parse().ok()).unwrap_or(0),
        passphrase: request.parameter("passphrase"),
    }
}

/// Closes the connection of somebody who does not know the passphrase, before it learns or tells
/// anything. Not refused with a 401, because a browser shows its page nothing of an answer that is no
/// 101: it could not tell its person what is missing.
pub fn turn_away(socket: &mut Socket, wish: &Wish) {
    socket.send_101();
    if wish.passphrase.is_some() {
        thread::sleep(WRONG_PASSPHRASE_PAUSE);
    }
    socket.sender().close(&close_frame(4003.into(), "the passphrase is missing or wrong"));
}

/// Lets the client take part until it leaves.
pub fn serve(room: &Room, client: u64, socket: &mut Socket, wish: Wish) {
    socket.ping_with(PING_AND_BEAT);
    let mut stay = come_in(room, client, socket, wish);
    let mut beat_at = Instant::now();
    while let Some(message) = socket.read() {
        // Pings come after silence. Whoever types for minutes while nobody says anything gets none, and
        // would take the connection for dead.
        if beat_at.elapsed() >= PING_AFTER {
            socket.sender().send(PING_AND_BEAT);
            beat_at = Instant::now();
        }
        if let Some(answer) = answer(room, stay.member, message) {
            socket.sender().send(&answer.frame());
            // The answers to somebody who asks and does not read would pile up; see `echo.rs`.
            socket.sender().wait_until_caught_up();
        }
    }
    // 1005 stands for a Close without a code, as from `socket.close()`. A page that is reloaded or
    // left closes with 1001, and may be back at once.
    stay.said_goodbye = matches!(socket.close_code(), Some(1000 | 1005));
}

/// Sends the 101 and the `welcome`. (This and the next are not inlined, and so do not lie on each other
/// on the stack; see `Server::shake_hands`.)
#[inline(never)]
fn come_in<'a>(room: &'a Room, client: u64, socket: &mut Socket, wish: Wish) -> Stay<'a> {
    let (stay, greeting) = room.join(client, socket.sender(), wish);
    let first = [socket.take_101(), greeting.encode().frame()].concat();
    socket.sender().release(first);
    stay
}

/// Does what a message asks for, and says what is to be answered at once, if anything is.
#[inline(never)]
fn answer(room: &Room, member: u64, message: Message) -> Option<Object> {
    let Message::Text(text) = message else {
        let why = "only text messages are understood here";
        return Some(protocol::error(&Problem::new("not-text", why), None));
    };
    let (reference, ask) = protocol::parse(&text, room.text_max);
    match ask {
        Ok(ask) => room.ask(member, reference, ask),
        Err(problem) => Some(protocol::error(&problem, reference.as_deref())),
    }
}
