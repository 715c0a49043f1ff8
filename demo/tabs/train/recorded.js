// A recorded run: a slider over the moments whose pictures are there, and Play, which moves it. The
// charts show where that moment is.

import { closest, find } from "../../page/dom.js";

const FRAME_MS = 280;
const CHARTS = "#vq-train-charts .vq-recorded";

/**
 * Show the moment that the slider is at.
 * @param {HTMLElement} element
 * @param {HTMLInputElement} slider
 */
function look(element, slider) {
  const row = Number(slider.value);
  const moments = JSON.parse(find(element, ".vq-replay").dataset.moments ?? "[]");
  const [clock, psnr, seconds, layers] = moments[row - 1];
  find(element, ".vq-pictures").style.setProperty("--row", String(row));
  find(element, "output").textContent = slider.ariaValueText = `${clock}, ${psnr}`;
  element.querySelectorAll(".vq-cloud > svg path").forEach((path, index) => {
    path.setAttribute("d", layers[index]);
  });
  const charts = document.querySelector(CHARTS),
    plot = charts?.querySelector("svg");
  if (!(charts instanceof HTMLElement) || !plot) return;
  charts.classList.add("vq-looked-at");
  charts.style.setProperty(
    "--at",
    `${Math.min(100, (100 * seconds) / Number(plot.dataset.right))}%`,
  );
}

/** @param {import("../../page/component.js").Component} component */
export function mount({ element }) {
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    const button = element.querySelector(".vq-replay button");
    if (button) button.textContent = "Play";
  };

  element.addEventListener("input", (event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    stop();
    look(element, event.target);
  });
  element.addEventListener("click", (event) => {
    const button = closest(event, ".vq-replay button");
    if (!button) return;
    if (timer) {
      stop();
      return;
    }
    const slider = find(element, ".vq-replay input", HTMLInputElement);
    if (slider.value === slider.max) slider.value = slider.min;
    button.textContent = "Pause";
    look(element, slider);
    timer = window.setInterval(() => {
      // Another recording, or a run, may have taken the view.
      if (!slider.isConnected || slider.value === slider.max) {
        stop();
        return;
      }
      slider.stepUp();
      look(element, slider);
    }, FRAME_MS);
  });
}
