// Figures by Plotly. Its script comes from this server, and only when the first figure is drawn.

const BARS = { 2: [["zoom2d", "pan2d", "resetScale2d"]], 3: [["orbitRotation", "zoom3d", "pan3d", "resetCameraDefault3d"]] };

function loadPlotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  if (!window.vqPlotly) {
    window.vqPlotly = new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => done(window.Plotly);
      script.onerror = () => { window.vqPlotly = null; fail(new Error("The part that draws figures could not be loaded; reload the page.")); };
      document.head.append(script);
    });
  }
  return window.vqPlotly;
}

const cssColour = (name) => getComputedStyle(element).getPropertyValue(name).trim();

// Text and lines of a layout in the theme's colours, or in dark ink on white for a file.
function dressed(layout, forFile) {
  const ink = forFile ? INK : cssColour("--vq-ink"), muted = forFile ? "#566063" : cssColour("--vq-muted");
  const out = { ...layout, font: { ...layout.font, color: ink, family: forFile ? "sans-serif" : cssColour("--font") || "sans-serif" },
    hoverlabel: { bgcolor: forFile ? PAPER : cssColour("--vq-surface"), bordercolor: muted, font: { color: ink, size: 12 } } };
  if (forFile) Object.assign(out, { paper_bgcolor: PAPER, plot_bgcolor: PAPER });
  for (const axis of ["xaxis", "yaxis"]) if (out[axis]) out[axis] = { ...out[axis], color: muted };
  if (out.modebar === undefined) out.modebar = { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: ink };
  return out;
}

// A figure in `place`, with one mark over it. The mark is an element of ours: Plotly would compute every point anew for
// a shape, which takes longer than a click may.
function makeFigure(place, { onCode = null, bar = false, scroll = false } = {}) {
  const box = document.createElement("div"), ring = document.createElement("i"), word = document.createElement("span");
  let shown = null, mark = null, bound = false, Plotly = null;
  ring.className = "vc-mark";
  ring.append(word);
  ring.hidden = true;
  place.append(box, ring);

  function layout(forFile = false) {
    const own = dressed(shown.layout, forFile);
    if (forFile && mark) {
      const line = { color: "#0f766e", width: 2 };
      own.shapes = [...(own.shapes || []), mark.y === undefined ? { type: "line", x0: mark.x, x1: mark.x, y0: 0, y1: 1, yref: "paper", line } :
        { type: "circle", xsizemode: "pixel", ysizemode: "pixel", xanchor: mark.x, yanchor: mark.y, x0: -10, x1: 10, y0: -10, y1: 10, line }];
    }
    return own;
  }
  async function draw(figure) {
    Plotly = await loadPlotly(props.plotly);
    shown = figure;
    await Plotly.react(box, figure.data, layout(), { responsive: true, displaylogo: false, scrollZoom: scroll,
      displayModeBar: bar, modeBarButtons: BARS[figure.layout.scene ? 3 : 2], doubleClick: "reset+autosize" });
    lay();
    if (bound) return;
    bound = true;
    for (const moment of ["plotly_afterplot", "plotly_relayouting", "plotly_relayout"]) box.on(moment, lay);
    if (onCode) box.on("plotly_click", (event) => {
      const code = event.points[0] && event.points[0].customdata;
      if (Number.isInteger(code)) onCode(code);
    });
  }
  // Put the mark where its point is on the screen now.
  function lay() {
    const axes = shown && box._fullLayout, x = axes && axes.xaxis, y = axes && axes.yaxis;
    ring.hidden = !mark || !x || !x.l2p;
    if (ring.hidden) return;
    const left = x.l2p(mark.x), line = mark.y === undefined, top = line ? 0 : y.l2p(mark.y);
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
      const script = await (await fetch(props.plotly)).text();
      const data = JSON.stringify([shown.data, { ...layout(true), ...size }]).replace(/</g, "\\u003c");
      saveText(`${name}.html`, htmlPage(name, `<div id="figure"></div><script>${script}</` + `script><script>` +
        `const figure = ${data}; Plotly.newPlot("figure", ...figure);</` + `script>`), "text/html");
      return;
    }
    // A view that was turned or zoomed is saved as it is now.
    const now = box._fullLayout || {}, view = {};
    if (now.scene) view.scene = { ...shown.layout.scene, camera: now.scene.camera };
    else for (const axis of ["xaxis", "yaxis"]) if (now[axis]) view[axis] = { ...layout(true)[axis], range: now[axis].range, autorange: false };
    const url = await Plotly.toImage({ data: box.data, layout: { ...layout(true), ...view } }, { format, ...size, scale: 2 });
    saveUrl(`${name}.${format}`, url);
  }
  return { draw, save, box,
    mark(point) { mark = point; lay(); },
    redress() { if (shown && Plotly) Plotly.react(box, box.data, layout()).then(lay); },
    clear() { if (Plotly && shown) Plotly.purge(box); shown = null; bound = false; ring.hidden = true; },
    restyle: (change, traces) => Plotly && shown && Plotly.restyle(box, change, traces) };
}
