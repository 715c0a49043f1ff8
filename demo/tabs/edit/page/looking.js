// Looking without changing: which cell is meant, what a code would give, the picture of the grid,
// and the numbers of the selected cell.

import { Grid } from "./state/grid.js";

/** @typedef {import("./state/side.js").Side} Side */

const REST = 60; // ms until a selection, or a hand that leaves, has come to rest

export class Looking {
  /**
   * @param {import("./edits.js").Shared} shared
   * @param {import("../../../page/wire.js").Wire} model what is asked
   * @param {import("./preview.js").Previews} previews
   * @param {{judge: () => void, rank: () => void}} prior
   * @param {() => void} painted told when the picture of the grid as it is now is on the page
   */
  constructor({ state, update, say }, model, previews, prior, painted) {
    this.state = state;
    this.update = update;
    this.say = say;
    this.model = model;
    this.previews = previews;
    this.prior = prior;
    this.painted = painted;
    /** Codes that somebody may point at next. @type {number[]} */
    this.seen = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.leaving = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.inspecting = undefined;
  }

  // ---- which cell ----

  /** The grid that is edited from now on. @param {Side} side */
  activate(side) {
    const { state } = this;
    if (side === state.side || !side.isOpen) return;
    state.side = side;
    state.number = side.source.number ?? state.number;
    state.cell = state.choices = null;
    this.prior.judge();
    this.foresee();
    this.update();
    this.inspect();
  }

  /** @param {Side} side @param {Iterable<number>} cells @param {number} cursor */
  select(side, cells, cursor, anchor = cursor) {
    side.select(cells, cursor, anchor);
    this.activate(side);
    this.state.preview = null;
    this.foresee();
    this.update();
    this.inspect();
  }

  /** By a finger, which has no Ctrl: cells join the selection, or no longer. */
  toggleAdding() {
    this.state.adding = !this.state.adding;
    this.update();
  }

  selectAll() {
    const { side } = this.state;
    this.select(side, side.flat.keys(), side.cursor, 0);
  }

  /** @param {number | null} p */
  hover(p) {
    if (p === this.state.hovered || !this.state.isOpen) return;
    this.state.hovered = p;
    this.update();
  }

  /** @param {string} view what the picture shows */
  show(view) {
    this.state.view = view;
    this.update();
    if (view === "effect") this.inspect();
  }

  /** @param {string} order of the palette */
  sortBy(order) {
    const { state } = this;
    state.chooseOrder(order);
    if (state.order === "prior" && !state.odds) this.prior.rank();
    this.update();
  }

  /** The black codes are left out, or shown. */
  unfold() {
    this.state.unfolded = !this.state.unfolded;
    this.update();
  }

  // ---- what a code would give ----

  /** Shows it; null takes it back. Asks nothing. @param {number | null} code */
  tryOut(code) {
    const { state, previews } = this,
      { side } = state;
    if (!side.pixels || state.painting) return;
    const exact = code === null ? null : previews.exact(code);
    state.preview =
      code === null
        ? null
        : {
            side,
            codes: side.selection().map((p) => [p, code]),
            what: `code ${code}`,
            code,
            exact: !!exact,
            pixels: exact ?? previews.approximate(code, side.pixels, state.tiles),
          };
    this.update();
  }

  /** More pictures are here. @param {number[]} codes */
  arrived(codes) {
    const code = this.state.preview?.code;
    if (code !== undefined && codes.includes(code)) this.tryOut(code);
  }

  /** The hand has left the palette. */
  leave() {
    this.tryOut(null);
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.update(), REST);
  }

  /** Fetches what may be pointed at next. @param {number[]} [seen] codes in view */
  foresee(seen = this.seen) {
    const { info, side } = this.state;
    this.seen = seen;
    if (!side.isOpen) return;
    this.previews.about(info, side.flat, side.selection());
    this.previews.want(seen);
  }

  /**
   * A preview that was fetched for the grid as it is now is its picture already; the decoder's
   * answer confirms it.
   */
  foreseen() {
    const { side } = this.state,
      [code, ...others] = new Set(side.selection().map((p) => side.flat[p]));
    return others.length ? null : this.previews.exact(code);
  }

  // ---- the picture, and the numbers of the cell ----

  /** Asks for the picture of a grid. @param {Side} side */
  draw(side) {
    const flat = side.flat.slice();
    const moving = side.live !== null;
    if (moving) this.previews.rest();
    this.model.send(`commit ${side.id}`, "commit", { flat, moving }, ({ ok, error, pixels }) => {
      if (!ok) {
        this.say(error ?? "", { bad: true });
        return;
      }
      if (!side.live && Grid.differing(flat, side.flat)) return; // late: another edit has been made since
      const shown = side.pixels && !Grid.differing(pixels, side.pixels); // by a preview
      if (!shown) {
        side.pixels = pixels;
        this.update();
      }
      this.painted();
    });
  }

  /** Asks for the selected cell's numbers, once the selection has come to rest. */
  inspect() {
    clearTimeout(this.inspecting);
    const { state } = this,
      { side } = state,
      cell = side.cursor;
    state.odds = null;
    this.inspecting = setTimeout(() => {
      if (side !== state.side || !side.isOpen) return;
      if (state.order === "prior") this.prior.rank();
      const request = {
        flat: side.flat.slice(),
        input: side.source.input,
        pixels: side.input,
        cell,
        effect: state.view === "effect",
      };
      this.model.send("cell", "cell", request, ({ ok, error, ...numbers }) => {
        if (!ok) this.say(error ?? "", { bad: true });
        else if (side === state.side && cell === side.cursor) {
          state.cell = /** @type {any} */ (numbers);
          this.update();
        }
      });
    }, REST);
  }
}
