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

use std::io::{self, BufReader, ErrorKind};
use std::path::PathBuf;

use super::HistoryFile;
use super::opening::CHOOSE;
use super::reading::RawLine;
use super::record::Line;
use super::reopening::copy_new;
use crate::clock::since_1970;

/// The length of the shortest line, in bytes.
const LINE_MIN: u64 = 50;
/// The most damaged lines that are named in the log.
const NAMED_MAX: usize = 100;

impl HistoryFile {
    /// Reads the whole file and passes its records, and those of unknown types, to `accept`, which returns
    /// whether the record is good. Returns the most records that may be lost in damaged lines.
    /// Errors: a sentence for the person who started the program.
    pub fn load(&mut self, mut accept: impl FnMut(Line) -> bool) -> Result<u64, String> {
        let path = self.path.display().to_string();
        let mut file = BufReader::new(&self.file);
        let (mut raw, mut number, mut lost) = (RawLine::default(), 0, 0);
        let (mut records, mut damaged, mut others, mut torn) = (0, Vec::new(), 0, None);
        let mut is_utf_16 = false;
        while raw.read(&mut file).map_err(|error| format!("cannot read {path}: {error}"))? {
            number += 1;
            is_utf_16 |= number == 1 && matches!(raw.bytes[..], [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]);
            let line = if raw.bytes.is_empty() { Line::Damaged } else { Line::parse(&raw.bytes) };
            records += usize::from(matches!(line, Line::Record(_)));
            others += usize::from(!matches!(line, Line::Record(_) | Line::Blank));
            if !matches!(line, Line::Blank) && (matches!(line, Line::Damaged) || !accept(line)) {
                // A power failure can leave zeros in the place of many lines.
                lost += 1 + raw.length / LINE_MIN;
                if !raw.is_whole {
                    torn = Some(Line::may_be_torn(&raw.bytes));
                    break;
                }
                damaged.push(number);
            }
            self.length += raw.length;
            if !raw.is_whole {
                // An editor has left out the last line end. The next write adds it, because the disk
                // may be full now.
                self.unwritten.push(b'\n');
            }
        }
        if records == 0 && others > 0 && (others, torn) != (1, Some(true)) {
            let why = if is_utf_16 {
                "it is UTF-16: save it as UTF-8"
            } else {
                "nothing in it is Partyline's: move it away"
            };
            return Err(format!("cannot keep the history in {path}: {why}, or {CHOOSE}"));
        }
        self.is_new = records + others == 0;
        self.make_private();
        for number in damaged.iter().take(NAMED_MAX) {
            log::warn!("{path}: line {number} is damaged and was skipped");
        }
        if damaged.len() > NAMED_MAX {
            log::warn!("{path}: {} damaged lines were skipped", damaged.len());
        }
        if torn.is_some() {
            let line = format!("{path}: line {number}, the last, is torn");
            match self.cut_off() {
                Ok(copy) => log::warn!("{line} and was cut off; {} is a copy from before", copy.display()),
                Err(error) => {
                    log::warn!("{line}, and stays, because the file cannot be copied: {error}");
                    self.length += raw.length;
                    self.unwritten.push(b'\n');
                }
            }
        }
        Ok(lost)
    }

    /// Cuts off what is behind the whole lines, after a copy of the file. Returns the copy.
    fn cut_off(&self) -> io::Result<PathBuf> {
        let mut time = since_1970().as_secs();
        let copy = loop {
            let copy = self.path.with_extension(format!("jsonl.before-{time}"));
            match copy_new(&self.file, &copy) {
                Ok(()) => break copy,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => time += 1,
                Err(error) => return Err(error),
            }
        };
        self.file.set_len(self.length)?;
        Ok(copy)
    }
}
