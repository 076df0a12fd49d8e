//! The chat in a terminal when the connection breaks or is refused: nothing typed is lost or comes twice.

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::proxy::*;
use crate::support::terminal::*;
use crate::support::*;

#[test]
fn what_is_typed_while_the_server_is_down_arrives_once_and_in_order() {
    let folder = Folder::new();
    let options = ["--data", folder.as_str()];
    let server = Server::start(&options);
    let port = server.port;
    let mut ana = Terminal::chat(port, "ana", 80);
    ana.enter("before");
    ana.wait_for("✓ sent: before");
    drop(server);
    ana.wait_for("No connection; next try in ");
    for text in ["one", "two", "three"] {
        ana.enter(text);
        ana.wait_for(&format!("… {text} (waiting)"));
    }
    let server = Server::start_on(port, &options);
    let mut ben = Member::come(&server, "ben");
    let screen = ana.wait_until("all to be sent", |screen| {
        screen.text().contains("The connection is back") && !screen.text().contains("(waiting)")
    });
    let said: Vec<&str> =
        screen.lines().filter_map(|line| line.split_once("ana: ").map(|(_, text)| text)).collect();
    assert_eq!(said, ["before", "one", "two", "three"], "{screen}");
    ben.say("end");
    ana.wait_for("ben: end");
    let history = Member::open(&server, "?name=cy", None);
    let messages = history.welcome["messages"].as_array().unwrap();
    let texts: Vec<&str> = messages.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["before", "one", "two", "three", "end"]);
}

#[test]
fn what_was_missed_is_shown_in_order_even_if_it_is_more_than_a_page() {
    let server = Server::start_without_pace(&[]);
    let proxy = Proxy::to(server.port);
    let mut ben = Member::come(&server, "ben");
    let ana = Terminal::chat(proxy.port, "ana", 80);
    ben.say_and_wait_among("0");
    ana.wait_for("ben: 0");
    proxy.cut();
    ana.wait_for("The connection is lost");
    for number in 1..=250 {
        ben.say_and_wait_among(&number.to_string());
    }
    proxy.mend();
    let screen = ana.wait_for("ben: 250");
    let said: Vec<&str> =
        screen.lines().filter_map(|line| line.split_once("ben: ").map(|(_, text)| text)).collect();
    let expected: Vec<String> = (0..=250).map(|number| number.to_string()).collect();
    assert_eq!(said, expected);
}

#[test]
fn an_ack_that_is_lost_leads_to_no_second_message() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port);
    let mut ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(proxy.port, "ana", 80);
    proxy.deafen();
    ana.enter("once");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "once");
    ana.wait_for("… once (waiting)");
    proxy.cut();
    proxy.mend();
    let screen = ana.wait_until("the ack", |screen| {
        screen.text().contains("The connection is back") && !screen.text().contains("(waiting)")
    });
    assert_eq!(screen.matches("ana: once").count(), 1, "{screen}");
    ana.enter("twice");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "twice");
}

#[test]
fn a_private_message_does_not_go_to_a_server_that_has_forgotten_for_whom_it_was() {
    let server = Server::start(&[]);
    let port = server.port;
    let _ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(port, "ana", 80);
    drop(server);
    ana.wait_for("The connection is lost");
    ana.enter("/msg ben psst");
    ana.wait_for("… (private) to ben: psst (waiting)");
    ana.enter("hello");
    ana.wait_for("… hello (waiting)");
    let server = Server::start_on(port, &[]);
    ana.wait_for("Not sent: psst");
    ana.wait_for("ana: hello");
    let cy = Member::come(&server, "cy");
    assert_eq!(cy.welcome["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn a_passphrase_is_asked_for_with_a_sentence() {
    let server = Server::start(&["--passphrase", "two words"]);
    let run = |more: &str| {
        Terminal::run(80, &format!("{} {more}; echo ended with $?.", console(server.port, "ana")))
    };
    for more in ["", "--passphrase wrong"] {
        let screen = run(more).wait_for("ended with 1.");
        assert!(screen.contains("the passphrase is missing or wrong; set PARTYLINE_PASSPHRASE"), "{screen}");
    }
    run("--passphrase 'two words'").wait_for("You are ana");
}

#[test]
fn what_is_not_acknowledged_is_said_at_the_end_whatever_ends_it() {
    let mut server = Server::start(&["--pace", "1"]);
    let command = format!("{}; echo ended with $?.", console(server.port, "ana"));
    let mut ana = Terminal::run(80, &command);
    ana.wait_until("the prompt", |screen| screen.brackets_pastes && screen.before_cursor() == "> ");
    for number in 0..6 {
        ana.enter(&format!("text {number}")); // two at once, then one a second
    }
    server.type_line("kick ana");
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let screen = squeeze(&ana.wait_for("ended with 1."));
    let count = |before: &str| {
        (0..6).filter(|number| screen.contains(&squeeze(&format!("{before}: text {number}")))).count()
    };
    assert!(screen.contains("hasthrownyouout"), "{screen}");
    assert!(count("ana") + count("not acknowledged") >= 6, "{screen}");
}
