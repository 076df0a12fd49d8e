//! After each way of ending, the terminal is as it was: cooked, the cursor visible, no bracketed paste.

use std::process::Command;

use crate::support::chat::*;
use crate::support::terminal::*;
use crate::support::*;

/// The chat in a terminal whose settings are compared before and after.
fn compared(port: u16) -> Terminal {
    let console = console(port, "ana");
    let command = format!(
        "stty erase X; a=$(stty -a); sh -c 'echo pid $$.; exec {console}'; echo ended with $?.; \
         for i in 1 2 3 4 5 6 7 8 9 10; do test \"$(stty -a)\" = \"$a\" && break; sleep 0.3; done; \
         test \"$(stty -a)\" = \"$a\" && echo all restored"
    );
    let terminal = Terminal::run(80, &command);
    terminal.wait_until("the prompt", |screen| screen.brackets_pastes && screen.before_cursor() == "> ");
    terminal
}

#[track_caller]
fn assert_restored(terminal: &Terminal, code: i32) -> String {
    terminal.wait_for(&format!("ended with {code}."));
    let is_so = |screen: &screen::Screen| {
        screen.text().contains("all restored") && !screen.brackets_pastes && screen.cursor_is_visible
    };
    terminal.wait_until("all restored", is_so)
}

#[test]
fn the_terminal_is_restored_after_each_way_to_quit_and_after_a_panic() {
    let server = Server::start(&[]);
    for (keys, code) in [("/quit\r", 0), ("not sent\x03", 0), ("\x04", 0), ("/panic\r", 101)] {
        let mut terminal = compared(server.port);
        terminal.paste(keys);
        let screen = assert_restored(&terminal, code);
        assert!(!screen.contains("> not sent"), "the text being typed is erased: {screen}");
        assert!(!screen.contains("The connection is lost"), "{screen}");
    }
}

#[test]
fn the_terminal_is_restored_when_the_server_ends_it_or_is_gone() {
    let mut server = Server::start(&[]);
    let terminal = compared(server.port);
    server.type_line("kick ana");
    let screen = assert_restored(&terminal, 1);
    assert!(screen.contains("partyline-console: the operator has thrown you out"), "{screen}");
    let mut terminal = compared(server.port);
    drop(server);
    terminal.wait_for("The connection is lost");
    terminal.paste("kept\r");
    terminal.wait_for("… kept (waiting)");
    terminal.paste("\x04");
    let screen = assert_restored(&terminal, 1);
    assert!(screen.contains("not acknowledged: kept"), "{screen}");
}

#[test]
fn the_terminal_is_restored_after_signals_that_no_program_can_catch() {
    let server = Server::start(&[]);
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2), ("KILL", 9)] {
        if is_ignored(signal) {
            continue;
        }
        let terminal = compared(server.port);
        let screen = terminal.wait_for("pid ");
        let pid = screen.split_once("pid ").unwrap().1.split_once('.').unwrap().0;
        assert!(Command::new("kill").args(["-s", signal, pid]).status().unwrap().success());
        assert_restored(&terminal, 128 + number);
    }
}

/// Whether programs that are started here ignore this signal, as those under `nohup` ignore HUP, and those in
/// the background of a script INT.
fn is_ignored(signal: &str) -> bool {
    Command::new("sh").args(["-c", &format!("kill -s {signal} $$; exit 0")]).status().unwrap().success()
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_goes_on() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut terminal = Terminal::run_with(80, "exec sh -i", &[("TERM", "xterm"), ("PS1", "shell: ")]);
    terminal.wait_until("the shell", |screen| screen.before_cursor() == "shell: ");
    terminal.paste("a=$(stty -a)\n");
    terminal.paste(&format!("{}\n", console(server.port, "ana")));
    terminal.wait_until("the prompt", |screen| screen.brackets_pastes && screen.before_cursor() == "> ");
    terminal.paste("half a ");
    terminal.wait_until("the text", |screen| screen.before_cursor() == "> half a ");
    terminal.paste("\x1a");
    terminal.wait_until("the shell", |screen| !screen.brackets_pastes && screen.before_cursor() == "shell: ");
    terminal.paste("test \"$(stty -a)\" = \"$a\" && echo all rest''ored\n");
    terminal.wait_for("all restored");
    ben.say("meanwhile");
    terminal.paste("fg\n");
    terminal.wait_until("the text", |screen| screen.brackets_pastes && screen.before_cursor() == "> half a ");
    terminal.wait_for("ben: meanwhile");
    terminal.paste("line");
    terminal.wait_until("the text", |screen| screen.before_cursor() == "> half a line");
    terminal.paste("\r");
    assert_eq!(ben.read_until(|message| message["type"] == "said")["text"], "half a line");
}
