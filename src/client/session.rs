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

use super::connection::{End, Event, Writer, percent_encode, random};
use crate::json::JsonObject;

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
    /// Open since then: the welcome has come.
    Open(Writer, Instant),
    /// Lost; the next attempt is at this time.
    Waiting(Instant),
}

/// What we want and the server has not acknowledged.
pub struct Unsent {
    reference: String,
    /// What to say, or what to be called.
    pub text: String,
    /// The id and the name of the one member that it is for; `None` for everyone.
    pub to: Option<(u64, String)>,
    /// Whether it asks for a name.
    pub is_name: bool,
}

/// A membership in the chat.
#[derive(Default)]
pub struct Session {
    /// How the connection is.
    pub link: Link,
    /// Writes to the connection whose welcome is still to come.
    writer: Option<Writer>,
    /// Our name; before the first welcome the one that we would like, or `""` for a random one.
    pub name: String,
    /// Our id; 0 before the first welcome.
    pub id: u64,
    /// What is not acknowledged, the oldest first.
    pub unsent: VecDeque<Unsent>,
    /// The names of the members, by their ids; in a big room only of some.
    pub members: BTreeMap<u64, String>,
    /// How many members there were at the welcome.
    pub count: u64,
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
    /// Whether it is time for the next attempt.
    pub fn is_due(&self) -> bool {
        match self.link {
            Link::New => true,
            Link::Waiting(until) => until <= Instant::now(),
            Link::Connecting | Link::Open(..) => false,
        }
    }

    /// The next connection is tried. Returns its path with the query, and a header line with what is secret,
    /// which does not belong into a URL: proxies write URLs into their logs.
    pub fn connecting(&mut self, passphrase: &str) -> (String, String) {
        self.link = Link::Connecting;
        let target = format!("/chat?name={}&since={}", percent_encode(&self.name), self.last);
        let secrets = [("token", self.token.as_str()), ("passphrase", passphrase)];
        let parameter = |(name, secret): (&str, &str)| format!("{name}={}&", percent_encode(secret));
        let secrets = secrets.into_iter().filter(|(_, secret)| !secret.is_empty()).map(parameter);
        let secrets = percent_encode(&secrets.collect::<String>());
        (target, format!("Sec-WebSocket-Protocol: partyline, secret.{secrets}\r\n"))
    }

    /// The connection has ended, or could not be made.
    fn lost(&mut self, end: End) -> Result<(), String> {
        match end.code {
            4001 => return Err("the chat goes on elsewhere, in another terminal or window".to_string()),
            1008 => return Err("the operator has thrown you out".to_string()),
            4003 => return Err(format!("{}; use --passphrase P", end.why)),
            _ if self.id == 0 || self.failures >= self.attempts => return Err(end.why),
            _ => {}
        }
        if matches!(self.link, Link::Open(_, since) if since.elapsed() > GOOD_AFTER) {
            self.failures = 0;
        }
        // As in `backoff.js`: about 1, 2, 4 … 30 s, and partly random, so that not all come back at once.
        let seconds = f64::from(1u32 << self.failures.min(5)).min(30.0);
        let jitter = random() as f64 / u64::MAX as f64 * (seconds / 2.0).max(1.5);
        self.failures += 1;
        self.link = Link::Waiting(Instant::now() + Duration::from_secs_f64(seconds / 2.0 + jitter));
        self.held = None;
        Ok(())
    }

    /// Sends a message if the connection is open.
    pub fn send(&self, message: JsonObject) {
        if let Link::Open(writer, _) = &self.link {
            writer.send(message);
        }
    }

    /// Says `text` to everyone or to one member (id and name), or asks for the name `text`: now, or when the
    /// connection is back.
    pub fn queue(&mut self, text: &str, to: Option<(u64, String)>, is_name: bool) {
        self.refs += 1;
        let unsent = Unsent { reference: self.refs.to_string(), text: text.to_string(), to, is_name };
        self.send(unsent.to_json());
        self.unsent.push_back(unsent);
    }

    /// Asks for the messages between these ids.
    pub fn ask_earlier(&self, before: u64, after: u64, reference: &str) {
        let earlier = JsonObject::new("earlier").with("before", before).with("after", after);
        self.send(earlier.with_ref(Some(reference)));
    }

    /// Takes what the connection tells. Returns the server's messages in order: mostly the one that has come.
    /// Our own come as `said` when they are acknowledged, with `is_new`, a new name as `named`; in an `error`
    /// about them, `text` is what was not sent.
    /// Errors: a sentence that says why there will be no further connection.
    pub fn handle(&mut self, event: Event) -> Result<Vec<Value>, String> {
        let message = match event {
            Event::Open(writer) => {
                self.writer = Some(writer);
                return Ok(Vec::new());
            }
            Event::Lost(end) => return self.lost(end).map(|()| Vec::new()),
            Event::Message(message) => message,
        };
        let mut m: Value = serde_json::from_str(&message).unwrap_or_default();
        let id = m["member"]["id"].as_u64().unwrap_or_default();
        let name = || m["member"]["name"].as_str().unwrap_or_default().to_string();
        match m["type"].as_str() {
            Some("welcome") => return Ok(self.welcome(m)),
            Some("said" | "ack") => {
                if let Some(held) = &mut self.held {
                    held.push(m);
                    return Ok(Vec::new());
                }
                return Ok(self.arrive(m).into_iter().collect());
            }
            Some("earlier" | "error") if m["ref"] == MISSED => return Ok(self.missed(m)),
            Some("error") => {
                m["text"] = self.take(&m["ref"]).map(|unsent| unsent.text.into()).unwrap_or_default();
            }
            Some("joined" | "renamed") => drop(self.members.insert(id, name())),
            Some("left") => drop(self.members.remove(&id)),
            Some("count") => self.is_big = true,
            _ => {}
        }
        Ok(vec![m])
    }

    /// Finds the member at the beginning of "NAME TEXT": its id, its name and the text. A name may have blanks:
    /// it is in quotes, or the longest one that fits.
    pub fn split_name(&self, line: &str) -> Option<((u64, String), String)> {
        let quoted = line.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let fits = |name: &str| {
            let (start, text) = quoted.or_else(|| line.split_at_checked(name.len()))?;
            let ends = quoted.is_some() || text.is_empty() || text.starts_with(char::is_whitespace);
            (ends && start.to_lowercase() == name.to_lowercase()).then_some(text)
        };
        let found = self.members.iter().filter_map(|(id, name)| Some((id, name, fits(name)?)));
        let (id, name, text) = found.max_by_key(|(_, name, _)| name.len())?;
        Some(((*id, name.clone()), text.trim().to_string()))
    }

    fn welcome(&mut self, mut m: Value) -> Vec<Value> {
        let is_first = self.id == 0;
        let Some(writer) = self.writer.take() else { return Vec::new() };
        self.link = Link::Open(writer, Instant::now());
        self.id = m["you"]["id"].as_u64().unwrap_or_default();
        self.name = m["you"]["name"].as_str().unwrap_or_default().to_string();
        self.token = m["token"].as_str().unwrap_or_default().to_string();
        self.count = m["count"].as_u64().unwrap_or_default();
        let members = m["members"].as_array().into_iter().flatten();
        let id_and_name =
            |member: &Value| Some((member["id"].as_u64()?, member["name"].as_str()?.to_string()));
        self.members = members.filter_map(id_and_name).collect();
        self.is_big = self.count > self.members.len() as u64;
        let page = m["messages"].take();
        let mut arrived = Vec::new();
        if !is_first && m["resumed"] == false {
            // Other members may have the old ids now, so no private message goes out by itself.
            let (lost, kept) = std::mem::take(&mut self.unsent).into_iter().partition(|u| u.to.is_some());
            self.unsent = kept;
            let why = "the server has forgotten for whom this was";
            let error = |lost: Unsent| json!({ "type": "error", "message": why, "text": lost.text });
            arrived.extend(VecDeque::<Unsent>::into_iter(lost).map(error));
        }
        if m["reset"] == true {
            (self.last, self.reported) = (0, 0);
        }
        let has_missed = self.last > 0 && m["more"] == true;
        let page = json!({ "messages": page, "more": has_missed, "gap": m["gap"].take() });
        arrived.insert(0, m);
        self.held = Some(Vec::new());
        arrived.extend(self.missed(page));
        self.unsent.iter().for_each(|unsent| self.send(unsent.to_json()));
        arrived
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
            if unsent.is_name {
                self.name = unsent.text;
                self.members.insert(self.id, self.name.clone());
                return Some(json!({ "type": "named", "name": self.name }));
            }
            m["type"] = "said".into();
            m["text"] = unsent.text.into();
            m["from"] = json!({ "id": self.id, "name": self.name });
            m["to"] = unsent.to.map(|(id, name)| json!({ "id": id, "name": name })).unwrap_or_default();
            m["is_new"] = true.into();
        }
        let id = m["id"].as_u64().filter(|id| *id > self.last && m["type"] == "said")?;
        self.last = id;
        Some(m)
    }

    fn take(&mut self, reference: &Value) -> Option<Unsent> {
        let at = self.unsent.iter().position(|unsent| *reference == unsent.reference)?;
        self.unsent.remove(at)
    }

    /// Tells the server what has arrived, if that is due. Returns when it will be.
    pub fn report(&mut self) -> Option<Instant> {
        let Link::Open(..) = self.link else { return None };
        if self.last <= self.reported || self.is_big {
            return None;
        }
        if let Some(due) = self.report_at.filter(|due| *due > Instant::now()) {
            return Some(due);
        }
        self.send(JsonObject::new("received").with("id", self.last));
        self.report_at = Some(Instant::now() + RECEIPT_INTERVAL);
        self.reported = self.last;
        None
    }
}

impl Unsent {
    fn to_json(&self) -> JsonObject {
        let (kind, field) = if self.is_name { ("name", "name") } else { ("say", "text") };
        let message = JsonObject::new(kind).with_text(field, &self.text).with_ref(Some(&self.reference));
        match &self.to {
            Some((id, _)) => message.with("to", id),
            None => message,
        }
    }
}
