//! What a person sees: the few sequences of a terminal (ECMA-48, xterm) that the chat in a terminal uses,
//! interpreted. Any other sequence fails the test, because nothing that a member sends may become one.

/// A terminal's screen, with all lines that have scrolled out of it at the top.
pub struct Screen {
    pub columns: usize,
    pub height: usize,
    /// Each cell is a character with its combining marks; the second cell of a wide one is empty.
    rows: Vec<Row>,
    /// The cursor's row, among all of them, and its column; `columns` if the next character wraps.
    row: usize,
    column: usize,
    pub cursor_is_visible: bool,
    pub brackets_pastes: bool,
    /// Whether a style or a colour was ever used.
    pub was_styled: bool,
    /// Bytes of a sequence or a character that is not complete.
    rest: Vec<u8>,
}

#[derive(Default, Clone)]
struct Row {
    cells: Vec<String>,
    /// The terminal, and not the program, went on to the next row.
    wraps: bool,
}

impl Screen {
    pub fn new(columns: usize, height: usize) -> Screen {
        Screen {
            columns,
            height,
            rows: vec![Row::default()],
            row: 0,
            column: 0,
            cursor_is_visible: true,
            brackets_pastes: false,
            was_styled: false,
            rest: Vec::new(),
        }
    }

    /// All rows, without blanks at their ends.
    pub fn text(&self) -> String {
        let lines = self.rows.iter().map(|row| row.cells.concat().trim_end().to_string());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What stands before the cursor in its row.
    pub fn before_cursor(&self) -> String {
        let cells = &self.rows[self.row].cells;
        cells[..self.column.min(cells.len())].concat()
    }

    /// Interprets bytes from the program.
    pub fn print(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        loop {
            let text = match std::str::from_utf8(&self.rest) {
                Ok(text) => text,
                Err(error) => std::str::from_utf8(&self.rest[..error.valid_up_to()]).unwrap(),
            };
            let Some(first) = text.chars().next() else { return };
            let length = match first {
                '\x1b' => {
                    let Some(end) = text.chars().skip(2).position(|c| ('@'..='~').contains(&c)) else {
                        return;
                    };
                    end + 3
                }
                _ => first.len_utf8(),
            };
            let sequence = text[..length].to_string();
            self.rest.drain(..length);
            self.obey(&sequence);
        }
    }

    fn obey(&mut self, sequence: &str) {
        let number = |text: &str| text.parse().unwrap_or(1);
        match sequence {
            "\r" => self.column = 0,
            "\n" => self.line_feed(),
            "\x08" => self.column = self.column.saturating_sub(1),
            "\x1b[?2004h" => self.brackets_pastes = true,
            "\x1b[?2004l" => self.brackets_pastes = false,
            "\x1b[?25h" => self.cursor_is_visible = true,
            "\x1b[J" => {
                self.rows.truncate(self.row + 1);
                self.rows[self.row].cells.truncate(self.column);
                self.rows[self.row].wraps = false;
            }
            "\x1b[H" => (self.row, self.column) = (self.rows.len().saturating_sub(self.height), 0),
            "\x1b[2J" => {
                self.rows.truncate(self.row);
                self.rows.push(Row::default());
            }
            _ if sequence.starts_with("\x1b[") && sequence.ends_with('m') => {
                self.was_styled |= sequence != "\x1b[0m";
            }
            _ if sequence.starts_with("\x1b[") && sequence.ends_with('A') => {
                let top = self.rows.len().saturating_sub(self.height);
                let up: usize = number(&sequence[2..sequence.len() - 1]);
                self.row = self.row.saturating_sub(up).max(top);
                self.column = self.column.min(self.columns - 1);
            }
            _ => {
                let c = sequence.chars().next().unwrap();
                assert!(!c.is_control(), "{sequence:?} came to the terminal:\n{}", self.text());
                self.put(c);
            }
        }
    }

    fn line_feed(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push(Row::default());
        }
    }

    fn put(&mut self, c: char) {
        let width = width(c);
        if width == 0 {
            let cells = &mut self.rows[self.row].cells;
            let end = self.column.min(cells.len());
            if let Some(cell) = cells[..end].iter_mut().rfind(|cell| !cell.is_empty()) {
                cell.push(c);
            }
            return;
        }
        if self.column + width > self.columns {
            self.rows[self.row].wraps = true;
            self.line_feed();
            self.column = 0;
        }
        let cells = &mut self.rows[self.row].cells;
        while cells.len() < self.column + width {
            cells.push(" ".to_string());
        }
        cells[self.column] = c.to_string();
        if width == 2 {
            cells[self.column + 1].clear();
        }
        self.column += width;
    }

    /// The window becomes narrower or wider, and lines that do not fit are broken, as tmux and most
    /// terminals do it.
    pub fn resize(&mut self, columns: usize) {
        let (mut rows, mut cursor): (Vec<Row>, _) = (Vec::new(), (0, 0));
        let mut line: Vec<String> = Vec::new();
        let mut cursor_in_line = None;
        for (at, row) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            if at == self.row {
                cursor_in_line = Some(line.len() + self.column);
            }
            line.extend(row.cells);
            if row.wraps {
                continue;
            }
            let (start, mut broken) = (rows.len(), vec![Row::default()]);
            for (at, cell) in line.drain(..).enumerate() {
                // A wide character is not divided.
                if broken.last().unwrap().cells.len() >= columns {
                    broken.last_mut().unwrap().wraps = true;
                    broken.push(Row::default());
                }
                if cursor_in_line == Some(at) {
                    cursor = (start + broken.len() - 1, broken.last().unwrap().cells.len());
                    cursor_in_line = None;
                }
                broken.last_mut().unwrap().cells.push(cell);
            }
            if cursor_in_line.take().is_some() {
                cursor = (start + broken.len() - 1, broken.last().unwrap().cells.len().min(columns - 1));
            }
            rows.extend(broken);
        }
        (self.rows, self.columns, (self.row, self.column)) = (rows, columns, cursor);
    }
}

/// The columns of a character, as terminals count them.
fn width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36F | 0x200D | 0xFE00..=0xFE0F | 0x1F3FB..=0x1F3FF => 0,
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFF01..=0xFF60 => 2,
        0x1F1E6..=0x1F1FF | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}
