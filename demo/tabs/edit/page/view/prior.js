// What the prior offers, as the state has it: four ways to fill cells, and the scale of surprise.

import { contextOf, find, hide, make, put, set, write } from "../../../../page/dom.js";
import { paintPixels } from "../../../../page/pixels.js";
import { Grid } from "../state/grid.js";
import { onChange, ref } from "./paint.js";

/** @typedef {import("../state/state.js").State} State */

const IDLE = "Lock cells that should stay, then fill the others: four ways appear above.";

/** @param {HTMLElement} root @param {(n: number | null) => void} preview @param {(n: number) => void} take */
export function makePrior(root, preview, take) {
  const choices = ref(root, "choices"),
    said = ref(root, "choicesSaid"),
    classes = ref(root, "klass", HTMLSelectElement),
    heat = ref(root, "heatSaid"),
    redraw = find(root, '[data-do="complete"]');
  const buttons = [...choices.querySelectorAll("button")];
  buttons.forEach((button, n) => {
    for (const type of ["pointerenter", "focus"]) button.addEventListener(type, () => preview(n));
    for (const type of ["pointerleave", "blur"]) button.addEventListener(type, () => preview(null));
    button.addEventListener("click", () => take(n));
  });

  /** What needs a prior, for a model that has one; in its place that it has none. */
  const adopt = onChange(
    ({ info }) => [info],
    ({ info: { prior, why } }) => {
      const names = prior?.classes ?? [];
      ref(root, "priorTools").hidden = !prior;
      ref(root, "noPrior").hidden = !!prior;
      ref(root, "noPriorSaid").textContent = why ?? "";
      ref(root, "classes").hidden = !names.length;
      classes.replaceChildren(
        make("option", "", { value: -1 }, "any"),
        ...names.map((name, n) => make("option", "", { value: n }, name)),
      );
    },
  );

  const good = (/** @type {State} */ state) =>
    state.isGood(state.choices) ? state.choices?.all : undefined;
  const show = onChange(
    (state) => [good(state), state.side.flat, state.info],
    (state) =>
      buttons.forEach((button, n) => {
        const choice = good(state)?.[n],
          canvas = find(button, "canvas", HTMLCanvasElement);
        button.disabled = !choice;
        set(button, "aria-pressed", !!choice && !Grid.differing(choice.flat, state.side.flat));
        if (choice) paintPixels(canvas, choice.pixels, state.info);
        else contextOf(canvas).reset();
      }),
  );

  /** @param {State} state */
  function tellSurprise({ side: { bits }, info: { K } }) {
    const nominal = Math.log2(K);
    write(ref(root, "heatPeak"), `${Math.max(nominal, ...(bits ?? [])).toFixed(1)} bits`);
    if (!bits) {
      write(heat, "asking the prior how likely each code is…");
      return;
    }
    const mean = bits.reduce((a, b) => a + b, 0) / bits.length;
    write(
      heat,
      `each code given all the others, ${mean.toFixed(1)} bits ` +
        `per cell here; a blind guess among ${K} codes would be ${nominal.toFixed(1)} bits.`,
    );
  }

  return {
    /** @param {State} state */
    render(state) {
      const { info, side, surprised } = state,
        waiting = state.isGood(state.waiting);
      adopt(state);
      put(classes, state.klass);
      hide(ref(root, "heat"), !surprised);
      if (!info.prior || !side.isOpen) return;
      show(state);
      write(redraw, side.selection().length > 1 ? "Redraw selected cells" : "Redraw lower half");
      set(choices, "aria-busy", waiting);
      if (good(state)) write(said, "Four ways to fill these cells.");
      else write(said, waiting ? "Drawing four ways…" : IDLE);
      if (surprised) tellSurprise(state);
    },
  };
}
