//! What is said on `/chat`, as JSON, and every check on it.
//!
//! Each text message is an object with a `type`. What comes from a client becomes an [`ClientMessage`], or a
//! [`Problem`] to tell it about; nothing that arrives can do more than that. The functions at the
//! end make what goes to clients.
//!
//! Fields that nobody asked for are ignored, so that clients and servers of different age understand
//! each other.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::names::{self, Person};
use crate::json::{JsonObject, quoted};

/// How many bytes a `ref` may have: clients choose it, the server keeps it with the message.
pub const REF_MAX: usize = 64;

/// What a client asks for.
#[derive(Debug, PartialEq)]
pub enum ClientMessage {
    /// To say a text, to the room or to one member.
    Say(String, Option<Recipient>),
    /// To be called something else. The name has been checked.
    Name(String),
    /// To be shown as typing, to the room or to one member.
    Typing(Option<Recipient>),
    /// To have it known that everything up to this id has arrived.
    Received(u64),
    /// To get the messages before this id.
    Earlier(u64),
}

/// Whom something is for: pages say the id, people who type say the name.
#[derive(Debug, PartialEq)]
pub enum Recipient {
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
pub fn parse(message: &str, text_max: usize) -> (Option<Arc<str>>, Result<ClientMessage, Problem>) {
    // So that the few-line clients of tutorials can chat, and people with wscat.
    if !message.starts_with('{') {
        let ask =
            check_text(message, text_max).map(|()| ClientMessage::Say(message.to_string(), None));
        return (None, ask);
    }
    let mut fields: Map<String, Value> = match serde_json::from_str(message) {
        Ok(fields) => fields,
        Err(error) => {
            let why = format!("a message that begins with {{ has to be JSON: {error}");
            return (None, Err(Problem::new("not-json", why)));
        }
    };
    match parse_ref(&mut fields) {
        Ok(reference) => (reference, parse_ask(&mut fields, text_max)),
        Err(problem) => (None, Err(problem)),
    }
}

fn parse_ref(fields: &mut Map<String, Value>) -> Result<Option<Arc<str>>, Problem> {
    match take(fields, "ref") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=REF_MAX).contains(&text.len()) => Ok(Some(text.into())),
        Some(_) => {
            Err(Problem::new("bad-ref", format!("ref has to be 1 to {REF_MAX} bytes of text")))
        }
    }
}

fn parse_ask(fields: &mut Map<String, Value>, text_max: usize) -> Result<ClientMessage, Problem> {
    match take_text(fields, "type")?.as_str() {
        "say" => {
            let text = take_text(fields, "text")?;
            check_text(&text, text_max)?;
            Ok(ClientMessage::Say(text, parse_to(fields)?))
        }
        "name" => match names::check(&take_text(fields, "name")?) {
            Ok(name) => Ok(ClientMessage::Name(name)),
            Err(why) => Err(Problem::new("bad-name", why)),
        },
        "typing" => Ok(ClientMessage::Typing(parse_to(fields)?)),
        "received" => Ok(ClientMessage::Received(parse_id(fields, "id")?)),
        "earlier" => Ok(ClientMessage::Earlier(parse_id(fields, "before")?)),
        _ => {
            let why = "type has to be say, name, typing, received or earlier";
            Err(Problem::new("unknown-type", why))
        }
    }
}

/// The value of a field, which is not copied.
fn take(fields: &mut Map<String, Value>, name: &str) -> Option<Value> {
    fields.get_mut(name).map(Value::take)
}

fn take_text(fields: &mut Map<String, Value>, name: &str) -> Result<String, Problem> {
    match take(fields, name) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Problem::new("bad-field", format!("{name} has to be a text"))),
    }
}

fn parse_id(fields: &Map<String, Value>, name: &str) -> Result<u64, Problem> {
    let why = || Problem::new("bad-field", format!("{name} has to be the id of a message"));
    fields.get(name).and_then(Value::as_u64).ok_or_else(why)
}

fn parse_to(fields: &mut Map<String, Value>) -> Result<Option<Recipient>, Problem> {
    match take(fields, "to") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(Recipient::Name(name))),
        Some(value) => match value.as_u64() {
            Some(id) => Ok(Some(Recipient::Id(id))),
            None => Err(Problem::new("bad-field", "to has to be the id or the name of a member")),
        },
    }
}

fn check_text(text: &str, max: usize) -> Result<(), Problem> {
    let count = text.chars().count();
    if text.trim().is_empty() {
        Err(Problem::new("empty", "there is nothing in this message"))
    } else if count > max {
        let why = format!("a message has at most {max} characters; this one has {count}");
        Err(Problem::new("text-too-long", why))
    } else {
        Ok(())
    }
}

impl JsonObject {
    /// Adds the `ref` of what is answered, if that had one.
    pub fn with_ref(self, reference: Option<&str>) -> JsonObject {
        match reference {
            Some(reference) => self.with_text("ref", reference),
            None => self,
        }
    }

    /// Adds a field that is a person.
    pub fn with_person(self, name: &str, person: &Person) -> JsonObject {
        let called = quoted(&person.name);
        self.with(name, format_args!("{{\"id\":{},\"name\":{called}}}", person.id))
    }
}

/// `ack`: what was asked for with this `ref` is done. `kept` are the id and the time of a message.
pub fn ack(reference: &str, kept: Option<(u64, u64)>) -> JsonObject {
    let ack = JsonObject::new("ack").with_text("ref", reference);
    match kept {
        Some((id, at)) => ack.with("id", id).with("at", at),
        None => ack,
    }
}

/// `error`: what was wrong, and with which `ref`.
pub fn error(problem: &Problem, reference: Option<&str>) -> JsonObject {
    let error = JsonObject::new("error").with_text("code", problem.code);
    error.with_text("message", &problem.message).with_ref(reference)
}
