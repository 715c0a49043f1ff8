// @ts-check
// A grid of codes as short text: the same as vqvae.grids.packing writes, so that the app reads it
// too.

const VERSION = 1;

/** @typedef {{rows: number, columns: number, codes: number}} Size */

/** @param {ArrayLike<number>} indices row by row @param {Size} size @returns {string} */
export function toText(indices, { rows, columns, codes }) {
  const K = BigInt(codes);
  let number = 0n;
  for (let p = 0; p < indices.length; p++) number = number * K + BigInt(indices[p]);
  const payload = new Uint8Array(payloadSize(rows * columns, K));
  for (let i = payload.length - 1; i >= 0; i--, number >>= 8n) payload[i] = Number(number & 255n);
  const body = Uint8Array.of(
    VERSION,
    rows,
    columns,
    (codes - 1) >> 8,
    (codes - 1) & 255,
    ...payload,
  );
  const check = crc32(body) & 0xffff;
  const bytes = String.fromCharCode(...body, check >> 8, check & 255);
  return btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * The grid that `toText` wrote. Error, in a sentence, for what is none, or of another size.
 * @param {string} text @param {Size} size @returns {Int32Array}
 */
export function fromText(text, { rows, columns, codes }) {
  const packed = text.replace(/\s/g, "").replace(/=+$/, "");
  if (!/^[\w-]+$/.test(packed) || packed.length % 4 === 1) {
    throw new Error(
      "This is not the text of a grid: copy it whole, letters, digits, - and _ only.",
    );
  }
  const data = Uint8Array.from(atob(packed.replace(/-/g, "+").replace(/_/g, "/")), (c) =>
    c.charCodeAt(0),
  );
  const body = data.subarray(0, -2),
    check = ((data.at(-2) ?? 0) << 8) | (data.at(-1) ?? 0);
  if (body[0] !== VERSION || (crc32(body) & 0xffff) !== check) {
    throw new Error("The text is damaged or cut short: copy it again.");
  }
  const K = BigInt(codes),
    given = ((body[3] << 8) | body[4]) + 1;
  if (body[1] !== rows || body[2] !== columns || given !== codes) {
    throw new Error(
      `This grid is ${body[1]} x ${body[2]} of ${given} codes; the model takes ` +
        `${rows} x ${columns} of ${codes}.`,
    );
  }
  let number = 0n;
  for (const byte of body.subarray(5)) number = (number << 8n) | BigInt(byte);
  const indices = new Int32Array(rows * columns);
  for (let p = indices.length - 1; p >= 0; p--, number /= K) indices[p] = Number(number % K);
  if (number || body.length - 5 !== payloadSize(indices.length, K)) {
    throw new Error("The text is damaged: it holds a code that the model has not.");
  }
  return indices;
}

/**
 * Bytes of the largest number of `positions` digits in base K. @param {number} positions @param
 * {bigint} K
 */
const payloadSize = (positions, K) =>
  Math.ceil((K ** BigInt(positions) - 1n).toString(16).length / 2);

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
