// Showing a state once more writes nothing to the page, and an edit only what it changes.
import assert from "node:assert/strict";
import test from "node:test";

import { newRoot, written } from "./page.mjs";

import { packed } from "../../demo/page/packed.js";
import { makeCommands } from "../../demo/tabs/edit/page/commands.js";
import { Attempt } from "../../demo/tabs/edit/page/state/challenges.js";
import { NOTHING, State } from "../../demo/tabs/edit/page/state/state.js";
import { View } from "../../demo/tabs/edit/page/view/view.js";

const SIDE = 4,
  CELLS = SIDE * SIDE;

/** A model of 4 x 4 cells, one pixel each, with both grids open and shown. */
function opened() {
  const state = new State(),
    size = { h: SIDE, w: SIDE, K: 256, D: 2, height: SIDE, width: SIDE, examples: 60 },
    sheet = { png: "", columns: 1, rows: 256 };
  const info = { ...NOTHING, ...size, model: "mnist", sheet, prior: { classes: ["a", "b"] } };
  state.adopt(info, { width: 1, height: 256, data: new Uint8ClampedArray(1024).fill(255) });
  const picture = packed(new Uint8Array(CELLS).fill(9)),
    indices = Array.from({ length: SIDE }, (_, r) => [r, r + 1, r + 2, r + 3]);
  for (const side of state.sides)
    side.open({
      indices,
      input: picture,
      pixels: picture,
      about: "example 46, class 3",
      number: 46,
    });
  const root = newRoot(),
    told = { seen() {}, preview() {}, hover() {} },
    view = new View(root, state, makeCommands({ state }), told);
  /** What showing the state writes. */
  const show = () => {
    written.length = 0;
    view.render(state);
    return [...written];
  };
  return { state, show };
}

const pixels = (value) => new Uint8Array(CELLS).fill(value);
const cell = { z_e: [1, 2], z_q: [1, 3], nearest: 7, held: 0, step: 1 };
const numbers = (n) => Float32Array.from({ length: 256 }, (_, k) => (k * n) % 256);
const effect = { map: pixels(3), peak: 0.5, tried: 24, moved: 9 };

/** @type {Record<string, (state: State) => void>} */
const STATES = {
  "as it opens": () => {},
  "some cells selected": ({ a }) => a.select([1, 2, 5, 6], 5),
  "a cell in numbers": (state) =>
    Object.assign(state, {
      view: "effect",
      cell: { ...cell, distances: numbers(7), similarity: numbers(3), effect },
    }),
  "a preview": (state) =>
    Object.assign(state, {
      preview: { side: state.a, codes: [[3, 9]], what: "code 9", exact: false, pixels: pixels(4) },
    }),
  "two grids": (state) => Object.assign(state, { two: true, side: state.b }),
  "surprise over locked cells": (state) => {
    state.a.history.push("lock", state.a.flat, 0, [1, 2]);
    state.a.bits = Array.from({ length: CELLS }, (_, p) => p / 2);
    state.surprised = true;
  },
  "four ways of the prior": (state) => {
    const all = Array.from({ length: 4 }, (_, n) => ({ flat: state.a.flat, pixels: pixels(n) }));
    state.choices = { ...state.frame(state.a, []), all };
  },
  "a challenge": (state) => {
    state.attempt = new Attempt("eight");
  },
  "a tool, a refusal and an open panel": (state) =>
    Object.assign(state, { tool: "paint", badCode: "no", hovered: 3, panels: { share: true } }),
};

for (const [name, change] of Object.entries(STATES))
  test(`shown once more, nothing is written: ${name}`, () => {
    const { state, show } = opened();
    show();
    change(state);
    if (name !== "as it opens") assert.notDeepEqual(show(), []);
    assert.deepEqual(show(), []);
  });

test("an edit of one cell writes to no other cell", () => {
  const { state, show } = opened();
  state.a.select([5], 5);
  show();
  state.a.change("code 99", state.a.flat.with(5, 99));
  const touched = show().filter((what) => what.startsWith("cell"));
  assert.ok(touched.length > 0);
  assert.ok(
    touched.every((what) => what.startsWith("cell 5:")),
    touched.join(),
  );
});
