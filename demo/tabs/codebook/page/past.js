// The past of a run: all its moments are here at once, so the slider asks nothing.

import { contextOf, find } from "../../../page/dom.js";
import { floatsOf, imageOf } from "../../../page/packed.js";
import { makeFigure } from "./figure.js";
import { canvasPart, saveSvg, stackSvg } from "./saving.js";
import { grouped } from "./usage.js";

/** @param {HTMLElement} root @param {import("./main.js").Shared} shared */
export function makePast(root, { ask, plotly, state, onCode, say }) {
  const part = find(root, ".vc-past");
  const figure = makeFigure(find(part, ".vc-past-plane"), plotly, {
    onCode,
    bar: true,
    scroll: true,
  });
  const slider = find(part, 'input[type="range"]', HTMLInputElement);
  const play = find(part, ".vc-play"),
    canvas = find(part, "canvas", HTMLCanvasElement);
  /** @type {any} the server's answer */
  let past = null;
  /** @type {any[]} */
  let frames = [];
  /** @type {ReturnType<typeof setInterval> | undefined} while it plays */
  let timer;

  async function open(opened) {
    halt();
    past = null;
    part.hidden = true;
    if (!opened.has_history) return;
    const model = state.model;
    try {
      const got = await ask("codebook_past", { model });
      if (!got || model !== state.model || !got.frames.length) return;
      frames = await Promise.all(
        got.frames.map(async (frame) => ({
          ...frame,
          codes: floatsOf(frame.codes),
          latents: floatsOf(frame.latents),
          gone: new Set(frame.dead),
          image: await imageOf(frame.sheet),
        })),
      );
      past = got;
      part.hidden = false;
      slider.max = String(frames.length - 1);
      slider.value = slider.max;
      await show();
    } catch (error) {
      say(error.message);
    }
  }
  const pairs = (values, which) => ({
    x: which.map((i) => values[2 * i]),
    y: which.map((i) => values[2 * i + 1]),
  });

  async function show() {
    const frame = frames[Number(slider.value)];
    if (!frame) return;
    const all = [...Array(past.K).keys()],
      alive = all.filter((k) => !frame.gone.has(k)),
      dead = all.filter((k) => frame.gone.has(k));
    const words = `${clock(frame.elapsed)} of training, step ${grouped(frame.step)}: ${grouped(dead.length)} dead ${dead.length === 1 ? "code" : "codes"}`;
    find(part, "output").textContent = words;
    slider.setAttribute("aria-valuetext", words);
    const axis = (i) => ({
      range: [-past.reach, past.reach],
      showticklabels: false,
      zeroline: false,
      gridcolor: "rgba(128,140,142,0.25)",
      title: { text: `PC ${i + 1}`, font: { size: 12 } },
    });
    const dots = (name, values, which, marker) => ({
      type: "scatter",
      mode: "markers",
      name,
      ...pairs(values, which),
      marker,
      customdata: name === "encoder outputs" ? undefined : which,
      hovertemplate: name === "encoder outputs" ? undefined : "code %{customdata}<extra></extra>",
      ...(name === "encoder outputs" ? { hoverinfo: "skip" } : {}),
    });
    canvas.width = frame.image.width;
    canvas.height = frame.image.height;
    contextOf(canvas).drawImage(frame.image, 0, 0);
    canvas.setAttribute(
      "aria-label",
      `Test pictures above what the model made of them at ${clock(frame.elapsed)}`,
    );
    await figure.draw({
      data: [
        dots("encoder outputs", frame.latents, [...Array(past.M).keys()], {
          size: 4,
          color: "#8b9698",
          opacity: 0.45,
        }),
        dots("codes", frame.codes, alive, {
          size: 7,
          symbol: "diamond",
          color: "#1f9a84",
          line: { width: 0.5, color: "rgba(20,28,30,.7)" },
        }),
        dots("dead codes", frame.codes, dead, { size: 8, symbol: "x", color: "#d97b29" }),
      ],
      layout: {
        height: 400,
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        uirevision: state.model,
        margin: { l: 28, r: 8, t: 8, b: 28 },
        font: { size: 12 },
        showlegend: true,
        dragmode: "pan",
        hovermode: "closest",
        legend: { orientation: "h", y: -0.08, yanchor: "top" },
        xaxis: axis(0),
        yaxis: axis(1),
      },
    });
    mark(state.code);
  }
  function mark(code) {
    const frame = past && frames[Number(slider.value)];
    figure.mark(
      frame && code < past.K ? { x: frame.codes[2 * code], y: frame.codes[2 * code + 1] } : null,
    );
  }
  const clock = (seconds) =>
    seconds < 10
      ? `${seconds.toFixed(1)} s`
      : seconds < 120
        ? `${Math.round(seconds)} s`
        : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  function halt() {
    clearInterval(timer);
    timer = undefined;
    play.setAttribute("aria-pressed", "false");
    play.textContent = "Play";
  }
  play.addEventListener("click", () => {
    if (timer) {
      halt();
      return;
    }
    if (Number(slider.value) >= frames.length - 1) slider.value = "0";
    play.setAttribute("aria-pressed", "true");
    play.textContent = "Pause";
    show();
    timer = setInterval(() => {
      if (!root.isConnected || Number(slider.value) >= frames.length - 1) {
        halt();
        return;
      }
      slider.value = String(Number(slider.value) + 1);
      show();
    }, 350);
  });
  slider.addEventListener("input", () => {
    halt();
    show();
  });
  async function save(format) {
    if (!past) return;
    const moment = Math.round(frames[Number(slider.value)].elapsed);
    await figure.save(`codebook-at-${moment}-s`, format);
    if (format !== "html")
      await saveSvg(
        `pictures-at-${moment}-s`,
        format,
        stackSvg([canvasPart(find(part, "output").textContent, canvas, canvas.width * 3)]),
      );
  }
  return { open, save, figure, mark };
}
