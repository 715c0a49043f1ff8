// Raw pictures on canvases of exactly their size: uint8 pixels, row by row, channels last.

import { viridis } from "./colours.js";
import { contextOf, make } from "./dom.js";

/** @typedef {{height: number, width: number, channels: number}} Size channels 1 or 3 */

/**
 * Brightness, as a share of full brightness, at which the colours of an error end, as the page
 * says.
 */
export const ERROR_TOP = 0.3;

const COLOURS = Uint8Array.from(Array.from({ length: 256 }, (_, n) => viridis(n / 255)).flat());

/** As the server says it. @param {number[]} shape height, width, channels @returns {Size} */
export const sizeOf = ([height, width, channels]) => ({ height, width, channels });

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} pixels
 * @param {Size} size
 * @param {number} [at] where the first pixel stands in `pixels`, for one picture of many
 */
export function paintPixels(canvas, pixels, { height, width, channels }, at = 0) {
  const image = new ImageData(width, height),
    green = channels === 3 ? 1 : 0;
  for (let to = 0, from = at; to < image.data.length; to += 4, from += channels) {
    image.data[to] = pixels[from];
    image.data[to + 1] = pixels[from + green];
    image.data[to + 2] = pixels[from + 2 * green];
    image.data[to + 3] = 255;
  }
  put(canvas, image);
}

/**
 * One value a pixel in viridis.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values 0 to 255
 * @param {{height: number, width: number}} size
 * @param {number} [top] share of 255 at which the colours end
 */
export function paintMap(canvas, values, { height, width }, top = 1) {
  const image = new ImageData(width, height);
  for (let n = 0; n < values.length; n++) {
    const colour = 3 * Math.min(255, Math.round(values[n] / top));
    for (let c = 0; c < 3; c++) image.data[4 * n + c] = COLOURS[colour + c];
    image.data[4 * n + 3] = 255;
  }
  put(canvas, image);
}

/** A new canvas with a picture. @param {ArrayLike<number>} pixels @param {Size} size */
export function pictureOf(pixels, size, name = "") {
  const canvas = make("canvas", name);
  paintPixels(canvas, pixels, size);
  return canvas;
}

/** The pixels of a picture. @param {HTMLImageElement} image */
export function pixelsOf(image) {
  const { naturalWidth: width, naturalHeight: height } = image,
    canvas = make("canvas", "", { width, height });
  const pen = contextOf(canvas, { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  return pen.getImageData(0, 0, width, height);
}

/** @param {HTMLCanvasElement[]} canvases */
export function clear(...canvases) {
  for (const canvas of canvases) contextOf(canvas).clearRect(0, 0, canvas.width, canvas.height);
}

/** @param {HTMLCanvasElement} canvas @param {ImageData} image */
function put(canvas, image) {
  if (canvas.width !== image.width) canvas.width = image.width;
  if (canvas.height !== image.height) canvas.height = image.height;
  contextOf(canvas).putImageData(image, 0, 0);
}
