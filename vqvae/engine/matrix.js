// @ts-check
// The few operations that everything is made of. Matrices are Float64Arrays, row by row: V8 widens
// a float32 at every load, which costs more than the memory saves (2.1 against 1.3 billion
// multiply-adds a second on one core of the machine of the README).

/**
 * A linear layer. Of each four outputs the weights lie together, input by input: those of one tile
 * are read in a row. Fours that are not full are filled up with zeros.
 * @typedef {{weight: Float64Array, bias: Float64Array, inputs: number, outputs: number}} Linear
 */

/**
 * @param {Float64Array} weight (outputs, inputs) @param {Float64Array} bias (outputs)
 * @param {{scale: Float64Array, shift: Float64Array}} [before] what its input (inputs) is
 *   multiplied with and what is added then: folded into the layer, one rounding apart
 * @returns {Linear}
 */
export function linear(weight, bias, before) {
  const outputs = bias.length,
    inputs = Math.trunc(weight.length / outputs),
    fours = Math.ceil(outputs / 4);
  const layer = {
    weight: new Float64Array(4 * fours * inputs),
    bias: new Float64Array(4 * fours),
    inputs,
    outputs,
  };
  for (let o = 0; o < outputs; o++) {
    layer.bias[o] = bias[o];
    for (let i = 0; i < inputs; i++) {
      const w = weight[o * inputs + i];
      if (before) layer.bias[o] += w * before.shift[i];
      layer.weight[(o >> 2) * 4 * inputs + 4 * i + (o % 4)] = before ? w * before.scale[i] : w;
    }
  }
  return layer;
}

/**
 * y (n, outputs) = x (n, inputs) weight^T + bias, in tiles of four outputs by two rows, so that
 * each number loaded is used often. The last of an odd number of rows is done twice. Each sum has
 * one order wherever its tile lies: a part of the rows gives the same to the bit.
 * @param {Linear} layer @param {Float64Array} x @param {number} n @param {Float64Array} y
 */
export function multiply({ weight: w, bias, inputs, outputs }, x, n, y) {
  for (let o = 0; o < outputs; o += 4) {
    for (let p = 0; p < n; p += 2) {
      const step = p + 1 < n ? inputs : 0,
        end = (p + 1) * inputs;
      let a0 = bias[o],
        a1 = bias[o + 1],
        a2 = bias[o + 2],
        a3 = bias[o + 3];
      let b0 = a0,
        b1 = a1,
        b2 = a2,
        b3 = a3;
      for (let i = p * inputs, k = o * inputs; i < end; i++, k += 4) {
        const u = x[i],
          v = x[i + step],
          w0 = w[k],
          w1 = w[k + 1],
          w2 = w[k + 2],
          w3 = w[k + 3];
        a0 += u * w0;
        a1 += u * w1;
        a2 += u * w2;
        a3 += u * w3;
        b0 += v * w0;
        b1 += v * w1;
        b2 += v * w2;
        b3 += v * w3;
      }
      const c = p * outputs + o,
        left = outputs - o;
      put(y, c, left, a0, a1, a2, a3);
      if (step) put(y, c + outputs, left, b0, b1, b2, b3);
    }
  }
}

/**
 * Four numbers, or as many as are left of a row.
 * @param {Float64Array} y @param {number} at @param {number} left
 * @param {number} a @param {number} b @param {number} c @param {number} d
 */
function put(y, at, left, a, b, c, d) {
  y[at] = a;
  if (left > 1) y[at + 1] = b;
  if (left > 2) y[at + 2] = c;
  if (left > 3) y[at + 3] = d;
}

/**
 * Layer normalisation of each row of x (n, channels) in place, without scale and shift.
 * @param {Float64Array} x @param {number} n @param {number} channels
 */
export function normalise(x, n, channels) {
  for (let p = 0, end = channels; p < n * channels; p = end, end += channels) {
    let sum = 0,
      squares = 0;
    for (let i = p; i < end; i++) sum += x[i];
    const mean = sum / channels;
    for (let i = p; i < end; i++) squares += (x[i] - mean) * (x[i] - mean);
    const scale = 1 / Math.sqrt(squares / channels + 1e-5);
    for (let i = p; i < end; i++) x[i] = (x[i] - mean) * scale;
  }
}

/**
 * x * sigmoid(x) in place, of the first `count` numbers. @param {Float64Array} x @param {number}
 * count
 */
export function silu(x, count) {
  for (let i = 0; i < count; i++) x[i] /= 1 + Math.exp(-x[i]);
}

/** @param {number} x @returns {number} */
export const sigmoid = (x) => 1 / (1 + Math.exp(-x));
