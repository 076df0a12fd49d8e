//! The type and the size of an image, from its first bytes: what the client says about them may be wrong, and
//! browsers of the readers believe the bytes.
//!
//! | format | begins with | width and height |
//! |---|---|---|
//! | PNG | `89 "PNG" 0D 0A 1A 0A`, then the chunk IHDR | 4 bytes each at 16, big-endian |
//! | GIF | `"GIF87a"` or `"GIF89a"` | 2 bytes each at 6, little-endian: the logical screen |
//! | WebP | `"RIFF"`, 4 bytes, `"WEBP"`, then a chunk | little-endian; `VP8 `: 14 bits each at 26 and 28, behind `9D 01 2A`; `VP8L`: less 1, 14 bits each at 21, behind `2F`; `VP8X`: less 1, 3 bytes each at 24 |
//! | JPEG | `FF D8`, then segments: `FF`, marker, length | height, then width, 2 bytes each, big-endian, 5 bytes into the segment of the first marker SOFn |

/// What the bytes of an image say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Its media type.
    pub mime: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// The media types of the photos that the chat takes.
pub const MIMES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// The most pixels of a photo. A header of 50 bytes can claim 10 gigapixels, for which browsers take memory.
pub const PIXELS_MAX: u64 = 25_000_000;

impl Image {
    /// Whether a browser can show it without taking too much memory.
    pub fn has_good_size(&self) -> bool {
        (1..=PIXELS_MAX).contains(&(u64::from(self.width) * u64::from(self.height)))
    }
}

/// Reads the header of an image; `None` if it is none of the four formats, or the header is not complete.
pub fn image(bytes: &[u8]) -> Option<Image> {
    let big_endian = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    let big = |at, length| bytes.get(at..at + length).map(big_endian);
    let little = |at, length| {
        let bytes: Vec<u8> = bytes.get(at..at + length)?.iter().rev().copied().collect();
        Some(big_endian(&bytes))
    };
    let (mime, width, height) = if bytes.starts_with(b"\xFF\xD8\xFF") {
        let frame = start_of_frame(bytes)?;
        (MIMES[0], big(frame + 7, 2)?, big(frame + 5, 2)?)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR") {
        (MIMES[1], big(16, 4)?, big(20, 4)?)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        (MIMES[2], little(6, 2)?, little(8, 2)?)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12)? == b"WEBP" {
        let (width, height) = match bytes.get(12..16)? {
            b"VP8 " if bytes.get(23..26)? == b"\x9D\x01\x2A" => {
                (little(26, 2)? & 0x3FFF, little(28, 2)? & 0x3FFF)
            }
            b"VP8L" if bytes.get(20)? == &0x2F => {
                let bits = little(21, 4)?;
                ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
            }
            b"VP8X" => (little(24, 3)? + 1, little(27, 3)? + 1),
            _ => return None,
        };
        (MIMES[3], width, height)
    } else {
        return None;
    };
    Some(Image { mime, width, height })
}

/// Where the marker SOFn of a JPEG stands: C0 to CF, without C4, C8 and CC, which mean something else.
fn start_of_frame(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match bytes.get(at..at + 4)? {
            [0xFF, 0xFF, ..] => at += 1, // fill bytes may stand before a marker
            [0xFF, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, ..] => return Some(at),
            // Without a length, or the image itself begins; another program may go on reading elsewhere.
            [0xFF, 0x00 | 0x01 | 0xD0..=0xDA, ..] => return None,
            [0xFF, _, high, low] => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return None,
        }
    }
}
