// Brings a part of the page to where the card of the lesson does not lie: the card takes the foot of
// the window, and the page's end is padded by as much.

import { calm } from "../dom.js";

/** What a person does who goes elsewhere: from then on the page stays where they put it. */
const ACTS = ["wheel", "touchmove", "pointerdown", "keydown"];
/** Milliseconds: between two looks, as long as content may come in above, and of a smooth scroll. */
const EVERY = 150,
  PATIENCE = 12_000,
  SMOOTH = 900;
/** Pixels that a part may be off its place, and that it begins below the window's top. */
const NEAR = 4,
  MARGIN = 20;

/** Ends the one that is under way: there is one at a time. @type {() => void} */
let stop = () => undefined;

/** Tells the page how much of the window the card takes (theme.css). @param {HTMLElement} card */
export function makeRoom(card) {
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--vq-card", `${card.offsetHeight}px`);
  }).observe(card);
}

/** The height of the window above the card. @param {HTMLElement} card */
export const roomAbove = (card) => window.innerHeight - card.offsetHeight;

/**
 * Scrolls the first part's beginning to the window's top, with as many of the others as fit beside
 * it, unless all of that is in sight; again whenever what has come in above moves it, until a person
 * does something.
 * @param {() => Element[]} parts those that can be seen now @param {HTMLElement} card
 * @param {{smooth?: boolean}} [how] @returns {() => void} ends it
 */
export function bring(parts, card, { smooth = false } = {}) {
  stop();
  let first = true,
    arrives = 0,
    until = Infinity; // counted from when the part is there

  function look() {
    const now = performance.now(),
      found = parts(),
      room = roomAbove(card);
    if (now > until) end();
    if (!found.length || now < arrives) return;
    until = Math.min(until, now + PATIENCE);
    let { top, bottom } = found[0].getBoundingClientRect();
    for (const other of found.slice(1)) {
      const box = other.getBoundingClientRect(),
        [high, low] = [Math.min(top, box.top), Math.max(bottom, box.bottom)];
      if (low - high <= room - 2 * MARGIN) [top, bottom] = [high, low];
    }
    // more where a bar of the page sticks to the top, as its style says
    const margin = Math.max(MARGIN, parseFloat(getComputedStyle(found[0]).scrollMarginTop) || 0);
    if ((top >= 0 && bottom <= room) || Math.abs(top - margin) <= NEAR) return;
    const isLast = window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 1;
    if (isLast && top >= 0 && top < room) return; // there is no more to scroll
    const soft = smooth && first && !calm();
    first = false;
    arrives = now + (soft ? SMOOTH : 0);
    window.scrollTo({ top: top + window.scrollY - margin, behavior: soft ? "smooth" : "auto" });
  }
  /** @param {Event} event */
  function act(event) {
    const within = event.target instanceof Node && card.contains(event.target);
    if (until < Infinity && !within) end();
  }
  const timer = setInterval(look, EVERY);
  function end() {
    clearInterval(timer);
    for (const type of ACTS) document.removeEventListener(type, act, true);
  }
  for (const type of ACTS) document.addEventListener(type, act, { capture: true, passive: true });
  stop = end;
  look();
  return end;
}
