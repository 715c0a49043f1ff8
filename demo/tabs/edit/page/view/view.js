// The page of the editor: `render` shows a state. Its parts know the state and their own elements,
// and nothing of each other.

import { pngOf } from "../../../../page/packed.js";
import { Board } from "./board.js";
import { makeChallenge } from "./challenge.js";
import { Gestures } from "./gestures.js";
import { makeMet } from "./met.js";
import { Palette } from "./palette.js";
import { listenTo } from "./palette_hands.js";
import { onChange, ref } from "./paint.js";
import { makePicture } from "./picture.js";
import { makePrior } from "./prior.js";
import { Steps } from "./steps.js";
import { makeToolbar } from "./toolbar.js";

/** @typedef {import("../state/state.js").State} State */

/**
 * What the view tells of.
 * @typedef {import("./gestures.js").Told & import("./palette_hands.js").Told & {seen: (codes:
 *   number[]) => void, put: (code: number) => void, tryChoice: (n: number | null) => void, takeChoice: (n: number) => void}} Told
 */

const MANY = 10; // cells in a row: with more they are small for a finger

export class View {
  /**
   * @param {HTMLElement} root @param {State} state
   * @param {import("../commands.js").Command[]} commands @param {Told} on
   */
  constructor(root, state, commands, on) {
    const palette = new Palette(root, on.seen),
      a = new Board(ref(root, "gridA"), "Grid", "a"),
      b = new Board(ref(root, "gridB"), "Second grid", "b");
    new Gestures(a, state, state.a, on);
    new Gestures(b, state, state.b, on);
    listenTo(palette, on);
    const always = [
      palette,
      makePicture(root),
      makePrior(root, on.tryChoice, on.takeChoice),
      new Steps(root, on),
      makeMet(root, on),
      makeToolbar(root, commands),
      makeChallenge(root),
    ];
    this.palette = palette;
    this.boards = { a, b };

    const adopt = onChange(
      ({ info }) => [info],
      ({ info: { sheet } }) => {
        root.style.setProperty("--sheet", `url("${pngOf(sheet.png)}")`);
        root.style.setProperty("--sheet-columns", String(sheet.columns));
        root.style.setProperty("--sheet-rows", String(sheet.rows));
      },
    );
    const layOut = onChange(
      ({ two, info }) => [two, info],
      ({ two, info }) => {
        ref(root, "flow").classList.toggle("two", two);
        ref(root, "flow").classList.toggle("fine", info.w > MANY);
        ref(root, "boardB").hidden = ref(root, "resultB").hidden = !two;
        for (const board of [a, b]) board.size();
      },
    );

    /** @param {State} shown */
    this.render = (shown) => {
      if (!shown.info.model) return;
      adopt(shown);
      layOut(shown);
      a.render(shown);
      // Most people never open a second grid: its cells are made when somebody does.
      if (shown.two) b.render(shown);
      for (const part of always) part.render(shown);
    };
  }

  /** The keyboard goes to the selected cell. @param {State} state */
  focusCell({ side }) {
    this.boards[side.id].focus(side.cursor);
  }

  /** The keyboard goes to the code that the selected cell holds. @param {State} state */
  focusCode({ side }) {
    this.palette.focus(side.flat[side.cursor]);
  }
}
