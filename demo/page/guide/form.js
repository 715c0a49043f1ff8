// A form of Gradio's in the address: its preset, and the fields that differ from it. See memory.py.

import { read, write } from "./address.js";

/**
 * @typedef {object} Plan
 * @property {string[]} names of the fields, as the address has them, too
 * @property {Record<string, Record<string, any>>} presets the values of every field in each
 * @property {string} first the preset that the page opens with
 */

/** @param {any} value */
const worded = (value) =>
  typeof value === "boolean" ? (value ? "on" : "off") : String(value ?? "");

/**
 * What the address says, as the kind of value that `like` is. @param {string} text @param {any}
 * like
 */
function meant(text, like) {
  if (typeof like === "boolean") return text === "on";
  if (typeof like === "number")
    return Number.isFinite(Number(text)) && text !== "" ? Number(text) : like;
  return text;
}

/**
 * While a form is set as the address has it, its fields change one by one, and none of that is
 * news: `wanted` is what they come to, null once they have, and unknown between Back and the event
 * that reads the address.
 * @type {any[] | "unknown" | null}
 */
let wanted = null;
/**
 * Milliseconds after which a form that was set otherwise, as where a field took a value for
 * another, is news again.
 */
const SETTING = 5000;
let since = 0;

/** @param {any[] | "unknown" | null} values */
function expect(values) {
  wanted = values;
  since = performance.now();
}

/** @param {any[]} a @param {any[]} b */
const alike = (a, b) => a.every((value, n) => worded(value) === worded(b[n]));

/**
 * Whether a form is still on its way to what the address says. @param {any[]} values as they are
 * now
 */
function isBeingSet(values) {
  if (wanted === null) return false;
  const late = performance.now() - since > SETTING;
  if (late || (wanted !== "unknown" && alike(wanted, values))) wanted = null;
  return !late;
}

window.addEventListener("popstate", () => expect("unknown"));

/** @param {Plan} plan @param {any[]} values the preset, then the fields */
export function remember({ names, presets, first }, values) {
  if (isBeingSet(values)) return;
  const [preset, ...fields] = values;
  const base = presets[preset] ?? presets[first];
  /** @type {Record<string, string | null>} */
  const changes = { preset: preset === first ? null : preset };
  names.forEach((name, n) => {
    changes[name] = worded(fields[n]) === worded(base[name]) ? null : worded(fields[n]);
  });
  write(changes, { group: "form" });
}

/**
 * @param {Plan} plan @param {any[]} values the preset, then the fields, as they are @returns
 * {any[]} as they are to be
 */
export function recall(plan, values) {
  const said = asAddressed(plan);
  expect(alike(said, values) ? null : said);
  return said;
}

/** The preset, then the fields. @param {Plan} plan @returns {any[]} */
function asAddressed({ names, presets, first }) {
  const given = read("preset");
  const preset = given !== null && (given in presets || given === "custom") ? given : first;
  const base = presets[preset] ?? presets[first];
  return [
    preset,
    ...names.map((name) => {
      const text = read(name);
      return text === null ? base[name] : meant(text, base[name]);
    }),
  ];
}
