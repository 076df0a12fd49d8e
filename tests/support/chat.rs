//! A member of the chat: a client of `/chat` that sends what it is told and takes each message as it
//! comes. Every test of the chat says exactly which message has to be the next one.

use std::io::Write;

use serde_json::{Value, json};

use super::{PATIENCE, Peer, Server, connect, read_head, upgrade_request};

/// Somebody in the chat, after its `welcome`.
pub struct Member {
    pub peer: Peer,
    pub welcome: Value,
    pub id: u64,
    pub name: String,
    pub token: String,
    /// Whether `receipt` is one of the messages that have to be expected. They come by a clock.
    pub expects_receipts: bool,
}

impl Member {
    /// Comes in with this query and this value of the cookie `name`, as bytes.
    pub fn open(server: &Server, query: &str, cookie: Option<&[u8]>) -> Member {
        Member::open_at(server.port, query, cookie)
    }

    /// Comes in at another port that leads to the server.
    pub fn open_at(port: u16, query: &str, cookie: Option<&[u8]>) -> Member {
        let mut stream = connect(port);
        let request = upgrade_request(&format!("/chat{query}"), "");
        let cookie = cookie.map_or(Vec::new(), |name| [b"Cookie: name=", name, b"\r\n"].concat());
        let (line, rest) = request.split_once("\r\n").unwrap();
        let request = [line.as_bytes(), b"\r\n", &cookie, rest.as_bytes()].concat();
        stream.write_all(&request).unwrap();
        let (head, buffer) = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let mut peer = Peer { stream, buffer };
        let welcome: Value = serde_json::from_str(&peer.read_text()).unwrap();
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        Member {
            peer,
            id: welcome["you"]["id"].as_u64().expect("a member's id"),
            name: welcome["you"]["name"].as_str().expect("a name").to_string(),
            token: welcome["token"].as_str().expect("a token").to_string(),
            welcome,
            expects_receipts: true,
        }
    }

    /// Comes in under this name.
    pub fn come(server: &Server, name: &str) -> Member {
        Member::open(server, &format!("?name={}", percent(name)), None)
    }

    /// Comes in again with its token, after the message `since`.
    pub fn come_back(server: &Server, token: &str, since: u64) -> Member {
        let member = Member::open(server, &format!("?token={token}&since={since}"), None);
        assert_eq!(member.welcome["resumed"], true, "{}", member.welcome);
        assert_eq!(member.token, token);
        member
    }

    /// `{id, name}`, as messages name a person.
    pub fn person(&self) -> Value {
        json!({ "id": self.id, "name": self.name })
    }

    pub fn send(&mut self, message: &Value) {
        self.peer.send_text(&message.to_string());
    }

    /// Says a text to the room, without a `ref`, and so without an answer.
    pub fn say(&mut self, text: &str) {
        self.send(&json!({ "type": "say", "text": text }));
    }

    /// Says a text to the room and waits for its `ack`, which has to come next.
    pub fn say_and_wait(&mut self, text: &str) -> Value {
        self.send(&json!({ "type": "say", "text": text, "ref": text }));
        let ack = self.read();
        assert_eq!((&ack["type"], &ack["ref"]), (&json!("ack"), &json!(text)), "{ack}");
        ack
    }

    /// Says a text to the room and reads until its `ack`, whatever comes before it.
    pub fn say_and_wait_among(&mut self, text: &str) -> Value {
        self.send(&json!({ "type": "say", "text": text, "ref": text }));
        self.read_until(|message| message["type"] == "ack" && message["ref"] == text)
    }

    /// Reads until a message is what is looked for, and returns it.
    pub fn read_until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        std::iter::repeat_with(|| self.read()).find(is_it).expect("it does not end")
    }

    /// The next message. Pings and beats, which come after 20 s on a slow machine, are none.
    pub fn read(&mut self) -> Value {
        loop {
            let frame = self.peer.read();
            if frame.first != 0x89 {
                let shown = String::from_utf8_lossy(&frame.payload);
                assert_eq!(frame.first, 0x81, "a text: {shown:?}");
                let text = String::from_utf8(frame.payload).expect("text is UTF-8");
                let message: Value = serde_json::from_str(&text).expect("JSON");
                let is_ignored = message["type"] == "receipt" && !self.expects_receipts;
                if message["type"] != "beat" && !is_ignored {
                    return message;
                }
            }
        }
    }

    /// The next message has to be this one, in all its fields, but for those that no test can know:
    /// the time of a message, which has to be of these days, and the words of an error.
    #[track_caller]
    pub fn expect(&mut self, expected: &Value) {
        let mut message = self.read();
        let whole = message.to_string();
        let fields = message.as_object_mut().expect("an object");
        match fields["type"].as_str() {
            Some("said") => assert!(is_recent(&fields.remove("at").unwrap()), "{whole}"),
            Some("ack") => assert!(fields.remove("at").is_none_or(|at| is_recent(&at)), "{whole}"),
            Some("error") => {
                let words = fields.remove("message").unwrap();
                assert!(words.as_str().is_some_and(|words| words.len() > 10), "{whole}");
            }
            _ => {}
        }
        assert_eq!(message, *expected, "{whole}");
    }

    #[track_caller]
    pub fn expect_said(&mut self, id: u64, from: &Value, text: &str) {
        self.expect(&json!({ "type": "said", "id": id, "from": from, "text": text }));
    }

    #[track_caller]
    pub fn expect_error(&mut self, code: &str, reference: Option<&str>) {
        let mut expected = json!({ "type": "error", "code": code });
        if let Some(reference) = reference {
            expected["ref"] = reference.into();
        }
        self.expect(&expected);
    }

    /// `joined`, `left`, `away` or `back` of somebody.
    #[track_caller]
    pub fn expect_notice(&mut self, kind: &str, member: &Value) {
        self.expect(&json!({ "type": kind, "member": member }));
    }

    /// Waits until its thread in the server has come to reading: only then is the welcome behind it.
    pub fn settle(&mut self) {
        self.send(&json!({ "type": "settle" }));
        self.expect_error("unknown-type", None);
    }

    /// Leaves with this Close payload and waits for the answer in kind.
    pub fn close(&mut self, payload: &[u8]) {
        self.peer.send(0x88, payload);
        loop {
            let frame = self.peer.read();
            if frame.first == 0x88 {
                assert_eq!(frame.payload, payload);
                break;
            }
        }
        assert_eq!(self.peer.try_read(), None);
    }

    /// Leaves for good.
    pub fn leave(mut self) {
        self.close(b"\x03\xE8");
    }
}

/// Some members who have all heard of each other.
pub fn gather<const N: usize>(server: &Server, names: [&str; N]) -> [Member; N] {
    let mut members: Vec<Member> = Vec::new();
    for name in names {
        let newcomer = Member::come(server, name);
        for member in &mut members {
            member.expect_notice("joined", &newcomer.person());
        }
        members.push(newcomer);
    }
    members.try_into().unwrap_or_else(|_| unreachable!("one for each name"))
}

/// The field `name` of each of these messages.
pub fn column(messages: &Value, name: &str) -> Vec<Value> {
    messages.as_array().expect("a list").iter().map(|message| message[name].clone()).collect()
}

/// A text as it stands in a query or in a cookie.
pub fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Whether these are milliseconds since 1970 of a moment that is no longer ago than a test takes.
pub fn is_recent(at: &Value) -> bool {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let at = std::time::Duration::from_millis(at.as_u64().expect("a time"));
    at <= now && now - at < PATIENCE
}
