//! The arithmetic of the error correction of a QR code: Reed–Solomon codes for the data, BCH codes for the format
//! and the version. `qr.rs` uses it; its sections are those of ISO/IEC 18004:2015.

/// The Reed–Solomon code of a block: the remainder of the data, as a polynomial over GF(256), divided by
/// (x − 1)(x − 2)(x − 4) … with `count` factors (7.5.2, annex A).
pub fn reed_solomon(data: &[u8], count: usize) -> Vec<u8> {
    // The coefficients of that product but the first, which is 1. In GF(256) addition and subtraction are both XOR.
    let (mut divisor, mut root) = (vec![0; count], 1);
    divisor[count - 1] = 1;
    for _ in 0..count {
        for i in 0..count {
            divisor[i] = multiply(divisor[i], root) ^ divisor.get(i + 1).unwrap_or(&0);
        }
        root = multiply(root, 2);
    }
    let mut remainder = vec![0; count];
    for byte in data {
        let factor = byte ^ remainder.remove(0);
        remainder.push(0);
        for (term, coefficient) in remainder.iter_mut().zip(&divisor) {
            *term ^= multiply(*coefficient, factor);
        }
    }
    remainder
}

/// The product in GF(256): as polynomials over bits, modulo x⁸ + x⁴ + x³ + x² + 1.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, i| {
        let doubled = (product << 1) ^ ((product >> 7) * 0x1D);
        doubled ^ ((b >> i & 1) * a)
    })
}

/// The check bits of a BCH code: `value`, with `bits` zeros behind it, modulo the generator (annexes C, D).
pub fn bch_remainder(value: usize, bits: usize, generator: usize) -> usize {
    (0..bits).fold(value, |rest, _| (rest << 1) ^ ((rest >> (bits - 1)) * generator))
}
