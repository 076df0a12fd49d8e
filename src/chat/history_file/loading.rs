//! How the start reads the history file: what of it is ours, what is torn, unknown or damaged.
//!
//! | a line | what happens |
//! |---|---|
//! | a record, or blank | |
//! | of a type that a newer version writes | skipped; its id is not given again |
//! | anything else: *damaged* | skipped, and said in the log |
//! | damaged, and the last, without a line end: *torn* | cut off, after a copy of the file |
//!
//! A file without any record is another program's, and is left as it is. (Unless its only line is the
//! beginning of a record: the server was killed at its first write.)

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::PathBuf;

use super::HistoryFile;
use super::opening::CHOOSE;
use super::record::Line;
use super::reopening::copy_new;
use crate::clock::since_1970;

/// The length of the shortest line, in bytes.
const LINE_MIN: u64 = 50;
/// That of the longest. A text has at most 16 MiB, and a character at most six times as many bytes in JSON.
const LINE_MAX: u64 = 97 << 20;
/// The most damaged lines that are named in the log.
const NAMED_MAX: usize = 100;

impl HistoryFile {
    /// Reads the whole file and passes its records, and those of unknown types, to `accept`, which returns
    /// whether the record is good. Returns the most records that may be lost in damaged lines; `None` if the
    /// file is new.
    /// Errors: a sentence for the person who started the program.
    pub fn load(&mut self, mut accept: impl FnMut(Line) -> bool) -> Result<Option<u64>, String> {
        let path = self.path.display().to_string();
        let mut file = BufReader::new(&self.file);
        let (mut bytes, mut number, mut lost, mut is_utf_16) = (Vec::new(), 0, 0, false);
        let (mut records, mut others, mut damaged, mut torn) = (0, 0, Vec::new(), None);
        let failed = |error| format!("cannot read {path}: {error}");
        while let Some((length, is_whole)) = read_line(&mut file, &mut bytes).map_err(failed)? {
            number += 1;
            is_utf_16 |= number == 1 && matches!(bytes[..], [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]);
            let line = Line::parse(&bytes);
            records += usize::from(matches!(line, Line::Record(_)));
            others += usize::from(!matches!(line, Line::Record(_) | Line::Blank));
            if !matches!(line, Line::Blank) && (matches!(line, Line::Damaged) || !accept(line)) {
                // A power failure can leave zeros in the place of many lines.
                lost += 1 + length / LINE_MIN;
                if !is_whole {
                    torn = Some(length);
                    break;
                }
                damaged.push(number);
            }
            self.length += length;
            if !is_whole {
                // An editor has left out the last line end. The next write adds it, because the disk
                // may be full now.
                self.unwritten.push(b'\n');
            }
        }
        let is_first_write = others == 1 && torn.is_some() && Line::may_be_torn(&bytes);
        if records == 0 && others > 0 && !is_first_write {
            let utf_16 = "it is UTF-16: save it as UTF-8";
            let why = if is_utf_16 { utf_16 } else { "nothing in it is Partyline's: move it away" };
            return Err(format!("cannot keep the history in {path}: {why}, or {CHOOSE}"));
        }
        self.make_private();
        for number in damaged.iter().take(NAMED_MAX) {
            log::warn!("{path}: line {number} is damaged and was skipped");
        }
        if damaged.len() > NAMED_MAX {
            log::warn!("{path}: {} damaged lines were skipped", damaged.len());
        }
        if let Some(length) = torn {
            let line = format!("{path}: line {number}, the last, is torn");
            match self.cut_off() {
                Ok(copy) => log::warn!("{line} and was cut off; {} is a copy from before", copy.display()),
                Err(error) => {
                    log::warn!("{line}, and stays, because the file cannot be copied: {error}");
                    self.length += length;
                    self.unwritten.push(b'\n');
                }
            }
        }
        Ok((records + others > 0).then_some(lost))
    }

    /// Cuts off what is behind the whole lines, after a copy of the file. Returns the copy.
    fn cut_off(&self) -> io::Result<PathBuf> {
        let mut time = since_1970().as_secs();
        loop {
            let copy = self.path.with_extension(format!("jsonl.before-{time}"));
            match copy_new(&self.file, &copy) {
                Ok(()) => return self.file.set_len(self.length).map(|()| copy),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => time += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Reads the next line into `bytes`, or a NUL, which is no record, in the place of one that is too long. Returns
/// the line's length in the file, and whether it has a line end. `None` at the end of the file.
fn read_line(file: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<Option<(u64, bool)>> {
    let mut length = 0;
    loop {
        bytes.clear();
        let count = file.take(LINE_MAX).read_until(b'\n', bytes)? as u64;
        length += count;
        let is_whole = bytes.ends_with(b"\n");
        if count < LINE_MAX || is_whole {
            if length > LINE_MAX {
                *bytes = vec![0];
            }
            return Ok((length > 0).then_some((length, is_whole)));
        }
    }
}
