//! The history file: with `--data DIR`, what is said outlives the server.
//!
//! `DIR/messages.jsonl` has a line of JSON for each message, one for each member, with the name and a hash
//! of the token, whenever these are new, and one for each who was thrown out. It only ever grows. What is
//! said in a round is one write, before its `ack` and before anybody sees it.
//!
//! A write has handed its bytes to the operating system: they outlive the end of this process, however
//! sudden, but not that of the machine. (`sync_data` would, and would take milliseconds each time.)

use std::borrow::Cow;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::history::ChatMessage;
use super::names::Person;
use crate::json::JsonObject;

/// Lines about members that could not be written yet take at most this many bytes.
const OWED_MAX: usize = 1 << 20;
/// No line is shorter than this, in bytes.
const LINE_MIN: u64 = 50;
/// Larger ids would not be the same number in JavaScript.
const ID_MAX: u64 = 1 << 53;

/// A line of the file.
pub enum Record {
    /// A message.
    Said(ChatMessage),
    /// Somebody's name, and the hash of the token.
    Member(Person, Arc<str>),
    /// The hash of a token that is good for nothing any more.
    Kicked(Arc<str>),
}

/// The file, open and locked.
pub struct HistoryFile {
    file: fs::File,
    path: PathBuf,
    /// Up to here it has whole lines.
    length: u64,
    /// Lines about members that come first in the next write, because the last one failed.
    owed: Vec<u8>,
    is_failing: bool,
}

impl HistoryFile {
    /// Opens the file in this folder; both are made if need be.
    ///
    /// # Errors
    /// A sentence for the person who started the program.
    pub fn open(folder: &Path) -> Result<HistoryFile, String> {
        let path = folder.join("messages.jsonl");
        let shown = path.display();
        let failed = |error: io::Error| format!("cannot keep the history in {shown}: {error}");
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let file = private(&mut options).open(&path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(format!("cannot keep the history in {shown}: that is no file"));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(format!(
                    "{shown} is in use by another Partyline: stop that one, or choose another \
                     folder: --data DIR"
                ));
            }
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        make_private(&file).map_err(failed)?;
        Ok(HistoryFile { file, path, length: 0, owed: Vec::new(), is_failing: false })
    }

    /// Reads the whole file and hands on its lines, in order. Returns how many at most could not be
    /// used; `accept` says whether a line can. What a sudden end has left half-written at the end of the
    /// file is cut off.
    ///
    /// # Errors
    /// A sentence for the person who started the program.
    pub fn load(&mut self, mut accept: impl FnMut(Record) -> bool) -> Result<u64, String> {
        let path = self.path.display();
        let failed = |error: io::Error| format!("cannot read the history in {path}: {error}");
        let (mut number, mut damaged, mut line) = (0, 0, Vec::new());
        let mut reader = BufReader::new(&self.file);
        loop {
            line.clear();
            let count = reader.read_until(b'\n', &mut line).map_err(failed)?;
            if count == 0 {
                return Ok(damaged);
            }
            number += 1;
            let is_whole = line.ends_with(b"\n");
            let is_good = line.trim_ascii().is_empty() || parse(&line).is_some_and(&mut accept);
            if !is_good {
                // After a power failure it may be zeros in the place of many lines.
                damaged += 1 + line.len() as u64 / LINE_MIN;
            }
            match (is_good, is_whole) {
                (true, true) => {}
                // Somebody's editor has left out the end of the last line. It comes with the next one,
                // since there may be no room for it now.
                (true, false) => self.owed.push(b'\n'),
                (false, true) => log::warn!("{path}: line {number} is damaged and was skipped"),
                (false, false) => {
                    log::warn!("{path}: line {number}, the last, is torn and was cut off");
                    self.file.set_len(self.length).map_err(failed)?;
                    return Ok(damaged);
                }
            }
            self.length += count as u64;
        }
    }

    /// Writes what was said; true if it is kept now.
    pub fn keep<'a>(&mut self, messages: impl Iterator<Item = &'a ChatMessage>) -> bool {
        let lines: String = messages.map(|kept| kept.said(true).end() + "\n").collect();
        lines.is_empty() || self.append(lines.as_bytes())
    }

    /// Writes somebody's name, and the hash of the token. If that is not possible it is done as soon as
    /// it is: the chat goes on meanwhile.
    pub fn remember(&mut self, Person { id, name }: &Person, token: &str) {
        let line = JsonObject::new("member").with("id", id).with_text("name", name);
        self.note(line.with_text("token", token));
    }

    /// Writes that the token with this hash is good for nothing any more, likewise.
    pub fn forget(&mut self, token: &str) {
        self.note(JsonObject::new("kicked").with_text("token", token));
    }

    fn note(&mut self, line: JsonObject) {
        let line = line.end() + "\n";
        if !self.append(line.as_bytes()) && self.owed.len() < OWED_MAX {
            self.owed.extend_from_slice(line.as_bytes());
        }
    }

    fn append(&mut self, lines: &[u8]) -> bool {
        let result = self.try_append(lines);
        let path = self.path.display();
        match (&result, self.is_failing) {
            (Err(error), false) => log::error!("nothing is kept from now on: {path}: {error}"),
            (Ok(()), true) => log::warn!("what is said is kept again in {path}"),
            _ => {}
        }
        self.is_failing = result.is_err();
        result.is_ok()
    }

    fn try_append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.is_failing {
            self.file.set_len(self.length)?; // there may be half a line
        }
        let bytes = if self.owed.is_empty() {
            Cow::Borrowed(lines)
        } else {
            Cow::Owned([&self.owed, lines].concat())
        };
        if let Err(error) = self.file.write_all(&bytes) {
            let _ = self.file.set_len(self.length); // if that fails too it is tried again, see above
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.owed.clear();
        Ok(())
    }
}

/// Nobody but its owner may read what was said in private.
#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(unix)]
fn make_private(file: &fs::File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

/// Elsewhere the folder's permissions have to do.
#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn make_private(_: &fs::File) -> io::Result<()> {
    Ok(())
}

fn parse(line: &[u8]) -> Option<Record> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let text = |name: &str| Some(line.get(name)?.as_str()?.to_string());
    match line.get("type")?.as_str()? {
        "said" => Some(Record::Said(ChatMessage {
            id: id(&line)?,
            at: line.get("at")?.as_u64()?,
            from: person(line.get("from")?)?,
            to: match line.get("to") {
                Some(to) => Some(person(to)?),
                None => None,
            },
            text: text("text")?,
            reference: text("ref").map(Arc::from),
        })),
        "kicked" => Some(Record::Kicked(text("token")?.into())),
        "member" => Some(Record::Member(person(&line)?, text("token")?.into())),
        _ => None,
    }
}

fn person(value: &Value) -> Option<Person> {
    Some(Person { id: id(value)?, name: value.get("name")?.as_str()?.into() })
}

fn id(value: &Value) -> Option<u64> {
    value.get("id")?.as_u64().filter(|id| *id < ID_MAX)
}
