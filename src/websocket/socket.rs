//! One WebSocket, for the thread that reads it; other threads write to it through its [`Sender`].
//!
//! After the handshake the bytes are frames, and tungstenite handles them (masks, fragments, UTF-8,
//! pongs). It sits on a [`Stream`]. A route such as `/echo` calls [`Socket::send_101`], then
//! [`Socket::read`] until that returns `None`; then `server.rs` calls [`Socket::end`].

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};
use std::{net::TcpStream, sync::Arc};

use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket, error::ProtocolError};

use super::frames::{self, PING};
use super::stream::{GONE_AFTER, PING_AFTER, Stream};
use super::{Sender, Tap, memory::Budget, rate_limit::RateLimit};

/// A client that exceeds its rate limit is pinged once in this many waits. If it has gone, its kernel
/// answers the ping with a reset, and the Sender is finished.
const PING_EVERY_WAITS: u32 = 20;
/// How long the rest of a flood is still read after its client has gone.
const FLOOD_REST: Duration = Duration::from_secs(10);
/// How much tungstenite reads at once, in bytes. Each connection holds a buffer of this size.
const READ_BUFFER: usize = 1024;

/// The limits of one connection; they depend on its route.
pub struct ConnectionLimits {
    /// The longest message, in bytes; a longer one gets Close 1009.
    pub message_max: usize,
    /// The memory that all clients of the route share.
    pub budget: Arc<Budget>,
    /// How fast the client may send.
    pub rate_limit: RateLimit,
}

/// A WebSocket connection.
pub struct Socket {
    /// *Speed*: in a box, so that no copy of it stays on the client's stack.
    websocket: Box<WebSocket<Stream>>,
    /// The 101, until it is sent.
    response: Vec<u8>,
    /// The code of the client's Close frame (RFC 6455, 7.1.5); 1005 if it had none.
    client_close_code: Option<u16>,
    /// Why the connection ends, for the log; empty if a Close frame of another thread says it.
    why: String,
    /// How often the client has exceeded its rate.
    waits: u32,
    /// Since when a client that exceeds its rate is known to have gone.
    gone_since: Option<Instant>,
}

impl Socket {
    /// Takes over `stream` after the handshake. `response` is the 101, to be sent later. `leftover` are the
    /// bytes that came behind the request's head in the same read: frames of a client that did not wait
    /// for the 101, as RFC 6455, 4.1 asks it to. `tap` sees all bytes, if a wire view may watch.
    /// Errors: those of setting options on the socket: the client has gone already.
    pub fn new(
        stream: TcpStream, response: Vec<u8>, leftover: Vec<u8>, limits: ConnectionLimits,
        tap: Option<Arc<Tap>>,
    ) -> io::Result<Socket> {
        let message_max = limits.message_max;
        stream.set_nodelay(true)?; // Nagle's algorithm would hold back a chat's small frames
        stream.set_read_timeout(Some(PING_AFTER))?;
        let mut stream = Stream::new(Sender::new(stream, Arc::clone(&limits.budget), tap), limits);
        let reserved = stream.reserve(&leftover);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0) // each frame goes to the Sender at once
            .max_message_size(Some(message_max))
            .max_frame_size(Some(message_max));
        let websocket =
            Box::new(WebSocket::from_partially_read(stream, leftover, Role::Server, Some(config)));
        let (client_close_code, why, waits, gone_since) = (None, String::new(), 0, None);
        let mut socket = Socket { websocket, response, client_close_code, why, waits, gone_since };
        if let Err(error) = reserved {
            socket.close_after(&error.into()); // goes out behind the 101
        }
        Ok(socket)
    }

    /// Sends the 101, and the frames that have collected in the Sender behind it.
    pub fn send_101(&mut self) {
        self.send_101_and(&[]);
    }

    /// Sends the 101, then `frames`, then what has collected in the Sender.
    pub fn send_101_and(&mut self, frames: &[u8]) {
        let mut first = std::mem::take(&mut self.response);
        first.extend_from_slice(frames);
        self.sender().start(first);
    }

    /// Replaces the ping that is sent after [`PING_AFTER`] of silence by these whole frames.
    pub fn ping_with(&mut self, frames: &'static [u8]) {
        self.websocket.get_mut().ping_frames = frames;
    }

    /// Sends that ping if none has been sent for [`PING_AFTER`], for a client that is never silent.
    pub fn ping_if_due(&mut self) {
        self.websocket.get_mut().ping_if_due();
    }

    /// Begins or ends to expect a binary message. If no byte of it comes for [`BINARY_TIMEOUT`], the client gets
    /// these frames, and it is not expected any more.
    ///
    /// [`BINARY_TIMEOUT`]: super::stream::BINARY_TIMEOUT
    pub fn expect_binary(&mut self, late: Option<Vec<u8>>) {
        self.websocket.get_mut().expected = late.map(|late| Box::new((Instant::now(), late)));
    }

    /// Whether a binary message is expected.
    pub fn expects_binary(&self) -> bool {
        self.websocket.get_ref().expected.is_some()
    }

    /// The code with which the client has closed the connection, if it has; 1005 if it gave none.
    pub fn client_close_code(&self) -> Option<u16> {
        self.client_close_code
    }

    /// The Sender, to be cloned by every part of the server that sends to this client.
    pub fn sender(&self) -> &Sender {
        &self.websocket.get_ref().sender
    }

    /// Waits for the next text or binary message. `None`: the connection is over.
    pub fn read(&mut self) -> Option<Message> {
        while self.sender().our_close_code().is_none() {
            if self.websocket.get_ref().rate_limit.messages.wait() && self.is_rest_of_a_flood() {
                return None;
            }
            let message = self.websocket.read();
            let stream = self.websocket.get_mut();
            stream.rate_limit.messages.spend(1);
            match message {
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                    stream.inbound.complete(message.len());
                    return Some(message);
                }
                // The loop goes on, because tungstenite answers the Close at the beginning of its next read,
                // through `Stream::write` and `Sender::close`; that read then fails, and the loop ends.
                // Without an answer a browser would report 1006.
                Ok(Message::Close(close)) => {
                    self.client_close_code = Some(close.map_or(1005, |close| close.code.into()));
                }
                Ok(_) => {}
                Err(error) => {
                    self.close_after(&error);
                    return None;
                }
            }
        }
        None
    }

    /// Whether what still arrives is the rest of a flood whose client has gone a while ago. The kernels
    /// hold some MiB, which can take an hour to read at the rate limit.
    fn is_rest_of_a_flood(&mut self) -> bool {
        self.waits += 1;
        if self.waits.is_multiple_of(PING_EVERY_WAITS) {
            self.sender().send(PING); // the client's kernel answers a write with a reset if it has gone
        }
        if self.sender().is_finished() {
            self.gone_since.get_or_insert_with(Instant::now);
        }
        self.gone_since.is_some_and(|since| since.elapsed() > FLOOD_REST)
    }

    /// Sends the Close frame that says what was wrong; tungstenite sends none after an error (RFC 6455,
    /// 7.1.7).
    fn close_after(&mut self, error: &Error) {
        let code = match error {
            _ if self.sender().our_close_code().is_some() => return,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
            Error::Io(error) if error.kind() == ErrorKind::OutOfMemory => CloseCode::Again,
            // No Close can arrive.
            Error::Io(error) if error.kind() == ErrorKind::TimedOut => {
                self.why = format!("silent for {} s", GONE_AFTER.as_secs());
                return;
            }
            Error::Io(error) => {
                self.why = error.to_string();
                return;
            }
            Error::Protocol(_) => CloseCode::Protocol,
            Error::Utf8(_) => CloseCode::Invalid,
            Error::Capacity(_) => CloseCode::Size,
            _ => CloseCode::Error,
        };
        match error {
            Error::Io(error) => self.close(code, &error.to_string()), // without tungstenite's "IO error: "
            error => self.close(code, &error.to_string()),
        }
    }

    /// Closes the connection. `why` has at most 123 bytes; it goes to the client, and into the log.
    pub fn close(&mut self, code: impl Into<CloseCode>, why: &str) {
        self.why = why.to_string();
        self.sender().close(&frames::close(code, why));
    }

    /// Closes the connection so that the last frames arrive. Returns how it ended, for the log.
    pub fn end(self) -> String {
        let Stream { sender, .. } = self.websocket.into_inner();
        sender.finish();
        sender.wait_until_caught_up();
        let is_over = match (self.client_close_code, sender.our_close_code()) {
            (Some(_), _) => sender.is_quiet(), // it sends nothing after its Close (RFC 6455, 5.5.1)
            (None, Some(_)) => false,
            (None, None) => true, // the stream has ended, or nothing can come over it
        };
        if !is_over {
            sender.drain();
        }
        let why = sender.given_up().map_or(self.why, |why| why.to_string());
        let end = match (self.client_close_code, sender.our_close_code()) {
            (Some(code), _) => format!("closed with {code}"),
            (None, Some(code)) => format!("was closed with {code}"),
            (None, None) if why.is_empty() => "gone without a Close".to_string(),
            (None, None) => return why,
        };
        if why.is_empty() { end } else { format!("{end}: {why}") }
    }
}
