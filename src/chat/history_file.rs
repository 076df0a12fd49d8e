//! The history file, `--data DIR`: with it the history outlives the server.
//!
//! `DIR/messages.jsonl` has one JSON object in each line, a [`Record`], and only grows. What a round has to
//! write is one write, before it is acknowledged and before any member hears of it.
//!
//! After a write the operating system has the bytes: they survive a crash of this process, but not of
//! the machine. (For that, `sync_data` would take milliseconds each time.)
//!
//! Here is what a round does with the file. How a start opens it stands in `opening.rs`, how it reads it in
//! `loading.rs`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use super::photos::{self, Upload};

mod loading; // what of the file is ours; a torn end is cut off, after a copy
mod opening; // opens and locks the file, or says in a sentence why not
mod record; // the lines
mod reopening; // when another program has moved or replaced the file

pub use record::{Line, Record, Rename};
use reopening::is_same;

/// The most bytes of unwritten records.
const UNWRITTEN_MAX: usize = 1 << 20;

/// The file, open and locked.
pub struct HistoryFile {
    file: File,
    path: PathBuf,
    /// Whether no other server can use it: some file systems have no locks.
    is_locked: bool,
    /// The bytes of its whole lines.
    length: u64,
    /// What comes first in the next write: records that the last one did not write.
    unwritten: Vec<u8>,
    /// Whether the last write has left a part of itself behind the whole lines.
    has_remainder: bool,
    is_failing: bool,
}

impl HistoryFile {
    /// Writes the photos and the records of a round. Returns whether they are in the file now. If not, those that happen
    /// all the same are written before the next ones.
    pub fn write(&mut self, records: &[Record], uploads: &[Upload]) -> bool {
        if records.is_empty() {
            return true;
        }
        let lines: String = records.iter().map(Record::to_line).collect();
        let folder = self.path.with_file_name(photos::FOLDER);
        let in_folder = |error| io::Error::other(format!("{}: {error}", folder.display()));
        let result = self.check().and_then(|()| photos::write(&folder, uploads).map_err(in_folder));
        let result = result.and_then(|()| self.append(lines.as_bytes()));
        let path = self.path.display();
        match (&result, self.is_failing) {
            (Err(error), false) => log::error!("nothing is kept from now on: {path}: {error}"),
            (Ok(()), true) => log::warn!("what is said is kept again in {path}"),
            _ => {}
        }
        self.is_failing = result.is_err();
        if self.is_failing {
            photos::remove(&folder, uploads);
        }
        for record in records.iter().filter(|record| self.is_failing && record.author().is_none()) {
            if self.unwritten.len() < UNWRITTEN_MAX {
                self.unwritten.extend(record.to_line().into_bytes());
            }
        }
        !self.is_failing
    }

    /// Checks that the path still leads to this file, and that it has all that was written: another program
    /// may have moved, deleted, replaced or cut it.
    fn check(&mut self) -> io::Result<()> {
        let ours = self.file.metadata()?;
        let is_in_place = fs::metadata(&self.path).is_ok_and(|found| is_same(&found, &ours));
        let length = if is_in_place { ours.len() } else { self.reopen(&ours)? };
        if length < self.length {
            let (now, before) = (length, self.length);
            let why = format!("it was cut to {now} of {before} bytes: put all of it back");
            return Err(io::Error::other(why));
        }
        if self.has_remainder {
            self.file.set_len(self.length)?;
            self.has_remainder = false;
        } else if length > self.length {
            if !self.is_locked {
                return Err(io::Error::other("another program writes into it: stop that, and start anew"));
            }
            log::warn!("another program has written into {}", self.path.display());
            self.length = length;
            self.unwritten.insert(0, b'\n'); // its line may not be complete
        }
        Ok(())
    }

    /// Writes the unwritten records, then `lines`.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let bytes = match self.unwritten.is_empty() {
            true => lines,
            false => &[&self.unwritten, lines].concat(),
        };
        if let Err(error) = self.file.write_all(bytes) {
            self.has_remainder = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.unwritten.clear();
        Ok(())
    }
}
