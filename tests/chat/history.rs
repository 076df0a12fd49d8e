//! `earlier`: the history, page by page, from the newest message back to the oldest.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::*;

/// Says `count` messages and then waits for the last ack; `fields` gives those of the message with this number.
fn say_many(member: &mut Member, count: u64, fields: impl Fn(u64) -> Value) {
    for number in 1..=count {
        let mut say = fields(number);
        say["type"] = json!("say");
        say["ref"] = json!(number.to_string());
        if say["to"].is_null() {
            say.as_object_mut().unwrap().remove("to"); // null is refused
        }
        member.send(&say);
    }
    let last = count.to_string();
    member.read_until(|message| message["type"] == "ack" && message["ref"] == last);
}

#[test]
fn a_page_has_a_hundred_messages_that_the_member_may_see() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    // The first five, and each seventh, are for Cleo alone; each eleventh is for Ben alone.
    let to = |number: u64| match number {
        ..=5 => json!(3),
        _ if number.is_multiple_of(7) => json!(3),
        _ if number.is_multiple_of(11) => json!(2),
        _ => json!(null),
    };
    say_many(&mut ana, 400, |number| json!({ "text": number.to_string(), "to": to(number) }));
    for member in [&mut ana, &mut ben, &mut cleo] {
        let id = member.id;
        let is_for = |number: &u64| id == 1 || to(*number).is_null() || to(*number) == id;
        let visible: Vec<u64> = (1..=400).filter(is_for).collect();
        let all = read_back(member, 401, |page| {
            let count = ids(&page["messages"]).len();
            assert!(count == 100 || page["more"] == false && count <= 100, "{count}");
        });
        assert_eq!(column(&json!(all), "id"), visible);
        for said in &all {
            let number = said["id"].as_u64().unwrap();
            assert_eq!((&said["type"], &said["text"]), (&json!("said"), &json!(number.to_string())));
            assert_eq!((&said["from"]["id"], &said["to"]["id"]), (&json!(1), &to(number)));
            assert!(is_recent(&said["at"]), "{said}");
            // Only its author gets its ref.
            let reference = if id == 1 { json!(number.to_string()) } else { Value::Null };
            assert_eq!(said["ref"], reference);
        }
        // A page may begin anywhere, and `more` is about the messages that this member may see.
        for (before, first, more) in
            [(visible[100], 0, false), (visible[101], 1, true), (visible[250] + 1, 151, true)]
        {
            let page = earlier(member, before);
            assert_eq!(ids(&page["messages"]), visible[first..first + 100], "before {before}");
            assert_eq!(page["more"], more, "before {before}");
        }
        for before in [0, 1, visible[0]] {
            let page = earlier(member, before);
            assert_eq!((&page["messages"], &page["more"]), (&json!([]), &json!(false)));
        }
        assert_eq!(
            ids(&earlier(member, 7)["messages"]),
            visible.iter().copied().filter(|id| *id < 7).collect::<Vec<_>>()
        );
        for before in [401, 402, 1 << 53, (1 << 53) + 1, u64::MAX] {
            assert_eq!(ids(&earlier(member, before)["messages"]), visible[visible.len() - 100..]);
        }
    }
    // Without a ref in the request there is none in the answer.
    ben.send(&json!({ "type": "earlier", "before": 1 }));
    ben.expect(&json!({ "type": "earlier", "messages": [], "more": false, "gap": false }));
}

#[test]
fn a_page_has_64_kib_at_most() {
    let server = Server::start_without_pace(&["--text", "100000"]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    // Some are twice or six times as long in JSON, and one in ten alone is longer than a page.
    let text = |number: u64| match number % 10 {
        0 => "x".repeat(70_000),
        1 => "\"".repeat(9_000),
        2 => "\u{7}".repeat(5_000),
        3..6 => "😀".repeat(4_000),
        _ => "x".repeat(9_000),
    };
    say_many(&mut ana, 60, |number| json!({ "text": text(number) }));
    for member in [&mut ana, &mut ben] {
        let all = read_back(member, u64::MAX, |page| {
            let messages = page["messages"].as_array().unwrap();
            let bytes: usize = messages.iter().map(|message| message.to_string().len()).sum();
            assert!(bytes <= 64 * 1024 || messages.len() == 1, "{bytes} in {}", messages.len());
        });
        for (said, number) in all.iter().zip(1..) {
            assert_eq!(said["id"], number);
            assert!(said["text"] == text(number));
        }
        assert_eq!(all.len(), 60);
    }
}

#[test]
fn pages_end_at_the_oldest_message_that_is_kept() {
    let server = Server::start_without_pace(&["--keep", "5"]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    say_many(&mut ana, 8, |number| json!({ "text": number.to_string() }));
    let page = earlier(&mut ben, 7);
    assert_eq!((ids(&page["messages"]), &page["more"]), (vec![4, 5, 6], &json!(false)));
    let page = earlier(&mut ben, 100);
    assert_eq!((ids(&page["messages"]), &page["more"]), (vec![4, 5, 6, 7, 8], &json!(false)));
    for before in [0, 2, 4] {
        assert_eq!(earlier(&mut ben, before)["messages"], json!([]));
    }
}

#[test]
fn a_gap_is_told_only_where_a_message_that_was_missed_is_no_longer_kept() {
    let server = Server::start_without_pace(&["--keep", "5"]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    say_many(&mut ana, 8, |number| json!({ "text": number.to_string() }));
    // 4 to 8 are kept. Who has 3 misses nothing, though 3 itself is gone.
    for (after, messages, gap) in [(0, 4..=6, true), (2, 4..=6, true), (3, 4..=6, false), (5, 6..=6, false)] {
        ben.send(&json!({ "type": "earlier", "before": 7, "after": after }));
        let page = ben.read_until(|message| message["type"] == "earlier");
        assert_eq!((ids(&page["messages"]), &page["gap"]), (messages.collect(), &json!(gap)), "{after}");
    }
    for after in [json!("3"), json!(null), json!(-1), json!(2.5)] {
        ben.send(&json!({ "type": "earlier", "before": 7, "after": after }));
        assert_eq!(ben.read_until(|message| message["type"] == "error")["code"], "bad-field");
    }
}

#[test]
fn a_member_that_asks_for_many_pages_and_does_not_read_gets_them_all() {
    const PAGES: u64 = 300; // 18 MiB, far more than the backlog of a client holds
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    say_many(&mut ana, 20, |_| json!({ "text": "x".repeat(4096) }));
    for number in 0..PAGES {
        ben.send(&json!({ "type": "earlier", "before": 21, "ref": number.to_string() }));
    }
    // The others do not wait, and Ben misses none of their messages.
    for number in 0..50 {
        ana.say_and_wait_among(&format!("live {number}"));
    }
    cleo.read_until(|message| message["text"] == "live 49");
    let (mut pages, mut said) = (0, BTreeMap::new());
    while pages < PAGES || said.len() < 70 {
        let message = ben.read();
        if message["type"] == "earlier" {
            assert_eq!(message["ref"], pages.to_string());
            assert_eq!(ids(&message["messages"]), (6..=20).collect::<Vec<u64>>());
            pages += 1;
        } else {
            assert_eq!(message["type"], "said");
            said.insert(message["id"].as_u64().unwrap(), message);
        }
    }
    assert!(said.into_keys().eq(1..=70));
    ben.say("still here");
    ana.read_until(|message| message["text"] == "still here");
}

#[test]
fn a_before_that_is_no_id_is_refused() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let wrong = ["null", "true", "-1", "1.0", "1e0", "\"1\"", "[1]", "{}", "18446744073709551616", "1e400"];
    for before in wrong {
        println!("{before}"); // the harness shows it when the test fails
        ana.peer.send_text(&format!(r#"{{"type":"earlier","before":{before},"ref":"r"}}"#));
        // 1e400 does not fit into a 64-bit float, so the parser refuses the whole message.
        match before {
            "1e400" => ana.expect_error("not-json", Some("r")),
            _ => ana.expect_error("bad-field", Some("r")),
        }
    }
    ana.send(&json!({ "type": "earlier", "ref": "r" }));
    ana.expect_error("bad-field", Some("r"));
    ana.send(&json!({ "type": "earlier", "before": 5, "ref": "" }));
    ana.expect_error("bad-ref", None);
    ana.say("that was nothing");
    ben.expect_said(1, &ana.person(), "that was nothing");
}
