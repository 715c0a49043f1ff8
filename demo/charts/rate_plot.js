// The name and the figures of a mark, in the line above the plot, for a mouse, a finger and a
// keyboard alike.

import { closest } from "../page/dom.js";

/** @param {import("../page/component.js").Component} component */
export function mount({ element }) {
  /** @param {Event} event */
  function say(event) {
    const mark = closest(event, ".vq-rate-point"),
      line = mark?.closest(".vq-rate")?.querySelector(".vq-rate-said");
    if (!mark || !line) return;
    element.querySelector(".vq-rate-on")?.classList.remove("vq-rate-on");
    mark.classList.add("vq-rate-on");
    line.classList.add("vq-of-mark");
    line.textContent = mark.getAttribute("aria-label");
  }
  for (const type of ["pointerover", "focusin", "click"]) element.addEventListener(type, say);
}
