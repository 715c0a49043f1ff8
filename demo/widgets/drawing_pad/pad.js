// The drawing pad: mouse, pen and touch through pointer events, with undo and redo. Its canvas is the one place where
// the picture lives, whether it was drawn, uploaded or picked.

const HISTORY_BYTES = 32 * 1024 * 1024;

function makePad(canvas, { onChange, onHistory }) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const state = { kind: "blank", paper: [0, 0, 0] };
  const tool = { erase: false, size: 2, ink: [255, 255, 255] };
  let unit = 10, past = [], future = [], last = null, pointer = null, moves = 0;

  const css = (rgb) => `rgb(${rgb.join(",")})`;
  const keep = () => ({ image: context.getImageData(0, 0, canvas.width, canvas.height), ...state });

  function remember() {
    past.push(keep());
    future = [];
    const most = Math.max(8, Math.floor(HISTORY_BYTES / (canvas.width * canvas.height * 4)));
    if (past.length > most) past.shift();
    onHistory(past.length, future.length);
  }

  function restore(from, to) {
    if (!from.length || pointer !== null) return;
    to.push(keep());
    const { image, ...rest } = from.pop();
    context.putImageData(image, 0, 0);
    Object.assign(state, rest);
    onHistory(past.length, future.length);
    onChange();
  }

  function blank() {
    Object.assign(state, { kind: "blank", paper: [0, 0, 0] });
    context.fillStyle = css(state.paper);
    context.fillRect(0, 0, canvas.width, canvas.height);
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
  }

  function line(from, to) {
    context.strokeStyle = css(tool.erase ? state.paper : tool.ink);
    context.lineWidth = tool.size * unit * (tool.erase ? 1.6 : 1);
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]);   // a path of no length draws no dot in every browser
    context.stroke();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    event.preventDefault();
    canvas.dataset.pointer = "";
    canvas.focus({ preventScroll: true });
    try { canvas.setPointerCapture(event.pointerId); } catch { /* a pointer made by a script cannot be captured */ }
    pointer = event.pointerId;
    remember();
    if (state.kind === "example" && !tool.erase) blank();   // an example makes room for one's own drawing
    if (!tool.erase && state.kind === "blank") state.kind = "drawn";
    else if (state.kind === "example") state.kind = "upload";
    state.touched = true;
    last = at(event);
    line(last, last);
    onChange();
  });
  // A browser holds a pointermove back until its next frame; where it tells of raw moves, those come at once.
  let told = -1;
  const move = (event) => {
    if (event.pointerId !== pointer || event.timeStamp <= told) return;
    told = event.timeStamp;
    moves += 1;
    const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const step of steps.length ? steps : [event]) {
      const to = at(step);
      line(last, to);
      last = to;
    }
    onChange();
  };
  for (const name of ["pointerrawupdate", "pointermove"]) canvas.addEventListener(name, move);
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = last = null;
    onChange();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("lostpointercapture", end);
  for (const name of ["blur", "keydown"]) canvas.addEventListener(name, () => { delete canvas.dataset.pointer; });

  return {
    state, tool,
    undo: () => restore(past, future),
    redo: () => restore(future, past),
    clear() { remember(); blank(); onChange(); },
    drawing: () => pointer !== null,
    moves: () => moves,
    png: () => canvas.toDataURL("image/png").split(",")[1],
    // A new model's pad: what is drawn is kept, scaled; the history is in the old size and goes.
    resize(height, width, pixel) {
      unit = pixel;
      if (canvas.width === width && canvas.height === height) return;
      const old = document.createElement("canvas");
      old.width = canvas.width;
      old.height = canvas.height;
      old.getContext("2d").drawImage(canvas, 0, 0);
      canvas.width = width;
      canvas.height = height;
      context.fillStyle = css(state.paper);
      context.fillRect(0, 0, width, height);
      context.drawImage(old, 0, 0, width, height);
      past = [];
      future = [];
      onHistory(0, 0);
    },
    // Put a picture on the pad; exact pixels, enlarged without blur.
    show(source, { kind, paper, first }) {
      if (!first) remember();
      context.imageSmoothingEnabled = false;
      context.drawImage(source, 0, 0, canvas.width, canvas.height);
      Object.assign(state, { kind, paper, touched: false });
      onChange();
    },
    reset() { blank(); state.touched = false; },
  };
}
