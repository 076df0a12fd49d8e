//! The type and the dimensions of an image, from its first bytes: a client may say anything, and the browsers of the
//! readers believe the bytes.
//!
//! | format | begins with | width and height |
//! |---|---|---|
//! | JPEG | `FF D8`, then segments: `FF`, marker, length, … | big-endian; in the first segment SOFn, at 7 and 5 |
//! | PNG | `89 "PNG" 0D 0A 1A 0A`, then the chunk IHDR | big-endian; at 16 and 20 |
//! | GIF | `"GIF87a"` or `"GIF89a"` | little-endian; at 6 and 8, or in the first frame if that is larger |
//! | WebP | `"RIFF"`, length, `"WEBP"`, then a chunk | little-endian; `VP8 `: at 26 and 28, 14 bits each |
//! | | | `VP8L`: at 21, 14 bits each, stored as width − 1; `VP8X`: at 24 and 27, likewise |

/// The media types of photos.
pub const MIMES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Whether browsers can show an image of this many pixels: a header of 50 bytes can claim 10 gigapixels, and they take
/// the memory for them.
pub fn has_good_dimensions(width: u32, height: u32) -> bool {
    (1..=25_000_000).contains(&(u64::from(width) * u64::from(height)))
}

/// Reads the header of an image: its media type, its width and its height, in pixels. `None` if it has none of the
/// four formats, or the header is not complete.
pub fn read(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let append = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
    let big = |at: usize, length| Some(bytes.get(at..at + length)?.iter().fold(0, append));
    let little = |at: usize, length| Some(bytes.get(at..at + length)?.iter().rev().fold(0, append));
    Some(if bytes.starts_with(b"\xFF\xD8\xFF") {
        let frame = jpeg_frame(bytes)?;
        (MIMES[0], big(frame + 7, 2)?, big(frame + 5, 2)?)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR") {
        (MIMES[1], big(16, 4)?, big(20, 4)?)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        let frame = gif_frame(bytes)?;
        (MIMES[2], little(6, 2)?.max(little(frame + 5, 2)?), little(8, 2)?.max(little(frame + 7, 2)?))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12)? == b"WEBP" {
        match bytes.get(12..16)? {
            b"VP8 " if bytes.get(23..26)? == b"\x9D\x01\x2A" => {
                (MIMES[3], little(26, 2)? & 0x3FFF, little(28, 2)? & 0x3FFF)
            }
            b"VP8L" if *bytes.get(20)? == 0x2F => {
                (MIMES[3], (little(21, 4)? & 0x3FFF) + 1, (little(21, 4)? >> 14 & 0x3FFF) + 1)
            }
            b"VP8X" => (MIMES[3], little(24, 3)? + 1, little(27, 3)? + 1),
            _ => return None,
        }
    } else {
        return None;
    })
}

/// Where the segment SOFn begins: its marker is one of C0 to CF, without C4, C8 and CC.
fn jpeg_frame(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match bytes.get(at..at + 4)? {
            [0xFF, 0xFF, ..] => at += 1, // any number of them may stand before a marker
            [0xFF, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, ..] => return Some(at),
            // Markers without a length, and the beginning of the pixels. Programs differ in what they do then.
            [0xFF, 0x00 | 0x01 | 0xD0..=0xDA, ..] => return None,
            [0xFF, _, high, low] => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return None,
        }
    }
}

/// Where the first frame begins: behind the table of colours, and extensions in blocks, of which the last is empty.
fn gif_frame(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(10)?;
    let mut at = if flags & 0x80 == 0 { 13 } else { 13 + (6 << (flags & 7)) };
    while *bytes.get(at)? == 0x21 {
        at += 2;
        while *bytes.get(at)? != 0 {
            at += 1 + usize::from(bytes[at]);
        }
        at += 1;
    }
    (bytes[at] == 0x2C).then_some(at)
}
