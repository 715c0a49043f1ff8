// One code everywhere at once: its patch, where pictures hold it, its classes and positions, its
// neighbours.

import { contextOf, find } from "../../../page/dom.js";
import { imageOf } from "../../../page/packed.js";
import { latest } from "./asking.js";
import { canvasPart, csvLine, saveSvg, saveText, stackSvg } from "./saving.js";
import { classBars, grouped, heatMap, svgPart } from "./usage.js";

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
  let metric = "euclidean";

  async function open(code) {
    number.value = code;
    faces(code);
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
    find(part, ".vc-words").textContent = shown.words;
    part.dataset.code = shown.code;
    const known = state.counts.some((n) => n > 0);
    const position = find(part, ".vc-code-position"),
      byClass = find(part, ".vc-code-class");
    position.hidden = !known;
    byClass.hidden = !known || !shown.by_class.length;
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
    nearest();
  }
  function faces(code) {
    atlas.tileOf(code, find(part, ".vc-tile"), "alone");
    atlas.tileOf(code, find(part, ".vc-drawn"), "drawn");
    find(part, ".vc-drawn + figcaption").textContent = atlas.inPictures(code)
      ? "in pictures"
      : "in no stored picture";
  }
  function nearest() {
    const list = shown.near[metric].map(([code, distance]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(atlas.tileOf(code, document.createElement("canvas")));
      const words = document.createElement("span");
      words.textContent = code;
      const far = document.createElement("small");
      far.textContent = distance < 100 ? distance.toPrecision(2) : grouped(Math.round(distance));
      button.append(words, far);
      button.title = `Code ${code}, ${metric} distance ${distance}`;
      button.setAttribute("aria-label", button.title);
      button.addEventListener("click", () => onCode(code));
      return button;
    });
    find(part, ".vc-near > div").replaceChildren(...list);
  }
  async function patches(sheet) {
    const box = find(part, ".vc-patches"),
      about = find(part, ".vc-under");
    about.textContent = sheet.count
      ? sheet.about
      : shown.count
        ? `${sheet.about} None of the stored ones holds this code.`
        : state.counts.some((n) => n > 0)
          ? "No picture holds it."
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
        ...["euclidean", "cosine"].flatMap((how) =>
          shown.near[how].map(([code, d]) => [`${how} neighbour`, code, d]),
        ),
      ];
      saveText(`${name}.csv`, `${rows.map(csvLine).join("\n")}\n`, "text/csv");
      return;
    }
    const parts = [
      canvasPart(`Code ${shown.code} alone. ${shown.words}`, find(part, ".vc-tile"), 96),
      canvasPart("In pictures, the mean", find(part, ".vc-drawn"), 96),
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
    if (shown) {
      faces(shown.code);
      nearest();
    }
  }

  return {
    open,
    save,
    dress,
    set(how) {
      metric = how;
      if (shown) nearest();
    },
    clear() {
      shown = null;
    },
  };
}
