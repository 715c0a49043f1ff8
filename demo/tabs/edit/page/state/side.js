// One of the two grids: where it came from, every state it was in, which of its cells are selected,
// its picture.

import { bytesOf } from "../../../../page/packed.js";
import { Grid } from "./grid.js";
import { History } from "./history.js";

/**
 * What a grid was opened from, pictures in base64; `standIn`: there was none, so the decoded one is
 * the input; `number`: of the example.
 * @typedef {{flat: number[], input: string, before: string, standIn: boolean, about: string,
 *   number?: number}} Source
 */

/** @typedef {Uint8Array | Uint8ClampedArray} Pixels */

/** @type {Source} */
const NOWHERE = { flat: [], input: "", before: "", standIn: false, about: "" };

export class Side {
  /** @param {"a" | "b"} id */
  constructor(id) {
    this.id = id;
    /** @type {Source[]} */
    this.sources = [];
    this.history = new History([]);
    /** The picture of the grid as it is, once it is known. @type {Pixels | null} */
    this.pixels = null;
    /** A stroke or a blend under way. @type {number[] | null} */
    this.live = null;
    /** The surprise of each cell, once it is known. @type {number[] | null} */
    this.bits = null;
    /** Of the present source, ready to paint. @type {Pixels} */
    this.input = new Uint8Array();
    /** The same, as the decoder drew its grid. @type {Pixels} */
    this.before = this.input;
    this.unpacked = -1;
    this.selected = new Set([0]);
    /** Which cell has the keyboard. */
    this.cursor = 0;
    /** Where an extended selection begins. */
    this.anchor = 0;
  }

  clear() {
    Object.assign(this, new Side(this.id));
  }

  get isOpen() {
    return this.sources.length > 0;
  }

  get source() {
    return this.sources[this.history.source] ?? NOWHERE;
  }

  /** The grid as it is now, a stroke under way included. */
  get flat() {
    return this.live ?? this.history.flat;
  }

  /** The cells that no edit may change. */
  get locked() {
    return this.history.locked;
  }

  get changed() {
    return Grid.differing(this.flat, this.source.flat);
  }

  // ---- the selection ----

  /** @param {Iterable<number>} cells */
  select(cells, cursor = [...cells][0], anchor = cursor) {
    this.selected = new Set(cells);
    this.cursor = cursor;
    this.anchor = anchor;
  }

  /** In reading order. */
  selection() {
    return [...this.selected].sort((a, b) => a - b);
  }

  // ---- edits ----

  /** A grid from the server's edit_open. What was there before can be had back by undo. */
  open(answer) {
    const flat = answer.indices.flat();
    this.sources.push({
      flat,
      input: answer.input,
      before: answer.pixels,
      standIn: answer.stand_in,
      about: answer.about,
      number: answer.number,
    });
    this.select([this.cursor]); // the next code is meant for one cell
    if (this.sources.length > 1) this.history.push(answer.about, flat, this.sources.length - 1, []);
    else this.history = new History(flat);
    this.live = null;
    this.unpack();
    this.pixels = this.before;
  }

  /** The pictures of the present source; undo may have led back to another one. */
  unpack() {
    if (this.history.source === this.unpacked) return;
    this.unpacked = this.history.source;
    this.input = bytesOf(this.source.input);
    this.before = bytesOf(this.source.before);
  }

  /** Locked cells keep their codes, whatever the edit. @param {number[]} next */
  keepLocked(next) {
    const kept = next.slice();
    for (const p of this.locked) kept[p] = this.history.flat[p];
    return kept;
  }

  /** One step of the history; false where it changes nothing. @param {string} label */
  change(label, next) {
    this.live = null;
    return this.history.push(label, this.keepLocked(next));
  }

  /** What is still under way becomes a step. */
  settle() {
    if (this.live) this.change("stroke", this.live);
  }

  // ---- over a reload ----

  toJSON() {
    const { history, sources, cursor } = this;
    return this.isOpen ? { history, sources, selected: this.selection(), cursor } : null;
  }

  /**
   * From what toJSON gave; false when it does not fit this model.
   * @param {any} saved @param {import("./state.js").Info} info
   */
  restore(saved, info) {
    const count = info.h * info.w,
      size = info.height * info.width * info.channels;
    const fits = (text) => typeof text === "string" && text.length === 4 * Math.ceil(size / 3);
    const isCell = (p) => Number.isInteger(p) && p >= 0 && p < count;
    const isSource = (s) => s?.flat?.length === count && fits(s.input) && fits(s.before);
    const { sources } = saved ?? {};
    if (!Array.isArray(sources) || !sources.length || !sources.every(isSource)) return false;
    const history = History.from(saved.history, count, info.K, sources.length);
    if (!history) return false;
    this.clear();
    Object.assign(this, { history, sources });
    this.unpack();
    const cursor = isCell(saved.cursor) ? saved.cursor : 0,
      selected = (saved.selected ?? []).filter(isCell);
    this.select(selected.length ? selected : [cursor], cursor);
    return true;
  }
}
