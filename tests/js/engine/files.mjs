// Safetensors files made for tests, true ones and such as lie.

/**
 * The file of `tensors` as readTensors gives them, after `change(header, data)` had its way with
 * both.
 */
export function packed(tensors, change = () => {}) {
  const header = {},
    parts = [];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, (end += bytes.length)] };
    parts.push(bytes);
  }
  const data = new Uint8Array(end);
  for (let at = 0, n = 0; n < parts.length; at += parts[n++].length) data.set(parts[n], at);
  change(header, data);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}
