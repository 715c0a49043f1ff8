// One code everywhere at once: its card, the pictures that hold it, its positions and classes.

import { makeCard } from "../../../page/codes/card.js";
import { known, nearest } from "../../../page/codes/library.js";
import { contextOf, find } from "../../../page/dom.js";
import { imageOf } from "../../../page/packed.js";
import { latest } from "./asking.js";
import { canvasPart, csvLine, saveSvg, saveText, stackSvg } from "./saving.js";
import { classBars, heatMap, svgPart } from "./usage.js";

const SAVED = 8; // neighbours in the file of a code

/**
 * @param {HTMLElement} root
 * @param {import("./main.js").Shared & {atlas: ReturnType<typeof import("./atlas.js").makeAtlas>}}
 *   shared
 */
export function makeDetails(root, { ask, onCode, state, atlas, say }) {
  const part = find(root, ".vc-code");
  const number = find(part, "input", HTMLInputElement),
    current = latest();
  /** @type {any} the server's answer */
  let shown = null;
  const card = makeCard(find(part, ".vc-card"), { on: "codebook", titled: false, onCode });
  card.caption.append(find(part, ".vc-metric"));

  async function open(code) {
    number.value = code;
    card.count(state.counted === "stored" ? null : { counts: state.counts, about: state.about });
    card.show({ model: state.model ?? "", code });
    mean(code);
    try {
      const answer = await current(
        ask("codebook_code", { model: state.model, counted: state.counted, code }),
      );
      if (!answer) return;
      shown = answer;
      paint();
      await patches(answer.patches);
    } catch (error) {
      say(error.message);
    }
  }
  function paint() {
    part.dataset.code = shown.code;
    const used = state.counts.some((n) => n > 0);
    const position = find(part, ".vc-code-position"),
      byClass = find(part, ".vc-code-class");
    position.hidden = !used;
    byClass.hidden = !used || !shown.by_class.length;
    const grid =
      state.grid[0] * state.grid[1] === shown.by_position.length
        ? state.grid
        : [1, shown.by_position.length];
    find(position, "div").replaceChildren(
      heatMap(shown.by_position, grid, `Where on the grid code ${shown.code} is chosen`),
    );
    const total = Math.max(1, shown.count),
      shares = shown.by_class.map((n) => n / total);
    find(byClass, "div").replaceChildren(
      ...(shares.length
        ? [
            classBars(
              shares,
              state.classes,
              shares.map((share) => `${(100 * share).toFixed(0)}\u202f%`),
              `In which class code ${shown.code} is chosen`,
            ),
          ]
        : []),
    );
  }
  // As it looks in pictures, once that is there.
  function mean(code) {
    const canvas = find(part, ".vc-drawn", HTMLCanvasElement);
    canvas.hidden = !atlas.inPictures(code);
    atlas.tileOf(code, canvas, "drawn");
  }
  async function patches(sheet) {
    const box = find(part, ".vc-patches"),
      about = find(part, ".vc-held-note");
    about.textContent = sheet.count
      ? sheet.about
      : shown.count
        ? `${sheet.about} None of the stored ones uses this code.`
        : state.counts.some((n) => n > 0)
          ? "No picture uses it."
          : sheet.about;
    if (!sheet.count) {
      box.replaceChildren();
      return;
    }
    const image = await imageOf(sheet.png),
      side = sheet.side;
    box.replaceChildren(
      ...Array.from({ length: sheet.count }, (_, i) => {
        const frame = document.createElement("i"),
          canvas = document.createElement("canvas");
        canvas.width = canvas.height = side;
        contextOf(canvas).drawImage(image, i * side, 0, side, side, 0, 0, side, side);
        frame.append(canvas);
        return frame;
      }),
    );
  }
  function save(format) {
    if (!shown) return;
    const name = `code-${shown.code}`;
    if (format === "csv") {
      const library = known(state.model ?? "");
      const rows = [
        ["measure", "key", "value"],
        ["count", "", shown.count],
        ["share", "", shown.share],
        ["rank", "", shown.rank],
        ...shown.by_class.map((n, i) => ["class", state.classes[i], n]),
        ...shown.by_position.map((n, p) => [
          "position",
          `row ${Math.floor(p / state.grid[1]) + 1} column ${(p % state.grid[1]) + 1}`,
          n,
        ]),
        .../** @type {const} */ (["euclidean", "cosine"]).flatMap((how) =>
          (library ? (nearest(library, shown.code, SAVED, how) ?? []) : []).map(([code, d]) => [
            `${how} neighbour`,
            code,
            how === "euclidean" ? Math.sqrt(d) : d,
          ]),
        ),
      ];
      saveText(`${name}.csv`, `${rows.map(csvLine).join("\n")}\n`, "text/csv");
      return;
    }
    const parts = [
      canvasPart(`Code ${shown.code} alone. ${card.use.textContent}`, card.tile, 96),
      canvasPart("In pictures, on average", find(part, ".vc-drawn"), 96),
    ];
    const row = document.createElement("canvas"),
      tiles = [...find(part, ".vc-patches").querySelectorAll("canvas")];
    if (tiles.length) {
      row.width = tiles.length * (tiles[0].width + 1);
      row.height = tiles[0].height;
      tiles.forEach((tile, i) => contextOf(row).drawImage(tile, i * (tile.width + 1), 0));
      parts.push(canvasPart("Patches that were snapped to it", row, row.width * 3));
    }
    const heat = find(part, ".vc-code-position").querySelector("svg");
    const bars = find(part, ".vc-code-class").querySelector("svg");
    if (heat) parts.push(svgPart("Where on the grid", heat, 200));
    if (bars) parts.push(svgPart("In which class", bars, 360));
    return saveSvg(name, format, stackSvg(parts));
  }
  number.addEventListener("change", () => {
    const code = Number(number.value);
    if (Number.isInteger(code) && code >= 0 && code < state.K) onCode(code);
    else {
      say(
        `The code is ${number.value || "empty"}; it must be a whole number from 0 to ${state.K - 1}.`,
      );
      number.value = String(state.code);
    }
  });
  // The codes' pictures have changed.
  function dress() {
    if (shown) mean(shown.code);
  }

  return {
    open,
    save,
    dress,
    /** @param {string} how */
    set: (how) => card.measure(how === "cosine" ? "cosine" : "euclidean"),
    clear() {
      shown = null;
    },
  };
}
