//! How the start opens the history file. Everything that stands in the way is a sentence that says what to
//! do; what only makes the file safer, and cannot be had, is a warning.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::HistoryFile;

/// For the person who started the program.
pub const CHOOSE: &str = "choose another folder: --data DIR";
/// How long the start waits for a file that another server uses.
const LOCK_TIME: Duration = Duration::from_secs(1);

impl HistoryFile {
    /// Opens and locks the file in this folder. Creates the file and the folder if they are missing.
    /// Changes nothing in a file that is there.
    /// Errors: a sentence for the person who started the program.
    pub fn open(folder: &Path) -> Result<HistoryFile, String> {
        let path = folder.join("messages.jsonl");
        let failed = |error: io::Error| cannot(&path, &format!("{error}: {}", advice(error.kind())));
        fs::create_dir_all(folder).map_err(failed)?;
        // Opening a pipe could wait for ever, and what a link to nothing means is not known.
        let is_link = fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink());
        match fs::metadata(&path) {
            Ok(found) if !found.is_file() => {
                return Err(cannot(&path, &format!("that is no file: {CHOOSE}")));
            }
            Err(_) if is_link => return Err(cannot(&path, "that is a link that leads nowhere: remove it")),
            _ => {}
        }
        let file = options().create(true).open(&path).map_err(failed)?;
        wait_for_lock(&file);
        let (is_locked, length, unwritten) = (lock(&file, &path)?, 0, Vec::new());
        let (has_remainder, is_failing) = (false, false);
        Ok(HistoryFile { file, path, is_locked, length, unwritten, has_remainder, is_failing })
    }

    /// There are private messages in the file, so only its owner may read it, even if it is older. Not all
    /// file systems can do that, and not every user may.
    pub fn make_private(&self) {
        #[cfg(unix)] // elsewhere the permissions of the folder have to do
        {
            use std::os::unix::fs::PermissionsExt;
            let _ = self.file.set_permissions(PermissionsExt::from_mode(0o600));
            // Some file systems only say that they did it.
            if !self.file.metadata().is_ok_and(|file| file.permissions().mode() & 0o777 == 0o600) {
                log::warn!(
                    "other users of this machine may read the private messages in {}: it is another \
                     user's, or its file system has no modes. To keep them private, {CHOOSE}",
                    self.path.display()
                );
            }
        }
    }
}

/// How the file is opened: new ones are for their owner only.
pub fn options() -> OpenOptions {
    let mut options = File::options();
    options.read(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A server that was killed can hold its lock for a moment after its process is gone, as seen on a busy Linux, and
/// the next one may be started at once.
fn wait_for_lock(file: &File) {
    let deadline = Instant::now() + LOCK_TIME;
    while matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
}

/// Keeps other servers from using the file. Returns whether that was possible: file systems of other
/// machines may have no locks. Then `check` notices what another server writes.
/// Errors: a sentence, if another server uses it.
pub fn lock(file: &File, path: &Path) -> Result<bool, String> {
    let shown = path.display();
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => {
            Err(format!("{shown} is in use by another Partyline: stop that one, or {CHOOSE}"))
        }
        Err(TryLockError::Error(error)) => {
            log::warn!("{shown} cannot be locked ({error}): start no other server with this folder");
            Ok(false)
        }
    }
}

fn cannot(path: &Path, why: &str) -> String {
    format!("cannot keep the history in {}: {why}", path.display())
}

/// What to do about an error.
fn advice(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::PermissionDenied => {
            format!("start as the user that owns the file and the folder, or {CHOOSE}")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!("make room, or {CHOOSE}"),
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            format!("a file stands where a folder is wanted: {CHOOSE}")
        }
        _ => CHOOSE.to_string(),
    }
}
