//! An empty folder for a test, gone when the test is over.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The folder.
pub struct Folder(pub PathBuf);

impl Folder {
    /// A new one among the temporary files.
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Relaxed);
        let name = format!("partyline-folder-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a new folder for temporary files");
        Folder(path)
    }

    /// Its path, as an option's value.
    pub fn path(&self) -> &str {
        self.0.to_str().expect("a path of ordinary letters")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
