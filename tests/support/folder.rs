//! A folder of the test's own, removed at the end, and the history file in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::id;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// A folder for temporary files.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one, empty.
    pub fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("partyline-data-{}-{number}", id()));
        fs::create_dir(&path).expect("a new folder for temporary files");
        Folder(path)
    }

    /// The path of something in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The folder itself, as an option's value.
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("a path that is text")
    }

    /// The history file, where this is the folder of `--data`.
    pub fn file(&self) -> PathBuf {
        self.path("messages.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The messages in a history file, all of whose lines have to be whole, with ids that count up.
pub fn read_history(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("a history file");
    let last = text.lines().last().unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn: {last}");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect(line));
    let messages: Vec<Value> = lines.filter(|line: &Value| line["type"] == "said").collect();
    let ids = messages.windows(2).map(|pair| (pair[0]["id"].as_u64(), pair[1]["id"].as_u64()));
    for (before, after) in ids {
        assert!(before < after, "{before:?} before {after:?}");
    }
    messages
}
