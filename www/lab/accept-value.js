// The accept value of a key: SHA-1 and base64 by hand, as src/by_hand.rs has them with their explanations. (On a page
// that came over plain http, the browser's own `crypto.subtle` does not exist.) A pure function.

export const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3

/** Returns the Sec-WebSocket-Accept for a Sec-WebSocket-Key. */
export function acceptValue(key) {
  return btoa(sha1Characters(key + GUID));
}

/** Returns the 20 bytes of SHA-1 as characters below 256, which `btoa` takes. So are those of the argument. */
export function sha1Characters(characters) {
  return String.fromCharCode(...sha1(Uint8Array.from(characters, (it) => it.charCodeAt(0))));
}

const rotate = (number, by) => (number << by) | (number >>> (32 - by));

/** SHA-1 (RFC 3174) of fewer than 2^29 bytes. */
function sha1(message) {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  const hash = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  for (let block = 0; block < padded.length; block += 64) {
    const words = Array.from({ length: 16 }, (_, t) => view.getInt32(block + 4 * t));
    for (let t = 16; t < 80; t += 1) {
      words.push(rotate(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1));
    }
    let [a, b, c, d, e] = hash;
    for (let t = 0; t < 80; t += 1) {
      const [mixed, constant] = [
        [(b & c) | (~b & d), 0x5a827999], [b ^ c ^ d, 0x6ed9eba1], [(b & c) | (b & d) | (c & d), 0x8f1bbcdc],
        [b ^ c ^ d, 0xca62c1d6],
      ][Math.floor(t / 20)];
      const sum = (rotate(a, 5) + mixed + e + words[t] + constant) | 0;
      [e, d, c, b, a] = [d, c, rotate(b, 30), a, sum];
    }
    [a, b, c, d, e].forEach((number, index) => (hash[index] += number));
  }
  const bytes = new DataView(new ArrayBuffer(20));
  hash.forEach((number, index) => bytes.setInt32(4 * index, number));
  return new Uint8Array(bytes.buffer);
}
