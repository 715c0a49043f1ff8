// What changes a grid. Each edit is one step of its history.

import { Grid } from "./state/grid.js";

/** @typedef {import("./state/side.js").Side} Side */
/** @typedef {import("./state/state.js").State} State */

/**
 * What every part of the editor is handed.
 * @typedef {object} Shared
 * @property {State} state
 * @property {() => void} update shows the state
 * @property {(side: Side, how?: {send?: boolean, blends?: boolean}) => void} changed the grid of a
 *   side is another one now; without `send` its picture is known, with `blends` more may be taken
 *   over
 * @property {import("./view/notice.js").Notice["say"]} say
 */

const LOCKED = "Locked cells keep their codes: unlock them first.";

const counted = (/** @type {number} */ n, /** @type {string} */ what = "") =>
  `${n}${what} ${n === 1 ? "cell" : "cells"}`;

export class Edits {
  /** @param {Shared} shared @param {(side: Side) => void} draw asks for the picture of a stroke */
  constructor({ state, update, changed, say }, draw) {
    this.state = state;
    this.update = update;
    this.changed = changed;
    this.say = say;
    this.draw = draw;
    /** Locked cells that the stroke went over. @type {Set<number>} */
    this.spared = new Set();
  }

  /** What is still under way becomes a step before anything else happens. */
  settle() {
    for (const side of this.state.sides) side.settle();
  }

  /** False where it changes nothing. @param {string} label @param {number[]} next */
  change(label, next) {
    const { side } = this.state;
    this.settle();
    const before = side.flat,
      spared = side.locked.filter((p) => next[p] !== before[p]).length,
      isStep = side.change(label, next);
    if (isStep) this.changed(side);
    this.tell(label, Grid.differing(before, side.flat), spared);
    return isStep;
  }

  /**
   * Says of a step what one look at the grid does not tell.
   * @param {string} label @param {number} changed cells @param {number} spared those that are
   *   locked
   */
  tell(label, changed, spared) {
    const kept = spared ? `; ${counted(spared, " locked")} kept` : "";
    if (changed > 1 || (changed && spared))
      this.say(`${label[0].toUpperCase()}${label.slice(1)}: ${counted(changed)} changed${kept}.`);
    else if (spared) this.say(LOCKED);
  }

  /** One code in all selected cells. @param {string} label @param {number} code */
  fill(label, code) {
    const { side } = this.state;
    return this.change(label, Grid.fill(side.flat, side.selection(), code));
  }

  /** @param {"horizontal" | "vertical"} axis */
  mirror(axis) {
    const { side, region, info } = this.state,
      label = `mirror ${axis === "horizontal" ? "left and right" : "top and bottom"}`;
    this.change(label, Grid.mirror(side.flat, region, info.w, axis));
  }

  /** @param {number} down @param {number} right */
  shift(down, right) {
    const { side, region, info } = this.state;
    this.change("shift", Grid.shift(side.flat, region, info.w, down, right));
  }

  swap() {
    const { side } = this.state,
      [one, other] = side.selection();
    this.change("swap", Grid.swap(side.flat, one, other));
  }

  /** A patch, with its first cell where the selection begins. @param {import("./state/grid.js").Patch} patch */
  paste(patch) {
    const { side, info } = this.state,
      { h, w } = info,
      at = Grid.bounds(side.selection(), w),
      first = at.row * w + at.column;
    if (patch.indices.length === 1) {
      this.fill("paste", patch.indices[0]);
      return;
    }
    const rows = Math.min(patch.rows, h - at.row),
      columns = Math.min(patch.columns, w - at.column);
    side.select(Grid.cellsOf({ ...at, rows, columns }, w), first);
    this.change("paste", Grid.paste(side.flat, patch, first, h, w));
    this.update();
  }

  /** The grid as it was opened. */
  reset() {
    this.change("reset", this.state.side.source.flat);
  }

  /** @param {"undo" | "redo"} which */
  step(which) {
    const { side } = this.state;
    this.settle();
    const label = side.history[which]();
    this.state.number = side.source.number ?? this.state.number;
    this.changed(side);
    this.say(`${which === "undo" ? "Undone" : "Done again"}: ${label}.`);
  }

  /** The selected cells keep their codes from now on, or no longer. */
  toggleLocks() {
    const { side } = this.state,
      cells = side.selection(),
      locked = new Set(side.locked),
      all = cells.every((p) => locked.has(p)),
      what = counted(cells.length);
    for (const p of cells)
      if (all) locked.delete(p);
      else locked.add(p);
    this.setLocks(`${all ? "unlock" : "lock"} ${what}`, [...locked]);
  }

  /** @param {string} label @param {number[]} cells */
  setLocks(label, cells) {
    this.settle();
    const { side } = this.state,
      { flat, source } = side.history,
      locked = cells.toSorted((a, b) => a - b);
    if (!side.history.push(label, flat, source, locked)) return;
    this.changed(side, { send: false });
    this.say(
      locked.length
        ? `${locked.length} of ${flat.length} cells are locked: no edit changes them.`
        : "No cell is locked.",
    );
  }

  /** The brush goes through some cells; all until `done` is one step. @param {number[]} cells */
  stroke(cells, done = false) {
    const { side, code } = this.state,
      last = cells.at(-1);
    if (last !== undefined) {
      for (const p of cells)
        if (side.flat[p] !== code && side.locked.includes(p)) this.spared.add(p);
      side.live = side.keepLocked(Grid.fill(side.flat, cells, code));
      side.select([last]);
      this.draw(side);
      this.update();
    }
    if (!done || !side.live) return;
    const label = `stroke of code ${code}`,
      changed = Grid.differing(side.history.flat, side.live),
      spared = this.spared.size;
    this.spared.clear();
    side.change(label, side.live);
    this.changed(side);
    this.tell(label, changed, spared);
  }

  /**
   * Cells of the second grid are taken over into the first. @param {number} share of those that
   * differ, 0..1 @param {string} order @param {boolean} done
   */
  blend(share, order, done) {
    const { state } = this,
      { a, b, info } = state,
      from = (state.blendFrom ??= a.history.flat);
    const next = Grid.interpolate(from, b.flat, share, info.h, info.w, order);
    if (!done) {
      a.live = a.keepLocked(next);
      this.draw(a);
    } else {
      a.change("cells of the second grid", next);
      this.changed(a, { blends: true });
    }
    this.update();
  }
}
