// Shows one answer: five pictures at a whole-number scale, the code grid, the figures, and one cell
// lit in all.

import { ARROWS, calm, contextOf, find as findIn, make, write } from "../../../page/dom.js";
import { makeBook } from "./book.js";
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
  const readout = findIn(under("codes"), "span");
  let size = [...initialSize, 1],
    home = 0;
  /** The server's answer to the opening. @type {any} */
  let model = null;
  /** @type {HTMLImageElement | null} */
  let sheet = null;
  /** @type {HTMLElement[]} */
  let cells = [];
  /** @type {number[] | null} */
  let indices = null;
  /** @type {number | null} */
  let lit = null;
  /** The answer on show. @type {any} */
  let current = null;

  const book = makeBook(root, {
    onCode: (code) => {
      const same = cells.filter((cell, place) => {
        const uses = code !== null && indices !== null && indices[place] === code;
        cell.classList.toggle("vr-lit-cell", uses);
        return uses;
      });
      book.use(code, same.length);
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
    grid.style.width = tiles.style.width;
    grid.style.height = tiles.style.height;
    if (!model) return;
    const cell = parseFloat(grid.style.width) / model.grid[1];
    const digits = String(model.codebook_size - 1).length;
    const font = Math.min(13, (cell - 3) / (0.61 * digits));
    grid.style.fontSize = `${font}px`;
    grid.classList.toggle("vr-small", font < 7);
    if (lit !== null) light(lit);
  }
  new ResizeObserver(layOut).observe(root);

  function open(answer, image) {
    model = answer;
    sheet = image;
    size = answer.size;
    indices = null;
    lit = null;
    home = 0;
    const [rows, columns] = answer.grid;
    grid.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    grid.style.gridTemplateRows = `repeat(${rows}, 1fr)`;
    tiles.width = size[1];
    tiles.height = size[0];
    cells = [];
    grid.replaceChildren(
      ...Array.from({ length: rows }, (_, r) => {
        const line = make("div", "", { role: "row" });
        for (let c = 0; c < columns; c++) {
          const cell = make("div", "vr-cell", {
            role: "gridcell",
            "aria-rowindex": r + 1,
            "aria-colindex": c + 1,
            tabindex: cells.length ? -1 : 0,
          });
          cell.dataset.place = String(cells.length);
          cell.append(make("span"));
          cells.push(cell);
          line.append(cell);
        }
        return line;
      }),
    );
    book.open(answer, image);
    grid.setAttribute(
      "aria-label",
      `Code grid, ${rows} rows of ${columns} codes out of ${answer.codebook_size}`,
    );
    layOut();
    say();
  }

  // Code k's picture, at (x, y) of a canvas, in the model's own pixels.
  function drawCode(canvas, k, x, y) {
    const side = size[0] / model.grid[0],
      { columns } = model.codes;
    const from = [(k % columns) * side, Math.floor(k / columns) * side];
    if (sheet) contextOf(canvas).drawImage(sheet, from[0], from[1], side, side, x, y, side, side);
  }

  function show(answer, drawing) {
    const shape = sizeOf(size),
      [rows, columns] = model.grid;
    current = answer;
    for (const name of ["input", "recon"]) paintPixels(canvasOf(name), answer[name], shape);
    answer.unquantized.then((one) => {
      if (!one || current !== answer) return;
      paintPixels(canvasOf("unquantized"), one.picture, shape);
      write(under("unquantized"), `${dB(one.psnr)}, decoded from the unrounded latents`);
    });
    paintMap(canvasOf("error"), answer.error, shape, ERROR_TOP);
    const changed = cells.filter(
      (_, place) => !indices || indices[place] !== answer.indices[place],
    );
    // Lit for a moment; not under the pen, where all is in motion and every frame counts.
    const flash = indices && !drawing && changed.length <= 64 && !calm();
    indices = answer.indices;
    book.show(answer);
    for (const cell of changed) {
      const place = Number(cell.dataset.place),
        code = answer.indices[place],
        word = findIn(cell, "span");
      word.textContent = code;
      drawCode(
        tiles,
        code,
        ((place % columns) * shape.width) / columns,
        (Math.floor(place / columns) * shape.height) / rows,
      );
      if (flash) {
        word.animate([{ backgroundColor: "var(--vq-accent)", color: "var(--vq-on-accent)" }, {}], {
          duration: 450,
          easing: "ease-out",
        });
      }
    }
    figures(answer);
    light(lit);
  }

  // Nothing to see goes in, so nothing comes out: no picture, no code and no figure, and a sentence
  // that says why.
  function nothing(why) {
    clear(...PICTURES.map(canvasOf), canvasOf("error"), tiles);
    current = indices = null;
    book.show(null);
    for (const cell of cells) findIn(cell, "span").textContent = "";
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
    write(under("recon"), `${dB(answer.psnr)}, from ${ratio.toFixed(1)} times fewer bits`);
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
    cells.forEach((cell, i) => cell.classList.toggle("vr-lit-cell", i === place));
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
  const placeOf = (/** @type {Event} */ event) =>
    Number(/** @type {HTMLElement} */ (event.target).dataset.place);
  grid.addEventListener("focusin", (event) => {
    if (Number.isInteger(placeOf(event))) light(placeOf(event));
  });
  grid.addEventListener("focusout", () => light(null));
  grid.addEventListener("click", (event) => {
    if (indices && Number.isInteger(placeOf(event)))
      meet(indices[placeOf(event)], placeOf(event), event, grid);
  });
  grid.addEventListener("keydown", (event) => {
    const place = placeOf(event),
      [rows, columns] = model.grid,
      arrow = ARROWS[event.key];
    const column = place % columns,
      row = Math.floor(place / columns),
      start = row * columns;
    if (indices && ["Enter", " "].includes(event.key)) {
      event.preventDefault();
      meet(indices[place], place, event, grid);
    }
    let to = { Home: start, End: start + columns - 1 }[event.key];
    if (arrow) {
      const [toRow, toColumn] = [row + arrow[0], column + arrow[1]];
      const inside = toRow >= 0 && toRow < rows && toColumn >= 0 && toColumn < columns;
      to = inside ? toRow * columns + toColumn : place;
    }
    if (to === undefined) return;
    event.preventDefault();
    cells[home].tabIndex = -1;
    home = to;
    cells[to].tabIndex = 0;
    cells[to].focus();
  });
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
