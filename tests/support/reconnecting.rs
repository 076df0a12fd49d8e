//! A client that reconnects, as the page does: it keeps every message that it has received, sends again
//! what is not acknowledged, and comes back with its token after the connection breaks or the server is
//! killed.
//!
//! Its WebSocket is tungstenite's, which returns every error; the other clients here panic instead.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, TcpStream};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use super::PATIENCE;

/// What the client keeps from one connection to the next.
#[derive(Default)]
pub struct ReconnectingClient {
    /// Its name, with which each of its texts begins.
    pub name: String,
    /// The token of its first welcome.
    pub token: Option<String>,
    /// The newest id that it has.
    pub since: u64,
    /// Messages that it has missed and not fetched yet: those between the two ids.
    pub holes: Vec<(u64, u64)>,
    /// Author and text of each message that it has, by id.
    pub messages: BTreeMap<u64, (u64, String)>,
    /// The numbers of its own messages that are not acknowledged, in order; each number is the `ref`.
    pub unacknowledged: VecDeque<u64>,
    /// The number of its own messages so far.
    pub count: u64,
    /// The id of each of its own messages that is acknowledged, by number.
    pub acknowledged: BTreeMap<u64, u64>,
    /// The number of connections that it has had.
    pub connections: u64,
}

impl ReconnectingClient {
    pub fn new(name: &str) -> ReconnectingClient {
        ReconnectingClient { name: name.to_string(), ..ReconnectingClient::default() }
    }

    /// The text of its message with this number.
    pub fn text(&self, number: u64) -> String {
        format!("{} says {number}", self.name)
    }

    /// Connects and says messages, up to eight of them unacknowledged at a time. Returns true when `most`
    /// of its own are acknowledged and it has everything up to the id `last`, and false when the
    /// connection breaks before that.
    pub fn talk(&mut self, port: u16, most: u64, last: u64) -> bool {
        self.try_talk(port, most, last).is_ok()
    }

    /// The same; any error means that the connection has broken.
    fn try_talk(&mut self, port: u16, most: u64, last: u64) -> tungstenite::Result<()> {
        const UNDER_WAY: usize = 8;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let token = self.token.iter().map(|token| format!("&token={token}"));
        let query = format!("?name={}&since={}{}", self.name, self.since, token.collect::<String>());
        let url = format!("ws://localhost:{port}/chat{query}");
        let (mut socket, _) = tungstenite::client(url, stream).map_err(|error| match error {
            tungstenite::HandshakeError::Failure(error) => error,
            tungstenite::HandshakeError::Interrupted(_) => panic!("the socket blocks"),
        })?;
        self.connections += 1;
        let welcome = read(&mut socket)?;
        assert_eq!(welcome["type"], "welcome");
        assert_eq!(welcome["resumed"], self.token.is_some(), "{welcome}");
        assert_eq!(welcome["gap"], false);
        self.token = Some(welcome["token"].as_str().unwrap().to_string());
        let own = welcome["you"]["id"].as_u64().unwrap();
        // The welcome brings the newest messages that it missed; older ones have to be asked for.
        let since = self.since;
        let oldest = self.keep_all(&welcome["messages"]);
        if welcome["more"] == true {
            self.holes.push((since, oldest));
        }
        self.fill(&mut socket)?;
        let mut next = VecDeque::from_iter(self.unacknowledged.iter().copied());
        // A set, not a count: a message of its last connection may be acknowledged on this one as well.
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
            if self.holes.is_empty() && self.acknowledged.len() as u64 >= most && self.since >= last {
                return socket.close(None);
            }
            let message = read(&mut socket)?;
            match message["type"].as_str().unwrap() {
                "said" => drop(self.keep(&message)),
                "earlier" => {
                    let oldest = self.keep_all(&message["messages"]);
                    let (after, before) = self.holes.pop().expect("this page was asked for");
                    if message["more"] == true && oldest > after + 1 {
                        assert!(oldest < before, "a page of older messages: {message}");
                        self.holes.push((after, oldest));
                    }
                    self.fill(&mut socket)?;
                }
                "ack" => {
                    let number: u64 = message["ref"].as_str().unwrap().parse().unwrap();
                    let id = message["id"].as_u64().unwrap();
                    self.remember(id, own, self.text(number));
                    let first = *self.acknowledged.entry(number).or_insert(id);
                    assert_eq!(first, id, "a message keeps its id");
                    self.unacknowledged.retain(|it| *it != number);
                    under_way.remove(&number);
                }
                "error" => panic!("{message}"),
                _ => {}
            }
        }
    }

    /// Asks for the page before the newest hole's end, if there is a hole.
    fn fill(&self, socket: &mut WebSocket<TcpStream>) -> tungstenite::Result<()> {
        let request = |(_, before): &(u64, u64)| json!({ "type": "earlier", "before": before });
        self.holes.last().map_or(Ok(()), |hole| send(socket, &request(hole)))
    }

    /// Keeps these messages; returns the id of the oldest.
    fn keep_all(&mut self, messages: &Value) -> u64 {
        let messages = messages.as_array().unwrap();
        messages.iter().map(|said| self.keep(said)).min().unwrap_or(u64::MAX)
    }

    /// Keeps this message; returns its id.
    fn keep(&mut self, said: &Value) -> u64 {
        let id = said["id"].as_u64().unwrap();
        let text = said["text"].as_str().unwrap().to_string();
        self.remember(id, said["from"]["id"].as_u64().unwrap(), text);
        id
    }

    /// Keeps a message, which has to be the same if this id is already known.
    fn remember(&mut self, id: u64, from: u64, text: String) {
        self.since = self.since.max(id);
        let first = self.messages.entry(id).or_insert_with(|| (from, text.clone()));
        assert_eq!(*first, (from, text), "id {id}");
    }
}

fn send(socket: &mut WebSocket<TcpStream>, message: &Value) -> tungstenite::Result<()> {
    socket.send(message.to_string().into())
}

/// Reads the next message.
fn read(socket: &mut WebSocket<TcpStream>) -> tungstenite::Result<Value> {
    loop {
        match socket.read()? {
            Message::Text(text) => return Ok(serde_json::from_str(&text).expect("JSON")),
            Message::Close(close) => println!("closed: {close:?}"), // shown when the test fails
            _ => {}
        }
    }
}
