//! Messages that are nearly JSON: the error names their `ref`, and nothing private is said to everyone.

use serde_json::json;

use super::input::*;
use crate::support::chat::*;
use crate::support::*;

#[test]
fn an_error_names_the_ref_that_can_be_found() {
    let deep = |open: &str| format!(r#"{{"ref":"r","type":"say","text":"x","more":{}"#, open.repeat(10_000));
    let double = json!(r#"{"type":"say","text":"x","ref":"r"}"#).to_string();
    let found = [
        r#"{"type":"say","text":"\ud83d","ref":"r"}"#,
        r#"{"ref":"r","type":"say","text":"\ud83d"}"#,
        r#"{"type":"say","text":"\ude00 \ud83d x","to":"\ud83d", "ref" : "r" }"#,
        r#"{"type":"name","name":"\udc00","ref":"\u0072"}"#,
        r#"{"type":"say","to":"\ud800","text":"x","ref":"r"}"#,
        r#"{"type":"say","\ud800":1,"text":"x","ref":"r"}"#,
        r#"{"type":"say","ref":"r","text":"cut o"#,
        r#"{"type":"say","text":"x","ref":"r"} x"#,
        r#"{"type":"say","text":"x","ref":"r"}{"ref":"r"}"#,
        r#"{"type":"say","text":"x","ref":"r",}"#,
        r#"{"type":"say","text":"5" tall","ref":"r"}"#,
        r#"{"type":"say","text":"\ud83d he wrote \"ref\":\"other\"","ref":"r"}"#,
        r#"{"type":"say","text":"\ud83d","ref":"r","ref":"r"}"#,
        r#"{"type":"say","text":"x","to":01,"ref":"r"}"#,
        r#"{'type':'say','text':'x','ref':'r'}"#,
        r#"[{"type":"say","text":"x","ref":"r"}]"#,
        "{\"type\":\"say\",\"text\":\"two\nlines\",\"ref\":\"r\"}",
        "\u{A0}{\"type\":\"say\",\"text\":\"x\",\"ref\":\"r\"}",
        "\u{FEFF}{\"type\":\"say\",\"text\":\"\\ud83d\",\"ref\":\"r\"}",
        &double,
        &deep("["),
        &deep("{\"a\":"),
    ];
    let no_ref = [
        r#"{"type":"say","text":"\ud83d","ref":"\ud83d"}"#,
        r#"{"type":"say","text":"\ud83d","ref":"half"#,
        r#"{"type":"say","text":"\ud83d","ref":""}"#,
        r#"{"type":"say","text":"\ud83d","ref":5}"#,
        // Which of them is meant? A wrong one would end another message.
        r#"{"type":"say","text":"\ud83d","ref":"r","more":{"ref":"other"}}"#,
        r#"{"type":"say","text":"ref","to":"\ud83d","name":"r"}"#,
        &format!(r#"{{"type":"say","text":"\ud83d","ref":"{}"}}"#, "r".repeat(65)),
        &"{\"ref\":\"".repeat(7000),
    ];
    let cases = found.map(|text| (text.to_string(), "not-json", Some("r")));
    assert_refused(cases.into_iter().chain(no_ref.map(|text| case(text, "not-json"))));
}

#[test]
fn what_could_be_private_is_not_said_to_everyone() {
    // With a blank or a byte order mark before it, JSON is still JSON.
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, mut cy] = gather(&server, ["Ana", "Ben", "cy"]);
    for (id, start) in (1..).zip([" ", "\n", "\r\n\t ", "\u{FEFF}", "\u{FEFF} \u{FEFF}"]) {
        ana.peer.send_text(&format!(r#"{start}{{"type":"say","text":"psst","to":2,"ref":"{id}"}} "#));
        ana.expect(&json!({ "type": "ack", "ref": id.to_string(), "id": id }));
        assert_eq!(ben.read()["to"], ben.person());
    }
    ana.say("the end");
    cy.expect_said(6, &ana.person(), "the end");
    // Without a mistake each of these would be for Ben alone.
    let say = r#"{"type":"say","text":"psst","to":2}"#;
    let mut cases: Vec<Case> = Vec::new();
    for start in [
        "\u{A0}", "\u{200B}", "\0", "\u{1B}", "\u{85}", "\u{2028}", "\u{3000}", "\u{FFFD}", "\u{FE0F}",
        "\u{202A}",
    ] {
        cases.push(case(&format!("{start}{say}"), "not-json"));
        cases.push(case(&format!(" {start} {{\"type\":\"say\""), "not-json"));
    }
    for (start, end) in [
        ("[", "]"),
        ("\"", "\""),
        ("'", "'"),
        ("`", "`"),
        ("(", ")"),
        ("“", "”"),
        ("[[", ""),
        ("data: ", ""),
        ("42[\"say\",", "]"),
        (")]}',\n", ""),
        ("x", ""),
        ("> ", ""),
    ] {
        cases.push(case(&format!("{start}{say}{end}"), "not-json"));
    }
    cases.push(case(&json!(say).to_string(), "not-json"));
    cases.push(case(&say[1..], "not-json"));
    cases.push(case("x \"to\"to\":2", "not-json")); // found by fuzzing
    cases.push(case(&say.replace('"', "'"), "not-json"));
    cases.push(case(&say.replace('{', "｛"), "not-json"));
    for text in [
        "/msg ben psst",
        "/MSG ben psst",
        " /msg ben psst",
        "/msg",
        "\u{FEFF}\u{200B} /msg ben psst",
        "/msg\tben psst",
    ] {
        cases.push(case(text, "not-json"));
    }
    for kind in ["say", "typing"] {
        for to in ["null", "false", "[]", "{}", "[null]", "2.5", "\"2\",\"to\":null"] {
            cases.push(with_ref(&format!(r#""type":"{kind}","text":"psst","to":{to}"#), "bad-field"));
        }
        for name in ["To", "TO", "tO", " to", "to ", "\\tto"] {
            cases.push(with_ref(&format!(r#""type":"{kind}","text":"psst","{name}":2"#), "bad-field"));
        }
        for to in ["\"\"", "\" \"", "\"null\"", "\"undefined\"", "\"everyone\"", "\"You\"", "\"#2\""] {
            cases.push(with_ref(&format!(r#""type":"{kind}","text":"psst","to":{to}"#), "not-here"));
        }
    }
    assert_refused(cases);
    // These are plain texts.
    for (id, text) in (7..).zip([
        "[ok] done",
        "(a) \"b\" 'c'",
        "/me waves",
        "/msgs",
        "a {b}",
        "to: you",
        ":-{",
        "\u{FEFF}x",
    ]) {
        ana.peer.send_text(text);
        cy.expect_said(id, &ana.person(), text);
    }
}
