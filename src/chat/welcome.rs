//! The `welcome`: the first thing that a member is told. What it says is taken under the room's lock;
//! it is encoded outside of it, on the newcomer's own thread.

use std::fmt::Write;

use super::history::Page;
use super::names::{self, Person};
use super::tokens::Token;
use crate::json::{JsonObject, quoted};

/// What a newcomer is told.
pub struct Welcome {
    /// Who it is.
    pub you: Person,
    /// With what it comes back as the same member.
    pub token: Token,
    /// Whether it has just done so.
    pub resumed: bool,
    /// Who else is here, and whether they are away.
    pub members: Vec<(Person, bool)>,
    /// How many there are.
    pub count: usize,
    /// What was said.
    pub page: Page,
    /// How long a text may be, in characters.
    pub text_max: usize,
    /// When the server began.
    pub started: u64,
}

impl Welcome {
    /// The welcome.
    pub fn encode(&self) -> JsonObject {
        // Into buffers that are large enough: of small pieces, once they are freed, malloc keeps some for
        // the thread that had them, and this thread may stay for hours.
        let mut members = String::with_capacity(80 * self.members.len());
        for (Person { id, name }, away) in &self.members {
            let comma = if members.is_empty() { "" } else { "," };
            let name = quoted(name);
            write!(members, "{comma}{{\"id\":{id},\"name\":{name},\"away\":{away}}}")
                .expect("writing to a String cannot fail");
        }
        let (messages, more) = self.page.encode(self.you.id);
        // Who is new misses nothing; who comes back may.
        let gap = self.resumed && self.page.gap;
        // No limit is a number too, and JavaScript's largest whole one is this.
        let text_max = self.text_max.min((1 << 53) - 1);
        let limits = format!("{{\"text\":{text_max},\"name\":{}}}", names::NAME_MAX);
        let version = quoted(env!("CARGO_PKG_VERSION"));
        JsonObject::with_capacity("welcome", 512 + members.len() + messages.len())
            .with_person("you", &self.you)
            .with_text("token", self.token.as_str())
            .with("resumed", self.resumed)
            .with("members", format_args!("[{members}]"))
            .with("count", self.count)
            .with("messages", messages)
            .with("more", more)
            .with("gap", gap)
            .with("limits", limits)
            .with("server", format_args!("{{\"version\":{version},\"started\":{}}}", self.started))
    }
}
