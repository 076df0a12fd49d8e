// What kind of picture a file is, by its first bytes. Its name and its type are not asked: Windows gives a HEIC
// file no type, and a web page can be called holiday.jpg. The server looks at the same bytes
// (src/chat/photos/image_header.rs).

export const JPEG = "image/jpeg";
export const PNG = "image/png";
export const GIF = "image/gif";
export const WEBP = "image/webp";
/** These two cannot be sent, but some browsers can read them. Then they are sent as JPEG. */
export const HEIC = "HEIC";
export const AVIF = "AVIF";

/** How many bytes of a file the functions here need. */
export const BEGINNING = 65_536;

/** Returns one of the kinds above, or null. */
export function kindOf(bytes) {
  const text = latin1(bytes.subarray(0, 12));
  if (text.startsWith("\xff\xd8\xff")) return JPEG;
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return PNG;
  if (/^GIF8[79]a/.test(text)) return GIF;
  if (/^RIFF[^]{4}WEBP/.test(text)) return WEBP;
  // ISO base media files, as phones make them, name their "brand" (ISO/IEC 14496-12, 4.3).
  if (/^[^]{4}ftypavi[fs]/.test(text)) return AVIF;
  if (/^[^]{4}ftyp(he[ivx]|hevc|mif1|msf1)/.test(text)) return HEIC;
  return null;
}

/** Is this the beginning of a moving PNG or WebP? */
export function isMoving(bytes, kind) {
  const text = latin1(bytes);
  // The chunk "acTL" before the image data makes a PNG a moving one.
  if (kind === PNG) return text.split("IDAT", 1)[0].includes("acTL");
  // A flag in the chunk "VP8X" does it for a WebP (RFC 9649, 2.7).
  return kind === WEBP && text.startsWith("VP8X", 12) && (bytes[20] & 0b10) !== 0;
}

/** Returns a string with one character from 0 to 255 for each byte. */
export function latin1(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
