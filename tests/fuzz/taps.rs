//! Frames at random, past a tap: it finds the same frames however their bytes are cut.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use partyline::websocket::frames;
use partyline::websocket::tap::{Tap, Watcher};

use crate::support::corpus::{FRAME_TOKENS, frame_corpus, random_frames};
use crate::support::fuzzing::fuzz;
use crate::support::random::Random;

/// A watcher that keeps every frame that the tap finds.
#[derive(Debug, Default)]
struct Witness(Mutex<Vec<Seen>>);

/// A frame as a view shows it: header, length of the payload, and the beginning of the payload.
type Seen = (Vec<u8>, u64, Vec<u8>);

impl Watcher for Witness {
    fn began(&self, _: &Arc<Tap>, _: &[u8]) {}

    fn passed(&self, _: &Tap, _: &str, frame: &frames::Frame) {
        let seen = (frame.header.to_vec(), frame.length, frame.payload.to_vec());
        self.0.lock().unwrap().push(seen);
    }

    fn ended(&self, _: &Tap) {}
}

/// Finds the frames in all of the bytes: where each begins, and what has to be shown of it.
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
fn a_tap_finds_the_same_frames_however_the_bytes_are_cut() {
    let mut corpus = frame_corpus();
    let mut random = Random::with_seed(2);
    corpus.extend((0..300).map(|_| random_frames(&mut random)));
    fuzz("taps", &corpus, &FRAME_TOKENS, |input, random| {
        let witness = Arc::new(Witness::default());
        let tap = Tap::new("x".repeat(16), 1, Vec::new(), Vec::new(), witness.clone());
        // A view opens after `opened` bytes.
        let opened = if random.below(2) == 0 { 0 } else { random.below(input.len() + 1) };
        let (before, after) = input.split_at(opened);
        let most = 1 + random.small(11);
        for (part, is_watched) in [(before, false), (after, true)] {
            tap.is_watched.store(is_watched, Relaxed);
            let mut rest = part;
            while !rest.is_empty() {
                let piece = rest.len().min(1 + random.below(most));
                tap.from_client(&rest[..piece]);
                rest = &rest[piece..];
            }
        }
        let frames = frames_in(input).into_iter();
        let expected: Vec<Seen> = frames.filter(|(at, _)| *at >= opened).map(|(_, seen)| seen).collect();
        assert!(*witness.0.lock().unwrap() == expected, "watched from byte {opened} on");
    });
}
