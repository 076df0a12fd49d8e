// Reads, scales and encodes pictures with a canvas. photo-prepare.js decides what is to become of a file.
//
// A picture that was encoded from a canvas is upright: the browser follows the Exif orientation when it draws,
// and the result has no Exif that would turn it once more.

/**
 * The longest wait for the browser, in milliseconds. A browser that protects against fingerprinting may wait for its
 * user before it answers.
 */
const ANSWER_WITHIN = 10_000;

/** Colours of known pixels: red, green, blue. */
const COLORS = [[255, 0, 0], [0, 128, 0], [0, 0, 255], [200, 150, 100]];

/** Brave and Firefox change some pixels by so little that no one sees it. */
const UNSEEN = 8;

export class TooSlow extends Error {}

/** Rejects with TooSlow if the promise is not settled in time. */
function withinTime(promise) {
  let timer;
  const tooSlow = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new TooSlow()), ANSWER_WITHIN);
  });
  return Promise.race([promise, tooSlow]).finally(() => clearTimeout(timer));
}

/** Returns the picture in this file as an <img>. Rejects if the browser cannot read it. */
export async function readImage(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await withinTime(image.decode());
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return image;
}

/** Draws the picture in this size onto a canvas. `ground` is the colour behind it where it is transparent. */
export function drawImage(image, width, height, ground = null) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  if (ground !== null) {
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(image, 0, 0, width, height);
  return canvas;
}

/**
 * Returns the bytes of the canvas in this file format, or as PNG, if the browser cannot write the format.
 * `quality`, from 0 to 1, is for lossy formats. The canvas is empty afterwards.
 */
export async function encode(canvas, type, quality) {
  const blob = await withinTime(new Promise((resolve) => canvas.toBlob(resolve, type, quality)));
  canvas.width = 0; // frees its memory, of which phones have little for canvases
  if (blob === null) throw new Error("the canvas cannot be encoded");
  return new Uint8Array(await blob.arrayBuffer());
}

/**
 * Does the browser return other pixels than those that were drawn? Some do, with stripes or with noise, to
 * keep pages from recognising a device by how it draws: then a photo would arrive like that.
 */
export function isCanvasDisturbed() {
  const canvas = document.createElement("canvas");
  canvas.width = 8 * COLORS.length;
  canvas.height = 8;
  const context = canvas.getContext("2d");
  COLORS.forEach((color, index) => {
    context.fillStyle = `rgb(${color})`;
    context.fillRect(8 * index, 0, 8, 8);
  });
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    const expected = COLORS[Math.floor(((at / 4) % canvas.width) / 8)];
    if (expected.some((value, channel) => Math.abs(value - data[at + channel]) > UNSEEN)) return true;
  }
  return false;
}
