// @ts-check
// Weights as they lie on disk. A safetensors file is 8 bytes (the length of the header, little
// endian), the header as JSON (name -> type, shape, first and last byte), and the numbers.

const BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };
const MAX_HEADER = 2 ** 22;

/** @typedef {{dtype: string, shape: number[], bytes: Uint8Array}} Tensor */

/**
 * The tensors of a file, not yet read as numbers. Error, in a sentence, when the file is no
 * safetensors file, is cut short, or has a header that does not describe its bytes one by one.
 * @param {Uint8Array} file
 * @returns {Map<string, Tensor>}
 */
export function readTensors(file) {
  const { header, data } = split(file);
  const tensors = new Map();
  let end = 0;
  const byPlace = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => ({ name, ...checked(name, entry) }))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  for (const { name, dtype, shape, from, to } of byPlace) {
    if (from !== end || to > data.length) throw damaged(`the place of ${name} is not its own`);
    tensors.set(name, { dtype, shape, bytes: data.subarray(from, to) });
    end = to;
  }
  if (end !== data.length) throw damaged("bytes are left over at its end");
  return tensors;
}

/** @param {string} what @returns {Error} */
const damaged = (what) => new Error(`The weights are damaged or no safetensors file: ${what}.`);

/** @param {Uint8Array} file @returns {{header: object, data: Uint8Array}} */
function split(file) {
  if (file.length < 8) throw damaged("it has no header");
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > MAX_HEADER || Number(length) > file.length - 8)
    throw damaged("its header is too long");
  const end = 8 + Number(length);
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, end)));
  } catch {
    throw damaged("its header is not JSON");
  }
  if (!isObject(header)) throw damaged("its header is not an object");
  return { header, data: file.subarray(end) };
}

/** @param {unknown} value */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {unknown} value */
const isCount = (value) => Number.isSafeInteger(value) && Number(value) >= 0;

/** One entry of the header, checked by itself. @param {string} name @param {any} entry */
function checked(name, entry) {
  const [from, to] = Array.isArray(entry?.data_offsets) ? entry.data_offsets : [];
  const { dtype, shape } = isObject(entry) ? entry : {};
  if (
    typeof dtype !== "string" ||
    !Object.hasOwn(BYTES, dtype) ||
    !Array.isArray(shape) ||
    ![...shape, from, to].every(isCount)
  )
    throw damaged(`the entry of ${name} cannot be read`);
  const size = shape.reduce((product, side) => product * side, BYTES[/** @type {"F32"} */ (dtype)]);
  if (to - from !== size) throw damaged(`${name} has ${to - from} bytes, not ${size}`);
  return { dtype, shape, from, to };
}

/**
 * The numbers of a tensor of floats (float32, float16 or bfloat16), or null where it holds others.
 * @param {Tensor} tensor
 * @returns {Float64Array | null}
 */
export function floats({ dtype, bytes }) {
  const { buffer } = new Uint8Array(bytes); // a copy: typed arrays ask for an aligned beginning
  if (dtype === "F32") return Float64Array.from(new Float32Array(buffer));
  if (dtype === "F16") return Float64Array.from(new Uint16Array(buffer), half);
  if (dtype !== "BF16") return null;
  const upper = Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16);
  return Float64Array.from(new Float32Array(upper.buffer)); // a bfloat16 is the upper half of a float32
}

/** A float16 (IEEE 754) from its 16 bits. @param {number} bits */
function half(bits) {
  const exponent = (bits >> 10) & 31,
    fraction = bits & 1023,
    sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}
