//! `src/by_hand.rs` does what tungstenite does.

use partyline::by_hand::{accept_value, base64, mask, sha1};
use tungstenite::handshake::derive_accept_key;

use crate::support::random::Random;
use crate::support::*;

#[test]
fn the_examples_of_the_rfcs_come_out() {
    assert_eq!(accept_value(KEY), ACCEPT);
    let hex = |bytes: [u8; 20]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    // RFC 3174, 7.3.
    assert_eq!(hex(sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    assert_eq!(hex(sha1(long)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    assert_eq!(hex(sha1(&[b'a'; 1_000_000])), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    // RFC 4648, section 10.
    for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
    // RFC 6455, 5.7.
    let mut hello = [0x7F, 0x9F, 0x4D, 0x51, 0x58];
    mask(&mut hello, [0x37, 0xFA, 0x21, 0x3D]);
    assert_eq!(&hello, b"Hello");
}

#[test]
fn it_agrees_with_tungstenite() {
    let mut random = Random::new();
    for length in (0..200).chain([1000, 10_000]) {
        let key: String = random.bytes(length).into_iter().map(|byte| char::from(byte % 0x80)).collect();
        assert_eq!(accept_value(&key), derive_accept_key(key.as_bytes()), "{key:?}");
        let payload = random.bytes(length);
        let frame = client_frame(0x82, &payload);
        let start = frame.len() - length;
        let mut unmasked = frame[start..].to_vec();
        mask(&mut unmasked, frame[start - 4..start].try_into().unwrap());
        assert_eq!(unmasked, payload);
    }
}
