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
    ...points.map(({ value, psnr, usage }, n) => {
      const { x, y } = places[n],
        lost = usage < 0.995 ? `, ${Math.round(100 * usage)} % in use` : "";
      const mark = make("span", "vr-point");
      mark.style.left = `${x}%`;
      mark.style.top = `calc(${y / 100} * (100% - 20px))`; // the ticks are below
      mark.append(make("b", "", {}, psnr.toFixed(1)), make("i"));
      const tick = make("span", "vr-tick", {}, `${short(value)}${lost}`);
      tick.style.left = `${x}%`;
      return [mark, tick];
    }),
  ].flat();
}

/** @param {Point[]} points */
function ofDimensions(points) {
  const best = Math.max(...points.map(({ psnr }) => psnr)),
    enough = points.find(({ psnr }) => psnr > best - ALIKE);
  return `More numbers in a code cost no bits: its index is what is kept. From ${short(enough?.value ?? 1)} on the picture hardly gains.`;
}

/** @param {Point[]} points */
function ofCommitment(points) {
  const best = Math.max(...points.map(({ psnr }) => psnr)),
    fine = points.filter(({ psnr }) => psnr > best - ALIKE).map(({ value }) => value),
    last = points[points.length - 1];
  return `From ${short(Math.min(...fine))} to ${short(Math.max(...fine))} it makes no difference that one sees; at ${short(last.value)} the encoder follows the codes and not the picture.`;
}
