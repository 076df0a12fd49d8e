//! A client of the chat as it should be: it keeps what it has heard, sends again what nobody has
//! acknowledged, and comes back with its token, whatever becomes of the line or of the server.
//!
//! Its WebSocket is tungstenite's, which reports every error where the other clients here would panic.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, TcpStream};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use super::PATIENCE;

/// What it keeps while it is not connected.
#[derive(Default)]
pub struct Stubborn {
    /// Its name, and what its texts begin with.
    pub name: String,
    /// With what it comes back.
    pub token: Option<String>,
    /// The newest id that it has.
    pub since: u64,
    /// What it has missed and not fetched yet: after the first of two ids and before the second.
    pub holes: Vec<(u64, u64)>,
    /// Who said what, as far as it knows.
    pub heard: BTreeMap<u64, (u64, String)>,
    /// The numbers of its own messages that are not acknowledged, in order; each number is the `ref`.
    pub unacknowledged: VecDeque<u64>,
    /// How many messages of its own there are so far.
    pub count: u64,
    /// The id of each that is acknowledged.
    pub acknowledged: BTreeMap<u64, u64>,
    /// How many connections it has had.
    pub connections: u64,
}

impl Stubborn {
    /// Somebody new.
    pub fn new(name: &str) -> Stubborn {
        Stubborn { name: name.to_string(), ..Stubborn::default() }
    }

    /// The text of its message with this number.
    pub fn text(&self, number: u64) -> String {
        format!("{} says {number}", self.name)
    }

    /// Talks over one connection, several messages under way at a time, until all of `most` are
    /// acknowledged and everything up to the id `last` is here, or until the connection breaks.
    /// Returns whether it is done.
    pub fn talk(&mut self, port: u16, most: u64, last: u64) -> bool {
        self.try_talk(port, most, last).is_ok()
    }

    /// An error is the end of the connection: all of those are alike here.
    fn try_talk(&mut self, port: u16, most: u64, last: u64) -> tungstenite::Result<()> {
        const UNDER_WAY: usize = 8;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let token = self.token.iter().map(|token| format!("&token={token}"));
        let query =
            format!("?name={}&since={}{}", self.name, self.since, token.collect::<String>());
        let url = format!("ws://localhost:{port}/chat{query}");
        let (mut socket, _) = tungstenite::client(url, stream).map_err(|error| match error {
            tungstenite::HandshakeError::Failure(error) => error,
            tungstenite::HandshakeError::Interrupted(_) => panic!("it blocks"),
        })?;
        self.connections += 1;
        let welcome = read(&mut socket)?;
        assert_eq!(welcome["type"], "welcome");
        assert_eq!(welcome["resumed"], self.token.is_some(), "{welcome}");
        assert_eq!(welcome["gap"], false);
        self.token = Some(welcome["token"].as_str().unwrap().to_string());
        let own = welcome["you"]["id"].as_u64().unwrap();
        // What it missed: the newest of it, and further back what does not fit.
        let since = self.since;
        let oldest = self.file_all(&welcome["messages"]);
        if welcome["more"] == true {
            self.holes.push((since, oldest));
        }
        self.fill(&mut socket)?;
        let mut next = VecDeque::from_iter(self.unacknowledged.iter().copied());
        // Not a number: what its last connection left in the server's hands may be acknowledged as well.
        let mut under_way = BTreeSet::new();
        loop {
            while under_way.len() < UNDER_WAY && (!next.is_empty() || self.count < most) {
                let number = next.pop_front().unwrap_or_else(|| {
                    self.count += 1;
                    self.unacknowledged.push_back(self.count);
                    self.count
                });
                let reference = number.to_string();
                let say = json!({ "type": "say", "text": self.text(number), "ref": reference });
                under_way.insert(number);
                send(&mut socket, &say)?;
            }
            if self.holes.is_empty() && self.acknowledged.len() as u64 >= most && self.since >= last
            {
                return socket.close(None);
            }
            let message = read(&mut socket)?;
            match message["type"].as_str().unwrap() {
                "said" => drop(self.file(&message)),
                "earlier" => {
                    let oldest = self.file_all(&message["messages"]);
                    let (after, before) = self.holes.pop().expect("it was asked for");
                    if message["more"] == true && oldest > after + 1 {
                        assert!(oldest < before, "it goes on: {message}");
                        self.holes.push((after, oldest));
                    }
                    self.fill(&mut socket)?;
                }
                "ack" => {
                    let number: u64 = message["ref"].as_str().unwrap().parse().unwrap();
                    let id = message["id"].as_u64().unwrap();
                    self.remember(id, own, self.text(number));
                    let first = *self.acknowledged.entry(number).or_insert(id);
                    assert_eq!(first, id, "one message, one id");
                    self.unacknowledged.retain(|it| *it != number);
                    under_way.remove(&number);
                }
                "error" => panic!("{message}"),
                _ => {}
            }
        }
    }

    /// Asks for what it has missed, from the newest of it back.
    fn fill(&self, socket: &mut WebSocket<TcpStream>) -> tungstenite::Result<()> {
        let ask = |(_, before): &(u64, u64)| json!({ "type": "earlier", "before": before });
        self.holes.last().map_or(Ok(()), |hole| send(socket, &ask(hole)))
    }

    /// Keeps these; returns the id of the oldest.
    fn file_all(&mut self, messages: &Value) -> u64 {
        let messages = messages.as_array().unwrap();
        messages.iter().map(|said| self.file(said)).min().unwrap_or(u64::MAX)
    }

    fn file(&mut self, said: &Value) -> u64 {
        let id = said["id"].as_u64().unwrap();
        let text = said["text"].as_str().unwrap().to_string();
        self.remember(id, said["from"]["id"].as_u64().unwrap(), text);
        id
    }

    /// Whoever hears of an id again has to hear the same.
    fn remember(&mut self, id: u64, from: u64, text: String) {
        self.since = self.since.max(id);
        let first = self.heard.entry(id).or_insert_with(|| (from, text.clone()));
        assert_eq!(*first, (from, text), "id {id}");
    }
}

fn send(socket: &mut WebSocket<TcpStream>, message: &Value) -> tungstenite::Result<()> {
    socket.send(message.to_string().into())
}

/// The next message of the server's.
fn read(socket: &mut WebSocket<TcpStream>) -> tungstenite::Result<Value> {
    loop {
        match socket.read()? {
            Message::Text(text) => return Ok(serde_json::from_str(&text).expect("JSON")),
            Message::Close(close) => println!("closed: {close:?}"), // shown when the test fails
            _ => {}
        }
    }
}
