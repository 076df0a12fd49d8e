//! The lines of the history file: how a record is written as one, and what is read from one.
//!
//! A line is checked as a client's message is, because the file may be damaged, edited or another
//! program's. Only the length of a text is free: `--text` may have been larger when it was said.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::chat::names::{NAME_MAX, OPERATOR, Person};
use crate::chat::{history::ChatMessage, photos::Photo, protocol::REF_MAX};
use crate::{json::JsonObject, text::characters};

/// Ids in the file are below this: in JavaScript larger ones would not be the same number.
const ID_MAX: u64 = 1 << 53;
/// The latest time that JavaScript can show, in ms since 1970 UTC.
const TIME_MAX: u64 = 8_640_000_000_000_000;
/// What every line of this program begins with.
const BEGINNINGS: [&str; 4] = [
    "{\"type\":\"said\",\"id\":",
    "{\"type\":\"member\",\"id\":",
    "{\"type\":\"kicked\",\"token\":\"",
    "{\"type\":\"pinned\",\"text\":\"",
];

/// What is written as one line of the file.
pub enum Record {
    /// `said`: a message.
    Message(Arc<ChatMessage>),
    /// `member`: a member that is new, and the hash of its token.
    Member(Person, Arc<str>),
    /// `member` as well: a member that has another name now.
    Renamed(Box<Rename>),
    /// `kicked`: the hash of a token that is useless from here on.
    Kicked(Arc<str>),
    /// `pinned`: what the operator has pinned from here on; empty if nothing.
    Pinned(Arc<str>),
}

/// A member's new name. It is taken back if it cannot be written.
pub struct Rename {
    /// The member, under its new name.
    pub person: Person,
    /// The hash of its token.
    pub token: Arc<str>,
    /// The `ref` of its request.
    pub reference: Option<Arc<str>>,
    /// What the others are told; empty if nothing.
    pub notice: Vec<u8>,
    /// How many clients had joined before it.
    pub arrivals: u64,
}

impl Record {
    /// The record as a line.
    pub fn to_line(&self) -> String {
        let member = |Person { id, name }: &Person, token: &str| {
            JsonObject::new("member").with("id", id).with_text("name", name).with_text("token", token)
        };
        let record = match self {
            Record::Message(message) => message.to_json(true),
            Record::Member(person, token) => member(person, token),
            Record::Renamed(rename) => member(&rename.person, &rename.token),
            Record::Kicked(token) => JsonObject::new("kicked").with_text("token", token),
            Record::Pinned(text) => JsonObject::new("pinned").with_text("text", text),
        };
        record.end() + "\n"
    }

    /// The author and the `ref` of what is refused if it cannot be written. `None` for what happens all
    /// the same: a member joins or is thrown out.
    pub fn author(&self) -> Option<(u64, Option<&str>)> {
        match self {
            Record::Message(message) => Some((message.from.id, message.reference.as_deref())),
            Record::Renamed(rename) => Some((rename.person.id, rename.reference.as_deref())),
            Record::Member(..) | Record::Kicked(_) | Record::Pinned(_) => None,
        }
    }
}

/// What is read from one line.
pub enum Line {
    Blank,
    Record(Record),
    /// A record of a type that a newer version writes, and its id.
    Unknown(Option<u64>),
    /// Anything else.
    Damaged,
}

impl Line {
    /// Parses a line. White space around it and a byte order mark, which editors leave, do no harm.
    pub fn parse(line: &[u8]) -> Line {
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
        if line.is_empty() {
            return Line::Blank;
        }
        let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(line) else { return Line::Damaged };
        let record = match fields.get("type").and_then(Value::as_str) {
            Some("said") => message(&fields).map(|message| Record::Message(Arc::new(message))),
            Some("member") => {
                person(&fields).zip(token(&fields)).map(|(person, token)| Record::Member(person, token))
            }
            Some("kicked") => token(&fields).map(Record::Kicked),
            Some("pinned") => {
                fields.get("text").and_then(Value::as_str).map(|text| Record::Pinned(text.into()))
            }
            Some(_) => return Line::Unknown(id(&fields)),
            None => None,
        };
        record.map_or(Line::Damaged, Line::Record)
    }

    /// Whether a line that is not complete may be the beginning of one that this program wrote.
    pub fn may_be_torn(line: &[u8]) -> bool {
        BEGINNINGS.iter().any(|beginning| {
            let length = line.len().min(beginning.len());
            length > 0 && line[..length] == beginning.as_bytes()[..length]
        })
    }
}

fn message(fields: &Map<String, Value>) -> Option<ChatMessage> {
    let photo = match fields.get("photo") {
        None => None,
        Some(photo) => Some(Photo::from_json(photo.as_object()?)?),
    };
    let text = fields.get("text")?.as_str().filter(|text| photo.is_some() || !text.trim().is_empty())?;
    let reference = match fields.get("ref") {
        None => None,
        Some(text) => Some(text.as_str().filter(|text| (1..=REF_MAX).contains(&text.len()))?.into()),
    };
    let to = match fields.get("to") {
        None => None,
        Some(to) => Some(member_or_operator(to.as_object()?)?),
    };
    // Under another name it may be a damaged `to`, and this a private message.
    let is_known = |name: &str| ["from", "to", "photo"].contains(&name);
    if fields.iter().any(|(name, value)| value.is_object() && !is_known(name)) {
        return None;
    }
    Some(ChatMessage {
        id: id(fields)?,
        at: fields.get("at")?.as_u64().filter(|at| *at <= TIME_MAX)?,
        from: member_or_operator(fields.get("from")?.as_object()?)?,
        to,
        text: text.to_string(),
        reference,
        photo,
    })
}

fn id(fields: &Map<String, Value>) -> Option<u64> {
    fields.get("id")?.as_u64().filter(|id| (1..ID_MAX).contains(id))
}

fn token(fields: &Map<String, Value>) -> Option<Arc<str>> {
    fields.get("token")?.as_str().filter(|token| (1..=REF_MAX).contains(&token.len())).map(Arc::from)
}

fn person(fields: &Map<String, Value>) -> Option<Person> {
    Some(Person { id: id(fields)?, name: name(fields)?.into() })
}

fn member_or_operator(fields: &Map<String, Value>) -> Option<Person> {
    match fields.get("id")?.as_u64()? {
        0 => name(fields).filter(|name| *name == OPERATOR).map(|name| Person { id: 0, name: name.into() }),
        _ => person(fields),
    }
}

/// A name that some version of this program may have let in. The rules of today, `names::check`, may be
/// stricter, and would lose the messages that were said under it.
fn name(fields: &Map<String, Value>) -> Option<&str> {
    let name = fields.get("name")?.as_str()?;
    let is_good = (1..=NAME_MAX).contains(&name.chars().count()) && !name.trim().is_empty();
    Some(name).filter(|name| is_good && !characters(name).any(|(_, is_hidden)| is_hidden))
}
