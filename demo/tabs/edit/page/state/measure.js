// What is measured of pictures, raw uint8 arrays.

/** @typedef {import("./side.js").Pixels} Pixels */

const BLACK = 40; // of 255

/**
 * Largest change over the channels of each pixel: values 0..255 scaled to the peak, peak 0..1.
 * @param {Pixels} a @param {Pixels} b @param {{height: number, width: number, channels: number}} size
 */
export function difference(a, b, { height, width, channels }) {
  const values = new Uint8Array(height * width);
  let peak = 0;
  for (let n = 0, from = 0; n < values.length; n++)
    for (let c = 0; c < channels; c++, from++) {
      values[n] = Math.max(values[n], Math.abs(a[from] - b[from]));
      peak = Math.max(peak, values[n]);
    }
  return { values: values.map((v) => (peak ? (v * 255) / peak : 0)), peak: peak / 255 };
}

/**
 * Peak signal-to-noise ratio of two pictures in dB; Infinity where they are equal.
 * @param {Pixels} a @param {Pixels} b
 */
export function psnr(a, b) {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n] - b[n]) ** 2;
  return sum ? 10 * Math.log10((255 * 255 * a.length) / sum) : Infinity;
}

/**
 * The codes that draw next to nothing by themselves, from the sheet of all tiles.
 * @param {ImageData} tiles @param {import("./state.js").Info} info
 */
export function blackCodes(tiles, { K, tile, sheet }) {
  const isBlack = (/** @type {number} */ code) => {
    const left = (code % sheet.columns) * tile,
      top = Math.floor(code / sheet.columns) * tile;
    for (let y = top; y < top + tile; y++)
      for (let at = 4 * (y * tiles.width + left), end = at + 4 * tile; at < end; at += 4)
        if (Math.max(tiles.data[at], tiles.data[at + 1], tiles.data[at + 2]) > BLACK) return false;
    return true;
  };
  return new Set(Array.from({ length: K }, (_, code) => code).filter(isBlack));
}
