// For a class: a link to what is on show, and a page that shows students no more than they are to
// touch.

import { read } from "./address.js";

const HIDE = "hide",
  CONTROLS = "controls",
  HIDDEN = "vq-plain";
const COPIED = {
  link: "Copied: whoever opens it sees just this.",
  frame: "Copied. The app has to allow that site: start it with --allow-frame and its address.",
};

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

/**
 * What shows the address inside another page. @param {string} link
 */
export const embedLine = (link) =>
  `<iframe src="${link.replaceAll("&", "&amp;")}" width="100%" height="900" title="VQ-VAE Playground"></iframe>`;

/** @param {() => string | null} modelOnShow */
export function makeClassroom(modelOnShow) {
  document.body.classList.toggle(HIDDEN, read(HIDE) === CONTROLS);
  document.addEventListener("click", async (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("#vq-class-link, #vq-class-frame");
    if (!button) return;
    const said = document.querySelector("#vq-class-said"),
      plain = document.querySelector("#vq-class-hide");
    const link = classLink(modelOnShow(), plain instanceof HTMLInputElement && plain.checked);
    const frame = button.id === "vq-class-frame",
      text = frame ? embedLine(link) : link;
    try {
      await navigator.clipboard.writeText(text);
      if (said) said.textContent = frame ? COPIED.frame : COPIED.link;
    } catch {
      // as where the page is not served by https: the text itself, to be copied by hand
      if (said) said.textContent = text;
    }
  });
}
