// The state of the editor: all that the page shows follows from it (view/view.js), and all that a
// person does changes it. It needs no page.

import { Grid } from "./grid.js";
import { blackCodes } from "./measure.js";
import { FIRST_ORDER, VIEWS, ordersOf } from "./orders.js";
import { Side } from "./side.js";

/**
 * What the server says of a model (edit_model).
 * @typedef {object} Info
 * @property {string} model its id
 * @property {string} fingerprint
 * @property {number} h cells down
 * @property {number} w cells across
 * @property {number} K codes
 * @property {number} D numbers of a code
 * @property {number} height @property {number} width @property {number} channels of a picture
 * @property {number} tile pixels along a side of a cell
 * @property {{png: string, columns: number, rows: number}} sheet the codes' own pictures
 * @property {number[] | null} counts how often each code is used
 * @property {number} examples how many it holds
 * @property {number} chunk previews that one question to the server may ask for
 * @property {{classes: string[]} | null} prior @property {string} [why] there is none
 * @property {object} config @property {string} weights for the engine in the page
 */

/**
 * The selected cell in numbers.
 * @typedef {object} Cell
 * @property {number[]} z_e @property {number[]} z_q
 * @property {ArrayLike<number>} distances from z_e to each code
 * @property {ArrayLike<number>} similarity likewise from z_q
 * @property {number} nearest @property {number} held @property {number} step |z_q - z_e|
 * @property {Effect} [effect] where it was asked for
 */

/**
 * What a cell can change: `map` 0 to 255 of `peak`, over `tried` other codes, `moved` pixels.
 * @typedef {{map: Pixels, peak: number, tried: number, moved: number}} Effect
 */

/** @typedef {import("./side.js").Pixels} Pixels */

/**
 * A picture that is shown and not there: what would be with other codes, [cell, code] each.
 * @typedef {{side: Side, codes: [number, number][], what: string, code?: number, exact: boolean,
 *   pixels: Pixels}} Preview
 */

/** @typedef {{flat: number[], pixels: Pixels}} Choice */

/**
 * What another tab hands over: a grid and the picture it was encoded from; with `code`, that code,
 * and a grid that holds it.
 * @typedef {{indices: number[][], input: string | null, code?: number}} Handed
 */

/** @typedef {"select" | "paint" | "picker" | "locker"} Tool by the names of their commands */

/** @type {Info} before there is a model */
export const NOTHING = {
  model: "",
  fingerprint: "",
  h: 0,
  w: 0,
  K: 0,
  D: 0,
  height: 0,
  width: 0,
  channels: 1,
  tile: 1,
  sheet: { png: "", columns: 1, rows: 1 },
  counts: null,
  examples: 0,
  chunk: 1,
  prior: null,
  config: {},
  weights: "",
};

export class State {
  constructor() {
    this.a = new Side("a");
    this.b = new Side("b");

    // ---- what a person has set, for all models ----

    this.view = "picture";
    this.order = FIRST_ORDER;
    /** The code to paint and fill with. */
    this.code = 0;
    this.unfolded = false;
    /** What was copied. @type {import("./grid.js").Patch | null} */
    this.clip = null;
    this.panels = { text: false, share: false, keys: false };

    // ---- the model ----

    this.info = NOTHING;
    /** The codes' own pictures. @type {ImageData | null} */
    this.tiles = null;
    /** Codes that draw next to nothing. @type {Set<number>} */
    this.blacks = new Set();

    // ---- what is done with it ----

    /** The one that is edited. */
    this.side = this.a;
    this.two = false;
    /** @type {Tool} */
    this.tool = "select";
    /** The one that the picker gives way to. @type {Tool} */
    this.toolBefore = "select";
    /** Whether each cell that is pressed joins the selection. */
    this.adding = false;
    /** Why what was typed as a code is none. */
    this.badCode = "";
    /** Of the example. */
    this.number = 0;
    /** A class of the prior; -1 is any. */
    this.klass = -1;
    this.surprised = false;
    /** The cell under the pointer. @type {number | null} */
    this.hovered = null;
    /** @type {Preview | null} */
    this.preview = null;
    /** @type {Cell | null} */
    this.cell = null;
    /** How likely each code is in the selected cell. @type {ArrayLike<number> | null} */
    this.odds = null;
    /** What the prior has filled in. @type {(Frame & {all: Choice[]}) | null} */
    this.choices = null;
    /** What it is filling in. @type {Frame | null} */
    this.waiting = null;
    /** The challenge that is on. @type {import("./challenges.js").Attempt | null} */
    this.attempt = null;
    /** A code that another tab brought, and a grid that holds it. @type {Handed | null} */
    this.brought = null;
    /** The first grid before cells were taken over from the second. @type {number[] | null} */
    this.blendFrom = null;
  }

  /** Another model: all that was done with the one before goes. @param {Info} info @param {ImageData} tiles */
  adopt(info, tiles) {
    const { a, b, view, order, code, unfolded, clip, panels } = this;
    for (const side of [a, b]) {
      side.clear();
      side.select([Math.floor(info.h / 2) * info.w + Math.floor(info.w / 2)]);
    }
    Object.assign(this, new State(), { a, b, side: a, view, unfolded, clip, panels });
    Object.assign(this, { info, tiles, blacks: blackCodes(tiles, info) });
    this.code = Math.min(code, info.K - 1);
    this.chooseOrder(order);
  }

  /** There is no model. */
  close() {
    this.a.clear();
    this.b.clear();
    this.info = NOTHING;
  }

  /** The model may lack what an order needs. @param {string} order */
  chooseOrder(order) {
    this.order = ordersOf(this.info).some(({ id }) => id === order) ? order : FIRST_ORDER;
  }

  get sides() {
    return [this.a, this.b];
  }

  get isOpen() {
    return this.a.isOpen;
  }

  /** What is shown of a grid: a preview or its own picture. @param {Side} side */
  pictureOf(side) {
    return this.preview?.side === side ? this.preview.pixels : side.pixels;
  }

  get painting() {
    return this.tool === "paint";
  }

  /** Around the selection; of one cell alone, the whole grid. */
  get region() {
    const { side, info } = this;
    return side.selected.size > 1
      ? Grid.bounds(side.selection(), info.w)
      : { row: 0, column: 0, rows: info.h, columns: info.w };
  }

  /**
   * Fills stay good for as long as the cells that were kept and what they hold are the same.
   * @typedef {{side: Side, locked: number[], frame: string}} Frame
   * @param {Side} side @param {number[]} locked
   * @returns {Frame}
   */
  frame(side, locked) {
    const { source, flat } = side.history,
      kept = locked.map((p) => `${p}:${flat[p]}`);
    return {
      side,
      locked,
      frame: [this.klass, side.id, source, side.locked.length, kept].join("|"),
    };
  }

  /** @param {Frame | null} frame */
  isGood(frame) {
    const { side } = this;
    return frame?.side === side && this.frame(side, frame.locked).frame === frame.frame;
  }

  // ---- over a reload ----

  toJSON() {
    const { a, b, two, order, view, code, number, klass, surprised } = this;
    return { a, b, two, order, view, code, number, klass, surprised };
  }

  /** From what toJSON gave, as far as it fits; false where no grid does. @param {any} saved */
  restore(saved) {
    const { info } = this,
      below = (n, end, otherwise) => (Number.isInteger(n) && n >= 0 && n < end ? n : otherwise);
    if (!this.a.restore(saved.a, info)) return false;
    this.two = this.b.restore(saved.b, info) && !!saved.two;
    this.chooseOrder(saved.order);
    if (VIEWS.some(({ id }) => id === saved.view)) this.view = saved.view;
    this.code = below(saved.code, info.K, this.code);
    this.number = this.a.source.number ?? below(saved.number, info.examples, 0);
    this.klass = below(saved.klass, info.prior?.classes.length ?? 0, -1);
    this.surprised = !!info.prior && saved.surprised === true;
    return true;
  }
}
