// What each card of the lesson shows, and what unlocks the next one. Their words are in guide.html.

import { roomAbove } from "./bring.js";

/**
 * @typedef {object} Card
 * @property {string} tab where it plays
 * @property {string[]} look selectors of what it speaks of; the first is brought into view
 * @property {() => void} [enter] what is to be set once that is there
 * @property {Until} until
 */

/**
 * Calls `done` once the thing to try is done; gives what ends the wait.
 * @typedef {(done: () => void, card: HTMLElement) => (() => void)} Until
 */

/**
 * Done when one of the events comes from something that the selector names, while `when` holds.
 * @param {string[]} types @param {string} selector @param {() => unknown} [when] @returns {Until}
 */
const on =
  (types, selector, when = () => true) =>
  (done) => {
    /** @param {Event} event */
    const heard = (event) => {
      if (event.target instanceof Element && event.target.closest(selector) && when()) done();
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
 * counted. @param {string} selector @param {() => unknown} [when] @returns {Until}
 */
const changed =
  (selector, when = () => true) =>
  (done) => {
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
      else if (now && now !== before && when()) done();
    }, 200);
    return () => {
      clearInterval(timer);
      for (const type of ACTS) document.removeEventListener(type, act, true);
    };
  };
/**
 * Done when one of several is. @param {Until[]} ways @returns {Until}
 */
const either =
  (...ways) =>
  (done, card) => {
    const ends = ways.map((way) => way(done, card));
    return () => ends.forEach((end) => end());
  };

/**
 * Done when all of them are, in any order. @param {Until[]} parts @returns {Until}
 */
const all =
  (...parts) =>
  (done, card) => {
    const left = new Set(parts);
    const ends = parts.map((part) =>
      part(() => {
        left.delete(part);
        if (!left.size) done();
      }, card),
    );
    return () => ends.forEach((end) => end());
  };

/**
 * Done when one of the parts has been in view above the card. @param {string} selector @returns
 * {Until}
 */
const seen = (selector) => (done, card) => {
  const timer = setInterval(() => {
    for (const part of document.querySelectorAll(selector)) {
      const { top, bottom, height } = part.getBoundingClientRect();
      if (height && top >= 0 && bottom <= roomAbove(card)) done();
    }
  }, 200);
  return () => clearInterval(timer);
};

/** A recorded run that collapsed is chosen. */
const collapsed = () => {
  const chosen = document.querySelector("#vq-train-recordings input:checked");
  return (
    chosen instanceof HTMLInputElement && chosen.closest("label")?.textContent.includes("Collapsed")
  );
};

/** A run of the person's own is under way: no recorded one is on show. */
const unrecorded = () => !document.querySelector("#vq-train-recordings")?.checkVisibility();

/** As a click of the person's own. @param {string} selector */
function press(selector) {
  const button = document.querySelector(selector);
  if (button instanceof HTMLElement) button.click();
}

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
    until: all(changed('#vq-edit [data-ref="where"]'), seen("#vq-edit .steps li .bars")),
  },
  decode: {
    tab: "edit",
    look: ["#vq-edit .result"],
    until: on(["click"], '#vq-edit [data-view="effect"]'),
  },
  edit: {
    tab: "edit",
    look: ['#vq-edit [data-ref="undo"]', "#vq-edit .result"],
    enter: () => press('#vq-edit [data-view="picture"]'),
    until: changed('#vq-edit [data-ref="changed"]'),
  },
  learn: {
    tab: "train",
    look: ["#vq-train-charts .vq-loss"],
    until: on(["pointerover", "focusin", "click"], "#vq-train-charts .vq-term"),
  },
  collapse: {
    tab: "train",
    look: ["#vq-train-recordings", "#vq-train-preset"],
    until: either(
      changed("#vq-train-why", unrecorded),
      on(["click", "input"], "#vq-train-pictures .vq-replay", collapsed),
    ),
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
    until: all(
      on(["click"], "#vq-generate .vg-go"),
      on(["click"], "#vq-generate .vg-picks button"),
    ),
  },
};
