// Pictures made smaller as Pillow makes them (Resample.c), to the last bit: the page's input is
// then the server's.

/**
 * A picture of one number per pixel. @typedef {{data: ArrayLike<number>, height: number, width:
 * number}} Plane
 */

/** @typedef {{support: number, weight: (x: number) => number}} Filter */

/** The mean of what falls into a pixel. @type {Filter} */
export const BOX = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

const COSINE = [Math.fround(0.54), Math.fround(0.46)];

/** @type {Filter} */
export const HAMMING = {
  support: 1,
  weight(x) {
    if (x === 0) return 1;
    if (Math.abs(x) >= 1) return 0;
    const angle = Math.abs(x) * Math.PI;
    return (Math.sin(angle) / angle) * (COSINE[0] + COSINE[1] * Math.cos(angle));
  },
};

const PRECISION = 2 ** 22; // of whole weights

/**
 * A window of a picture at another size, filtered along rows, then along columns.
 * @param {Plane} plane
 * @param {{top: number, left: number, bottom: number, right: number}} window fractions of a pixel
 *   allowed
 * @param {number} height @param {number} width @param {Filter} filter
 * @param {boolean} whole whether numbers are bytes, rounded after each step; else they are float32
 * @returns {Plane}
 */
export function resized(plane, window, height, width, filter, whole) {
  const [top, left, bottom, right] = [window.top, window.left, window.bottom, window.right].map(
    Math.fround,
  );
  const along = (/** @type {Weights[]} */ places) =>
    places.map(({ first, weights }) => ({
      first,
      weights: whole
        ? weights.map((w) => Math.trunc(w * PRECISION + (w < 0 ? -0.5 : 0.5)))
        : weights,
    }));
  const across = along(weightsOf(plane.width, left, right, width, filter));
  const down = along(weightsOf(plane.height, top, bottom, height, filter));
  // Only the rows that the second step reads are worth the first.
  const from = down[0].first,
    to = down.reduce((end, { first, weights }) => Math.max(end, first + weights.length), 0);
  const columns = filtered(plane.data, across, from, to, plane.width, whole);
  const below = down.map(({ first, weights }) => ({ first: first - from, weights }));
  return { data: filtered(columns, below, 0, width, to - from, whole), height, width };
}

/**
 * What a place of a line is made of: the first number that counts, and the weights of those from it
 * on.
 * @typedef {{first: number, weights: number[]}} Weights
 * @param {number} size of the line that is read @param {number} from @param {number} to the part of
 *   it that is seen
 * @param {number} length of the line that is made @param {Filter} filter
 * @returns {Weights[]}
 */
function weightsOf(size, from, to, length, { support, weight }) {
  const scale = Math.fround(to - from) / length,
    wide = Math.max(scale, 1),
    reach = support * wide;
  return Array.from({ length }, (_, place) => {
    const centre = from + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(size, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: end - first }, (_unused, n) =>
      weight((n + first - centre + 0.5) * (1 / wide)),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((w) => (sum ? w / sum : w)) };
  });
}

/**
 * Lines filtered, and the picture turned over its diagonal: lines become columns.
 * @param {ArrayLike<number>} data @param {Weights[]} places of a line
 * @param {number} from @param {number} to which lines @param {number} length of a line in `data`
 * @param {boolean} whole
 */
function filtered(data, places, from, to, length, whole) {
  const lines = to - from,
    count = places.length * lines;
  const out = whole ? new Uint8ClampedArray(count) : new Float32Array(count);
  for (let place = 0, n = 0; place < places.length; place++) {
    const { first, weights } = places[place];
    for (let line = from; line < to; line++, n++) {
      let sum = whole ? PRECISION / 2 : 0;
      for (let k = 0, at = line * length + first; k < weights.length; k++, at++)
        sum += data[at] * weights[k];
      out[n] = whole ? Math.floor(sum / PRECISION) : sum;
    }
  }
  return out;
}
