//! The text being typed, and what each key does to it. It is drawn elsewhere (`screen.rs`).

use std::mem::take;

use crate::text::columns::clusters;

/// The text being typed, and those that were sent before.
pub struct Editor {
    /// The last is new, those before it were sent.
    texts: Vec<String>,
    /// Which of them is shown, and where the cursor is in it, in bytes.
    shown: usize,
    cursor: usize,
    /// Where the word that Tab completes begins, what it may become, and which of these comes next.
    tab: Option<(usize, Vec<String>, usize)>,
}

impl Default for Editor {
    fn default() -> Editor {
        Editor { texts: vec![String::new()], shown: 0, cursor: 0, tab: None }
    }
}

impl Editor {
    /// The text.
    pub fn text(&self) -> &str {
        &self.texts[self.shown]
    }

    /// Where the cursor is in it, in bytes.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Changes the text as this key does. `completions` says what the end of the text before the cursor may
    /// become, and where that end begins.
    pub fn press(&mut self, key: &str, completions: impl Fn(&str) -> (usize, Vec<String>)) {
        let (tab, cursor, end) = (self.tab.take(), self.cursor, self.text().len());
        let (before, after) = self.text().split_at(cursor);
        let left = cursor - clusters(before).last().map_or(0, |cluster| cluster.len());
        let right = cursor + clusters(after).first().map_or(0, |cluster| cluster.len());
        let word = |text: &str| text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        match key {
            "\x1b[D" | "\x1bOD" => self.cursor = left,
            "\x1b[C" | "\x1bOC" => self.cursor = right,
            "\x1b[A" | "\x1bOA" => self.show(self.shown.saturating_sub(1)),
            "\x1b[B" | "\x1bOB" => self.show((self.shown + 1).min(self.texts.len() - 1)),
            "\x01" | "\x1b[H" | "\x1bOH" | "\x1b[1~" | "\x1b[7~" => self.cursor = 0, // Ctrl-A, Home
            "\x05" | "\x1b[F" | "\x1bOF" | "\x1b[4~" | "\x1b[8~" => self.cursor = end, // Ctrl-E, End
            "\x7f" | "\x08" => self.replace(left, cursor, ""),                       // Backspace
            "\x04" | "\x1b[3~" => self.replace(cursor, right, ""),                   // Ctrl-D, Delete
            "\x15" => self.replace(0, cursor, ""),                                   // Ctrl-U
            "\x0b" => self.replace(cursor, end, ""),                                 // Ctrl-K
            "\x17" => self.replace(word(before.trim_end()), cursor, ""),             // Ctrl-W
            "\t" => {
                let (start, words, next) = tab.unwrap_or_else(|| {
                    let (start, words) = completions(before);
                    (start, words, 0)
                });
                if let Some(word) = words.get(next) {
                    self.replace(start, cursor, word);
                    let next = (next + 1) % words.len();
                    self.tab = Some((start, words, next));
                }
            }
            _ if key == "\n" || !key.starts_with(char::is_control) => self.replace(cursor, cursor, key),
            _ => {}
        }
    }

    /// The text has been sent: a new one begins, or goes on. The up arrow brings it back.
    pub fn finish(&mut self) {
        let last = self.texts.len() - 1;
        let is_new = self.shown == last;
        let sent = if is_new { take(&mut self.texts[last]) } else { self.texts[self.shown].clone() };
        self.texts.insert(last, sent);
        self.show(last + 1);
    }

    fn replace(&mut self, from: usize, to: usize, text: &str) {
        self.texts[self.shown].replace_range(from..to, text);
        self.cursor = from + text.len();
    }

    fn show(&mut self, which: usize) {
        self.shown = which;
        self.cursor = self.text().len();
    }
}
