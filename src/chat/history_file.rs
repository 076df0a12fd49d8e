//! The history file, `--data DIR`: with it the history outlives the server.
//!
//! `DIR/messages.jsonl` has one JSON object in each line, a [`Record`], and only grows. The messages of
//! a round are one write, before they are acknowledged and before any member sees them.
//!
//! After a write the operating system has the bytes: they survive a crash of this process, but not of
//! the machine. (For that, `sync_data` would take milliseconds each time.)

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::{history::ChatMessage, names::Person};
use crate::json::JsonObject;

/// The most bytes of unwritten records.
const UNWRITTEN_MAX: usize = 1 << 20;
/// The length of the shortest line, in bytes.
const LINE_MIN: u64 = 50;
/// Ids in the file are below this: in JavaScript larger ones would not be the same number.
const ID_MAX: u64 = 1 << 53;

/// One line of the file.
pub enum Record {
    /// `said`: a message.
    Message(Arc<ChatMessage>),
    /// `member`: a member's name, and the hash of its token. Written whenever one of them is new.
    Member(Person, Arc<str>),
    /// `kicked`: the hash of a token that is useless from here on.
    Kicked(Arc<str>),
}

impl Record {
    fn to_line(&self) -> String {
        let record = match self {
            Record::Message(message) => message.to_json(true),
            Record::Member(Person { id, name }, token) => {
                JsonObject::new("member").with("id", id).with_text("name", name).with_text("token", token)
            }
            Record::Kicked(token) => JsonObject::new("kicked").with_text("token", token),
        };
        record.end() + "\n"
    }

    fn parse(line: &[u8]) -> Option<Record> {
        let line: Value = serde_json::from_slice(line).ok()?;
        let text = |name: &str| line.get(name)?.as_str();
        let id = |value: &Value| value.get("id")?.as_u64().filter(|id| *id < ID_MAX);
        let person =
            |value: &Value| Some(Person { id: id(value)?, name: value.get("name")?.as_str()?.into() });
        Some(match text("type")? {
            "said" => Record::Message(Arc::new(ChatMessage {
                id: id(&line)?,
                at: line.get("at")?.as_u64()?,
                from: person(line.get("from")?)?,
                to: match line.get("to") {
                    Some(to) => Some(person(to)?),
                    None => None,
                },
                text: text("text")?.to_string(),
                reference: text("ref").map(Arc::from),
            })),
            "member" => Record::Member(person(&line)?, text("token")?.into()),
            "kicked" => Record::Kicked(text("token")?.into()),
            _ => return None,
        })
    }
}

/// The file, open and locked.
pub struct HistoryFile {
    file: File,
    path: PathBuf,
    /// The bytes of its whole lines.
    length: u64,
    /// Whether it had no record when the server started.
    pub is_new: bool,
    /// Records that come first in the next write, because the last one failed.
    unwritten: Vec<u8>,
    is_failing: bool,
}

impl HistoryFile {
    /// Opens and locks the file in this folder. Creates the file and the folder if they are missing.
    /// Errors: a sentence for the person who started the program.
    pub fn open(folder: &Path) -> Result<HistoryFile, String> {
        let path = folder.join("messages.jsonl");
        let shown = path.display();
        let failed = |error: io::Error| format!("cannot keep the history in {shown}: {error}");
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = File::options();
        options.read(true).append(true).create(true);
        #[cfg(unix)] // elsewhere the permissions of the folder have to do
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(format!("cannot keep the history in {shown}: that is no file"));
        }
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => failed(error),
            TryLockError::WouldBlock => format!(
                "{shown} is in use by another Partyline: stop that one, or choose another folder: \
                 --data DIR"
            ),
        })?;
        // There are private messages in it, so only its owner may read it, even if it is older.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)?;
        Ok(HistoryFile { file, path, length: 0, is_new: true, unwritten: Vec::new(), is_failing: false })
    }

    /// Reads the whole file and passes its records to `accept`, in order, which returns whether a
    /// record is good. Cuts off a torn last line. Returns the most records that may be lost.
    /// Errors: a sentence for the person who started the program.
    pub fn load(&mut self, mut accept: impl FnMut(Record) -> bool) -> Result<u64, String> {
        let path = self.path.display();
        let failed = |error: io::Error| format!("cannot read the history in {path}: {error}");
        let (mut number, mut damaged, mut line) = (0, 0, Vec::new());
        let mut reader = BufReader::new(&self.file);
        loop {
            line.clear();
            let count = reader.read_until(b'\n', &mut line).map_err(failed)? as u64;
            if count == 0 {
                return Ok(damaged);
            }
            number += 1;
            let is_whole = line.ends_with(b"\n");
            let is_blank = line.trim_ascii().is_empty();
            self.is_new &= is_blank;
            let is_good = is_blank || Record::parse(&line).is_some_and(&mut accept);
            if !is_good {
                // A power failure can leave zeros in the place of many lines.
                damaged += 1 + count / LINE_MIN;
            }
            match (is_good, is_whole) {
                (true, true) => {}
                // An editor has left out the last line end. The next write adds it, because the disk
                // may be full now.
                (true, false) => self.unwritten.push(b'\n'),
                (false, true) => log::warn!("{path}: line {number} is damaged and was skipped"),
                (false, false) => {
                    log::warn!("{path}: line {number}, the last, is torn and was cut off");
                    self.file.set_len(self.length).map_err(failed)?;
                    return Ok(damaged);
                }
            }
            self.length += count;
        }
    }

    /// Writes messages. Returns whether they are in the file now.
    pub fn write_messages(&mut self, messages: &[Arc<ChatMessage>]) -> bool {
        let line = |message| Record::Message(Arc::clone(message)).to_line();
        let lines: String = messages.iter().map(line).collect();
        lines.is_empty() || self.append(lines.as_bytes())
    }

    /// Writes a record that is no message. If that fails, the next write tries it again, because the
    /// chat goes on meanwhile.
    pub fn write(&mut self, record: &Record) {
        let before = self.unwritten.len();
        self.unwritten.extend(record.to_line().into_bytes());
        if !self.append(b"") && before >= UNWRITTEN_MAX {
            self.unwritten.truncate(before);
        }
    }

    /// Writes the unwritten records, then `lines`. Returns whether that succeeded.
    fn append(&mut self, lines: &[u8]) -> bool {
        let bytes = match self.unwritten.is_empty() {
            true => lines,
            false => &[&self.unwritten, lines].concat(),
        };
        // Cuts off the part of a line that the last write may have left.
        let cut = if self.is_failing { self.file.set_len(self.length) } else { Ok(()) };
        let result = cut.and_then(|()| self.file.write_all(bytes));
        let path = self.path.display();
        match (&result, self.is_failing) {
            (Err(error), false) => log::error!("nothing is kept from now on: {path}: {error}"),
            (Ok(()), true) => log::warn!("what is said is kept again in {path}"),
            _ => {}
        }
        self.is_failing = result.is_err();
        if self.is_failing {
            let _ = self.file.set_len(self.length); // if this fails, the next write repeats it
        } else {
            self.length += bytes.len() as u64;
            self.unwritten.clear();
        }
        !self.is_failing
    }
}
