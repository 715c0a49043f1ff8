// Figures by Plotly. Its script comes from this server, and only when the first figure is drawn.

import { INK, PAPER, htmlPage, saveText, saveUrl } from "./saving.js";

const BARS = {
  2: [["zoom2d", "pan2d", "resetScale2d"]],
  3: [["orbitRotation", "zoom3d", "pan3d", "resetCameraDefault3d"]],
};

/** @type {Promise<any> | null} */
let loading = null;

/**
 * Plotly, once it is there. @param {string} url of its script, relative to the page @returns
 * {Promise<any>}
 */
export function loadPlotly(url) {
  loading ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => done(Reflect.get(window, "Plotly"));
    script.onerror = () => {
      loading = null;
      fail(new Error("The part that draws figures could not be loaded; reload the page."));
    };
    document.head.append(script);
  });
  return loading;
}

/**
 * Fetches Plotly while the page is idle: its reading takes longer than everything else in the tab.
 * @param {string} url as for loadPlotly
 * @param {number} after milliseconds from now
 */
export function preloadPlotly(url, after) {
  const whenIdle = window.requestIdleCallback ?? setTimeout;
  setTimeout(() => whenIdle(() => loadPlotly(url).catch(() => undefined)), after);
}

/** A colour of the theme. @param {Element} place @param {string} name of its variable */
export const cssColour = (place, name) => getComputedStyle(place).getPropertyValue(name).trim();

// Text and lines of a layout in the theme's colours, or in dark ink on white for a file.
/** @param {any} layout @param {Element} place @param {boolean} forFile */
function dressed(layout, place, forFile) {
  const ink = forFile ? INK : cssColour(place, "--vq-ink");
  const muted = forFile ? "#566063" : cssColour(place, "--vq-muted");
  const family = (!forFile && cssColour(place, "--font")) || "sans-serif";
  const bgcolor = forFile ? PAPER : cssColour(place, "--vq-surface");
  const out = {
    ...layout,
    font: { ...layout.font, color: ink, family },
    hoverlabel: { bgcolor, bordercolor: muted, font: { color: ink, size: 12 } },
  };
  if (forFile) Object.assign(out, { paper_bgcolor: PAPER, plot_bgcolor: PAPER });
  for (const axis of ["xaxis", "yaxis"]) if (out[axis]) out[axis] = { ...out[axis], color: muted };
  if (out.modebar === undefined)
    out.modebar = { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: ink };
  return out;
}

// A figure in `place`, with one mark over it. The mark is an element of ours: Plotly would compute
// every point anew for a shape, which takes longer than a click may.
/**
 * @typedef {{x: number, y?: number, text?: string}} Mark a point, or a line where it has no y
 * @param {HTMLElement} place
 * @param {string} url of Plotly's script
 * @param {{onCode?: (code: number) => void, bar?: boolean, scroll?: boolean}} [options]
 */
export function makeFigure(place, url, { onCode, bar = false, scroll = false } = {}) {
  /** @type {any} an element of the page that Plotly gives more to */
  const box = document.createElement("div");
  const ring = document.createElement("i"),
    word = document.createElement("span");
  /** @type {any} */
  let shown = null;
  /** @type {any} */
  let Plotly = null;
  /** @type {Mark | null} */
  let mark = null;
  let bound = false;
  ring.className = "vc-mark";
  ring.append(word);
  ring.hidden = true;
  place.append(box, ring);

  function layout(forFile = false) {
    const own = dressed(shown.layout, place, forFile);
    if (forFile && mark) {
      const line = { color: "#0f766e", width: 2 };
      own.shapes = [
        ...(own.shapes || []),
        mark.y === undefined
          ? { type: "line", x0: mark.x, x1: mark.x, y0: 0, y1: 1, yref: "paper", line }
          : {
              type: "circle",
              xsizemode: "pixel",
              ysizemode: "pixel",
              xanchor: mark.x,
              yanchor: mark.y,
              x0: -10,
              x1: 10,
              y0: -10,
              y1: 10,
              line,
            },
      ];
    }
    return own;
  }
  async function draw(figure) {
    Plotly = await loadPlotly(url);
    shown = figure;
    await Plotly.react(box, figure.data, layout(), {
      responsive: true,
      displaylogo: false,
      scrollZoom: scroll,
      displayModeBar: bar,
      modeBarButtons: BARS[figure.layout.scene ? 3 : 2],
      doubleClick: "reset+autosize",
    });
    lay();
    if (bound) return;
    bound = true;
    for (const moment of ["plotly_afterplot", "plotly_relayouting", "plotly_relayout"])
      box.on(moment, lay);
    if (onCode)
      box.on("plotly_click", (event) => {
        const code = event.points[0] && event.points[0].customdata;
        if (Number.isInteger(code)) onCode(code);
      });
  }
  // Put the mark where its point is on the screen now.
  function lay() {
    const axes = shown && box._fullLayout,
      x = axes && axes.xaxis,
      y = axes && axes.yaxis;
    ring.hidden = true;
    if (!mark || !x || !x.l2p) return;
    const left = x.l2p(mark.x),
      line = mark.y === undefined,
      top = line ? 0 : y.l2p(mark.y);
    ring.hidden = !(left >= -1 && left <= x._length + 1 && top >= -1 && top <= y._length + 1);
    ring.classList.toggle("vc-line", line);
    ring.style.left = `${x._offset + left}px`;
    ring.style.top = `${y._offset + top}px`;
    ring.style.height = line ? `${y._length}px` : "";
    word.textContent = mark.text || "";
    word.classList.toggle("vc-leftwards", left > 0.8 * x._length);
  }
  async function save(name, format) {
    if (!shown) return;
    const size = { width: box.clientWidth, height: box.clientHeight };
    if (format === "html") {
      const script = await (await fetch(url)).text();
      const data = JSON.stringify([shown.data, { ...layout(true), ...size }]).replace(
        /</g,
        "\\u003c",
      );
      saveText(
        `${name}.html`,
        htmlPage(
          name,
          `<div id="figure"></div><script>${script}</` +
            `script><script>` +
            `const figure = ${data}; Plotly.newPlot("figure", ...figure);</` +
            `script>`,
        ),
        "text/html",
      );
      return;
    }
    // A view that was turned or zoomed is saved as it is now.
    const now = box._fullLayout || {},
      view = {};
    if (now.scene) view.scene = { ...shown.layout.scene, camera: now.scene.camera };
    else
      for (const axis of ["xaxis", "yaxis"])
        if (now[axis])
          view[axis] = { ...layout(true)[axis], range: now[axis].range, autorange: false };
    const image = await Plotly.toImage(
      { data: box.data, layout: { ...layout(true), ...view } },
      { format, ...size, scale: 2 },
    );
    saveUrl(`${name}.${format}`, image);
  }
  return {
    draw,
    save,
    box,
    mark(point) {
      mark = point;
      lay();
    },
    redress() {
      if (shown && Plotly) Plotly.react(box, box.data, layout()).then(lay);
    },
    clear() {
      if (Plotly && shown) Plotly.purge(box);
      shown = null;
      bound = false;
      ring.hidden = true;
    },
    restyle: (change, traces) => Plotly && shown && Plotly.restyle(box, change, traces),
  };
}
