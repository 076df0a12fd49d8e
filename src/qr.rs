//! A QR code of an address, for classmates with a camera (ISO/IEC 18004:2015; the numbers below are its
//! sections). `share.rs` draws it, `terminal.rs` prints the drawing.
//!
//! Text → *codewords* (bytes) → with error correction → placed in a square of *modules* (dark or light) →
//! one of eight *masks*, which invert some of the modules, so that no scanner meets large plain areas.
//!
//! Only what an address needs: byte mode, so ASCII; level M, so that 15 % of the codewords may be lost;
//! versions (sizes) 1 to 10, so at most 213 bytes. Begin with [`Qr::new`].

use error_correction::{bch_remainder, reed_solomon};

mod error_correction; // the codes from which a scanner recovers what it cannot see

/// For versions 1 to 10 at level M: error correction codewords in each block, and blocks (7.5.1, table 9).
const BLOCKS: [(usize, usize); 10] =
    [(10, 1), (16, 1), (26, 1), (18, 2), (24, 2), (16, 4), (18, 4), (22, 4), (22, 5), (26, 5)];

/// Which modules each mask inverts, by their row `y` and column `x` (7.8.2, table 10).
const MASKS: [fn(usize, usize) -> bool; 8] = [
    |y, x| (y + x).is_multiple_of(2),
    |y, _| y.is_multiple_of(2),
    |_, x| x.is_multiple_of(3),
    |y, x| (y + x).is_multiple_of(3),
    |y, x| (y / 2 + x / 3).is_multiple_of(2),
    |y, x| y * x % 2 + y * x % 3 == 0,
    |y, x| (y * x % 2 + y * x % 3).is_multiple_of(2),
    |y, x| ((y + x) % 2 + y * x % 3).is_multiple_of(2),
];

/// The modules of a QR code.
#[derive(Clone)]
pub struct Qr {
    /// Modules in a row, and rows: 21 in version 1, 4 more in each further one.
    pub size: usize,
    /// Row by row, whether each module is dark.
    dark: Vec<bool>,
    /// Whether it is a *function pattern*: it has a fixed place and is not masked. The rest are codewords.
    is_function: Vec<bool>,
}

impl Qr {
    /// The smallest code for this text, with the mask that has the lowest penalty. `None` if it is longer than
    /// 213 bytes.
    pub fn new(text: &str) -> Option<Qr> {
        let capacity = |version: usize| {
            let (corrections_per_block, blocks) = BLOCKS[version - 1];
            let is_function = Qr::function_patterns(version).is_function;
            is_function.iter().filter(|it| !**it).count() / 8 - corrections_per_block * blocks
        };
        // Mode, length and terminator: 2 bytes, 3 in version 10.
        let version = (1..=10).find(|version| 2 + version / 10 + text.len() <= capacity(*version))?;
        let mut code = Qr::function_patterns(version);
        code.place(&with_error_correction(&data_codewords(text, version, capacity(version)), version));
        (0..8).map(|mask| code.masked(mask)).min_by_key(Qr::penalty)
    }

    /// Whether a module is dark. Outside of the code all are light.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.size && y < self.size && self.dark[y * self.size + x]
    }

    fn set(&mut self, x: usize, y: usize, dark: bool) {
        self.dark[y * self.size + x] = dark;
        self.is_function[y * self.size + x] = true;
    }

    /// A code with all that is the same for every text (6.3), and with the places for the rest.
    fn function_patterns(version: usize) -> Qr {
        let size = 17 + 4 * version;
        let mut code = Qr { size, dark: vec![false; size * size], is_function: vec![false; size * size] };
        // Timing patterns: in row and column 6, dark and light by turns (6.3.5).
        for i in 0..size {
            code.set(i, 6, i % 2 == 0);
            code.set(6, i, i % 2 == 0);
        }
        // Finder patterns: in three corners a dark 3 × 3 square, a light ring, a dark one, and the light
        // separator (6.3.3, 6.3.4).
        for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] {
            code.rings(x, y, 4, |ring| ring != 2 && ring != 4);
        }
        // Alignment patterns: a dark module and two rings, at the crossings of these lines (6.3.6, annex E).
        let lines = match version {
            1 => vec![],
            2..=6 => vec![6, size - 7],
            _ => vec![6, (size - 1) / 2, size - 7],
        };
        for (x, y) in lines.iter().flat_map(|x| lines.iter().map(move |y| (*x, *y))) {
            let is_in_finder = [(6, 6), (size - 7, 6), (6, size - 7)].contains(&(x, y));
            if !is_in_finder {
                code.rings(x, y, 2, |ring| ring != 1);
            }
        }
        code.set_format(0); // only keeps its place; the mask is not known yet
        if version >= 7 {
            code.set_version(version);
        }
        code
    }

    /// Sets the modules around this one, up to a distance, by the number of the square ring they are in.
    fn rings(&mut self, x: usize, y: usize, distance: usize, is_dark: fn(usize) -> bool) {
        for row in y.saturating_sub(distance)..=(y + distance).min(self.size - 1) {
            for column in x.saturating_sub(distance)..=(x + distance).min(self.size - 1) {
                self.set(column, row, is_dark(row.abs_diff(y).max(column.abs_diff(x))));
            }
        }
    }

    /// The format: level M, which is 00, and the number of the mask, as a 15-bit BCH code, twice (7.9.1).
    fn set_format(&mut self, mask: usize) {
        let bits = (mask << 10 | bch_remainder(mask, 10, 0x537)) ^ 0x5412;
        let last = self.size - 1;
        for i in 0..15 {
            let dark = bits >> i & 1 == 1;
            // Beside the finder pattern at the top left, with a step over the timing patterns.
            match i {
                0..=5 => self.set(8, i, dark),
                6..=7 => self.set(8, i + 1, dark),
                8 => self.set(7, 8, dark),
                _ => self.set(14 - i, 8, dark),
            }
            // The second copy: half of it beside each of the other two.
            if i < 8 { self.set(last - i, 8, dark) } else { self.set(8, last + i - 14, dark) }
        }
        self.set(8, last - 7, true); // always dark
    }

    /// From version 7 on: its number as an 18-bit BCH code, twice (7.10).
    fn set_version(&mut self, version: usize) {
        let bits = version << 12 | bch_remainder(version, 12, 0x1F25);
        for i in 0..18 {
            let (near, far, dark) = (i / 3, self.size - 11 + i % 3, bits >> i & 1 == 1);
            self.set(near, far, dark);
            self.set(far, near, dark);
        }
    }

    /// Places the codewords, the highest bit of each first, in columns of two modules, from the right to the
    /// left, upwards and downwards by turns (7.7.3). The column of the timing pattern is left out.
    fn place(&mut self, codewords: &[u8]) {
        let mut bits = codewords.iter().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1 == 1));
        let columns = (7..self.size).rev().step_by(2).chain([5, 3, 1]);
        for (turn, right) in columns.enumerate() {
            for step in 0..self.size {
                let y = if turn % 2 == 0 { self.size - 1 - step } else { step };
                for x in [right, right - 1] {
                    if !self.is_function[y * self.size + x] {
                        // A few modules may remain at the end: they stay light.
                        self.dark[y * self.size + x] = bits.next().unwrap_or(false);
                    }
                }
            }
        }
    }

    fn masked(&self, mask: usize) -> Qr {
        let mut code = self.clone();
        for (at, dark) in code.dark.iter_mut().enumerate() {
            *dark ^= !self.is_function[at] && MASKS[mask](at / self.size, at % self.size);
        }
        code.set_format(mask);
        code
    }

    /// The penalties of the four rules for what scanners find hard to read (7.8.3.1).
    fn penalty(&self) -> usize {
        let size = self.size;
        let row = |y: usize| (0..size).map(move |x| self.is_dark(x, y)).collect::<Vec<_>>();
        let column = |x: usize| (0..size).map(move |y| self.is_dark(x, y)).collect::<Vec<_>>();
        let lines = (0..size).flat_map(|i| [row(i), column(i)]);
        // 1 and 3: long runs of one colour in a line, and what looks like a finder pattern.
        let in_lines: usize = lines.map(|line| runs_penalty(&line) + finder_penalty(&line)).sum();
        // 2: 3 for each square of 2 × 2 modules of one colour.
        let is_plain = |x: usize, y: usize| {
            let dark = self.is_dark(x, y);
            [(x + 1, y), (x, y + 1), (x + 1, y + 1)].iter().all(|(x, y)| self.is_dark(*x, *y) == dark)
        };
        let plain = (0..size - 1).map(|y| (0..size - 1).filter(|x| is_plain(*x, y)).count()).sum::<usize>();
        // 4: 10 for each 5 % that the dark modules are away from a half.
        let (dark, all) = (self.dark.iter().filter(|dark| **dark).count(), size * size);
        in_lines + 3 * plain + 10 * ((20 * dark).abs_diff(10 * all) / all)
    }
}

/// Rule 1: 3 for each run of five modules of one colour, and 1 for each further one.
fn runs_penalty(line: &[bool]) -> usize {
    line.chunk_by(|one, next| one == next).filter(|run| run.len() >= 5).map(|run| run.len() - 2).sum()
}

/// Rule 3: 40 for each 1:1:3:1:1 of dark and light modules with four light ones before or behind it. Around the
/// code all are light.
fn finder_penalty(line: &[bool]) -> usize {
    const FINDER: [bool; 7] = [true, false, true, true, true, false, true];
    let is_light = |from: usize, to: usize| line[from..to.min(line.len())].iter().all(|dark| !dark);
    let found = (0..line.len() - 6).filter(|at| line[*at..].starts_with(&FINDER));
    40 * found.filter(|at| is_light(at.saturating_sub(4), *at) || is_light(at + 7, at + 11)).count()
}

/// The text in byte mode: a mode of 4 bits, the length in 8 (from version 10 on, in 16), the text, a
/// terminator of 4, then codewords that fill the rest (7.4.1, 7.4.5, 7.4.9, 7.4.10).
fn data_codewords(text: &str, version: usize, count: usize) -> Vec<u8> {
    let length = (text.len() as u16).to_be_bytes();
    let length = if version < 10 { &length[1..] } else { &length };
    let bytes = length.iter().chain(text.as_bytes());
    // Mode and terminator are half a byte each, so every byte between them lies in two codewords.
    let mut halves = vec![4];
    halves.extend(bytes.flat_map(|byte| [byte >> 4, byte & 15]));
    halves.push(0);
    let codewords = halves.chunks(2).map(|pair| pair[0] << 4 | pair[1]);
    codewords.chain([0xEC, 0x11].into_iter().cycle()).take(count).collect()
}

/// Divides the data into blocks, and takes by turns from each, so that damage in one place takes a little of each
/// block: data first, then error correction (7.6).
fn with_error_correction(data: &[u8], version: usize) -> Vec<u8> {
    let (corrections_per_block, count) = BLOCKS[version - 1];
    let short = data.len() / count; // the last blocks may be longer by one
    let start = |block: usize| block * short + block.saturating_sub(count - data.len() % count);
    let blocks: Vec<&[u8]> = (0..count).map(|block| &data[start(block)..start(block + 1)]).collect();
    let corrections: Vec<Vec<u8>> =
        blocks.iter().map(|block| reed_solomon(block, corrections_per_block)).collect();
    let by_turns = (0..=short).flat_map(|i| blocks.iter().filter_map(move |block| block.get(i)));
    by_turns
        .chain((0..corrections_per_block).flat_map(|i| corrections.iter().map(move |block| &block[i])))
        .copied()
        .collect()
}
