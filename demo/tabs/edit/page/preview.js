// The picture each code would give in the selected cells, before anything is changed. Exact
// pictures, of the codes in view first, are asked for when a selection has settled, so that
// hovering asks nothing; until one is here, the code's own picture is laid over the cell, and the
// page says that this is approximate.

import { NOTHING } from "./state/state.js";

/** @typedef {import("./state/side.js").Pixels} Pixels */

const REST = 140; // ms

export class Previews {
  /**
   * @param {import("../../../page/wire.js").Wire} model what is asked
   * @param {{chunk: number, every: boolean}} computing how much of it at once, and whether for all
   * @param {(codes: number[], all: number) => void} ready told of new pictures, and how many there are
   */
  constructor(model, computing, ready) {
    this.model = model;
    this.computing = computing;
    this.ready = ready;
    this.key = "";
    /** @type {Map<number, Pixels>} */
    this.pictures = new Map();
    this.asked = new Set();
    this.busy = false;
    /** Until a hand that edits has come to rest: the processor is the edit's. */
    this.resting = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.info = NOTHING;
    /** @type {number[]} */
    this.flat = [];
    /** @type {number[]} */
    this.cells = [];
    /** @type {number[]} */
    this.wanted = [];
  }

  /**
   * A new state of grid and selection. Pictures stay good while only the selected cells change.
   * @param {import("./state/state.js").Info} info @param {number[]} flat @param {number[]} cells
   */
  about(info, flat, cells) {
    const others = flat.slice();
    for (const p of cells) others[p] = -1;
    const key = `${info.model}|${others.join()}|${cells.join()}`;
    Object.assign(this, { info, flat: flat.slice(), cells });
    if (key !== this.key)
      Object.assign(this, { key, pictures: new Map(), asked: new Set(), wanted: [] });
  }

  /** Codes that somebody may hover next, the likeliest first. @param {number[]} codes */
  want(codes) {
    this.rest();
    this.wanted = codes;
    this.timer = setTimeout(() => {
      this.resting = false;
      this.fetch();
    }, REST);
  }

  /** Asks for no more until something is wanted again. */
  rest() {
    clearTimeout(this.timer);
    this.resting = true;
  }

  /**
   * Codes to ask for: those in view, then, where that costs the server nothing, all others. @param
   * {number} most
   */
  next(most) {
    const found = this.wanted.filter((k) => !this.asked.has(k)).slice(0, most);
    for (let k = 0; this.computing.every && found.length < most && k < this.info.K; k++)
      if (!this.asked.has(k) && !found.includes(k)) found.push(k);
    return found;
  }

  fetch() {
    const { key, info, flat, cells } = this;
    if (this.busy || this.resting || !info.model || !cells.length) return;
    const candidates = this.next(this.computing.chunk);
    if (!candidates.length) return;
    candidates.forEach((k) => this.asked.add(k));
    this.busy = true;
    const size = info.height * info.width * info.channels;
    this.model.ask("previews", { flat, cells, candidates }).then((answer) => {
      this.busy = false;
      if (answer?.ok && key === this.key) {
        const { pixels } = answer;
        answer.candidates.forEach((k, n) =>
          this.pictures.set(k, pixels.subarray(n * size, (n + 1) * size)),
        );
        this.ready(answer.candidates, this.pictures.size);
      }
      this.fetch();
    });
  }

  /** The exact picture, or null while it is not here. @param {number} code */
  exact(code) {
    return this.pictures.get(code) ?? null;
  }

  /**
   * The present picture with the code's own picture laid over the selected cells.
   * @param {number} code @param {Pixels} picture @param {ImageData | null} tiles
   */
  approximate(code, picture, tiles) {
    const { info, cells } = this,
      out = picture.slice(),
      t = info.tile,
      c = info.channels;
    if (!tiles) return out;
    const fromColumn = (code % info.sheet.columns) * t,
      fromRow = Math.floor(code / info.sheet.columns) * t;
    for (const p of cells)
      for (let y = 0; y < t; y++)
        for (let x = 0; x < t * c; x++) {
          const to = ((Math.floor(p / info.w) * t + y) * info.width + (p % info.w) * t) * c + x;
          const from = ((fromRow + y) * tiles.width + fromColumn + Math.floor(x / c)) * 4 + (x % c);
          out[to] = tiles.data[from];
        }
    return out;
  }
}
