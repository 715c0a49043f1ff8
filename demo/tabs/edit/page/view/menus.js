// The menus: one closes once something in it is chosen or anything beside it is pressed, and what it
// lists stays within the window.

import { closest, find } from "../../../../page/dom.js";

const MARGIN = 8; // CSS pixels to the edges of the window

/** @param {HTMLElement} root */
export function tendMenus(root) {
  document.addEventListener("click", (event) => {
    for (const menu of root.querySelectorAll("details.menu[open]")) {
      const within = event.target instanceof Node && menu.contains(event.target);
      if (!within || closest(event, "[data-do]")) menu.removeAttribute("open");
    }
  });
  for (const menu of root.querySelectorAll("details.menu"))
    find(menu, "summary").addEventListener("click", (event) => {
      event.preventDefault(); // opened here, so that nobody sees it out of place
      if (menu.toggleAttribute("open")) place(menu);
    });
}

/** Below its word, or above it where there is no room; never beyond the sides. @param {Element} menu */
function place(menu) {
  const list = find(menu, "div", HTMLElement),
    { clientWidth, clientHeight } = document.documentElement;
  list.style.translate = "none";
  const word = menu.getBoundingClientRect(),
    { left, right, top, bottom } = list.getBoundingClientRect(),
    across = Math.max(MARGIN - left, Math.min(0, clientWidth - MARGIN - right)),
    rise = bottom + top - word.top - word.bottom,
    isCut = bottom > clientHeight && top - rise >= 0;
  list.style.translate = `${across}px ${isCut ? -rise : 0}px`;
}
