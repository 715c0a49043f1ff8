// The challenges: where each starts, what is to be reached, and whether it is. They speak of the
// shipped model of digits, and of the first grid alone.

import { psnr } from "./measure.js";

/** @typedef {import("./state.js").State} State */

/** What is known of the grid of a challenge; null is not known (yet). */
export class Attempt {
  /** @param {string} name of the challenge */
  constructor(name) {
    this.name = name;
    /**
     * How many of the most similar training digits are of which class. @type {Record<string,
     * number> | null}
     */
    this.votes = null;
    /** How unlikely the codes are, added up. @type {number | null} */
    this.bits = null;
    /** How much each cell can change. @type {number[]} */
    this.strengths = [];
    /** The cell that was predicted to change most. @type {number | null} */
    this.predicted = null;
  }
}

/**
 * @typedef {object} Challenge
 * @property {string} name as the address has it
 * @property {string} title
 * @property {string} goal
 * @property {string} how it is checked
 * @property {number} example where it starts
 * @property {"votes" | "bits" | "strengths"} needs what must be asked for
 * @property {(state: State, attempt: Attempt) => Progress} check
 */

/** @typedef {{done: boolean, says: string}} Progress */

export const MODEL = "mnist";
const MOST_CELLS = 5;
const VOTERS = 11;
const MOST_BITS = 200;
const LEAST_QUALITY = 20; // dB
const STRONGEST = 5;
const ELSEWHERE = "This grid is another one: undo, or start over.";

const cells = (/** @type {number} */ n) => `${n} ${n === 1 ? "cell" : "cells"} changed`;
const place = (/** @type {number} */ p, /** @type {number} */ w) =>
  `row ${Math.floor(p / w) + 1}, column ${(p % w) + 1}`;

/** @type {Challenge[]} */
export const CHALLENGES = [
  {
    name: "eight",
    title: "Turn a 3 into an 8",
    goal: `Turn this 3 into an 8 by changing at most ${MOST_CELLS} cells.`,
    how: `Checked by the ${VOTERS} training digits with the most similar codes: most of them must be 8s. They compare codes cell by cell, so what looks like an 8 may still be nearest to 3s; the nearest 8s differ from this 3 most in row 5, column 3. Asked about real test digits, they are right 98 times in 100.`,
    example: 46,
    needs: "votes",
    check({ a }, { votes }) {
      const ranked = Object.entries(votes ?? {}).sort((one, other) => other[1] - one[1]),
        [first, second] = ranked,
        list = ranked.map(([digit, n]) => `${digit} (${n}×)`).join(", "),
        wins = first?.[0] === "8" && first[1] > (second?.[1] ?? 0),
        lacks = votes?.["8"] ? "; 8 must come first" : "; none is an 8 yet";
      return {
        done: wins && a.changed <= MOST_CELLS,
        says: `${cells(a.changed)} of at most ${MOST_CELLS}; ${list ? `the ${VOTERS} most similar digits are ${list}${wins ? "" : lacks}` : "checking…"}.`,
      };
    },
  },
  {
    name: "bits",
    title: "Fit a 4 into 200 bits",
    goal: `Choose likelier codes until this 4 needs at most ${MOST_BITS} bits, and keep at least ${LEAST_QUALITY} dB.`,
    how: "Checked by the prior: the surprise of each code given all the others, added up. Stored plainly the grid takes 441 bits.",
    example: 19,
    needs: "bits",
    check({ a }, { bits }) {
      const quality = psnr(a.pixels ?? a.before, a.input),
        needed = bits === null ? "checking…" : `${Math.round(bits)} bits`;
      return {
        done: bits !== null && Math.round(bits) <= MOST_BITS && quality >= LEAST_QUALITY,
        says: `${needed}, at most ${MOST_BITS} allowed; ${quality.toFixed(1)} dB, at least ${LEAST_QUALITY} needed.`,
      };
    },
  },
  {
    name: "reach",
    title: "Predict the strongest cell",
    goal: "Which cell can change this picture most? Select the one you think, then measure.",
    how: `Checked by the decoder: with 24 other codes in each cell, how far each pixel moves at most, added up. One of the ${STRONGEST} strongest cells is right.`,
    example: 0,
    needs: "strengths",
    check({ a, info }, { strengths, predicted }) {
      const mine = place(a.cursor, info.w);
      if (predicted === null) return { done: false, says: `Your prediction: ${mine}.` };
      if (strengths.length < a.flat.length)
        return { done: false, says: `Measured ${strengths.length} of ${a.flat.length} cells.` };
      const order = [...strengths.keys()].sort((p, q) => strengths[q] - strengths[p]),
        rank = order.indexOf(predicted) + 1;
      return {
        done: rank <= STRONGEST,
        says: `${capital(place(predicted, info.w))} is number ${rank} of ${order.length}; the strongest is ${place(order[0], info.w)}.`,
      };
    },
  },
];

const capital = (/** @type {string} */ text) => text[0].toUpperCase() + text.slice(1);

/**
 * Whether a grid comes from where the challenge starts. @param {Challenge} challenge
 * @param {State["a"]} side
 */
export const isStart = ({ example }, { source }) => source.number === example;

/** The one that is on, and how far it is. @param {State} state */
export function progressOf(state) {
  const { attempt, a } = state,
    challenge = CHALLENGES.find(({ name }) => name === attempt?.name);
  if (!challenge || !attempt) return null;
  if (!isStart(challenge, a)) return { challenge, done: false, says: ELSEWHERE };
  return { challenge, ...challenge.check(state, attempt) };
}
