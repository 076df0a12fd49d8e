//! Lesson 0: the whole idea in one file. Run `make tiny`, open http://localhost:3000 in two windows, and
//! talk. Then read this file from top to bottom; it takes ten minutes. Reading a request and checking its
//! handshake come from the library (`http/`, `handshake.rs`).
//!
//! 1. `main` accepts connections and starts a thread for each.
//! 2. `serve` reads the request. A plain GET gets a file of `www/`. An upgrade gets the answer
//!    `101 Switching Protocols`, and from then on the connection is a WebSocket.
//! 3. `chat` makes a channel for the client, its inbox, and puts the sending end into a map that all
//!    threads share.
//! 4. `talk` reads messages and sends each one to every inbox in the map.
//!
//! This program works, and it takes every shortcut. Each is confessed where it is taken: a comment with the
//! word SHORTCUT says what goes wrong, and names the file of the real server that does it right.

use std::io::{self, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::{collections::HashMap, path::Path, thread, time::Duration};

use partyline::handshake;
use partyline::http::{self, Request, Response, files::Files};
use partyline::mutex::lock;
use tungstenite::protocol::Role;
use tungstenite::{Error, Message, WebSocket};

/// What all threads share: one lock around a map from each client's id to the sending end of its inbox.
///
/// SHORTCUT: the map is all there is. A name, a history, an acknowledgement that a message is kept, a
/// message that survives a restart: `chat/room.rs` and `chat/history_file.rs`.
type Clients = Mutex<HashMap<u64, mpsc::Sender<Message>>>;

/// How long a client's thread waits in `read` before it looks into its inbox.
const TURN: Duration = Duration::from_millis(50);

fn main() -> io::Result<()> {
    // SHORTCUT: the port is the only setting (`settings.rs`), there is no log (`logging.rs`), and the server
    // listens on IPv4 only (`tcp.rs`).
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    println!("http://localhost:{}", listener.local_addr()?.port());
    let files = Arc::new(Files::new(Path::new("www"))?);
    let clients: Arc<Clients> = Arc::default();
    for (id, stream) in (1..).zip(listener.incoming()) {
        // SHORTCUT: no limit on connections. When a script has used up the descriptors, this loop spins
        // (`server/exhausted.rs`); when it has used up the threads, the process ends
        // (`server/connections.rs`). And each connection costs a new thread (`server/listener.rs`).
        let Ok(stream) = stream else { continue };
        let (files, clients) = (Arc::clone(&files), Arc::clone(&clients));
        thread::spawn(move || serve(id, stream, &files, &clients));
    }
    Ok(()) // SHORTCUT: never reached. Ctrl-C ends it, and no client gets a Close (`server/stop.rs`)
}

/// One connection: reads the request. An upgrade becomes a WebSocket; anything else gets one answer.
fn serve(id: u64, mut stream: TcpStream, files: &Files, clients: &Clients) {
    // Bytes behind the head in the same read belong to the WebSocket: the leftover.
    let Ok((head, leftover)) = http::read_head(&stream, 16 * 1024, Duration::from_secs(10)) else {
        return; // SHORTCUT: a head that cannot be read or is too long gets no answer (`server.rs`)
    };
    // SHORTCUT: Host and Origin are not checked. The page of any site that you visit can read this chat
    // and talk in your name (`http/host.rs`, `handshake/origin.rs`).
    let answer = match http::parse(&head) {
        Err(refusal) => refusal,
        Ok(request) if handshake::wants_websocket(&request) => match upgrade(&request) {
            Err(refusal) => refusal,
            Ok(response) => {
                chat(id, stream, &response.to_bytes(false), leftover, clients);
                return; // the WebSocket has ended, and with it this connection
            }
        },
        Ok(mut request) => {
            if request.path == "/" {
                request.path = "/broadcast.html".to_string();
            }
            files.answer(&request)
        }
    };
    // SHORTCUT: the connection is closed at once. If the client is still sending, the kernel answers with
    // a reset, and the refusal is lost (`tcp.rs`).
    let _ = stream.write_all(&answer.to_bytes(head.starts_with(b"HEAD ")));
}

/// The 101, or a refusal. SHORTCUT: there is one route (`server/route.rs`).
fn upgrade(request: &Request) -> Result<Response, Response> {
    if !["/", "/broadcast"].contains(&request.path.as_str()) {
        return Err(Response::refusal(404, "only /broadcast is spoken here"));
    }
    handshake::upgrade(request)
}

/// One WebSocket: the client is in the map while its thread talks.
fn chat(id: u64, stream: TcpStream, response: &[u8], leftover: Vec<u8>, clients: &Clients) {
    let (sender, inbox) = mpsc::channel();
    // First into the map, then the 101: a client that has the 101 misses no later message.
    lock(clients).insert(id, sender);
    // How it ended does not matter here: closed, vanished, or an error.
    // SHORTCUT: a frame against the protocol gets no Close frame that says why (`websocket/socket.rs`).
    let _ = talk(stream, response, leftover, &inbox, clients);
    // SHORTCUT: after a panic the client would stay in the map for ever. A guard removes it even then
    // (`broadcast.rs`).
    lock(clients).remove(&id);
}

/// Reads a message, then writes what is in the inbox, in turns, until the connection ends.
fn talk(
    mut stream: TcpStream, response: &[u8], leftover: Vec<u8>, inbox: &mpsc::Receiver<Message>,
    clients: &Clients,
) -> Result<(), Error> {
    stream.write_all(response)?;
    stream.set_read_timeout(Some(TURN))?;
    // tungstenite knows frames, masks and pongs. SHORTCUT: a message may take 64 MiB of memory, from each
    // client at the same time (`websocket/memory.rs`).
    let mut socket = WebSocket::from_partially_read(stream, leftover, Role::Server, None);
    loop {
        // SHORTCUT: a client may send as fast as it likes; one that floods keeps all the others busy
        // (`websocket/rate_limit.rs`).
        // SHORTCUT: a laptop that is shut without a goodbye stays in the map. TCP notices only many
        // minutes after a message to it (`websocket/stream.rs` sends pings).
        match socket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                for sender in lock(clients).values() {
                    let _ = sender.send(message.clone()); // fails only if that client's thread has panicked
                }
            }
            Ok(Message::Close(_)) => continue, // tungstenite answers it in the next read
            Ok(_) => {}                        // so it does with a ping
            Err(Error::Io(e)) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        // SHORTCUT: only this thread can write to its client, and it waits in `read` for up to 50 ms first.
        // Measured: a message waits 37 ms (median), at worst 56, since Linux rounds the 50 up; 30 clients
        // that say nothing wake the machine 530 times a second; 100 MB for a client that never reads stay
        // in memory, in its inbox. The real Sender has no inbox: any thread writes, and never waits
        // (`websocket/sender.rs`).
        // SHORTCUT: no write has a deadline. If the client never reads, this thread waits here for ever
        // (`tcp.rs`). And each thread encodes the message again (`broadcast.rs` does it once).
        for message in inbox.try_iter() {
            socket.send(message)?;
        }
    }
}
