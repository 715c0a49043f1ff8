// The card that opens beside the cell or the code that was clicked. It takes nothing over: the page
// goes on behind it, and it closes with Escape, with its button, or with a click elsewhere.

import { calm, make } from "../dom.js";
import { makeCard } from "./card.js";
import { libraryOf } from "./library.js";
import { opensWith } from "./opening.js";

const GAP = 12; // pixels between the card and what it stands beside, and the edge of the window

/** @typedef {import("./opening.js").Side} Side */

/** @param {HTMLElement} box */
export function makeBeside(box) {
  const card = makeCard(box);
  const shut = make("button", "vq-code-close", { type: "button", "aria-label": "Close" }, "×");
  box.prepend(shut);
  card.title.id = "vq-code-beside-title";
  box.setAttribute("aria-labelledby", card.title.id);
  /** @type {Event | null} the click that is being answered */
  let answering = null;
  /** @type {Element | null} */
  let anchor = null;
  /** @type {Side[]} */
  let sides = [];
  /** @type {HTMLElement | null} where the focus was */
  let from = null;

  // The anchor may be laid out anew, or its tab be left.
  const watch = new ResizeObserver(() => {
    if (anchor && !anchor.getClientRects().length) close();
    else place();
  });

  function close() {
    if (box.hidden) return;
    const back = box.contains(document.activeElement) ? from : null;
    box.hidden = true;
    document.body.classList.remove("vq-code-open");
    watch.disconnect();
    anchor = null;
    back?.focus({ preventScroll: true });
  }

  // In the page's own coordinates, so that it scrolls with what it stands beside: at the first side
  // that has room for it and where the lesson's card is not.
  function place() {
    if (!anchor || box.hidden || getComputedStyle(box).position === "fixed") return;
    const at = anchor.getBoundingClientRect(),
      { offsetWidth: width, offsetHeight: height } = box;
    const wide = document.documentElement.clientWidth,
      tall = window.innerHeight;
    const within = (
      /** @type {number} */ x,
      /** @type {number} */ size,
      /** @type {number} */ all,
    ) => Math.max(GAP, Math.min(x, all - size - GAP));
    const across = within(at.left, width, wide),
      down = within(at.top, height, tall);
    /** @type {Record<Side, {room: number, left: number, top: number}>} */
    const places = {
      below: { room: tall - at.bottom - height, left: across, top: at.bottom + GAP },
      above: { room: at.top - height, left: across, top: at.top - GAP - height },
      left: { room: at.left - width, left: at.left - GAP - width, top: down },
      right: { room: wide - at.right - width, left: at.right + GAP, top: down },
    };
    const lesson = document.querySelector("#vq-guide .vl:not([hidden])")?.getBoundingClientRect();
    const free = (/** @type {Side} */ side) => {
      const { room, left, top } = places[side];
      const behind = lesson && left + width > lesson.left && top + height > lesson.top;
      return room >= 2 * GAP && !behind;
    };
    const { left, top } = places[sides.find(free) ?? sides[0]];
    const origin = /** @type {Element} */ (
      box.offsetParent ?? document.body
    ).getBoundingClientRect();
    box.style.left = `${within(left, width, wide) - origin.left}px`;
    box.style.top = `${top - origin.top}px`;
  }

  // A sheet on a phone: what was tapped comes out from behind it.
  function uncover() {
    if (!anchor || getComputedStyle(box).position !== "fixed") return;
    const at = anchor.getBoundingClientRect(),
      sheet = box.getBoundingClientRect();
    const by = Math.min(at.bottom - sheet.top + GAP, at.top - GAP);
    if (by > 0) window.scrollBy({ top: by, behavior: calm() ? "auto" : "smooth" });
  }

  opensWith((met, event, beside, order = ["below", "right", "left", "above"]) => {
    const byKey = event instanceof KeyboardEvent || (event instanceof MouseEvent && !event.detail);
    answering = event;
    if (!box.contains(document.activeElement))
      from = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    anchor = beside;
    sides = order;
    box.hidden = false;
    document.body.classList.add("vq-code-open");
    card.show(met);
    place();
    libraryOf(met.model).then(uncover, () => undefined); // by then it has its full height
    watch.disconnect();
    watch.observe(beside);
    watch.observe(box);
    if (byKey) shut.focus({ preventScroll: true });
  });

  shut.addEventListener("click", close);
  document.addEventListener("click", (event) => {
    const inside = event.target instanceof Node && event.composedPath().includes(box);
    if (!inside && event !== answering) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || box.hidden || event.defaultPrevented) return;
    event.preventDefault();
    close();
  });
}
