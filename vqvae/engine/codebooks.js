// @ts-check
// What each kind of quantizer makes of its weights: the codebook as a table of K rows of D numbers,
// and the space its codes lie in, into which latents are squashed. As in vqvae/nn/quantizers.

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./weights.js").Weights} Weights
 */

/** @type {Record<string, (weights: Weights, config: Config) => Float64Array>} */
const TABLES = {
  ema: stored,
  gradient: stored,
  simvq,
  residual,
  fsq: grid((digit, half) => (digit - half) / half),
  lfq: grid((bit) => 2 * bit - 1),
  bsq: grid((bit, _, D) => (2 * bit - 1) / Math.sqrt(D)),
};
export const QUANTIZERS = Object.keys(TABLES);
/** As MARGIN of fsq.py. */
const MARGIN = 1e-3;

/**
 * The codebook: float (K, D). @param {Weights} weights @param {Config} config @returns
 * {Float64Array}
 */
export const codebookOf = (weights, config) => TABLES[config.quantizer](weights, config);

/**
 * Latents (n, D) to latents in the space of the codes.
 * @param {Config} config @returns {(z: Float64Array) => Float64Array}
 */
export function squashOf({ quantizer, embedding_dim: D, levels }) {
  if (quantizer === "fsq") return (z) => z.map((value, i) => bound(value, levels[i % D]));
  if (quantizer === "bsq") return (z) => normalised(z, D);
  return (z) => z;
}

/** @param {number} value @param {number} level how many values its number takes */
function bound(value, level) {
  const reach = ((level - 1) * (1 - MARGIN)) / 2,
    offset = level % 2 ? 0 : 0.5;
  return (Math.tanh(value + Math.tan(offset / reach)) * reach - offset) / Math.floor(level / 2);
}

/** @param {Float64Array} z @param {number} D */
function normalised(z, D) {
  for (let start = 0; start < z.length; start += D) {
    const row = z.subarray(start, start + D),
      length = Math.max(Math.hypot(...row), 1e-12);
    row.forEach((value, d) => {
      row[d] = value / length;
    });
  }
  return z;
}

/** @param {Weights} weights @param {Config} config */
function stored(weights, { codebook_size: K, embedding_dim: D }) {
  return weights.take("quantizer.codebook", K, D);
}

/** A frozen table (K, D) times a matrix (D, D). @param {Weights} weights @param {Config} config */
function simvq(weights, { codebook_size: K, embedding_dim: D }) {
  const frozen = weights.take("quantizer.frozen", K, D),
    basis = weights.take("quantizer.basis", D, D);
  return Float64Array.from({ length: K * D }, (_, i) => {
    const row = i - (i % D),
      column = i % D;
    let sum = 0;
    for (let d = 0; d < D; d++) sum += frozen[row + d] * basis[d * D + column];
    return sum;
  });
}

/** Every sum of one row of each stage. @param {Weights} weights @param {Config} config */
function residual(weights, { codebook_size: K, embedding_dim: D, levels }) {
  const all = levels.reduce((sum, level) => sum + level, 0),
    stages = weights.take("quantizer.stages", all, D);
  const table = new Float64Array(K * D);
  for (let n = 0, first = 0, after = K; n < levels.length; first += levels[n++]) {
    after /= levels[n];
    for (let k = 0; k < K; k++) {
      const row = first + (Math.floor(k / after) % levels[n]);
      for (let d = 0; d < D; d++) table[k * D + d] += stages[row * D + d];
    }
  }
  return table;
}

/**
 * A table in which each number takes a few values: the first counts fastest.
 * @param {(digit: number, half: number, D: number) => number} valueOf a digit and half its level,
 *   rounded down
 */
function grid(valueOf) {
  return (
    /** @type {Weights} */ _,
    /** @type {Config} */ { codebook_size: K, embedding_dim: D, levels },
  ) => {
    const table = new Float64Array(K * D);
    for (let d = 0, place = 1; d < D; d++) {
      const level = levels[d] ?? 2;
      for (let k = 0; k < K; k++) {
        table[k * D + d] = valueOf(Math.floor(k / place) % level, Math.floor(level / 2), D);
      }
      place *= level;
    }
    return table;
  };
}
