//! Long-polling, as far as Socket.IO's clients need it to get a WebSocket. They begin with a GET, which opens a
//! session with a `sid`; the next GET waits for packets of the server's, and packets of the client's come as POST.
//! Meanwhile the client tries a WebSocket with the same `sid` (`2probe`, `3probe`) and moves there (`5`).
//!
//! Shortcut: what a client POSTs waits for its WebSocket, and a GET gets only *noop* or *close*, so a client that
//! gets no WebSocket gets nothing. The library's own server would serve it to the end by polling.

use std::collections::HashMap;
use std::mem::take;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;

use super::Fault;
use super::opening::{ClientQuery, open_packet};
use crate::http::{self, Request, Response};
use crate::mutex::lock;
use crate::secret::unguessable_in_url;
use crate::websocket::{Socket, frames};

/// The most sessions; one more gets 503.
const SESSIONS_MAX: usize = 200;
/// How long a client may take to move to a WebSocket. Then its session ends.
const SESSION_TIME: Duration = Duration::from_secs(20);
/// The longest body of a POST, in bytes; a longer one gets 413.
const BODY_MAX: usize = 64 << 10;
/// How many packets a session keeps. Clients POST one, *connect*, because they keep events until that is answered.
const PACKETS_MAX: usize = 16;

/// The sessions that have no WebSocket yet, by `sid`.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, Arc<Session>>>);

struct Session {
    version: u8,
    begun: Instant,
    /// What the client has sent by POST.
    packets: Mutex<Vec<String>>,
    /// Whether the client tries a WebSocket: then GETs are answered at once, because it waits for their end.
    is_probed: Mutex<bool>,
    probed: Condvar,
}

impl Sessions {
    /// The answer to a request that asks for no WebSocket. `leftover` is the beginning of its body. Refusals are those
    /// of the library's server, 400 with a code, and 408, 411, 413, 503.
    pub fn answer(
        &self, query: &ClientQuery, request: &Request, stream: &TcpStream, leftover: Vec<u8>,
    ) -> Response {
        let answer = self.try_answer(query, request, stream, leftover).unwrap_or_else(|refusal| refusal);
        // A page from elsewhere that `--origin` lets in may read the answer (the Fetch standard, CORS).
        match request.headers("origin").next() {
            Some(origin) => answer
                .with_header("Access-Control-Allow-Origin", origin)
                .with_header("Access-Control-Allow-Credentials", "true"),
            None => answer,
        }
    }

    fn try_answer(
        &self, query: &ClientQuery, request: &Request, stream: &TcpStream, leftover: Vec<u8>,
    ) -> Result<Response, Response> {
        let version = query.version.ok_or_else(|| refusal(5, "Unsupported protocol version"))?;
        if query.transport != "polling" {
            return Err(refusal(0, "Transport unknown"));
        }
        let session =
            query.session.as_ref().map(|sid| self.find(sid).ok_or_else(|| refusal(1, "Session ID unknown")));
        match (session.transpose()?, request.method.as_str()) {
            (None, "GET") => self.begin(version),
            (Some(session), "GET") => Ok(payload(version, session.poll())),
            (Some(session), "POST") => {
                let body = http::read_body(request, stream, leftover, BODY_MAX)?;
                session.keep(&body).map(|()| plain("ok".to_string())).ok_or_else(|| refusal(3, "Bad request"))
            }
            _ => Err(refusal(2, "Bad handshake method")),
        }
    }

    fn begin(&self, version: u8) -> Result<Response, Response> {
        let mut sessions = lock(&self.0);
        sessions.retain(|_, session| session.begun.elapsed() < SESSION_TIME);
        if sessions.len() >= SESSIONS_MAX {
            return Err(Response::refusal(
                503,
                "too many clients wait for a WebSocket; try again in a moment",
            ));
        }
        let sid = unguessable_in_url();
        let session = Session {
            version,
            begun: Instant::now(),
            packets: Mutex::default(),
            is_probed: Mutex::default(),
            probed: Condvar::new(),
        };
        sessions.insert(sid.clone(), Arc::new(session));
        Ok(payload(version, &open_packet(&sid, r#"["websocket"]"#, BODY_MAX)))
    }

    fn find(&self, sid: &str) -> Option<Arc<Session>> {
        lock(&self.0).get(sid).filter(|session| session.begun.elapsed() < SESSION_TIME).cloned()
    }

    /// Waits until the client has moved to this WebSocket. Returns the packets that came before.
    /// Errors: what the client is told in a Close frame.
    pub fn upgrade(&self, sid: &str, socket: &mut Socket) -> Result<Vec<String>, Fault> {
        let session = self.find(sid).ok_or((CloseCode::Policy, "Engine.IO: unknown sid"))?;
        while let Some(Message::Text(packet)) = socket.read() {
            match packet.as_str() {
                "2probe" => {
                    session.set_probed(true);
                    socket.sender().send(&frames::text("3probe"));
                }
                "5" if lock(&self.0).remove(sid).is_some() => return Ok(take(&mut lock(&session.packets))),
                _ => break,
            }
        }
        session.set_probed(false);
        Err((CloseCode::Policy, "Engine.IO: a WebSocket with a sid has to begin with 2probe, then 5"))
    }
}

impl Session {
    fn set_probed(&self, is_probed: bool) {
        *lock(&self.is_probed) = is_probed;
        self.probed.notify_all();
    }

    /// Waits until the client tries its WebSocket. Returns the packet for a GET: *noop*, or *close* after too long.
    fn poll(&self) -> &'static str {
        let left = SESSION_TIME.saturating_sub(self.begun.elapsed());
        let wait = self.probed.wait_timeout_while(lock(&self.is_probed), left, |is_probed| !*is_probed);
        if *wait.unwrap_or_else(PoisonError::into_inner).0 { "6" } else { "1" }
    }

    /// Keeps the packets in the body of a POST for the WebSocket. `None`: too many, or the
    /// body cannot be split into packets.
    fn keep(&self, body: &str) -> Option<()> {
        let mut packets = Vec::new();
        if self.version == 4 {
            packets.extend(body.split('\x1e').take(PACKETS_MAX + 1).map(str::to_string));
        }
        let mut rest = if self.version == 4 { "" } else { body };
        while let Some((length, others)) = rest.split_once(':') {
            // Engine.IO 3 counts characters as JavaScript does, in UTF-16.
            let units: Vec<u16> = others.encode_utf16().take(length.parse().ok()?).collect();
            packets.push(String::from_utf16(&units).ok()?);
            rest = &others[packets.last()?.len()..];
        }
        let mut kept = lock(&self.packets);
        let fits = rest.is_empty() && kept.len() + packets.len() <= PACKETS_MAX;
        fits.then(|| kept.append(&mut packets))
    }
}

/// One packet of the server's as the body of a GET.
fn payload(version: u8, packet: &str) -> Response {
    plain(if version == 4 { packet.to_string() } else { format!("{}:{packet}", packet.len()) })
}

fn plain(body: String) -> Response {
    let response = Response::new(200).with_header("Cache-Control", "no-store");
    response.with_body("text/plain; charset=utf-8", body.into_bytes())
}

/// A refusal as the library's own server words it.
fn refusal(code: u8, message: &str) -> Response {
    let body = format!("{{\"code\":{code},\"message\":\"{message}\"}}");
    Response::new(400).with_body("application/json", body.into_bytes())
}
