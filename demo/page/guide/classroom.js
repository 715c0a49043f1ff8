// For a class: a link to what is on show, and a page that shows students no more than they are to
// touch.

import { read } from "./address.js";

const HIDE = "hide",
  CONTROLS = "controls",
  HIDDEN = "vq-plain";
const COPIED = "Copied: whoever opens it sees just this.";

/**
 * The address of what is on show. @param {string | null} model @param {boolean} plain whether
 * controls are hidden there
 */
export function classLink(model, plain) {
  const url = new URL(location.href);
  url.hash = "";
  if (model) url.searchParams.set("model", model);
  if (plain) url.searchParams.set(HIDE, CONTROLS);
  else url.searchParams.delete(HIDE);
  return url.href;
}

/** @param {() => string | null} modelOnShow */
export function makeClassroom(modelOnShow) {
  document.body.classList.toggle(HIDDEN, read(HIDE) === CONTROLS);
  document.addEventListener("click", async (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("#vq-class-link")) return;
    const said = document.querySelector("#vq-class-said"),
      plain = document.querySelector("#vq-class-hide");
    const link = classLink(modelOnShow(), plain instanceof HTMLInputElement && plain.checked);
    try {
      await navigator.clipboard.writeText(link);
      if (said) said.textContent = COPIED;
    } catch {
      // as where the page is not served by https: the link itself, to be copied by hand
      if (said) said.textContent = link;
    }
  });
}
