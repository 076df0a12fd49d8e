//! An upgraded connection: its own thread reads it, everybody writes to it through its [`Sender`].
//!
//! After the 101 the bytes are frames, and tungstenite takes care of them: masks, fragments, UTF-8,
//! pongs. It sits on a [`Stream`], which sees to all that is due at each read. What is left for a door such
//! as `/echo` is to call [`Socket::send_101`], and then [`Socket::read`] until the client is gone.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket, error::ProtocolError};

use crate::frames::Walker;
use crate::pace::Pace;
use crate::sender::Sender;
use crate::shared::{Budget, Incomplete};
use crate::stream::{PING, PING_AFTER, Stream};
use crate::tap::Tap;
use crate::tcp;

/// A client that is too fast is asked each time after so many messages whether it is still there ...
const ASK_EVERY: u32 = 20;
/// ... and if it is not, this is how long one still listens to what it has left.
const LEFTOVER_TIME: Duration = Duration::from_secs(10);
/// What tungstenite reads at once, in bytes. Each connection holds a buffer of this size.
const READ_BUFFER: usize = 1024;

/// What holds for a connection on one door.
pub struct Terms {
    /// The longest message, in bytes; a longer one gets Close 1009.
    pub message_max: usize,
    /// The memory for messages on their way.
    pub budget: Arc<Budget>,
    /// A client that is faster is read from more slowly.
    pub pace: Pace,
    /// Sees what passes, if anybody may watch.
    pub tap: Option<Arc<Tap>>,
}

/// A WebSocket connection, for the thread that reads it.
pub struct Socket {
    websocket: WebSocket<Stream>,
    /// The 101, until it is sent.
    response: Vec<u8>,
    /// The code of the Close that came from the client (RFC 6455, 7.1.5); 1005 if it had none.
    close_code: Option<u16>,
    /// What the client did wrong, for the log.
    why: String,
    /// How often it has been too fast.
    waits: u32,
    /// Since when a client that is too fast is known to have gone.
    gone_since: Option<Instant>,
}

impl Socket {
    /// Takes over after the handshake. `response` is the 101, see [`Socket::send_101`]; `early` are
    /// the bytes that came with the request: frames of a client in a hurry, who should have waited
    /// for the 101 (RFC 6455, 4.1).
    ///
    /// # Errors
    /// Those of setting options on the socket: it is gone.
    pub fn new(
        stream: TcpStream,
        response: Vec<u8>,
        early: Vec<u8>,
        terms: Terms,
    ) -> io::Result<Box<Socket>> {
        let Terms { message_max, budget, pace, tap } = terms;
        stream.set_nodelay(true)?; // a chat's small frames must not wait to be sent in company
        stream.set_read_timeout(Some(PING_AFTER))?;
        let incomplete = Incomplete::new(&budget);
        let sender = Sender::new(stream, budget, tap);
        let mut stream =
            Stream { sender, ping: PING, pace, walker: Walker::default(), incomplete, message_max };
        stream.make_room(&early)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0) // each frame goes to the Sender at once
            .max_message_size(Some(message_max))
            .max_frame_size(Some(message_max));
        let websocket = WebSocket::from_partially_read(stream, early, Role::Server, Some(config));
        // In a box, because copies of it would fill the stack of every client.
        let why = String::new();
        Ok(Box::new(Socket {
            websocket,
            response,
            close_code: None,
            why,
            waits: 0,
            gone_since: None,
        }))
    }

    /// Sends the 101 and what waits behind it: from now on the client speaks, and is spoken to.
    pub fn send_101(&mut self) {
        let response = self.take_101();
        self.sender().release(response);
    }

    /// The 101, for a door that releases the Sender itself, with its own first words.
    pub fn take_101(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.response)
    }

    /// What is sent after [`PING_AFTER`] of silence, as whole frames: a ping, if nothing else is said.
    pub fn ping_with(&mut self, frames: &'static [u8]) {
        self.websocket.get_mut().ping = frames;
    }

    /// The code with which the client has closed the connection, if it has; 1005 if it gave none.
    pub fn close_code(&self) -> Option<u16> {
        self.close_code
    }

    /// The way out, for everybody who has something to say to this client.
    pub fn sender(&self) -> &Sender {
        &self.websocket.get_ref().sender
    }

    /// Waits for the next text or binary message. `None`: the connection is over, and nothing is
    /// left to do but [`Socket::end`] it.
    pub fn read(&mut self) -> Option<Message> {
        while self.sender().close_code().is_none() {
            if self.websocket.get_ref().pace.messages.wait() && self.is_leftover() {
                return None;
            }
            let message = self.websocket.read();
            let stream = self.websocket.get_mut();
            stream.pace.messages.spend(1);
            match message {
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                    stream.incomplete.take(message.len());
                    return Some(message);
                }
                // tungstenite answers a ping or a Close at the beginning of the next read. A loop that
                // ended here would not answer the Close, and the client would see 1006.
                Ok(Message::Close(close)) => {
                    self.close_code = Some(close.map_or(1005, |close| close.code.into()));
                }
                Ok(_) => {}
                Err(error) => {
                    self.fail(&error);
                    return None;
                }
            }
        }
        None
    }

    /// Whether what still comes is the rest of a flood whose sender has gone a while ago. The kernels hold
    /// some MiB, and at the pace of people that can be an hour. Asked between any two messages of a client
    /// that is too fast.
    fn is_leftover(&mut self) -> bool {
        self.waits += 1;
        if self.waits.is_multiple_of(ASK_EVERY) {
            self.sender().send(PING); // for a kernel to answer that there is nobody any more
        }
        if self.sender().is_finished() {
            self.gone_since.get_or_insert_with(Instant::now);
        }
        self.gone_since.is_some_and(|since| since.elapsed() > LEFTOVER_TIME)
    }

    /// Tells the client what it did wrong; tungstenite sends nothing by itself (RFC 6455, 7.1.7).
    fn fail(&mut self, error: &Error) {
        let code = match error {
            Error::Io(error) if error.kind() == ErrorKind::OutOfMemory => CloseCode::Again,
            // The client closed, or we did, or it vanished: there is nobody to tell.
            Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_) => return,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
            Error::Protocol(_) => CloseCode::Protocol,
            Error::Utf8(_) => CloseCode::Invalid,
            Error::Capacity(_) => CloseCode::Size,
            _ => CloseCode::Error,
        };
        let why = match error {
            Error::Io(error) => error.to_string(), // tungstenite would put "IO error: " before it
            error => error.to_string(),
        };
        self.why = format!(": {why}");
        self.sender().close(&close_frame(code, &why));
    }

    /// Closes the connection so that the client sees why, and says why, for the log.
    pub fn end(self: Box<Self>) -> String {
        let Stream { sender, .. } = self.websocket.into_inner();
        sender.finish();
        sender.wait_until_caught_up();
        // Nobody hears what the client says now, such as its answer to a Close of ours; a view shows it.
        tcp::drain(sender.tcp(), |bytes| {
            if let Some(tap) = sender.tap() {
                tap.from_client(bytes);
            }
        });
        match (self.close_code, sender.close_code()) {
            (Some(code), _) => format!("closed with {code}"),
            (None, Some(code)) => format!("was closed with {code}{}", self.why),
            (None, None) => "vanished".to_string(),
        }
    }
}

/// A text or binary message as one frame.
pub fn encode(message: Message) -> Vec<u8> {
    let kind = if message.is_text() { Data::Text } else { Data::Binary };
    frame(OpCode::Data(kind), &message.into_data())
}

/// A Close frame; `reason` must be at most 123 bytes (RFC 6455, 5.5).
pub fn close_frame(code: CloseCode, reason: &str) -> Vec<u8> {
    let payload = [&u16::from(code).to_be_bytes(), reason.as_bytes()].concat();
    frame(OpCode::Control(Control::Close), &payload)
}

/// One whole frame of a server: without a mask (RFC 6455, 5.1), and so the same bytes for every client it
/// is sent to.
pub fn frame(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let (header, length) = (FrameHeader { opcode, ..FrameHeader::default() }, payload.len() as u64);
    let mut bytes = Vec::with_capacity(header.len(length) + payload.len());
    header.format(length, &mut bytes).expect("writing to a Vec cannot fail");
    bytes.extend_from_slice(payload);
    bytes
}
