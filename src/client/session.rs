//! What a client keeps from one connection to the next, so that nothing is lost and nothing comes twice.
//! The rules are those of `src/chat/PROTOCOL.md`.
//!
//! What we say is sent on each connection until the server acknowledges it; the server knows it by its
//! `ref` (*at least once*, and an *idempotent* server, make *exactly once*). With its token the next
//! connection is the same member, and what was missed is asked for, page by page, before anything newer
//! is handed on. So [`Session::handle`] returns all messages in the one order that every member sees.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::address::{Address, percent_encode};
use super::connection::{self, Connection, Event, random};

/// The shortest time between two `received`.
const RECEIPT_INTERVAL: Duration = Duration::from_millis(500);
/// A connection that lasted this long was a good one: after it, the backoff begins anew.
const GOOD_AFTER: Duration = Duration::from_secs(10);
/// The `ref` with which missed messages are asked for.
const MISSED: &str = "missed";

/// How the connection is.
#[derive(Default)]
pub enum Link {
    /// No attempt was made.
    #[default]
    New,
    /// An attempt is under way.
    Connecting,
    /// Open since then.
    Open(Connection, Instant),
    /// Lost; the next attempt is at this time.
    Waiting(Instant),
}

/// A membership in the chat.
#[derive(Default)]
pub struct Session {
    /// Where the chat is.
    pub address: Address,
    /// How the connection is.
    pub link: Link,
    /// Our name; before the first welcome the one that we would like, or `""` for a random one.
    pub name: String,
    /// The server's passphrase; `""` if it has none.
    pub passphrase: String,
    /// Our id; 0 before the first welcome.
    pub id: u64,
    /// What is not acknowledged, the oldest first: `say` and `name`. In a private one `to` is an id and a name.
    pub unsent: VecDeque<Value>,
    /// The names of the members, by their ids; in a big room only of some.
    pub members: BTreeMap<u64, String>,
    /// Whether the room is big, so that only some of them are known; then no receipts are counted.
    pub is_big: bool,
    /// After this many failed attempts to connect it gives up.
    pub attempts: u32,
    failures: u32,
    token: String,
    /// The highest id of a message that was handed on; the highest one that the server knows of.
    last: u64,
    reported: u64,
    report_at: Option<Instant>,
    /// What has arrived while older missed messages are asked for.
    held: Option<Vec<Value>>,
    /// How many `ref`s there were: they are numbers.
    refs: u64,
}

impl Session {
    /// Tries the next connection, if it is time for that. Its thread tells what [`Session::handle`] takes.
    pub fn connect_if_due(&mut self, tell: impl Fn(Event) + Send + 'static) {
        match self.link {
            Link::New => {}
            Link::Waiting(until) if until <= Instant::now() => {}
            _ => return,
        }
        self.link = Link::Connecting;
        let target = format!("chat?name={}&since={}", percent_encode(&self.name), self.last);
        let secrets = [("token", self.token.as_str()), ("passphrase", self.passphrase.as_str())];
        let parameter = |(name, secret): (&str, &str)| format!("{name}={}&", percent_encode(secret));
        let secrets = secrets.into_iter().filter(|(_, secret)| !secret.is_empty()).map(parameter);
        // Secrets do not belong into a URL: proxies write URLs into their logs.
        let secrets = percent_encode(&secrets.collect::<String>());
        let header = format!("Sec-WebSocket-Protocol: partyline, secret.{secrets}\r\n");
        connection::start(self.address.clone(), target, header, tell);
    }

    /// The connection has ended, or could not be made.
    fn lost(&mut self, code: u16, why: String) -> Result<(), String> {
        match code {
            4001 => return Err("the chat goes on elsewhere, in another terminal or window".to_string()),
            1008 => return Err("the operator has thrown you out".to_string()),
            4003 => return Err(format!("{why}; set PARTYLINE_PASSPHRASE, or use --passphrase P")),
            _ if self.id == 0 || self.failures >= self.attempts => return Err(why),
            _ => {}
        }
        if matches!(self.link, Link::Open(_, since) if since.elapsed() > GOOD_AFTER) {
            self.failures = 0;
        }
        // Up to 1, 2, 4 … 32 s more, at random (*full jitter*), so that not all clients come back at once.
        let wait = 500 + random() % (1000 << self.failures.min(5));
        self.failures += 1;
        self.link = Link::Waiting(Instant::now() + Duration::from_millis(wait));
        self.held = None;
        Ok(())
    }

    /// Sends a message if the connection is open. Returns whether it is.
    pub fn send(&self, message: &Value) -> bool {
        let Link::Open(connection, _) = &self.link else { return false };
        connection.send(message);
        true
    }

    /// Sends a `say` or a `name`, now or when the connection is back, until it is acknowledged.
    pub fn queue(&mut self, mut message: Value) {
        self.refs += 1;
        message["ref"] = self.refs.to_string().into();
        self.send_again(&message);
        self.unsent.push_back(message);
    }

    fn send_again(&self, unsent: &Value) {
        let mut message = unsent.clone();
        if let Some(to) = message.get_mut("to") {
            *to = to["id"].take();
        }
        self.send(&message);
    }

    /// Asks for the messages between these ids. Returns whether the connection is open.
    pub fn ask_earlier(&self, before: u64, after: u64, reference: &str) -> bool {
        self.send(&json!({ "type": "earlier", "before": before, "after": after, "ref": reference }))
    }

    /// Takes what the connection tells. Returns the server's messages in order: mostly the one that has come.
    /// Our own come as `said` when they are acknowledged, with `is_new`, a new name as `named`; an `error`
    /// about one of them has it as `unsent`.
    /// Errors: a sentence that says why there will be no further connection.
    pub fn handle(&mut self, event: Event) -> Result<Vec<Value>, String> {
        let parse = |message: String| serde_json::from_str::<Value>(&message).unwrap_or_default();
        let mut m = match event {
            Event::Lost(code, why) => return self.lost(code, why).map(|()| Vec::new()),
            Event::Open(connection, welcome) => return self.welcome(connection, parse(welcome)),
            Event::Message(message) => parse(message),
        };
        let id = m["member"]["id"].as_u64().unwrap_or_default();
        match m["type"].as_str() {
            Some("said" | "ack") => {
                if let Some(held) = &mut self.held {
                    held.push(m);
                    return Ok(Vec::new());
                }
                return Ok(self.arrive(m).into_iter().collect());
            }
            Some("earlier" | "error") if m["ref"] == MISSED => return Ok(self.missed(m)),
            Some("error") => m["unsent"] = self.take(&m["ref"]).unwrap_or_default(),
            Some("joined" | "renamed") => drop(self.members.insert(id, text(&m["member"]["name"]))),
            Some("left") => drop(self.members.remove(&id)),
            Some("count") => self.is_big = true,
            _ => {}
        }
        Ok(vec![m])
    }

    fn welcome(&mut self, connection: Connection, mut m: Value) -> Result<Vec<Value>, String> {
        if m["type"] != "welcome" {
            return Err("this WebSocket server is no chat of Partyline".to_string());
        }
        self.link = Link::Open(connection, Instant::now());
        self.id = m["you"]["id"].as_u64().unwrap_or_default();
        self.name = text(&m["you"]["name"]);
        self.token = text(&m["token"]);
        let members = m["members"].as_array().into_iter().flatten();
        self.members = members.filter_map(|m| Some((m["id"].as_u64()?, text(&m["name"])))).collect();
        self.is_big = m["count"].as_u64() > Some(self.members.len() as u64);
        if m["reset"] == true {
            (self.last, self.reported) = (0, 0);
        }
        let has_missed = self.last > 0 && m["more"] == true;
        let page = json!({ "messages": m["messages"].take(), "more": has_missed, "gap": m["gap"].take() });
        let mut arrived = vec![m];
        if arrived[0]["resumed"] == false {
            // Other members may have the old ids now, so no private message goes out by itself.
            let why = "the server has forgotten for whom this was";
            let (lost, kept): (Vec<Value>, _) = self.unsent.drain(..).partition(|m| !m["to"].is_null());
            self.unsent = kept.into();
            arrived.extend(lost.iter().map(|m| json!({ "type": "error", "message": why, "unsent": m })));
        }
        self.held = Some(Vec::new());
        arrived.extend(self.missed(page));
        self.unsent.iter().for_each(|unsent| self.send_again(unsent));
        Ok(arrived)
    }

    /// The newest of the missed messages that have not come yet. Asks for older ones, or hands on all.
    fn missed(&mut self, m: Value) -> Vec<Value> {
        let mut page = m["messages"].as_array().cloned().unwrap_or_default();
        page.retain(|said| said["id"].as_u64() > Some(self.last));
        let oldest = page.first().and_then(|said| said["id"].as_u64());
        page.extend(self.held.take().unwrap_or_default());
        if let Some(oldest) = oldest.filter(|_| m["more"] == true) {
            self.ask_earlier(oldest, self.last, MISSED);
            self.held = Some(page);
            return Vec::new();
        }
        let gap = Some(json!({ "type": "gap" })).filter(|_| m["gap"] == true);
        gap.into_iter().chain(page.into_iter().filter_map(|m| self.arrive(m))).collect()
    }

    /// A `said`, or the `ack` that stands in the place of our own. `None` for one that came before.
    fn arrive(&mut self, mut m: Value) -> Option<Value> {
        if let Some(unsent) = self.take(&m["ref"]) {
            if unsent["type"] == "name" {
                self.name = text(&unsent["name"]);
                self.members.insert(self.id, self.name.clone());
                return Some(json!({ "type": "named", "name": self.name }));
            }
            let from = json!({ "id": self.id, "name": self.name });
            m = json!({ "type": "said", "id": m["id"], "at": m["at"], "from": from, "to": unsent["to"],
                "text": unsent["text"], "is_new": true });
        }
        self.last = m["id"].as_u64().filter(|id| *id > self.last && m["type"] == "said")?;
        Some(m)
    }

    fn take(&mut self, reference: &Value) -> Option<Value> {
        let at = self.unsent.iter().position(|unsent| unsent["ref"] == *reference)?;
        self.unsent.remove(at)
    }

    /// Tells the server what has arrived, if that is due; to be called now and then.
    pub fn report(&mut self) {
        let is_due = self.report_at.is_none_or(|due| due <= Instant::now());
        if self.last > self.reported
            && !self.is_big
            && is_due
            && self.send(&json!({ "type": "received", "id": self.last }))
        {
            self.report_at = Some(Instant::now() + RECEIPT_INTERVAL);
            self.reported = self.last;
        }
    }
}

/// The text in a value; `""` if there is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}
