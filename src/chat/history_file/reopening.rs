//! What happens when another program has moved, deleted or replaced the history file. The server still has
//! the former file open, with all that it has acknowledged.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek};
use std::{path::Path, process};

use super::{HistoryFile, identity, opening};

impl HistoryFile {
    /// Finds out what is at the path now. Goes on there if nothing that was acknowledged is lost by that:
    /// if it is a copy, or if the file was deleted, so that no other program has it and its content can be
    /// written anew. Returns the length of the file.
    pub fn reopen(&mut self) -> io::Result<u64> {
        let ours = self.file.metadata()?;
        let found = match fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound && is_deleted(&ours) => {
                log::warn!("{} was deleted, and is written anew", self.path.display());
                self.write_anew()?;
                fs::metadata(&self.path)?
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(io::Error::other("it was moved away: move it back"));
            }
            Err(error) => return Err(error),
        };
        if identity(&found) != identity(&ours) {
            let is_copy = found.is_file() && found.len() == self.length;
            let file = if is_copy { opening::options().open(&self.path)? } else { return Err(replaced()) };
            if !self.has_same_bytes(&file)? {
                return Err(replaced());
            }
            self.is_locked = opening::lock(&file, &self.path).map_err(io::Error::other)?;
            self.file = file;
            self.make_private();
        }
        self.identity = identity(&found);
        Ok(found.len())
    }

    /// Writes the content of the deleted file into a new one at its path.
    fn write_anew(&self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Under another name first, so that the path never leads to a part of it.
        let copy = self.path.with_extension(format!("new-{}", process::id()));
        copy_new(&self.file, &copy)?;
        fs::rename(&copy, &self.path)
    }

    fn has_same_bytes(&self, other: &File) -> io::Result<bool> {
        let (mut ours, mut theirs) = (&self.file, other);
        ours.rewind()?;
        let (mut some, mut same) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        let mut rest = self.length;
        while rest > 0 {
            let count = some.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
            ours.read_exact(&mut some[..count])?;
            theirs.read_exact(&mut same[..count])?;
            if some[..count] != same[..count] {
                return Ok(false);
            }
            rest -= count as u64;
        }
        Ok(true)
    }
}

/// Copies a file into one that does not exist yet.
pub fn copy_new(mut from: &File, path: &Path) -> io::Result<()> {
    let mut to = opening::options().create_new(true).open(path)?;
    let result = from.rewind().and_then(|()| io::copy(&mut from, &mut to));
    let result = result.and_then(|_| to.sync_all());
    if result.is_err() {
        let _ = fs::remove_file(path);
    }
    result
}

fn replaced() -> io::Error {
    io::Error::other("another file has taken its place: put the former one back, or start this server again")
}

#[cfg(unix)]
fn is_deleted(file: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) == 0
}

#[cfg(not(unix))]
fn is_deleted(_: &fs::Metadata) -> bool {
    false // a file that is open cannot be deleted on Windows
}
