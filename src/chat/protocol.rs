//! The protocol of `/chat`: the JSON that clients and the server send each other, and every check on it.
//!
//! Every text message is an object with a `type`. What a client sends becomes a [`ClientMessage`] or a
//! [`Problem`]. Unknown fields are ignored, so that older and newer programs understand each other. The
//! functions at the end write what the server sends.

use std::sync::Arc;

use serde_json::{Deserializer, Map, Value};

use super::names::{self, Person};
use super::photos::Upload;
use crate::json::{JsonObject, quoted};
use crate::text::is_invisible;

/// The longest `ref`, in bytes. A client chooses it, and the server keeps it with the message.
pub const REF_MAX: usize = 64;

/// What a client asks for.
#[derive(Debug, PartialEq)]
pub enum ClientMessage {
    /// `say`: a text, to the room or to one member. A photo makes it a caption, which may be empty.
    Say(String, Option<Recipient>, Option<Upload>),
    /// `photo`: the next binary message is a photo, if this is in order.
    Photo(Result<Box<Announced>, Problem>),
    /// `name`: another name for the member. It has been checked.
    Name(String),
    /// `typing`: the member is typing, to the room or to one member.
    Typing(Option<Recipient>),
    /// `received`: the member has received all its messages up to this id.
    Received(u64),
    /// `earlier`: the messages before the first id, and after the second.
    Earlier(u64, u64),
}

/// What a client says of a photo that it is about to send.
#[derive(Debug, PartialEq)]
pub struct Announced {
    /// In bytes.
    pub size: u64,
    /// May be empty.
    pub caption: String,
    /// `None` for everyone.
    pub to: Option<Recipient>,
}

/// The one member that a message is for. Pages use the id; people type the name.
#[derive(Debug, PartialEq)]
pub enum Recipient {
    /// A member's id.
    Id(u64),
    /// A member's name, in upper or lower case.
    Name(String),
}

/// What is wrong with a client's message. The client gets it as `error`; the connection stays open.
#[derive(Debug, PartialEq)]
pub struct Problem {
    /// A code for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Problem {
    /// A problem with this code and this sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Problem {
        Problem { code, message: message.into() }
    }
}

type Fields = Map<String, Value>;

/// What a client asks for, or what is wrong with it, and the `ref`.
pub type Parsed = (Option<Arc<str>>, Result<ClientMessage, Problem>);

/// Parses a text message; `text_max` is in characters. Also returns the `ref`, if it can be found, so that
/// the answer to a bad message can name it too.
pub fn parse(message: &str, text_max: usize) -> Parsed {
    // Plain text is a message to all, so that the short clients of tutorials can chat, and wscat.
    if !looks_like_json(message) {
        // A command of the page must not be said to everyone.
        let command = message.split(is_blank).find(|word| !word.is_empty());
        if command.is_some_and(|word| word.eq_ignore_ascii_case("/msg")) {
            let why = "/msg works on the page; here it is {\"type\":\"say\",\"to\":NAME,\"text\":TEXT}";
            return (None, Err(Problem::new("not-json", why)));
        }
        let text = check_text(message.to_string(), text_max);
        return (None, text.map(|text| ClientMessage::Say(text, None, None)));
    }
    // RFC 8259 allows blanks around JSON (section 2), and to ignore a byte order mark (8.1).
    let json = message.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    let mut fields: Fields = match serde_json::from_str(json) {
        Ok(fields) => fields,
        Err(error) => {
            let why = format!("what looks like JSON has to be a JSON object: {error}");
            return (find_ref(message), Err(Problem::new("not-json", why)));
        }
    };
    match take_ref(&mut fields) {
        Ok(reference) => (reference, parse_fields(&mut fields, text_max)),
        Err(reference) => {
            let why = format!("ref has to be 1 to {REF_MAX} bytes of text");
            (reference, Err(Problem::new("bad-ref", why)))
        }
    }
}

/// Whether a message is meant as JSON, even if it is none. It fails closed: a private message with a
/// mistake in it must not be said to everyone as a plain text.
fn looks_like_json(message: &str) -> bool {
    let may_precede = |c: char| is_blank(c) || "[(\"'`“‘„«".contains(c);
    message.trim_start_matches(may_precede).starts_with(['{', '｛'])
        || ["to\"", "to'"].iter().any(|key| values(message, key).next().is_some())
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_invisible(c)
}

/// What stands behind this key and a colon, wherever they are in the message. The key comes without its
/// first quote: matches do not overlap, and in `"to"to":` there would be none.
fn values<'a>(message: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let quote = &key[key.len() - 1..];
    let keys = message.match_indices(key).filter(move |(at, _)| message[..*at].ends_with(quote));
    keys.filter_map(|(at, key)| message[at + key.len()..].trim_start().strip_prefix(':'))
}

/// Looks for the `ref` in what is not JSON: half a surrogate pair in another field, a missing bracket, quotes
/// as Python has them, JSON inside a JSON text. `None` also if there are two: a wrong one would end another
/// message.
pub fn find_ref(message: &str) -> Option<Arc<str>> {
    let unpacked = serde_json::from_str::<String>(message);
    let message = unpacked.as_deref().unwrap_or(message);
    let find = |message: &str| {
        let text = |value| Deserializer::from_str(value).into_iter::<String>().next()?.ok();
        let mut found = values(message, "ref\"").map(text);
        let first = found.next()??;
        let is_only = found.all(|other| other.as_ref() == Some(&first));
        (is_only && (1..=REF_MAX).contains(&first.len())).then(|| first.into())
    };
    find(message).or_else(|| find(&message.replace('\'', "\"")))
}

fn parse_fields(fields: &mut Fields, text_max: usize) -> Result<ClientMessage, Problem> {
    Ok(match take_text(fields, "type")?.as_str() {
        "say" => {
            let text = check_text(take_text(fields, "text")?, text_max)?;
            ClientMessage::Say(text, take_to(fields)?, None)
        }
        "photo" => ClientMessage::Photo(announced(fields, text_max).map(Box::new)),
        "name" => {
            let name = names::check(&take_text(fields, "name")?);
            ClientMessage::Name(name.map_err(|why| Problem::new("bad-name", why))?)
        }
        "typing" => ClientMessage::Typing(take_to(fields)?),
        "received" => ClientMessage::Received(take_id(fields, "id")?),
        "earlier" => {
            let after = if fields.contains_key("after") { take_id(fields, "after")? } else { 0 };
            ClientMessage::Earlier(take_id(fields, "before")?, after)
        }
        _ => {
            let why = "type has to be say, photo, name, typing, received or earlier";
            return Err(Problem::new("unknown-type", why));
        }
    })
}

fn announced(fields: &mut Fields, text_max: usize) -> Result<Announced, Problem> {
    let size =
        take(fields, "size").as_u64().ok_or_else(|| bad_field("size", "the photo's number of bytes"))?;
    let caption = if fields.contains_key("caption") { take_text(fields, "caption")? } else { String::new() };
    let caption = if caption.trim().is_empty() { String::new() } else { check_text(caption, text_max)? };
    Ok(Announced { size, caption, to: take_to(fields)? })
}

/// Takes the value of a field; null if it is missing.
fn take(fields: &mut Fields, name: &str) -> Value {
    fields.get_mut(name).map(Value::take).unwrap_or_default()
}

/// Takes the `ref`, if there is one.
/// Errors: a `ref` that is none; as a text, if the answer can carry it.
fn take_ref(fields: &mut Fields) -> Result<Option<Arc<str>>, Option<Arc<str>>> {
    match take(fields, "ref") {
        Value::Null => Ok(None),
        Value::String(text) if (1..=REF_MAX).contains(&text.len()) => Ok(Some(text.into())),
        value @ (Value::Number(_) | Value::Bool(_)) => Err(Some(value.to_string().into())),
        _ => Err(None),
    }
}

fn take_text(fields: &mut Fields, name: &str) -> Result<String, Problem> {
    match take(fields, name) {
        Value::String(text) => Ok(text),
        _ => Err(bad_field(name, "a text")),
    }
}

fn take_id(fields: &mut Fields, name: &str) -> Result<u64, Problem> {
    take(fields, name).as_u64().ok_or_else(|| bad_field(name, "the id of a message"))
}

/// Takes the recipient, if there is one. It fails closed: only a message without the field is for everyone.
/// One with `null`, which programs put there for a person they do not know, is refused.
fn take_to(fields: &mut Fields) -> Result<Option<Recipient>, Problem> {
    let wanted = "the id or the name of a member; a message to everyone has no to";
    let is_misspelled = |name: &String| name != "to" && name.trim().eq_ignore_ascii_case("to");
    if fields.keys().any(is_misspelled) {
        return Err(bad_field("to", "written in small letters"));
    }
    match fields.get_mut("to").map(Value::take) {
        None => Ok(None),
        Some(Value::String(name)) => Ok(Some(Recipient::Name(name))),
        Some(value) => {
            value.as_u64().map(|id| Some(Recipient::Id(id))).ok_or_else(|| bad_field("to", wanted))
        }
    }
}

fn bad_field(name: &str, wanted: &str) -> Problem {
    Problem::new("bad-field", format!("{name} has to be {wanted}"))
}

/// Checks the text of a message; `max` is in characters.
/// Errors: `empty`, `text-too-long`.
pub fn check_text(text: String, max: usize) -> Result<String, Problem> {
    let count = text.chars().count();
    if text.trim().is_empty() {
        Err(Problem::new("empty", "there is nothing in this message"))
    } else if count > max {
        let why = format!("a message has at most {max} characters; this one has {count}");
        Err(Problem::new("text-too-long", why))
    } else {
        Ok(text)
    }
}

impl JsonObject {
    /// Adds the `ref` of the message that is answered, if it had one.
    pub fn with_ref(self, reference: Option<&str>) -> JsonObject {
        let Some(reference) = reference else { return self };
        self.with_text("ref", reference)
    }

    /// Adds a person, if there is one.
    pub fn with_person(self, field: &str, person: Option<&Person>) -> JsonObject {
        let Some(Person { id, name }) = person else { return self };
        let name = quoted(name);
        self.with(field, format_args!("{{\"id\":{id},\"name\":{name}}}"))
    }
}

/// `ack`: what the client asked for with this `ref` is done. That of a message also has its id and time.
pub fn ack(reference: &str) -> JsonObject {
    JsonObject::new("ack").with_text("ref", reference)
}

/// `error`: what is wrong, and with which `ref`.
pub fn error(problem: &Problem, reference: Option<&str>) -> JsonObject {
    let error = JsonObject::new("error").with_text("code", problem.code);
    error.with_text("message", &problem.message).with_ref(reference)
}
