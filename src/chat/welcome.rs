//! The `welcome`: the first message to a member. Its parts are collected under the room's lock; the
//! member's own thread encodes them outside of it.

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
    /// Members, itself among them, and whether each is away.
    pub members: Vec<(Person, bool)>,
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

impl Welcome {
    /// Writes the `welcome`. *Speed*: into large buffers, because malloc keeps small pieces that are
    /// freed for their thread, and this thread may stay for hours.
    pub fn encode(&self) -> JsonObject {
        let mut members = String::with_capacity(80 * self.members.len());
        for (Person { id, name }, away) in &self.members {
            members.push_str(if members.is_empty() { "{\"id\":" } else { ",{\"id\":" });
            write!(members, "{id}").expect("writing to a String cannot fail");
            members.push_str(",\"name\":");
            push_text(&mut members, name);
            members.push_str(if *away { ",\"away\":true}" } else { ",\"away\":false}" });
        }
        let (messages, more) = self.page.encode();
        // No limit is the largest whole number of JavaScript.
        let text_max = self.text_max.min((1 << 53) - 1);
        let limits =
            format!("{{\"text\":{text_max},\"name\":{},\"photo\":{}}}", names::NAME_MAX, self.photo_max);
        let version = env!("CARGO_PKG_VERSION");
        // From `now` and its own clock, a page knows what to add to its times: its clock may be off by days.
        let now = since_1970().as_millis();
        let server = format!("{{\"version\":\"{version}\",\"started\":{},\"now\":{now}}}", self.started);
        JsonObject::with_capacity("welcome", 512 + members.len() + messages.len())
            .with_person("you", Some(&self.you))
            .with_text("token", &self.token)
            .with("resumed", self.resumed)
            .with("reset", self.reset)
            .with("members", format_args!("[{members}]"))
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
