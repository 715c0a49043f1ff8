// What the page knows of a model's codes: their pictures, how often each was chosen, and their
// vectors. Asked of the server once for each model; everything after that is computed here.

import { floatsOf, imageOf } from "../packed.js";

const KEPT = 4; // models; the one that was asked for first goes first
const NOWHERE = 1e-12; // length of a vector that points nowhere

/**
 * All codes of a model, K of them.
 * @typedef {object} Library
 * @property {string} model its id
 * @property {number} K @property {number} D numbers of each
 * @property {number} tile pixels along a side of a code's picture
 * @property {HTMLImageElement} sheet all those pictures @property {number} columns of the sheet
 * @property {number[] | null} counts how often each was chosen, null where nothing was counted
 * @property {string} about in which pictures
 * @property {Float32Array | null} codebook row by row; null where it is too large for a page
 */

/** @typedef {"euclidean" | "cosine"} Metric */

/** @type {(model: string) => Promise<any>} */
let ask = (model) => connected.then(() => ask(model));
/** @type {() => void} */
let begin = () => undefined;
/** @type {Promise<void>} */
const connected = new Promise((go) => (begin = go));

/** @type {Map<string, Promise<Library>>} */
const asked = new Map();
/** @type {Map<string, Library>} */
const here = new Map();

/**
 * From now on the server can be asked. @param {(model: string) => Promise<any>} question the
 * answer of `codes_open`; it throws the sentence of a refusal
 */
export function connect(question) {
  ask = question;
  begin();
}

/** What is known of a model's codes by now. @param {string} model */
export const known = (model) => here.get(model) ?? null;

/** @param {string} model @returns {Promise<Library>} */
export function libraryOf(model) {
  let wanted = asked.get(model);
  if (!wanted) {
    wanted = read(model);
    asked.set(model, wanted);
    wanted.then(
      (library) => here.set(model, library),
      () => asked.delete(model),
    );
    for (const old of [...asked.keys()].slice(0, -KEPT)) {
      asked.delete(old);
      here.delete(old);
    }
  }
  return wanted;
}

/** @param {string} model @returns {Promise<Library>} */
async function read(model) {
  const answer = await ask(model);
  return {
    ...answer,
    sheet: await imageOf(answer.sheet.png),
    columns: answer.sheet.columns,
    codebook: answer.codebook && floatsOf(answer.codebook),
  };
}

/**
 * The codes nearest to one in the codebook's own space, nearest first, without itself: [code,
 * distance] each, squared as everywhere in a VQ-VAE. Of "cosine" it is 1 - cosine of the angle. null
 * where the page has no vectors.
 * @param {Library} library @param {number} code @param {number} count @param {Metric} [metric]
 * @returns {[number, number][] | null}
 */
export function nearest({ K, D, codebook }, code, count, metric = "euclidean") {
  if (!codebook) return null;
  const far = distances[metric](codebook, K, D, code),
    /** @type {[number, number][]} */ found = [];
  far[code] = Infinity;
  while (found.length < Math.min(count, K - 1)) {
    const best = far.indexOf(far.reduce((a, b) => Math.min(a, b)));
    found.push([best, Math.max(0, far[best])]); // an angle of next to nothing may be below 0
    far[best] = Infinity;
  }
  return found;
}

/** @type {Record<Metric, (book: Float32Array, K: number, D: number, code: number) => Float64Array>} */
const distances = {
  euclidean: (book, K, D, code) =>
    Float64Array.from({ length: K }, (_, k) => {
      let sum = 0;
      for (let d = 0; d < D; d++) sum += (book[k * D + d] - book[code * D + d]) ** 2;
      return sum;
    }),
  cosine(book, K, D, code) {
    const product = (/** @type {number} */ a, /** @type {number} */ b) => {
      let sum = 0;
      for (let d = 0; d < D; d++) sum += book[a * D + d] * book[b * D + d];
      return sum;
    };
    const length = (/** @type {number} */ k) => Math.max(Math.sqrt(product(k, k)), NOWHERE);
    const own = length(code);
    return Float64Array.from({ length: K }, (_, k) => 1 - product(k, code) / (length(k) * own));
  },
};

const ENDINGS = /** @type {Record<string, string>} */ ({ one: "st", two: "nd", few: "rd" });
const ordinals = new Intl.PluralRules("en", { type: "ordinal" });
/** "1st", "22nd", "113th". @param {number} rank */
const ordinal = (rank) => `${rank.toLocaleString("en")}${ENDINGS[ordinals.select(rank)] ?? "th"}`;

/**
 * How often a code was chosen, in a sentence or two.
 * @param {number[] | null} counts of all codes @param {string} about in which pictures @param {number} code
 */
export function useOf(counts, about, code) {
  const total = counts?.reduce((a, b) => a + b, 0) ?? 0;
  if (!counts || !total) return "Nothing was counted, so its use is unknown.";
  const count = counts[code];
  if (!count) return `A dead code: no cell of ${about} chose it. The decoder can still draw it.`;
  const ratio = (count * counts.length) / total;
  const often =
    ratio >= 1.05
      ? `${ratio.toFixed(1)} times an equal share`
      : ratio < 0.95
        ? `${(100 * ratio).toFixed(0)}\u202f% of an equal share`
        : "exactly an equal share";
  const rank = 1 + counts.filter((other) => other > count).length;
  return (
    `Chosen ${count.toLocaleString("en")} times in ${about}: ${often}. ` +
    `${rank === 1 ? "Most" : `${ordinal(rank)} most`} used of ${counts.length.toLocaleString("en")}.`
  );
}
