//! A view of the wire: a client of `/wire`, which is shown every frame of another connection.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::PATIENCE;
use super::http::{ACCEPT, upgrade_request};
use super::peer::{Peer, client_frame, server_frame};
use super::server::Server;

/// The id of the connection that is watched.
pub const WIRE_ID: &str = "Wire-id_of-16chr";

/// A view. Each test says exactly which message has to be the next one, and so that there is no other.
pub struct View {
    pub peer: Peer,
}

impl View {
    pub fn open(server: &Server, id: &str) -> View {
        View { peer: server.open(&format!("/wire?id={id}")) }
    }

    /// The next message as it came, without its time, which has to be now and to have three decimals.
    /// Pings, which come after 20 s on a slow machine, are no messages.
    #[track_caller]
    pub fn read_text(&mut self) -> String {
        let frame = loop {
            let frame = self.peer.read();
            if frame.first != 0x89 {
                break frame;
            }
        };
        assert_eq!(frame.first, 0x81, "a text: {frame:?}");
        let text = String::from_utf8(frame.payload).unwrap();
        let Some((before, after)) = text.split_once("\"at\":") else { return text };
        let (at, after) = after.split_once(',').unwrap();
        let (seconds, micros) = at.split_at(at.len() - 7);
        let seconds: u64 = seconds.parse().unwrap_or_else(|_| panic!("{text}"));
        let age = UNIX_EPOCH.elapsed().unwrap().abs_diff(Duration::from_secs(seconds));
        assert!(age < PATIENCE && micros.as_bytes()[3] == b'.', "{text}");
        format!("{before}{after}")
    }

    /// The next message, without its time.
    #[track_caller]
    pub fn read(&mut self) -> Value {
        serde_json::from_str(&self.read_text()).expect("JSON")
    }

    /// Reads the next message, which has to be this one.
    #[track_caller]
    pub fn expect(&mut self, expected: &Value) {
        let received = self.read();
        assert!(received == *expected, "\nexpected: {expected}\nreceived: {received}");
    }

    /// Reads the next message, which has to be the handshake of a client on this path; returns the
    /// client's number.
    #[track_caller]
    pub fn expect_handshake(&mut self, path: &str) -> u64 {
        let handshake = self.read();
        let client = handshake["client"].as_u64().expect("a number");
        let request = upgrade_request(path, "");
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
        );
        let expected = json!({
            "type": "handshake", "client": client,
            "request": request, "response": response, "accept": ACCEPT,
        });
        assert_eq!(handshake, expected);
        client
    }

    /// Reads the next message, which has to show this frame; `from` is `client` or `server`.
    #[track_caller]
    pub fn expect_frame(&mut self, client: u64, from: &str, frame: &[u8]) {
        self.expect(&message_about(client, from, frame));
    }

    /// Reads the next message, which has to say that this client's connection has ended.
    #[track_caller]
    pub fn expect_gone(&mut self, client: u64) {
        self.expect(&json!({ "type": "gone", "client": client }));
    }
}

/// The message that shows a frame: its header, and at most 256 bytes of its payload.
pub fn message_about(client: u64, from: &str, frame: &[u8]) -> Value {
    let mask = if from == "client" { 4 } else { 0 };
    let (header, payload) = match frame[1] & 0x7F {
        126 => frame.split_at(4 + mask),
        127 => frame.split_at(10 + mask),
        _ => frame.split_at(2 + mask),
    };
    json!({
        "type": "frame", "client": client, "from": from,
        "header": hex(header), "length": payload.len(),
        "payload": hex(&payload[..payload.len().min(256)]),
    })
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path of a connection that can be watched.
pub fn watched_path(path: &str) -> String {
    format!("{path}?wire={WIRE_ID}")
}

/// Opens a connection to `/echo` and a view of it, which has seen the handshake.
pub fn watched_echo(server: &Server) -> (Peer, View, u64) {
    let mut view = View::open(server, WIRE_ID);
    let path = watched_path("/echo");
    let echo = server.open(&path);
    let client = view.expect_handshake(&path);
    (echo, view, client)
}

/// Sends a text to `/echo` and waits until it is back, so that the server has read all that came before;
/// the view has to show both frames, and nothing before them.
#[track_caller]
pub fn round_trip(echo: &mut Peer, view: &mut View, client: u64) {
    echo.send_text("next");
    echo.expect_text("next");
    view.expect_frame(client, "client", &client_frame(0x81, b"next"));
    view.expect_frame(client, "server", &server_frame(0x81, b"next"));
}
