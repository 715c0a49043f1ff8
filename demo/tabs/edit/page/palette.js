// The palette: every code of the model in a chosen order. Only the rows in view are in the page, so
// 4,096 codes open as fast as 64. Tells its owner through `on`: preview(code | null), pick(code),
// seen(codes), leave().

import { ARROWS, make } from "../../../page/dom.js";
import { Paint } from "./paint.js";

export class Palette {
  constructor(list, on) {
    this.list = list;
    this.on = on;
    this.info = null;
    this.order = [];
    this.values = null;
    this.current = null;
    this.active = null;
    /** @type {Map<number, HTMLElement>} */
    this.made = new Map();
    /** @type {any} */
    this.place = null;
    this.columns = 0;
    this.side = 0;
    this.step = 0;
    this.line = 0;
    this.touch = false;
    this.unit = "";
    this.say = (value) => String(value);
    this.inner = make("div", "inner", { role: "presentation" });
    list.append(this.inner);
    list.addEventListener("scroll", () => this.draw());
    list.addEventListener("pointerover", (event) => this.over(event));
    list.addEventListener("pointerleave", () => {
      if (!this.touch) this.on.preview(null);
      this.on.leave();
    });
    // A finger picks when it is lifted where it came down: a browser may leave the click out after
    // a quick stroke elsewhere. A scroll ends in pointercancel and picks nothing.
    /** @type {{code: number | null, y: number} | null} */
    let down = null;
    let lifted = -1e9;
    list.addEventListener("pointerdown", (event) => {
      this.touch = event.pointerType === "touch";
      down = this.touch ? { code: this.codeOf(event.target), y: event.clientY } : null;
    });
    list.addEventListener("pointercancel", () => {
      down = null;
    });
    list.addEventListener("pointerup", (event) => {
      if (
        down &&
        down.code === this.codeOf(event.target) &&
        Math.abs(event.clientY - down.y) < 10
      ) {
        lifted = event.timeStamp;
        this.choose(down.code);
      }
      down = null;
    });
    list.addEventListener("click", (event) => {
      if (event.timeStamp - lifted > 700) this.choose(this.codeOf(event.target));
    });
    list.addEventListener("focusin", (event) => {
      const code = this.codeOf(event.target);
      if (code !== null && event.target.matches(":focus-visible")) {
        this.activate(code);
        this.on.preview(code);
      }
    });
    list.addEventListener("focusout", (event) => {
      if (!list.contains(event.relatedTarget)) this.on.leave();
    });
    list.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.lay()).observe(list);
  }

  setup(info) {
    Object.assign(this, {
      info,
      order: Array.from({ length: info.K }, (_, k) => k),
      values: null,
      place: null,
      current: null,
      active: 0,
    });
    this.made.forEach((item) => item.remove());
    this.made.clear();
    this.list.scrollTop = 0;
    this.columns = 0;
    this.lay();
  }

  // Show the codes sorted by `values` (a number a code, or null for by index); `say(value)` is the
  // caption. `folded`: codes that are left out, unless the selected cell holds one.
  /**
   * @param {any} values @param {(value: any) => string} say @param {boolean} [descending] @param
   * {Set<number> | null} [folded]
   */
  sort(values, say, descending = false, folded = null) {
    Object.assign(this, { values, say });
    const all = Array.from({ length: this.info.K }, (_, k) => k);
    this.line = this.side + (values ? 20 : 6);
    const sorted = values
      ? all.sort((a, b) => (descending ? values[b] - values[a] : values[a] - values[b]) || a - b)
      : all;
    this.order = folded
      ? sorted.filter((code) => code === this.current || !folded.has(code))
      : sorted;
    this.place = new Map(this.order.map((code, n) => [code, n]));
    this.draw(true);
  }

  // The code that the selected cell holds.
  mark(code) {
    this.current = code;
    this.made.forEach((item, k) => item.setAttribute("aria-selected", String(k === code)));
  }

  lay() {
    if (!this.info || !this.list.clientWidth) return;
    const side = 40,
      columns = Math.max(1, Math.floor((this.list.clientWidth - 4) / (side + 6)));
    if (columns === this.columns) return;
    Object.assign(this, { side, columns, step: side + 6, line: side + (this.values ? 20 : 6) });
    this.made.forEach((item) => item.remove());
    this.made.clear();
    this.draw(true);
  }

  visible() {
    const first = Math.max(0, Math.floor(this.list.scrollTop / this.line)) * this.columns;
    const rows = Math.ceil((this.list.clientHeight || 1) / this.line) + 1;
    return this.order.slice(first, first + rows * this.columns);
  }

  draw(moved = false) {
    if (!this.columns || !this.info) return;
    this.place ??= new Map(this.order.map((code, n) => [code, n]));
    this.inner.style.height = `${Math.ceil(this.order.length / this.columns) * this.line}px`;
    const seen = this.visible(),
      wanted = new Set(seen);
    if (this.list.contains(document.activeElement) && this.active !== null) wanted.add(this.active);
    const tabbable = wanted.has(this.active) ? this.active : seen[0];
    for (const [code, item] of this.made)
      if (!wanted.has(code)) {
        item.remove();
        this.made.delete(code);
      }
    const fresh = [];
    for (const code of wanted) {
      let item = this.made.get(code);
      if (!item) fresh.push((item = this.item(code)));
      if (moved || !item.style.transform) {
        const n = this.place.get(code);
        item.style.transform = `translate(${(n % this.columns) * this.step + 2}px, ${Math.floor(n / this.columns) * this.line + 2}px)`;
        item.setAttribute("aria-posinset", n + 1);
        this.caption(item, code);
      }
      item.tabIndex = code === tabbable ? 0 : -1;
    }
    this.inner.append(...fresh);
    this.on.seen(seen);
  }

  item(code) {
    const item = make("div", "code", {
      role: "option",
      "aria-setsize": this.info.K,
      "aria-selected": code === this.current,
    });
    item.dataset.code = code;
    const picture = make("span", "tile");
    Paint.tile(picture, code, this.info.sheet.columns, this.side);
    item.append(picture, make("span", "ix", {}, code), make("span", "say"));
    this.made.set(code, item);
    return item;
  }

  caption(item, code) {
    const said = this.values ? this.say(this.values[code]) : "";
    item.lastChild.textContent = said;
    item.setAttribute("aria-label", `Code ${code}${said ? `, ${this.unit ?? ""} ${said}` : ""}`);
  }

  codeOf(target) {
    const item = target.closest?.("[data-code]");
    return item && this.list.contains(item) ? Number(item.dataset.code) : null;
  }

  over(event) {
    const code = event.pointerType === "touch" ? null : this.codeOf(event.target);
    if (code !== null) this.on.preview(code);
  }

  choose(code) {
    if (code === null) return;
    this.activate(code);
    this.on.pick(code);
  }

  activate(code) {
    const before = this.made.get(this.active);
    if (before) before.tabIndex = -1;
    this.active = code;
    const item = this.made.get(code);
    if (item) item.tabIndex = 0;
  }

  // Bring a code into view and the keyboard to it.
  focus(code) {
    const n = this.place.get(code) ?? 0,
      top = Math.floor(n / this.columns) * this.line;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (top + this.line > this.list.scrollTop + this.list.clientHeight)
      this.list.scrollTop = top + this.line - this.list.clientHeight;
    this.activate(this.order[n]);
    this.draw();
    this.made.get(this.order[n])?.focus({ preventScroll: true });
  }

  key(event) {
    const code = this.codeOf(document.activeElement);
    if (code === null) return;
    const page = this.columns * Math.max(1, Math.floor(this.list.clientHeight / this.line) - 1),
      n = this.place.get(code);
    const arrow = ARROWS[event.key],
      far = { PageUp: n - page, PageDown: n + page, Home: 0, End: this.order.length - 1 };
    const to = arrow ? n + arrow[0] * this.columns + arrow[1] : far[event.key];
    if (to !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      const next = this.order[Math.min(this.order.length - 1, Math.max(0, to))];
      this.focus(next);
      this.on.preview(next);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      event.stopPropagation();
      this.on.pick(code);
    }
  }
}
