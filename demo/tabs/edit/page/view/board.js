// One grid on the page: its cells, as the state has them. What is done on them is told by
// gestures.js.

import { viridis } from "../../../../page/colours.js";
import { calm, make, set } from "../../../../page/dom.js";
import { onChange, placeOf, showTile } from "./paint.js";

/** @typedef {import("../state/state.js").State} State */

const FEW = 16; // changed cells that light up one by one
const LIT = [{ filter: "brightness(1.9)" }, { filter: "none" }];
const SMALL = 26; // CSS pixels of a cell without its number

export class Board {
  /** @param {HTMLElement} grid @param {string} name @param {"a" | "b"} id of its side */
  constructor(grid, name, id) {
    this.grid = grid;
    this.name = name;
    this.id = id;
    this.room = /** @type {HTMLElement} */ (grid.parentElement);
    /** @type {HTMLElement[]} */
    this.cells = [];
    /** What stands in each cell. @type {number[]} */
    this.codes = [];
    /** All that is shown of each cell, in a word. @type {string[]} */
    this.looks = [];
    /** CSS pixels along a side of a cell. */
    this.px = 0;
    this.setup = onChange(
      ({ info }) => [info],
      ({ info }) => this.makeCells(info),
    );
    new ResizeObserver(() => this.size()).observe(this.room);
  }

  /** Once per model. @param {import("../state/state.js").Info} info */
  makeCells(info) {
    this.info = info;
    this.looks = [];
    this.codes = [];
    this.cells = [];
    set(this.grid, "aria-rowcount", info.h);
    set(this.grid, "aria-colcount", info.w);
    const rows = [];
    for (let r = 0; r < info.h; r++) {
      const row = make("div", "row", { role: "row", "aria-rowindex": r + 1 });
      for (let c = 0; c < info.w; c++) {
        const cell = make("div", "cell", {
          role: "gridcell",
          "aria-colindex": c + 1,
          tabindex: -1,
        });
        cell.dataset.p = String(this.cells.length);
        for (const name of ["ix", "lock", "bits"])
          cell.append(make("span", name, { "aria-hidden": "true" }));
        row.append(cell);
        this.cells.push(cell);
      }
      rows.push(row);
    }
    this.grid.replaceChildren(...rows);
    this.size();
  }

  /** Whole pixels of the page per pixel of a code's picture, so that every pixel has one size. */
  size() {
    const { info, room } = this;
    if (!info || !room.clientWidth) return;
    const wanted = parseFloat(getComputedStyle(room).getPropertyValue("--grid-room")) || 560,
      most = (Math.min(room.clientWidth, wanted) - 2) / Math.max(info.w, info.h);
    this.px = Math.max(info.tile, Math.floor(most / info.tile) * info.tile);
    this.grid.style.setProperty("--side", `${this.px}px`);
    this.grid.style.setProperty("--columns", String(info.w));
    this.grid.classList.toggle("small", this.px < SMALL);
    this.cells.forEach((cell) =>
      showTile(cell, Number(cell.firstChild?.textContent), info.sheet.columns, this.px),
    );
  }

  /** @param {State} state */
  render(state) {
    const { info, preview } = state,
      side = state[this.id];
    this.setup(state);
    if (!side.isOpen) return;
    const { flat } = side,
      shown = new Map(preview?.side === side ? preview.codes : []),
      locked = new Set(side.locked),
      bits = state.surprised && side === state.side ? side.bits : null,
      peak = bits && Math.max(Math.log2(info.K), ...bits);
    // Under a brush one sees what changes.
    if (!side.live) this.lightUp(flat);
    this.codes = flat.slice();
    this.grid.classList.toggle("heated", !!bits);
    this.cells.forEach((cell, p) =>
      this.draw(cell, p, {
        code: shown.get(p) ?? flat[p],
        preview: shown.has(p),
        selected: side.selected.has(p),
        cursor: p === side.cursor,
        hot: p === state.hovered,
        locked: locked.has(p),
        changed: flat[p] !== side.source.flat[p],
        bits: bits && bits[p],
        peak,
      }),
    );
  }

  /** @param {HTMLElement} cell @param {number} p */
  draw(cell, p, look) {
    const word = Object.values(look).join();
    if (word === this.looks[p] || !this.info) return;
    this.looks[p] = word;
    const { code, bits } = look,
      [number, , surprise] = cell.children;
    if (number.textContent !== String(code)) {
      number.textContent = String(code);
      showTile(cell, code, this.info.sheet.columns, this.px || this.info.tile);
    }
    for (const name of ["preview", "locked", "changed", "hot"])
      cell.classList.toggle(name, look[name]);
    set(cell, "aria-selected", look.selected);
    set(cell, "tabindex", look.cursor ? 0 : -1);
    if (bits !== null) {
      cell.style.setProperty("--heat", `rgb(${viridis(bits / look.peak).join(" ")})`);
      surprise.textContent = bits.toFixed(1);
    }
    const said = [
      look.locked ? ", locked" : "",
      look.changed ? ", changed" : "",
      bits === null ? "" : `, surprise ${bits.toFixed(1)} bits`,
    ].join("");
    set(cell, "aria-label", `${this.name}, ${placeOf(p, this.info.w)}, code ${code}${said}`);
  }

  /** Cells whose code changes light up for a moment. @param {number[]} flat */
  lightUp(flat) {
    if (!this.codes.length || calm()) return;
    const changed = this.cells.filter((_, p) => this.codes[p] !== flat[p]);
    // Many at once light up as one: an animation a cell would cost more than the edit.
    for (const lit of changed.length > FEW ? [this.grid] : changed)
      lit.animate(LIT, { duration: 250, delay: 60, easing: "ease-out" });
  }

  /** Gives a cell the keyboard. @param {number} p */
  focus(p) {
    this.cells[p]?.focus({ preventScroll: true });
  }
}
