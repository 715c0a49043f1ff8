// The six steps of the quantization layer at one cell, with its real numbers, and the patches it
// reads and draws.

import { contextOf, find, hide, make, write } from "../../../../page/dom.js";
import { paintPixels } from "../../../../page/pixels.js";
import { onChange, placeOf, ref, showTile } from "./paint.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("../state/state.js").Cell} Cell */
/** @typedef {import("../state/state.js").Info} Info */
/** @typedef {import("../state/side.js").Pixels} Pixels */

const NEAREST = 8;
const SIXTH =
  "Picking the nearest code has no gradient, so training copies the gradient at z_q straight to z_e " +
  "(straight-through estimator).";

const number = (/** @type {number} */ x) =>
  x.toFixed(Math.abs(x) >= 100 ? 0 : Math.abs(x) >= 1 ? 2 : 3);
const some = (/** @type {number[]} */ v) =>
  v.slice(0, 3).map(number).join(", ") + (v.length > 3 ? ", …" : "");

export class Steps {
  /**
   * @param {HTMLElement} root @param {{preview: (code: number | null) => void, take: (code: number)
   * => void}} on
   */
  constructor(root, on) {
    this.ref = (/** @type {string} */ name) => ref(root, name);
    this.bars = Array.from({ length: NEAREST }, () => this.makeBar(on));
    this.ref("bars").replaceChildren(...this.bars);
    this.patches = ["patchIn", "patchOut"].map((name) => ref(root, name, HTMLCanvasElement));
    this.vectors = ["ze", "zq"].map((name) => ref(root, name, HTMLCanvasElement));
    /** @type {Cell | null} */
    this.shown = null;
    // Sizes are told, not asked for: asking in the middle of an update would lay the page out once
    // more.
    this.sizes = new Map();
    const watch = new ResizeObserver((all) => {
      for (const { target, contentRect } of all) this.sizes.set(target, contentRect);
      this.drawVectors();
    });
    for (const canvas of this.vectors) watch.observe(canvas);
    this.place = onChange(
      ({ info, side }) => [info, side.cursor],
      ({ info, side: { cursor } }) => {
        write(this.ref("where"), placeOf(cursor, info.w));
        write(
          this.ref("step1"),
          `The encoder outputs ${info.D} numbers per cell: ${info.h * info.w} vectors in all.`,
        );
      },
    );
    this.cut = onChange(
      (state) => [state.side.cursor, state.side.input, state.pictureOf(state.side)],
      (state) =>
        [state.side.input, state.pictureOf(state.side)].forEach((pixels, n) =>
          this.patch(this.patches[n], pixels, state.info, state.side.cursor),
        ),
    );
    this.show = onChange(
      ({ cell }) => [cell],
      ({ cell, info }) => {
        if (!cell) return; // the numbers of the one before stay until there are others
        this.shown = cell;
        this.explain(info, cell);
        this.drawVectors();
      },
    );
  }

  /** @param {State} state */
  render(state) {
    if (!state.side.isOpen) return;
    this.place(state);
    this.cut(state);
    this.show(state);
  }

  makeBar(on) {
    const bar = make("button", "bar-row", { type: "button" }),
      code = () => Number(bar.dataset.k);
    bar.hidden = true; // until a cell is chosen it has nothing to say
    bar.append(make("span", "tile"), make("span", "mono ix"), make("span", "track"));
    bar.append(make("span", "mono far"));
    find(bar, ".track").append(make("i"));
    for (const type of ["pointerenter", "focus"])
      bar.addEventListener(type, () => on.preview(code()));
    for (const type of ["pointerleave", "blur"]) bar.addEventListener(type, () => on.preview(null));
    bar.addEventListener("click", () => on.take(code()));
    return bar;
  }

  /** The cell's own pixels of a picture. @param {HTMLCanvasElement} canvas */
  patch(canvas, pixels, { tile, channels, width, w }, p) {
    if (!pixels) return;
    const patch = new Uint8Array(tile * tile * channels);
    for (let y = 0; y < tile; y++) {
      const from = ((Math.floor(p / w) * tile + y) * width + (p % w) * tile) * channels;
      patch.set(pixels.subarray(from, from + tile * channels), y * tile * channels);
    }
    paintPixels(canvas, patch, { height: tile, width: tile, channels });
  }

  /** The nearest codes, and the one in the grid. @param {Info} info @param {Cell} cell */
  compare(info, { distances, held }, order) {
    const shown = order.slice(0, NEAREST);
    if (!shown.includes(held)) shown[shown.length - 1] = held;
    const far = Math.max(...shown.map((k) => distances[k]), 1e-12);
    this.bars.forEach((bar, n) => {
      const k = shown[n],
        isHeld = k === held;
      hide(bar, k === undefined);
      if (bar.hidden) return;
      const distance = number(distances[k]);
      bar.dataset.k = String(k);
      showTile(find(bar, ".tile"), k, info.sheet.columns, 16);
      write(find(bar, ".ix"), String(k));
      find(bar, "i").style.width = `${(100 * distances[k]) / far}%`;
      write(find(bar, ".far"), distance);
      bar.classList.toggle("held", isHeld);
      bar.setAttribute(
        "aria-label",
        `Code ${k}, distance ${distance}, rank ${order.indexOf(k) + 1}${isHeld ? ", in the grid" : ""}`,
      );
    });
  }

  /** @param {Info} info @param {Cell} cell */
  explain(info, cell) {
    const { distances, held, nearest } = cell,
      say = (/** @type {string} */ name, /** @type {string} */ text) => {
        write(this.ref(name), text);
      };
    const order = Array.from({ length: info.K }, (_, k) => k).sort(
      (a, b) => distances[a] - distances[b] || a - b,
    );
    this.compare(info, cell, order);
    const second = order[1] ?? order[0],
      rank = order.indexOf(held) + 1,
      margin = number(Number(number(distances[second])) - Number(number(distances[nearest])));
    say(
      "step2",
      `Squared distance from z_e to each of the ${info.K} codes; the nearest ` +
        `${Math.min(NEAREST, info.K)}${rank > NEAREST ? ", and the one in the grid" : ""}.`,
    );
    say("argmin", String(nearest));
    showTile(this.ref("argminTile"), nearest, info.sheet.columns, 40);
    say(
      "step3",
      nearest === held
        ? `Code ${nearest} is nearest, ${margin} ahead of code ${second}.`
        : `Code ${nearest} is nearest, but the grid holds code ${held}, rank ${rank}: the edit.`,
    );
    say("step4", `Row ${held} of the codebook (${info.K} × ${info.D}).`);
    say("step5", `Back in its place among the ${info.h * info.w} cells: the decoder draws.`);
    say("stepLength", number(cell.step));
    say("step6", SIXTH);
    say("zeSaid", `z_e = ${some(cell.z_e)}`);
    say("zqSaid", `z_q = ${some(cell.z_q)}`);
  }

  drawVectors() {
    if (!this.shown) return;
    const { z_e, z_q } = this.shown,
      peak = Math.max(...[...z_e, ...z_q].map(Math.abs), 1e-9);
    [z_e, z_q].forEach((values, n) => this.vector(this.vectors[n], values, peak));
  }

  /**
   * A vector as bars around zero, on one scale for z_e and z_q. @param {HTMLCanvasElement} canvas
   * @param {number[]} values @param {number} peak
   */
  vector(canvas, values, peak) {
    const box = this.sizes.get(canvas) ?? { width: 0, height: 0 },
      ratio = window.devicePixelRatio || 1;
    const width = Math.round(Math.max(60, box.width) * ratio),
      height = Math.round(Math.max(36, box.height) * ratio);
    Object.assign(canvas, { width, height });
    const pen = contextOf(canvas),
      style = getComputedStyle(canvas),
      step = width / values.length;
    pen.fillStyle = style.getPropertyValue("--vq-line");
    pen.fillRect(0, height / 2, width, ratio);
    pen.fillStyle = style.getPropertyValue("--vq-accent");
    values.forEach((v, n) => {
      const tall = (Math.abs(v) / peak) * (height / 2 - ratio);
      pen.fillRect(
        n * step,
        v > 0 ? height / 2 - tall : height / 2,
        Math.max(ratio, step - (step > 3 * ratio ? ratio : 0)),
        tall,
      );
    });
  }
}
