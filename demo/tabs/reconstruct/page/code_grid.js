// The grid of codes: a cell a code, each code's picture behind its number; walked with the arrow keys.

import { ARROWS, calm, contextOf, find, make } from "../../../page/dom.js";

/**
 * @param {HTMLElement} grid @param {HTMLCanvasElement} tiles behind it
 * @param {object} on
 * @param {(place: number | null) => void} on.onLight a cell has the focus
 * @param {(place: number, event: Event) => void} on.onMeet a cell is clicked
 */
export function makeCodeGrid(grid, tiles, { onLight, onMeet }) {
  let rows = 1,
    columns = 1,
    home = 0;
  /** The server's answer to the opening. @type {any} */
  let model = null;
  /** @type {HTMLImageElement | null} */
  let sheet = null;
  /** @type {HTMLElement[]} */
  let cells = [];
  /** @type {number[] | null} */
  let indices = null;

  /** @param {number} place */
  function makeCell(place) {
    const cell = make("div", "vr-cell", {
      role: "gridcell",
      "aria-rowindex": Math.floor(place / columns) + 1,
      "aria-colindex": (place % columns) + 1,
      tabindex: place ? -1 : 0,
    });
    cell.dataset.place = String(place);
    cell.append(make("span"));
    return cell;
  }

  /** A model is open. @param {any} opened @param {HTMLImageElement | null} image of its codes */
  function open(opened, image) {
    model = opened;
    sheet = image;
    indices = null;
    home = 0;
    [rows, columns] = model.grid;
    [tiles.height, tiles.width] = model.size;
    grid.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    grid.style.gridTemplateRows = `repeat(${rows}, 1fr)`;
    cells = Array.from({ length: rows * columns }, (_, place) => makeCell(place));
    grid.replaceChildren(
      ...Array.from({ length: rows }, (_, r) => {
        const line = make("div", "", { role: "row" });
        line.append(...cells.slice(r * columns, (r + 1) * columns));
        return line;
      }),
    );
    grid.setAttribute(
      "aria-label",
      `Code grid, ${rows} rows of ${columns} codes out of ${model.codebook_size}`,
    );
  }

  /** As large as the pictures beside it. */
  function layOut() {
    grid.style.width = tiles.style.width;
    grid.style.height = tiles.style.height;
    if (!model) return;
    const cell = parseFloat(grid.style.width) / columns;
    const digits = String(model.codebook_size - 1).length;
    const font = Math.min(13, (cell - 3) / (0.61 * digits));
    grid.style.fontSize = `${font}px`;
    grid.classList.toggle("vr-small", font < 7);
  }

  /** @param {number[]} next @param {boolean} drawing under the pen nothing flashes: every frame counts */
  function show(next, drawing) {
    const changed = cells.filter((_, place) => !indices || indices[place] !== next[place]);
    const flash = indices && !drawing && changed.length <= 64 && !calm();
    indices = next;
    for (const cell of changed) {
      const place = Number(cell.dataset.place),
        word = find(cell, "span");
      word.textContent = String(next[place]);
      drawCode(next[place], place);
      if (flash) {
        word.animate([{ backgroundColor: "var(--vq-accent)", color: "var(--vq-on-accent)" }, {}], {
          duration: 450,
          easing: "ease-out",
        });
      }
    }
  }

  /** A code's picture at a cell, in the model's own pixels. @param {number} code @param {number} place */
  function drawCode(code, place) {
    if (!sheet) return;
    const side = model.size[0] / rows,
      across = model.codes.columns;
    const [fromX, fromY] = [(code % across) * side, Math.floor(code / across) * side],
      [x, y] = [(place % columns) * side, Math.floor(place / columns) * side];
    contextOf(tiles).drawImage(sheet, fromX, fromY, side, side, x, y, side, side);
  }

  /** There are no codes. */
  function clear() {
    indices = null;
    for (const cell of cells) find(cell, "span").textContent = "";
  }

  /** Light the cells of which it holds; how many. @param {(place: number) => boolean} holds */
  const light = (holds) =>
    cells.filter((cell, place) => {
      cell.classList.toggle("vr-lit-cell", holds(place));
      return holds(place);
    }).length;

  const placeOf = (/** @type {Event} */ event) =>
    Number(/** @type {HTMLElement} */ (event.target).dataset.place);
  grid.addEventListener("focusin", (event) => {
    if (Number.isInteger(placeOf(event))) onLight(placeOf(event));
  });
  grid.addEventListener("focusout", () => onLight(null));
  grid.addEventListener("click", (event) => {
    if (indices && Number.isInteger(placeOf(event))) onMeet(placeOf(event), event);
  });
  grid.addEventListener("keydown", (event) => {
    const place = placeOf(event),
      arrow = ARROWS[event.key];
    const column = place % columns,
      row = Math.floor(place / columns),
      start = row * columns;
    if (indices && ["Enter", " "].includes(event.key)) {
      event.preventDefault();
      onMeet(place, event);
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

  return { open, layOut, show, clear, light };
}
