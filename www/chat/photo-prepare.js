// Makes a photo that can be sent out of a file: small enough, upright, and without anything that tells where
// and with which camera it was made. Of a GIF only the metadata is removed, because it may move; a still one that is
// too large is encoded anew.

import { TooSlow, drawImage, encode, isCanvasDisturbed, readImage } from "./photo-canvas.js";
import { AVIF, BEGINNING, GIF, HEIC, JPEG, PNG, WEBP, isMoving, kindOf } from "./photo-kind.js";
import { isWhole, readGif, withoutMetadata } from "./photo-metadata.js";
import { formatSize } from "./format.js";

/** In pixels. A canvas never gets larger, so it stays far below the 16,777,216 that phones take. */
const LONGEST_SIDE = 1600;

/** A picture with more pixels is refused: decoded, it takes more than a gigabyte. No camera of a phone makes as many. */
const MOST_PIXELS = 250e6;

/** The largest file that is read, in bytes. */
const LONGEST_FILE = 100e6;

/** With each step the picture gets smaller by this factor, if it cannot be sent otherwise. */
const STEP = 0.75;
const SHORTEST_SIDE = 64;

/** How a picture is encoded: formats with their quality. The first that is small enough is sent. */
const LOSSY = [[JPEG, 0.85], [JPEG, 0.7], [JPEG, 0.5]];
const ENCODINGS = {
  [PNG]: [[PNG, 1], ...LOSSY], // screenshots stay sharp
  [GIF]: [[PNG, 1], ...LOSSY],
  [WEBP]: [[WEBP, 0.85], [WEBP, 0.6], ...LOSSY],
};

/** Why a file cannot be sent, as a sentence for its owner. */
export class PhotoProblem extends Error {}

/**
 * Returns { bytes, mime, width, height, wasMoving, isCut } for a file, in at most `limit` bytes; `wasMoving`: only
 * the first of its pictures is left; `isCut`: the end of the file is missing. Rejects with a PhotoProblem.
 */
export async function preparePhoto(file, limit) {
  const name = `“${file.name || "The picture"}”`;
  const kind = kindOf(await read(file.slice(0, BEGINNING), name));
  if (kind === null) throw new PhotoProblem(`${name} is no picture in JPEG, PNG, GIF or WebP, so it cannot be sent.`);
  if (file.size > LONGEST_FILE) throw new PhotoProblem(`${name} has ${formatSize(file.size)}, which is too much.`);
  const whole = await read(file, name);
  if (kind === GIF) {
    const gif = await prepareGif(file, whole, limit, name);
    if (gif !== null) return gif;
  }
  const image = await decode(file, kind, name);
  if (isCanvasDisturbed()) {
    throw new PhotoProblem("This browser changes pictures before a page can send them, as a protection against " +
      "fingerprinting. Allow this page to use canvas data, then choose the photo again.");
  }
  const photo = await shrink(image, ENCODINGS[kind] ?? LOSSY, limit, name);
  image.removeAttribute("src"); // frees its pixels sooner than the garbage collector would
  return { ...photo, wasMoving: isMoving(whole.subarray(0, BEGINNING), kind), isCut: !isWhole(whole, kind) };
}

async function read(blob, name) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new PhotoProblem(`${name} could not be read.`); // a folder, or a file that is gone
  }
}

/** Returns the GIF as it is but for its metadata; or null, if it is too large and one picture of it can be sent. */
async function prepareGif(file, whole, limit, name) {
  let gif;
  try {
    gif = readGif(whole);
  } catch {
    throw new PhotoProblem(`${name} is damaged.`);
  }
  const { bytes, width, height, pictures } = gif;
  if (bytes.length <= limit) {
    await decode(file, GIF, name);
    return { bytes, mime: GIF, width, height, wasMoving: false, isCut: false };
  }
  if (pictures === 1) return null;
  throw new PhotoProblem(`${name} has ${formatSize(file.size)}. A moving GIF is sent as it is, and may have ` +
    `${formatSize(limit)} at most.`);
}

async function decode(file, kind, name) {
  let image;
  try {
    image = await readImage(file);
  } catch (error) {
    throw new PhotoProblem(whyUnread(error, kind, name));
  }
  const { naturalWidth, naturalHeight } = image;
  if (naturalWidth * naturalHeight > MOST_PIXELS) throw new PhotoProblem(`${name} has too many pixels.`);
  return image;
}

function whyUnread(error, kind, name) {
  if (error instanceof TooSlow) return `${name} takes too long: this browser did not read it within 10 seconds.`;
  if (kind === HEIC || kind === AVIF) {
    return `${name} is in the format ${kind}, which this browser cannot read. Save it as JPEG, then send that.`;
  }
  return `${name} is damaged: this browser cannot read it.`;
}

/** Scales the picture down and encodes it until it has at most `limit` bytes. */
async function shrink(image, encodings, limit, name) {
  const { naturalWidth, naturalHeight } = image;
  const longest = Math.max(naturalWidth, naturalHeight);
  let side = Math.min(longest, LONGEST_SIDE);
  let formats = encodings;
  do {
    const [width, height] = [naturalWidth, naturalHeight].map((it) => Math.max(1, Math.round((it * side) / longest)));
    for (const [format, quality] of formats) {
      const bytes = await draw(image, width, height, format, quality, name);
      if (bytes.length <= limit) return { bytes, mime: kindOf(bytes), width, height };
    }
    formats = LOSSY;
    side *= STEP;
  } while (side >= SHORTEST_SIDE);
  throw new PhotoProblem(`${name} does not fit into the ${formatSize(limit)} that this server takes.`);
}

async function draw(image, width, height, format, quality, name) {
  const ground = format === JPEG ? "white" : null; // JPEG has no transparency, and would show black
  try {
    const bytes = await encode(drawImage(image, width, height, ground), format, quality);
    return withoutMetadata(bytes, kindOf(bytes));
  } catch (error) {
    throw new PhotoProblem(whyUnread(error, format, name));
  }
}
