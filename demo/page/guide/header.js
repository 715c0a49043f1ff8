// The popover with the facts of the model, below its button; and the buttons that lead on from a
// model without codes (codeless.py).

import { go } from "./address.js";

/** Opens and closes it. */
export function followHeader() {
  const box = () => document.querySelector("#vq-about"),
    opener = () => document.querySelector("#vq-about-open");

  /** @param {boolean} open */
  function set(open) {
    box()?.toggleAttribute("data-open", open);
    opener()?.setAttribute("aria-expanded", String(open));
  }
  const isOpen = () => box()?.hasAttribute("data-open") ?? false;

  set(false);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const on = event.target.closest(".vq-codeless button");
    if (on instanceof HTMLElement) {
      const { choose, open } = on.dataset;
      if (choose) go({ model: choose });
      const tab = document.querySelector(`#vq-tab-${open}-button`);
      if (tab instanceof HTMLElement) tab.click();
    }
    if (event.target.closest("#vq-about-open")) set(!isOpen());
    else if (isOpen() && !event.target.closest("#vq-about")) set(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    set(false);
    const button = opener();
    if (button instanceof HTMLElement) button.focus();
  });
}
