// A challenge under the sliders: predict, try, and see what was measured of this very picture.

import { find } from "../../../page/dom.js";

const BUDGET = 200; // bits

/** @typedef {import("./whatif.js").Mini} Mini */

/** @param {HTMLElement} section @param {Mini[]} minis */
export function makeChallenge(section, minis) {
  const box = find(section, ".vr-challenge"),
    found = find(box, ".vr-tried");
  /** @type {Map<Mini, number>} dB of what was tried within the budget on this picture */
  const tried = new Map();
  const within = minis.filter((mini) => mini.bits <= BUDGET);
  /** The finest grid and the coarsest one, each with as many codes as the budget allows. */
  const sides = within.map((mini) => mini.side);
  const most = (/** @type {number} */ side) =>
    within.filter((mini) => mini.side === side).reduce((a, b) => (a.codes > b.codes ? a : b));
  const rivals = within.length ? [most(Math.min(...sides)), most(Math.max(...sides))] : [];

  const named = (/** @type {Mini} */ mini) => `${mini.side ** 2} cells of ${mini.codes} codes`;
  const dB = (/** @type {number} */ psnr) => `${psnr.toFixed(1)} dB`;

  function tell() {
    const [best] = [...tried].sort((a, b) => b[1] - a[1]);
    if (!best) {
      found.textContent = "";
      return;
    }
    const text = `Best so far: ${dB(best[1])} with ${named(best[0])}, ${best[0].bits} bits.`;
    const measured = rivals.map((mini) => tried.get(mini));
    const [few, many] = measured;
    const predicted = box.querySelector("input:checked");
    if (few === undefined || many === undefined || !(predicted instanceof HTMLInputElement)) {
      found.textContent = text;
      return;
    }
    const winner = many > few ? "many" : "few";
    found.textContent =
      `${text} ${named(rivals[0])} give ${dB(few)}, ${named(rivals[1])} ${dB(many)}: your prediction was ` +
      `${predicted.value === winner ? "right" : "wrong"}.`;
  }
  box.addEventListener("change", tell);
  box.hidden = rivals.length < 2 || rivals[0] === rivals[1];

  return {
    /** What a setting gave. @param {Mini} mini @param {number} psnr */
    tell(mini, psnr) {
      if (mini.bits <= BUDGET) tried.set(mini, psnr);
      tell();
    },
    /** Another picture: all is open again. */
    renew() {
      tried.clear();
      tell();
    },
  };
}
