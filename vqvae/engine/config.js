// @ts-check
// What a model is (config.json), and what it costs to run it in a page.

/**
 * Field names as in config.json. The grid has height / downsample rows and width / downsample
 * columns.
 * @typedef {{kind: string, channels: number, height: number, width: number, downsample: number,
 *   hidden_channels: number, residual_blocks: number, embedding_dim: number, codebook_size: number,
 *   quantizer: string, levels: readonly number[], classes: readonly string[]}} Config
 * @typedef {{rows: number, columns: number}} Grid
 */

import { QUANTIZERS } from "./codebooks.js";

const FORMAT = 1;
const RANGES = {
  height: [2, 1024],
  width: [2, 1024],
  hidden_channels: [8, 1024],
  residual_blocks: [0, 16],
  embedding_dim: [1, 1024],
  codebook_size: [2, 16384],
};

/** Most multiply-adds of one encoding or decoding in a page: about a twentieth of a second. */
export const LIMIT = 1e8;
/** Most weights, in numbers. */
export const MAX_WEIGHTS = 2 ** 24;

/**
 * config.json, checked. Error, in a sentence, for what is no VQ-VAE of this version.
 * @param {any} values
 * @returns {Readonly<Config>}
 */
export function readConfig(values) {
  if (typeof values !== "object" || values === null)
    throw new Error("The config is no JSON object.");
  const {
    format = FORMAT,
    kind,
    channels,
    downsample,
    quantizer = "ema",
    levels = [],
    classes = [],
  } = values;
  const wrong = (/** @type {string} */ name, /** @type {string} */ valid) =>
    new Error(
      `${name} of the config is ${JSON.stringify(values[name]) ?? "missing"}; it must be ${valid}.`,
    );
  if (!(format >= 1 && format <= FORMAT)) throw wrong("format", `1 to ${FORMAT}`);
  if (kind !== "vqvae") throw wrong("kind", "vqvae");
  if (channels !== 1 && channels !== 3) throw wrong("channels", "1 or 3");
  if (![2, 4, 7, 8].includes(downsample)) throw wrong("downsample", "2, 4, 7 or 8");
  for (const [name, [low, high]] of Object.entries(RANGES)) {
    if (!Number.isInteger(values[name]) || values[name] < low || values[name] > high) {
      throw wrong(name, `a whole number from ${low} to ${high}`);
    }
  }
  for (const name of ["height", "width"]) {
    if (values[name] % downsample) throw wrong(name, `divisible by downsample (${downsample})`);
  }
  if (!QUANTIZERS.includes(quantizer)) throw wrong("quantizer", `one of ${QUANTIZERS.join(", ")}`);
  if (!Array.isArray(levels) || !levels.every((level) => Number.isInteger(level) && level >= 2)) {
    throw wrong("levels", "a list of whole numbers from 2");
  }
  const { codebook_size: K, embedding_dim: D } = values,
    product = levels.reduce((all, level) => all * level, 1);
  const binary = quantizer === "lfq" || quantizer === "bsq";
  if (
    ((quantizer === "fsq" || quantizer === "residual") && product !== K) ||
    (quantizer === "fsq" && levels.length !== D)
  ) {
    throw wrong(
      "levels",
      `${quantizer === "fsq" ? `${D} ` : ""}whole numbers whose product is ${K}`,
    );
  }
  if (binary && K !== 2 ** D)
    throw wrong("codebook_size", `2 to the power of embedding_dim (${D})`);
  if (!Array.isArray(classes) || !classes.every((name) => typeof name === "string")) {
    throw wrong("classes", "a list of names");
  }
  return Object.freeze({
    ...values,
    quantizer,
    levels: Object.freeze([...levels]),
    classes: Object.freeze([...classes]),
  });
}

/** @param {Config} config @returns {Grid} */
export const gridOf = ({ height, width, downsample }) => ({
  rows: height / downsample,
  columns: width / downsample,
});

/**
 * Multiply-adds of encoding (the nearest code included) and decoding one picture, and how many
 * numbers the weights are.
 * @param {Config} config
 */
export function costOf(config) {
  const {
    channels,
    downsample,
    hidden_channels: C,
    residual_blocks: B,
    embedding_dim: D,
    codebook_size: K,
  } = config;
  const { rows, columns } = gridOf(config),
    square = channels * downsample ** 2;
  const blocks = B * (9 * C + 4 * C * C),
    encoder = 9 * square * C + blocks + C * D;
  const decoder = 9 * D * C + blocks + C * square;
  return {
    encode: rows * columns * (encoder + K * D),
    decode: rows * columns * decoder,
    weights: encoder + decoder + K * D,
  };
}

/** Whether a page can run the model without keeping a person waiting. @param {Config} config */
export function fits(config) {
  const { encode, decode, weights } = costOf(config);
  return encode <= LIMIT && decode <= LIMIT && weights <= MAX_WEIGHTS;
}
