//! What the chat in a terminal shows of the others, and of one's own messages.

use serde_json::json;

use crate::support::browser::*;
use crate::support::chat::*;
use crate::support::images::*;
use crate::support::terminal::*;
use crate::support::*;

#[test]
fn joins_leaves_renames_private_messages_typing_and_ticks_are_shown() {
    let server = Server::start(&[]);
    let mut ana = Terminal::chat(server.port, "ana", 80);
    let mut ben = Member::come(&server, "ben");
    ana.wait_for("- ben has joined");
    ana.enter("hello");
    ana.wait_for("✓ sent: hello");
    let said = ben.read_until(|message| message["type"] == "said");
    ben.send(&json!({ "type": "received", "id": said["id"] }));
    let screen = ana.wait_for("✓ delivered to 1 of 1: hello");
    assert_eq!(screen.matches('✓').count(), 1, "{screen}");
    ben.send(&json!({ "type": "typing" }));
    ana.wait_for("ben is typing");
    ben.send(&json!({ "type": "say", "text": "psst", "to": "ana" }));
    ana.wait_for("(private) ");
    let screen = ana.wait_for("ben to you: psst");
    assert!(!screen.contains("typing"), "{screen}");
    ben.say("/me waves");
    ana.wait_for(" * ben waves");
    ana.enter("/msg ben hush");
    let said = ben.read_until(|message| message["type"] == "said");
    assert_eq!((&said["text"], &said["to"]), (&json!("hush"), &ben.person()));
    ana.wait_for("ana to ben: hush");
    ana.enter("/me nods");
    ana.wait_for(" * ana nods");
    ana.enter("//slash");
    ana.wait_for("ana: /slash");
    ana.enter("/who");
    ana.wait_for("- Here: ana, ben");
    ana.enter("/nick anna");
    ana.wait_for("- You are now called anna");
    ana.enter("/nick ben");
    ana.wait_for("ben is taken");
    ana.paste("/what\r");
    ana.wait_until("the line to be kept", |screen| {
        screen.text().contains("/what means nothing here") && screen.before_cursor() == "> /what"
    });
    ben.send(&json!({ "type": "name", "name": "benno" }));
    ana.wait_for("- ben is now called benno");
    drop(ben);
    ana.wait_for("- benno has left");
}

#[test]
fn what_arrived_is_reported_to_its_author_after_others_have_left_too() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut cy = Member::come(&server, "cy");
    let _ana = Terminal::chat(server.port, "ana", 80);
    cy.peer.send(0x88, &1000u16.to_be_bytes());
    ben.read_until(|message| message["type"] == "left");
    ben.send(&json!({ "type": "say", "text": "hello", "ref": "1" }));
    let receipt =
        ben.read_until(|message| message["type"] == "receipt" && message["messages"][0]["received"] == 1);
    assert_eq!(receipt["messages"][0]["of"], 1, "{receipt}");
}

#[test]
fn a_blank_before_a_command_does_not_say_it_to_everyone() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(server.port, "ana", 80);
    ana.enter(" /msg ben psst");
    let said = ben.read_until(|message| message["type"] == "said");
    assert_eq!((&said["text"], &said["to"]), (&json!("psst"), &ben.person()));
    // What is said right before the end arrives, and is shown.
    ana.paste("bye\r\x04");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "bye");
    let screen = ana.wait_for("ana: bye");
    assert!(!screen.contains("not acknowledged"), "{screen}");
}

#[test]
fn nothing_that_a_member_sends_can_move_the_cursor_ring_or_pass_for_a_line_of_another() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let ana = Terminal::chat(server.port, "ana", 40);
    // The test's terminal fails at every control character that the program does not need.
    let evil = "\x1b[2J\x1b[31mred\x07\x1b]0;title\x07\u{9b}A\r\x08\u{202e}x\n12:00 cy: forged\tyes";
    ben.say(evil);
    let screen = ana.wait_for("forged");
    assert!(screen.contains(r"ben: \u{1b}[2J\u{1b}[31mred\u{7}"), "{screen}");
    assert!(screen.lines().any(|line| line == "      12:00 cy: forged    yes"), "{screen}");
    // Neither can blanks up to the end of the row.
    ben.say(&format!("hi{}12:01 cy: forged", " ".repeat(26)));
    let screen = ana.wait_for("12:01");
    assert!(!screen.lines().any(|line| line.starts_with("12:01")), "{screen}");
    ben.send(&json!({ "type": "name", "name": "(private) cy to you: hi" }));
    ana.wait_for("is now called (private) cy");
    ben.say("x");
    let screen = ana.wait_for("you: hi: x");
    assert!(!screen.lines().any(|line| line.starts_with("(private)")), "{screen}");
}

#[test]
fn a_photo_is_shown_as_an_address_at_which_it_is() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let ana = Terminal::chat(server.port, "ana", 140);
    let Sample { mime, bytes } = samples().remove(0);
    let announced = json!({ "type": "photo", "mime": mime, "size": bytes.len(), "width": 1, "height": 1,
        "caption": "my cat" });
    ben.peer.send(0x81, announced.to_string().as_bytes());
    ben.peer.send(0x82, &bytes);
    let screen = ana.wait_for(" kB) my cat");
    let (_, path) = screen.split_once(&format!("ben: photo http://localhost:{}/", server.port)).unwrap();
    let path = path.split(' ').next().unwrap();
    let reply = server.exchange(format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_eq!(reply.body, bytes);
}

#[test]
fn emoji_that_consist_of_several_stay_whole() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let ana = Terminal::chat(server.port, "ana", 80);
    ben.say("❤\u{fe0f} 👨\u{200d}👩\u{200d}👧 👍🏽 🇩🇪 é e\u{301} 日本");
    ana.wait_for("ben: ❤\u{fe0f} 👨\u{200d}👩\u{200d}👧 👍🏽 🇩🇪 é e\u{301} 日本");
}

#[test]
fn earlier_messages_can_be_asked_for() {
    let server = Server::start_without_pace(&[]);
    let mut ben = Member::come(&server, "ben");
    for number in 1..=150 {
        ben.say_and_wait_among(&format!("message {number}."));
    }
    let mut ana = Terminal::chat(server.port, "ana", 80);
    let screen = ana.wait_for("message 150.");
    assert!(!screen.contains("message 50."), "{screen}");
    ana.enter("/earlier");
    ana.enter("/earlier"); // perhaps before the first answer
    ana.wait_for("message 50.");
    ana.wait_for("- Now:");
    ben.say("later");
    let screen = ana.wait_for("ben: later");
    assert_eq!(screen.matches("message 50.").count(), 1, "{screen}");
    assert!(screen.find("message 1.") < screen.find("message 50."), "{screen}");
    ana.enter("/earlier");
    ana.wait_for("- There is nothing earlier");
    drop(server);
    ana.wait_for("No connection");
    ana.enter_kept("/earlier");
    ana.wait_for("- there is no connection");
}

#[test]
fn a_private_message_goes_only_to_the_one_person_whom_it_can_be_for() {
    let server = Server::start(&["--text", "20"]);
    let mut ben = Member::come(&server, "ben");
    let mut ben_2 = Member::come(&server, "Ben 2");
    let mut ana = Terminal::chat(server.port, "ana", 80);
    ana.enter_kept("/msg ben 2 o'clock?");
    ana.wait_for("this may be for more than one person");
    ana.paste("\x15");
    ana.enter("/MSG \"ben\" 2 o'clock?");
    let said = ben.read_until(|message| message["type"] == "said");
    assert_eq!((&said["text"], &said["to"]), (&json!("2 o'clock?"), &ben.person()));
    // The command and the name do not count as characters of the text.
    ana.enter("/msg \"Ben 2\" twenty characters...");
    let said = ben_2.read_until(|message| message["type"] == "said");
    assert_eq!((&said["text"], &said["to"]), (&json!("twenty characters..."), &ben_2.person()));
    ana.enter_kept("/msg ben and one more than that");
    ana.wait_for("a message has at most 20 characters");
}

#[test]
fn colours_are_left_out_for_no_color_and_lines_are_plain_on_a_dumb_terminal() {
    let server = Server::start(&[]);
    Terminal::chat(server.port, "ana", 80).wait_until("colours", |screen| screen.was_styled);
    let ben = Terminal::run(80, &format!("NO_COLOR=1 {}", console(server.port, "ben")));
    Member::come(&server, "cy").say("hello");
    ben.wait_for("cy: hello");
    ben.wait_until("no colours", |screen| !screen.was_styled);
    let mut dumb = Terminal::run_with(80, &console(server.port, "dora"), &[("TERM", "dumb")]);
    dumb.wait_for("You are dora");
    dumb.paste("hello\n");
    let screen = dumb.wait_for("dora: hello");
    assert!(!screen.contains('>'), "{screen}");
    drop(server);
    dumb.wait_for("- The connection is lost"); // without a line for the status this is said too
}

#[test]
fn two_terminals_and_a_browser_chat() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let cy = browser.new_user();
    let name = cy.open_chat("localhost", server.port);
    let mut ana = Terminal::chat(server.port, "ana", 80);
    let mut ben = Terminal::chat(server.port, "ben", 40);
    ana.enter("hello from a terminal");
    ben.wait_for("ana: hello from a terminal");
    ben.enter("日本 👍 from another");
    ana.wait_for("ben: 日本 👍 from another");
    cy.wait_for_texts(2);
    cy.type_and_send("from a browser");
    for terminal in [&ana, &ben] {
        terminal.wait_for(&format!("{name}: from a browser"));
    }
    assert_eq!(
        cy.wait_for_texts(3),
        json!(["hello from a terminal", "日本 👍 from another", "from a browser"])
    );
    cy.wait_for("/Delivered to 2 of 2/.test(list.querySelector('.own .meta')?.textContent)");
    ana.wait_for("✓ delivered to 2 of 2: hello from a");
}
