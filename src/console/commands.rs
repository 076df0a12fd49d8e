//! What a typed line means: a text to say, or a command; and how Tab completes it.

use std::thread;

use serde_json::{Value, json};

use crate::chat::Chat;

const COMMANDS: [&str; 7] = ["/earlier", "/help", "/me ", "/msg ", "/nick ", "/quit", "/who"];
const HELP: &str = "/nick NAME: change your name
/msg NAME TEXT: write to one person only; the name may stand in \"quotes\", or be operator
/me TEXT: say what you do: * ana waves
/who: see who is here   /earlier: see older messages   /quit: leave (Ctrl-D)
//TEXT: say something that begins with a slash
Tab completes names, the up arrow brings back what you wrote, Alt-Enter breaks a line.";

impl Chat {
    /// Does what was typed.
    /// Errors: a sentence that says why it means nothing. Then nothing was sent.
    pub fn enter(&mut self, line: &str) -> Result<(), String> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let Some(command) = line.trim_start().strip_prefix('/') else {
            return self.say(line.trim_end(), None);
        };
        // A blank before a command does not make a text of it: /msg must not be said to everyone.
        let (command, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        match command.to_lowercase().as_str() {
            "quit" => self.quits = true,
            "panic" if cfg!(debug_assertions) => drop(thread::spawn(|| panic!("as asked"))), // for a test
            "help" => HELP.lines().for_each(|line| self.notice(line)),
            "who" => {
                let names = self.session.members.values().cloned().collect::<Vec<_>>().join(", ");
                let others = if self.session.is_big { " and others" } else { "" };
                self.notice(format!("Here: {names}{others}"));
            }
            "earlier" if !self.session.ask_earlier(self.oldest, 0, "earlier") => {
                return Err("there is no connection".to_string());
            }
            "earlier" => {}
            "nick" | "me" | "msg" if rest.is_empty() => return Err(format!("/{command} needs more: /help")),
            "nick" => self.session.queue(json!({ "type": "name", "name": rest })),
            "me" => return self.say(&format!("/me {rest}"), None),
            "msg" => {
                let (to, text) = self.recipient(rest)?;
                return self.say(text, Some(to));
            }
            slash if slash.starts_with('/') => return self.say(&line.trim()[1..], None),
            _ => return Err(format!("/{command} means nothing here: /help")),
        }
        Ok(())
    }

    fn say(&mut self, text: &str, to: Option<Value>) -> Result<(), String> {
        if text.chars().count() > self.text_max {
            return Err(format!("a message has at most {} characters", self.text_max));
        }
        let mut message = json!({ "type": "say", "text": text });
        if let Some(to) = to {
            message["to"] = to;
        }
        self.session.queue(message);
        Ok(())
    }

    /// Finds the one member that "NAME TEXT" is for (a name may have blanks, and stand in quotes), and the text.
    fn recipient<'a>(&self, rest: &'a str) -> Result<(Value, &'a str), String> {
        let fits = |name: &str| {
            let (start, text) = rest.split_at_checked(name.len())?;
            let ends = text.is_empty() || text.starts_with(char::is_whitespace);
            (ends && start.to_lowercase() == name.to_lowercase()).then(|| text.trim())
        };
        let operator = "operator".to_string(); // no member, and can be written to
        let others = self.session.members.iter().filter(|(id, _)| **id != self.session.id);
        let others = others.chain([(&0, &operator)]);
        let mut found = others.filter_map(|(id, name)| {
            let text = fits(name).or_else(|| fits(&format!("\"{name}\"")))?;
            Some((json!({ "id": id, "name": name }), text))
        });
        match (found.next(), found.next()) {
            (None, _) => Err("no one else here has that name: /msg NAME TEXT".to_string()),
            (Some((_, "")), _) => Err("the text is missing: /msg NAME TEXT".to_string()),
            (Some(one), None) => Ok(one),
            _ => Err("this may be for more than one person: put the name in \"quotes\"".to_string()),
        }
    }

    /// What the end of this text may become, a command or a name, and where that end begins.
    pub fn completions(&self, before: &str) -> (usize, Vec<String>) {
        let is_command = before.starts_with('/');
        let quote = |name: &String| match name.contains(' ') && is_command {
            true => format!("\"{name}\" "),
            false => format!("{name} "),
        };
        let words = self.session.members.values().map(quote).chain(COMMANDS.map(String::from));
        let words: Vec<String> = words.collect();
        let blanks = before.match_indices(char::is_whitespace).map(|(at, blank)| at + blank.len());
        // A name may have blanks, so the longest end that begins one counts.
        let ends = [0].into_iter().chain(blanks).filter(|_| !before.trim().is_empty()); // or a pasted tab
        let mut found = ends.map(|start| {
            let end = before[start..].trim_start_matches('"').to_lowercase();
            let begins = |word: &&String| word.trim_start_matches('"').to_lowercase().starts_with(&end);
            let is_there = |word: &&String| start == 0 || !word.starts_with('/');
            (start, words.iter().filter(is_there).filter(begins).cloned().collect::<Vec<_>>())
        });
        found.find(|(_, words)| !words.is_empty()).unwrap_or_default()
    }
}
