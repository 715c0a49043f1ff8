// The drawing pad: mouse, pen and touch through pointer events, with undo and redo. Its canvas is
// the one place where the picture lives, whether it was drawn, uploaded or picked.

import { contextOf, make } from "../dom.js";

/**
 * @typedef {number[]} Colour red, green and blue, 0 to 255
 * @typedef {object} Taken the input that the server made of a file
 * @property {string} owner for which model or set
 * @property {string | null} input a PNG; null where nothing was found in it
 * @property {string} did what was done to it, a sentence
 * @property {(import("./box.js").Framed & {file: string}) | null} [framed] the photo that a digit was
 *   looked for on, and its file in base64
 * @typedef {object} State
 * @property {"blank" | "drawn" | "example" | "upload"} kind
 * @property {Colour} paper
 * @property {Taken | null} taken
 * @property {boolean} [touched] since the picture was put there
 */

const HISTORY_BYTES = 32 * 1024 * 1024;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {object} on
 * @param {() => void} on.onChange
 * @param {(past: number, future: number) => void} on.onHistory
 * @param {() => void} on.onHand a stroke, undo or redo begins: whatever was claimed before is late
 */
export function makePad(canvas, { onChange, onHistory, onHand }) {
  const context = contextOf(canvas, { willReadFrequently: true });
  /** @type {State} */
  const state = { kind: "blank", paper: [0, 0, 0], taken: null };
  const tool = { erase: false, size: 2, ink: [255, 255, 255] };
  /** @typedef {State & {image: ImageData}} Kept */
  /** @type {Kept[]} */
  let past = [];
  /** @type {Kept[]} */
  let future = [];
  /** @type {number[] | null} */
  let last = null;
  /** @type {number | null} */
  let pointer = null;
  let unit = 10,
    moves = 0,
    claims = 0;

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
    const back = pointer === null && from.pop();
    if (!back) return;
    byHand();
    to.push(keep());
    const { image, ...rest } = back;
    context.putImageData(image, 0, 0);
    Object.assign(state, rest);
    onHistory(past.length, future.length);
    onChange();
  }

  function byHand() {
    claims += 1;
    onHand();
  }

  function blank() {
    Object.assign(state, { kind: "blank", paper: [0, 0, 0], taken: null });
    context.fillStyle = css(state.paper);
    context.fillRect(0, 0, canvas.width, canvas.height);
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * canvas.width) / box.width,
      ((event.clientY - box.top) * canvas.height) / box.height,
    ];
  }

  function line(from, to) {
    context.strokeStyle = css(tool.erase ? state.paper : tool.ink);
    context.lineWidth = tool.size * unit * (tool.erase ? 1.6 : 1);
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.lineTo(to[0] + 0.01, to[1]); // a path of no length draws no dot in every browser
    context.stroke();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    event.preventDefault();
    canvas.dataset.pointer = "";
    canvas.focus({ preventScroll: true });
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch {
      /* a pointer made by a script cannot be captured */
    }
    pointer = event.pointerId;
    byHand();
    remember();
    if (state.kind === "example" && !tool.erase) blank(); // an example makes room for one's own drawing
    if (state.kind === "example" || (!tool.erase && state.kind === "blank")) state.kind = "drawn";
    state.touched = true;
    state.taken = null;
    last = at(event);
    line(last, last);
    onChange();
  });
  // A browser holds a pointermove back until its next frame; raw moves, where it tells of them,
  // come at once.
  let told = -1;
  const move = (/** @type {PointerEvent} */ event) => {
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
  for (const name of ["pointerrawupdate", "pointermove"]) {
    canvas.addEventListener(name, /** @type {EventListener} */ (move));
  }
  const end = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== pointer) return;
    pointer = last = null;
    onChange();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("lostpointercapture", end);
  for (const name of ["blur", "keydown"]) {
    canvas.addEventListener(name, () => {
      delete canvas.dataset.pointer;
    });
  }

  return {
    state,
    tool,
    undo: () => restore(past, future),
    redo: () => restore(future, past),
    clear() {
      claims += 1;
      if (state.kind === "blank") return; // there is nothing that Undo could bring back
      remember();
      blank();
      onChange();
    },
    /**
     * For a picture that takes a while to come: whether the visitor has done nothing else on the pad
     * since. Of two the later one wins, however long each takes.
     */
    claim() {
      const mine = ++claims;
      return () => mine === claims;
    },
    /** Whether it holds something of the visitor's own making. */
    own: () => state.kind === "drawn" || state.touched === true,
    drawing: () => pointer !== null,
    moves: () => moves,
    // What was taken of a file for this `owner`; null for anything else, or where it is shown as it
    // is.
    taken: (owner, tidy) => (tidy && state.taken?.owner === owner ? state.taken : null),
    pixels: () => context.getImageData(0, 0, canvas.width, canvas.height),
    png: () => canvas.toDataURL("image/png").split(",")[1],
    // The picture as a request has it: {image, source, did}. `did` is known already where a file
    // was taken in for this `owner` and should be laid out; `image` is null where nothing was found
    // in it.
    asked(owner, tidy) {
      const taken = this.taken(owner, tidy);
      return taken
        ? { image: taken.input, source: "input", did: taken.did }
        : { image: this.png(), source: state.kind, did: null };
    },
    // A new model's pad: what is drawn is kept, scaled; the history is in the old size and goes.
    resize(height, width, pixel) {
      unit = pixel;
      if (canvas.width === width && canvas.height === height) return;
      const old = make("canvas", "", { width: canvas.width, height: canvas.height });
      contextOf(old).drawImage(canvas, 0, 0);
      canvas.width = width;
      canvas.height = height;
      context.fillStyle = css(state.paper);
      context.fillRect(0, 0, width, height);
      context.drawImage(old, 0, 0, width, height);
      if (last) last = [(last[0] * width) / old.width, (last[1] * height) / old.height];
      past = [];
      future = [];
      onHistory(0, 0);
    },
    /**
     * Put a picture on the pad; exact pixels, enlarged without blur. A model takes what was `taken`
     * of its file, not what is left of the file at the pad's size. The `first` is nobody's choice,
     * so it cannot be undone, and leaves a claim as it is.
     * @param {CanvasImageSource} source
     * @param {{kind: State["kind"], paper: Colour, first?: boolean, taken?: Taken | null}} what
     */
    show(source, { kind, paper, first = false, taken = null }) {
      if (!first) {
        claims += 1;
        remember();
      }
      context.imageSmoothingEnabled = false;
      context.drawImage(source, 0, 0, canvas.width, canvas.height);
      Object.assign(state, { kind, paper, touched: false, taken });
      onChange();
    },
    reset() {
      blank();
      state.touched = false;
    },
  };
}
