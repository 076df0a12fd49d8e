//! Answers to exercises 1 and 2 that people give, for `make lab-check`.

use partyline::by_hand::sha1;
use tungstenite::handshake::derive_accept_key;

use super::by_hand::{GUID, decode_base64};
use super::frame::{Frame, TEXT};
use super::table::{Exercise, Words, base64};

/// What is wrong with an answer, what the check says of it, and the answer to the words of a check.
type WrongAnswer = (&'static str, &'static str, fn(&Words) -> String);

/// The wrong answers to an exercise.
pub fn wrong_answers(exercise: &Exercise) -> &'static [WrongAnswer] {
    if exercise.ask.as_deref() == Some("accept") { &ACCEPT } else { &FRAME }
}

fn hash(key: &str, guid: &str) -> String {
    base64(&sha1(format!("{key}{guid}").as_bytes()))
}

fn frame(words: &Words) -> Vec<u8> {
    Frame { first: TEXT, key: Some(words.mask), payload: words.fill("{1}").into_bytes() }.to_bytes()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

const ACCEPT: [WrongAnswer; 9] = [
    ("the RFC’s sample", "The form is right", |_| "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_string()),
    ("of another seed", "The form is right", |_| derive_accept_key(Words::new(1).key.as_bytes())),
    ("the key", "An accept value has 28 characters", |words| words.key.clone()),
    ("without ==", "without its ==", |words| hash(words.key.trim_end_matches('='), GUID)),
    ("small letters", "small letters", |words| hash(&words.key, &GUID.to_lowercase())),
    ("a line end", "printf, not echo", |words| hash(&words.key, &format!("{GUID}\n"))),
    ("in hex", "40 hex digits", |words| hex(sha1(format!("{}{GUID}", words.key).as_bytes()))),
    ("hex in base64", "have been put into base64", |words| {
        base64(format!("{}\n", hex(sha1(format!("{}{GUID}", words.key).as_bytes()))).as_bytes())
    }),
    ("decoded", "has been decoded", |words| {
        base64(&sha1(&[&decode_base64(&words.key), GUID.as_bytes()].concat()))
    }),
];

const FRAME: [WrongAnswer; 7] = [
    ("the RFC’s sample", "Payload length", |_| "81 85 37 fa 21 3d 7f 9f 4d 51 58".to_string()),
    ("of another seed", ": expected", |_| hex(frame(&Words::new(1)))),
    ("no mask", "Mask: expected 1, received 0", |words| {
        hex(Frame::of_server(TEXT, words.fill("{1}")).to_bytes())
    }),
    ("no mask bit", "Mask: expected 1, received 0", |words| {
        let bytes = frame(words);
        hex([&[bytes[0], bytes[1] & 0x7F], &bytes[2..]].concat())
    }),
    ("payload not masked", "Payload: it is not masked", |words| {
        hex([&frame(words)[..6], words.fill("{1}").as_bytes()].concat())
    }),
    ("key upside down", "after unmasking: expected", |words| {
        let mut bytes = frame(words);
        bytes[6..10].reverse();
        hex(bytes)
    }),
    ("decimal", "81 and not 129", |words| {
        let numbers: Vec<String> = frame(words).iter().map(u8::to_string).collect();
        numbers.join(",")
    }),
];
