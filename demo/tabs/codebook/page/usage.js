// The health of the codebook, the bars of usage, and the two small charts of classes and positions.

import { viridis } from "../../../page/colours.js";
import { find } from "../../../page/dom.js";
import { latest, makeFollower } from "./asking.js";
import { makeFigure } from "./figure.js";
import { INK, saveSvg, stackSvg } from "./saving.js";

const SVG = "http://www.w3.org/2000/svg";
const short = (n) => n.toFixed(n < 10 ? 1 : 0);
/** A whole number with its thousands apart. @param {number} n */
export const grouped = (n) => n.toLocaleString("en-US");

/**
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name @param {Record<string, string | number>} attributes @param {string} [text]
 */
function svgNode(name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  if (text !== undefined) node.textContent = text;
  return node;
}

// A heat map of the grid: values of h * w cells -> an SVG; each cell tells its value on hover.
/** @param {number[]} values @param {number[]} grid @param {string} label */
export function heatMap(values, [h, w], label) {
  const side = 12,
    top = Math.max(...values, 1e-12);
  const svg = svgNode("svg", {
    viewBox: `0 0 ${w * side} ${h * side}`,
    role: "img",
    "aria-label": label,
    class: "vc-heat",
  });
  values.forEach((value, p) => {
    const cell = svgNode("rect", {
      x: (p % w) * side,
      y: Math.floor(p / w) * side,
      width: side - 0.6,
      height: side - 0.6,
      fill: `rgb(${viridis(value / top).join(",")})`,
    });
    cell.append(
      svgNode(
        "title",
        {},
        `row ${Math.floor(p / w) + 1}, column ${(p % w) + 1}: ${grouped(value)}`,
      ),
    );
    svg.append(cell);
  });
  return svg;
}

// Horizontal bars, one per class: values and texts -> an SVG. `onPick(i)` makes the rows buttons.
/**
 * @param {number[]} values @param {string[]} names @param {string[]} texts @param {string} label
 * @param {{onPick?: (i: number) => void, chosen?: number | null}} [options]
 */
export function classBars(values, names, texts, label, { onPick, chosen = null } = {}) {
  const row = 18,
    left = Math.min(90, 10 + 6.6 * Math.max(...names.map((name) => name.length))),
    width = 250;
  const top = Math.max(...values, 1e-12);
  const svg = svgNode("svg", {
    viewBox: `0 0 ${width} ${values.length * row}`,
    role: onPick ? "group" : "img",
    "aria-label": label,
    class: "vc-rows",
  });
  values.forEach((value, i) => {
    const line = svgNode("g", {
      transform: `translate(0 ${i * row})`,
      class: i === chosen ? "vc-chosen" : "",
    });
    const length = Math.max(value > 0 ? 1 : 0, ((width - left - 54) * value) / top);
    line.append(
      svgNode("rect", { class: "vc-hit", x: 0, y: 0, width, height: row, fill: "transparent" }),
      svgNode("text", { x: left - 6, y: 13, "text-anchor": "end" }, names[i]),
      svgNode("rect", { class: "vc-bar", x: left, y: 4, width: length, height: 10, rx: 1.5 }),
      svgNode("text", { class: "vc-value", x: left + length + 5, y: 13 }, texts[i]),
    );
    if (onPick) {
      line.setAttribute("role", "button");
      line.setAttribute("tabindex", "0");
      line.setAttribute("aria-pressed", String(i === chosen));
      line.setAttribute("aria-label", `Bars of class ${names[i]} alone: ${texts[i]}`);
      line.addEventListener("click", () => onPick(i));
      line.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          onPick(i);
        }
      });
    }
    svg.append(line);
  });
  return svg;
}

// An SVG of the page as a part of a file, in a file's colours.
/**
 * @param {string} caption @param {SVGSVGElement} svg @param {number} width @returns
 * {import("./saving.js").Part}
 */
export function svgPart(caption, svg, width) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const { width: w, height: h } = svg.viewBox.baseVal;
  copy.querySelectorAll(".vc-bar").forEach((bar) => bar.setAttribute("fill", "#1f9a84"));
  copy.querySelectorAll("text").forEach((text) => {
    text.setAttribute("font-size", "11");
    text.setAttribute("fill", INK);
  });
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String((h * width) / w));
  return {
    caption,
    width,
    height: (h * width) / w,
    markup: new XMLSerializer().serializeToString(copy),
  };
}

/** @param {HTMLElement} root @param {import("./main.js").Shared} shared */
export function makeUsage(root, { ask, plotly, onCode, state, say }) {
  const part = find(root, ".vc-usage");
  const figure = makeFigure(find(part, ".vc-bars"), plotly, { onCode });
  const follower = makeFollower(find(part, ".vc-job"), ask),
    current = latest();
  /** @type {{order: string, scale: string, only: number | null}} */
  const options = { order: "sorted", scale: "linear", only: null };
  /** @type {Map<number, number>} */
  let places = new Map();

  function show(answer) {
    state.counts = answer.counts;
    state.counted = answer.counted;
    state.about = answer.title;
    state.classes = answer.classes;
    options.only = answer.only;
    find(root, ".vc-verdict").dataset.level = answer.level;
    find(root, ".vc-verdict span").textContent = answer.verdict;
    root.querySelectorAll(".vc-facts > div").forEach((fact, i) => {
      find(fact, "dd").textContent = answer.facts[i].value;
      find(fact, ".vc-means").textContent = answer.facts[i].means;
    });
    find(part, ".vc-counted b").textContent = answer.title;
    places = new Map(answer.bars.map((code, place) => [code, place]));
    spread(answer);
    mark(state.code);
    return figure.draw(answer.figure);
  }
  function spread(answer) {
    const byClass = find(part, ".vc-by-class"),
      byPosition = find(part, ".vc-by-position");
    byClass.hidden = !answer.by_class.length;
    find(byClass, "div").replaceChildren(
      ...(answer.by_class.length
        ? [
            classBars(
              answer.by_class,
              answer.classes,
              answer.by_class.map(short),
              "Perplexity of the codes in each class",
              { onPick: (i) => set({ only: options.only === i ? null : i }), chosen: answer.only },
            ),
          ]
        : []),
    );
    find(byClass, "figcaption").textContent =
      answer.only === null
        ? "Perplexity in each class"
        : `The bars show ${answer.classes[answer.only]} alone; click it again for all`;
    const grid =
      state.grid[0] * state.grid[1] === answer.by_position.length
        ? state.grid
        : [1, answer.by_position.length];
    find(byPosition, "div").replaceChildren(
      heatMap(answer.by_position, grid, "Perplexity of the codes at each position"),
    );
    const low = Math.min(...answer.by_position),
      high = Math.max(...answer.by_position);
    find(byPosition, "figcaption").textContent = `Perplexity at each position: ${
      short(low) === short(high) ? short(low) : `${short(low)} (dark) to ${short(high)}`
    }`;
    find(part, ".vc-spread").hidden = !answer.images;
  }
  async function set(change) {
    Object.assign(options, change);
    try {
      const answer = await current(
        ask("codebook_usage", { model: state.model, counted: state.counted, ...options }),
      );
      if (answer) await show(answer);
    } catch (error) {
      say(error.message);
    }
  }
  function mark(code) {
    const x = places.get(code);
    figure.mark(x === undefined ? null : { x, text: `code ${code}` });
  }
  async function count(id) {
    try {
      const answer = await ask("codebook_count", { model: state.model, counted: id });
      if (!answer || (answer.job && !(await follower.follow(answer.job)))) return false;
      state.counted = id;
      await set({ only: null });
      say("");
      return true;
    } catch (error) {
      say(error.message);
      return false;
    }
  }
  function save(format) {
    const parts = [];
    const byClass = find(part, ".vc-by-class").querySelector("svg");
    const byPosition = find(part, ".vc-by-position").querySelector("svg");
    if (byClass) parts.push(svgPart("Perplexity by class", byClass, 360));
    if (byPosition) parts.push(svgPart("Perplexity by position", byPosition, 240));
    if (parts.length) return saveSvg("codebook-classes-positions", format, stackSvg(parts));
    say("There is nothing to save yet: count a data set first.");
  }
  return { show, set, mark, count, save, figure, stop: follower.stop, options };
}
