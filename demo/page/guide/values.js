// Values of single fields in the address: none where a field is as it is at first. See memory.py.

import { read, write } from "./address.js";

/** @typedef {{names: string[], firsts: string[]}} Plan names in the address, and what goes without saying */

/** @param {Plan} plan @param {string[]} values as they are now */
export function keep({ names, firsts }, values) {
  /** @type {Record<string, string | null>} */
  const changes = {};
  names.forEach((name, n) => {
    changes[name] = values[n] === firsts[n] ? null : values[n];
  });
  write(changes, { group: names.join() });
}

/** As the address has them. @param {Plan} plan @returns {string[]} */
export const recall = ({ names, firsts }) => names.map((name, n) => read(name) ?? firsts[n]);
