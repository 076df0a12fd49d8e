//! Frames at random over real connections: the server answers what RFC 6455 allows, closes in order after
//! anything else, and keeps serving the other clients.

use std::io::Write;
use std::net::Shutdown;

use serde_json::Value;

use crate::support::chat::Member;
use crate::support::corpus::{FRAME_TOKENS, frame_corpus, random_frames};
use crate::support::fuzzing::fuzz;
use crate::support::random::Random;
use crate::support::{Frame, Server};

/// After each batch of connections, two clients that stay connected check that they get everything.
const BATCH: usize = 20;

/// The close codes after an error of the client's.
const MISTAKES: [u16; 3] = [1002, 1007, 1009];

#[test]
fn frames_are_answered_as_rfc_6455_says_or_refused() {
    let server = Server::start_without_pace(&["--log", "warn"]);
    let mut listener = server.open("/broadcast");
    let mut member = Member::come(&server, "Ana");
    let mut count = 0;
    // Many rows of frames that are mostly right: otherwise most inputs would end at their first frame.
    let mut corpus = frame_corpus();
    let mut random = Random::with_seed(1);
    corpus.extend((0..300).map(|_| random_frames(&mut random)));
    fuzz("frames", &corpus, &FRAME_TOKENS, |input, random| {
        let path = random.pick(&["/echo", "/echo", "/broadcast", "/", "/chat", "/chat?name=Ben"]);
        let (answers, end) = exchange(&server, path, input, random);
        let (expected, expected_end) = expected_answers(input);
        match expected_end {
            End::Cut => assert!(end.is_none_or(|code| MISTAKES.contains(&code)), "{end:?}"),
            End::Close => assert!(end.is_some(), "a Close is answered"),
            End::Mistake => assert!(end.is_some_and(|code| MISTAKES.contains(&code)), "{end:?}"),
        }
        if !path.starts_with("/chat") {
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

/// Sends all of the bytes in a few pieces and reads to the end of the stream; returns the frames before
/// the Close, and the Close's code.
fn exchange(server: &Server, path: &str, bytes: &[u8], random: &mut Random) -> (Vec<Frame>, Option<u16>) {
    let mut peer = server.open(path);
    let mut writer = peer.stream.try_clone().unwrap();
    let size = 1 + random.small(17);
    let (mut frames, mut end) = (Vec::new(), None);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The server may have closed before it has read everything.
            let _ = bytes.chunks(size.max(bytes.len() / 8)).try_for_each(|c| writer.write_all(c));
            let _ = writer.shutdown(Shutdown::Write);
        });
        while let Some(frame) = peer.try_read() {
            assert_eq!(end, None, "a frame after the Close: {frame:?}");
            let text = std::str::from_utf8(&frame.payload);
            match frame.first {
                0x81 if path.starts_with("/chat") => {
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
                _ => panic!("a frame that a server must not send: {frame:?}"),
            }
            frames.push(frame);
        }
    });
    (frames, end)
}

/// Why a server sends no more frames.
enum End {
    /// The client's bytes end. Part of a last frame may be there, and may be enough to refuse it.
    Cut,
    /// The client sent a Close.
    Close,
    /// The client broke the protocol.
    Mistake,
}

/// What a server that echoes every message answers to a client's bytes by RFC 6455: its frames, and why
/// no more come.
fn expected_answers(mut bytes: &[u8]) -> (Vec<Frame>, End) {
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
            // The rest of an incomplete character may come in the next fragment.
            if is_last || error.error_len().is_some() {
                return (frames, End::Mistake);
            }
        }
        frames.extend(begun.take_if(|_| is_last));
    }
    (frames, End::Cut)
}

/// The first byte of the first frame, its unmasked payload, and the bytes after it; `None` if the frame
/// is incomplete or has no mask.
fn split_frame(bytes: &[u8]) -> Option<(u8, Vec<u8>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&second, rest) = rest.split_first()?;
    let (length, rest) = match second & 0x7F {
        126 => rest.split_first_chunk().map(|(n, rest)| (u64::from(u16::from_be_bytes(*n)), rest))?,
        127 => rest.split_first_chunk().map(|(n, rest)| (u64::from_be_bytes(*n), rest))?,
        length => (u64::from(length), rest),
    };
    let (mask, rest) = rest.split_first_chunk::<4>().filter(|_| second & 0x80 != 0)?;
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key);
    Some((first, payload.collect(), rest))
}
