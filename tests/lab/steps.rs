//! Takes the steps of an expectation: opens sockets, sends, and compares what comes. `www/lab/steps.js` does the same
//! on the sheet.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use super::Failure;
use super::frame::{BINARY, Frame, PING, PONG, TEXT};
use super::server::LabServer;
use super::socket::{PATIENCE, Socket};
use super::table::{Random, Words};

/// On these paths other clients may be: a message without the tag of this check is theirs.
const SHARED: [&str; 2] = ["/broadcast", "/chat"];

/// When nothing has come for so long, what was learned is the newest.
const QUIET: Duration = Duration::from_millis(200);

/// Says where a text is no JSON, and shows what stands there.
fn around(text: &str, error: &serde_json::Error) -> String {
    let at = error.column().saturating_sub(1).min(text.len());
    let shown = &text.as_bytes()[at.saturating_sub(30)..text.len().min(at + 20)];
    format!(", from byte {} on: … {} …", at + 1, String::from_utf8_lossy(shown))
}

struct Exchange<'a> {
    words: &'a Words,
    sockets: HashMap<String, (Socket, bool)>,
    /// What has been learned, by name.
    learned: HashMap<String, u64>,
    masks: Random,
    lines: Vec<String>,
}

/// Takes these steps on a server.
/// Errors: the lines of the exchange, up to what is wrong.
pub fn take(server: &LabServer, words: &Words, steps: &[Value]) -> Result<(), Failure> {
    let masks = Random::new(u32::from_be_bytes(words.mask));
    let (sockets, learned) = (HashMap::new(), HashMap::new());
    let mut exchange = Exchange { words, sockets, learned, masks, lines: Vec::new() };
    let result = steps.iter().try_for_each(|step| exchange.step(server, step));
    // The next expectation begins when the server knows that these clients have gone.
    exchange.sockets.drain().for_each(|(_, (socket, _))| socket.end(words.mask));
    result.map_err(|problem| {
        exchange.lines.push(problem);
        exchange.lines
    })
}

impl Exchange<'_> {
    fn step(&mut self, server: &LabServer, step: &Value) -> Result<(), String> {
        let name = |verb: &str| step[verb].as_str().map(str::to_string);
        if let Some(name) = name("open") {
            let path = self.words.fill(step["on"].as_str().unwrap_or_default());
            self.lines.push(format!("{name} opens {path}"));
            let socket = Socket::open(server.port, &path, &self.words.key)?;
            let is_shared = SHARED.iter().any(|shared| path.starts_with(shared));
            self.sockets.insert(name, (socket, is_shared));
        } else if let Some(name) = name("send") {
            let frame = self.frame_to_send(step);
            self.lines.push(format!("{name} sends    {frame}"));
            self.socket(&name).send(&frame)?;
        } else if let Some(name) = name("close") {
            let key = self.masks.bytes();
            self.lines.push(format!("{name} closes with 1000"));
            self.socket(&name).close(key)?;
        } else if let Some(name) = name("expect") {
            match step.get("json") {
                Some(json) => self.expect_json(&name, json, step)?,
                None => self.expect_frame(&name, step)?,
            }
        } else if let (Some(learned), Some(name)) = (name("learn"), name("from")) {
            let mut message = self.read_json(&name, &step["json"], step)?.0;
            // The last of several: clients of the expectation before may only now be leaving.
            let _ = self.socket(&name).stream.set_read_timeout(Some(QUIET));
            while let Ok((newer, _)) = self.read_json(&name, &step["json"], step) {
                message = newer;
            }
            let _ = self.socket(&name).stream.set_read_timeout(Some(PATIENCE));
            let field = step["field"].as_str().unwrap_or_default();
            let number = message[field].as_u64();
            self.lines.push(format!("{name} receives {message}"));
            let number =
                number.ok_or_else(|| format!("{field}: expected a number, received {}", message[field]))?;
            self.learned.insert(learned, number);
        }
        Ok(())
    }

    fn socket(&mut self, name: &str) -> &mut Socket {
        &mut self.sockets.get_mut(name).expect("the table opens a socket before it uses it").0
    }

    /// What a client is to send: a key of its own for each frame (RFC 6455, 5.3).
    fn frame_to_send(&mut self, step: &Value) -> Frame {
        let (first, payload) = match step.get("json") {
            Some(json) => (TEXT, self.fill(json).to_string()),
            None => {
                let kinds =
                    [("text", TEXT), ("binary", BINARY), ("ping", PING), ("first", 0x01), ("last", 0x80)];
                let kind = kinds.into_iter().find(|(kind, _)| step.get(kind).is_some());
                let (kind, first) = kind.expect("a kind of message");
                (first, self.words.fill(step[kind].as_str().unwrap_or_default()))
            }
        };
        Frame { first, key: Some(self.masks.bytes()), payload: payload.into_bytes() }
    }

    fn expect_frame(&mut self, name: &str, step: &Value) -> Result<(), String> {
        let kinds = [("text", TEXT), ("binary", BINARY), ("pong", PONG)];
        let kind = kinds.into_iter().find(|(kind, _)| step.get(kind).is_some());
        let (kind, first) = kind.expect("a kind of message");
        let expected = Frame::of_server(first, self.words.fill(step[kind].as_str().unwrap_or_default()));
        let received = self
            .read_own(name)
            .map_err(|problem| format!("{name} expects  {expected}\n      {name} receives {problem}"));
        let received = received?;
        match expected.difference(&received) {
            None => {
                self.lines.push(format!("{name} receives {received}"));
                Ok(())
            }
            Some(field) => {
                Err(format!("{name} expects  {expected}\n      {name} receives {received}\n      {field}"))
            }
        }
    }

    /// The next frame that is no other client's.
    fn read_own(&mut self, name: &str) -> Result<Frame, String> {
        let tag = self.words.tag.clone();
        let (socket, is_shared) =
            self.sockets.get_mut(name).expect("the table opens a socket before it uses it");
        let mut ignored = 0;
        loop {
            let frame = socket.read().map_err(|problem| match ignored {
                0 => problem,
                count => {
                    format!("{problem}, but {count} without “{tag}”, which every text of this check contains")
                }
            })?;
            let is_own = String::from_utf8_lossy(&frame.payload).to_lowercase().contains(&tag);
            if is_own || !*is_shared || frame.first == super::frame::CLOSE {
                return Ok(frame);
            }
            ignored += 1;
        }
    }

    /// Reads up to a JSON message of the type that is expected; one that should have the tag, up to one that has it.
    /// One of the type `unless` comes only if what `why` says has happened.
    fn read_json(&mut self, name: &str, wanted: &Value, step: &Value) -> Result<(Value, Frame), String> {
        let needs_tag = wanted.to_string().contains(&self.words.tag);
        let tag = self.words.tag.clone();
        let (socket, is_shared) =
            self.sockets.get_mut(name).expect("the table opens a socket before it uses it");
        let mut last = String::new();
        loop {
            let frame = socket.read().map_err(|problem| {
                let after = if last.is_empty() { String::new() } else { format!(" after {last}") };
                format!("{name} expects  {wanted}\n      {name} receives {problem}{after}")
            })?;
            let text = String::from_utf8_lossy(&frame.payload).into_owned();
            let message: Value = match serde_json::from_str(&text) {
                Ok(message) => message,
                // A client of /broadcast may send anything, another route's server may not.
                Err(error) if *is_shared => {
                    last = format!("no JSON{}", around(&text, &error));
                    continue;
                }
                Err(error) => {
                    return Err(format!(
                        "{name} expects  {wanted}\n      {name} receives no JSON{}",
                        around(&text, &error)
                    ));
                }
            };
            if message["type"] == wanted["type"] && !(needs_tag && *is_shared && !text.contains(&tag)) {
                return Ok((message, frame));
            }
            if message["type"] == step["unless"] && step["unless"].is_string() && text.contains(&tag) {
                let why = step["why"].as_str().unwrap_or_default();
                return Err(format!("{name} expects  {wanted}\n      {name} receives {frame}\n      {why}"));
            }
            if text.to_lowercase().contains(&tag) {
                last = frame.to_string();
            }
        }
    }

    fn expect_json(&mut self, name: &str, json: &Value, step: &Value) -> Result<(), String> {
        let wanted = self.fill(json);
        let (message, frame) = self.read_json(name, &wanted, step)?;
        for (field, expected) in wanted.as_object().into_iter().flatten() {
            let received = &message[field];
            if expected != received {
                return Err(format!(
                    "{name} expects  {wanted}\n      {name} receives {frame}\n      {field}: expected {expected}, received {}",
                    if received.is_null() { "nothing".to_string() } else { received.to_string() }
                ));
            }
        }
        self.lines.push(format!("{name} receives {frame}"));
        Ok(())
    }

    /// Puts words, and what has been learned, into the texts of an object: `{n}` and `{n+1}` become numbers.
    fn fill(&self, json: &Value) -> Value {
        let fields = json.as_object().into_iter().flatten().map(|(field, value)| {
            let text = value.as_str().unwrap_or_default();
            let (name, more) =
                text.trim_matches(['{', '}']).split_once('+').unwrap_or((text.trim_matches(['{', '}']), "0"));
            let value = match self.learned.get(name) {
                Some(number) => (number + more.parse::<u64>().unwrap_or(0)).into(),
                None => self.words.fill(text).into(),
            };
            (field.clone(), value)
        });
        Value::Object(fields.collect())
    }
}
