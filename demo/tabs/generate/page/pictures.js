// Small parts that the others share: one picture of a sprite, a share in words.

import { contextOf } from "../../../page/dom.js";

/**
 * One picture of a sprite onto a canvas, one canvas pixel a picture pixel.
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number}} info
 * @param {HTMLImageElement} image
 * @param {number} column @param {number} row
 */
export function paint(canvas, info, image, column, row = 0) {
  const { width, height } = info;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  contextOf(canvas).drawImage(
    image,
    column * width,
    row * height,
    width,
    height,
    0,
    0,
    width,
    height,
  );
}

/** @param {number} p 0 to 1 */
export function percent(p) {
  if (p >= 0.0995) return `${Math.round(100 * p)}\u202f%`;
  return p >= 0.001 ? `${(100 * p).toFixed(1)}\u202f%` : "<\u202f0.1\u202f%";
}
