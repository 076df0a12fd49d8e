//! The type and the size of an image are read from its bytes: real files, files that are cut, headers that lie.

use partyline::chat::photos::image_header::{has_good_dimensions, read};
use serde_json::json;

use crate::support::chat::*;
use crate::support::images::*;
use crate::support::*;

#[test]
fn every_beginning_of_an_image_is_read_rightly_or_not_at_all() {
    for Sample { mime, bytes } in samples() {
        let whole = read(&bytes);
        assert_eq!(whole, Some((mime, 3, 2)));
        let shortest = (0..=bytes.len()).find(|length| read(&bytes[..*length]).is_some()).unwrap();
        for length in 0..=bytes.len() {
            assert_eq!(read(&bytes[..length]), whole.filter(|_| length >= shortest), "{length} of a {mime}");
        }
        assert!(shortest >= 23, "the header of a {mime} is not as short as {shortest}");
    }
}

/// The samples by number, with these bytes put at these places.
fn changed(sample: usize, changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = samples().remove(sample).bytes;
    for (at, new) in changes {
        bytes[*at..at + new.len()].copy_from_slice(new);
    }
    bytes
}

/// The place of the first SOF marker.
fn frame_of(sample: usize) -> usize {
    let bytes = samples().remove(sample).bytes;
    bytes.windows(2).position(|pair| pair == b"\xFF\xC0" || pair == b"\xFF\xC2").expect("a frame")
}

/// Images of each format whose header claims too many pixels, or none.
fn liars() -> Vec<(&'static str, Vec<u8>)> {
    let (baseline, progressive) = (frame_of(0), frame_of(1));
    let png =
        |width: u32, height: u32| changed(2, &[(16, &width.to_be_bytes()), (20, &height.to_be_bytes())]);
    vec![
        ("JPEG 65,535 × 65,535", changed(0, &[(baseline + 5, &[0xFF; 4])])),
        ("JPEG of height 0, to be told later", changed(0, &[(baseline + 5, &[0, 0])])),
        ("JPEG of width 0", changed(0, &[(baseline + 7, &[0, 0])])),
        ("progressive JPEG 65,535 × 65,535", changed(1, &[(progressive + 5, &[0xFF; 4])])),
        ("PNG 100,000 × 100,000", png(100_000, 100_000)),
        ("PNG whose product overflows 32 bits", png(65_536, 65_537)),
        ("PNG of the largest sides", png(u32::MAX, u32::MAX)),
        ("PNG 0 × 1", png(0, 1)),
        ("PNG 5,001 × 5,000", png(5001, 5000)),
        ("GIF 65,535 × 65,535", changed(3, &[(6, &[0xFF; 4])])),
        ("GIF 0 × 0", changed(3, &[(6, &[0; 4]), (32, &[0; 4])])),
        ("GIF of 3 × 2 with a frame of 65,535 × 65,535", changed(3, &[(32, &[0xFF; 4])])),
        ("VP8 16,383 × 16,383", changed(4, &[(26, &[0xFF, 0x3F, 0xFF, 0x3F])])),
        ("VP8 0 × 2", changed(4, &[(26, &[0, 0])])),
        ("VP8L 16,384 × 16,384", changed(5, &[(21, &[0xFF; 4])])),
        ("VP8X 16,777,216 × 16,777,216", changed(6, &[(24, &[0xFF; 6])])),
    ]
}

/// What is none of the four formats.
fn others() -> Vec<(&'static str, Vec<u8>)> {
    let jpeg = samples().remove(0).bytes;
    let with = |segment: &[u8]| [&jpeg[..2], segment, &jpeg[2..]].concat();
    vec![
        ("SVG", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec()),
        ("HTML", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("BMP", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x03\0\0\0\x02\0\0\0".to_vec()),
        ("AVIF", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf".to_vec()),
        ("HEIC", b"\0\0\0\x20ftypheic\0\0\0\0mif1heic".to_vec()),
        ("TIFF", b"II*\0\x08\0\0\0".to_vec()),
        ("PNG whose first chunk is another", changed(2, &[(12, b"IDAT")])),
        ("GIF of an unknown version", changed(3, &[(3, b"88a")])),
        ("WAV", changed(4, &[(8, b"WAVE")])),
        ("WebP whose first chunk is another", changed(4, &[(12, b"ICCP")])),
        ("VP8 without its start code", changed(4, &[(23, b"\0\0\0")])),
        ("VP8L without its signature", changed(5, &[(20, b"\0")])),
        ("JPEG with a marker without a length", with(b"\xFF\xD0")),
        ("JPEG whose pixels begin before its frame", with(b"\xFF\xDA\0\x02")),
        ("JPEG with a byte between segments", with(b"\xFF\xFE\0\x02x")),
        ("empty", Vec::new()),
    ]
}

#[test]
fn headers_that_lie_and_other_formats_are_refused() {
    for (what, bytes) in liars() {
        let (_, width, height) = read(&bytes).unwrap_or_else(|| panic!("{what} has a header"));
        assert!(!has_good_dimensions(width, height), "{what}: {width} × {height}");
    }
    for (what, bytes) in others() {
        assert_eq!(read(&bytes), None, "{what}");
    }
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    for (what, bytes) in liars().into_iter().chain(others()) {
        ana.send_photo(&json!({ "ref": what, "mime": "image/jpeg", "width": 3, "height": 2 }), &bytes);
        ana.expect_error("not-a-photo", Some(what));
    }
    ana.say("nothing else");
    ben.expect_said(1, &ana.person(), "nothing else");
}

#[test]
fn segments_of_a_jpeg_are_skipped_and_extensions_of_a_gif() {
    let (jpeg, gif) = (samples().remove(0).bytes, samples().remove(3).bytes);
    // A comment that looks like a frame of 65,535 × 65,535, and fill bytes before a marker.
    let comment = b"\xFF\xFE\0\x0B\xFF\xC0\0\x11\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    assert_eq!(read(&[&jpeg[..2], comment, &jpeg[2..]].concat()), Some(("image/jpeg", 3, 2)));
    // Two comments and an application's block before the first frame, of which one looks like a frame.
    let extension = b"!\xFE\x0A,\0\0\0\0\xFF\xFF\xFF\xFF\0\x01x\0!\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0";
    assert_eq!(read(&[&gif[..19], extension, &gif[19..]].concat()), Some(("image/gif", 3, 2)));
    // Without a table of colours, and with the largest.
    let without = [&gif[..10], b"\0\0\0", &gif[19..]].concat();
    assert_eq!(read(&without), Some(("image/gif", 3, 2)));
    let largest = [&gif[..10], b"\xF7\0\0", &[7; 768], &gif[19..]].concat();
    assert_eq!(read(&largest), Some(("image/gif", 3, 2)));
}
