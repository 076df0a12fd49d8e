//! Folders for the files of one test, removed at its end: [`Folder`] for the history file, [`WwwFolder`] for
//! pages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, id};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::server::Server;

/// A folder for temporary files.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a new, empty one.
    pub fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("partyline-data-{}-{number}", id()));
        fs::create_dir(&path).expect("a new folder for temporary files");
        Folder(path.canonicalize().expect("a path without symbolic links"))
    }

    /// The path of something in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The folder itself, as the value of an option.
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("a path that is text")
    }

    /// The history file, where this is the folder of `--data`.
    pub fn file(&self) -> PathBuf {
        self.path("messages.jsonl")
    }

    /// Starts a server whose history is in this folder.
    pub fn serve(&self) -> Server {
        Server::start_without_pace(&["--data", self.as_str()])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Reads the messages in a history file. Every line has to be whole, and the ids have to increase.
pub fn read_history(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("a history file");
    let last = text.lines().last().unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn: {last}");
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.map(|line| serde_json::from_str(line).expect(line));
    let messages: Vec<Value> = lines.filter(|line: &Value| line["type"] == "said").collect();
    let ids = messages.windows(2).map(|pair| (pair[0]["id"].as_u64(), pair[1]["id"].as_u64()));
    for (before, after) in ids {
        assert!(before < after, "{before:?} before {after:?}");
    }
    messages
}

/// The content of `secret.txt`, which no request may get.
pub const SECRET: &str = "the secret beside www";

/// A folder with a `www` in it, and a file beside it that must not be served.
pub struct WwwFolder(Folder);

impl WwwFolder {
    pub fn new() -> WwwFolder {
        let www = WwwFolder(Folder::new());
        fs::create_dir_all(www.path("www/sub")).unwrap();
        www.write("secret.txt", SECRET);
        www.write("www/index.html", "the page");
        www.write("www/inside.txt", "inside");
        www.write("www/sub/index.html", "below");
        www
    }

    /// The path of something in the folder: `www/index.html`, `secret.txt`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Starts a server that serves the files of its `www`.
    pub fn serve(&self) -> Server {
        Server::start(&["--www", self.path("www").to_str().unwrap()])
    }
}

/// All files of a folder and of those in it: the path of each, and its text if it is one.
pub fn all_files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| match path.is_dir() {
        true => all_files(&path),
        false => vec![(path.display().to_string(), fs::read_to_string(&path).unwrap_or_default())],
    });
    files.collect()
}

/// Runs a command; returns whether it could be started and ended with success.
pub fn is_possible(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Shell commands for [`Server::start_after`] that limit the server's files to `blocks` of 512 bytes: a
/// write beyond that fails, as on a full disk. They ignore the signal SIGXFSZ, which would end the server.
pub fn limit_files(blocks: u32) -> String {
    format!("trap '' XFSZ; ulimit -S -f {blocks}")
}
