//! What happens when another program has moved, deleted or replaced the history file. The server still has
//! the former file open, with all that it has acknowledged.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, ErrorKind, Read, Seek};
use std::{iter, path::Path, process};

use super::{HistoryFile, opening};

impl HistoryFile {
    /// Finds out what is at the path now, in the place of `ours`. Goes on there if nothing that was
    /// acknowledged is lost by that: if it is a copy, or if the file was deleted, so that no other program has
    /// it and its content can be written anew. Returns the length of the file.
    pub fn reopen(&mut self, ours: &Metadata) -> io::Result<u64> {
        let mut found = fs::metadata(&self.path);
        if found.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            if !is_deleted(ours) {
                return Err(io::Error::other("it was moved away: move it back"));
            }
            log::warn!("{} was deleted, and is written anew", self.path.display());
            self.write_anew()?;
            found = fs::metadata(&self.path);
        }
        let found = found?;
        let replaced =
            "another file has taken its place: put the former one back, or start this server again";
        if !found.is_file() || found.len() != self.length {
            return Err(io::Error::other(replaced));
        }
        let file = opening::options().open(&self.path)?;
        if !self.has_same_bytes(&file)? {
            return Err(io::Error::other(replaced));
        }
        self.is_locked = opening::lock(&file, &self.path).map_err(io::Error::other)?;
        self.file = file;
        self.make_private();
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

    /// Whether a file of the same length is a copy.
    fn has_same_bytes(&self, other: &File) -> io::Result<bool> {
        (&self.file).rewind()?;
        let bytes = |file| BufReader::with_capacity(1 << 16, file).bytes();
        let mut pairs = iter::zip(bytes(&self.file), bytes(other));
        Ok(pairs.all(|pair| matches!(pair, (Ok(ours), Ok(theirs)) if ours == theirs)))
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

/// Whether these are one file, with the same number on the same device.
#[cfg(unix)]
pub fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(unix)]
fn is_deleted(file: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) == 0
}

/// std knows the numbers of files only on Unix. Elsewhere any file passes that is long enough.
#[cfg(not(unix))]
pub fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn is_deleted(_: &Metadata) -> bool {
    false // a file that is open cannot be deleted on Windows
}
