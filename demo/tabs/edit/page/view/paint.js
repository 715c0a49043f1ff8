// What several parts of the view draw alike.

import { find, set } from "../../../../page/dom.js";

export { hide, put, set, write } from "../../../../page/dom.js";

/** @typedef {import("../state/state.js").State} State */

/**
 * An element of the editor by its name in edit.html. @template {Element} [Kind=HTMLElement]
 * @param {ParentNode} root @param {string} name @param {abstract new (...args: any[]) => Kind} [kind]
 */
export const ref = (root, name, kind) => find(root, `[data-ref="${name}"]`, kind);

/**
 * Draws only where one of its inputs is another one than last time.
 * @param {(state: State) => unknown[]} inputs @param {(state: State) => void} draw
 */
export function onChange(inputs, draw) {
  /** @type {unknown[] | undefined} */
  let last;
  return (/** @type {State} */ state) => {
    const now = inputs(state),
      isSame = last?.every((value, n) => value === now[n]);
    last = now;
    if (!isSame) draw(state);
  };
}

/**
 * Shows a code in an element whose background is the sheet of all codes, `px` CSS pixels a tile.
 * @param {HTMLElement} element @param {number} code @param {number} columns @param {number} px
 */
export function showTile(element, code, columns, px) {
  element.style.backgroundPosition = `${-(code % columns) * px}px ${-Math.floor(code / columns) * px}px`;
}

/**
 * The outline of cells over a picture: a path in units of cells. @param {Element} path
 * @param {Iterable<number>} cells @param {number} w
 */
export function outline(path, cells, w) {
  const square = (/** @type {number} */ p) => `M${p % w} ${Math.floor(p / w)}h1v1h-1z`;
  set(path, "d", Array.from(cells, square).join(""));
}

export const placeOf = (/** @type {number} */ p, /** @type {number} */ w) =>
  `row ${Math.floor(p / w) + 1}, column ${(p % w) + 1}`;
