// The pictures of the grids: the input, what the decoder makes of the codes, what has changed, the
// figures about it, and the selected cells over it.

import { find, hide, set, write } from "../../../../page/dom.js";
import { paintMap, paintPixels } from "../../../../page/pixels.js";
import { difference, psnr } from "../state/measure.js";
import { onChange, outline, ref } from "./paint.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("../state/side.js").Pixels} Pixels */

const decibels = (/** @type {number} */ x) => (x === Infinity ? "equal" : `${x.toFixed(1)} dB`);

/**
 * What is shown of the first grid: its pixels or a map, and what it is. @param {State} state
 * @returns {{pixels?: Pixels, map?: ArrayLike<number>, peak?: number, says: string}}
 */
function chosen(state) {
  const { view, cell, info, a } = state,
    shown = state.pictureOf(a) ?? a.before,
    effect = cell?.effect,
    count = info.height * info.width;
  if (view === "before") return { pixels: a.before, says: "The picture before your edits." };
  if (view === "difference") {
    const { values, peak } = difference(shown, a.before, info);
    return { map: values, peak, says: "Change in brightness since before your edits, 0 to 1." };
  }
  if (view !== "effect") return { pixels: shown, says: "The decoder’s picture of this grid." };
  if (!effect)
    return { map: new Uint8Array(count), says: "Measuring what the selected cell can change…" };
  const { map, peak, tried, moved } = effect;
  return {
    map,
    peak,
    says: `With ${tried} other codes tried here, ${moved} of ${count} pixels changed.`,
  };
}

/** @param {HTMLElement} root */
export function makePicture(root) {
  const canvas = (/** @type {string} */ name) => ref(root, name, HTMLCanvasElement),
    tell = (/** @type {string} */ name, /** @type {string} */ text) => {
      write(ref(root, name), text);
    };

  const input = onChange(
    ({ a, info }) => [a.input, info],
    ({ a, info }) => paintPixels(canvas("input"), a.input, info),
  );
  const tellAbout = onChange(
    ({ a }) => [a.source, a.input],
    ({ a }) => {
      const { about, standIn } = a.source,
        codes =
          psnr(a.before, a.input) === Infinity
            ? "these codes."
            : "the stored codes, and the grid is that picture encoded again.";
      tell(
        "about",
        standIn
          ? `${about[0].toUpperCase()}${about.slice(1)}. No original is stored: the input is the model’s own picture of ${codes}`
          : about,
      );
    },
  );
  const second = onChange(
    (state) => [state.pictureOf(state.b)],
    (state) => paintPixels(canvas("pictureB"), state.pictureOf(state.b) ?? [], state.info),
  );
  const figures = onChange(
    ({ a }) => [a.pixels, a.before, a.input],
    ({ a }) => {
      const is = psnr(a.pixels ?? a.before, a.input),
        was = psnr(a.before, a.input),
        same = was === is || Math.abs(was - is) < 0.05,
        fromEqual = was === Infinity || is === Infinity;
      tell("psnr", decibels(is));
      if (same) tell("cost", "none");
      else if (fromEqual) tell("cost", `from equal to ${decibels(is)}`);
      else tell("cost", `${was > is ? "−" : "+"}${Math.abs(was - is).toFixed(1)} dB`);
    },
  );
  const result = onChange(
    ({ a, view, preview, cell }) => [a.pixels, a.before, view, preview, view === "effect" && cell],
    (state) => {
      const { info, preview, view } = state,
        { pixels, map, peak, says } = chosen(state),
        about = preview?.exact ? "" : ", approximate: only its own patch is laid in";
      if (pixels) paintPixels(canvas("picture"), pixels, info);
      else if (map) paintMap(canvas("picture"), map, info);
      tell("says", preview ? `Preview of ${preview.what}${about}.` : says);
      tell("peak", peak === undefined ? "" : peak.toFixed(2));
      ref(root, "says").classList.toggle("previewing", !!preview);
      hide(ref(root, "scale"), !map);
      hide(ref(root, "reach"), view !== "effect" || !!preview);
    },
  );

  return {
    /** @param {State} state */
    render(state) {
      const { a, b, info, side, hovered } = state;
      if (!a.isOpen) return;
      tellAbout(state);
      tell("aboutB", b.source.about);
      tell("changed", `${a.changed} of ${a.flat.length}`);
      input(state);
      if (a.pixels) figures(state);
      if (a.pixels) result(state);
      if (b.pixels) second(state);
      for (const svg of ["inputMarks", "pictureMarks"].map((name) => ref(root, name, SVGElement))) {
        set(svg, "viewBox", `0 0 ${info.w} ${info.h}`);
        outline(find(svg, ".sel", SVGPathElement), side === a ? a.selection() : [], info.w);
        outline(find(svg, ".hot", SVGPathElement), hovered === null ? [] : [hovered], info.w);
      }
    },
  };
}
