//! The chat as a person sees it: the lines that are printed, and what stands above the text being typed.
//! Below it is the library's `client/session.rs`, which loses nothing.

use std::collections::BTreeMap;
use std::mem::take;
use std::time::{Duration, Instant};

use partyline::client::{Event, Link, Session, session::text};
use partyline::clock::{http_date, local_offset, since_1970};
use partyline::text::{visible, visible_lines};
use partyline::tty::screen::Line;
use serde_json::{Value, json};

/// The shortest time between two `typing`, and how long another member is shown as typing.
const TYPING_INTERVAL: Duration = Duration::from_secs(2);
const SHOW_TYPING: Duration = Duration::from_secs(6);

/// The chat.
#[derive(Default)]
pub struct Chat {
    pub session: Session,
    /// The lines that are still to be printed.
    pub lines: Vec<Line>,
    /// What the server finds wrong with what was sent.
    pub problem: Option<String>,
    /// The person wants to leave.
    pub quits: bool,
    /// The longest text, in characters; 0 before the first welcome.
    pub text_max: usize,
    /// The lowest id of a message that was shown.
    pub oldest: u64,
    /// What the operator has pinned; whether we are muted.
    pinned: String,
    is_muted: bool,
    /// The newest message of ours: its id, its text, how many members have it, and of how many.
    tick: (u64, String, u64, u64),
    /// The members that are typing, and until when that is shown; when we last said that we are typing.
    typing: BTreeMap<u64, Instant>,
    typed: Option<Instant>,
    /// The day of the last message; milliseconds from the server's clock to the one on the wall here.
    day: String,
    ahead: i64,
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

impl Chat {
    /// Shows what the connection tells.
    /// Errors: a sentence that says why there will be no further connection.
    pub fn handle(&mut self, event: Event) -> Result<(), String> {
        let was_open = matches!(self.session.link, Link::Open(..));
        self.session.handle(event)?.iter().for_each(|m| self.show(m));
        if was_open && !self.quits && !matches!(self.session.link, Link::Open(..)) {
            self.notice("The connection is lost");
        }
        Ok(())
    }

    fn show(&mut self, m: &Value) {
        let name = text(&m["member"]["name"]);
        match text(&m["type"]).as_str() {
            "welcome" => self.welcome(m),
            "said" => self.said(m),
            "earlier" => self.earlier(m["messages"].as_array().map_or(&[], Vec::as_slice)),
            "receipt" => {
                let mut receipts = m["messages"].as_array().into_iter().flatten();
                if let Some(receipt) = receipts.find(|receipt| receipt["id"] == self.tick.0) {
                    (self.tick.2, self.tick.3) = (number(&receipt["received"]), number(&receipt["of"]));
                }
            }
            "gap" => self.notice("Some messages are missing here: the server keeps them no longer"),
            "named" => self.notice(format!("You are now called {}", text(&m["name"]))),
            "joined" => self.notice(format!("{name} has joined")),
            "left" if m["why"].is_null() => self.notice(format!("{name} has left")),
            "left" => self.notice(format!("{name} has left: {}", text(&m["why"]))),
            "renamed" => self.notice(format!("{} is now called {name}", text(&m["was"]))),
            "pinned" => self.pinned(&text(&m["text"])),
            "muted" => self.muted(m["muted"] == true),
            "typing" => drop(self.typing.insert(number(&m["from"]["id"]), Instant::now() + SHOW_TYPING)),
            "error" => {
                let unsent = m["unsent"]["text"].as_str().map(|text| format!(". Not sent: {text}"));
                self.problem = Some(text(&m["message"]) + &unsent.unwrap_or_default());
            }
            _ => {}
        }
    }

    fn welcome(&mut self, m: &Value) {
        let skew = since_1970().as_millis() as i64 - number(&m["server"]["now"]) as i64;
        // A delay on the way is no difference between the clocks.
        self.ahead = local_offset() + if skew.abs() < 60_000 { 0 } else { skew };
        let (name, count) = (text(&m["you"]["name"]), number(&m["count"]));
        match self.text_max {
            0 => self.notice(format!("You are {name}. Members: {count}. /help lists the commands")),
            _ => self.notice("The connection is back"),
        }
        self.text_max = number(&m["limits"]["text"]) as usize;
        if m["reset"] == true {
            self.notice("The server has lost the messages from before");
            self.oldest = 0;
        }
        self.pinned(&text(&m["pinned"]));
        self.muted(m["muted"] == true);
    }

    /// What the operator has pinned. Said again only if it is another text than before.
    fn pinned(&mut self, text: &str) {
        if self.pinned != text {
            self.notice(if text.is_empty() {
                "Nothing is pinned now".into()
            } else {
                format!("Pinned: {text}")
            });
            self.pinned = text.to_string();
        }
    }

    fn muted(&mut self, is_muted: bool) {
        match (self.is_muted, is_muted) {
            (false, true) => self.notice("The operator has muted you. This gets through: /msg operator TEXT"),
            (true, false) => self.notice("You can speak again"),
            _ => {}
        }
        self.is_muted = is_muted;
    }

    /// The answer to /earlier.
    fn earlier(&mut self, messages: &[Value]) {
        let Some(oldest) = messages.first() else { return self.notice("There is nothing earlier") };
        if number(&oldest["id"]) >= self.oldest {
            return; // asked for twice
        }
        let day = take(&mut self.day);
        self.notice("Earlier:");
        messages.iter().for_each(|said| self.said(said));
        self.notice("Now:");
        (self.oldest, self.day) = (number(&oldest["id"]), day);
    }

    fn said(&mut self, said: &Value) {
        let at = number(&said["at"]).saturating_add_signed(self.ahead);
        let date = http_date(Duration::from_millis(at)); // Sun, 06 Nov 1994 08:49:37 GMT
        if self.day != date[..16] {
            self.day = date[..16].to_string();
            self.notice(&date[..16]);
        }
        let (id, author) = (number(&said["id"]), number(&said["from"]["id"]));
        self.typing.remove(&author);
        if self.oldest == 0 {
            self.oldest = id;
        }
        let mut words = text(&said["text"]);
        if said["is_new"] == true {
            self.tick = (id, words.lines().next().unwrap_or_default().chars().take(20).collect(), 0, 0);
        }
        if let photo @ Value::Object(_) = &said["photo"] {
            words = self.photo(photo);
        }
        let (mark, style, to) = match &said["to"] {
            Value::Null if author == 0 => ("(announcement) ", 1, String::new()),
            Value::Null => ("", 0, String::new()),
            to if number(&to["id"]) == self.session.id => ("(private) ", 7, " to you".to_string()),
            to => ("(private) ", 7, format!(" to {}", text(&to["name"]))),
        };
        let (star, rest) = match words.strip_prefix("/me ") {
            Some(action) => ("* ", format!("{to} {action}")),
            None => ("", format!("{to}: {words}")),
        };
        let before = format!("{mark}{} {star}", &date[17..22]);
        let name = visible(&text(&said["from"]["name"]));
        let range = before.len()..before.len() + name.len();
        self.lines.push(Line { text: before + &name + &visible_lines(&rest), style, author, name: range });
    }

    /// A photo in words: the address to open, its size, its caption.
    fn photo(&self, photo: &Value) -> String {
        let size = number(&photo["size"]).div_ceil(1000);
        let (width, height) = (number(&photo["width"]), number(&photo["height"]));
        let address = self.session.address.page(&text(&photo["url"]));
        let caption = photo["caption"].as_str().map(|caption| format!(" {caption}")).unwrap_or_default();
        format!("photo {address} ({width} × {height}, {size} kB){caption}")
    }

    /// Shows a line of this program's own.
    pub fn notice(&mut self, text: impl AsRef<str>) {
        let text = format!("- {}", visible_lines(text.as_ref()));
        self.lines.push(Line { text, style: 2, author: 0, name: 0..0 });
    }

    /// What stands above the text being typed: the messages that wait, then how things are.
    pub fn above(&mut self) -> Vec<String> {
        let waits = |unsent: &Value| match unsent["to"]["name"].as_str() {
            Some(name) => format!("… (private) to {name}: {} (waiting)", text(&unsent["text"])),
            None => format!("… {} (waiting)", text(&unsent["text"]) + &text(&unsent["name"])),
        };
        let mut above: Vec<String> = self.session.unsent.iter().map(waits).collect();
        let mut status = Vec::new();
        match &self.session.link {
            Link::Waiting(until) => {
                let seconds = until.saturating_duration_since(Instant::now()).as_secs() + 1;
                status.push(format!("No connection; next try in {seconds} s"));
            }
            Link::New | Link::Connecting => status.push("Connecting …".to_string()),
            Link::Open(..) => {}
        }
        match &self.tick {
            (0, ..) => {}
            (_, text, _, 0) => status.push(format!("✓ sent: {text}")),
            (_, text, got, of) => status.push(format!("✓ delivered to {got} of {of}: {text}")),
        }
        self.typing.retain(|_, until| *until > Instant::now());
        let typing = self.typing.keys().filter_map(|id| self.session.members.get(id));
        status.extend(typing.map(|name| format!("{name} is typing …")));
        if !status.is_empty() {
            above.push(status.join(" · "));
        }
        above.iter().map(|line| visible_lines(line)).collect()
    }

    /// A person is typing this. Commands are not told to the others.
    pub fn show_typing(&mut self, text: &str) {
        let is_due = self.typed.is_none_or(|typed| typed.elapsed() >= TYPING_INTERVAL);
        if is_due && !text.is_empty() && !text.starts_with('/') {
            self.typed = Some(Instant::now());
            self.session.send(&json!({ "type": "typing" }));
        }
    }
}
