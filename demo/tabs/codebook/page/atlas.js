// The atlas: every code as a patch on one canvas, similar ones together. One tab stop, arrows move.

import { ARROWS, contextOf, find } from "../../../page/dom.js";
import { imageOf } from "../../../page/packed.js";
import { canvasPart, saveSvg, saveUrl, stackSvg } from "./saving.js";
import { grouped } from "./usage.js";

/** @param {HTMLElement} root @param {import("./main.js").Shared} shared */
export function makeAtlas(root, { onCode, state }) {
  const part = find(root, ".vc-atlas"),
    sheet = find(part, ".vc-sheet");
  const canvas = find(sheet, "canvas", HTMLCanvasElement);
  const ring = find(part, ".vc-ring"),
    note = find(part, ".vc-atlas-note");
  /** @typedef {{image: HTMLImageElement, columns: number, tile: number}} Sheet */
  /** @type {number[][]} */
  let places = [];
  /** @type {Map<number, number[]>} a code's row and column */
  let at = new Map();
  /** @type {Sheet | null} */
  let alone = null;
  /** @type {Sheet & {seen: boolean[]} | null} */
  let drawn = null;
  let cell = 1,
    show = "plain",
    look = "drawn",
    width = 0;

  async function open(answer) {
    drawn = null;
    alone = {
      image: await imageOf(answer.sheet.png),
      columns: answer.sheet.columns,
      tile: answer.tile,
    };
    places = answer.places;
    at = new Map();
    places.forEach((row, r) =>
      row.forEach((code, c) => {
        if (code >= 0) at.set(code, [r, c]);
      }),
    );
    width = 0;
    paint();
  }
  // How the codes look in pictures takes longer to make, so it comes after the rest.
  async function dress(answer) {
    drawn = {
      image: await imageOf(answer.png),
      columns: answer.columns,
      tile: answer.tile,
      seen: answer.seen,
    };
    paint();
    tell(null);
  }
  // Where a code is drawn from: from the pictures that hold it, or alone where none does.
  const sheetOf = (code) => (look === "drawn" && drawn && drawn.seen[code] ? drawn : alone);

  /**
   * @param {CanvasRenderingContext2D} context @param {Sheet} from @param {number} code
   * @param {number} x @param {number} y @param {number} size on the canvas
   */
  function drawPatch(context, { image, columns, tile }, code, x, y, size) {
    const left = (code % columns) * tile,
      top = Math.floor(code / columns) * tile;
    context.drawImage(image, left, top, tile, tile, x, y, size, size);
  }
  // The cell's side: a whole number of screen pixels, so that every patch is drawn alike.
  function fits() {
    const room = sheet.parentElement?.clientWidth;
    if (!places.length || !room) return 0;
    return Math.max(
      2,
      Math.min(Math.floor(room / places[0].length), Math.floor(560 / places.length), 96),
    );
  }
  function paint() {
    cell = fits();
    if (!cell || !alone) return;
    const ratio = Math.max(1, Math.round(window.devicePixelRatio || 1));
    const side = cell * ratio,
      gap = side >= 10 ? ratio : 0,
      counts = state.counts || [];
    const top = Math.log1p(counts.reduce((most, n) => Math.max(most, n), 1));
    canvas.width = places[0].length * side;
    canvas.height = places.length * side;
    canvas.style.width = `${places[0].length * cell}px`;
    canvas.style.height = `${places.length * cell}px`;
    sheet.style.width = canvas.style.width;
    const context = contextOf(canvas);
    context.imageSmoothingEnabled = false;
    for (const [code, [r, c]] of at) {
      const use = Math.log1p(counts[code] || 0) / top;
      const size =
        show === "size"
          ? Math.max(use > 0 ? 2 * ratio : 0, Math.round((side - gap) * Math.sqrt(use)))
          : side - gap;
      const inset = Math.floor((side - gap - size) / 2);
      context.globalAlpha = show === "shade" ? 0.08 + 0.92 * use : 1;
      const from = sheetOf(code);
      if (size > 0 && from)
        drawPatch(context, from, code, c * side + inset, r * side + inset, size);
    }
    context.globalAlpha = 1;
    place(state.code);
  }

  function place(code) {
    const where = at.get(code);
    ring.hidden = !where;
    if (!where) return;
    const side = Math.max(cell, 10),
      shift = (side - cell) / 2;
    ring.style.cssText = `left:${where[1] * cell - shift}px;top:${where[0] * cell - shift}px;width:${side}px;height:${side}px`;
  }
  function tell(code) {
    const counts = state.counts || [];
    const patch =
      look === "drawn" && drawn && drawn.seen.some(Boolean)
        ? "Each patch is the average of the stored pictures around cells that use the code; codes that no picture uses are decoded alone."
        : "Each patch is what the decoder draws where nothing but this code is.";
    const use = {
      plain: "",
      shade: " Faint ones are rarely chosen; what cannot be seen is dead.",
      size: " Large ones are chosen often; a gap is a dead code.",
    }[show];
    note.textContent =
      code === null ? patch + use : `Code ${code}: chosen ${grouped(counts[code] || 0)} times`;
  }
  function under(event) {
    const box = canvas.getBoundingClientRect();
    const row = places[Math.floor((event.clientY - box.top) / cell)];
    const code = row && row[Math.floor((event.clientX - box.left) / cell)];
    return code === undefined || code < 0 ? null : code;
  }
  canvas.addEventListener("pointermove", (event) => tell(under(event)));
  canvas.addEventListener("pointerleave", () => tell(null));
  canvas.addEventListener("click", (event) => {
    const code = under(event);
    if (code === null) return;
    onCode(code);
    tell(code); // a finger does not point before it taps
  });
  sheet.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    const from = at.get(state.code);
    if (!step || !from) return;
    event.preventDefault();
    const code = (places[from[0] + step[0]] || [])[from[1] + step[1]];
    if (code !== undefined && code >= 0) {
      onCode(code);
      tell(code);
    }
  });
  new ResizeObserver(() => {
    if (part.clientWidth !== width) {
      width = part.clientWidth;
      if (fits() !== cell) paint();
    }
  }).observe(part);

  return {
    open,
    dress,
    paint,
    mark: place,
    tell,
    set(how) {
      show = how;
      paint();
      tell(null);
    },
    dressAs(how) {
      look = how;
      paint();
      tell(null);
    },
    // `how`: as the atlas shows it now, or always "alone", or "drawn" in pictures where any holds
    // it.
    tileOf(code, target, how = look) {
      const from = how === "drawn" && drawn && drawn.seen[code] ? drawn : alone;
      if (!from) return target;
      target.width = target.height = from.tile;
      drawPatch(contextOf(target), from, code, 0, 0, from.tile);
      return target;
    },
    inPictures: (code) => Boolean(drawn?.seen[code]),
    save: (format) =>
      alone &&
      (format === "png"
        ? saveUrl("codebook-atlas.png", canvas.toDataURL("image/png"))
        : saveSvg(
            "codebook-atlas",
            format,
            stackSvg([canvasPart("Atlas of the codebook", canvas)]),
          )),
  };
}
