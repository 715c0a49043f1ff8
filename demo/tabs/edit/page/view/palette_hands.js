// What mouse, finger and keys do on the palette, told through `on`.

import { ARROWS, closest } from "../../../../page/dom.js";

/**
 * @typedef {object} Told
 * @property {(code: number | null) => void} preview
 * @property {(code: number) => void} take
 * @property {() => void} leave pointer and keyboard are elsewhere now
 */

const STILL = 10; // CSS pixels that a tap may move
const AFTER_LIFT = 700; // ms in which a click belongs to a lifted finger

/** @param {import("./palette.js").Palette} palette @param {Told} on */
export function listenTo(palette, on) {
  const { list } = palette;
  // A finger picks when it is lifted where it came down: a browser may leave the click out after a
  // quick stroke elsewhere. A scroll ends in pointercancel and picks nothing.
  /** @type {{code: number | null, y: number} | null} */
  let down = null;
  let lifted = -Infinity,
    touch = false;

  const codeOf = (/** @type {Event} */ event) => {
    const item = closest(event, "[data-code]");
    return item ? Number(item.dataset.code) : null;
  };
  const take = (/** @type {number | null} */ code) => {
    if (code === null) return;
    palette.activate(code);
    on.take(code);
  };

  list.addEventListener("pointerover", (event) => {
    const code = codeOf(event);
    if (event.pointerType !== "touch" && code !== null) on.preview(code);
  });
  list.addEventListener("pointerleave", () => {
    if (!touch) on.preview(null);
    on.leave();
  });
  list.addEventListener("pointerdown", (event) => {
    touch = event.pointerType === "touch";
    down = touch ? { code: codeOf(event), y: event.clientY } : null;
  });
  list.addEventListener("pointercancel", () => {
    down = null;
  });
  list.addEventListener("pointerup", (event) => {
    const still = down && Math.abs(event.clientY - down.y) < STILL;
    if (down && still && down.code === codeOf(event)) {
      lifted = event.timeStamp;
      take(down.code);
    }
    down = null;
  });
  list.addEventListener("click", (event) => {
    if (event.timeStamp - lifted > AFTER_LIFT) take(codeOf(event));
  });
  list.addEventListener("focusin", (event) => {
    const code = codeOf(event),
      { target } = event;
    if (code === null || !(target instanceof Element) || !target.matches(":focus-visible")) return;
    palette.activate(code);
    on.preview(code);
  });
  list.addEventListener("focusout", (event) => {
    if (!list.contains(/** @type {Node | null} */ (event.relatedTarget))) on.leave();
  });
  list.addEventListener("keydown", (event) => {
    const code = codeOf(event);
    if (code === null) return;
    const { order, columns, line, place } = palette,
      page = columns * Math.max(1, Math.floor(list.clientHeight / line) - 1),
      n = place.get(code) ?? 0,
      arrow = ARROWS[event.key],
      far = { PageUp: n - page, PageDown: n + page, Home: 0, End: order.length - 1 },
      to = arrow ? n + arrow[0] * columns + arrow[1] : far[event.key];
    if (to !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
      const next = order[Math.min(order.length - 1, Math.max(0, to))];
      palette.focus(next);
      on.preview(next);
    } else if (event.key === "Enter" || event.key === " ") on.take(code);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
