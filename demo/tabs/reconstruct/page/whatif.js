// "What if the model had fewer codes, or a finer grid?" A small model for each answer, computed in
// the page on the picture that is on show. Their weights are fetched once a slider is moved: the
// first page waits for none of them.

import { bytesOfPicture, engineFor } from "../../../page/engine.js";
import { find } from "../../../page/dom.js";
import { clear, paintPixels } from "../../../page/pixels.js";
import { makeChallenge } from "./challenge.js";

/**
 * @typedef {object} Mini demo.models.minis
 * @property {object} config @property {string} weights
 * @property {number} codes @property {number} side @property {number} bits @property {number} psnr
 */

const SIZE = { height: 28, width: 28, channels: 1 };
const CEILING = 99.9; // dB; the engine's PSNR ends at 100
const unique = (/** @type {number[]} */ all) => [...new Set(all)].sort((a, b) => a - b);
const count = (/** @type {number} */ number) => Math.round(number).toLocaleString("en");

/** @param {HTMLElement} root @param {Mini[]} minis */
export function makeWhatIf(root, minis) {
  const section = find(root, ".vr-whatif"),
    canvas = find(section, "canvas", HTMLCanvasElement);
  const codes = find(section, '[name="codes"]', HTMLInputElement),
    side = find(section, '[name="side"]', HTMLInputElement);
  const figures = find(section, ".vr-whatif-figures"),
    said = find(section, ".vr-whatif-said");
  const K = unique(minis.map((mini) => mini.codes)),
    S = unique(minis.map((mini) => mini.side));
  /**
   * What goes into the model on show, 0 to 255; null where there is nothing to see. @type
   * {ArrayLike<number> | null}
   */
  let input = null;
  /** @type {any} */
  let model = null;
  let touched = false,
    asked = 0;

  const challenge = makeChallenge(section, minis);

  codes.max = String(K.length - 1);
  side.max = String(S.length - 1);

  const chosen = () =>
    minis.find(
      (mini) => mini.codes === K[Number(codes.value)] && mini.side === S[Number(side.value)],
    );

  function tell() {
    const mini = chosen();
    if (!mini) return;
    const grid = `${mini.side} × ${mini.side}`;
    find(section, '[data-of="codes"]').textContent = codes.ariaValueText = String(mini.codes);
    find(section, '[data-of="side"]').textContent = side.ariaValueText = grid;
    const instead =
      mini.bits === model?.bits_after ? "" : `, instead of ${count(model.bits_after)}`;
    said.textContent = touched
      ? `${mini.side ** 2} cells, each one of ${mini.codes} codes: ${mini.side ** 2} × ${Math.log2(mini.codes)} = ` +
        `${count(mini.bits)} bits${instead}. Over all test digits, this small model reaches ${mini.psnr.toFixed(1)} dB.`
      : "Move a slider: a small model with these settings redraws your picture.";
  }

  async function draw() {
    const mini = chosen(),
      mine = ++asked;
    if (!touched || !mini || section.hidden) return;
    if (!input) {
      clear(canvas);
      figures.textContent = "";
      return;
    }
    const pixels = Float32Array.from(input, (value) => value / 255);
    const engine = await engineFor(mini);
    if (mine !== asked) return;
    if (!engine) {
      figures.textContent = "This browser cannot run the small models.";
      return;
    }
    try {
      const answer = await engine.ask("reconstruct", [pixels], { lane: "what if" });
      if (!answer || mine !== asked) return;
      paintPixels(canvas, bytesOfPicture(answer.recon), SIZE);
      challenge.tell(mini, answer.psnr);
      figures.textContent = `${count(mini.bits)} bits, ${answer.psnr >= CEILING ? "∞" : answer.psnr.toFixed(1)} dB`;
    } catch (error) {
      figures.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  for (const slider of [codes, side]) {
    slider.addEventListener("input", () => {
      touched = true;
      tell();
      void draw();
    });
  }

  return {
    /** Which model is on show: there are small ones of MNIST alone. @param {any} answer */
    open(answer) {
      model = answer;
      section.hidden = !minis.length || answer.style?.name !== "MNIST";
      tell();
    },
    /** @param {ArrayLike<number> | null} pixels */
    show(pixels) {
      const same = pixels && input && Array.from(pixels).every((value, n) => value === input?.[n]);
      input = pixels;
      if (!same) challenge.renew();
      void draw();
    },
  };
}
