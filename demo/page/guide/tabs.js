// The tabs of the page: which one is on show, also in the address.

import { onMove, read, write } from "./address.js";

const BUTTONS = '#vq-tabs .tab-container:not(.visually-hidden) button[role="tab"]';

/** @returns {HTMLElement[]} */
const buttons = () =>
  [...document.querySelectorAll(BUTTONS)].filter((one) => one instanceof HTMLElement);

/** The id of the tab on show, or null while there is none. */
export const openTab = () =>
  buttons().find((one) => one.getAttribute("aria-selected") === "true")?.dataset.tabId ?? null;

/** Shows a tab; nothing happens where there is no such tab. @param {string | null} id */
export function showTab(id) {
  const button = buttons().find((one) => one.dataset.tabId === id);
  if (button && button.getAttribute("aria-selected") !== "true") button.click();
}

/** A tab as the address has it: the first one goes without saying. @param {string} id */
export const inAddress = (id) => ({ tab: id === buttons()[0]?.dataset.tabId ? null : id });

/** Says in the page which tab is on show, and scrolls the bar of tabs to it. @param {string} id */
function mark(id) {
  document.documentElement.dataset.vqTab = id;
  const button = buttons().find((one) => one.dataset.tabId === id),
    bar = button?.parentElement;
  if (button && bar)
    bar.scrollLeft = button.offsetLeft - (bar.clientWidth - button.offsetWidth) / 2;
}

/** Follows the tabs into the address and the address into the tabs, once they are there. */
export async function followTabs() {
  while (!buttons().length) await new Promise((done) => requestAnimationFrame(done));
  const first = buttons()[0].dataset.tabId ?? "";
  showTab(read("tab"));
  onMove("tab", (id) => showTab(id ?? first));
  // The tab of a link may still be on its way: only what changes from here on is written.
  let known = read("tab") ?? openTab() ?? first,
    shown = known;
  mark(known);
  function follow() {
    const now = openTab();
    // Cells and codes are selected too, in the middle of an update: nothing is measured for them.
    if (!now || now === shown) return;
    shown = now;
    mark(now);
    if (now === known) return;
    known = now;
    if (now !== (read("tab") ?? first)) write(inAddress(now));
  }
  new MutationObserver(follow).observe(document.querySelector("#vq-tabs") ?? document.body, {
    subtree: true,
    attributes: true,
    attributeFilter: ["aria-selected"],
  });
}
