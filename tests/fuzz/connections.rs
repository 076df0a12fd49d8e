//! Bytes at random over real connections, see `fuzz.rs`: whatever comes after the handshake, the server
//! answers what it can, takes leave in order, and goes on serving the others.

use std::io::Write;
use std::net::Shutdown;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use partyline::websocket::frames;
use partyline::websocket::tap::{Tap, Watcher};
use serde_json::Value;

use crate::fuzz::parsers::{HEAD_TOKENS, fuzz, head_corpus};
use crate::support::chat::Member;
use crate::support::dice::Dice;
use crate::support::*;

/// After so many connections those who were there all the time have to have heard it all.
const BATCH: usize = 20;

/// How the server closes after a mistake.
const MISTAKES: [u16; 3] = [1002, 1007, 1009];

fn frame_corpus() -> Vec<Vec<u8>> {
    let masked = client_frame;
    let long = |length: &[u8]| [b"\x82", length, &[0x37, 0xFA, 0x21, 0x3D], &[7; 200]].concat();
    vec![
        masked(0x81, b"Hello"),
        masked(0x81, "Grüße, 😀".as_bytes()),
        masked(0x82, &[0xAB; 300]),
        masked(0x82, &[0xAB; 66_000]),
        [masked(0x01, b"a"), masked(0x89, b"?"), masked(0x00, b""), masked(0x80, b"b")].concat(),
        [masked(0x01, b"\xE2\x82"), masked(0x80, b"\xAC")].concat(),
        [masked(0x89, &[9; 125]), masked(0x8A, b""), masked(0x88, b"\x03\xE8bye")].concat(),
        [masked(0x81, b"one"), masked(0x88, b""), masked(0x81, b"two")].concat(),
        masked(0x81, br#"{"type":"say","text":"hello","ref":"r"}"#),
        masked(0x81, br#"{"type":"name","name":"Zo\u00eb"}"#),
        masked(0x81, &[br#"{"a":"#.repeat(10_000), b"1".to_vec(), b"}".repeat(10_000)].concat()),
        masked(0x81, b"bad \xFF text"),
        masked(0x88, b"\x03\xED"),
        masked(0xC1, b"x"),
        b"\x81\x05Hello".to_vec(),
        long(b"\xFE\0\xC8"),
        long(b"\xFF\0\0\0\0\0\0\0\xC8"),
        long(b"\xFF\x40\0\0\0\0\0\0\0"),
        long(&[0xFF; 9]),
    ]
}

#[rustfmt::skip]
const FRAME_TOKENS: [&[u8]; 28] = [
    b"\x81", b"\x01", b"\x80", b"\0", b"\x82", b"\x89", b"\x8A", b"\x88", b"\xC1", b"\x83", b"\x8B", b"\x81\x80\0\0\0\0",
    b"\x01\x80\0\0\0\0", b"\x00\x80\0\0\0\0", b"\x80\x80\0\0\0\0", b"\x89\x80\0\0\0\0", b"\x88\x80\0\0\0\0",
    b"\x88\x82\0\0\0\0\x03\xE8", b"\x81\x81\0\0\0\0x", b"\x01\x81\0\0\0\0\xE2", b"\xFE\0\0", b"\xFE\0\x7D", b"\xFE\xFF\xFF",
    b"\xFF\0\0\0\0\0\0\0\x01", b"\xFF\0\0\0\0\x01\0\0\0", b"\xFF\x80\0\0\0\0\0\0\0", b"\xFF", b"\xF0\x9F\x98",
];

#[test]
fn frames() {
    let server = Server::start_without_pace(&["--log", "warn"]);
    let mut listener = server.open("/broadcast");
    let mut member = Member::come(&server, "Ana");
    let mut count = 0;
    // Many rows of frames that are mostly right, or nothing would get very far.
    let mut corpus = frame_corpus();
    let mut dice = Dice::new(1);
    corpus.extend((0..300).map(|_| some_frames(&mut dice)));
    fuzz("frames", &corpus, &FRAME_TOKENS, |input, dice| {
        let door = dice.pick(&["/echo", "/echo", "/broadcast", "/", "/chat", "/chat?name=Ben"]);
        let (answers, end) = exchange(&server, door, input, dice);
        let (expected, understood) = understand(input);
        match understood {
            End::Cut => assert!(end.is_none_or(|code| MISTAKES.contains(&code)), "{end:?}"),
            End::Close => assert!(end.is_some(), "a Close is answered"),
            End::Mistake => assert!(end.is_some_and(|code| MISTAKES.contains(&code)), "{end:?}"),
        }
        if !door.starts_with("/chat") {
            assert!(answers == expected, "{answers:?}, not {expected:?}");
        }
        count += 1;
        if count % BATCH == 0 {
            let last = format!("that was {count}");
            listener.send_text(&last);
            while listener.read().payload != last.as_bytes() {}
            member.send(&serde_json::json!({ "type": "say", "text": last, "ref": last }));
            while member.read()["ref"] != last.as_str() {}
            assert!(!server.log().contains("panicked"), "{}", server.log());
        }
    });
    server.assert_serves();
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// Some whole frames, most of them in order, with what is nearly JSON in some.
fn some_frames(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=dice.below(6) {
        let first = dice.pick(&[0x81, 0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A]);
        let count = dice.small(10);
        let payload = match dice.below(3) {
            0 => dice.bytes(count),
            1 => vec![b'x'; count],
            _ => dice.pick(&[
                br#"{"type":"say","text":"x"}"#.to_vec(),
                br#"{"type":"typing"}"#.to_vec(),
                br#"{"type":"name","name":"#.to_vec(),
            ]),
        };
        bytes.extend(client_frame(first, &payload));
    }
    bytes
}

/// Sends all of it, in a few pieces, and reads to the end: the frames before the Close, and its code.
fn exchange(
    server: &Server,
    door: &str,
    bytes: &[u8],
    dice: &mut Dice,
) -> (Vec<Frame>, Option<u16>) {
    let mut peer = server.open(door);
    let mut writer = peer.stream.try_clone().unwrap();
    let size = 1 + dice.small(17);
    let (mut frames, mut end) = (Vec::new(), None);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The server may have closed before it has read everything.
            let _ = bytes.chunks(size.max(bytes.len() / 8)).try_for_each(|c| writer.write_all(c));
            let _ = writer.shutdown(Shutdown::Write);
        });
        while let Some(frame) = peer.try_read() {
            assert_eq!(end, None, "after a Close there is nothing: {frame:?}");
            let text = std::str::from_utf8(&frame.payload);
            match frame.first {
                0x81 if door.starts_with("/chat") => {
                    let message: Value = serde_json::from_str(text.unwrap()).expect("JSON");
                    assert!(message["type"].is_string(), "{message}");
                }
                0x81 => assert!(text.is_ok(), "{frame:?}"),
                0x82 => {}
                0x8A => assert!(frame.payload.len() <= 125, "{frame:?}"),
                0x88 => {
                    let code = frame.payload.get(..2);
                    end = Some(code.map_or(1005, |code| u16::from_be_bytes([code[0], code[1]])));
                    assert!(frame.payload.len() <= 125, "{frame:?}");
                    continue;
                }
                _ => panic!("no frame of a server: {frame:?}"),
            }
            frames.push(frame);
        }
    });
    (frames, end)
}

/// Why a connection ends.
enum End {
    /// Nothing more comes. The last frame may be there in part, and may be known to be wrong by that.
    Cut,
    Close,
    Mistake,
}

/// What RFC 6455 makes of a client's bytes, for a server that says again what it hears: the frames that
/// it sends, and why there are no more.
fn understand(mut bytes: &[u8]) -> (Vec<Frame>, End) {
    let (mut frames, mut begun): (Vec<Frame>, Option<Frame>) = (Vec::new(), None);
    while let Some((first, payload, rest)) = split_frame(bytes) {
        bytes = rest;
        let (is_last, opcode) = (first & 0x80 != 0, first & 0x0F);
        match (opcode, &mut begun) {
            _ if first & 0x70 != 0 => return (frames, End::Mistake),
            (8.., _) if !is_last || payload.len() > 125 => return (frames, End::Mistake),
            (8, _) => return (frames, End::Close),
            (9, _) => {
                frames.push(Frame { first: 0x8A, payload });
                continue;
            }
            (10, _) => continue,
            (1 | 2, None) => begun = Some(Frame { first: 0x80 | opcode, payload }),
            (0, Some(message)) => message.payload.extend(payload),
            _ => return (frames, End::Mistake),
        }
        let text = begun.as_ref().filter(|message| message.first == 0x81);
        if let Some(Err(error)) = text.map(|text| std::str::from_utf8(&text.payload)) {
            // Only the next fragment can have the rest of a character that stops short.
            if is_last || error.error_len().is_some() {
                return (frames, End::Mistake);
            }
        }
        frames.extend(begun.take_if(|_| is_last));
    }
    (frames, End::Cut)
}

/// The first byte and the payload, without its mask, of the first frame, if all of it is there and has
/// a mask.
fn split_frame(bytes: &[u8]) -> Option<(u8, Vec<u8>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&second, rest) = rest.split_first()?;
    let (length, rest) = match second & 0x7F {
        126 => {
            rest.split_first_chunk().map(|(n, rest)| (u64::from(u16::from_be_bytes(*n)), rest))?
        }
        127 => rest.split_first_chunk().map(|(n, rest)| (u64::from_be_bytes(*n), rest))?,
        length => (u64::from(length), rest),
    };
    let (mask, rest) = rest.split_first_chunk::<4>().filter(|_| second & 0x80 != 0)?;
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key);
    Some((first, payload.collect(), rest))
}

/// Writes down what a tap sees: header, length, beginning of the payload.
#[derive(Debug, Default)]
struct Witness(Mutex<Vec<Seen>>);

type Seen = (Vec<u8>, u64, Vec<u8>);

impl Watcher for Witness {
    fn began(&self, _: &Arc<Tap>, _: &[u8]) {}

    fn passed(&self, _: &Tap, _: &str, frame: &frames::Frame) {
        let seen = (frame.header.to_vec(), frame.length, frame.payload.to_vec());
        self.0.lock().unwrap().push(seen);
    }

    fn ended(&self, _: &Tap) {}
}

/// Where each frame begins, and what there is to see of it; by the whole of the bytes.
fn frames_in(bytes: &[u8]) -> Vec<(usize, Seen)> {
    let (mut frames, mut at) = (Vec::new(), 0);
    loop {
        let rest = &bytes[at.min(bytes.len())..];
        let Some(second) = rest.get(1) else { return frames };
        let extended = match second & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let size = 2 + extended + if second & 0x80 == 0 { 0 } else { 4 };
        let mut length = [0; 8];
        let Some(header) = rest.get(..size) else { return frames };
        length[8 - extended..].copy_from_slice(&header[2..2 + extended]);
        let length = match extended {
            0 => u64::from(second & 0x7F),
            _ => u64::from_be_bytes(length),
        };
        let shown = usize::try_from(length.min(256)).unwrap();
        let Some(payload) = rest.get(size..size + shown) else { return frames };
        frames.push((at, (header.to_vec(), length, payload.to_vec())));
        at = at.saturating_add(size).saturating_add(usize::try_from(length).unwrap());
    }
}

#[test]
fn a_tap_sees_the_same_however_the_bytes_are_cut() {
    let mut corpus = frame_corpus();
    let mut dice = Dice::new(2);
    corpus.extend((0..300).map(|_| some_frames(&mut dice)));
    fuzz("taps", &corpus, &FRAME_TOKENS, |input, dice| {
        let witness = Arc::new(Witness::default());
        let tap = Tap::new("x".repeat(16), 1, Vec::new(), Vec::new(), witness.clone());
        // Somebody opens the view when so many bytes have passed.
        let opened = if dice.below(2) == 0 { 0 } else { dice.below(input.len() + 1) };
        let (before, after) = input.split_at(opened);
        let most = 1 + dice.small(11);
        for (part, is_watched) in [(before, false), (after, true)] {
            tap.is_watched.store(is_watched, Relaxed);
            let mut rest = part;
            while !rest.is_empty() {
                let piece = rest.len().min(1 + dice.below(most));
                tap.from_client(&rest[..piece]);
                rest = &rest[piece..];
            }
        }
        let frames = frames_in(input).into_iter();
        let expected: Vec<Seen> =
            frames.filter(|(at, _)| *at >= opened).map(|(_, seen)| seen).collect();
        assert!(*witness.0.lock().unwrap() == expected, "watched from byte {opened} on");
    });
}

#[test]
fn heads_over_a_connection() {
    let server = Server::start(&["--log", "warn", "--host", "lab.test"]);
    fuzz("heads over a connection", &head_corpus(), &HEAD_TOKENS, |input, _| {
        let mut stream = server.connect();
        // It may answer and close before it has read everything.
        let _ = stream.write_all(input);
        let _ = stream.shutdown(Shutdown::Write);
        if input.is_empty() {
            return;
        }
        let reply = Reply::read(stream);
        if reply.status == 101 {
            return assert_eq!(reply.header("Content-Length"), None);
        }
        let length: usize = reply.header("Content-Length").expect("it has").parse().unwrap();
        let is_head = input.trim_ascii_start().starts_with(b"HEAD ");
        // (What cannot be read as a head is no HEAD, whatever it begins with.)
        assert!(reply.body.len() == length || is_head && reply.body.is_empty(), "{reply:?}");
    });
    server.assert_serves();
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
