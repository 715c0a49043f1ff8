// @ts-check
// The VQ-VAE: what vqvae.VQVAE does, for one picture at a time. Pictures are float
// (height, width, channels) in 0..1, latents float (rows, columns, embedding_dim), indices whole
// numbers (rows, columns): each flat, row by row.

import { gridOf, fits, readConfig } from "./config.js";
import { Decoder, Encoder } from "./networks.js";
import { Quantizer } from "./quantizer.js";
import { Weights } from "./weights.js";

/** @typedef {import("./layers.js").Region} Region */

/**
 * Pictures of one grid with a few of its cells changed to each of some codes, as far as they are
 * done. `window` is the part of the picture, in pixels, that those cells can move; beyond it
 * nothing changes.
 * @typedef {{from: number, to: number, window: Region, pixels: Uint8ClampedArray}} Previews
 */

export class VQVAE {
  /**
   * @param {object} config of config.json
   * @param {Uint8Array | ArrayBuffer} weights the bytes of model.safetensors
   * @returns {VQVAE} Error, in a sentence, where they are damaged, do not fit, or ask for too much
   */
  static load(config, weights) {
    const checked = readConfig(config);
    if (!fits(checked))
      throw new Error("This model is too heavy for a page; run it on the server.");
    return new VQVAE(
      checked,
      new Weights(weights instanceof Uint8Array ? weights : new Uint8Array(weights)),
    );
  }

  /** @param {import("./config.js").Config} config @param {Weights} weights */
  constructor(config, weights) {
    this.config = config;
    this.grid = gridOf(config);
    this.weights = weights;
    this.encoder = new Encoder(weights, config, this.grid);
    this.decoder = new Decoder(weights, config, this.grid);
    this.quantizer = new Quantizer(weights, config);
    weights.finish();
    /** Which grid, cells and run of the decoder the last previews ended with. */
    this.drawn = "";
  }

  /**
   * What the encoder says, in the space of the codes, before quantization. @param
   * {ArrayLike<number>} x a picture @returns {Float64Array}
   */
  latents(x) {
    const { height, width, channels } = this.config;
    check(x, height * width * channels, `A picture is ${height} x ${width} pixels of ${channels}`);
    return this.quantizer.squash(this.encoder.run(x));
  }

  /** @param {ArrayLike<number>} x a picture @returns {Int32Array} indices */
  encode(x) {
    return this.quantizer.nearest(this.latents(x));
  }

  /** @param {Float64Array} z latents @returns {Int32Array} indices */
  nearest(z) {
    return this.quantizer.nearest(this.checkedLatents(z));
  }

  /**
   * Squared distances of one latent to every code. @param {Float64Array} z float (D) @returns
   * {Float64Array} (K)
   */
  distances(z) {
    check(z, this.config.embedding_dim, "A latent");
    return this.quantizer.distances(z);
  }

  /** @param {ArrayLike<number>} indices @returns {Float64Array} latents: the codes' vectors */
  embed(indices) {
    const { rows, columns } = this.grid;
    check(indices, rows * columns, `A grid of ${rows} x ${columns} codes`);
    return this.quantizer.embed(indices);
  }

  /** @param {ArrayLike<number>} indices @returns {Float32Array} picture */
  decode(indices) {
    return this.decodeLatents(this.embed(indices));
  }

  /**
   * A picture of any latents, on the codebook or not. @param {Float64Array} z @returns
   * {Float32Array}
   */
  decodeLatents(z) {
    return this.decoder.run(this.checkedLatents(z)).picture.slice();
  }

  /**
   * Pictures of `indices` with `cells` set to each of `codes` (all, if none are named) from number
   * `from` on, for about `budget` ms: call again from `to` while it is less than there are codes.
   * @param {ArrayLike<number>} indices @param {number | number[]} cells
   * @param {{codes?: number[], from?: number, budget?: number}} [options]
   * @returns {Previews}
   */
  previews(indices, cells, { codes, from = 0, budget = 20 } = {}) {
    const start = performance.now(),
      list = typeof cells === "number" ? [cells] : cells;
    const count = codes ? codes.length : this.config.codebook_size;
    if (!(from >= 0 && from < count))
      throw new Error(`Previews of ${count} codes cannot begin at number ${from}.`);
    const z = this.embed(indices),
      changed = this.around(list),
      pictures = [];
    const of = `${indices} ${list}`;
    if (this.drawn !== of + this.decoder.runs) this.decoder.run(z); // else all but the cells is drawn already
    let to = from,
      window = { top: 0, left: 0, bottom: 0, right: 0 };
    do {
      const code = this.quantizer.code(codes ? codes[to] : to);
      for (const cell of list) z.set(code, cell * this.config.embedding_dim);
      const { picture, region } = this.decoder.run(z, changed);
      window = scaled(region, this.config.downsample);
      pictures.push(cut(picture, window, this.config));
    } while (++to < count && performance.now() - start < budget);
    this.drawn = of + this.decoder.runs;
    return { from, to, window, pixels: joined(pictures) };
  }

  /**
   * What each code looks like: what the decoder draws in the middle of 3 x 3 cells of nothing but
   * this code.
   * @returns {Uint8ClampedArray} (codebook_size, downsample, downsample, channels)
   */
  tiles() {
    const { codebook_size: K, downsample: side } = this.config;
    const decoder = new Decoder(this.weights, this.config, { rows: 3, columns: 3 });
    const middle = { top: side, left: side, bottom: 2 * side, right: 2 * side };
    const config = { ...this.config, width: 3 * side };
    return joined(
      Array.from({ length: K }, (_, k) =>
        cut(decoder.run(this.quantizer.embed(Array(9).fill(k))).picture, middle, config),
      ),
    );
  }

  /** The smallest region that holds all of some cells. @param {number[]} cells @returns {Region} */
  around(cells) {
    const { rows, columns } = this.grid;
    if (!cells.length || !cells.every((p) => Number.isInteger(p) && p >= 0 && p < rows * columns)) {
      throw new Error(`Cells are whole numbers from 0 to ${rows * columns - 1}, one or more.`);
    }
    const across = cells.map((p) => p % columns),
      down = cells.map((p) => Math.floor(p / columns));
    return {
      top: Math.min(...down),
      left: Math.min(...across),
      bottom: Math.max(...down) + 1,
      right: Math.max(...across) + 1,
    };
  }

  /** @param {Float64Array} z */
  checkedLatents(z) {
    const { rows, columns } = this.grid,
      D = this.config.embedding_dim;
    check(z, rows * columns * D, `Latents of ${rows} x ${columns} cells`);
    return z;
  }
}

/** @param {ArrayLike<number>} values @param {number} length @param {string} what */
function check(values, length, what) {
  if (values?.length !== length) {
    throw new Error(`${what} takes ${length} numbers; ${values?.length ?? "none"} were given.`);
  }
}

/** @param {Region} region of the grid @param {number} side @returns {Region} of the picture */
const scaled = ({ top, left, bottom, right }, side) => ({
  top: top * side,
  left: left * side,
  bottom: bottom * side,
  right: right * side,
});

/**
 * A part of a picture in bytes. @param {Float32Array} picture @param {Region} window @param
 * {{width: number, channels: number}} config
 */
function cut(picture, { top, left, bottom, right }, { width, channels }) {
  const row = (right - left) * channels,
    bytes = new Uint8ClampedArray((bottom - top) * row);
  for (let i = 0, y = top; y < bottom; y++) {
    const start = (y * width + left) * channels;
    for (let x = start; x < start + row; x++) bytes[i++] = 255 * picture[x];
  }
  return bytes;
}

/** @param {Uint8ClampedArray[]} parts of one length */
function joined(parts) {
  const all = new Uint8ClampedArray(parts.length * parts[0].length);
  parts.forEach((part, n) => all.set(part, n * part.length));
  return all;
}
