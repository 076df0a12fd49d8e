//! One connection to the chat: what `websocket/` does for a server, as a client does it. First comes the
//! client's half of the handshake, in `handshake/client.rs`.
//!
//! The thread that [`start`] makes reads until the connection ends, and tells the program each [`Event`].
//! Other threads write, through clones of the [`Connection`]. tungstenite reads the frames and answers pings;
//! its frames, too, are written whole and under the lock. (A second `WebSocket` on a clone of the stream would
//! write a pong into the middle of another frame.)

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::{hash::BuildHasher, hash::RandomState, thread, time::Duration};

use serde_json::Value;
use tungstenite::protocol::frame::{FrameHeader, coding::Control, coding::Data, coding::OpCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::Address;
use crate::{handshake::client, mutex::lock, tcp, text::visible};

/// How long the server may take to accept a connection, and then for its first message.
const PATIENCE: Duration = Duration::from_secs(10);
/// The server sends a ping after 20 s of silence; after this long without a byte it has gone.
const GONE_AFTER: Duration = Duration::from_secs(45);

/// What becomes of a connection.
pub enum Event {
    /// It is open, and this is the server's first message.
    Open(Connection, String),
    /// Another message of the server's.
    Message(String),
    /// It has ended, or could not be made: the Close code (0 if there was none), and a sentence for a person.
    Lost(u16, String),
}

/// Starts the thread of one connection, which tells what becomes of it. `target` is a path in the chat's folder,
/// with its query; `headers` are whole lines.
pub fn start(address: Address, target: String, headers: String, tell: impl Fn(Event) + Send + 'static) {
    thread::spawn(move || {
        let (code, why) = read(&address, &target, &headers, &tell).unwrap_or_else(|why| (0, why));
        tell(Event::Lost(code, why));
    });
}

fn read(
    address: &Address, target: &str, headers: &str, tell: &impl Fn(Event),
) -> Result<(u16, String), String> {
    let server = address.server.as_str();
    let cannot = |error: io::Error| format!("{server} cannot be reached: {error}");
    let mut stream = Err(ErrorKind::NotFound.into());
    for ip_and_port in server.to_socket_addrs().map_err(cannot)? {
        stream = stream.or_else(|_: io::Error| TcpStream::connect_timeout(&ip_and_port, PATIENCE));
    }
    let stream = stream.map_err(cannot)?;
    stream.set_nodelay(true).map_err(cannot)?;
    let leftover = client::connect(&stream, server, &format!("{}{target}", address.folder), headers)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(cannot)?;
    let connection = Connection { stream: Arc::new(stream), writing: Arc::default() };
    // Without a write buffer tungstenite writes each frame at once.
    let config = WebSocketConfig::default().write_buffer_size(0).read_buffer_size(16 << 10);
    let mut socket = WebSocket::from_partially_read(connection.clone(), leftover, Role::Client, Some(config));
    let mut end = (0, format!("{server} is no chat: it opens a WebSocket and says nothing"));
    let mut is_first = true;
    loop {
        match socket.read() {
            Ok(Message::Text(text)) if is_first => {
                is_first = false;
                end.1 = "the connection is lost".to_string();
                connection.stream.set_read_timeout(Some(GONE_AFTER)).map_err(cannot)?;
                tell(Event::Open(connection.clone(), text.to_string()));
            }
            Ok(Message::Text(text)) => tell(Event::Message(text.to_string())),
            Ok(Message::Close(Some(close))) => end = (close.code.into(), visible(&close.reason)),
            Ok(_) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::Interrupted => {} // Ctrl-Z and fg
            Err(_) => return Ok(end), // after a Close too, when tungstenite has answered it
        }
    }
}

/// One connection: every thread may write whole frames; its own thread alone reads.
#[derive(Clone)]
pub struct Connection {
    stream: Arc<TcpStream>,
    /// Locked while a frame is written.
    writing: Arc<Mutex<()>>,
}

impl Connection {
    /// Sends a message. If that fails the connection ends, and the thread that reads notices.
    pub fn send(&self, message: &Value) {
        self.mask_and_write(OpCode::Data(Data::Text), message.to_string().as_bytes());
    }

    /// Says goodbye: a Close with the code 1000.
    pub fn close(&self) {
        self.mask_and_write(OpCode::Control(Control::Close), &1000u16.to_be_bytes());
    }

    /// One whole frame, masked, as a client has to do it (RFC 6455, 5.3): the payload is combined by XOR with a
    /// key of four bytes. The key stands in the header, so it hides nothing; but it is new and random for
    /// each frame, so that no script can choose the bytes that a proxy on the way sees (10.3).
    fn mask_and_write(&self, opcode: OpCode, payload: &[u8]) {
        let key = (random() as u32).to_be_bytes();
        let header = FrameHeader { opcode, mask: Some(key), ..FrameHeader::default() };
        let mut frame = Vec::new();
        header.format(payload.len() as u64, &mut frame).expect("writing to a Vec cannot fail");
        frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        self.write_frame(&frame);
    }

    fn write_frame(&self, frame: &[u8]) {
        let _writing = lock(&self.writing);
        if tcp::write_in_pieces(&self.stream, frame, tcp::PIECE_TIMEOUT).is_err() {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }
}

/// A random number. std has no generator, but each of its hash maps begins with random keys.
pub fn random() -> u64 {
    RandomState::new().hash_one(0)
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.stream).read(buffer)
    }
}

/// For tungstenite, whose own frames (pongs, the answer to a Close) come one by one, each whole and masked.
impl Write for Connection {
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        self.write_frame(frame);
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
