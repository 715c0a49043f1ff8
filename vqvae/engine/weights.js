// @ts-check
// The weights of a model by their names in PyTorch, each checked against the shape its config asks
// for.

import { linear } from "./matrix.js";
import { floats, readTensors } from "./safetensors.js";

/** @typedef {import("./matrix.js").Linear} Linear */
/** @typedef {{scale: Float64Array, shift: Float64Array}} Scaling (channels) each */

/** What a file may hold besides: the state of a training, which nothing here needs. */
const OF_TRAINING = /^quantizer\.(idle_steps|usage_counts|started|vector_sums)$/;

export class Weights {
  /** @param {Uint8Array} file of model.safetensors */
  constructor(file) {
    this.tensors = readTensors(file);
    /** @type {Set<string>} */
    this.used = new Set();
  }

  /**
   * The numbers of one tensor. Error, in a sentence, where it is missing, of another shape or type,
   * or holds NaN or infinity.
   * @param {string} name @param {...number} shape
   * @returns {Float64Array}
   */
  take(name, ...shape) {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new Error(`The weights do not fit the config: ${name} is missing.`);
    if (`${tensor.shape}` !== `${shape}`) {
      throw new Error(
        `The weights do not fit the config: ${name} is ${tensor.shape.join(" x ")}, ` +
          `not ${shape.join(" x ")}.`,
      );
    }
    const values = floats(tensor);
    if (!values)
      throw new Error(`${name} of the weights is ${tensor.dtype}; it must be F32, F16 or BF16.`);
    if (!values.every(Number.isFinite)) {
      throw new Error(
        `${name} of the weights holds NaN or infinite numbers: its training diverged.`,
      );
    }
    this.used.add(name);
    return values;
  }

  /**
   * @param {string} name @param {[number, number, ...number[]]} sizes inputs, outputs, sides of a
   *   kernel
   * @param {Scaling} [before] folded into it, see `linear`
   * @returns {Linear}
   */
  linear(name, [inputs, outputs, ...kernel], before) {
    const weight = this.take(`${name}.weight`, outputs, inputs, ...kernel);
    return linear(tapsFirst(weight, outputs, inputs), this.take(`${name}.bias`, outputs), before);
  }

  /** @param {string} name of a normalisation @param {number} channels @returns {Scaling} */
  scaling(name, channels) {
    return {
      scale: this.take(`${name}.weight`, channels),
      shift: this.take(`${name}.bias`, channels),
    };
  }

  /** Error when the file holds a tensor that the model has not taken. */
  finish() {
    const rest = [...this.tensors.keys()].find(
      (name) => !this.used.has(name) && !OF_TRAINING.test(name),
    );
    if (rest) throw new Error(`The weights do not fit the config: ${rest} is unknown.`);
  }
}

/**
 * (outputs, channels, taps) -> (outputs, taps, channels): for channels that lie last.
 * @param {Float64Array} weight @param {number} outputs @param {number} channels
 */
export function tapsFirst(weight, outputs, channels) {
  const taps = weight.length / (outputs * channels),
    moved = new Float64Array(weight.length);
  for (let i = 0, o = 0; o < outputs; o++) {
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < taps; t++) moved[(o * taps + t) * channels + c] = weight[i++];
    }
  }
  return moved;
}
