//! `/source/…`: the program's own source, for `source.html`, so that a classmate without the project can read
//! it. `server/reply.rs` asks [`Source::answer`] before it looks for a file of `www/`.
//!
//! `/source/src/…` and `/source/www/…` are the files as plain text, whatever they contain: a browser that opens
//! one shows it and runs nothing. `/source/` is the list of them; `README.md` and `tests/` are not in it. They are
//! read from the disk at each request, `src` from where this program was built.

use std::fs;
use std::path::Path;

use crate::http::files::{self, Files};
use crate::http::{Request, Response};

/// What is listed and served; a photo in `www/` is no source.
const EXTENSIONS: [&str; 6] = ["rs", "js", "css", "html", "md", "svg"];
/// The most files in the list. (This program has about 240.)
const LIST_MAX: usize = 2000;
/// The folder of `src` when this program was built.
const SRC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// The two folders, each if it is there.
pub struct Source([(&'static str, Option<Files>); 2]);

impl Source {
    /// Serves `src`, and the folder of the pages. With `--no-source` neither.
    pub fn new(www: &Path, is_off: bool) -> Source {
        let open = |path: &Path| Files::new(path).ok().filter(|_| !is_off);
        Source([("src", open(Path::new(SRC))), ("www", open(www))])
    }

    /// The answer to a request below `/source/`; `None` for any other path.
    pub fn answer(&self, request: &Request) -> Option<Response> {
        let path = request.path.strip_prefix("/source/")?;
        if path.is_empty() {
            return Some(plain(self.list().join("\n").into_bytes()));
        }
        Some(self.read(path).map_or_else(not_here, plain))
    }

    /// A file, `src/main.rs`.
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let (folder, name) = path.split_once('/')?;
        let (_, files) = self.0.iter().find(|(it, _)| *it == folder)?;
        let path = files.as_ref()?.find(&format!("/{name}")).filter(|path| is_source(path))?;
        files::read(&path).ok().flatten()
    }

    /// The paths of all files, sorted.
    fn list(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (folder, files) in &self.0 {
            if let Some(files) = files {
                collect(files, &files.root, folder, &mut paths);
            }
        }
        paths.sort();
        paths
    }
}

/// Adds the files below `folder`, whose path in the list is `name`.
fn collect(files: &Files, folder: &Path, name: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir()); // a link is none, so this ends
        if is_folder {
            collect(files, &path, &name, paths);
        } else if is_source(&path) && files.servable(&path).is_some() && paths.len() < LIST_MAX {
            paths.push(name);
        }
    }
}

fn is_source(path: &Path) -> bool {
    path.extension().and_then(|it| it.to_str()).is_some_and(|it| EXTENSIONS.contains(&it))
}

fn plain(body: Vec<u8>) -> Response {
    Response::new(200).with_body("text/plain; charset=utf-8", body).with_header("Cache-Control", "no-cache")
}

fn not_here() -> Response {
    Response::refusal(404, "there is no such source here: perhaps this server was started with --no-source")
}
