//! Messages of any kind to the chat: each gets the right answer, the connection stays open, and the other
//! members get nothing of a message that is refused.

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::random::Random;
use crate::support::*;

/// A message, the code of its error, and the `ref` in the error.
pub type Case = (String, &'static str, Option<&'static str>);

/// Sends each message, which has to be refused, and after each a text that has to be the next that Ben
/// gets.
pub fn assert_refused(cases: impl IntoIterator<Item = Case>) {
    let server = Server::start(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    for (number, (message, code, reference)) in cases.into_iter().enumerate() {
        let shown: String = message.chars().take(200).collect();
        println!("{shown}"); // the harness shows it when the test fails
        ana.peer.send_text(&message);
        ana.expect_error(code, reference);
        ana.say("that was nothing");
        ben.expect_said(number as u64 + 1, &ana.person(), "that was nothing");
    }
    ben.leave();
    server.assert_serves();
}

pub fn case(message: &str, code: &'static str) -> Case {
    (message.to_string(), code, None)
}

/// An object with these fields and `"ref":"r"`.
pub fn with_ref(fields: &str, code: &'static str) -> Case {
    (format!(r#"{{"ref":"r",{fields}}}"#), code, Some("r"))
}

#[test]
fn malformed_json_and_empty_or_long_texts_are_refused() {
    let nested = |open: &str, close: &str| {
        format!(r#"{{"type":"say","text":"x","more":{}{}}}"#, open.repeat(10_000), close)
    };
    let number = |digits: &str| format!(r#"{{"type":"say","text":"x","to":{digits}}}"#);
    assert_refused([
        case("{", "not-json"),
        case("{type:\"say\"}", "not-json"),
        case("{\"type\":\"say\",\"text\":\"x\"", "not-json"),
        case("{\"type\":\"say\",\"text\":\"x\"} x", "not-json"),
        case("{\"type\":\"say\",\"text\":\"x\"}{}", "not-json"),
        case("{\"type\":\"say\",\"text\":\"x\",}", "not-json"),
        case("{'type':'say','text':'x'}", "not-json"),
        case("{\"type\":\"say\",\"text\":\"a\tb\"}", "not-json"),
        case("{\"type\":\"say\",\"text\":\"a\0b\"}", "not-json"),
        case(r#"{"type":"say","text":"\ud83d"}"#, "not-json"),
        case(r#"{"type":"say","text":"\ude00\ud83d"}"#, "not-json"),
        case(r#"{"type":"say","text":"\ud83d\u0041"}"#, "not-json"),
        case(r#"{"type":"name","name":"\udc00"}"#, "not-json"),
        case(r#"{"type":"say","text":"x","ref":"\ud800"}"#, "not-json"),
        case(r#"{"type":"say","text":"\u12"}"#, "not-json"),
        case(r#"{"type":"say","text":"\x41"}"#, "not-json"),
        case(&nested("[", &"]".repeat(10_000)), "not-json"),
        case(&nested("{\"\":", "1"), "not-json"),
        case(&nested("[", ""), "not-json"),
        case(&"{\"a\":".repeat(10_000), "not-json"),
        case(&number(&"9".repeat(400)), "not-json"),
        case(&number("-1e999"), "not-json"),
        case(&number("0x10"), "not-json"),
        case(&number("NaN"), "not-json"),
        case(&number("01"), "not-json"),
        case("", "empty"),
        case(" \n\t\u{3000}", "empty"),
        case(&"[".repeat(10_000), "text-too-long"),
        case(&"x".repeat(4097), "text-too-long"),
        case(&"😀".repeat(4097), "text-too-long"),
        case(&"x".repeat(64 * 1024), "text-too-long"),
    ]);
}

#[test]
fn missing_or_wrong_fields_are_refused() {
    let wrong = ["null", "true", "5", "-1.5", "[]", "[\"x\"]", "{}", "{\"id\":1}"];
    let mut cases = vec![case("{}", "bad-field"), with_ref(r#""text":"x""#, "bad-field")];
    for value in wrong {
        cases.push(with_ref(&format!(r#""text":"x","type":{value}"#), "bad-field"));
        cases.push(with_ref(&format!(r#""type":"say","text":{value}"#), "bad-field"));
        cases.push(with_ref(&format!(r#""type":"name","name":{value}"#), "bad-field"));
    }
    for kind in ["", "SAY", "say ", "said", "welcome", "error", "__proto__", "constructor", "\\u0000"] {
        cases.push(with_ref(&format!(r#""text":"x","type":"{kind}""#), "unknown-type"));
    }
    cases.push(with_ref(&format!(r#""type":"{}""#, "x".repeat(60_000)), "unknown-type"));
    cases.push(with_ref(r#""type":"say""#, "bad-field"));
    cases.push(with_ref(r#""type":"say","Text":"x""#, "bad-field"));
    cases.push(with_ref(r#""type":"say","text":"""#, "empty"));
    cases.push(with_ref(r#""type":"say","text":" \n\u00a0\u2003""#, "empty"));
    cases.push(with_ref(&format!(r#""type":"say","text":"{}""#, "x".repeat(4097)), "text-too-long"));
    let astral = r"\ud83d\ude00".repeat(4097);
    cases.push(with_ref(&format!(r#""type":"say","text":"{astral}""#), "text-too-long"));
    cases.push(with_ref(r#""type":"name""#, "bad-field"));
    cases.push(with_ref(r#""type":"name","name":"""#, "bad-name"));
    cases.push(with_ref(&format!(r#""type":"name","name":"{}""#, "x".repeat(60_000)), "bad-name"));
    cases.push(with_ref(r#""type":"name","name":"BEN""#, "name-taken"));
    for to in ["true", "[2]", "{\"id\":2}", "-1", "2.0", "1e300", "18446744073709551616"] {
        cases.push(with_ref(&format!(r#""type":"say","text":"x","to":{to}"#), "bad-field"));
        cases.push(with_ref(&format!(r#""type":"typing","to":{to}"#), "bad-field"));
    }
    cases.push(with_ref(r#""type":"typing","to":0"#, "not-here")); // the operator sees no typing
    for to in ["3", "18446744073709551615", r#""""#, r#""2""#, r#""__proto__""#, r#""Be\u200bn""#] {
        cases.push(with_ref(&format!(r#""type":"say","text":"x","to":{to}"#), "not-here"));
        cases.push(with_ref(&format!(r#""type":"typing","to":{to}"#), "not-here"));
    }
    let huge = "x".repeat(60_000);
    cases.push(with_ref(&format!(r#""type":"say","text":"x","to":"{huge}""#), "not-here"));
    assert_refused(cases);
}

#[test]
fn a_bad_ref_is_refused_before_anything_else() {
    let (long, euros, huge) = ("r".repeat(65), "€".repeat(22), "r".repeat(60_000));
    let none = [json!(""), json!([]), json!(["r"]), json!({}), json!(long), json!(euros), json!(huge)];
    let mut refs: Vec<_> = none.into_iter().map(|reference| (reference, None)).collect();
    // These come back as texts.
    refs.extend([(json!(5), Some("5")), (json!(-0.5), Some("-0.5")), (json!(true), Some("true"))]);
    // A bad ref is told before anything else that is wrong.
    let rest = [r#""type":"say","text":"x""#, r#""type":"name","name":"x""#, r#""type":"typing""#, "\"a\":1"];
    assert_refused(refs.iter().flat_map(|(reference, echo)| {
        rest.map(|rest| (format!(r#"{{{rest},"ref":{reference}}}"#), "bad-ref", *echo))
    }));
}

#[test]
fn messages_at_the_limits_are_said() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let (ascii, astral) = ("x".repeat(4096), "😀".repeat(4096));
    let escaped = format!(r#"{{"type":"say","text":"{}"}}"#, r"\ud83d\ude00".repeat(4096));
    let controls = format!(r#"{{"type":"say","text":"{}"}}"#, r"\u0007".repeat(4096));
    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let pairs = [
        (ascii.clone(), ascii.as_str()),
        (astral.clone(), astral.as_str()),
        (json!({ "type": "say", "text": astral }).to_string(), &astral),
        (escaped, &astral),
        (controls, &"\u{7}".repeat(4096)),
        ("[".repeat(4096), &"[".repeat(4096)),
        // Unknown fields may come from a newer client.
        (r#"{"type":"say","text":"a","__proto__":{"to":1},"constructor":1,"":2}"#.into(), "a"),
        (format!(r#"{{"type":"say","text":"deep","more":{nested}}}"#), "deep"),
        (r#"{"type":"say","text":"__proto__","ref":null}"#.into(), "__proto__"),
        ("{\"\\u0074ype\":\"s\\u0061y\" , \"text\" :\r\n\"\\u0062\"}".into(), "b"),
        // The author is the member that sends it, whatever the message claims.
        (r#"{"type":"say","text":"c","from":{"id":2,"name":"Ben"},"id":7,"at":0}"#.into(), "c"),
    ];
    for (number, (message, text)) in pairs.iter().enumerate() {
        ana.peer.send_text(message);
        ben.expect_said(number as u64 + 1, &ana.person(), text);
    }
    // Of two fields with the same name one counts, and the message is said once.
    ana.peer.send_text(r#"{"type":"say","text":"d","type":"say","text":"d"}"#);
    ben.expect_said(12, &ana.person(), "d");
    for (id, reference) in [(13, "r".repeat(64)), (14, "€".repeat(21)), (15, "\0\u{202E}\"".into())] {
        ana.send(&json!({ "type": "say", "text": "e", "ref": reference }));
        ana.expect(&json!({ "type": "ack", "ref": reference, "id": id }));
        ben.expect_said(id, &ana.person(), "e");
    }
    // In pieces, with a ping between them.
    ana.peer.send(0x01, br#"{"type":"say","#);
    ana.peer.send(0x89, b"!");
    ana.peer.expect_frame(0x8A, b"!");
    ana.peer.send(0x80, br#""text":"f"}"#);
    ben.expect_said(16, &ana.person(), "f");
}

#[test]
fn a_binary_message_is_refused_and_an_oversized_one_closes_the_connection() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let json = br#"{"type":"say","text":"x","ref":"r"}"#;
    for (bytes, reference) in [(&b""[..], None), (json, Some("r")), (&[0xFF; 10_000], None)] {
        ana.peer.send(0x82, bytes);
        ana.expect_error("not-text", reference);
    }
    ana.say("still here");
    ben.expect_said(1, &ana.person(), "still here");
    let person = ana.person();
    ana.peer.send(0x81, &[b'x'; 64 * 1024 + 1]);
    ana.peer.expect_close(1009);
    ben.expect_notice("away", &person);
}

/// Some value of JSON, nested up to four levels deep.
fn random_value(random: &mut Random, depth: usize) -> Value {
    let text = ["", "x", "Ana", "ben", "say", "\0", "\u{202E}", "😀", "__proto__", " ", "r\n"];
    match random.below(if depth > 3 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.below(5)),
        3 => random.pick(&[json!(u64::MAX), json!(-1), json!(1e300), json!(0.5), json!(i64::MIN)]),
        4 => json!(random.pick(&text)),
        5 => json!(random.pick(&text).repeat(random.below(2000))),
        6 => (0..random.below(4)).map(|_| random_value(random, depth + 1)).collect(),
        _ => random_object(random, depth + 1),
    }
}

/// An object with some of the fields that messages have.
fn random_object(random: &mut Random, depth: usize) -> Value {
    let names = ["type", "text", "to", "ref", "name", "id", "before", "__proto__", ""];
    let count = random.below(6);
    let field = |_| (random.pick(&names).to_string(), random_value(random, depth));
    (0..count).map(field).collect()
}

/// A message that is nearly right most of the time, and sometimes has a character too few or too many.
fn random_message(random: &mut Random) -> String {
    let mut object = random_object(random, 0);
    if random.below(4) > 0 {
        object["type"] = json!(random.pick(&["say", "name", "typing", "say"]));
    }
    let mut text = object.to_string();
    if random.below(4) == 0 {
        let (at, _) = random.pick(&text.char_indices().collect::<Vec<_>>());
        match random.below(3) {
            0 => text.truncate(at),
            1 => drop(text.remove(at)),
            _ => text.insert(at, random.pick(&['"', '{', '\\', '9', '\0', '😀', ','])),
        }
    }
    text
}

#[test]
fn three_thousand_random_messages_do_no_harm() {
    let seed = 0x5EED_C4A7;
    println!("seed {seed:#x}"); // the harness shows it when the test fails
    let mut random = Random::with_seed(seed);
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    for round in 0..100 {
        for _ in 0..30 {
            ana.peer.send_text(&random_message(&mut random));
        }
        let last = format!("end of round {round}");
        ana.send(&json!({ "type": "say", "text": last, "ref": last }));
        while ana.read()["ref"] != last.as_str() {}
        loop {
            let heard = ben.read();
            let kind = heard["type"].as_str().expect("a type");
            assert!(["said", "renamed", "typing"].contains(&kind), "{heard}");
            let about = if kind == "renamed" { "member" } else { "from" };
            assert_eq!(heard[about]["id"], ana.id, "{heard}");
            if heard["text"] == last.as_str() {
                break;
            }
        }
    }
    server.assert_serves();
}

#[test]
fn a_text_may_have_the_limit_of_characters_in_every_spelling() {
    let server = Server::start(&["--text", "20000"]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let text = "😀".repeat(20_000);
    // As JavaScript writes it, and with each surrogate escaped: 80 kB and 240 kB.
    for (id, written) in [(1, text.clone()), (2, r"\ud83d\ude00".repeat(20_000))] {
        ana.peer.send_text(&format!("{{\"type\":\"say\",\"text\":\"{written}\"}}"));
        ben.expect_said(id, &ana.person(), &text);
    }
    ana.say(&"x".repeat(20_001));
    ana.expect_error("text-too-long", None);
}
