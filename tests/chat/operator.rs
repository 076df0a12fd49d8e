//! What the operator says at the server's terminal: it is a text like any other, and its author is no member.

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

fn operator() -> Value {
    json!({ "id": 0, "name": "operator" })
}

#[test]
fn the_operator_is_told_what_was_not_said_and_why() {
    let mut server = Server::start(&["--text", "20"]);
    let mut ana = Member::come(&server, "Ana");
    for (typed, said) in [
        ("exactly 20 characters"[..20].to_string(), "exactly 20 character"),
        ("é".repeat(20), "éééééééééééééééééééé"),
        ("\u{1B}[D\u{1B}[Aup\tdown\u{7}\0".to_string(), "[D[Aup\tdown"),
    ] {
        server.type_line(&format!("say {typed}"));
        let id = ana.read();
        assert_eq!((&id["from"], &id["text"]), (&operator(), &json!(said)));
    }
    server.type_line(&format!("say {}", "x".repeat(21)));
    let output = server.wait_for_output("this was not said");
    assert!(output.contains("a message has at most 20 characters; this one has 21"), "{output}");
    server.type_line("say \u{1B}\u{7}");
    server.wait_for_output("this was not said: there is nothing in this message");
    server.type_line("say the end");
    ana.expect_said(4, &operator(), "the end");
    let output = server.wait_for_output("nothing in this message");
    assert_eq!(output.matches("this was not said").count(), 2, "{output}");
}

#[test]
fn the_operator_is_told_that_the_disk_is_full() {
    let folder = Folder::new();
    let mut server = Server::start_after(&limit_files(2), &["--data", folder.as_str()]);
    let mut ana = Member::come(&server, "Ana");
    server.type_line("say hello");
    ana.expect_said(1, &operator(), "hello");
    server.type_line(&format!("say {}", "x".repeat(1000)));
    server.wait_for_output("this was not said: the history cannot be written; the log says why");
    server.wait_for_log("nothing is kept from now on");
    // Ana has not heard it, and its id is given to the next that is said.
    server.type_line("say short");
    ana.expect_said(2, &operator(), "short");
}

#[test]
fn the_operator_is_no_member() {
    let mut server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    server.type_line("say hello");
    for member in [&mut ana, &mut ben] {
        member.expect_said(1, &operator(), "hello");
    }
    for to in [json!(0), json!("operator"), json!(" Operator ")] {
        ana.send(&json!({ "type": "typing", "to": to, "ref": "r" }));
        ana.expect_error("not-here", Some("r"));
    }
    // It counts as no recipient, and its texts have no receipts.
    ana.say_and_wait("two");
    ben.expect_said(2, &ana.person(), "two");
    ben.send(&json!({ "type": "received", "id": 2 }));
    let receipt = json!({ "type": "receipt", "messages": [{ "id": 2, "received": 1, "of": 1 }] });
    ana.expect(&receipt);
    let cleo = Member::come(&server, "Cleo");
    assert_eq!(column(&cleo.welcome["members"], "id"), [1, 2, 3]);
    assert_eq!(cleo.welcome["count"], 3);
    server.type_line("kick operator");
    server.type_line("kick #0");
    server.wait_for_output("no member of the chat is called #0");
    server.type_line("say still here");
    ana.read_until(|message| message["text"] == "still here");
}
