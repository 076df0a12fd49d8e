//! Texts at random: through the functions that read a client's messages, check names, and write JSON.

use partyline::chat::names::{self, NAME_MAX};
use partyline::chat::protocol::{self, ClientMessage, Problem, REF_MAX, Recipient};
use partyline::text::{is_invisible, is_joiner_or_selector, visible};
use serde_json::{Value, json};

use crate::support::corpus::to_bytes;
use crate::support::fuzzing::fuzz;

/// Texts: messages of the chat, names, and others.
fn text_corpus() -> Vec<Vec<u8>> {
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(300), close.repeat(300));
        format!("{{\"type\":\"say\",\"text\":\"x\",\"more\":{open}1{close}}}")
    };
    to_bytes(&[
        "hello, street",
        "Ana\u{301} B\u{202E}  C",
        " \u{3000}\u{A0}x\u{2028}",
        "\u{FFFD}\u{AD}\u{200B}\u{9B}2J\0\x1B[2J",
        r#"{"type":"say","text":"hello","ref":"r1"}"#,
        r#"{"type":"say","text":"psst","to":2}"#,
        r#"{"type":"say","text":"\ud83d\ude00 \u0000\u202e","to":"Ben","ref":null}"#,
        r#"{"type":"say","text":"x","to":18446744073709551615}"#,
        r#"{"type":"name","name":" Zo\u00eb  the 2nd ","ref":"é"}"#,
        r#"{"type":"name","name":"\ud800"}"#,
        r#"{"type":"typing","to":1e300}"#,
        r#"{"type":"typing","more":[{"a":[1,-0.5e-7,true,null,"\\\""]}]}"#,
        r#"{"type":"received","id":7}"#,
        r#"{"type":"say","text":"\ud83d","to":2,"ref":"r"}"#,
        r#"[{"type":"say","text":"x","to":null,"ref":"r"}]"#,
        r#""{\"type\":\"say\",\"text\":\"x\",\"to\":2,\"ref\":\"r\"}""#,
        "\u{FEFF} \r\n{\"type\":\"say\",\"text\":\"x\",\"to\":2}",
        "{'type':'say','text':'x','to':2,'ref':'r'}",
        r#"{"type":"earlier","before":7,"ref":"r"}"#,
        r#"{"type":"photo","mime":"image/png","size":12345,"caption":"the sea","to":2,"ref":"r"}"#,
        r#"{"type":"photo","size":12345}"#,
        &format!("{{\"type\":\"typing\",\"ref\":\"{}\"}}", "€".repeat(22)),
        &nested("[", "]"),
        &nested("{\"a\":", "}"),
        "❤\u{FE0F}Lea 👩🏽\u{200D}💻 1\u{FE0F}\u{20E3} 🏴\u{E0067}\u{E0062}\u{E0065}\u{E007F}",
        "می\u{200C}خواهم ශ\u{DCA}\u{200D}රී र\u{93C}ो 한글 か\u{3099}パ",
        "оperatоr 0perator EVERYΟΝE (you) Straẞe ΟΔΟΣ İıﬁŉ Tie\u{302}\u{301}\u{323}n ｊ𝓙Ⓙ🅙",
        &"x".repeat(300),
        &"😀".repeat(200),
    ])
}

/// Words of the chat's messages, and odd characters.
#[rustfmt::skip]
const TEXT_TOKENS: [&[u8]; 78] = [
    b"{", b"}", b"[", b"]", b"\"", b":", b",", b"\\", b"\\u", b"\\ud83d", b"\\ude00", b"\\u0000", b"\\u009b",
    b"\\\"", b"{\"a\":", b"[[", b"]]", b"\0", b"\n", b"\r\n", b"\t", b" ", b"\x1B[2J", b"\xC2\x9B", b"\xE2\x80\xAE",
    b"\xE2\x80\x8B", b"\xEF\xBF\xBD", b"\xF0\x9F\x98\x80", b"\xE3\x80\x80", b"\xC2\xA0", b"\xCC\x81", b"\xED\xA0\x80",
    b"\xFF", b"null", b"true", b"-1", b"0", b"2", b"1e999", b"-0.0", b"18446744073709551616", b"9999999999999999",
    b"\"photo\"", b"\"size\":", b"\"caption\":",
    b"\"type\":", b"\"say\"", b"\"name\"", b"\"typing\"", b"\"received\"", b"\"earlier\"", b"\"before\":", b"\"text\":", b"\"to\":", b"\"ref\":", b"\"id\":",
    b"\"__proto__\":", b"\"ref\":\"r\",", b"\"to\":2,", b"\xC4\xB0", b"\xC3\x9F", b"xxxxxxxxxxxxxxxx",
    b"\xE2\x80\x8C", b"\xE2\x80\x8D", b"\xEF\xB8\x8F", b"\xE2\x9D\xA4", b"\xE0\xA5\x8D", b"\xD9\x85", b"\xCC\x88", b"\xCC\xA3",
    b"\xCD\x85", b"\xCF\x83", b"\xE1\xBA\x9E", b"\xF0\x9F\x8F\xB4", b"\xF3\xA0\x81\xA7", b"\xF3\xA0\x81\xBF", b"\xD0\xBE", b"operat",
];

#[test]
fn a_text_is_read_within_the_limits_or_refused() {
    fuzz("texts", &text_corpus(), &TEXT_TOKENS, |input, random| {
        let text = String::from_utf8_lossy(input);
        check_message(&text, 1 << random.below(14));
        check_key(&text.chars().take(100).collect::<String>());
        if let Ok(name) = names::check(&text) {
            check_name(&name);
            let (taken, _) = names::first_free(&name, |key| !key.ends_with(" 4"));
            check_name(&taken);
            check_key(&taken);
            assert!(!names::is_reserved(&names::key(&taken)), "{taken:?}");
        }
        let shown = visible(&text);
        assert!(!shown.contains(is_hidden), "{shown:?}");
        assert_eq!(visible(&shown), shown);
        // What was needed is still there, and what could not be seen is not.
        assert!(shown == text || text.contains(|c| is_hidden(c) || is_joiner_or_selector(c)), "{text:?}");
        let quoted: Value = serde_json::from_str(&partyline::json::quoted(&text).to_string()).expect("JSON");
        assert_eq!(quoted, *text);
    });
}

/// Checks that a client's message keeps the limits, and that it parses to the same when it is written in
/// the plainest way; or that it is refused with an `error`.
fn check_message(text: &str, text_max: usize) {
    let (reference, message) = protocol::parse(text, text_max);
    let has_room = |reference: &str| (1..=REF_MAX).contains(&reference.len());
    assert!(reference.as_deref().is_none_or(has_room), "{reference:?}");
    let (mut plain, to) = match &message {
        Ok(ClientMessage::Say(said, to, _)) => {
            assert!(!said.trim().is_empty() && said.chars().count() <= text_max, "{said:?}");
            // A plain text is said as it is. What has a recipient, or could have one, is not said to everyone.
            let is_hidden = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
            let is_plain = !text.trim_start_matches(is_hidden).starts_with('{');
            assert!(!is_plain || text == said && !text.contains("\"to\":"), "{text:?}");
            let fields = serde_json::from_str::<Value>(text.trim_start_matches('\u{FEFF}'));
            assert!(to.is_some() || !fields.is_ok_and(|fields| fields.get("to").is_some()));
            (json!({ "type": "say", "text": said }), to)
        }
        Ok(ClientMessage::Name(name)) => {
            check_name(name);
            (json!({ "type": "name", "name": name }), &None)
        }
        Ok(ClientMessage::Photo(Err(problem))) => return check_problem(problem, reference.as_deref()),
        Ok(ClientMessage::Photo(Ok(photo))) => {
            let caption = &photo.caption;
            assert!(caption.is_empty() || !caption.trim().is_empty() && caption.chars().count() <= text_max);
            (json!({ "type": "photo", "size": photo.size, "caption": caption }), &photo.to)
        }
        Ok(ClientMessage::Typing(to)) => (json!({ "type": "typing" }), to),
        Ok(ClientMessage::Received(id)) => (json!({ "type": "received", "id": id }), &None),
        Ok(ClientMessage::Earlier(before, after)) => {
            (json!({ "type": "earlier", "before": before, "after": after }), &None)
        }
        Err(problem) => {
            let has_one_ref = text.matches("ref\"").count() == 1 && text.contains(",\"ref\":\"r\"");
            if problem.code == "not-json" && has_one_ref {
                assert_eq!(reference.as_deref(), Some("r"), "{text:?}");
            }
            return check_problem(problem, reference.as_deref());
        }
    };
    match to {
        Some(Recipient::Id(id)) => plain["to"] = json!(id),
        Some(Recipient::Name(name)) => plain["to"] = json!(name),
        None => {}
    }
    plain["ref"] = json!(reference.as_deref());
    assert_eq!(protocol::parse(&plain.to_string(), text_max), (reference, message));
}

fn check_problem(problem: &Problem, reference: Option<&str>) {
    const CODES: [&str; 7] =
        ["not-json", "unknown-type", "bad-field", "bad-ref", "bad-name", "empty", "text-too-long"];
    let Problem { code, message } = problem;
    assert!(CODES.contains(code) && !message.contains(char::is_control), "{code}: {message:?}");
    let error = protocol::error(problem, reference).end();
    let error: Value = serde_json::from_str(&error).expect("an error is JSON");
    let mut expected = json!({ "type": "error", "code": code, "message": message });
    if let Some(reference) = reference {
        expected["ref"] = json!(reference);
    }
    assert_eq!(error, expected);
}

/// Whether a character may not be shown anywhere. Some others that are invisible may, where they are needed.
fn is_hidden(c: char) -> bool {
    c.is_control() || is_invisible(c) && !is_joiner_or_selector(c)
}

/// Checks the key of any text: it is its own key, and what is not seen in the text is not in it.
fn check_key(text: &str) {
    let key = names::key(text);
    assert_eq!(names::key(&key), key, "{text:?}");
    assert!(!key.contains(is_joiner_or_selector), "{text:?}");
    let spelled = text.replace(is_joiner_or_selector, "");
    assert_eq!(names::key(&spelled), key, "{text:?}");
    assert_eq!(names::key(&text.to_lowercase()), key, "{text:?}");
}

/// Checks that a name is accepted again without a change, and has no character that cannot be seen.
fn check_name(name: &str) {
    assert_eq!(names::check(name).as_deref(), Ok(name));
    assert!((1..=NAME_MAX).contains(&name.chars().count()), "{name:?}");
    assert!(!name.contains(is_hidden) && visible(name) == name, "{name:?}");
    assert!(!name.replace(is_joiner_or_selector, "").trim().is_empty(), "{name:?}");
    assert!(name.trim() == name && !name.contains("  "), "{name:?}");
}
