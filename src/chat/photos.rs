//! Photos: a member announces one (`photo`) and sends it as the next binary message. It is checked by its own
//! bytes and stored here, on the thread of that member, before its message is queued in the room. The others get
//! its address, and fetch it by HTTP.
//!
//! The newest photos are in memory; with `--data` all are files in `DIR/photos/`, named by their ids. No other lock
//! is taken inside this one, and no file is read or written under it.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tungstenite::Bytes;

use serde_json::{Map, Value};

use self::image_header::{Image, MIMES, PIXELS_MAX, image};
use super::{history_file, protocol::Problem, tokens};
use crate::http::{Request, Response, files};
use crate::{json::quoted, mutex::lock};

pub mod image_header; // the type and the size of an image, from its bytes

/// The photos in memory take at most this many bytes. The oldest are dropped first.
const BYTES_MAX: usize = 32 << 20;
/// What a photo takes in memory besides its bytes, about.
const OVERHEAD: usize = 256;

/// What is known of a photo without its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// Its address is `photo/` and this id. Whoever knows it can fetch the photo.
    pub id: Arc<str>,
    /// In bytes.
    pub size: usize,
    /// What its bytes say.
    pub image: Image,
}

impl Photo {
    /// The photo as it stands in messages, and in the history file. Its caption is the text of the message.
    pub fn to_json(&self, caption: &str) -> String {
        let Photo { id, size, image: Image { mime, width, height } } = self;
        let caption =
            if caption.is_empty() { String::new() } else { format!(",\"caption\":{}", quoted(caption)) };
        format!(
            r#"{{"url":"photo/{id}","mime":"{mime}","size":{size},"width":{width},"height":{height}{caption}}}"#
        )
    }

    /// The photo of a line of the history file; `None` if it is damaged.
    pub fn from_json(fields: &Map<String, Value>) -> Option<Photo> {
        let number = |name: &str| fields.get(name)?.as_u64();
        let side = |name: &str| number(name).and_then(|side| u32::try_from(side).ok());
        let id = fields.get("url")?.as_str()?.strip_prefix("photo/").filter(|id| is_id(id))?;
        let mime = MIMES.into_iter().find(|mime| fields.get("mime").is_some_and(|it| it == mime))?;
        let image = Image { mime, width: side("width")?, height: side("height")? };
        let size = usize::try_from(number("size")?).ok()?;
        image.has_good_size().then(|| Photo { id: id.into(), size, image })
    }
}

/// Whether this is the id of a photo. Nothing else leads to a file.
fn is_id(id: &str) -> bool {
    id.len() == 27 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// All photos.
pub struct Photos {
    /// The largest photo, in bytes.
    pub max: usize,
    folder: Option<PathBuf>,
    newest: Mutex<Newest>,
}

#[derive(Default)]
struct Newest {
    by_id: HashMap<Arc<str>, Bytes>,
    oldest_first: VecDeque<Arc<str>>,
    bytes: usize,
}

impl Photos {
    /// Photos of at most `max` bytes, and with a folder `data` those that are in it.
    pub fn new(max: usize, data: Option<&Path>) -> Photos {
        Photos { max, folder: data.map(|data| data.join("photos")), newest: Mutex::default() }
    }

    /// Checks a photo and stores it.
    /// Errors: `not-a-photo`, `photo-too-many-pixels`, `not-saved`.
    pub fn add(&self, bytes: &[u8]) -> Result<Photo, Problem> {
        let why = "these bytes are no JPEG, PNG, GIF or WebP, or not a whole one";
        let image = image(bytes).ok_or_else(|| Problem::new("not-a-photo", why))?;
        if !image.has_good_size() {
            let Image { width, height, .. } = image;
            let why =
                format!("a photo has 1 to {PIXELS_MAX} pixels; this one says it has {width} × {height}");
            return Err(Problem::new("photo-too-many-pixels", why));
        }
        let photo = Photo { id: tokens::random().into(), size: bytes.len(), image };
        if let Some(folder) = &self.folder {
            write(folder, &photo.id, bytes).map_err(|error| {
                log::error!("a photo cannot be kept in {}: {error}", folder.display());
                Problem::new("not-saved", "the photo cannot be written now, perhaps because the disk is full")
            })?;
        }
        lock(&self.newest).add(&photo.id, Bytes::copy_from_slice(bytes));
        Ok(photo)
    }

    /// The photo with this id.
    fn find(&self, id: &str) -> Option<Bytes> {
        let found = lock(&self.newest).by_id.get(id).cloned();
        found.or_else(|| {
            let path = self.folder.as_ref().filter(|_| is_id(id))?.join(id);
            files::read(&path).ok()?.map(Bytes::from)
        })
    }

    /// The answer to a request for a photo; `None` if it asks for something else.
    pub fn answer(&self, request: &Request) -> Option<Response> {
        let id = request.path.strip_prefix("/photo/")?;
        // The type comes from the bytes, because another program may have changed the file.
        let found = self.find(id).and_then(|bytes| Some((image(&bytes)?, bytes)));
        let Some((image, bytes)) = found else {
            return Some(Response::refusal(
                404,
                "this photo is not kept any more, or there never was one here",
            ));
        };
        let response = Response::new(200).with_body(image.mime, bytes);
        let response = response.with_header("Content-Security-Policy", "default-src 'none'; sandbox");
        Some(response.with_header("Cache-Control", "private, max-age=31536000, immutable"))
    }
}

impl Newest {
    fn add(&mut self, id: &Arc<str>, bytes: Bytes) {
        self.bytes += bytes.len() + OVERHEAD;
        self.by_id.insert(Arc::clone(id), bytes);
        self.oldest_first.push_back(Arc::clone(id));
        while self.bytes > BYTES_MAX {
            let Some(oldest) = self.oldest_first.pop_front() else { return };
            self.bytes -= self.by_id.remove(&oldest).map_or(0, |bytes| bytes.len() + OVERHEAD);
        }
    }
}

/// Writes a file under another name first, so that its own name never leads to a part of it.
fn write(folder: &Path, id: &str, bytes: &[u8]) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    let (path, new) = (folder.join(id), folder.join(format!("{id}.new")));
    let result =
        history_file::options().create_new(true).open(&new).and_then(|mut file| file.write_all(bytes));
    result.and_then(|()| fs::rename(&new, path)).inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}
