// The card of a code: its tile, how often it is chosen, the codes nearest to it, and the way on. The
// same wherever a code is met: within a tab, or beside the cell that was clicked (beside.js).

import { contextOf, make } from "../dom.js";
import { known, libraryOf, nearest, useOf } from "./library.js";
import { WORDS, ways } from "./ways.js";

const NEAREST = 6;

/** @typedef {import("./library.js").Library} Library */
/** @typedef {import("./library.js").Metric} Metric */
/** @typedef {import("./ways.js").Way} Way */

/**
 * A code, and where it was met.
 * @typedef {object} Met
 * @property {string} model its id
 * @property {number} code
 * @property {string} [where] in words
 * @property {() => void} [edit] opens that very picture in the Edit tab
 */

/**
 * @typedef {object} Options
 * @property {Way} [on] the tab that the card is a part of: it does not lead there
 * @property {boolean} [titled] whether it says which code it shows
 * @property {(code: number) => void} [onCode] a neighbour is chosen; otherwise the card shows it
 * @property {(code: number | null) => void} [onLook] a neighbour is pointed at, or none any more
 * @property {(code: number) => void} [onPut] puts a code into the selected cells
 */

const short = (/** @type {number} */ x) =>
  x >= 100 ? Math.round(x).toLocaleString("en") : x.toPrecision(2);

/**
 * Code `code` of a sheet on a canvas of exactly its size. @param {Library} library @param {number}
 * code @param {HTMLCanvasElement} canvas
 */
function drawTile({ sheet, columns, tile }, code, canvas) {
  canvas.width = canvas.height = tile;
  const left = (code % columns) * tile,
    top = Math.floor(code / columns) * tile;
  contextOf(canvas).drawImage(sheet, left, top, tile, tile, 0, 0, tile, tile);
}

/**
 * @param {HTMLElement} box what becomes the card
 * @param {Options} [options]
 */
export function makeCard(box, { on, titled = true, onCode, onLook, onPut } = {}) {
  const tile = make("canvas", "vq-code-tile", { role: "img", width: 1, height: 1 });
  const title = make("b", "vq-code-title"),
    where = make("span", "vq-code-where"),
    use = make("p", "vq-code-use", { role: "status" });
  const near = make("div", "vq-code-near", { role: "group", "aria-label": "Nearest codes" }),
    none = make("p", "vq-code-none");
  const heads = make("div", "vq-code-heads"),
    words = make("div", "vq-code-words"),
    does = make("div", "vq-code-does"),
    caption = make(
      "p",
      "vq-code-caption",
      {},
      `Nearest codes${titled ? ", by squared distance" : ""}`,
    );
  const put = make("button", "vq-code-put", { type: "button" }, "Put it into the selected cells");
  const leads = /** @type {[Way, HTMLButtonElement][]} */ (
    Object.entries(WORDS)
      .filter(([way]) => way !== on)
      .map(([way, text]) => [way, make("button", "", { type: "button" }, text)])
  );
  const head = make("p", "vq-code-head");
  head.append(title, where);
  words.append(...(titled ? [head] : []), use);
  heads.append(tile, words);
  does.append(put, ...leads.map(([, button]) => button));
  for (const button of [put, ...leads.map(([, one]) => one)]) button.hidden = true;
  box.classList.add("vq-code");
  box.append(heads, caption, near, none, does);

  /** @type {Met | null} */
  let met = null;
  /** The code that the tab told of; a neighbour may be on show in its place. */
  let told = -1;
  /** @type {Metric} */
  let metric = "euclidean";
  /** Counts other than those of the library, and what they are of. @type {{counts: number[], about: string} | null} */
  let counted = null;
  let stale = false; // what is on show is of other counts

  const slots = Array.from({ length: NEAREST }, () => {
    const button = make("button", "", { type: "button" }),
      canvas = make("canvas", "", { "aria-hidden": "true", width: 1, height: 1 });
    button.append(canvas, make("span"), make("small"));
    button.hidden = true; // until the codes are there
    const code = () => Number(button.dataset.code);
    button.addEventListener("click", () => (onCode ? onCode(code()) : neighbour(code())));
    for (const type of ["pointerenter", "focus"])
      button.addEventListener(type, () => onLook?.(code()));
    for (const type of ["pointerleave", "blur"])
      button.addEventListener(type, () => onLook?.(null));
    return button;
  });
  near.append(...slots);

  put.addEventListener("click", () => met && onPut?.(met.code));
  for (const [way, button] of leads)
    button.addEventListener("click", () => {
      if (!met) return;
      if (way === "edit" && met.edit) met.edit();
      else ways[way]?.(met.model, met.code);
    });

  /** @param {number} code */
  function neighbour(code) {
    if (!met) return;
    const { model } = met;
    turn({ model, code, where: code === told ? "" : `near code ${told}` });
  }

  /** @param {Met} now */
  function turn(now) {
    met = now;
    title.textContent = `Code ${now.code}`;
    where.textContent = now.where ?? "";
    const library = known(now.model);
    if (library) paint(library);
    else void load(now);
  }

  /** @param {Met} now */
  async function load(now) {
    use.textContent = "Reading the codes…";
    try {
      const library = await libraryOf(now.model);
      if (met === now) paint(library);
    } catch (error) {
      if (met === now) use.textContent = error.message;
    }
  }

  /** @param {Library} library */
  function paint(library) {
    if (!met) return;
    const { code } = met;
    box.dataset.code = String(code);
    drawTile(library, code, tile);
    tile.setAttribute("aria-label", `Code ${code} as the decoder draws it alone`);
    const { counts, about } = counted ?? library;
    use.textContent = useOf(counts, about, code);
    const found = nearest(library, code, NEAREST, metric);
    slots.forEach((button, n) => {
      button.hidden = !found || n >= found.length;
      if (button.hidden || !found) return;
      const [other, far] = found[n];
      button.dataset.code = String(other);
      drawTile(library, other, /** @type {HTMLCanvasElement} */ (button.firstChild));
      button.children[1].textContent = String(other);
      button.children[2].textContent = short(far);
      button.setAttribute(
        "aria-label",
        `Code ${other}, ${metric === "cosine" ? "1 − cosine" : "squared distance"} ${short(far)}`,
      );
    });
    none.textContent = found
      ? ""
      : "This codebook is too large for the page to compare its codes; “All codes as CSV” does not need the page.";
    none.hidden = !!found;
    put.hidden = !onPut || code === told;
    for (const [way, button] of leads) button.hidden = !ways[way];
  }

  return {
    title,
    tile,
    use,
    /** Shows a code; at once where its model is known by now. @param {Met} now */
    show(now) {
      const same = met && ["model", "code", "where"].every((key) => now[key] === met?.[key]);
      if (same && !stale) return;
      stale = false;
      told = now.code;
      turn(now);
    },
    /** Where the neighbours' heading is, for what a tab adds to it. */
    caption,
    /** @param {Metric} how */
    measure(how) {
      metric = how;
      if (met) turn(met);
    },
    /** Counts of other pictures from here on, or those of the library. @param {typeof counted} other */
    count(other) {
      stale ||= other?.counts !== counted?.counts;
      counted = other;
    },
  };
}
