//! The `welcome`: the first message to a member. Its parts are collected under the room's lock; the
//! member's own thread puts them together outside of it.

use std::{fmt::Write, sync::Arc};

use super::history::Page;
use super::names::{self, Person};
use crate::clock::since_1970;
use crate::json::{JsonObject, push_text};

/// The parts of a `welcome`.
pub struct Welcome {
    pub you: Person,
    pub token: String,
    /// Whether it has just come back.
    pub resumed: bool,
    /// Whether its `since` is no id of this history.
    pub reset: bool,
    /// What [`encode_members`] has written, itself among them.
    pub members: String,
    pub count: usize,
    pub page: Arc<Page>,
    /// The longest text, in characters.
    pub text_max: usize,
    /// The largest photo, in bytes.
    pub photo_max: usize,
    /// When the server started, in ms since 1970 UTC.
    pub started: u64,
    pub is_muted: bool,
    /// What the operator has pinned; empty if nothing.
    pub pinned: Arc<str>,
}

/// Writes a list of members: the id and the name of each, and whether it is away. *Speed*: under the room's
/// lock, because copying the list takes about as long as writing it.
pub fn encode_members<'a>(list: impl Iterator<Item = (u64, &'a Arc<str>, bool)>) -> String {
    let at_most = list.size_hint().1.unwrap_or_default();
    let mut members = String::with_capacity(2 + 80 * at_most); // *Speed*: a large buffer, as below
    members.push('[');
    for (id, name, is_away) in list {
        members.push_str(if members.len() == 1 { "{\"id\":" } else { ",{\"id\":" });
        write!(members, "{id}").expect("writing to a String cannot fail");
        members.push_str(",\"name\":");
        push_text(&mut members, name);
        members.push_str(if is_away { ",\"away\":true}" } else { ",\"away\":false}" });
    }
    members.push(']');
    members
}

impl Welcome {
    /// Writes the `welcome`. *Speed*: into large buffers, because malloc keeps small pieces that are
    /// freed for their thread, and this thread may stay for hours.
    pub fn encode(&self) -> JsonObject {
        let (messages, more) = self.page.encode();
        // No limit is the largest whole number of JavaScript.
        let text_max = self.text_max.min((1 << 53) - 1);
        let limits =
            format!("{{\"text\":{text_max},\"name\":{},\"photo\":{}}}", names::NAME_MAX, self.photo_max);
        let version = env!("CARGO_PKG_VERSION");
        // From `now` and its own clock, a page knows what to add to its times: its clock may be off by days.
        let now = since_1970().as_millis();
        let server = format!("{{\"version\":\"{version}\",\"started\":{},\"now\":{now}}}", self.started);
        JsonObject::with_capacity("welcome", 512 + self.members.len() + messages.len())
            .with_person("you", Some(&self.you))
            .with_text("token", &self.token)
            .with("resumed", self.resumed)
            .with("reset", self.reset)
            .with("members", &self.members)
            .with("count", self.count)
            .with("messages", messages)
            .with("more", more)
            .with("gap", self.resumed && !self.reset && self.page.gap) // a new member misses nothing
            .with("limits", limits)
            .with("server", server)
            .with("muted", self.is_muted)
            .with_text("pinned", &self.pinned)
    }
}
