// The card of the code that the selected cell holds.

import { makeCard } from "../../../../page/codes/card.js";
import { onChange, placeOf, ref } from "./paint.js";

/** @typedef {import("../state/state.js").State} State */

const REST = 60; // ms: its neighbours are looked for once the selection has come to rest

/**
 * @param {HTMLElement} root
 * @param {{preview: (code: number | null) => void, put: (code: number) => void}} on
 */
export function makeMet(root, { preview, put }) {
  const card = makeCard(ref(root, "card"), { on: "edit", onLook: preview, onPut: put });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;

  /** @param {State} state */
  function show({ info, side: { flat, cursor } }) {
    const code = flat[cursor],
      times = flat.filter((/** @type {number} */ one) => one === code).length,
      place = placeOf(cursor, info.w);
    const where = times > 1 ? `${place}, in ${times} cells of this grid` : place;
    card.show({ model: info.model, code, where });
  }

  const changed = onChange(
    ({ info, side: { flat, cursor } }) => [info, cursor, flat.join()],
    (state) => {
      clearTimeout(resting);
      resting = setTimeout(() => state.side.isOpen && show(state), REST);
    },
  );
  return {
    /** @param {State} state */
    render(state) {
      if (state.side.isOpen) changed(state);
    },
  };
}
