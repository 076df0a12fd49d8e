//! Random numbers for the tests, the same again for the same seed: `SEED=42 cargo test kill`.

use std::env;
use std::time::UNIX_EPOCH;

/// A small generator (xorshift64*): good enough to choose a moment.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// Takes the seed from the environment, or else a new one, and prints it; one shows it when the
    /// test fails.
    pub fn new() -> Random {
        let fresh = || UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(fresh);
        println!("SEED={seed}");
        Random::with_seed(seed)
    }

    /// One for this seed.
    pub fn with_seed(seed: u64) -> Random {
        let mut random = Random(seed ^ 0x9E37_79B9_7F4A_7C15 | 1);
        random.below(1);
        random
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}
