//! The files of `www/`: a [`Request`] in, a file out, or a 404. They are read from the disk at each
//! request, so that a student edits one and reloads the page.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::{Request, Response};

/// The largest file that is served, in bytes: it is read into memory whole.
pub const FILE_MAX: u64 = 16 << 20;

/// What the policy of a page says of pictures: the chat shows a photo before it is sent, from memory (`blob:`).
const IMAGES: &str = "; img-src 'self' blob:";
/// The pages that come with the server. They run no script but those in files of their own, so that a text which
/// is taken for HTML by mistake does no harm. Pages that students add may have scripts and styles inside.
#[rustfmt::skip]
const OWN_PAGES: [&str; 9] = [
    "index.html", "echo.html", "broadcast.html", "socketio.html", "wire.html", "source.html", "frame.html", "lab.html",
    "lab/teacher.html",
];
/// What stands before the sentence of a 404, for a person: what this is, and the way back.
const NOT_FOUND_PAGE: &str = r#"<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Not found – Partyline</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/style.css">
<body class="lab"><header><nav><a class="brand" href="/">Partyline</a></nav></header>
<main><h1>Wrong number</h1><p>This is Partyline. <a href="/">To the chat</a></p><p>
"#;
/// Where pages written for Socket.IO expect its script.
const SOCKET_IO_SCRIPT: &str = "/socket.io/socket.io.js";

/// The folder that is served.
pub struct Files {
    /// Without links and `..`, so that the path of a file can be compared with it.
    pub root: PathBuf,
}

impl Files {
    /// Serves the folder `www`.
    /// Errors: if there is no such folder.
    pub fn new(www: &Path) -> io::Result<Files> {
        let root = www.canonicalize()?;
        if root.is_dir() { Ok(Files { root }) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// The answer to a request for a file: 200, 304 if the client has this content already (RFC 9110, 13.1.2),
    /// 404, 405 to a POST, or 500 if the file cannot be read.
    pub fn answer(&self, request: &Request) -> Response {
        if request.method == "POST" {
            return Response::only_get();
        }
        let Some(path) = self.find(&request.path) else {
            return not_found(request);
        };
        let body = match read(&path) {
            Ok(Some(body)) => body,
            Ok(None) => {
                let why = format!("this file is larger than {FILE_MAX} bytes, the most served here");
                return Response::refusal(500, why);
            }
            Err(error) => {
                return Response::refusal(500, format!("the file cannot be read: {error}"));
            }
        };
        // Safari before 16 does not count a WebSocket to the same host as 'self'. (IPv6 addresses
        // cannot stand in this list.)
        let sockets = match &request.host {
            Some(own) if !own.host.starts_with('[') => {
                format!("; connect-src 'self' ws://{own} wss://{own}")
            }
            _ => String::new(),
        };
        let name = path.strip_prefix(&self.root).unwrap_or(&path);
        let is_own =
            name.extension() != Some("html".as_ref()) || OWN_PAGES.iter().any(|own| name == Path::new(own));
        let inline = if is_own { "" } else { " 'unsafe-inline'" };
        let tag = entity_tag(&body);
        let is_same = |known: &str| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag;
        let status = if request.items("if-none-match").any(is_same) { 304 } else { 200 };
        Response::new(status)
            .with_body(media_type(&path), body)
            .with_header("ETag", tag)
            // A browser may keep the file, and has to ask each time whether it is still the same.
            .with_header("Cache-Control", "no-cache")
            .with_header("Content-Security-Policy", format!("default-src 'self'{inline}{IMAGES}{sockets}"))
    }

    /// The regular file at a request's path, if it may be served: inside the folder after all links
    /// are followed, and no dot file.
    ///
    /// Shortcut: a file that is swapped between this check and the reading is not noticed. A person
    /// who can do that to `www/` can also put a copy there.
    pub fn find(&self, path: &str) -> Option<PathBuf> {
        let relative = if path == "/" { "index.html" } else { path.strip_prefix('/')? };
        let is_plain = |name: &str| !name.is_empty() && !name.starts_with('.');
        // `\` and `:` separate parts of a path on Windows.
        if relative.contains(['\\', ':', '\0']) || !relative.split('/').all(is_plain) {
            return None;
        }
        self.servable(&self.root.join(relative))
    }

    /// The real path of a file, if requests can get it: a regular file inside the folder that is not hidden.
    pub fn servable(&self, file: &Path) -> Option<PathBuf> {
        let real = file.canonicalize().ok()?;
        let mut inside = real.strip_prefix(&self.root).ok()?.components();
        let is_hidden = |part: Component| part.as_os_str().as_encoded_bytes().starts_with(b".");
        // Only a regular file: opening a FIFO would wait for a writer.
        (!inside.any(is_hidden) && fs::metadata(&real).ok()?.is_file()).then_some(real)
    }
}

/// The whole file, or `None` if it is larger than [`FILE_MAX`].
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    // *Speed*: one allocation, with one byte more, so that one read finds the end.
    let mut body = Vec::with_capacity(file.metadata()?.len().min(FILE_MAX) as usize + 1);
    file.take(FILE_MAX + 1).read_to_end(&mut body)?;
    Ok((body.len() as u64 <= FILE_MAX).then_some(body))
}

/// A strong validator (RFC 9110, 8.8.3): another content has another one, even within one second. A hash
/// that is not cryptographic is enough, because all contents are the server's own.
fn entity_tag(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new(); // without a random seed: the same after a restart
    content.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// 404. A browser that loads a page asks for `text/html` (RFC 9110, 12.5.1), and gets the sentence as one.
fn not_found(request: &Request) -> Response {
    let refusal = Response::refusal(404, nothing_at(&request.path));
    if !request.has_token("accept", "text/html") {
        return refusal;
    }
    let page = NOT_FOUND_PAGE.to_string() + &refusal.sentence() + "\n";
    Response::new(404).with_body(media_type(Path::new("_.html")), page.into_bytes())
}

/// Why there is no file at this path.
fn nothing_at(path: &str) -> &'static str {
    match path {
        SOCKET_IO_SCRIPT => {
            "Socket.IO's script is not part of this server. Install the package socket.io-client with npm, and \
             copy its dist/socket.io.js to www/socket.io/socket.io.js"
        }
        _ => "there is nothing at this address",
    }
}

fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "txt" | "md" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
