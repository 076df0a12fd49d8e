//! The text being typed in the chat in a terminal: it is never broken up or lost by what arrives.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use std::{env, thread};

use serde_json::json;

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::terminal::*;
use crate::support::*;

/// A long text, and 200 messages that arrive while it is typed.
fn type_while_200_messages_arrive(text: &str, columns: usize) {
    let server = Server::start_without_pace(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(server.port, "ana", columns);
    let characters: Vec<char> = text.chars().collect();
    for number in 0..200 {
        if number % 4 == 0 {
            let part = number / 4;
            let part = &characters[characters.len() * part / 50..characters.len() * (part + 1) / 50];
            ana.paste(&part.iter().collect::<String>());
        }
        ben.say_and_wait_among(&format!("message {number}"));
    }
    let last = characters[characters.len() - 1].to_string();
    ana.wait_for("ben: message 199");
    ana.wait_until("the end of the text", |screen| screen.before_cursor().ends_with(&last));
    ana.paste("\r");
    let said = ben.read_until(|message| message["type"] == "said");
    assert_eq!(said["text"], text);
    // Nothing was printed into anything else, twice or not at all.
    let screen = ana.wait_for("✓");
    let lines: Vec<&str> = screen.lines().filter(|line| line.contains("message")).collect();
    assert_eq!(lines.len(), 200, "{screen}");
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(&line[5..], format!(" ben: message {number}"), "{screen}");
    }
    let after = screen.split_once("ben: message 199\n").unwrap().1;
    let shown: String = after.split_once('✓').unwrap().0.split_whitespace().collect();
    let expected: String = text.split_whitespace().collect();
    assert_eq!(shown.split_once("ana:").expect("it is shown once, when it is sent").1, expected);
}

#[test]
fn a_line_stays_whole_while_200_messages_arrive() {
    type_while_200_messages_arrive(
        "the quick brown fox jumps over the lazy dog, and one more time than that",
        80,
    );
}

#[test]
fn a_line_of_cjk_and_emoji_longer_than_the_window_stays_whole() {
    type_while_200_messages_arrive(&"日本語とemoji👍🏽👨‍👩‍👧é🇩🇪漢字".repeat(10), 40);
}

#[test]
fn a_line_longer_than_three_windows_scrolls_and_stays_whole() {
    type_while_200_messages_arrive(&"漢字👍かな".repeat(24 * 40 * 3 / 10), 40);
}

#[test]
fn a_window_made_narrower_while_typing_leaves_nothing_behind() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(server.port, "ana", 80);
    let text =
        "a text that is longer than one row of the window, so that it wraps, 日本語 included, a few times";
    ana.paste(text);
    ana.wait_until("the text", |screen| screen.before_cursor().ends_with("times"));
    ana.resize(30);
    // While the size is not asked yet, characters at the end go where they belong.
    for c in " and on".chars() {
        ana.paste(&c.to_string());
    }
    ana.wait_until("what was typed", |screen| screen.before_cursor().ends_with("and on"));
    ben.say("hi");
    let screen = ana.wait_for("ben: hi");
    let area = screen.split_once("ben: hi\n> ").unwrap().1;
    let area =
        ana.wait_until("the cursor", |screen| screen.before_cursor().ends_with("on")).len().min(area.len());
    assert!(area > 0);
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let screen = ana.wait_for("hi");
    assert_eq!(squeeze(&screen).matches("atextthat").count(), 1, "{screen}");
    assert_eq!(squeeze(screen.split_once("ben: hi\n> ").unwrap().1), squeeze(&format!("{text} and on")));
    ana.paste("\r");
    let said = ben.read_until(|message| message["type"] == "said");
    assert_eq!(said["text"], format!("{text} and on"));
}

#[test]
fn the_keys_edit_what_a_person_calls_characters() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(server.port, "ana", 80);
    let (left, right, up, down) = ("\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B");
    let family = "👨\u{200d}👩\u{200d}👧";
    for (keys, text) in [
        (format!("ab{left}X"), "aXb".to_string()),
        (format!("ae\u{301}{left}X"), "aXe\u{301}".to_string()),
        (format!("a{family}{left}{left}X{right}{right}Y"), format!("Xa{family}Y")),
        (format!("a{family}\x7fb"), "ab".to_string()),
        ("a🇩🇪🇫🇷\x7fb".to_string(), "a🇩🇪b".to_string()),
        ("a👍🏽\x7fb".to_string(), "ab".to_string()),
        ("a❤\u{fe0f}\x7fb".to_string(), "ab".to_string()),
        ("日本語\x7f\x7f".to_string(), "日".to_string()),
        ("bcd\x1b[Ha\x1b[Fe".to_string(), "abcde".to_string()),
        ("bcd\x01a\x05e".to_string(), "abcde".to_string()),
        ("xbc\x01\x1b[3~".to_string(), "bc".to_string()),
        ("one two three \x17!".to_string(), "one two !".to_string()),
        ("abc\x15def".to_string(), "def".to_string()),
        (format!("abc{left}\x0bd"), "abd".to_string()),
        (format!("draft{up}{up}{down}{down} kept"), "draft kept".to_string()),
        (format!("lost{up}!"), "draft kept!".to_string()),
        ("a\x0cb".to_string(), "lostab".to_string()), // the draft is still there
        ("\x1b[1;5Da\x1b[15~b\x1bq\x1b[[Ac".to_string(), "abc".to_string()), // keys that mean nothing here
    ] {
        ana.paste(&keys);
        ana.paste("\x05"); // to the end, so that the cursor says when all is drawn
        ana.wait_until(&text, |screen| screen.before_cursor() == format!("> {text}"));
        ana.paste("\r");
        let said = ben.read_until(|message| message["type"] == "said");
        assert_eq!(said["text"], text, "{keys:?}");
    }
}

#[test]
fn tab_completes_names_and_commands() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "Ben Two");
    let mut ana = Terminal::chat(server.port, "ana", 80);
    for (keys, shown) in [("/m\t", "> /me "), ("\t", "> /msg "), ("be\t", "> /msg \"Ben Two\" ")] {
        ana.paste(keys);
        ana.wait_until(shown, |screen| screen.before_cursor() == shown);
    }
    ana.enter("psst");
    let said = ben.read_until(|message| message["type"] == "said");
    assert_eq!((&said["text"], &said["to"]), (&json!("psst"), &ben.person()));
    ana.wait_for("ana to Ben Two: psst");
    let _ben = Member::come(&server, "Ben");
    let _cat = Member::come(&server, "👍🏽 cat");
    ana.wait_for("👍🏽 cat has joined");
    for (keys, shown) in [
        ("/msg \"ben t\t", "> /msg \"Ben Two\" "), // a name with a blank, in a quote that was begun
        ("\x15hello ben\t", "> hello Ben Two "),   // two names that begin with this, the first and the second
        ("\t", "> hello Ben "),
        ("\t", "> hello Ben Two "),
        ("\x15👍🏽\t", "> 👍🏽 cat "),
        ("\x15zz\t!", "> zz!"),
    ] {
        ana.paste(keys);
        ana.wait_until(shown, |screen| screen.before_cursor() == shown);
    }
}

#[test]
fn a_paste_of_several_lines_is_one_message_and_is_not_sent_by_itself() {
    let server = Server::start(&[]);
    let mut ben = Member::come(&server, "ben");
    let mut ana = Terminal::chat(server.port, "ana", 80);
    for (paste, text, end) in [
        ("\x1b[200~one\r\ttwo\rthree\x1b[201~", "one\n    two\nthree", ""),
        ("\x1b[200~one\x1b[201~\rtwo\rthree\r\x1b[201~", "one\ntwo\nthree", "\n"), // ends only at its end
        ("one\rtwo\rthree\r", "one\ntwo\nthree", ""),                              // without brackets
        ("\x1b[200~one\x1b[201~\r\x1b[201~", "one", "\n"),
        ("\x1b[200~\x1b[31mred\x07\x1b[201~", "red", ""),
    ] {
        ana.paste(paste);
        let shown = text.replace('\n', "\n  ");
        ana.wait_for(&format!("> {shown}"));
        thread::sleep(Duration::from_millis(1500)); // a paste without an end lasts a second
        ana.paste("!");
        ana.wait_until("!", |screen| screen.before_cursor().ends_with('!'));
        thread::sleep(Duration::from_millis(100));
        ana.paste("\r");
        let said = ben.read_until(|message| message["type"] == "said");
        assert_eq!(said["text"], format!("{text}{end}!"), "{paste:?}");
    }
}

#[test]
fn the_size_of_the_window_is_asked_at_most_four_times_a_second_and_only_to_draw() {
    let server = Server::start_without_pace(&[]);
    let mut ben = Member::come(&server, "ben");
    // An `stty` that counts how often it is asked.
    let folder = Folder::new();
    let script =
        "#!/bin/sh\n[ \"$1\" = size ] && echo asked >> \"$0.log\"\nPATH=${PATH#*:} exec stty \"$@\"\n";
    let stty = folder.path("stty");
    fs::write(&stty, script).unwrap();
    fs::set_permissions(&stty, Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", stty.parent().unwrap().display(), env::var("PATH").unwrap());
    let began = Instant::now();
    let command = console(server.port, "ana");
    let mut ana = Terminal::run_with(80, &command, &[("TERM", "xterm"), ("PATH", &path)]);
    ana.wait_until("the prompt", |screen| screen.before_cursor() == "> ");
    for number in 0..100 {
        ana.paste("a\x1b[D"); // each is drawn
        ben.say_and_wait_among(&number.to_string());
        thread::sleep(Duration::from_millis(10));
    }
    ana.wait_for("ben: 99");
    let seconds = began.elapsed().as_secs_f64();
    let asked = || fs::read_to_string(folder.path("stty.log")).unwrap().lines().count();
    assert!((2.0..4.0 * seconds + 2.0).contains(&(asked() as f64)), "{} times in {seconds} s", asked());
    ben.read_until(|message| message["type"] == "receipt");
    thread::sleep(Duration::from_millis(500));
    let before = asked();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(asked(), before);
}
