//! What is said on `/chat`, as JSON, and every check on it.
//!
//! Each text message is an object with a `type`. What comes from a client becomes an [`Ask`], or a
//! [`Problem`] to tell it about; nothing that arrives can do more than that. The functions at the
//! end make what goes to clients.
//!
//! Fields that nobody asked for are ignored, so that clients and servers of different age understand
//! each other.

use serde_json::{Map, Value};
use tungstenite::Message;

use super::names;
use crate::socket::encode;

/// How many bytes a `ref` may have: clients choose it, the server keeps it with the message.
pub const REF_MAX: usize = 64;

/// What a client asks for.
#[derive(Debug, PartialEq)]
pub enum Ask {
    /// To say a text, to the room or to one member.
    Say(String, Option<To>),
    /// To be called something else. The name has been checked.
    Name(String),
    /// To be shown as typing, to the room or to one member.
    Typing(Option<To>),
    /// To have it known that everything up to this id has arrived.
    Received(u64),
    /// To get the messages before this id.
    Earlier(u64),
}

/// Whom something is for: pages say the id, people who type say the name.
#[derive(Debug, PartialEq)]
pub enum To {
    /// A member's id.
    Id(u64),
    /// A member's name, in any case.
    Name(String),
}

/// What was wrong with a message; it goes back as `error`, and the connection stays.
#[derive(Debug, PartialEq)]
pub struct Problem {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl Problem {
    /// A code for programs and a sentence for people.
    pub fn new(code: &'static str, message: impl Into<String>) -> Problem {
        Problem { code, message: message.into() }
    }
}

/// Understands one text message; `text_max` is in characters. Also returns its `ref`, if it has one
/// that can be used, so that even a refusal can be told apart from others.
pub fn parse(message: &str, text_max: usize) -> (Option<String>, Result<Ask, Problem>) {
    // So that the few-line clients of tutorials can chat, and people with wscat.
    if !message.starts_with('{') {
        let ask = check_text(message, text_max).map(|text| Ask::Say(text, None));
        return (None, ask);
    }
    let fields: Map<String, Value> = match serde_json::from_str(message) {
        Ok(fields) => fields,
        Err(error) => {
            let why = format!("a message that begins with {{ has to be JSON: {error}");
            return (None, Err(Problem::new("not-json", why)));
        }
    };
    match parse_ref(&fields) {
        Ok(reference) => (reference, parse_ask(&fields, text_max)),
        Err(problem) => (None, Err(problem)),
    }
}

fn parse_ref(fields: &Map<String, Value>) -> Result<Option<String>, Problem> {
    match fields.get("ref") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=REF_MAX).contains(&text.len()) => Ok(Some(text.clone())),
        Some(_) => {
            Err(Problem::new("bad-ref", format!("ref has to be 1 to {REF_MAX} bytes of text")))
        }
    }
}

fn parse_ask(fields: &Map<String, Value>, text_max: usize) -> Result<Ask, Problem> {
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => Ok(text.as_str()),
        _ => Err(Problem::new("bad-field", format!("{name} has to be a text"))),
    };
    let id = |name: &str| match fields.get(name).and_then(Value::as_u64) {
        Some(id) => Ok(id),
        None => Err(Problem::new("bad-field", format!("{name} has to be the id of a message"))),
    };
    match text("type")? {
        "say" => Ok(Ask::Say(check_text(text("text")?, text_max)?, parse_to(fields)?)),
        "name" => match names::check(text("name")?) {
            Ok(name) => Ok(Ask::Name(name)),
            Err(why) => Err(Problem::new("bad-name", why)),
        },
        "typing" => Ok(Ask::Typing(parse_to(fields)?)),
        "received" => Ok(Ask::Received(id("id")?)),
        "earlier" => Ok(Ask::Earlier(id("before")?)),
        _ => {
            let why = "type has to be say, name, typing, received or earlier";
            Err(Problem::new("unknown-type", why))
        }
    }
}

fn parse_to(fields: &Map<String, Value>) -> Result<Option<To>, Problem> {
    match fields.get("to") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(To::Name(name.clone()))),
        Some(value) => match value.as_u64() {
            Some(id) => Ok(Some(To::Id(id))),
            None => Err(Problem::new("bad-field", "to has to be the id or the name of a member")),
        },
    }
}

fn check_text(text: &str, max: usize) -> Result<String, Problem> {
    let count = text.chars().count();
    if text.trim().is_empty() {
        Err(Problem::new("empty", "there is nothing in this message"))
    } else if count > max {
        let why = format!("a message has at most {max} characters; this one has {count}");
        Err(Problem::new("text-too-long", why))
    } else {
        Ok(text.to_string())
    }
}

/// A text as the frame that carries it.
pub fn frame(text: String) -> Vec<u8> {
    encode(Message::Text(text.into()))
}

/// Writes an object: `type` first and the fields in the order given, because people will read it.
/// The values are JSON already.
pub fn object(kind: &str, fields: &[(&str, String)]) -> String {
    let length: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let mut text = String::with_capacity(12 + kind.len() + length);
    text.extend(["{\"type\":\"", kind, "\""]);
    for (name, value) in fields {
        text.extend([",\"", name, "\":", value]);
    }
    text.push('}');
    text
}

/// A text as JSON.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Values that are JSON already as a list.
pub fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

/// How a person is named in every message.
pub fn person(id: u64, name: &str) -> String {
    format!("{{\"id\":{id},\"name\":{}}}", quoted(name))
}

/// `ack`: what was asked for with this `ref` is done. `kept` are the id and the time of a message.
pub fn ack(reference: &str, kept: Option<(u64, u64)>) -> String {
    let mut fields = vec![("ref", quoted(reference))];
    if let Some((id, at)) = kept {
        fields.extend([("id", id.to_string()), ("at", at.to_string())]);
    }
    object("ack", &fields)
}

/// `earlier`: a page of the history, whether there are still older messages to see, and whether some
/// are no longer kept.
pub fn earlier(messages: String, more: bool, gap: bool, reference: Option<&str>) -> String {
    let mut fields =
        vec![("messages", messages), ("more", more.to_string()), ("gap", gap.to_string())];
    fields.extend(reference.map(|reference| ("ref", quoted(reference))));
    object("earlier", &fields)
}

/// `error`: what was wrong, and with which `ref`.
pub fn error(problem: &Problem, reference: Option<&str>) -> String {
    let mut fields = vec![("code", quoted(problem.code)), ("message", quoted(&problem.message))];
    fields.extend(reference.map(|reference| ("ref", quoted(reference))));
    object("error", &fields)
}
