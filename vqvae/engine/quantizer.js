// @ts-check
// The codebook: the nearest code of a latent, and the latent of a code.

import { codebookOf, squashOf } from "./codebooks.js";
import { linear, multiply } from "./matrix.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./weights.js").Weights} Weights
 */

export class Quantizer {
  /** @param {Weights} weights @param {Config} config */
  constructor(weights, config) {
    const { codebook_size: K, embedding_dim: D } = config;
    this.size = K;
    this.dim = D;
    this.codebook = codebookOf(weights, config);
    /** What the encoder says (n, D), in the space of the codes. */
    this.squash = squashOf(config);
    const halfNorms = new Float64Array(K);
    this.codebook.forEach((e, i) => {
      halfNorms[Math.floor(i / D)] += (e * e) / 2;
    });
    /**
     * z -> |e|^2 / 2 - z e, for each code: the distance without |z|^2, which is the same for all.
     */
    this.scores = linear(
      this.codebook.map((e) => -e),
      halfNorms,
    );
    this.row = new Float64Array(K);
  }

  /** Squared distances of one latent (D) to all codes: float (K). @param {Float64Array} z */
  distances(z) {
    const norm = z.reduce((sum, value) => sum + value * value, 0);
    multiply(this.scores, z, 1, this.row);
    return this.row.map((score) => Math.max(0, 2 * score + norm));
  }

  /**
   * The nearest code of each latent (n, D): int32 (n). Ties go to the lowest. @param {Float64Array}
   * z
   */
  nearest(z) {
    return Int32Array.from({ length: z.length / this.dim }, (_, n) => {
      multiply(this.scores, z.subarray(n * this.dim, (n + 1) * this.dim), 1, this.row);
      let best = 0;
      for (let k = 1; k < this.size; k++) if (this.row[k] < this.row[best]) best = k;
      return best;
    });
  }

  /**
   * The codes' vectors: indices (n) -> float (n, D). Error for one that is not in 0..K-1.
   * @param {ArrayLike<number>} indices
   */
  embed(indices) {
    const z = new Float64Array(indices.length * this.dim);
    for (let n = 0; n < indices.length; n++) z.set(this.code(indices[n]), n * this.dim);
    return z;
  }

  /** The vector of one code: float (D), not to be changed. @param {number} index */
  code(index) {
    if (!Number.isInteger(index) || index < 0 || index >= this.size) {
      throw new Error(`A code is ${index}; it must be a whole number from 0 to ${this.size - 1}.`);
    }
    return this.codebook.subarray(index * this.dim, (index + 1) * this.dim);
  }
}
