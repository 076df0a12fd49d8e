//! Photos: a member announces one (`photo`), and sends it as its next binary message. It is checked by its own bytes
//! and stored by the round that says its message. The others get its address, and fetch it over HTTP.
//!
//! The newest are in memory. With `--data` all are files in `DIR/photos/`, named by their ids.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use tungstenite::Bytes;

use super::protocol::{Announced, ClientMessage, Parsed, Problem, error, find_ref};
use crate::http::{Request, Response, files};
use crate::websocket::{Socket, stream::BINARY_TIMEOUT};
use crate::{json::quoted, mutex::lock, secret::unguessable_in_url};

pub mod image_header; // the type and the dimensions of an image, from its bytes

/// The photos in memory take at most this many bytes. The oldest are dropped first.
const BYTES_MAX: usize = 32 << 20;
/// What a photo takes there besides its own bytes, about.
const ENTRY: usize = 256;
/// The folder of the photos, beside the history file.
pub const FOLDER: &str = "photos";

/// What the server knows of a photo. All but the id comes from its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// Its address is `photo/` and this id, which cannot be guessed.
    pub id: Arc<str>,
    mime: &'static str,
    size: usize,
    width: u32,
    height: u32,
}

/// A photo with its bytes, until it is stored.
pub type Upload = Box<(Photo, Bytes)>;

impl Photo {
    /// The photo as it stands in messages, and in the history file. Its caption is the text of the message.
    pub fn to_json(&self, caption: &str) -> String {
        let Photo { id, mime, size, width, height } = self;
        let caption = (!caption.is_empty()).then(|| format!(",\"caption\":{}", quoted(caption)));
        let sizes = format!("\"size\":{size},\"width\":{width},\"height\":{height}");
        format!("{{\"url\":\"photo/{id}\",\"mime\":\"{mime}\",{sizes}{}}}", caption.unwrap_or_default())
    }

    /// The photo of a line of the history file; `None` if it is damaged.
    pub fn from_json(fields: &Map<String, Value>) -> Option<Photo> {
        let number = |name: &str| u32::try_from(fields.get(name)?.as_u64()?).ok();
        let id = fields.get("url")?.as_str()?.strip_prefix("photo/").filter(|id| is_id(id))?.into();
        let mime =
            image_header::MIMES.into_iter().find(|mime| fields.get("mime").is_some_and(|it| it == mime))?;
        let (size, width, height) = (number("size")? as usize, number("width")?, number("height")?);
        image_header::has_good_dimensions(width, height).then_some(Photo { id, mime, size, width, height })
    }
}

/// Whether this is an id, as `secret.rs` makes them. Nothing else leads to a file.
fn is_id(id: &str) -> bool {
    id.len() == 27 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The photo that a client sends next.
pub struct Awaited {
    reference: Option<Arc<str>>,
    /// `None`: the announcement was refused. A client may send both in one go, so the photo comes all the same, and is
    /// dropped without a second error.
    announced: Option<Box<Announced>>,
}

/// Begins to wait for a photo of at most `max` bytes.
/// Errors: those of the announcement, `photo-too-large`, `photo-expected`.
pub fn announce(
    awaited: &mut Option<Awaited>, socket: &mut Socket, reference: Option<Arc<str>>,
    announced: Result<Box<Announced>, Problem>, max: usize,
) -> Result<(), Problem> {
    if let Some(Awaited { announced: Some(_), .. }) = awaited {
        return Err(Problem::new("photo-expected", "the photo announced before this one has not come yet"));
    }
    let announced = announced.and_then(|announced| match announced.size <= max as u64 {
        true => Ok(announced),
        false => Err(Problem::new("photo-too-large", format!("a photo has at most {max} bytes here"))),
    });
    let seconds = BINARY_TIMEOUT.as_secs();
    let late = Problem::new("photo-late", format!("for {seconds} s no byte of the announced photo has come"));
    let late = announced.as_ref().map(|_| error(&late, reference.as_deref()).frame());
    socket.expect_binary(Some(late.unwrap_or_default()));
    let (announced, result) = match announced {
        Ok(announced) => (Some(announced), Ok(())),
        Err(problem) => (None, Err(problem)),
    };
    *awaited = Some(Awaited { reference, announced });
    result
}

/// A binary message has come. Returns its `ref`, and what its member says with it; `None` if it was refused before.
pub fn receive(awaited: Option<Awaited>, bytes: Bytes) -> Option<Parsed> {
    let Some(Awaited { reference, announced }) = awaited else {
        let why = "a binary message is a photo here, and none was announced before this one";
        // Bytes that are no text are not copied: as a text they would take three times the memory reserved for them.
        let reference = str::from_utf8(&bytes).ok().and_then(find_ref);
        return Some((reference, Err(Problem::new("not-text", why))));
    };
    let Announced { size, caption, to } = *announced?;
    if bytes.len() as u64 != size {
        let why = format!("{size} bytes were announced, and {} came", bytes.len());
        return Some((reference, Err(Problem::new("photo-size", why))));
    }
    let message = match image_header::read(&bytes) {
        Some((mime, width, height)) if image_header::has_good_dimensions(width, height) => {
            let photo = Photo { id: unguessable_in_url().into(), mime, size: bytes.len(), width, height };
            // After several frames tungstenite's buffer is longer than the message: copy it, so that the rest is freed.
            let bytes = if bytes.is_unique() { Vec::from(bytes).into_boxed_slice().into() } else { bytes };
            Ok(ClientMessage::Say(caption, to, Some(Box::new((photo, bytes)))))
        }
        _ => {
            let why = "these bytes have no header of a JPEG, PNG, GIF or WebP of at most 25 megapixels";
            Err(Problem::new("not-a-photo", why))
        }
    };
    Some((reference, message))
}

/// All photos. Its lock is held for a moment, and never while a file is read.
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
    /// Photos of at most `max` bytes, and with a folder `data` those that are there.
    pub fn new(max: usize, data: Option<&Path>) -> Photos {
        Photos { max, folder: data.map(|data| data.join(FOLDER)), newest: Mutex::default() }
    }

    /// Adds photos to those in memory.
    pub fn add(&self, uploads: Vec<Upload>) {
        let newest = &mut *lock(&self.newest);
        for (Photo { id, size, .. }, bytes) in uploads.into_iter().map(|upload| *upload) {
            newest.bytes += size + ENTRY;
            newest.by_id.insert(Arc::clone(&id), bytes);
            newest.oldest_first.push_back(id);
        }
        while newest.bytes > BYTES_MAX {
            let Some(oldest) = newest.oldest_first.pop_front() else { return };
            newest.bytes -= newest.by_id.remove(&oldest).map_or(0, |bytes| bytes.len() + ENTRY);
        }
    }

    /// The answer to a request for a photo; `None` if it asks for something else.
    pub fn answer(&self, request: &Request) -> Option<Response> {
        let id = request.path.strip_prefix("/photo/")?;
        let in_memory = lock(&self.newest).by_id.get(id).cloned();
        let bytes = in_memory.or_else(|| {
            let path = self.folder.as_ref().filter(|_| is_id(id))?.join(id);
            let path = Some(path).filter(|path| path.is_file())?; // opening a FIFO would wait for a writer
            files::read(&path).ok()?.map(Bytes::from)
        });
        // Another program may have changed the file, so its type is read again.
        let found = bytes.and_then(|bytes| Some((image_header::read(&bytes)?.0, bytes)));
        let why = "this photo is not kept any more, or never was";
        let Some((mime, bytes)) = found else { return Some(Response::refusal(404, why)) };
        let response = Response::new(200).with_body(mime, bytes);
        let response = response.with_header("Content-Security-Policy", "default-src 'none'; sandbox");
        Some(response.with_header("Cache-Control", "private, max-age=31536000, immutable"))
    }
}

/// Writes photos, each under another name first, so that no request gets a part of one.
pub fn write(folder: &Path, uploads: &[Upload]) -> io::Result<()> {
    for (photo, bytes) in uploads.iter().map(|upload| &**upload) {
        let (mut builder, mut options) = (DirBuilder::new(), File::options());
        #[cfg(unix)]
        {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        builder.recursive(true).create(folder)?;
        let [path, new] = paths(folder, photo);
        options.write(true).create_new(true).open(&new)?.write_all(bytes)?;
        fs::rename(new, path)?;
    }
    Ok(())
}

/// Removes what [`write`] has written of these.
pub fn remove(folder: &Path, uploads: &[Upload]) {
    uploads.iter().flat_map(|upload| paths(folder, &upload.0)).for_each(|path| drop(fs::remove_file(path)));
}

/// A photo's file, and its name while it is written.
fn paths(folder: &Path, photo: &Photo) -> [PathBuf; 2] {
    [folder.join(&*photo.id), folder.join(format!("{}.new", photo.id))]
}
