// What each card of the lesson shows, and what unlocks the next one. Their words are in guide.html.

/**
 * @typedef {object} Card
 * @property {string} tab where it plays
 * @property {string[]} look selectors of what it speaks of
 * @property {(done: () => void) => (() => void)} until calls `done` once the thing to try is done;
 *   gives what ends the wait
 */

/**
 * Done when one of the events comes from something that the selector names.
 * @param {string[]} types @param {string} selector @returns {Card["until"]}
 */
const on = (types, selector) => (done) => {
  /** @param {Event} event */
  const heard = (event) => {
    if (event.target instanceof Element && event.target.closest(selector)) done();
  };
  for (const type of types) document.addEventListener(type, heard, true);
  return () => {
    for (const type of types) document.removeEventListener(type, heard, true);
  };
};

/** What tells that a person does something. */
const ACTS = ["pointerdown", "keydown"];

/**
 * Done when a person has changed the text of an element; what the page puts there by itself, as while it opens, is not
 * counted. @param {string} selector @returns {Card["until"]}
 */
const changed = (selector) => (done) => {
  const text = () => document.querySelector(selector)?.textContent ?? "";
  let before = text(),
    acted = false;
  /** @param {Event} event */
  const act = (event) => {
    if (!(event.target instanceof Element && event.target.closest(".vl"))) acted = true;
  };
  for (const type of ACTS) document.addEventListener(type, act, true);
  const timer = setInterval(() => {
    const now = text();
    if (!acted) before = now;
    else if (now && now !== before) done();
  }, 200);
  return () => {
    clearInterval(timer);
    for (const type of ACTS) document.removeEventListener(type, act, true);
  };
};
/** @type {Record<string, Card>} in the order of the lesson */
export const CARDS = {
  number: {
    tab: "reconstruct",
    look: ['#vq-reconstruct [data-stage="codes"]', '#vq-reconstruct [data-stage="book"]'],
    until: on(["pointerover", "focusin", "click"], '#vq-reconstruct .vr-grid [role="gridcell"]'),
  },
  codebook: {
    tab: "codebook",
    look: ["#vq-codebook .vc-atlas", "#vq-codebook .vc-code"],
    until: changed("#vq-codebook .vq-code-use"),
  },
  nearest: {
    tab: "edit",
    look: ["#vq-edit .board.first", "#vq-edit .steps"],
    until: changed('#vq-edit [data-ref="where"]'),
  },
  decode: {
    tab: "edit",
    look: ["#vq-edit .result"],
    until: on(["click"], '#vq-edit [data-view="effect"]'),
  },
  edit: {
    tab: "edit",
    look: ["#vq-edit .board.first", "#vq-edit .palette"],
    until: changed('#vq-edit [data-ref="changed"]'),
  },
  learn: {
    tab: "train",
    look: ["#vq-train-charts .vq-loss"],
    until: on(["pointerover", "focusin", "click"], "#vq-train-charts .vq-term"),
  },
  collapse: {
    tab: "train",
    look: ["#vq-train-preset"],
    until: changed("#vq-train-why"),
  },
  rivals: {
    tab: "compare",
    look: ["#vq-compare-quantizers-figure"],
    until: on(["pointerover", "focusin", "click"], "#vq-compare-quantizers .vq-rate-point"),
  },
  prior: {
    tab: "generate",
    look: ["#vq-generate .vg-reasons"],
    until: on(["click"], '#vq-generate [data-do="another"]'),
  },
  generate: {
    tab: "generate",
    look: ["#vq-generate .vg-form"],
    until: on(["click"], "#vq-generate .vg-go"),
  },
};
