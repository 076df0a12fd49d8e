//! The person at the terminal: what each key does, and when the screen is drawn.

use std::mem::take;
use std::time::Instant;

use partyline::tty::{self, editor::Editor, keys::Keys, screen::Screen};

use crate::chat::Chat;

/// A terminal in raw mode.
#[derive(Default)]
pub struct Terminal {
    keys: Keys,
    editor: Editor,
    screen: Screen,
    /// What is drawn above the text being typed, and when to draw, if anything has changed.
    above: Vec<String>,
    draw_at: Option<Instant>,
}

impl Terminal {
    /// Takes bytes from the terminal, and when they came.
    pub fn feed(&mut self, bytes: &[u8], at: Instant, chat: &mut Chat) {
        self.keys.feed(bytes, at).iter().for_each(|key| self.press(key, chat));
    }

    /// Does what is due, and returns when something will be.
    pub fn work(&mut self, chat: &mut Chat) -> Option<Instant> {
        let now = Instant::now();
        if let Some(key) = self.keys.pause(now) {
            self.press(&key, chat);
        }
        let above = chat.above();
        if above != self.above || !chat.lines.is_empty() {
            self.above = above;
            self.draw_at = self.draw_at.or(Some(self.screen.may_draw_at()));
        }
        if self.draw_at.take_if(|at| *at <= now).is_some() {
            let (text, cursor) = (self.editor.text(), self.editor.cursor());
            self.screen.draw(&take(&mut chat.lines), &self.above, text, cursor);
        }
        [self.keys.pause_at(), self.draw_at].into_iter().flatten().min()
    }

    fn press(&mut self, key: &str, chat: &mut Chat) {
        let draw_at = self.draw_at.replace(Instant::now());
        match key {
            "\x03" => chat.quits = true,                                    // Ctrl-C
            "\x04" if self.editor.text().is_empty() => chat.quits = true,   // Ctrl-D
            "\x0c" => tty::write(&(self.screen.erase() + "\x1b[H\x1b[2J")), // Ctrl-L
            "\x1a" => {
                tty::write(&self.screen.erase()); // Ctrl-Z
                tty::suspend();
            }
            "\r" => match chat.enter(self.editor.text()) {
                Ok(()) => self.editor.finish(),
                Err(why) => chat.notice(why), // and the text stays
            },
            _ => {
                self.editor.press(key, |before| chat.completions(before));
                chat.show_typing(self.editor.text());
                let is_end = self.editor.cursor() == self.editor.text().len();
                // Unless earlier keys are still to be drawn.
                if is_end && draw_at.is_none_or(|at| at > Instant::now()) && self.screen.append(key) {
                    self.draw_at = draw_at;
                }
            }
        }
    }

    /// Prints the last lines, without the text being typed.
    pub fn end(&mut self, chat: &Chat) {
        self.screen.draw(&chat.lines, &[], "", 0);
        tty::write(&self.screen.erase());
    }
}
