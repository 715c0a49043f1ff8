// What D and the commitment weight do to the picture: curves of models that were trained and
// measured beforehand, for the settings that no small model is shipped for.

import { find, make } from "../../../page/dom.js";

/**
 * @typedef {object} Point demo.tabs.reconstruct.curves
 * @property {string} setting @property {number} value @property {number} psnr dB
 * @property {number} usage share of the codes in use
 */

const ROOM = 0.18; // of a plot's height, above its highest point and below its lowest
const ALIKE = 0.5; // dB that nobody sees
const short = (/** @type {number} */ value) => value.toLocaleString("en");

/** @param {HTMLElement} root @param {Point[]} points */
export function showCurves(root, points) {
  for (const figure of root.querySelectorAll("[data-curve]")) {
    if (!(figure instanceof HTMLElement)) continue;
    const own = points.filter(({ setting }) => setting === figure.dataset.curve);
    figure.hidden = own.length < 2;
    if (figure.hidden) continue;
    find(figure, ".vr-plot").replaceChildren(...plotOf(own));
    find(figure, "p").textContent =
      figure.dataset.curve === "embedding_dim" ? ofDimensions(own) : ofCommitment(own);
  }
}

/** A line, and at each of its points the setting below and the PSNR above. @param {Point[]} points */
function plotOf(points) {
  const low = Math.min(...points.map(({ psnr }) => psnr)),
    high = Math.max(...points.map(({ psnr }) => psnr), low + 1);
  const places = points.map(({ psnr }, n) => ({
    x: (100 * (n + 0.5)) / points.length,
    y: 100 * (1 - ROOM - ((psnr - low) / (high - low)) * (1 - 2 * ROOM)),
  }));
  const space = "http://www.w3.org/2000/svg",
    svg = document.createElementNS(space, "svg"),
    line = document.createElementNS(space, "polyline");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("points", places.map(({ x, y }) => `${x},${y}`).join(" "));
  svg.append(line);
  return [
    svg,
    ...points.map(({ value, psnr }, n) => {
      const { x, y } = places[n];
      const mark = make("span", "vr-point");
      mark.style.left = `${x}%`;
      mark.style.top = `calc(${y / 100} * (100% - 20px))`; // the ticks are below
      mark.append(make("b", "", {}, psnr.toFixed(1)), make("i"));
      const tick = make("span", "vr-tick", {}, short(value));
      tick.style.left = `${x}%`;
      return [mark, tick];
    }),
  ].flat();
}

/** @param {Point[]} points */
function ofDimensions(points) {
  const best = Math.max(...points.map(({ psnr }) => psnr)),
    enough = points.find(({ psnr }) => psnr > best - ALIKE);
  return `More numbers in a code cost no bits: its index is what is kept. Beyond ${short(enough?.value ?? 1)}, the picture hardly improves.`;
}

/** @param {Point[]} points in the order of the weight */
function ofCommitment(points) {
  const best = Math.max(...points.map(({ psnr }) => psnr)),
    fine = points.filter(({ psnr }) => psnr > best - ALIKE).map(({ value }) => value);
  const first = points[0],
    last = points[points.length - 1];
  return [
    `Between ${short(Math.min(...fine))} and ${short(Math.max(...fine))} no difference is visible.`,
    fine.includes(first.value)
      ? ""
      : `At ${short(first.value)} nothing holds the encoder near its codes.`,
    fine.includes(last.value)
      ? ""
      : `At ${short(last.value)} it follows the codes instead of the picture: ${Math.round(100 * last.usage)} % of them are in use.`,
  ]
    .filter(Boolean)
    .join(" ");
}
