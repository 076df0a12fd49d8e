//! The loop of the fuzzing tests: it makes inputs that are nearly right, by changing right ones a little,
//! and hands each to a check.
//!
//! `FUZZ=600 cargo test --release fuzz -- --nocapture` runs each loop for 600 seconds. Each loop prints
//! its seed: `FUZZ_SEED=` with that number makes the same inputs again. An input whose check fails is
//! printed in the syntax of Rust, to be added to the corpus that every run begins with.

use std::io::{Write as _, stderr};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::random::Random;

/// How long each loop runs unless `FUZZ` says otherwise.
const TIME: Duration = Duration::from_secs(3);
/// The longest input, in bytes: more than any limit of the server that it could exceed.
const INPUT_MAX: usize = 80 << 10;
/// The stack of the thread that runs the checks, in bytes. It is that of a client's thread, so that an
/// input that would overflow the stack in the server overflows it here.
const STACK: usize = 512 * 1024;

/// Hands `check` first every input of the corpus, and then mutations of them until the time is over.
/// `tokens` are words of the language that the inputs are in. `check` may use the random numbers as well,
/// in the same way for the same input.
pub fn fuzz(
    what: &str, corpus: &[Vec<u8>], tokens: &[&[u8]], mut check: impl FnMut(&[u8], &mut Random) + Send,
) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let time = number("FUZZ").map_or(TIME, Duration::from_secs);
    let now = UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed = number("FUZZ_SEED").unwrap_or(now);
    // Not `eprintln!`: the harness captures it, and loses it when a stack overflow ends the process.
    let print = |text: String| drop(stderr().write_all(text.as_bytes()));
    print(format!("fuzz {what}: FUZZ_SEED={seed}\n"));
    let run = move || {
        let (mut random, start, mut count) = (Random::with_seed(seed), Instant::now(), 0);
        while count < corpus.len() || start.elapsed() < time {
            let mut input = match corpus.get(count) {
                Some(input) => input.clone(),
                None => random.pick(corpus),
            };
            if count >= corpus.len() {
                for _ in 0..=random.small(3) {
                    mutate(&mut random, &mut input, corpus, tokens);
                }
            }
            input.truncate(INPUT_MAX);
            let current = CurrentInput { what, seed, count, input: &input };
            check(current.input, &mut random);
            count += 1;
        }
        print(format!("fuzz {what}: {count} inputs in {:.1} s\n", start.elapsed().as_secs_f64()));
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        if let Err(panic) = thread.expect("a thread can be started").join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// A guard that prints the input when its check fails.
struct CurrentInput<'a> {
    what: &'a str,
    seed: u64,
    count: usize,
    input: &'a [u8],
}

impl Drop for CurrentInput<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let CurrentInput { what, seed, count, input } = self;
            let input = input.escape_ascii();
            eprintln!("fuzz {what}: FUZZ_SEED={seed}, input {count}: b\"{input}\"");
        }
    }
}

/// Replaces a piece of `input` somewhere, mostly a short one, with something else.
fn mutate(random: &mut Random, input: &mut Vec<u8>, corpus: &[Vec<u8>], tokens: &[&[u8]]) {
    let mut at = random.below(input.len() + 1);
    if random.below(4) == 0 {
        // At the beginning of a line, where most tokens make sense.
        at += input[at..].iter().position(|byte| *byte == b'\n').map_or(0, |line| line + 1);
    }
    let end = at + random.small(8).min(input.len() - at);
    let piece = &input[at..end];
    let new = match random.below(10) {
        0 => Vec::new(),
        1 => return input.truncate(at),
        2 | 3 => random.pick(tokens).to_vec(),
        4 => random.pick(tokens).repeat(random.small(12)),
        5 => piece.repeat(random.small(8)),
        6 => {
            let count = random.small(5);
            random.bytes(count)
        }
        7 => {
            let other = random.pick(corpus);
            let (from, count) = (random.below(other.len() + 1), random.small(10));
            other[from..].iter().take(count).copied().collect()
        }
        8 => {
            let count = random.small(6);
            (0..count).map(|_| b'0' + random.byte() % 10).collect()
        }
        _ => {
            let mut flipped = piece.to_vec();
            let bit = 1 << random.below(8);
            flipped.first_mut().into_iter().for_each(|byte| *byte ^= bit);
            flipped
        }
    };
    input.splice(at..end, new);
}
