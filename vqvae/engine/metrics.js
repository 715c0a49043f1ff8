// @ts-check
// Figures of a reconstruction, as vqvae's metrics: of two pictures, float (height, width, channels)
// in 0..1.

/** @typedef {ArrayLike<number>} Picture */
/** @typedef {{height: number, width: number, channels: number}} Size */

/** Mean squared error. @param {Picture} x @param {Picture} y */
export function mse(x, y) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] - y[i]) * (x[i] - y[i]);
  return sum / x.length;
}

/** Peak signal-to-noise ratio, dB; 100 for equal pictures. @param {Picture} x @param {Picture} y */
export const psnr = (x, y) => -10 * Math.log10(Math.max(1e-10, mse(x, y)));

/**
 * Mean of |x - y| over the channels: float (height, width). @param {Picture} x @param {Picture} y
 * @param {number} channels
 */
export function errorMap(x, y, channels) {
  const map = new Float32Array(x.length / channels);
  for (let i = 0; i < x.length; i++)
    map[Math.floor(i / channels)] += Math.abs(x[i] - y[i]) / channels;
  return map;
}

/**
 * How far each pixel moves when one cell of a grid is set to any of some codes: float
 * (height, width), the largest change of brightness over those codes and the channels.
 * @param {import("./model.js").VQVAE} model @param {ArrayLike<number>} indices @param {number} cell
 * @param {number[]} codes
 */
export function changes(model, indices, cell, codes) {
  const { height, width, channels, embedding_dim: D } = model.config,
    most = new Float32Array(height * width);
  const z = model.embed(indices),
    region = model.around([cell]),
    before = model.decodeLatents(z);
  for (const code of codes) {
    z.set(model.quantizer.code(code), cell * D);
    model.decoder.run(z, region).picture.forEach((value, i) => {
      const pixel = Math.floor(i / channels);
      most[pixel] = Math.max(most[pixel], Math.abs(value - before[i]));
    });
  }
  return most;
}

/**
 * Structural similarity, 1 for equal pictures (Wang et al. 2004, eq. 13): a Gaussian window of 11 x
 * 11, sigma 1.5, averaged over the windows inside the picture and over the channels.
 * @param {Picture} x @param {Picture} y @param {Size} size
 */
export function ssim(x, y, size) {
  const blur = (/** @type {(i: number) => number} */ of) =>
    blurred(
      Float64Array.from(x, (_, i) => of(i)),
      size,
    );
  const mx = blur((i) => x[i]),
    my = blur((i) => y[i]);
  const xx = blur((i) => x[i] * x[i]),
    yy = blur((i) => y[i] * y[i]),
    xy = blur((i) => x[i] * y[i]);
  const c1 = 0.01 ** 2,
    c2 = 0.03 ** 2;
  const scores = mx.map((a, i) => {
    const b = my[i];
    return (
      ((2 * a * b + c1) * (2 * (xy[i] - a * b) + c2)) /
      ((a * a + b * b + c1) * (xx[i] - a * a + yy[i] - b * b + c2))
    );
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** The Gaussian window over rows, then over columns. @param {Float64Array} t @param {Size} size */
function blurred(t, { height, width, channels }) {
  const side = Math.min(11, height, width);
  const weights = Array.from({ length: side }, (_, i) =>
    Math.exp(-((i - (side - 1) / 2) ** 2) / 4.5),
  );
  const sum = weights.reduce((a, b) => a + b);
  const along = (
    /** @type {Float64Array} */ from,
    /** @type {number} */ length,
    /** @type {number} */ step,
  ) => {
    const kept = length - side + 1,
      groups = from.length / (length * step),
      to = new Float64Array(groups * kept * step);
    for (let g = 0; g < groups; g++) {
      for (let i = 0; i < kept * step; i++) {
        for (let k = 0; k < side; k++)
          to[g * kept * step + i] += (weights[k] / sum) * from[(g * length + k) * step + i];
      }
    }
    return to;
  };
  const down = along(t, height, width * channels);
  return along(down, width, channels);
}
