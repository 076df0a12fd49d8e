//! One connection to the chat: what `websocket/` does for a server, as a client does it. First comes the
//! client's half of the handshake, in `handshake/client.rs`.
//!
//! The thread that [`start`] makes reads until the connection ends, and tells the program each [`Event`];
//! other threads write through the [`Writer`]. tungstenite reads the frames, and answers pings: its frames,
//! too, go through the Writer, whole and under its lock. (A second `WebSocket` on a clone of the stream
//! would write a pong into the middle of another frame.)

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::{hash::BuildHasher, hash::RandomState, thread, time::Duration};

use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use crate::websocket::frames;
use crate::{handshake::client, http::Authority, json::JsonObject, mutex::lock, tcp, text::visible};

/// How long the server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The server sends a ping after 20 s of silence; after this long without a byte it has gone.
const GONE_AFTER: Duration = Duration::from_secs(45);

/// What becomes of a connection.
pub enum Event {
    /// It is open, and this writes to it.
    Open(Writer),
    /// A message of the server's.
    Message(String),
    /// It has ended, or could not be made.
    Lost(End),
}

/// How a connection ended: the Close code (0 if there was none), and a sentence for a person.
pub struct End {
    /// The Close code.
    pub code: u16,
    /// The sentence.
    pub why: String,
}

/// Understands `ws://host:port`, `http://host:port/…`, `host:port`, and a `host` alone: then the port is 3000.
/// Errors: a sentence.
pub fn parse_url(url: &str) -> Result<Authority, String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let port = match scheme.to_ascii_lowercase().as_str() {
        "" => 3000,
        "ws" | "http" => 80,
        "wss" | "https" => return Err("there is no TLS here: use ws://HOST:PORT".to_string()),
        _ => return Err(format!("{} is no address of a chat: use ws://HOST:PORT", visible(url))),
    };
    let server = Authority::parse(rest.split(['/', '?', '#']).next().unwrap_or_default());
    let mut server = server.ok_or_else(|| format!("{} is no host and port", visible(url)))?;
    server.port.get_or_insert(port);
    Ok(server)
}

/// A text as it stands in a URL (RFC 3986, 2.1).
pub fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Starts the thread of one connection to `target`, a path with its query; `headers` are whole lines. It
/// tells what becomes of the connection.
pub fn start(server: Authority, target: String, headers: String, tell: impl Fn(Event) + Send + 'static) {
    thread::spawn(move || {
        let end = read(&server, &target, &headers, &tell).unwrap_or_else(|why| End { code: 0, why });
        tell(Event::Lost(end));
    });
}

fn read(server: &Authority, target: &str, headers: &str, tell: &impl Fn(Event)) -> Result<End, String> {
    let cannot = |error: io::Error| format!("{server} cannot be reached: {error}");
    let mut stream = Err(ErrorKind::NotFound.into());
    for address in server.to_string().to_socket_addrs().map_err(cannot)? {
        stream = stream.or_else(|_: io::Error| TcpStream::connect_timeout(&address, CONNECT_TIMEOUT));
    }
    let stream = stream.map_err(cannot)?;
    stream.set_nodelay(true).map_err(cannot)?;
    let leftover = client::connect(&stream, server, target, headers)?;
    stream.set_read_timeout(Some(GONE_AFTER)).map_err(cannot)?;
    let writer = Writer(Arc::new(Mutex::new(stream.try_clone().map_err(cannot)?)));
    tell(Event::Open(writer.clone()));
    // Without a write buffer tungstenite writes each frame at once.
    let config = WebSocketConfig::default().write_buffer_size(0).read_buffer_size(16 << 10);
    let stream = Stream(stream, writer);
    let mut socket = WebSocket::from_partially_read(stream, leftover, Role::Client, Some(config));
    let mut end = End { code: 0, why: "the connection is lost".to_string() };
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => tell(Event::Message(text.to_string())),
            Ok(Message::Close(Some(close))) => {
                end = End { code: close.code.into(), why: visible(&close.reason) };
            }
            Ok(_) => {}
            Err(_) => return Ok(end), // after a Close too, when tungstenite has answered it
        }
    }
}

/// Writes whole frames, for every thread.
#[derive(Clone)]
pub struct Writer(Arc<Mutex<TcpStream>>);

impl Writer {
    /// Sends a message. If that fails the connection ends, and the thread that reads notices.
    pub fn send(&self, message: JsonObject) {
        self.mask_and_write(OpCode::Data(Data::Text), message.end().as_bytes());
    }

    /// Says goodbye: a Close with the code 1000.
    pub fn close(&self) {
        self.mask_and_write(OpCode::Control(Control::Close), &1000u16.to_be_bytes());
    }

    fn mask_and_write(&self, opcode: OpCode, payload: &[u8]) {
        self.write(&frames::masked(opcode, payload, (random() as u32).to_be_bytes()));
    }

    fn write(&self, frame: &[u8]) {
        let stream = lock(&self.0);
        if tcp::write_in_pieces(&stream, frame).is_err() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A random number. std has no generator, but each of its hash maps begins with random keys.
pub fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// The connection as tungstenite sees it.
struct Stream(TcpStream, Writer);

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {} // Ctrl-Z and fg
                result => return result,
            }
        }
    }
}

impl Write for Stream {
    /// tungstenite's own frames (pongs, the answer to a Close) come one by one, each whole.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        self.1.write(frame);
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
