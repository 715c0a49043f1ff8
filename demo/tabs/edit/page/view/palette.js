// The palette: every code of the model in the chosen order. Only the rows in view are in the page,
// so 4,096 codes open as fast as 64. What is done on it is told by palette_hands.js.

import { hide, make, put, set, write } from "../../../../page/dom.js";
import { FIRST_ORDER, ORDERS, ordersOf } from "../state/orders.js";
import { onChange, ref, showTile } from "./paint.js";

/** @typedef {import("../state/state.js").State} State */

const SIDE = 40,
  GAP = 6,
  CAPTION = 14; // CSS pixels

export class Palette {
  /** @param {ParentNode} root @param {(codes: number[]) => void} onSeen the codes in view */
  constructor(root, onSeen) {
    this.list = ref(root, "codes");
    this.orders = ref(root, "order", HTMLSelectElement);
    this.unfold = ref(root, "unfold");
    this.onSeen = onSeen;
    /** @type {number[]} the codes as they are sorted */
    this.order = [];
    /** @type {Map<number, number>} where each stands */
    this.place = new Map();
    /** @type {Map<number, HTMLElement>} those in the page */
    this.made = new Map();
    /** Who has the keyboard. @type {number | undefined} */
    this.active = undefined;
    this.current = -1;
    this.columns = 0;
    this.line = SIDE + GAP;
    /** How far it is scrolled: asking for it in the middle of an update would lay the page out. */
    this.top = 0;
    /** @type {{order?: string, values?: unknown, unfolded?: boolean}} what it is sorted by */
    this.sorted = {};
    this.inner = make("div", "inner", { role: "presentation" });
    this.list.append(this.inner);
    this.list.addEventListener("scroll", () => {
      this.top = this.list.scrollTop;
      this.draw();
    });
    new ResizeObserver(() => this.lay()).observe(this.list);
    this.setup = onChange(
      ({ info }) => [info],
      ({ info }) => this.adopt(info),
    );
    // Another order, or that of another cell, is seen from its beginning.
    this.turnTo = onChange(
      ({ info, order, side }) => [info, order, side, side.cursor],
      ({ order }) => {
        put(this.orders, order);
        if (this.top) this.list.scrollTop = this.top = 0;
      },
    );
  }

  /** @param {State["info"]} info */
  adopt(info) {
    this.info = info;
    this.order = Array.from({ length: info.K }, (_, k) => k);
    this.place = new Map(this.order.map((k) => [k, k]));
    this.active = this.order[0];
    this.sorted = {};
    this.orders.replaceChildren(
      ...ordersOf(info).map(({ id, name }) => make("option", "", { value: id }, name)),
    );
    this.empty();
    this.lay();
  }

  /** @param {State} state */
  render(state) {
    this.setup(state);
    this.turnTo(state);
    const { side } = state;
    if (!side.isOpen) return;
    this.current = side.flat[side.cursor];
    this.sort(state);
    this.made.forEach((item, k) => set(item, "aria-selected", k === this.current));
  }

  /**
   * Sorted anew, unless a pointer or the keyboard is in it: then nothing may move away under it.
   * @param {State} state
   */
  sort(state) {
    const { unfolded, blacks } = state,
      order = ORDERS.find(({ id }) => id === state.order) ?? ORDERS[0],
      values = order.values(state),
      folds = order.id === FIRST_ORDER && blacks.size > 1,
      { sorted } = this;
    hide(this.unfold, !folds);
    write(
      this.unfold,
      unfolded ? "Hide the black codes" : `Show the ${blacks.size} hidden black codes`,
    );
    const wanted = order.id === sorted.order && unfolded === sorted.unfolded;
    if ((wanted && (values === sorted.values || this.isHeld)) || (order.id !== "index" && !values))
      return;
    this.sorted = { order: order.id, values, unfolded };
    this.line = SIDE + GAP + (values ? CAPTION : 0);
    this.say = (/** @type {number} */ code) =>
      values ? (order.say?.(values[code], state) ?? "") : "";
    this.unit = order.unit ?? "";
    const all = Array.from({ length: state.info.K }, (_, k) => k),
      sign = order.descending ? -1 : 1;
    if (values) all.sort((a, b) => sign * (values[a] - values[b]) || a - b);
    this.order = folds && !unfolded ? all.filter((k) => k === this.current || !blacks.has(k)) : all;
    this.place = new Map(this.order.map((code, n) => [code, n]));
    this.draw(true);
  }

  get isHeld() {
    return this.list.matches(":hover") || this.list.contains(document.activeElement);
  }

  empty() {
    this.made.forEach((item) => item.remove());
    this.made.clear();
  }

  lay() {
    const { clientWidth, scrollTop } = this.list;
    if (!this.info || !clientWidth) return;
    const columns = Math.max(1, Math.floor((clientWidth - 4) / (SIDE + GAP))),
      moved = columns !== this.columns;
    this.columns = columns;
    this.top = scrollTop; // a list that is not shown forgets how far it was scrolled
    if (moved) this.empty();
    this.draw(moved);
  }

  visible() {
    const first = Math.max(0, Math.floor(this.top / this.line)) * this.columns;
    const rows = Math.ceil((this.list.clientHeight || 1) / this.line) + 1;
    return this.order.slice(first, first + rows * this.columns);
  }

  draw(moved = false) {
    if (!this.columns || !this.info) return;
    this.inner.style.height = `${Math.ceil(this.order.length / this.columns) * this.line}px`;
    const seen = this.visible(),
      wanted = new Set(seen),
      { active } = this;
    if (active !== undefined && this.list.contains(document.activeElement)) wanted.add(active);
    const tabbable = active !== undefined && wanted.has(active) ? active : seen[0];
    for (const [code, item] of this.made)
      if (!wanted.has(code)) {
        item.remove();
        this.made.delete(code);
      }
    const fresh = [];
    for (const code of wanted) {
      let item = this.made.get(code);
      const isNew = !item;
      if (!item) fresh.push((item = this.item(code)));
      if (moved || isNew) this.put(item, code);
      set(item, "tabindex", code === tabbable ? 0 : -1);
    }
    this.inner.append(...fresh);
    this.onSeen(seen);
  }

  /** @param {number} code */
  item(code) {
    const item = make("div", "code", {
      role: "option",
      "aria-setsize": this.info?.K,
      "aria-selected": code === this.current,
    });
    item.dataset.code = String(code);
    const picture = make("span", "tile");
    showTile(picture, code, this.info?.sheet.columns ?? 1, SIDE);
    item.append(picture, make("span", "ix", {}, code), make("span", "say"));
    this.made.set(code, item);
    return item;
  }

  /** Where a code stands, and what is said of it. @param {HTMLElement} item @param {number} code */
  put(item, code) {
    const n = this.place.get(code) ?? 0,
      x = (n % this.columns) * (SIDE + GAP) + 2,
      y = Math.floor(n / this.columns) * this.line + 2,
      said = this.say?.(code) ?? "";
    item.style.transform = `translate(${x}px, ${y}px)`;
    set(item, "aria-posinset", n + 1);
    if (item.lastElementChild) write(item.lastElementChild, said);
    set(item, "aria-label", `Code ${code}${said ? `, ${this.unit} ${said}` : ""}`);
  }

  /** @param {number} code */
  activate(code) {
    const before = this.made.get(this.active ?? -1),
      item = this.made.get(code);
    if (before) before.tabIndex = -1;
    if (item) item.tabIndex = 0;
    this.active = code;
  }

  /** Bring a code into view and the keyboard to it. @param {number} code */
  focus(code) {
    const n = this.place.get(code) ?? 0,
      top = Math.floor(n / this.columns) * this.line,
      { list } = this;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + this.line > list.scrollTop + list.clientHeight)
      list.scrollTop = top + this.line - list.clientHeight;
    this.top = list.scrollTop;
    this.activate(this.order[n]);
    this.draw();
    this.made.get(this.order[n])?.focus({ preventScroll: true });
  }
}
