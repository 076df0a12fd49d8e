//! Reads a line of the history file, in bounded memory whatever the file is.

use std::io::{self, BufRead, Read};

/// Whatever it begins with, a line may have this many bytes.
const SHORT: u64 = 1 << 20;
/// The longest line. A text has at most 16 MiB, and a character at most six times as many bytes in JSON.
const LONG: u64 = 97 << 20;

/// One line, with its end.
#[derive(Default)]
pub struct RawLine {
    /// Its bytes; none of a line that is too long.
    pub bytes: Vec<u8>,
    /// Its length in the file.
    pub length: u64,
    /// Whether it has a line end.
    pub is_whole: bool,
}

impl RawLine {
    /// Reads the next line in the place of this one. Returns false at the end of the file.
    pub fn read(&mut self, reader: &mut impl BufRead) -> io::Result<bool> {
        self.bytes.clear();
        self.bytes.shrink_to(SHORT as usize);
        reader.by_ref().take(SHORT).read_until(b'\n', &mut self.bytes)?;
        // A long line that cannot be a record is not kept in memory.
        let is_long = self.bytes.len() as u64 == SHORT && !self.bytes.ends_with(b"\n");
        if is_long && self.bytes.starts_with(b"{") {
            reader.by_ref().take(LONG - SHORT).read_until(b'\n', &mut self.bytes)?;
        }
        self.length = self.bytes.len() as u64;
        self.is_whole = self.bytes.ends_with(b"\n");
        if is_long && !self.is_whole {
            self.skip(reader)?;
        }
        Ok(self.length > 0)
    }

    /// Reads to the line's end. If more comes, the line is too long.
    fn skip(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        let mut more = Vec::new();
        while !self.is_whole {
            more.clear();
            let count = reader.by_ref().take(SHORT).read_until(b'\n', &mut more)?;
            if count == 0 {
                break;
            }
            self.bytes = Vec::new();
            self.length += count as u64;
            self.is_whole = more.ends_with(b"\n");
        }
        Ok(())
    }
}
