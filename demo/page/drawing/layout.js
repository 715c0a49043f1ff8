// What is on the pad -> a model's input: the twin of drawing_to_input (demo/pictures/input.py) for
// all but photos.

import { BOX, HAMMING, resized } from "./resample.js";

const INK = Math.fround(0.12); // brightness from which a pixel counts as ink
const BRIGHT = Float32Array.from({ length: 256 }, (_, value) => value / 255);
const ZOOM = 2; // a drawing is enlarged no more than this
const EMPTY_PAD =
  "There is nothing on the pad: draw something, choose a picture or take an example.";
const AN_EXAMPLE = "Example picture, used unchanged.";

/**
 * @typedef {import("./resample.js").Plane} Plane
 * @typedef {import("../pixels.js").Size} Size
 * @typedef {{name: string, box: number, by_mass: boolean}} Style how a data set lays out its
 *   pictures: the longest side as a share of the shorter side, and what is in the middle
 * @typedef {{height: number, width: number, data: Uint8ClampedArray}} Image of a canvas: red,
 *   green, blue, opaque
 * @typedef {{pixels: Uint8ClampedArray | null, did: string}} Input what was done, or why there is
 *   nothing
 */

/**
 * The model's input, or null where the server has to look for the digit in a photo.
 * @param {Image} image @param {Size} size of the model's pictures; those of the pad are a whole
 *   multiple
 * @param {Style | null} style
 * @param {{source: string, tidy: boolean}} how see drawing_to_input
 * @returns {Input | null}
 */
export function drawingToInput(image, size, style, { source, tidy }) {
  const said = `${size.width} × ${size.height} pixels`;
  if (source === "example" || source === "input")
    return scaled(image, size, source === "input" ? "" : AN_EXAMPLE);
  if (!style) return scaled(image, size, `Scaled to ${said}.`);
  if (!tidy) return scaled(image, size, `Used as it is, scaled to ${said}.`);
  if (source === "upload") return null;
  const grey = greyOf(image),
    window = hasOneValue(grey.data) ? "nothing" : laidOut(grey, size, style);
  if (window === "nothing") return { pixels: null, did: EMPTY_PAD };
  if (window === "already")
    return {
      pixels: shrunk(grey, size),
      did: `Already laid out like ${style.name}: scaled to ${said}.`,
    };
  const { data } = resized(window.plane, window, size.height, size.width, HAMMING, false);
  const pixels = Uint8ClampedArray.from(data, (v) =>
    Math.fround(Math.min(1, Math.max(0, v)) * 255),
  );
  if (!pixels.some((v) => v > 0)) return { pixels: null, did: EMPTY_PAD };
  return { pixels, did: `Preprocessed like ${style.name}: cropped, centred.` };
}

/** @param {Uint8ClampedArray | ArrayLike<number>} values @param {number} [channels] */
function hasOneValue(values, channels = 1) {
  for (let i = channels; i < values.length; i++)
    if (values[i] !== values[i - channels]) return false;
  return true;
}

/** Luma, as Pillow's convert("L") has it: uint8. @param {Image} image @returns {Plane} */
export function greyOf({ data, height, width }) {
  const grey = new Uint8ClampedArray(height * width);
  for (let p = 0, i = 0; p < grey.length; p++, i += 4) {
    grey[p] = (data[i] * 19595 + data[i + 1] * 38470 + data[i + 2] * 7471 + 0x8000) >> 16;
  }
  return { data: grey, height, width };
}

/** @param {Image} image @param {number} channel @returns {Plane} */
function channelOf({ data, height, width }, channel) {
  const values = new Uint8ClampedArray(height * width);
  for (let p = 0, i = channel; p < values.length; p++, i += 4) values[p] = data[i];
  return { data: values, height, width };
}

/**
 * The whole picture at the model's size. @param {Image} image @param {Size} size @param {string}
 * did @returns {Input}
 */
function scaled(image, size, did) {
  const { height, width, channels } = size,
    pixels = new Uint8ClampedArray(height * width * channels);
  for (let c = 0; c < channels; c++) {
    const plane = channels === 1 ? greyOf(image) : channelOf(image, c);
    shrunk(plane, size).forEach((value, p) => {
      pixels[p * channels + c] = value;
    });
  }
  return hasOneValue(pixels, channels) ? { pixels: null, did: EMPTY_PAD } : { pixels, did };
}

/** @param {Plane} plane of bytes @param {Size} size @returns {Uint8ClampedArray} */
function shrunk(plane, { height, width }) {
  if (plane.height === height && plane.width === width) return Uint8ClampedArray.from(plane.data);
  const all = { top: 0, left: 0, bottom: plane.height, right: plane.width };
  return /** @type {any} */ (resized(plane, all, height, width, BOX, true).data);
}

/**
 * The window of a drawing in which it lies as the data set's pictures do, black where it leaves the
 * pad.
 * @param {Plane} grey @param {Size} size @param {Style} style
 * @returns {"nothing" | "already" | {plane: Plane, top: number, left: number, bottom: number,
 *   right: number}}
 */
function laidOut({ data, height, width }, size, style) {
  let top = height,
    left = width,
    bottom = 0,
    right = 0,
    mass = 0,
    y = 0,
    x = 0;
  for (let row = 0, p = 0; row < height; row++) {
    for (let column = 0; column < width; column++, p++) {
      const bright = BRIGHT[data[p]];
      if (bright <= INK) continue;
      if (row < top) top = row;
      if (column < left) left = column;
      if (column >= right) right = column + 1;
      bottom = row + 1;
      mass += bright;
      y += bright * (row + 0.5);
      x += bright * (column + 0.5);
    }
  }
  if (!mass) return "nothing";
  const centre = style.by_mass ? [y / mass, x / mass] : [(top + bottom) / 2, (left + right) / 2];
  const plain = Math.min(size.height / height, size.width / width);
  const fitting =
    (style.box * Math.min(size.height, size.width)) / Math.max(bottom - top, right - left);
  const scale = Math.min(fitting, ZOOM * plain),
    zoom = scale / plain;
  const off = Math.max(Math.abs(centre[0] - height / 2), Math.abs(centre[1] - width / 2)) * plain;
  if (zoom >= 0.94 && zoom <= 1.12 && off <= 1) return "already";
  const tall = size.height / scale,
    wide = size.width / scale;
  const from = [begin(centre[0], tall, top, bottom), begin(centre[1], wide, left, right)];
  const margin =
    Math.ceil(Math.max(0, -from[0], -from[1], from[0] + tall - height, from[1] + wide - width)) + 1;
  const plane = padded({ data, height, width }, margin);
  return {
    plane,
    top: from[0] + margin,
    left: from[1] + margin,
    bottom: from[0] + margin + tall,
    right: from[1] + margin + wide,
  };
}

/**
 * Ink comes before the centre: where the mass is far off, the window moves until all of the ink is
 * inside.
 */
function begin(
  /** @type {number} */ centre,
  /** @type {number} */ side,
  /** @type {number} */ low,
  /** @type {number} */ high,
) {
  const middle = centre - side / 2;
  return side >= high - low ? Math.min(Math.max(middle, high - side), low) : middle;
}

/**
 * The brightness of bytes, with black around it. @param {Plane} plane @param {number} margin
 * @returns {Plane}
 */
function padded({ data, height, width }, margin) {
  const tall = height + 2 * margin,
    wide = width + 2 * margin,
    out = new Float32Array(tall * wide);
  for (let row = 0, p = 0; row < height; row++) {
    for (let column = 0, at = (row + margin) * wide + margin; column < width; column++, at++, p++) {
      if (data[p]) out[at] = BRIGHT[data[p]];
    }
  }
  return { data: out, height: tall, width: wide };
}
