//! A member of the chat: a client of `/chat` that sends what the test says and reads message by message.
//! Every test of the chat says exactly which message has to be the next one.

use serde_json::{Value, json};

use super::{PATIENCE, Peer, Server, connect, upgrade_request};

/// A member of the chat, after its `welcome`.
pub struct Member {
    pub peer: Peer,
    pub welcome: Value,
    pub id: u64,
    pub name: String,
    pub token: String,
    /// Whether [`Member::read`] returns a `receipt`. They come by a timer, so that a test that is not
    /// about them cannot know when.
    pub expects_receipts: bool,
}

impl Member {
    /// Joins with this query and this value of the cookie `name`, as bytes.
    pub fn open(server: &Server, query: &str, cookie: Option<&[u8]>) -> Member {
        Member::open_at(server.port, query, cookie)
    }

    /// Joins through another port that leads to the server.
    pub fn open_at(port: u16, query: &str, cookie: Option<&[u8]>) -> Member {
        let request = upgrade_request(&format!("/chat{query}"), "");
        let cookie = cookie.map_or(Vec::new(), |name| [b"Cookie: name=", name, b"\r\n"].concat());
        let (line, rest) = request.split_once("\r\n").unwrap();
        let request = [line.as_bytes(), b"\r\n", &cookie, rest.as_bytes()].concat();
        let mut peer = Peer::open(connect(port), &request);
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

    /// Joins under this name.
    pub fn come(server: &Server, name: &str) -> Member {
        Member::open(server, &format!("?name={}", percent(name)), None)
    }

    /// Joins as the same member again, with its token and the id of the last message that it has.
    #[track_caller]
    pub fn come_back(server: &Server, token: &str, since: u64) -> Member {
        let member = Member::open(server, &format!("?token={token}&since={since}"), None);
        assert_eq!(member.welcome["resumed"], true, "{}", member.welcome);
        assert_eq!(member.token, token);
        member
    }

    /// `{id, name}`, as messages refer to a person.
    pub fn person(&self) -> Value {
        json!({ "id": self.id, "name": self.name })
    }

    pub fn send(&mut self, message: &Value) {
        self.peer.send_text(&message.to_string());
    }

    /// Says a text to everyone, without a `ref`, so that no answer comes.
    pub fn say(&mut self, text: &str) {
        self.send(&json!({ "type": "say", "text": text }));
    }

    /// Says a text to everyone and reads its `ack`, which has to come next.
    #[track_caller]
    pub fn say_and_wait(&mut self, text: &str) -> Value {
        self.send(&json!({ "type": "say", "text": text, "ref": text }));
        let ack = self.read();
        assert_eq!((&ack["type"], &ack["ref"]), (&json!("ack"), &json!(text)), "{ack}");
        ack
    }

    /// Says a text to everyone and reads until its `ack`, whatever comes before it.
    #[track_caller]
    pub fn say_and_wait_among(&mut self, text: &str) -> Value {
        self.send(&json!({ "type": "say", "text": text, "ref": text }));
        self.read_until(|message| message["type"] == "ack" && message["ref"] == text)
    }

    /// Reads up to the first message that this is true of, and returns it.
    #[track_caller]
    pub fn read_until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        std::iter::repeat_with(|| self.read()).find(is_it).expect("reading goes on until then")
    }

    /// Reads the next message. Pings and beats, which come after 20 s on a slow machine, are skipped.
    #[track_caller]
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

    /// Reads the next message, which has to be this one in all its fields, except two that no test can
    /// know: the time of a message, which only has to be recent, and the sentence of an error.
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
        if message != *expected {
            self.peer.fail(expected, whole);
        }
    }

    /// Reads the next message, which has to be this text.
    #[track_caller]
    pub fn expect_said(&mut self, id: u64, from: &Value, text: &str) {
        self.expect(&json!({ "type": "said", "id": id, "from": from, "text": text }));
    }

    /// Reads the next message, which has to be an `error` with this code, and with this `ref` or none.
    #[track_caller]
    pub fn expect_error(&mut self, code: &str, reference: Option<&str>) {
        let mut expected = json!({ "type": "error", "code": code });
        if let Some(reference) = reference {
            expected["ref"] = reference.into();
        }
        self.expect(&expected);
    }

    /// Reads the next message, which has to be `joined`, `left`, `away` or `back` about this person.
    #[track_caller]
    pub fn expect_notice(&mut self, kind: &str, member: &Value) {
        self.expect(&json!({ "type": kind, "member": member }));
    }

    /// Waits until its thread in the server reads messages; before that, the welcome may still be on its
    /// way.
    pub fn settle(&mut self) {
        self.send(&json!({ "type": "settle" }));
        self.expect_error("unknown-type", None);
    }

    /// Sends a Close with this payload and reads up to the same Close and the end of the stream.
    #[track_caller]
    pub fn close(&mut self, payload: &[u8]) {
        self.peer.send(0x88, payload);
        loop {
            let frame = self.peer.read();
            if frame.first == 0x88 {
                assert_eq!(frame.payload, payload);
                break;
            }
        }
        self.peer.expect_end();
    }

    /// Leaves the chat with a Close 1000.
    pub fn leave(mut self) {
        self.close(b"\x03\xE8");
    }
}

/// Some members, each of whom has read the `joined` of those after it.
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

/// Asks for the messages before this id; returns the answer and skips what comes before it.
#[track_caller]
pub fn earlier(member: &mut Member, before: u64) -> Value {
    let reference = format!("before {before}");
    member.send(&json!({ "type": "earlier", "before": before, "ref": reference }));
    let page = member.read_until(|message| message["ref"] == reference);
    assert_eq!(page["type"], "earlier", "{page}");
    let mut fields: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort();
    assert_eq!(fields, ["gap", "messages", "more", "ref", "type"]);
    page
}

/// Reads all messages before this id that the member may see, page by page, and returns them with the
/// oldest first; `check` looks at each page.
#[track_caller]
pub fn read_back(member: &mut Member, mut before: u64, check: impl Fn(&Value)) -> Vec<Value> {
    let mut pages = Vec::new();
    loop {
        let page = earlier(member, before);
        check(&page);
        let ids = ids(&page["messages"]);
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        assert!(ids.last().is_none_or(|last| *last < before), "{ids:?} are before {before}");
        if let Some(first) = ids.first() {
            before = *first;
        }
        let more = page["more"].as_bool().expect("true or false");
        assert!(!more || !ids.is_empty(), "`more` is true, and the page is empty");
        pages.push(page["messages"].as_array().unwrap().clone());
        if !more {
            return pages.into_iter().rev().flatten().collect();
        }
    }
}

/// The ids of these messages.
pub fn ids(messages: &Value) -> Vec<u64> {
    column(messages, "id").iter().map(|id| id.as_u64().expect("an id")).collect()
}

/// The texts of these messages.
pub fn texts(messages: &Value) -> Vec<String> {
    let text = |text: &Value| text.as_str().expect("a text").to_string();
    column(messages, "text").iter().map(text).collect()
}

/// The field `name` of each of these messages.
pub fn column(messages: &Value, name: &str) -> Vec<Value> {
    messages.as_array().expect("a list").iter().map(|message| message[name].clone()).collect()
}

/// A text as it stands in a query or in a cookie, with every byte percent-encoded.
pub fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Whether this is a time in milliseconds since 1970 that is no longer ago than a test takes.
pub fn is_recent(at: &Value) -> bool {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let at = std::time::Duration::from_millis(at.as_u64().expect("a time"));
    at <= now && now - at < PATIENCE
}
