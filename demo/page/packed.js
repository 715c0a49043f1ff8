// What the server packs into its answers: numbers and pictures in base64.

import { loadImage } from "./dom.js";

/** @param {string} base64 */
export function bytesOf(base64) {
  const text = atob(base64),
    bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
  return bytes;
}

/** @param {string} base64 of float32 numbers */
export const floatsOf = (base64) => new Float32Array(bytesOf(base64).buffer);

/** @param {string} base64 of uint16 numbers */
export const countsOf = (base64) => new Uint16Array(bytesOf(base64).buffer);

/** The other way round. @param {ArrayBufferView} numbers */
export function packed(numbers) {
  let text = "";
  for (const byte of new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}

/** The address of a PNG. @param {string} base64 */
export const pngOf = (base64) => `data:image/png;base64,${base64}`;

/** A PNG, ready to be drawn. @param {string} base64 */
export const imageOf = (base64) => loadImage(pngOf(base64));
