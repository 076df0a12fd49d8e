//! The chat as a person sees it: the lines that are printed, what stands above the text being typed, and
//! what a typed line means. Below it is the library's `client/session.rs`, which loses nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{mem::take, thread};

use partyline::client::{Event, Session, session::Link, session::Unsent};
use partyline::clock::{http_date, local_offset, since_1970};
use partyline::{json::JsonObject, text::visible_lines};
use serde_json::Value;

use crate::screen::Line;

/// The shortest time between two `typing`, and how long another member is shown as typing.
const TYPING_INTERVAL: Duration = Duration::from_secs(2);
const SHOW_TYPING: Duration = Duration::from_secs(6);

const COMMANDS: [&str; 7] = ["/earlier", "/help", "/me ", "/msg ", "/nick ", "/quit", "/who"];
const HELP: &str = "/nick NAME: change your name
/msg NAME TEXT: write to one person only; put a name with spaces in \"quotes\"
/me TEXT: say what you do: * ana waves
/who: see who is here   /earlier: see older messages   /quit: leave (Ctrl-D)
//TEXT: say something that begins with a slash
Tab completes names, the up arrow brings back what you wrote, Alt-Enter breaks a line.";

/// The chat.
#[derive(Default)]
pub struct Chat {
    pub session: Session,
    /// The lines that are still to be printed.
    pub lines: Vec<Line>,
    /// What is wrong with what was sent.
    pub problem: Option<String>,
    /// The longest text, in characters; 0 before the first welcome.
    text_max: usize,
    /// The lowest id of a message that was shown.
    oldest: u64,
    /// The newest message of ours: its id, its text, how many members have it, and of how many.
    tick: (u64, String, u64, u64),
    /// The members that are typing, and until when that is shown; when we last said that we are typing.
    typing: BTreeMap<u64, Instant>,
    typed: Option<Instant>,
    /// The day of the last message; milliseconds from the server's clock to the one on the wall here.
    day: String,
    ahead: i64,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

impl Chat {
    /// Shows what the connection tells.
    /// Errors: a sentence that says why there will be no further connection.
    pub fn handle(&mut self, event: Event) -> Result<(), String> {
        self.session.handle(event)?.iter().for_each(|m| self.show(m));
        Ok(())
    }

    fn show(&mut self, m: &Value) {
        let name = text(&m["member"]["name"]);
        match text(&m["type"]) {
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
            "typing" => drop(self.typing.insert(number(&m["from"]["id"]), Instant::now() + SHOW_TYPING)),
            "error" if m["text"].is_null() => self.problem = Some(text(&m["message"]).to_string()),
            "error" => {
                self.problem = Some(format!("{}. Not sent: {}", text(&m["message"]), text(&m["text"])))
            }
            _ => {}
        }
    }

    fn welcome(&mut self, m: &Value) {
        let skew = since_1970().as_millis() as i64 - number(&m["server"]["now"]) as i64;
        // A delay on the way is no difference between the clocks.
        self.ahead = local_offset() + if skew.abs() < 60_000 { 0 } else { skew };
        let (name, count) = (text(&m["you"]["name"]), self.session.count);
        match self.text_max {
            0 => self.notice(format!("You are {name}. Members: {count}. /help lists the commands")),
            _ => self.notice("The connection is back"),
        }
        self.text_max = number(&m["limits"]["text"]) as usize;
        if m["reset"] == true {
            self.notice("The server has lost the messages from before");
            self.oldest = 0;
        }
    }

    /// The answer to /earlier.
    fn earlier(&mut self, messages: &[Value]) {
        let Some(oldest) = messages.first() else { return self.notice("There is nothing earlier") };
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
        let (id, name) = (number(&said["from"]["id"]), visible_lines(text(&said["from"]["name"])));
        self.typing.remove(&id);
        if self.oldest == 0 {
            self.oldest = number(&said["id"]);
        }
        let (to, said_text) = (&said["to"], text(&said["text"]));
        if said["is_new"] == true {
            let start = said_text.lines().next().unwrap_or_default().chars().take(20);
            self.tick = (number(&said["id"]), start.collect(), 0, 0);
        }
        let (mark, style, to) = match to {
            Value::Null => ("", 0, String::new()),
            to if number(&to["id"]) == self.session.id => ("(private) ", 7, " to you".to_string()),
            to => ("(private) ", 7, format!(" to {}", text(&to["name"]))),
        };
        let (star, rest) = match said_text.strip_prefix("/me ") {
            Some(action) => ("* ", format!("{to} {action}")),
            None => ("", format!("{to}: {said_text}")),
        };
        let before = format!("{mark}{} {star}", &date[17..22]);
        let range = before.len()..before.len() + name.len();
        self.lines.push(Line { text: before + &name + &visible_lines(&rest), style, name: (id, range) });
    }

    /// Shows a line of this program's own.
    pub fn notice(&mut self, text: impl AsRef<str>) {
        let text = format!("- {}", visible_lines(text.as_ref()));
        self.lines.push(Line { text, style: 2, name: (0, 0..0) });
    }

    /// Does what was typed. If it means nothing, nothing is sent, and that is the `problem`. Returns whether
    /// to quit.
    pub fn enter(&mut self, line: &str) -> bool {
        // A blank before a command does not make a text of it: /msg must not be said to everyone.
        let line = if line.trim_start().starts_with('/') { line.trim() } else { line.trim_end() };
        self.problem = self.obey(line).err();
        line == "/quit"
    }

    fn obey(&mut self, line: &str) -> Result<(), String> {
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match command {
            _ if line.trim().is_empty() => {}
            _ if line.chars().count() > self.text_max => {
                return Err(format!("a message has at most {} characters", self.text_max));
            }
            "/quit" => {}
            "/panic" if cfg!(debug_assertions) => drop(thread::spawn(|| panic!("as asked"))), // for a test
            "/help" => HELP.lines().for_each(|line| self.notice(line)),
            "/earlier" => self.session.ask_earlier(self.oldest, 0, "earlier"),
            "/who" => {
                let names = self.session.members.values().cloned().collect::<Vec<_>>().join(", ");
                let others = if self.session.is_big { " and others" } else { "" };
                self.notice(format!("Here: {names}{others}"));
            }
            "/nick" if !rest.trim().is_empty() => self.session.queue(rest.trim(), None, true),
            "/msg" => {
                let found = self.session.split_name(rest.trim()).filter(|(_, text)| !text.is_empty());
                let (to, text) =
                    found.ok_or("no one has that name, or the text is missing: /msg NAME TEXT")?;
                self.session.queue(&text, Some(to), false);
            }
            "/me" if !rest.trim().is_empty() => self.session.queue(line, None, false),
            _ if line.starts_with('/') && !line.starts_with("//") => {
                return Err(format!("{command} means nothing here: /help"));
            }
            _ => self.session.queue(line.strip_prefix("//").map_or(line, |_| &line[1..]), None, false),
        }
        Ok(())
    }

    /// What the last word of this text may become: a command or a name.
    pub fn completions(&self, before: &str) -> Vec<String> {
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = before[start..].to_lowercase();
        if before.trim().is_empty() {
            return Vec::new(); // a tab of a pasted text
        }
        let quote =
            |name: &String| if name.contains(' ') { format!("\"{name}\" ") } else { name.clone() + " " };
        let names = self.session.members.values().map(quote);
        let commands = COMMANDS.iter().map(|command| command.to_string()).filter(|_| start == 0);
        let begins = |name: &String| name.trim_start_matches('"').to_lowercase().starts_with(&word);
        names.chain(commands).filter(begins).collect()
    }

    /// What stands above the text being typed: the messages that wait, then how things are.
    pub fn above(&mut self) -> Vec<String> {
        let waits = |unsent: &Unsent| match &unsent.to {
            Some((_, name)) => format!("… (private) to {name}: {} (waiting)", unsent.text),
            None => format!("… {} (waiting)", unsent.text),
        };
        let mut above: Vec<String> = self.session.unsent.iter().map(waits).collect();
        let mut status = Vec::new();
        match &self.session.link {
            Link::Waiting(until) => {
                let seconds = until.saturating_duration_since(Instant::now()).as_secs() + 1;
                status.push(format!("The connection is lost; next try in {seconds} s"));
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

    /// When [`Chat::above`] changes by itself.
    pub fn changes_at(&self) -> Option<Instant> {
        let countdown = matches!(self.session.link, Link::Waiting(_))
            .then(|| Instant::now() + Duration::from_millis(500));
        self.typing.values().copied().chain(countdown).min()
    }

    /// A person is typing this. Commands are not told to the others.
    pub fn show_typing(&mut self, text: &str) {
        let is_due = self.typed.is_none_or(|typed| typed.elapsed() >= TYPING_INTERVAL);
        if is_due && !text.is_empty() && !text.starts_with('/') {
            self.typed = Some(Instant::now());
            self.session.send(JsonObject::new("typing"));
        }
    }
}
