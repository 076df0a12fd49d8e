// Functions with which the tests make pictures, choose them in one of the three ways, and look at what arrives.
// Every document of a page under test has them: see `with_pictures` in photos.rs.

/** Colours of the corners of a test picture: top left, top right, bottom left, bottom right. */
const CORNERS = ["red", "lime", "blue", "yellow"];

/** A picture with another colour in each quarter. With `noise`, its pixels are random: it cannot be compressed. */
async function picture(width, height, type = "image/jpeg", { noise = false } = {}) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  CORNERS.forEach((color, index) => {
    context.fillStyle = color;
    context.fillRect((index % 2) * width / 2, Math.floor(index / 2) * height / 2, width, height);
  });
  if (noise) {
    const pixels = context.createImageData(width, height);
    for (let at = 0; at < pixels.data.length; at += 65536) crypto.getRandomValues(pixels.data.subarray(at, at + 65536));
    for (let at = 3; at < pixels.data.length; at += 4) pixels.data[at] = 255;
    context.putImageData(pixels, 0, 0);
  }
  const blob = await new Promise((done) => canvas.toBlob(done, type, 0.9));
  return new Uint8Array(await blob.arrayBuffer());
}

const ascii = (text) => Array.from(text, (character) => character.charCodeAt(0));
const big = (number, bytes) => Array.from({ length: bytes }, (_, n) => (number >> (8 * (bytes - 1 - n))) & 0xff);

/** Puts an Exif segment with this orientation and a place (GPS), an XMP segment and a comment into a JPEG. */
function withExif(jpeg, orientation) {
  const entry = (tag, type, count, value) => [...big(tag, 2), ...big(type, 2), ...big(count, 4), ...value];
  const tiff = [
    ...ascii("MM"), 0, 42, ...big(8, 4),
    ...big(2, 2), // IFD 0: orientation, and where the GPS IFD is
    ...entry(0x0112, 3, 1, [...big(orientation, 2), 0, 0]),
    ...entry(0x8825, 4, 1, big(38, 4)),
    ...big(0, 4),
    ...big(2, 2), // the GPS IFD, at 38: latitude 52° 31′ 12″ north
    ...entry(1, 2, 2, [...ascii("N"), 0, 0, 0]),
    ...entry(2, 5, 3, big(68, 4)),
    ...big(0, 4),
    ...[52, 1, 31, 1, 12, 1].flatMap((number) => big(number, 4)),
  ];
  const segment = (marker, data) => [0xff, marker, ...big(data.length + 2, 2), ...data];
  const added = [
    ...segment(0xe1, [...ascii("Exif"), 0, 0, ...tiff]),
    ...segment(0xe1, [...ascii("http://ns.adobe.com/xap/1.0/"), 0, ...ascii("<x:xmpmeta>GPSLatitude</x:xmpmeta>")]),
    ...segment(0xfe, ascii("a comment: GPS")),
  ];
  return Uint8Array.from([...jpeg.subarray(0, 2), ...added, ...jpeg.subarray(2)]);
}

/** Puts a text, an Exif and an XMP chunk into a PNG. Their checksums are wrong, which no browser minds. */
function withTexts(png) {
  const chunk = (type, data) => [...big(data.length, 4), ...ascii(type), ...data, 0, 0, 0, 0];
  const added = [
    ...chunk("tEXt", [...ascii("Comment"), 0, ...ascii("GPS 52.52")]),
    ...chunk("iTXt", [...ascii("XML:com.adobe.xmp"), 0, 0, 0, 0, 0, ...ascii("<x:xmpmeta/>")]),
    ...chunk("eXIf", [...ascii("MM"), 0, 42, 0, 0, 0, 8]),
  ];
  return Uint8Array.from([...png.subarray(0, 33), ...added, ...png.subarray(33)]); // behind IHDR
}

/** Puts the chunk into a PNG that makes it a moving one. */
function moving(png) {
  const chunk = [...big(8, 4), ...ascii("acTL"), ...big(2, 4), ...big(0, 4), 0, 0, 0, 0];
  return Uint8Array.from([...png.subarray(0, 33), ...chunk, ...png.subarray(33)]);
}

/** Puts an Exif chunk at the end of a WebP. (The length of a chunk has to be even.) */
function withExifChunk(webp) {
  const data = ascii("Exif\0\0GPS 52.52 N.");
  const bytes = Uint8Array.from([...webp, ...ascii("EXIF"), data.length, 0, 0, 0, ...data]);
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
  return bytes;
}

/** A GIF of 2 × 2 pixels with `count` pictures, a comment, XMP, and `filler` bytes in further comments. */
function gif(count, filler = 0) {
  const pieces = (data) => {
    const cut = [];
    for (let at = 0; at < data.length; at += 255) {
      const piece = data.slice(at, at + 255);
      cut.push(piece.length, ...piece);
    }
    return [...cut, 0];
  };
  const image = [
    0x21, 0xf9, 4, 0, 10, 0, 0, 0, // shown for 0.1 s
    0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 3, 0x44, 0x02, 0x05, 0,
  ];
  return Uint8Array.from([
    ...ascii("GIF89a"), 2, 0, 2, 0, 0x80, 0, 0, 255, 0, 0, 0, 255, 0,
    0x21, 0xff, 11, ...ascii("NETSCAPE2.0"), 3, 1, 0, 0, 0,
    0x21, 0xfe, ...pieces(ascii("a comment: GPS")),
    0x21, 0xff, 11, ...ascii("XMP DataXMP"), ...pieces(ascii("<x:xmpmeta>GPS</x:xmpmeta>")),
    ...Array.from({ length: count }, () => image).flat(),
    ...(filler > 0 ? [0x21, 0x01, ...pieces(Array(filler).fill(0x20))] : []), // a plain text extension
    0x3b, ...ascii("behind the end: GPS"),
  ]);
}

function transfer(...files) {
  const data = new DataTransfer();
  for (const file of files) data.items.add(file);
  return data;
}

const file = (bytes, name, type = "") => new File([bytes], name, { type });

function pick(...files) {
  const picker = document.getElementById("photo-picker");
  picker.files = transfer(...files).files;
  picker.dispatchEvent(new Event("change"));
}

/** Returns whether the page left the pasting to the browser. */
function paste(data) {
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  return document.activeElement.dispatchEvent(event);
}

function drop(...files) {
  const dataTransfer = transfer(...files);
  for (const type of ["dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }
}

/** What the page has sent as binary messages, and each text before one. */
const sent = [];
const { send } = WebSocket.prototype;
let lastText;
WebSocket.prototype.send = function (data) {
  if (typeof data === "string") lastText = data;
  else sent.push({ announcement: JSON.parse(lastText), bytes: new Uint8Array(data) });
  send.call(this, data);
};

/** Words that betray that there is metadata in these bytes. */
function metadataIn(bytes) {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return ["Exif", "EXIF", "eXIf", "GPS", "xmp", "XMP", "adobe", "tEXt", "iTXt", "comment", "behind"]
    .filter((word) => text.includes(word));
}

/** The size of a picture that has been loaded, and the names of the colours in its corners. */
function look(image) {
  const canvas = document.createElement("canvas");
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const nameOf = ([r, g, b]) => {
    if (r > 200 && g > 200 && b < 60) return "yellow";
    if (r > 200 && g < 60 && b < 60) return "red";
    if (r < 60 && g > 200 && b < 60) return "lime";
    return r < 60 && g < 60 && b > 200 ? "blue" : `${r} ${g} ${b}`;
  };
  const places = [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]];
  const corners = places.map(([x, y]) => nameOf(context.getImageData(x * width, y * height, 1, 1).data));
  return [width, height, corners.join(" ")];
}

const photos = () => Array.from(document.querySelectorAll("#list .photo img"));
const loaded = (count) => photos().length === count && photos().every((it) => it.complete && it.naturalWidth > 0);
