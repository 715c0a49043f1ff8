// Values of single fields in the address: none where a field is as it is at first. A field of several
// choices has all of them at first. See memory.py.

import { read, write } from "./address.js";

/** @typedef {string | number | string[] | null} Value */
/**
 * @typedef {object} Plan
 * @property {string[]} names in the address
 * @property {Value[]} firsts what goes without saying
 * @property {Record<string, [string[], string]>} [implied] of a name that the address does not
 *   have, the others of which any one means that value
 */

const NONE = "none",
  BETWEEN = ".";

/** In the address. @param {Value} value @param {Value} first */
function worded(value, first) {
  if (!Array.isArray(first) || !Array.isArray(value)) return /** @type {any} */ (value);
  return first.filter((one) => value.includes(one)).join(BETWEEN) || NONE;
}

/** As the kind of value that `first` is. @param {string} text @param {Value} first @returns {Value} */
function meant(text, first) {
  if (Array.isArray(first)) return first.filter((one) => text.split(BETWEEN).includes(one));
  if (typeof first !== "number") return text;
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : first;
}

/**
 * @param {Plan} plan @param {Value[]} values as they are now
 * @param {{replace?: boolean}} [how] see `write`
 */
export function keep({ names, firsts }, values, how = {}) {
  /** @type {Record<string, string | number | null>} */
  const changes = {};
  names.forEach((name, n) => {
    const text = worded(values[n], firsts[n]);
    changes[name] = text === worded(firsts[n], firsts[n]) ? null : text;
  });
  write(changes, { ...how, group: names.join() });
}

/** As the address has them. @param {Plan} plan @returns {Value[]} */
export const recall = ({ names, firsts, implied }) =>
  names.map((name, n) => {
    const text = read(name),
      [others, value] = implied?.[name] ?? [[], firsts[n]];
    if (text === null) return others.some((other) => read(other) !== null) ? value : firsts[n];
    return meant(text, firsts[n]);
  });
