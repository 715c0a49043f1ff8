// One grid on the page: its cells, selection and gestures. It changes nothing itself; it tells its
// owner what the person did through `on`: select(), hover(p | null), paint(cells, done), pick(p),
// lock(), choose().

import { viridis } from "../../../page/colours.js";
import { calm, make } from "../../../page/dom.js";
import { Grid } from "./grid.js";
import { Paint } from "./paint.js";

export class Board {
  constructor(grid, name, on) {
    this.grid = grid;
    this.name = name;
    this.on = on;
    this.info = null;
    this.flat = [];
    this.cells = [];
    this.selected = new Set();
    this.cursor = 0;
    this.anchor = 0;
    this.shown = new Map();
    this.tool = "select";
    /** @type {Set<number>} */
    this.locked = new Set();
    /** @type {number[] | null} */
    this.bits = null;
    /** @type {any} */
    this.sheet = null;
    this.side = 0;
    /** @type {any} the gesture under way */
    this.drag = null;
    for (const type of [
      "pointerdown",
      "pointermove",
      "pointerup",
      "pointercancel",
      "pointerleave",
      "focusin",
      "dblclick",
    ])
      grid.addEventListener(type, (event) => this[type](event));
    grid.addEventListener("contextmenu", (event) => {
      if (this.drag) event.preventDefault();
    });
    new ResizeObserver(() => this.size()).observe(grid.parentElement);
  }

  get painting() {
    return this.tool === "paint";
  }

  // Cells for a model's grid, once per model.
  setup(info, sheet) {
    const middle = Math.floor(info.h / 2) * info.w + Math.floor(info.w / 2);
    Object.assign(this, {
      info,
      sheet,
      cells: [],
      flat: [],
      selected: new Set([middle]),
      cursor: middle,
      anchor: middle,
    });
    this.grid.setAttribute("aria-rowcount", info.h);
    this.grid.setAttribute("aria-colcount", info.w);
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
    Object.assign(this, { locked: new Set(), bits: null });
    this.grid.classList.remove("heated");
    this.size();
    this.mark();
  }

  // Whole pixels of the page per pixel of a code's picture, so that every pixel has one size.
  size() {
    if (!this.info || !this.grid.parentElement.clientWidth) return;
    const { w, h, tile } = this.info,
      style = getComputedStyle(this.grid.parentElement);
    const room = Math.min(
      this.grid.parentElement.clientWidth,
      parseFloat(style.getPropertyValue("--grid-room")) || 560,
    );
    const side = Math.max(tile, Math.floor((room - 2) / Math.max(w, h) / tile) * tile);
    this.side = side;
    this.grid.style.setProperty("--side", `${side}px`);
    this.grid.style.setProperty("--columns", w);
    this.grid.classList.toggle("small", side < 26);
    this.cells.forEach((cell, p) =>
      Paint.tile(cell, this.shown.get(p) ?? this.flat[p] ?? 0, this.sheet.columns, side),
    );
  }

  // Show a grid; cells whose code changed light up for a moment.
  render(flat, { light = true } = {}) {
    const changed = [];
    this.shown.clear();
    flat.forEach((code, p) => {
      const cell = this.cells[p];
      if (this.flat[p] !== code) {
        this.put(p, code);
        changed.push(cell);
      } else if (cell.classList.contains("preview")) this.put(p, code);
      cell.classList.remove("preview");
    });
    if (light && this.flat.length && !calm())
      // Many cells at once light up as one: an animation a cell would cost more than the edit.
      for (const lit of changed.length > 16 ? [this.grid] : changed)
        lit.animate([{ filter: "brightness(1.9)" }, { filter: "none" }], {
          duration: 250,
          delay: 60,
          easing: "ease-out",
        });
    this.flat = flat.slice();
  }

  put(p, code) {
    const cell = this.cells[p];
    cell.firstChild.textContent = code;
    this.label(p, code);
    Paint.tile(cell, code, this.sheet.columns, this.side || this.info.tile);
  }

  // What a screen reader says of a cell.
  label(p, code) {
    this.cells[p].setAttribute(
      "aria-label",
      `${this.name}, row ${Math.floor(p / this.info.w) + 1}, column ${(p % this.info.w) + 1}, code ${code}${
        this.locked.has(p) ? ", locked" : ""
      }${this.bits ? `, surprise ${this.bits[p].toFixed(1)} bits` : ""}`,
    );
  }

  // Show a code in the selected cells without changing them; null takes it back.
  preview(code) {
    this.lay(code === null ? [] : [...this.selected].map((p) => [p, code]));
  }

  // Show other codes, [cell, code] each, without changing anything; none takes it back.
  lay(codes) {
    for (const p of this.shown.keys()) {
      this.put(p, this.flat[p]);
      this.cells[p].classList.remove("preview");
    }
    this.shown = new Map(codes);
    for (const [p, code] of this.shown) {
      this.put(p, code);
      this.cells[p].classList.add("preview");
    }
  }

  // Which cells bear a padlock.
  lock(cells) {
    if (cells.length === this.locked.size && cells.every((p) => this.locked.has(p))) return;
    this.locked = new Set(cells);
    this.cells.forEach((cell, p) => {
      cell.classList.toggle("locked", this.locked.has(p));
      this.label(p, this.flat[p]);
    });
  }

  // A number of bits a cell, as a colour over it up to `peak` and in figures; null takes them away.
  overlay(bits, peak) {
    if (!bits && !this.bits) return;
    this.bits = bits;
    this.grid.classList.toggle("heated", !!bits);
    this.cells.forEach((cell, p) => {
      if (bits) {
        cell.style.setProperty("--heat", `rgb(${viridis(bits[p] / peak).join(" ")})`);
        cell.lastChild.textContent = bits[p].toFixed(1);
      }
      this.label(p, this.flat[p]);
    });
  }

  light(p) {
    this.cells.forEach((cell, n) => cell.classList.toggle("hot", n === p));
  }

  // Selection in reading order.
  selection() {
    return [...this.selected].sort((a, b) => a - b);
  }

  select(cells, cursor = this.cursor, { anchor = cursor, focus = false } = {}) {
    Object.assign(this, { selected: new Set(cells), cursor, anchor });
    this.mark();
    if (focus) this.cells[cursor].focus({ preventScroll: true });
    this.on.select(this);
  }

  mark() {
    this.cells.forEach((cell, p) => {
      cell.setAttribute("aria-selected", this.selected.has(p));
      cell.tabIndex = p === this.cursor ? 0 : -1;
    });
  }

  // Arrow keys: the cursor is taken from the focused cell, never from memory alone.
  move(down, right, extend) {
    const { w, h } = this.info,
      at = Number(document.activeElement?.getAttribute("data-p") ?? this.cursor);
    const r = Math.min(h - 1, Math.max(0, Math.floor(at / w) + down)),
      c = Math.min(w - 1, Math.max(0, (at % w) + right));
    const to = r * w + c;
    if (extend)
      this.select(Grid.between(this.anchor, to, w), to, { anchor: this.anchor, focus: true });
    else this.select([to], to, { focus: true });
  }

  toggle(p) {
    const next = new Set(this.selected);
    if (next.has(p) && next.size > 1) next.delete(p);
    else next.add(p);
    this.select(next, p, { focus: true });
  }

  // ---- gestures: mouse, pen and touch alike ----

  at(event) {
    const box = this.grid.getBoundingClientRect(),
      { w, h } = this.info,
      side = this.side;
    const c = Math.floor((event.clientX - box.left - this.grid.clientLeft) / side);
    const r = Math.floor((event.clientY - box.top - this.grid.clientTop) / side);
    return {
      p: Math.min(h - 1, Math.max(0, r)) * w + Math.min(w - 1, Math.max(0, c)),
      inside: r >= 0 && c >= 0 && r < h && c < w,
    };
  }

  pointerdown(event) {
    if (!this.info || event.button || this.drag) return;
    const { p, inside } = this.at(event);
    if (!inside) return;
    event.preventDefault(); // no text selection, no native drag; focus is set below
    this.grid.setPointerCapture(event.pointerId);
    this.drag = { id: event.pointerId, last: p };
    if (this.painting) {
      this.cells[p].focus({ preventScroll: true });
      this.on.paint([p], false);
    } else if (this.tool === "picker") {
      this.select([p], p, { focus: true });
      this.on.pick(p);
      this.drag.moved = true;
    } else if (this.tool === "locker") {
      this.drag.cells = new Set([p]);
      this.select([p], p, { focus: true });
    } else if (event.ctrlKey || event.metaKey) {
      this.drag.moved = true;
      this.toggle(p);
    } else if (event.shiftKey) {
      this.select(Grid.between(this.anchor, p, this.info.w), p, {
        anchor: this.anchor,
        focus: true,
      });
    } else this.select([p], p, { focus: true });
  }

  pointermove(event) {
    if (!this.info) return;
    const { p, inside } = this.at(event);
    if (!this.drag) {
      this.on.hover(inside ? p : null);
      return;
    }
    if (event.pointerId !== this.drag.id) return;
    if (this.painting) {
      // Everything the pointer did since the last frame, so that no cell is left out.
      const points = event.getCoalescedEvents?.() ?? [];
      for (const point of points.length ? points : [event]) {
        const next = this.at(point).p;
        if (next === this.drag.last) continue;
        this.on.paint(Grid.stroke(this.drag.last, next, this.info.w), false);
        this.drag.last = next;
      }
    } else if (this.drag.cells) {
      for (const next of Grid.stroke(this.drag.last, p, this.info.w)) this.drag.cells.add(next);
      this.drag.last = p;
      this.select(this.drag.cells, p, { focus: true });
    } else if (p !== this.drag.last && !this.drag.moved) {
      this.drag.last = p;
      this.select(Grid.between(this.anchor, p, this.info.w), p, {
        anchor: this.anchor,
        focus: true,
      });
    }
  }

  pointerup(event) {
    if (this.drag?.id !== event.pointerId) return;
    if (this.painting) this.pointermove(event);
    const locks = this.drag.cells;
    this.drag = null;
    if (locks) this.on.lock();
    if (this.painting) this.on.paint([], true);
  }

  pointercancel(event) {
    this.pointerup(event);
  }

  pointerleave() {
    if (!this.drag) this.on.hover(null);
  }

  dblclick() {
    if (!this.painting) this.on.choose(this);
  }

  focusin(event) {
    const p = Number(event.target.dataset?.p);
    if (this.info && Number.isInteger(p) && p !== this.cursor && !this.drag) this.select([p], p);
    this.on.focus(this);
  }
}
