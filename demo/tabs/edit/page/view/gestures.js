// What mouse, pen, finger and keys do on a grid, told through `on`. They change nothing themselves.

import { ARROWS } from "../../../../page/dom.js";
import { Grid } from "../state/grid.js";

/**
 * @typedef {object} Told
 * @property {(side: Side, cells: Iterable<number>, cursor: number, anchor?: number) => void} select
 * @property {(p: number | null) => void} hover
 * @property {(cells: number[], done: boolean) => void} paint a stroke
 * @property {(p: number) => void} pick
 * @property {() => void} lock the selected cells
 * @property {() => void} choose a code for the selected cells
 * @property {() => boolean} enter after digits, it takes them
 * @property {(digit: string) => void} digit
 * @property {(side: Side) => void} activate
 */

/** @typedef {import("../state/side.js").Side} Side */

/**
 * A press that is not lifted yet: its pointer and its last cell; `cells` are those to be locked,
 * `fixed` selects no more.
 * @typedef {{id: number, last: number, cells?: Set<number>, fixed?: boolean}} Drag
 */

const FAR = 999;
/** @type {Record<string, [number, number]>} */
const MOVES = {
  ...ARROWS,
  Home: [0, -FAR],
  End: [0, FAR],
  PageUp: [-FAR, 0],
  PageDown: [FAR, 0],
};

export class Gestures {
  /**
   * @param {import("./board.js").Board} board where it all happens
   * @param {import("../state/state.js").State} state @param {Side} side @param {Told} on
   */
  constructor(board, state, side, on) {
    this.board = board;
    this.state = state;
    this.side = side;
    this.on = on;
    /** @type {Drag | null} */
    this.drag = null;
    const { grid } = board,
      /** @type {[string, (event: any) => void][]} */
      heard = [
        ["pointerdown", (event) => this.press(event)],
        ["pointermove", (event) => this.move(event)],
        ["pointerup", (event) => this.lift(event)],
        ["pointercancel", (event) => this.lift(event)],
        ["pointerleave", () => this.drag ?? on.hover(null)],
        ["focusin", (event) => this.focused(event)],
        ["keydown", (event) => this.key(event) && event.preventDefault()],
        ["dblclick", () => this.state.painting || on.choose()],
        ["contextmenu", (event) => this.drag && event.preventDefault()],
      ];
    for (const [type, hear] of heard)
      grid.addEventListener(type, (event) => {
        if (side.isOpen) hear(event);
      });
  }

  /** The cell under a pointer; the nearest one where it is outside. @param {PointerEvent} event */
  at(event) {
    const { grid, px } = this.board,
      { h, w } = this.state.info,
      box = grid.getBoundingClientRect();
    const c = Math.floor((event.clientX - box.left - grid.clientLeft) / px),
      r = Math.floor((event.clientY - box.top - grid.clientTop) / px);
    return {
      p: Math.min(h - 1, Math.max(0, r)) * w + Math.min(w - 1, Math.max(0, c)),
      inside: r >= 0 && c >= 0 && r < h && c < w,
    };
  }

  /** @param {Iterable<number>} cells @param {number} cursor @param {number} [anchor] */
  select(cells, cursor, anchor = cursor) {
    this.on.select(this.side, cells, cursor, anchor);
    this.board.focus(cursor);
  }

  /** The rectangle from where the selection began. @param {number} p */
  extend(p) {
    const { anchor } = this.side;
    this.select(Grid.between(anchor, p, this.state.info.w), p, anchor);
  }

  /** Into the selection or out of it; one cell stays. @param {number} p */
  toggle(p) {
    const next = new Set(this.side.selected);
    if (next.has(p) && next.size > 1) next.delete(p);
    else next.add(p);
    this.select(next, p);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button || this.drag) return;
    const { p, inside } = this.at(event),
      { tool } = this.state;
    if (!inside) return;
    event.preventDefault(); // no text selection, no native drag; focus is set below
    this.board.grid.setPointerCapture(event.pointerId);
    const drag = (this.drag = /** @type {Drag} */ ({ id: event.pointerId, last: p }));
    if (tool === "paint") {
      this.board.focus(p);
      this.on.paint([p], false);
    } else if (tool === "picker") {
      drag.fixed = true;
      this.select([p], p);
      this.on.pick(p);
    } else if (tool === "locker") {
      drag.cells = new Set([p]);
      this.select([p], p);
    } else if (event.ctrlKey || event.metaKey || this.state.adding) {
      drag.fixed = true;
      this.toggle(p);
    } else if (event.shiftKey) this.extend(p);
    else this.select([p], p);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { p, inside } = this.at(event),
      { drag } = this,
      { w } = this.state.info;
    if (!drag) {
      this.on.hover(inside ? p : null);
      return;
    }
    if (event.pointerId !== drag.id || drag.fixed) return;
    if (this.state.painting) {
      // Everything the pointer did since the last frame, so that no cell is left out.
      const points = event.getCoalescedEvents?.() ?? [],
        crossed = [];
      for (const point of points.length ? points : [event]) {
        const next = this.at(point).p;
        if (next === drag.last) continue;
        crossed.push(...Grid.stroke(drag.last, next, w));
        drag.last = next;
      }
      if (crossed.length) this.on.paint(crossed, false);
    } else if (p !== drag.last) {
      const crossed = Grid.stroke(drag.last, p, w);
      drag.last = p;
      if (!drag.cells) this.extend(p);
      else {
        for (const next of crossed) drag.cells.add(next);
        this.select(drag.cells, p);
      }
    }
  }

  /** @param {PointerEvent} event */
  lift(event) {
    const { drag } = this,
      { painting } = this.state;
    if (drag?.id !== event.pointerId) return;
    if (painting) this.move(event);
    this.drag = null;
    if (drag.cells) this.on.lock();
    if (painting) this.on.paint([], true);
  }

  /** @param {FocusEvent} event */
  focused({ target }) {
    const p = target instanceof HTMLElement ? Number(target.dataset.p) : NaN;
    if (Number.isInteger(p) && p !== this.side.cursor && !this.drag)
      this.on.select(this.side, [p], p);
    this.on.activate(this.side);
  }

  /** Keys that mean something on a grid only. @param {KeyboardEvent} event */
  key({ key, ctrlKey, metaKey, altKey, shiftKey }) {
    const { side, on } = this,
      plain = !ctrlKey && !metaKey && !altKey;
    if (plain && MOVES[key]) this.step(MOVES[key], shiftKey);
    else if (plain && /^[0-9]$/.test(key)) on.digit(key);
    else if (plain && key === "Enter") on.enter() || on.choose();
    else if (key === " " && this.state.painting && !ctrlKey) on.paint([side.cursor], true);
    else if (key === " ") this.toggle(side.cursor);
    else return false;
    return true;
  }

  /** From the focused cell, never from memory alone. */
  step([down, right], extend = false) {
    const { w, h } = this.state.info,
      at = Number(document.activeElement?.getAttribute("data-p") ?? this.side.cursor);
    const r = Math.min(h - 1, Math.max(0, Math.floor(at / w) + down)),
      c = Math.min(w - 1, Math.max(0, (at % w) + right)),
      to = r * w + c;
    if (extend) this.extend(to);
    else this.select([to], to);
    this.board.cells[to].scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
