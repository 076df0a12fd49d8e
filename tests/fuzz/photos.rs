//! Images at random, through the function that reads their headers.

use partyline::chat::photos::image_header::{MIMES, read};

use crate::support::fuzzing::fuzz;
use crate::support::images::samples;

/// Pieces of headers.
#[rustfmt::skip]
const IMAGE_TOKENS: [&[u8]; 22] = [
    b"\xFF\xD8\xFF", b"\xFF\xC0\0\x11\x08", b"\xFF\xC4", b"\xFF\xDA", b"\xFF\xFF", b"\xFF\xE1\0\x02", b"\xFF\xFE\xFF\xFF",
    b"\x89PNG\r\n\x1A\n", b"\0\0\0\x0DIHDR", b"GIF87a", b"GIF89a", b"!\xF9\x04", b",", b"!\xFE\xFF", b"RIFF", b"WEBP", b"VP8 ",
    b"VP8L", b"VP8X", b"\x9D\x01\x2A", b"\xFF\xFF\xFF\xFF", b"\0\0\0\0",
];

#[test]
fn an_image_is_read_by_its_own_format_whatever_follows() {
    let corpus: Vec<Vec<u8>> = samples().into_iter().map(|sample| sample.bytes).collect();
    fuzz("photos", &corpus, &IMAGE_TOKENS, |input, random| {
        let Some(found) = read(input) else { return };
        let begins = |bytes: &[u8]| input.starts_with(bytes);
        let expected = match input {
            _ if begins(b"\xFF\xD8\xFF") => 0,
            _ if begins(b"\x89PNG") => 1,
            _ if begins(b"GIF8") => 2,
            _ => 3,
        };
        assert_eq!(found.0, MIMES[expected]);
        assert!(expected < 3 || begins(b"RIFF") && &input[8..15] == b"WEBPVP8");
        // What comes behind the header changes nothing, and a part of the header is none.
        let more = [input, &random.bytes(20)].concat();
        assert_eq!(read(&more), Some(found));
        let part = &input[..random.below(input.len())];
        assert!(read(part).is_none_or(|it| it == found), "{part:?}");
    });
}
