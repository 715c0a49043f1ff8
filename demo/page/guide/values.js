// Values of single fields in the address: none where a field is as it is at first. See memory.py.

import { read, write } from "./address.js";

/**
 * @typedef {object} Plan
 * @property {string[]} names in the address
 * @property {(string | number)[]} firsts what goes without saying
 * @property {Record<string, [string[], string]>} [implied] of a name that the address does not
 *   have, the others of which any one means that value
 */

/** @param {Plan} plan @param {(string | number | null)[]} values as they are now */
export function keep({ names, firsts }, values) {
  /** @type {Record<string, string | number | null>} */
  const changes = {};
  names.forEach((name, n) => {
    changes[name] = values[n] === firsts[n] ? null : values[n];
  });
  write(changes, { group: names.join() });
}

/** As the address has them. @param {Plan} plan @returns {(string | number)[]} */
export const recall = ({ names, firsts, implied }) =>
  names.map((name, n) => {
    const text = read(name),
      [others, value] = implied?.[name] ?? [[], firsts[n]];
    if (text === null) return others.some((other) => read(other) !== null) ? value : firsts[n];
    return typeof firsts[n] !== "number" ? text : Number(text) || firsts[n];
  });
