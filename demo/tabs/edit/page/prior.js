// What a learned prior adds: fill around locked cells, rank the codes of a cell, the surprise of
// each, polish.

import { bytesOf, floatsOf } from "../../../page/packed.js";
import { Grid } from "./state/grid.js";

/** @typedef {import("../../../page/wire.js").Answer} Answer */

export class Prior {
  /**
   * @param {import("./edits.js").Shared} shared
   * @param {import("../../../page/wire.js").Wire} wire to the server
   * @param {(label: string, next: number[]) => boolean} change edits the grid
   * @param {() => void} shown told when ways to fill cells are on the page
   */
  constructor({ state, update, say }, wire, change, shown) {
    this.state = state;
    this.update = update;
    this.say = say;
    this.wire = wire;
    this.change = change;
    this.shown = shown;
    this.seed = 0;
  }

  /**
   * One question about the grid as it is; a refusal is said.
   * @param {string} lane @param {string} question @param {object} more
   * @param {(answer: Answer) => void} done @param {() => void} [refused]
   */
  ask(lane, question, more, done, refused) {
    const { info, side, klass } = this.state;
    const request = {
      model: info.model,
      indices: Grid.rows(side.flat, info.w),
      label: klass < 0 ? null : klass,
      ...more,
    };
    this.wire.send(lane, question, request, (answer) => {
      if (answer.ok) done(answer);
      else {
        this.say(answer.error ?? "", { bad: true });
        refused?.();
      }
    });
  }

  /** Whether side, class and grid are what they were when this was called. */
  remember() {
    const { state } = this,
      { side, klass } = state,
      flat = side.flat.slice();
    return () => side === state.side && klass === state.klass && !Grid.differing(flat, side.flat);
  }

  // ---- fill ----

  /**
   * Four ways to draw the cells anew that are neither locked nor among `also`, which are kept this
   * once. @param {number[]} [also]
   */
  alternatives(also = [], which = "that are not locked") {
    const { state } = this,
      { side } = state;
    for (const one of state.sides) one.settle();
    const locked = [...new Set([...side.locked, ...also])].sort((a, b) => a - b),
      open = side.flat.length - locked.length;
    if (!open) {
      const all = also.length ? `All cells ${which}` : "All cells";
      this.say(`${all} are locked: unlock those that the prior may draw anew.`);
      return;
    }
    const frame = (state.waiting = state.frame(side, locked));
    const over = () => {
      if (state.waiting === frame) state.waiting = null;
      this.update();
    };
    this.update();
    this.ask(
      "fill",
      "prior_fill",
      { locked, seed: this.seed++ },
      ({ indices, pixels }) => {
        const all = bytesOf(pixels),
          size = all.length / indices.length,
          cells = locked.length ? which : "(none is locked)";
        if (state.isGood(frame)) {
          state.choices = {
            ...frame,
            all: indices.map((rows, n) => ({
              flat: rows.flat(),
              pixels: all.slice(n * size, (n + 1) * size),
            })),
          };
          this.say(`${indices.length} ways to fill the ${open} cells ${cells}: choose one.`);
        }
        over();
        if (state.isGood(state.choices)) this.shown();
      },
      over,
    );
  }

  /** The selected cells where there are several, the lower half where there is one; the rest stays. */
  redraw() {
    const { info, side } = this.state,
      chosen = side.selection(),
      isHalf = chosen.length < 2,
      upper = Math.ceil(info.h / 2) * info.w;
    const stays = [...side.flat.keys()].filter((p) => (isHalf ? p < upper : !chosen.includes(p)));
    this.alternatives(stays, isHalf ? "of the lower half" : "that are selected");
  }

  /** Shows one of the four without changing anything; null takes it back. @param {number | null} n */
  tryChoice(n) {
    const { state } = this,
      { side, choices } = state,
      choice = n === null ? undefined : choices?.all[n];
    if (!state.isGood(choices) || state.painting) return;
    state.preview = choice
      ? {
          side,
          codes: choice.flat.flatMap((code, p) => (code === side.flat[p] ? [] : [[p, code]])),
          what: `alternative ${Number(n) + 1} of ${choices?.all.length}`,
          exact: true,
          pixels: choice.pixels,
        }
      : null;
    this.update();
  }

  /** @param {number} n */
  takeChoice(n) {
    const { state } = this,
      { side, choices } = state,
      choice = choices?.all[n];
    if (!choice || !state.isGood(choices)) return;
    state.preview = null;
    if (this.change(`alternative ${n + 1} of the prior`, choice.flat)) side.pixels = choice.pixels;
    this.update();
    this.say(`Alternative ${n + 1} is in the grid. Undo to revert; another one replaces it.`);
  }

  // ---- improve, judge, rank ----

  /** @param {number} klass that is asked for; -1 is any */
  setClass(klass) {
    const { state } = this;
    Object.assign(state, { klass, choices: null, odds: null });
    this.judge();
    if (state.order === "prior") this.rank();
    this.update();
  }

  /** The surprise of each cell over the grid, or no longer. */
  toggleSurprise() {
    this.state.surprised = !this.state.surprised;
    this.judge();
    this.update();
  }

  /** The least likely cells are drawn anew. */
  polish() {
    const { side } = this.state;
    for (const one of this.state.sides) one.settle();
    const isSame = this.remember(),
      { flat } = side;
    const more = { locked: side.locked, seed: this.seed++ };
    this.ask("polish", "prior_polish", more, ({ indices, pixels }) => {
      if (!isSame()) return; // late: another edit has been made since
      const next = indices.flat();
      if (!this.change("tidy up", next)) {
        this.say("The prior found nothing to improve.");
        return;
      }
      side.pixels = bytesOf(pixels);
      this.update();
      this.say(`Redrew the ${Grid.differing(next, flat)} least likely cells. Undo to revert.`);
    });
  }

  /** Asks for the surprise of every cell, where it is shown. */
  judge() {
    const { state } = this,
      { side } = state;
    if (!state.info.prior || !state.surprised || !side.isOpen) return;
    const isSame = this.remember();
    this.ask("surprise", "prior_surprise", {}, ({ bits }) => {
      if (!isSame()) return; // late
      side.bits = Array.from(floatsOf(bits));
      this.update();
    });
  }

  /** Asks how likely each code is in the selected cell, given all others. */
  rank() {
    const { state } = this,
      { side } = state,
      cell = side.cursor,
      isSame = this.remember();
    this.ask("odds", "prior_odds", { cell }, ({ probabilities }) => {
      if (!isSame() || cell !== side.cursor) return; // late
      state.odds = floatsOf(probabilities);
      this.update();
    });
  }
}
