// Outlines what a card of the lesson speaks of, as soon as it is there, and brings the first of it
// into view.

import { find } from "../dom.js";
import { bring } from "./bring.js";
import { openTab } from "./tabs.js";

const LOOK = "vq-look",
  EVERY = 150;

/**
 * @param {import("./cards.js").Card} card @param {string} id its name
 * @param {HTMLElement} box the card on the page
 * @returns {() => void} takes the outline away
 */
export function outline(card, id, box) {
  const smooth = openTab() === card.tab;
  /** @param {string} selector */
  const visible = (selector) => {
    const part = document.querySelector(selector);
    return openTab() === card.tab && part?.checkVisibility() ? [part] : [];
  };
  const parts = () => card.look.flatMap(visible);
  const ways = [...box.querySelectorAll(`[data-card="${id}"] li:has([data-bring])`)];
  let entered = false;

  function look() {
    for (const one of parts()) one.classList.add(LOOK);
    // What is not on the page, as recorded runs for whoever has runs of their own, is not named.
    for (const way of ways)
      way.toggleAttribute("hidden", !visible(find(way, "[data-bring]").dataset.bring ?? "").length);
    if (entered || !visible(card.look[0]).length) return;
    entered = true;
    card.enter?.();
  }
  const timer = setInterval(look, EVERY),
    stay = bring(parts, box, { smooth });
  return () => {
    clearInterval(timer);
    stay();
    for (const one of document.querySelectorAll(`.${LOOK}`)) one.classList.remove(LOOK);
  };
}
