// @ts-check
// The layers on the grid. Each keeps its output for the whole grid (positions, channels) and can do
// a part of it anew: what one cell can move is then computed alone, and is equal to the bit.

import { multiply, normalise, silu } from "./matrix.js";
import { tapsFirst } from "./weights.js";

/**
 * A part of a grid: rows top..bottom-1 and columns left..right-1.
 * @typedef {{top: number, left: number, bottom: number, right: number}} Region
 * @typedef {import("./config.js").Grid} Grid
 * @typedef {import("./weights.js").Weights} Weights
 */

/** @param {Grid} grid @returns {Region} */
export const wholeOf = ({ rows, columns }) => ({ top: 0, left: 0, bottom: rows, right: columns });

/**
 * One position further on each side, within the grid. @param {Region} region @param {Grid} grid
 * @returns {Region}
 */
export const grown = ({ top, left, bottom, right }, { rows, columns }) => ({
  top: Math.max(0, top - 1),
  left: Math.max(0, left - 1),
  bottom: Math.min(rows, bottom + 1),
  right: Math.min(columns, right + 1),
});

/** @param {Region} region */
export const areaOf = ({ top, left, bottom, right }) => (bottom - top) * (right - left);

/**
 * Calls `visit(n, position, row, column)` for the n-th position of a region, row by row.
 * @param {Region} region @param {Grid} grid
 * @param {(n: number, position: number, row: number, column: number) => void} visit
 */
export function eachPosition({ top, left, bottom, right }, { columns }, visit) {
  for (let n = 0, row = top; row < bottom; row++) {
    for (let column = left; column < right; column++)
      visit(n++, row * columns + column, row, column);
  }
}

/**
 * Scratch rows that all layers of a network share: each is done with them before the next begins.
 */
export class Scratch {
  constructor() {
    /** @type {Float64Array[]} */
    this.buffers = [];
  }

  /**
   * Buffer number `which`, of at least `size` numbers. @param {number} which @param {number} size
   */
  take(which, size) {
    if (!(this.buffers[which]?.length >= size)) this.buffers[which] = new Float64Array(size);
    return this.buffers[which];
  }
}

/** A full 3 x 3 convolution, zero beyond the edge: (positions, inputs) -> (positions, outputs). */
export class Convolution {
  /**
   * @param {Weights} weights @param {string} name @param {number} inputs @param {number} outputs
   * @param {Grid} grid @param {Scratch} scratch
   */
  constructor(weights, name, inputs, outputs, grid, scratch) {
    this.layer = weights.linear(name, [inputs, outputs, 3, 3]);
    this.inputs = inputs;
    this.grid = grid;
    this.scratch = scratch;
    this.output = new Float64Array(grid.rows * grid.columns * outputs);
  }

  /** @param {Float64Array} x @param {Region} region of the output @returns {Float64Array} */
  run(x, region) {
    const n = areaOf(region),
      { inputs, outputs } = this.layer;
    const patches = this.scratch.take(0, n * inputs),
      y = this.scratch.take(1, n * outputs);
    this.gather(x, region, patches);
    multiply(this.layer, patches, n, y);
    eachPosition(region, this.grid, (m, position) => {
      for (let o = 0; o < outputs; o++) this.output[position * outputs + o] = y[m * outputs + o];
    });
    return this.output;
  }

  /**
   * The nine neighbours of each position in a row. @param {Float64Array} x @param {Region} region
   * @param {Float64Array} patches
   */
  gather(x, region, patches) {
    const {
      inputs,
      grid: { rows, columns },
    } = this;
    patches.fill(0, 0, areaOf(region) * 9 * inputs);
    eachPosition(region, this.grid, (n, _, row, column) => {
      for (let tap = 0; tap < 9; tap++) {
        const r = row + Math.floor(tap / 3) - 1,
          c = column + (tap % 3) - 1;
        if (r < 0 || r >= rows || c < 0 || c >= columns) continue;
        const from = (r * columns + c) * inputs,
          to = (n * 9 + tap) * inputs;
        for (let i = 0; i < inputs; i++) patches[to + i] = x[from + i];
      }
    });
  }
}

/**
 * x + contract(SiLU(expand(norm(depthwise(x))))), as `ResidualBlock` of networks.py:
 * (positions, channels).
 */
export class ResidualBlock {
  /**
   * @param {Weights} weights @param {string} name @param {number} channels
   * @param {Grid} grid @param {Scratch} scratch
   */
  constructor(weights, name, channels, grid, scratch) {
    this.taps = tapsFirst(weights.take(`${name}.depthwise.weight`, channels, 1, 3, 3), 1, channels);
    this.bias = weights.take(`${name}.depthwise.bias`, channels);
    this.expand = weights.linear(
      `${name}.expand`,
      [channels, 2 * channels],
      weights.scaling(`${name}.norm`, channels),
    );
    this.contract = weights.linear(`${name}.contract`, [2 * channels, channels]);
    this.channels = channels;
    this.grid = grid;
    this.scratch = scratch;
    this.output = new Float64Array(grid.rows * grid.columns * channels);
  }

  /** @param {Float64Array} x @param {Region} region of the output @returns {Float64Array} */
  run(x, region) {
    const { channels, scratch, output } = this,
      n = areaOf(region);
    const y = scratch.take(0, n * channels),
      wide = scratch.take(1, n * 2 * channels);
    eachPosition(region, this.grid, (m, _, row, column) =>
      this.look(x, row, column, y, m * channels),
    );
    normalise(y, n, channels);
    multiply(this.expand, y, n, wide);
    silu(wide, n * 2 * channels);
    multiply(this.contract, wide, n, y);
    eachPosition(region, this.grid, (m, position) => {
      const to = position * channels,
        from = m * channels;
      for (let c = 0; c < channels; c++) output[to + c] = x[to + c] + y[from + c];
    });
    return output;
  }

  /**
   * The depthwise 3 x 3 filter at one position. @param {Float64Array} x @param {number} row @param
   * {number} column @param {Float64Array} y @param {number} to
   */
  look(x, row, column, y, to) {
    const {
      channels,
      taps,
      bias,
      grid: { rows, columns },
    } = this;
    for (let c = 0; c < channels; c++) y[to + c] = bias[c];
    for (let r = Math.max(0, row - 1); r < Math.min(rows, row + 2); r++) {
      for (let k = Math.max(0, column - 1); k < Math.min(columns, column + 2); k++) {
        const from = (r * columns + k) * channels,
          tap = ((r - row + 1) * 3 + k - column + 1) * channels;
        for (let c = 0; c < channels; c++) y[to + c] += x[from + c] * taps[tap + c];
      }
    }
  }
}
