// One of the two grids as the editor knows it: where it came from, every state it was in, its
// picture.

import { bytesOf } from "../../../page/packed.js";
import { History } from "./grid.js";

export class Side {
  constructor(id, board, canvas) {
    this.id = id;
    this.board = board;
    this.canvas = canvas;
    /** @type {any[]} where its grids came from */
    this.sources = [];
    /** @type {any} a History, once a grid is open */
    this.history = null;
    this.clear();
  }

  clear() {
    this.sources = [];
    this.history = null;
    /** @type {Uint8Array | null} */
    this.pixels = null;
    /** @type {number[] | null} a stroke under way */
    this.live = null;
    /** @type {number[] | null} */
    this.bits = null;
  }

  get source() {
    return this.sources[this.history.source];
  }

  // The grid as it is now, a stroke under way included.
  get flat() {
    return this.live ?? this.history.flat;
  }

  // The cells that no edit may change.
  get locked() {
    return this.history?.locked ?? [];
  }

  // A grid from the server's edit_open. What was there before can be had back by undo.
  opened(answer) {
    const flat = answer.indices.flat();
    this.sources.push({
      flat,
      input: answer.input,
      before: answer.pixels,
      standIn: answer.stand_in,
      about: answer.about,
    });
    if (this.history) this.history.push(answer.about, flat, this.sources.length - 1, []);
    else this.history = new History(flat, 0);
    this.live = null;
    this.unpack();
    this.pixels = this.before ?? null;
  }

  // The pictures of the present source, ready to paint.
  unpack() {
    this.input = bytesOf(this.source.input);
    this.before = bytesOf(this.source.before);
  }

  // Locked cells keep their codes, whatever the edit.
  keepLocked(next) {
    for (const p of this.locked) next[p] = this.history.flat[p];
    return next;
  }

  toJSON() {
    return (
      this.history && {
        history: this.history,
        sources: this.sources,
        selected: this.board.selection(),
        cursor: this.board.cursor,
      }
    );
  }

  // From what toJSON gave; false when it does not fit this model.
  restore(saved, info) {
    const count = info.h * info.w,
      size = info.height * info.width * info.channels;
    const fits = (text) => typeof text === "string" && text.length === 4 * Math.ceil(size / 3);
    const cell = (p) => Number.isInteger(p) && p >= 0 && p < count;
    if (!saved || !Array.isArray(saved.sources) || !saved.sources.length) return false;
    if (
      !saved.sources.every(
        (s) =>
          s && Array.isArray(s.flat) && s.flat.length === count && fits(s.input) && fits(s.before),
      )
    )
      return false;
    const history = History.from(saved.history, count, info.K, saved.sources.length);
    if (!history) return false;
    Object.assign(this, { history, sources: saved.sources, live: null, pixels: null });
    this.unpack();
    const selected = (saved.selected ?? []).filter(cell),
      cursor = cell(saved.cursor) ? saved.cursor : 0;
    Object.assign(this.board, {
      selected: new Set(selected.length ? selected : [cursor]),
      cursor,
      anchor: cursor,
    });
    this.board.mark();
    return true;
  }
}
