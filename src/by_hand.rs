//! What tungstenite and the browsers do inside the handshake and inside a frame, written out: SHA-1, base64,
//! the accept value, the mask. **The server does not use this file**: it calls tungstenite, which is tested and
//! maintained. This file is here to be read, and a test compares it with tungstenite.

/// The fixed text that every WebSocket server adds to the key (RFC 6455, 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`: both texts in a row, hashed with SHA-1, in base64.
pub fn accept_value(key: &str) -> String {
    base64(&sha1(format!("{key}{GUID}").as_bytes()))
}

/// SHA-1 (RFC 3174): any bytes become 20. Five numbers of 32 bits are mixed 80 times for every 64 bytes.
pub fn sha1(message: &[u8]) -> [u8; 20] {
    // The message, a bit that is 1, as many 0s as it takes, and its length in bits: whole blocks of 64 bytes.
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());

    let mut hash: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    for block in padded.chunks(64) {
        // 16 numbers are the block itself. Each of the other 64 mixes four before it.
        let mut words: Vec<u32> = block
            .chunks(4)
            .map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        for t in 16..80 {
            words.push((words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = hash;
        for (t, word) in words.into_iter().enumerate() {
            let (mixed, constant) = match t {
                0..20 => ((b & c) | (!b & d), 0x5A82_7999), // b chooses between the bits of c and d
                20..40 => (b ^ c ^ d, 0x6ED9_EBA1_u32),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC), // the majority
                _ => (b ^ c ^ d, 0xCA62_C1D6),
            };
            // wrapping: what does not fit into 32 bits is dropped.
            let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, sum.wrapping_add(constant));
        }
        // The block is added to the hash so far.
        for (number, new) in hash.iter_mut().zip([a, b, c, d, e]) {
            *number = number.wrapping_add(new);
        }
    }
    let mut bytes = [0; 20];
    for (word_bytes, number) in bytes.chunks_mut(4).zip(hash) {
        word_bytes.copy_from_slice(&number.to_be_bytes());
    }
    bytes
}

/// Base64 (RFC 4648, section 4): 3 bytes are 24 bits, and those are 4 characters of 6 bits each. `=` stands where
/// the bytes have ended.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = (bits >> (18 - 6 * at)) & 0b11_1111;
            // n bytes fill n + 1 characters.
            text.push(if at > group.len() { '=' } else { ALPHABET[digit as usize].into() });
        }
    }
    text
}

/// Masks a payload with its key, or removes the mask: XOR twice with the same byte changes nothing (RFC 6455, 5.3).
pub fn mask(payload: &mut [u8], key: [u8; 4]) {
    for (i, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[i % 4];
    }
}
