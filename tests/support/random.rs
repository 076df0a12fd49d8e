//! Random numbers for the tests; the same seed gives the same numbers: `SEED=42 cargo test kill`.

use std::env;
use std::time::UNIX_EPOCH;

/// A small generator (xorshift64*), good enough to choose moments and inputs.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// Takes the seed from the environment, or else a new one, and prints it: the test harness shows it
    /// when the test fails.
    pub fn new() -> Random {
        let fresh = || UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(fresh);
        println!("SEED={seed}");
        Random::with_seed(seed)
    }

    /// A generator with this seed.
    pub fn with_seed(seed: u64) -> Random {
        let mut random = Random(seed ^ 0x9E37_79B9_7F4A_7C15 | 1);
        random.below(1);
        random
    }

    /// Another generator, whose seed is the next number of this one.
    pub fn fork(&mut self) -> Random {
        Random::with_seed(self.below(usize::MAX) as u64)
    }

    /// A number from 0 to `end - 1`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end as u64) as usize
    }

    /// One of these.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// A number below `2^bits`, small most of the time.
    pub fn small(&mut self, bits: usize) -> usize {
        let size = self.below(bits + 1).min(self.below(bits + 1));
        self.below(1 << size)
    }
}
