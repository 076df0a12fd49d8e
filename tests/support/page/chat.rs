//! What only the chat's page has: opening it, its list of messages, its notices, its connection.

use serde_json::Value;

use super::Page;

impl Page<'_> {
    /// Opens the chat and waits until a user can type. Returns the member's name.
    ///
    /// Afterwards scripts of the test can call `notices(words)`, which counts the notices in the open
    /// conversation that contain these words.
    pub fn open_chat(&self, host: &str, port: u16) -> String {
        self.open(&format!("http://{host}:{port}/"));
        self.evaluate(
            "void (window.notices = (words) =>
                Array.from(document.querySelectorAll('#list .notice'))
                    .filter((item) => item.textContent.includes(words)).length)",
        );
        self.wait_until_connected();
        self.own_name()
    }

    /// Waits until the chat is connected and its message box has the focus.
    pub fn wait_until_connected(&self) {
        self.wait_for("line.className === 'open' && document.activeElement === text");
    }

    /// The name of this page's member.
    pub fn own_name(&self) -> String {
        self.evaluate_text("document.querySelector('#me .name').textContent")
    }

    /// Waits until the open conversation has `count` messages, and returns the texts of all.
    pub fn wait_for_texts(&self, count: usize) -> Value {
        let texts = "document.querySelectorAll('#list .text').length";
        self.wait_for(&format!("{texts} >= {count} && list.ariaBusy !== 'true'"));
        self.evaluate("Array.from(document.querySelectorAll('#list .text'), (item) => item.textContent)")
    }

    /// Waits for a notice with these words in the open conversation, and asserts that it is the only one.
    pub fn wait_for_notice(&self, words: &str) {
        self.wait_for(&format!("notices('{words}') > 0 && list.ariaBusy !== 'true'"));
        assert_eq!(self.evaluate(&format!("notices('{words}')")), 1, "{words}");
    }

    /// Opens the private conversation with the member of this name.
    pub fn open_private_chat(&self, name: &str) {
        // The list is drawn a moment after the member has come.
        self.wait_for(&format!(
            "Array.from(document.querySelectorAll('#people-list a'))
                 .some((entry) => entry.textContent.startsWith('{name}') && (entry.click(), true))"
        ));
        self.wait_for(&format!("title.textContent === '{name}'"));
    }

    /// Presses "Retry now", unless the page has reconnected by itself before.
    pub fn retry_now(&self) {
        self.wait_for("retry.hidden || (retry.click(), countdown.textContent === 'Trying …')");
    }

    /// The page's messages of this `type` to the server so far, each with the time in seconds at which
    /// it was sent. Binary messages have no type.
    pub fn sent_messages(&self, kind: &str) -> Vec<(f64, Value)> {
        self.wait_for_past_events();
        let frames = self.events("Network.webSocketFrameSent");
        let texts = frames.iter().filter(|event| event["response"]["opcode"] == 1);
        let parsed = texts.map(|event| {
            let text = event["response"]["payloadData"].as_str().unwrap();
            (event["timestamp"].as_f64().unwrap(), serde_json::from_str::<Value>(text).unwrap())
        });
        parsed.filter(|(_, message)| message["type"] == kind).collect()
    }

    /// Waits until the page has told the server that all messages up to this id have arrived.
    pub fn wait_until_receipt_is_sent(&self, id: u64) {
        let expected = format!("{{\"type\":\"received\",\"id\":{id}}}");
        self.wait_for_event("Network.webSocketFrameSent", |event| {
            event["response"]["payloadData"] == expected
        });
    }

    /// Asserts that the page has no errors but those that the browser itself writes to the console when
    /// it cannot reach the server.
    pub fn assert_clean_but_for_lost_connections(&self) {
        self.wait_for_past_events();
        let mut problems = self.problems();
        problems.retain(|it| !it.contains("WebSocket connection to") && !it.contains("net::ERR_"));
        assert_eq!(problems, Vec::<String>::new());
    }
}
