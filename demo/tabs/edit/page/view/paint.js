// What several parts of the view draw alike.

import { find, set } from "../../../../page/dom.js";

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
  const at = `${-(code % columns) * px}px ${-Math.floor(code / columns) * px}px`;
  if (element.style.backgroundPosition !== at) element.style.backgroundPosition = at;
}

/**
 * The outline of cells over a picture, in units of cells: of several the edge around them, so that
 * the picture shows. @param {Element} path @param {Iterable<number>} cells @param {number} w
 */
export function outline(path, cells, w) {
  const within = new Set(cells),
    edges = [];
  for (const p of within) {
    const x = p % w,
      y = Math.floor(p / w);
    if (!within.has(p - w)) edges.push(`M${x} ${y}h1`);
    if (!within.has(p + w)) edges.push(`M${x} ${y + 1}h1`);
    if (!x || !within.has(p - 1)) edges.push(`M${x} ${y}v1`);
    if (x === w - 1 || !within.has(p + 1)) edges.push(`M${x + 1} ${y}v1`);
  }
  set(path, "d", edges.join(""));
}

export const placeOf = (/** @type {number} */ p, /** @type {number} */ w) =>
  `row ${Math.floor(p / w) + 1}, column ${(p % w) + 1}`;
