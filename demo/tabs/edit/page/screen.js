// What is shown where: pictures, marks, captions, figures. It reads the editor's state and changes
// none of it.

import { make } from "../../../page/dom.js";
import { paintMap, paintPixels } from "../../../page/pixels.js";
import { Grid } from "./grid.js";
import { Paint } from "./paint.js";
import { TOOLS } from "./tools.js";

/**
 * The orders of the palette; `values(editor)` gives a number a code or null where there is none
 * (yet).
 * @type {{id: string, name: string, needs?: string, unit?: string, descending?: boolean, values:
 *   (editor: any) => any, say?: (value: any, editor: any) => string}[]}
 */
export const ORDERS = [
  { id: "index", name: "index", values: () => null },
  {
    id: "usage",
    name: "usage",
    needs: "counts",
    unit: "used",
    descending: true,
    values: (e) => e.info.counts,
    say(n, e) {
      const share = (100 * n) / (e.used || 1);
      return share && share < 0.1 ? "<0.1%" : `${share.toFixed(1)}%`;
    },
  },
  {
    id: "distance",
    name: "distance to z_e",
    unit: "distance",
    values: (e) => e.cell?.distances,
    say: (d) => brief(d),
  },
  {
    id: "similarity",
    name: "likeness to this cell",
    unit: "distance",
    values: (e) => e.cell?.similarity,
    say: (d) => brief(d),
  },
  {
    id: "prior",
    name: "the prior",
    needs: "prior",
    unit: "probability",
    descending: true,
    values: (e) => e.odds,
    say: (p) => percent(p),
  },
];

/**
 * What is most like the selected cell comes first: what one looks for is mostly near what is there.
 */
export const FIRST_ORDER = "similarity";

export const VIEWS = [
  { id: "picture", name: "Edited" },
  { id: "before", name: "Before" },
  { id: "difference", name: "Difference" },
  { id: "effect", name: "Reach" },
];

const brief = (x) =>
  x >= 1000 ? x.toExponential(0) : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2);
const percent = (p) =>
  p >= 0.0995 ? `${(100 * p).toFixed(0)}%` : p >= 0.001 ? `${(100 * p).toFixed(1)}%` : "<0.1%";
const decibels = (x) => (x === Infinity ? "equal" : `${x.toFixed(1)} dB`);

/** @type {import("./editor.js").Methods} */
export const showing = {
  say(text, { bad = false, retry = false } = {}) {
    this.refs.notice.textContent = text;
    this.refs.notice.classList.toggle("bad", bad);
    if (retry)
      this.refs.notice.append(
        " ",
        make("button", "", { type: "button", "data-do": "retry" }, "Try now"),
      );
  },

  // Everything that follows from the present state.
  show() {
    for (const side of [this.a, this.b])
      if (side.history) {
        side.board.lock(side.locked);
        side.board.render(side.flat);
      }
    this.showPrior();
    this.figures();
    this.picture();
    this.marks();
    this.buttons();
    const held = this.side.flat[this.side.board.cursor];
    this.palette.mark(held);
    this.readout();
  },

  readout() {
    const { w } = this.info,
      side = this.side,
      p = this.hovered ?? side.board.cursor,
      many = side.board.selected.size;
    this.refs.readout.textContent = `Row ${Math.floor(p / w) + 1}, column ${(p % w) + 1}: code ${side.flat[p]}${
      side.board.locked.has(p) ? ", locked" : ""
    }${side.board.bits ? ` · surprise ${side.board.bits[p].toFixed(1)} bits` : ""}${
      this.hovered === null && many > 1 ? ` · ${many} cells selected` : ""
    }${this.painting ? ` · painting with code ${this.code}` : ""}`;
  },

  figures() {
    if (!this.info) return; // another model is being opened; an answer for the one before may still arrive
    const { refs, a, b } = this,
      before = a.before && Paint.psnr(a.before, a.input);
    if (this.painted !== a.input) paintPixels(refs.input, (this.painted = a.input), this.info);
    refs.about.textContent = a.source.standIn
      ? `${a.source.about[0].toUpperCase()}${a.source.about.slice(1)}. It has no source picture, so its decoded picture is used as input.`
      : a.source.about;
    refs.aboutB.textContent = b.history ? b.source.about : "";
    const changed = Grid.differing(a.flat, a.source.flat);
    refs.changed.textContent = `${changed} of ${a.flat.length}`;
    if (!a.pixels) return;
    const now = Paint.psnr(a.pixels, a.input);
    refs.psnr.textContent = decibels(now);
    refs.cost.textContent =
      before === Infinity || now === Infinity
        ? now === before
          ? "none"
          : `from equal to ${decibels(now)}`
        : Math.abs(before - now) < 0.05
          ? "none"
          : `${before > now ? "−" : "+"}${Math.abs(before - now).toFixed(1)} dB`;
  },

  picture() {
    const { refs, info, a, b, preview } = this;
    if (!info) return;
    if (b.pixels) paintPixels(refs.pictureB, preview?.side === b ? preview.pixels : b.pixels, info);
    if (!a.pixels) return;
    const shown = preview?.side === a ? preview.pixels : a.pixels,
      map = this.view === "difference" || this.view === "effect";
    /** @type {number | null} */
    let peak = null;
    let says = "The decoder’s picture of this grid.";
    if (this.view === "before") {
      paintPixels(refs.picture, a.before, info);
      says = "The picture before your edits.";
    } else if (this.view === "difference") {
      const moved = Paint.difference(shown, a.before, info);
      paintMap(refs.picture, moved.values, info);
      peak = moved.peak;
      says = "Change in brightness since before your edits, 0 to 1.";
    } else if (this.view === "effect") {
      const effect = this.cell?.effect;
      paintMap(refs.picture, effect ? effect.map : new Uint8Array(info.height * info.width), info);
      peak = effect ? effect.peak : null;
      says = effect
        ? `Pixels this cell can change, over ${effect.tried} other codes: ${effect.moved} of ${info.height * info.width}.`
        : "Measuring what the selected cell can change…";
    } else paintPixels(refs.picture, shown, info);
    if (preview)
      says = `Preview of ${preview.what ?? `code ${preview.code}`}${preview.exact ? "" : ", approximate: only its own patch is laid in"}.`;
    refs.says.textContent = says;
    refs.says.classList.toggle("previewing", !!preview);
    refs.scale.hidden = !map;
    refs.reach.hidden = this.view !== "effect" || !!preview;
    refs.peak.textContent = peak === null ? "" : peak.toFixed(2);
    this.steps.patches(
      info,
      this.side.board.cursor,
      this.side.input,
      preview?.side === this.side ? preview.pixels : this.side.pixels,
    );
  },

  // The selected and the hovered cells, in every view of the first grid.
  marks() {
    const { refs, info } = this,
      cells = this.side.board.selection();
    for (const svg of [refs.inputMarks, refs.pictureMarks]) {
      svg.setAttribute("viewBox", `0 0 ${info.w} ${info.h}`);
      Paint.outline(svg.querySelector(".sel"), this.side === this.a ? cells : [], info.w);
      Paint.outline(svg.querySelector(".hot"), this.hovered === null ? [] : [this.hovered], info.w);
    }
    for (const side of [this.a, this.b]) if (side.history) side.board.light(this.hovered);
  },

  buttons() {
    const { refs, side } = this,
      history = side.history,
      disable = (node, off) => node.setAttribute("aria-disabled", off);
    if (!history) return;
    disable(refs.undo, !history.at);
    disable(refs.redo, history.at === history.steps.length);
    refs.undo.title = history.at
      ? `Undo ${history.steps[history.at - 1].label} (step ${history.at})`
      : "Nothing to undo";
    refs.redo.title =
      history.at < history.steps.length
        ? `Redo ${history.steps[history.at].label}`
        : "Nothing to redo";
    disable(refs.reset, !Grid.differing(side.flat, side.source.flat));
    disable(refs.swap, side.board.selected.size !== 2);
    disable(refs.paste, !this.clip);
    const locked = new Set(side.locked),
      all = side.board.selection().every((p) => locked.has(p));
    refs.lock.textContent = all ? "Unlock" : "Lock";
    this.press("lock", all);
    disable(refs.unlock, !locked.size);
    for (const tool of Object.keys(TOOLS)) this.press(tool, tool === this.tool);
    refs.toolName.textContent = TOOLS[this.tool].name;
    refs.toolSays.textContent = TOOLS[this.tool].says;
    Paint.tile(refs.codeTile, this.code, this.info.sheet.columns, 24);
    this.press("second", this.two);
    refs.boardA.classList.toggle("active", this.two && side === this.a);
    refs.boardB.classList.toggle("active", this.two && side === this.b);
    for (const node of refs.views.querySelectorAll("[data-view]"))
      node.setAttribute("aria-checked", node.dataset.view === this.view);
    for (const node of refs.views.querySelectorAll("[data-view]"))
      node.tabIndex = node.dataset.view === this.view ? 0 : -1;
    if (document.activeElement !== refs.code && !this.badCode) refs.code.value = this.code;
  },

  press(command, on) {
    this.root.querySelector(`[data-do="${command}"]`).setAttribute("aria-pressed", on);
  },

  // Sort the palette, unless a pointer or the keyboard is in it: then nothing may move away under
  // it.
  sortPalette(force = false) {
    const order = ORDERS.find((o) => o.id === this.order) ?? ORDERS[0],
      values = order.values(this);
    if (
      !force &&
      (this.refs.codes.matches(":hover") || this.refs.codes.contains(document.activeElement))
    )
      return;
    if (order.id !== "index" && !values) return;
    this.palette.unit = order.unit;
    const fold = order.id === FIRST_ORDER && this.blacks.size > 1;
    this.refs.unfold.hidden = !fold;
    this.refs.unfold.textContent = this.unfolded
      ? "Fold the black codes"
      : `Show ${this.blacks.size} black codes, too`;
    this.palette.sort(
      values,
      (v) => order.say?.(v, this),
      order.descending,
      fold && !this.unfolded ? this.blacks : null,
    );
  },
};
