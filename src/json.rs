//! Writes JSON objects, for the chat and the wire view. (serde_json reads what clients send.)
//!
//! An object is written straight into one text, with its fields in the order in which a person reads
//! them best. serde_json would build a tree first and sort its fields by name.

use std::fmt::{Display, Write};

use serde_json::Value;

use crate::websocket::frames;

/// A JSON object that is being written: `type` first, then the fields in the order of the calls.
#[must_use]
pub struct JsonObject(String);

impl JsonObject {
    /// An object with this `type`.
    pub fn new(kind: &str) -> JsonObject {
        JsonObject::with_capacity(kind, 256) // few objects are longer
    }

    /// An object with this `type` that needs no new allocation until it is longer than `bytes`.
    pub fn with_capacity(kind: &str, bytes: usize) -> JsonObject {
        let mut text = String::with_capacity(bytes);
        text.extend(["{\"type\":\"", kind, "\""]);
        JsonObject(text)
    }

    /// Adds a field whose value is written as it is: a number, `true`, or what is JSON already. A text
    /// needs [`JsonObject::with_text`].
    pub fn with(mut self, name: &str, value: impl Display) -> JsonObject {
        write!(self.0, ",\"{name}\":{value}").expect("writing to a String cannot fail");
        self
    }

    /// Adds a field whose value is a text, in quotes and escaped.
    pub fn with_text(mut self, name: &str, text: &str) -> JsonObject {
        self.0.extend([",\"", name, "\":"]);
        push_text(&mut self.0, text);
        self
    }

    /// The finished object.
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// The finished object as a text frame.
    pub fn frame(self) -> Vec<u8> {
        frames::text(&self.end())
    }
}

/// A text as JSON: in quotes, and escaped.
pub fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_text(&mut json, text);
    json
}

/// Appends a text to JSON: in quotes, and escaped. *Speed*: most texts have nothing to escape, and serde_json
/// takes three times as long.
pub fn push_text(json: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        json.extend(["\"", text, "\""]);
    } else {
        write!(json, "{}", Value::from(text)).expect("writing to a String cannot fail");
    }
}

/// A JSON list of values that are JSON already.
pub fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}
