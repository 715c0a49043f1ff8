// The codebook between encoder and decoder, and the numbers of one cell: its vector, and the codes
// nearest to it.

import { ARROWS, closest, contextOf, find as findIn, make, write } from "../../../page/dom.js";
import { floatsOf } from "../../../page/packed.js";

const NEAREST = 5;
const short = (/** @type {number} */ x) => x.toFixed(Math.abs(x) >= 100 ? 0 : 2);

/**
 * @param {HTMLElement} root
 * @param {{onCode: (code: number | null) => void, onMeet: (code: number, event: Event, anchor:
 *   Element) => void}} on the entry of the codebook that is pointed at, or clicked
 */
export function makeBook(root, { onCode, onMeet }) {
  const stage = findIn(root, '[data-stage="book"]'),
    canvas = findIn(stage, "canvas", HTMLCanvasElement);
  const mark = findIn(stage, ".vr-mark"),
    under = findIn(stage, ".vr-under"),
    numbers = findIn(root, ".vr-numbers");
  const bars = findIn(numbers, ".vr-nearest"),
    vector = findIn(numbers, ".vr-vector"),
    said = findIn(numbers, ".vr-numbers-said");
  /** The server's answer to the opening. @type {any} */
  let model = null;
  /** @type {HTMLImageElement | null} */
  let sheet = null;
  /** @type {Float32Array | number[] | null} the codebook, row by row, where the page has it */
  let codebook = null;
  /** @type {Float32Array | number[] | null} the vectors of all cells */
  let latents = null;
  /** Which cell is told in numbers. @type {number | null} */
  let told = null;
  let columns = 1,
    side = 1,
    at = 0; // where the keyboard is

  /** @param {any} answer @param {HTMLImageElement} image */
  function open(answer, image) {
    model = answer;
    sheet = image;
    codebook = answer.codebook ? floatsOf(answer.codebook) : null;
    latents = told = null;
    side = answer.size[0] / answer.grid[0];
    const K = answer.codebook_size,
      rows = Math.ceil(K / (columns = Math.ceil(Math.sqrt(K))));
    canvas.width = columns * (side + 1) - 1;
    canvas.height = rows * (side + 1) - 1;
    for (let k = 0; k < K; k++)
      draw(canvas, k, (k % columns) * (side + 1), Math.floor(k / columns) * (side + 1));
    at = 0;
    canvas.setAttribute(
      "aria-label",
      `All ${K} codes of the codebook. Arrow keys move, Enter shows a code.`,
    );
    const D = answer.embedding_dim,
      cells = answer.grid[0] * answer.grid[1];
    findIn(root, '[data-step="encoder"] span').textContent = `${cells} vectors of ${D} numbers`;
    findIn(root, '[data-step="decoder"] span').textContent = `${cells} codes looked up`;
    light(null, null);
  }

  /** @param {HTMLCanvasElement} onto @param {number} code @param {number} x @param {number} y */
  function draw(onto, code, x, y) {
    const from = [
      (code % model.codes.columns) * side,
      Math.floor(code / model.codes.columns) * side,
    ];
    if (sheet) contextOf(onto).drawImage(sheet, from[0], from[1], side, side, x, y, side, side);
  }

  /** @param {any} answer of a picture, or null where there is nothing to see */
  function show(answer) {
    latents = answer?.latents ?? null;
    if (!answer) told = null;
    else if (told !== null) tell(told, answer.indices[told]);
  }

  // The entry that the lit cell points to; what was told of a cell stays until there is another.
  /** @param {number | null} place @param {number | null} code */
  function light(place, code) {
    mark.style.display = code === null ? "none" : "block";
    if (code === null) {
      write(under, model ? `${model.codebook_size} vectors, the same for every picture` : "");
      if (!latents) {
        write(said, "Point at or tap a square to see how its code was chosen.");
        bars.replaceChildren();
        vector.replaceChildren();
      }
      return;
    }
    const cell = (canvas.clientWidth * (side + 1)) / (canvas.width + 1);
    Object.assign(mark.style, {
      left: `${(code % columns) * cell - 2}px`,
      top: `${Math.floor(code / columns) * cell - 2}px`,
      width: `${cell + 3}px`,
      height: `${cell + 3}px`,
    });
    write(under, `Code ${code} is lit: it is the nearest`);
    if (place !== null) tell(place, code);
  }

  /** @param {number} place @param {number} code */
  function tell(place, code) {
    told = place;
    const [, w] = model.grid,
      D = model.embedding_dim;
    const where = `Row ${Math.floor(place / w) + 1}, column ${(place % w) + 1}`;
    if (!codebook || !latents) {
      said.textContent = `${where}: code ${code}.`;
      return;
    }
    const book = codebook,
      z = Array.from(latents.slice(place * D, place * D + D));
    const distances = Array.from({ length: model.codebook_size }, (_, k) =>
      z.reduce((sum, x, i) => sum + (x - book[k * D + i]) ** 2, 0),
    );
    const order = [...distances.keys()]
      .sort((a, b) => distances[a] - distances[b])
      .slice(0, NEAREST);
    const far = distances[order[order.length - 1]] || 1,
      peak = Math.max(...z.map(Math.abs), 1e-9);
    said.textContent =
      `${where}: its vector z_e has ${D} numbers. Of all ${model.codebook_size} codes, ${order[0]} is nearest` +
      `${order.length > 1 ? `, ${short(Number(short(distances[order[1]])) - Number(short(distances[order[0]])))} ahead of ${order[1]}` : ""}; its number is all that is kept.`;
    vector.setAttribute("aria-label", `z_e = ${z.map(short).join(", ")}`);
    vector.replaceChildren(
      ...z.map((x) => {
        const bar = make("i");
        bar.style.cssText = `height:${(50 * Math.abs(x)) / peak}%;${x < 0 ? "top:50%" : "bottom:50%"}`;
        const column = make("span", "", { title: short(x) });
        column.append(bar);
        return column;
      }),
    );
    bars.replaceChildren(
      ...order.map((k) => {
        const row = make("li"),
          button = make("button", k === code ? "vr-winner" : "", {
            type: "button",
            "data-code": k,
            "aria-label": `Code ${k}, distance ${short(distances[k])}`,
          }),
          picture = make("canvas", "", { width: side, height: side, "aria-hidden": "true" });
        draw(picture, k, 0, 0);
        const track = make("span", "vr-track"),
          bar = make("i");
        bar.style.width = `${(100 * distances[k]) / far}%`;
        track.append(bar);
        button.append(
          picture,
          make("b", "", {}, k),
          track,
          make("span", "", {}, short(distances[k])),
        );
        row.append(button);
        return row;
      }),
    );
  }

  /** @param {MouseEvent} event */
  function codeAt(event) {
    const box = canvas.getBoundingClientRect();
    const code =
      Math.floor(
        ((event.clientY - box.top) / box.height) * Math.ceil(model.codebook_size / columns),
      ) *
        columns +
      Math.floor(((event.clientX - box.left) / box.width) * columns);
    return code >= 0 && code < model.codebook_size ? code : null;
  }
  for (const type of ["pointermove", "pointerdown"]) {
    canvas.addEventListener(type, (event) => {
      if (model && event instanceof PointerEvent) onCode(codeAt(event));
    });
  }
  for (const type of ["pointerleave", "blur"]) canvas.addEventListener(type, () => onCode(null));
  canvas.addEventListener("click", (event) => {
    const code = model && codeAt(event);
    if (code !== null) onMeet(code, event, canvas);
  });
  canvas.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!model || !(arrow || ["Enter", " "].includes(event.key))) return;
    event.preventDefault();
    const to = arrow ? at + arrow[0] * columns + arrow[1] : at;
    if (to >= 0 && to < model.codebook_size) at = to;
    if (arrow) onCode(at);
    else onMeet(at, event, canvas);
  });
  bars.addEventListener("click", (event) => {
    const button = closest(event, "button");
    if (button) onMeet(Number(button.dataset.code), event, bars);
  });

  // How many cells use the entry that is pointed at.
  /** @param {number | null} code @param {number} times */
  function use(code, times) {
    light(null, code);
    if (code !== null)
      under.textContent = `Code ${code}: in ${times || "no"} ${times === 1 ? "cell" : "cells"} of this picture`;
  }
  return { open, show, light, use };
}
