//! Dice for the tests, the same again for the same seed, and with them inputs that are nearly right.

use super::random::Random;

/// What [`Random`] gives, in the forms that inputs are made of.
pub struct Dice(Random);

impl Dice {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Dice {
        Dice(Random::with_seed(seed))
    }

    /// A number from 0 to `end - 1`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.below(end as u64) as usize
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// Mostly small, now and then up to `2^bits`.
    pub fn small(&mut self, bits: usize) -> usize {
        let size = self.below(bits + 1).min(self.below(bits + 1));
        self.below(1 << size)
    }

    /// Changes something somewhere: a piece of `input`, mostly a short one, becomes something else.
    /// `tokens` are words of the language that `input` is in.
    pub fn mutate(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>], tokens: &[&[u8]]) {
        let mut at = self.below(input.len() + 1);
        if self.below(4) == 0 {
            // Where a line begins, most of what can be said there makes sense.
            at += input[at..].iter().position(|byte| *byte == b'\n').map_or(0, |line| line + 1);
        }
        let end = at + self.small(8).min(input.len() - at);
        let piece = &input[at..end];
        let new = match self.below(10) {
            0 => Vec::new(),
            1 => return input.truncate(at),
            2 | 3 => self.pick(tokens).to_vec(),
            4 => self.pick(tokens).repeat(self.small(12)),
            5 => piece.repeat(self.small(8)),
            6 => {
                let count = self.small(5);
                self.bytes(count)
            }
            7 => {
                let other = self.pick(corpus);
                let (from, count) = (self.below(other.len() + 1), self.small(10));
                other[from..].iter().take(count).copied().collect()
            }
            8 => {
                let count = self.small(6);
                (0..count).map(|_| b'0' + self.byte() % 10).collect()
            }
            _ => {
                let mut flipped = piece.to_vec();
                let bit = 1 << self.below(8);
                flipped.first_mut().into_iter().for_each(|byte| *byte ^= bit);
                flipped
            }
        };
        input.splice(at..end, new);
    }
}
