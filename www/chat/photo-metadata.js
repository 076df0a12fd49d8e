// Takes everything out of a picture's file that is not needed to draw it. A browser that encodes a canvas
// leaves out where and with which camera a photo was made; but some, such as Safari, add an Exif of their own.
// A GIF that may move is not encoded anew, so what is in its file has to be taken out here.
//
// All but `isWhole` throw a RangeError if the file is cut off or is not what it seems.

import { GIF, JPEG, PNG, WEBP, latin1 } from "./photo-kind.js";

/** Returns the bytes of the same picture without its metadata. */
export function withoutMetadata(bytes, kind) {
  if (kind === JPEG) return join(jpegParts(bytes));
  if (kind === PNG) return join(pngParts(bytes));
  if (kind === GIF) return readGif(bytes).bytes;
  return bytes; // browsers write WebP without metadata
}

/** Is this file all there? A browser shows what there is of one that is cut off, and the rest in grey or black. */
export function isWhole(bytes, kind) {
  try {
    if (kind === JPEG) return hasEnd(jpegParts(bytes).at(-1));
    if (kind === PNG) return pngParts(bytes).length > 0; // throws if IEND is missing
    return kind !== WEBP || new DataView(bytes.buffer).getUint32(4, true) + 8 <= bytes.length; // RFC 9649, 2.4
  } catch {
    return false;
  }
}

/** Is the marker "end of image" (ff d9) in these scans of a JPEG? In the data itself 0 stands behind each ff. */
function hasEnd(scans) {
  let at = scans.lastIndexOf(0xd9);
  while (at > 0 && scans[at - 1] !== 0xff) at = scans.lastIndexOf(0xd9, at - 1);
  return at > 0;
}

/** JPEG: segments, each a marker and a length (ITU T.81, B.1), up to the first scan. */
function jpegParts(bytes) {
  const parts = [cut(bytes, 0, 2)];
  let at = 2;
  while (byteAt(bytes, at + 1) !== 0xda) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff) throw new RangeError("no marker of a JPEG");
    if (marker === 0xff) { // may be repeated
      at += 1;
      continue;
    }
    const end = at + 2 + byteAt(bytes, at + 2) * 256 + byteAt(bytes, at + 3);
    // "Application" segments and comments go, but 0xe0 (JFIF) and 0xee (Adobe) say how the colours are written.
    const isMetadata = (marker > 0xe0 && marker <= 0xef && marker !== 0xee) || marker === 0xfe;
    if (!isMetadata) parts.push(cut(bytes, at, end));
    at = end;
  }
  return [...parts, bytes.subarray(at)];
}

/** These chunks and those with a capital letter are needed to draw a PNG. */
const PNG_CHUNKS = ["tRNS", "gAMA", "cHRM", "sRGB", "iCCP"];

/** PNG: chunks of a length, a type, the data and a checksum (PNG specification, 5.3). */
function pngParts(bytes) {
  const parts = [cut(bytes, 0, 8)];
  let at = 8;
  let type;
  while (type !== "IEND") {
    const [a, b, c, d] = cut(bytes, at, at + 4);
    const end = at + 12 + ((a * 256 + b) * 256 + c) * 256 + d;
    type = latin1(cut(bytes, at + 4, at + 8));
    if (/^[A-Z]/.test(type) || PNG_CHUNKS.includes(type)) parts.push(cut(bytes, at, end));
    at = end;
  }
  return parts;
}

// GIF: a header, then blocks, each of which says what it is (GIF89a, appendix A).

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const END = 0x3b;
const COMMENT = 0xfe;
const APPLICATION = 0xff;
/** The extensions of programs that say how often a GIF repeats. In others there may be anything, such as XMP. */
const REPEATS = /^(NETSCAPE2\.0|ANIMEXTS1\.0)/;

/** Returns the GIF without comments and the like, its size in pixels, and the number of its pictures. */
export function readGif(bytes) {
  const tableEnd = (at, flags) => at + (flags & 0x80 ? 3 * 2 ** ((flags & 0b111) + 1) : 0);
  let at = tableEnd(13, byteAt(bytes, 10));
  const parts = [cut(bytes, 0, at)];
  let pictures = 0;
  while (at < bytes.length && bytes[at] !== END) { // some have no END
    let dataAt = at + 2;
    let isKept = true;
    if (bytes[at] === EXTENSION) {
      const label = byteAt(bytes, at + 1);
      const isForeign = label === APPLICATION && !REPEATS.test(latin1(bytes.subarray(at + 3, at + 14)));
      isKept = label !== COMMENT && !isForeign;
    } else if (bytes[at] === IMAGE) {
      pictures += 1;
      dataAt = tableEnd(at + 10, byteAt(bytes, at + 9)) + 1;
    } else {
      throw new RangeError("no block of a GIF");
    }
    // The data is cut into pieces of up to 255 bytes; an empty one is the last.
    while (byteAt(bytes, dataAt) !== 0) dataAt += 1 + bytes[dataAt];
    if (isKept) parts.push(cut(bytes, at, dataAt + 1));
    at = dataAt + 1;
  }
  parts.push(Uint8Array.of(END)); // and nothing of what may stand behind it
  const [width, height] = [bytes[6] + 256 * bytes[7], bytes[8] + 256 * bytes[9]];
  return { bytes: join(parts), width, height, pictures };
}

function byteAt(bytes, at) {
  if (at >= bytes.length) throw new RangeError("the file is cut off");
  return bytes[at];
}

function cut(bytes, start, end) {
  if (end > bytes.length) throw new RangeError("the file is cut off");
  return bytes.subarray(start, end);
}

function join(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
