// @ts-check
// Encoder and decoder, as vqvae's networks.py has them: all work is done on the grid, whose
// positions stand for squares of downsample x downsample pixels. Pictures are float
// (height, width, channels) in 0..1.

import { multiply, normalise, sigmoid, silu } from "./matrix.js";
import {
  areaOf,
  Convolution,
  eachPosition,
  grown,
  ResidualBlock,
  Scratch,
  wholeOf,
} from "./layers.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Grid} Grid
 * @typedef {import("./layers.js").Region} Region
 * @typedef {import("./weights.js").Weights} Weights
 */

/**
 * The 3 x 3 convolution and the residual blocks that both begin with, numbered as in PyTorch's
 * Sequential.
 */
class Trunk {
  /**
   * @param {Weights} weights @param {string} name @param {number} first number of the convolution
   * @param {number} inputs @param {Config} config @param {Grid} grid
   */
  constructor(
    weights,
    name,
    first,
    inputs,
    { hidden_channels: channels, residual_blocks: blocks },
    grid,
  ) {
    this.grid = grid;
    this.scratch = new Scratch();
    const layer = (/** @type {number} */ n) => `${name}.layers.${first + n}`;
    /** @type {(Convolution | ResidualBlock)[]} */
    this.layers = [new Convolution(weights, layer(0), inputs, channels, grid, this.scratch)];
    for (let n = 1; n <= blocks; n++) {
      this.layers.push(new ResidualBlock(weights, layer(n), channels, grid, this.scratch));
    }
    this.scaling = weights.scaling(layer(blocks + 1), channels);
    this.channels = channels;
    this.end = first + blocks + 2;
  }

  /**
   * x (positions, inputs), of which only `region` differs from the run before -> what that can move
   * of the result: its region, and the normalised rows (positions of the region, channels).
   * @param {Float64Array} x @param {Region} region
   */
  run(x, region) {
    for (const layer of this.layers) x = layer.run(x, (region = grown(region, this.grid)));
    const rows = this.scratch.take(0, areaOf(region) * this.channels),
      { channels } = this;
    eachPosition(region, this.grid, (n, position) => {
      for (let c = 0; c < channels; c++) rows[n * channels + c] = x[position * channels + c];
    });
    normalise(rows, areaOf(region), channels);
    return { rows, region };
  }
}

/** float (height, width, channels) in 0..1 -> latents float (rows, columns, embedding_dim). */
export class Encoder {
  /** @param {Weights} weights @param {Config} config @param {Grid} grid */
  constructor(weights, config, grid) {
    this.config = config;
    this.trunk = new Trunk(
      weights,
      "encoder",
      1,
      config.channels * config.downsample ** 2,
      config,
      grid,
    );
    this.head = weights.linear(
      `encoder.layers.${this.trunk.end}`,
      [config.hidden_channels, config.embedding_dim, 1, 1],
      this.trunk.scaling,
    );
  }

  /** @param {ArrayLike<number>} picture @returns {Float64Array} */
  run(picture) {
    const { grid } = this.trunk,
      folds = new Float64Array(picture.length),
      n = grid.rows * grid.columns;
    eachPixel(wholeOf(grid), grid, this.config, (pixel, fold) => {
      folds[fold] = 2 * picture[pixel] - 1;
    });
    const latents = new Float64Array(n * this.head.outputs);
    multiply(this.head, this.trunk.run(folds, wholeOf(grid)).rows, n, latents);
    return latents;
  }
}

/** Latents float (rows, columns, embedding_dim) -> float (height, width, channels) in 0..1. */
export class Decoder {
  /** @param {Weights} weights @param {Config} config @param {Grid} grid */
  constructor(weights, config, grid) {
    this.config = config;
    this.trunk = new Trunk(weights, "decoder", 0, config.embedding_dim, config, grid);
    this.head = weights.linear(`decoder.layers.${this.trunk.end + 1}`, [
      config.hidden_channels,
      config.channels * config.downsample ** 2,
      1,
      1,
    ]);
    this.runs = 0;
    this.picture = new Float32Array(grid.rows * grid.columns * this.head.outputs);
  }

  /**
   * The picture, kept and drawn into again by the next run, and the region of the grid that was
   * drawn.
   * @param {Float64Array} latents
   * @param {Region} [changed] what alone differs from the run before; without it all is drawn
   */
  run(latents, changed = wholeOf(this.trunk.grid)) {
    this.runs++;
    const { rows, region } = this.trunk.run(latents, changed),
      { channels, grid } = this.trunk;
    const { scale, shift } = this.trunk.scaling;
    const n = areaOf(region),
      folds = this.trunk.scratch.take(1, n * this.head.outputs);
    for (let i = 0; i < n * channels; i++)
      rows[i] = rows[i] * scale[i % channels] + shift[i % channels];
    silu(rows, n * channels);
    multiply(this.head, rows, n, folds);
    eachPixel(region, grid, this.config, (pixel, fold) => {
      this.picture[pixel] = sigmoid(folds[fold]);
    });
    return { picture: this.picture, region };
  }
}

/**
 * Where each pixel of a region's positions lies in the picture and in the folded rows, whose
 * columns go through channels, then rows, then columns of a square (PyTorch's PixelUnshuffle).
 * @param {Region} region @param {Grid} grid @param {Config} config
 * @param {(pixel: number, fold: number) => void} visit
 */
function eachPixel(region, grid, { channels, downsample: side }, visit) {
  const width = grid.columns * side;
  eachPosition(region, grid, (n, _, row, column) => {
    let fold = n * channels * side * side;
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < side; i++) {
        const start = ((row * side + i) * width + column * side) * channels + c;
        for (let j = 0; j < side; j++) visit(start + j * channels, fold++);
      }
    }
  });
}
