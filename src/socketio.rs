//! `/socket.io/`: what the Socket.IO library puts into WebSocket messages, so that its clients can talk here
//! as with the server of its tutorial: every event goes to every client, its sender included (`io.emit`).
//!
//! Two protocols lie on top of WebSocket, each with a digit in front. A packet of **Engine.IO** opens, pings or
//! closes the connection, or carries a message: `0` open, `1` close, `2` ping, `3` pong, `4` message, `5` upgrade,
//! `6` noop. A message is a packet of **Socket.IO**: `0` connect, `1` disconnect, `2` event, `3` acknowledgement,
//! `4` refused, `5` and `6` with binary data. So `42["chat message","hello"]` is a message that is an event; with a
//! number, `427["chat message","hello"]`, it asks for the acknowledgement `437[]`.
//!
//! Left out: other namespaces than `/`, rooms, binary data, and the recovery of what a client has missed. Read
//! `broadcast.rs` first. `socketio/opening.rs` reads a client's query and writes the packet that answers it,
//! `socketio/packet.rs` reads a packet (`json_check.rs` checks its JSON), `socketio/polling.rs` serves the HTTP
//! requests with which most clients begin.

use std::collections::HashMap;
use std::sync::Mutex;

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;

use crate::mutex::lock;
use crate::secret::unguessable_in_url;
use crate::websocket::{Sender, Socket, frames};

mod opening; // what a client asks for, and the packet that opens its connection
pub mod json_check; // whether the payload is JSON
pub mod packet; // a text -> the parts of a Socket.IO packet
mod polling; // over plain HTTP, until a client has its WebSocket

pub use opening::ClientQuery;
use opening::{PAYLOAD_MAX, open_packet};
use packet::Packet;
use polling::Sessions;

/// The longest WebSocket message, in bytes: 1 MiB of values, and 4 KiB for name and digits. A longer one is answered
/// with Close 1009.
pub const MESSAGE_MAX: usize = PAYLOAD_MAX + 4096;
/// The ping of Engine.IO 4, a text `2` as a whole frame. (In Engine.IO 3 the clients send the pings.)
const PING: &[u8] = b"\x81\x012";

/// All clients of this route.
#[derive(Default)]
pub struct SocketIo {
    /// The clients that have connected to the namespace `/`.
    clients: Mutex<HashMap<u64, Sender>>,
    /// The clients that have no WebSocket yet.
    pub sessions: Sessions,
}

/// One client.
struct Client {
    id: u64,
    /// The version of Engine.IO.
    version: u8,
    sender: Sender,
}

impl Client {
    fn send(&self, packet: &str) {
        self.sender.send(&frames::text(packet));
    }
}

/// Why a client's connection has to end: the code of the Close frame, and a sentence of at most 123 bytes.
type Fault = (CloseCode, &'static str);

impl SocketIo {
    /// Lets the client `id` take part until it leaves.
    #[inline(never)] // *Speed*: keeps its variables off the stacks of the other routes.
    pub fn serve(&self, query: &ClientQuery, id: u64, socket: &mut Socket) {
        let _guard = ClientGuard { socket_io: self, id };
        let (client, packets) = match self.open(query, id, socket) {
            Ok(opened) => opened,
            Err((code, why)) => return socket.close(code, why),
        };
        let mut packets = packets.into_iter();
        while let Some(message) = packets.next().map(Message::from).or_else(|| socket.read()) {
            // Pings come after silence. A client that sends all the time gets none, so they come here too.
            if client.version == 4 {
                socket.ping_if_due();
            }
            let result = match &message {
                Message::Text(packet) => self.handle(&client, packet),
                _ => Err(NO_BINARY),
            };
            if let Err((code, why)) = result {
                return socket.close(code, why);
            }
        }
    }

    /// Sends the 101, and to a new client the open packet behind it. If the client began with polling, waits until it
    /// has moved here. Returns the client, and the packets that it sent by polling.
    /// Errors: what the client is told in a Close frame.
    fn open(
        &self, query: &ClientQuery, id: u64, socket: &mut Socket,
    ) -> Result<(Client, Vec<String>), Fault> {
        let version = query.version.filter(|_| query.transport == "websocket");
        let opening = match &query.session {
            None if version.is_some() => frames::text(&open_packet(&unguessable_in_url(), "[]", PAYLOAD_MAX)),
            _ => Vec::new(),
        };
        socket.send_101_and(&opening);
        let version =
            version.ok_or((CloseCode::Policy, "Engine.IO: say EIO=4 (or 3) and transport=websocket"))?;
        let packets = match &query.session {
            None => Vec::new(),
            Some(sid) => self.sessions.upgrade(sid, socket)?,
        };
        let client = Client { id, version, sender: socket.sender().clone() };
        match version {
            4 => socket.ping_with(PING),
            _ => self.connect(&client), // Engine.IO 3 connects its clients unasked
        }
        Ok((client, packets))
    }

    /// Handles one packet of Engine.IO.
    fn handle(&self, client: &Client, packet: &str) -> Result<(), Fault> {
        match packet.as_bytes().first() {
            Some(b'1') => return Err((CloseCode::Normal, "")),
            Some(b'2') => client.send(&format!("3{}", &packet[1..])),
            // The answer to the server's ping has shown that the client is there. The others ask for nothing.
            Some(b'3' | b'5' | b'6') => {}
            Some(b'4') => return self.handle_message(client, &packet[1..]),
            _ => return Err((CloseCode::Protocol, "Engine.IO: a packet begins with a digit from 1 to 6")),
        }
        Ok(())
    }

    /// Handles one packet of Socket.IO, the content of a message.
    fn handle_message(&self, client: &Client, text: &str) -> Result<(), Fault> {
        let packet = Packet::parse(text)?;
        let is_root = packet.namespace == "/";
        match packet.kind {
            b'0' if is_root => self.connect(client),
            b'0' => client.send(&match client.version {
                4 => format!("44{},{{\"message\":\"Invalid namespace\"}}", packet.namespace),
                _ => format!("44{},\"Invalid namespace\"", packet.namespace),
            }),
            b'1' if is_root => {
                lock(&self.clients).remove(&client.id);
            }
            b'2' if is_root => {
                if !self.emit(client.id, &format!("42{}", packet.payload)) {
                    return Err((
                        CloseCode::Protocol,
                        "Socket.IO: an event came before the connect packet, 40",
                    ));
                }
                if let Some(number) = packet.acknowledge {
                    client.send(&format!("43{number}[]"));
                }
            }
            b'3' if is_root => {} // the server asks for no acknowledgement
            b'4' => {
                return Err((
                    CloseCode::Protocol,
                    "Socket.IO: only a server may refuse a connection, with type 4",
                ));
            }
            _ => return Err((CloseCode::Protocol, "Socket.IO: there is no such namespace")),
        }
        Ok(())
    }

    /// Connects a client to the namespace `/`.
    fn connect(&self, client: &Client) {
        let mut clients = lock(&self.clients);
        client.send(&match client.version {
            4 => format!("40{{\"sid\":\"{}\"}}", unguessable_in_url()),
            _ => "40".to_string(),
        });
        clients.insert(client.id, client.sender.clone());
    }

    /// Sends an event of this client to all, itself included. Returns false if it is not connected to `/`.
    fn emit(&self, id: u64, packet: &str) -> bool {
        let frame = frames::text(packet); // encoded once
        let clients = lock(&self.clients);
        let is_connected = clients.contains_key(&id);
        for sender in clients.values().filter(|_| is_connected) {
            sender.send(&frame);
        }
        is_connected
    }
}

/// The answer to all binary data.
const NO_BINARY: Fault =
    (CloseCode::Unsupported, "Socket.IO: binary data is not understood here, only text and JSON");

/// Guard: takes a client out of the map when its thread leaves [`SocketIo::serve`], even by a panic.
struct ClientGuard<'a> {
    socket_io: &'a SocketIo,
    id: u64,
}

impl Drop for ClientGuard<'_> {
    fn drop(&mut self) {
        lock(&self.socket_io.clients).remove(&self.id);
    }
}
