// Shows one answer: five pictures at a whole-number scale, the code grid, the figures, and one cell
// lit in all.

import { find as findIn, write } from "../../../page/dom.js";
import { makeBook } from "./book.js";
import { makeCodeGrid } from "./code_grid.js";
import { ERROR_TOP, clear, paintMap, paintPixels, sizeOf } from "../../../page/pixels.js";

const PICTURES = ["input", "recon", "unquantized"];
const dB = (/** @type {number | null} */ x) =>
  x === null ? "∞ dB, identical" : `${x.toFixed(1)} dB`;

/**
 * A code is clicked: in the grid, where `place` is its cell, or elsewhere.
 * @typedef {(met: {code: number, place: number | null, where: string}, event: Event, anchor:
 *   Element) => void} OnMeet
 */

/**
 * @param {HTMLElement} root @param {number[]} initialSize height and width
 * @param {OnMeet} onMeet
 */
export function makeStages(root, initialSize, onMeet) {
  const stage = (/** @type {string} */ name) => findIn(root, `[data-stage="${name}"]`);
  const frames = Object.fromEntries(
    [...PICTURES, "codes", "error"].map((name) => [name, findIn(stage(name), ".vr-frame")]),
  );
  const canvasOf = (/** @type {string} */ name) =>
    findIn(frames[name], "canvas", HTMLCanvasElement);
  const under = (/** @type {string} */ name) => findIn(stage(name), ".vr-under");
  const grid = findIn(frames.codes, ".vr-grid"),
    tiles = canvasOf("codes");
  const codes = makeCodeGrid(grid, tiles, {
    onLight: (place) => light(place),
    onMeet: (place, event) => indices && meet(indices[place], place, event, grid),
  });
  const readout = findIn(under("codes"), "span");
  let size = [...initialSize, 1];
  /** The server's answer to the opening. @type {any} */
  let model = null;
  /** @type {number[] | null} */
  let indices = null;
  /** @type {number | null} */
  let lit = null;
  /** The answer on show. @type {any} */
  let current = null;

  const book = makeBook(root, {
    onCode(code) {
      const uses = (/** @type {number} */ place) => code !== null && indices?.[place] === code;
      book.use(code, codes.light(uses));
    },
    onMeet: (code, event, anchor) => meet(code, null, event, anchor),
  });

  /** @param {number} code @param {number | null} place @param {Event} event @param {Element} anchor */
  function meet(code, place, event, anchor) {
    const times = indices?.filter((one) => one === code).length ?? 0;
    const inCells = `in ${times || "no"} ${times === 1 ? "cell" : "cells"} of this picture`;
    const where = place === null ? inCells : placeName(place) + (times > 1 ? `, ${inCells}` : "");
    onMeet({ code, place, where }, event, anchor);
  }

  /** @param {number} place */
  function placeName(place) {
    const [, columns] = model.grid;
    return `row ${Math.floor(place / columns) + 1}, column ${(place % columns) + 1}`;
  }

  const shownIn = (/** @type {HTMLElement} */ frame) =>
    /** @type {HTMLElement} */ (frame.firstElementChild);

  function layOut() {
    const [height, width] = size;
    for (const frame of Object.values(frames)) {
      const room = frame.parentElement?.clientWidth,
        shown = shownIn(frame);
      if (!room) continue;
      const scale = room >= width ? Math.floor(room / width) : room / width;
      frame.style.height = shown.style.height = `${height * scale}px`;
      shown.style.width = `${width * scale}px`;
    }
    codes.layOut();
    if (lit !== null) light(lit);
  }
  new ResizeObserver(layOut).observe(root);

  function open(answer, image) {
    model = answer;
    size = answer.size;
    indices = null;
    lit = null;
    codes.open(answer, image);
    book.open(answer, image);
    layOut();
    say();
  }

  function show(answer, drawing) {
    const shape = sizeOf(size);
    current = answer;
    for (const name of ["input", "recon"]) paintPixels(canvasOf(name), answer[name], shape);
    answer.unquantized.then((one) => {
      if (!one || current !== answer) return;
      paintPixels(canvasOf("unquantized"), one.picture, shape);
      write(under("unquantized"), `${dB(one.psnr)}, decoded from the unrounded latents`);
    });
    paintMap(canvasOf("error"), answer.error, shape, ERROR_TOP);
    indices = answer.indices;
    codes.show(answer.indices, drawing);
    book.show(answer);
    figures(answer);
    light(lit);
  }

  // Nothing to see goes in, so nothing comes out: no picture, no code and no figure, and a sentence
  // that says why.
  function nothing(why) {
    clear(...PICTURES.map(canvasOf), canvasOf("error"), tiles);
    current = indices = null;
    book.show(null);
    codes.clear();
    for (const name of ["bits", "psnr", "ssim"]) put(name, "–");
    for (const name of PICTURES) under(name).textContent = "";
    findIn(root, ".vr-did").textContent = why;
    light(lit);
  }

  function put(name, text) {
    write(findIn(root, `[data-figure="${name}"]`), text);
  }

  function figures(answer) {
    const whole = (x) => Math.round(x).toLocaleString("en");
    const ratio = model.bits_before / model.bits_after;
    put("bits", `${whole(model.bits_before)} → ${whole(model.bits_after)} bits`);
    put("psnr", dB(answer.psnr));
    put("ssim", answer.ssim === null ? "–" : answer.ssim.toFixed(3));
    write(findIn(root, ".vr-did"), answer.did);
    write(under("input"), `${size[1]} × ${size[0]} pixels, ${whole(model.bits_before)} bits`);
    write(under("recon"), `${dB(answer.psnr)} with ${ratio.toFixed(1)} times fewer bits`);
  }

  // The cell under the cursor or the focus, in every picture.
  function light(place) {
    lit = place;
    const [rows, columns] = model ? model.grid : [1, 1];
    for (const frame of Object.values(frames)) {
      const mark = /** @type {HTMLElement | null} */ (frame.querySelector(".vr-mark")),
        shown = shownIn(frame);
      if (!mark) continue;
      mark.style.display = place === null ? "none" : "block";
      if (place === null) continue;
      const width = parseFloat(shown.style.width) / columns,
        height = parseFloat(shown.style.height) / rows;
      Object.assign(mark.style, {
        left: `${(place % columns) * width}px`,
        width: `${width}px`,
        top: `${Math.floor(place / columns) * height}px`,
        height: `${height}px`,
      });
    }
    codes.light((one) => one === place);
    book.light(place, indices && place !== null ? indices[place] : null);
    say();
  }

  function say() {
    if (indices && lit !== null) {
      write(readout, `R${placeName(lit).slice(1)}: code ${indices[lit]}`);
    } else {
      write(
        readout,
        model
          ? `${model.grid.join(" × ")} cells, each one of ${model.codebook_size} codes. Point at or tap a cell.`
          : "",
      );
    }
  }

  function placeAt(event, frame) {
    const box = shownIn(frame).getBoundingClientRect();
    const [rows, columns] = model.grid;
    const c = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const r = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return c >= 0 && c < columns && r >= 0 && r < rows ? r * columns + c : null;
  }
  for (const frame of Object.values(frames)) {
    const follow = (/** @type {PointerEvent} */ event) => {
      if (model) light(placeAt(event, frame));
    };
    frame.addEventListener("pointermove", follow);
    frame.addEventListener("pointerdown", follow);
    frame.addEventListener("pointerleave", () => light(null));
  }
  layOut();

  return {
    open,
    show,
    nothing,
    rows: () =>
      indices &&
      Array.from({ length: model.grid[0] }, (_, r) =>
        indices?.slice(r * model.grid[1], (r + 1) * model.grid[1]),
      ),
    inputUrl: () => canvasOf("input").toDataURL("image/png"),
  };
}
