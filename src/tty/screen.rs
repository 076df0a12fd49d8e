//! What is on the screen. Everything that is shown goes through [`Screen::draw`]: it erases the area at the
//! bottom (what waits, the status, the text being typed), prints whole lines above, and draws the area
//! again, in one write. So nothing that arrives breaks up what is being typed.
//!
//! Terminals differ in the width of some emoji, so no position is computed from widths: rows are broken
//! early enough for all of them, and the cursor stands where the terminal puts it after the text before it.

use std::time::{Duration, Instant};
use std::{env, ops::Range};

use super::{known_size, write};
use crate::text::columns::{columns, extends, wrap};
use crate::text::visible_lines;

/// The window's size is asked at most this often, and only to draw: each time starts the program `stty`.
const ASK_SIZE_AFTER: Duration = Duration::from_millis(250);

/// A whole line to print.
pub struct Line {
    /// The text; control characters in it are not made visible here.
    pub text: String,
    /// The code of its style on a terminal with colours, such as 2 for faint (ECMA-48, 8.3.117).
    pub style: u8,
    /// The author's id, which gives the colour; 0 if it has none.
    pub author: u64,
    /// Where the author's name stands in the text.
    pub name: Range<usize>,
}

/// The screen.
#[derive(Default)]
pub struct Screen {
    /// Lines and columns of the window, and when they were asked.
    size: (usize, usize),
    asked: Option<Instant>,
    /// The widths of the rows of the area.
    drawn: Vec<usize>,
    /// The row of the cursor, and its column.
    cursor: (usize, usize),
}

impl Screen {
    /// When what arrives may be drawn: in a window that has become narrower since the size was asked, the
    /// area could not be erased completely.
    pub fn may_draw_at(&self) -> Instant {
        self.asked.map_or_else(Instant::now, |asked| asked + ASK_SIZE_AFTER)
    }

    /// Prints `lines`, and draws the area: `above`, and the text being typed with the cursor in it.
    pub fn draw(&mut self, lines: &[Line], above: &[String], text: &str, cursor: usize) {
        if self.may_draw_at() <= Instant::now() {
            (self.size, self.asked) = (known_size().unwrap_or((24, 80)), Some(Instant::now()));
        }
        let (height, width) = self.size;
        let mut out = self.erase();
        out.extend(lines.iter().map(|line| self.paint(line)));
        let mut rows: Vec<String> = above.iter().flat_map(|text| wrap(text, width, 2, false)).collect();
        rows.drain(..rows.len().saturating_sub(height / 2));
        let input = |text: &str| wrap(&format!("> {}", visible_lines(text)), width, 2, false);
        let (input, before) = (input(text), input(&text[..cursor]));
        // Of a text that is longer than the window, the rows around the cursor are drawn.
        let room = height.saturating_sub(rows.len() + 1).max(1);
        let first = before.len().saturating_sub(room.div_ceil(2)).min(input.len().saturating_sub(room));
        let row = rows.len() + before.len() - 1 - first;
        rows.extend(input.into_iter().skip(first).take(room));
        out += &rows.join("\r\n");
        if rows.len() - 1 > row {
            out += &format!("\x1b[{}A", rows.len() - 1 - row);
        }
        let before = before.last().map_or("", String::as_str);
        out.extend(["\r", before]);
        self.drawn = rows.iter().map(|row| columns(row)).collect();
        self.cursor = (row, columns(before));
        write(&out);
    }

    /// Writes one character more where the cursor is, if it stands at the end and there is room. That is
    /// right in a window of any width.
    pub fn append(&mut self, text: &str) -> bool {
        // An emoji may become one with the character before it.
        let is_one = !text.starts_with(|c: char| c.is_control() || extends(c) || c >= '\u{1F000}');
        let text = visible_lines(text);
        let (more, last) = (columns(&text), self.drawn.len().wrapping_sub(1));
        let is_end = self.drawn.get(last) == Some(&self.cursor.1) && self.cursor.0 == last;
        if !is_one || !is_end || self.cursor.1 + more >= self.size.1 {
            return false;
        }
        self.drawn[last] += more;
        self.cursor.1 += more;
        write(&text);
        true
    }

    /// The codes that go to the first row of the area and erase everything from there. When a window becomes
    /// narrower, terminals break the rows in it once more. (Old ones cut them off instead: there, a few
    /// lines above the area are erased too.)
    pub fn erase(&mut self) -> String {
        let more = |width: usize| width.saturating_sub(1) / self.size.1.max(1);
        let above: usize = self.drawn.iter().take(self.cursor.0).map(|width| more(*width) + 1).sum();
        let up = above + more(self.cursor.1);
        (self.drawn, self.cursor) = (Vec::new(), (0, 0));
        if up > 0 { format!("\x1b[{up}A\r\x1b[J") } else { "\r\x1b[J".to_string() }
    }

    fn paint(&self, line: &Line) -> String {
        let mut rows = wrap(&line.text, self.size.1, 6, true);
        if env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) {
            let (id, name) = (line.author, &line.name);
            if name.end < rows[0].len() {
                // The twelve hues of the page (`hueOf` in `format.js`), among the 256 of terminals.
                const HUES: [u8; 12] = [168, 167, 172, 142, 106, 71, 36, 37, 32, 68, 98, 134];
                rows[0].insert_str(name.end, "\x1b[39m");
                rows[0].insert_str(name.start, &format!("\x1b[38;5;{}m", HUES[(id % 12 * 5 % 12) as usize]));
            }
            rows.iter_mut().for_each(|row| *row = format!("\x1b[{}m{row}\x1b[m", line.style));
        }
        rows.join("\r\n") + "\r\n"
    }
}
