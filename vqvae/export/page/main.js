// @ts-check
// A model in one file: draw, see the codes, change them, share them. Everything runs in this page.

import { Client } from "./client.js";
import { gridOf } from "./config.js";
import { psnr } from "./metrics.js";
import { Pad } from "./drawing.js";
import { fromText, toText } from "./grid_text.js";
import { cellAt, Sheet, showPicture } from "./views.js";

/** @param {string} id @returns {any} */
const the = (id) => document.getElementById(id);
const config = JSON.parse(the("config").textContent),
  facts = JSON.parse(the("facts").textContent);
const grid = gridOf(config),
  size = { ...grid, codes: config.codebook_size };
const cells = grid.rows * grid.columns;
const FEW = 48; // codes of the palette at first

/** @type {Client} */
let client;
/** @type {Uint8ClampedArray} what each code looks like */
let tiles;
/** @type {Int32Array} */
let indices = new Int32Array(cells);
/** @type {Int32Array[]} */
let past = [];
/** @type {Int32Array[]} */
let future = [];
/** @type {Float32Array | null} the input that the codes are of, while none was changed */
let input = null;
let selected = Math.floor(cells / 2);
let all = false; // whether the palette shows every code
/** @type {number[]} codes in the order of the palette */
let order = [];
const sheet = new Sheet(the("grid"), config, grid);
const palette = new Sheet(the("palette"), config, { rows: 1, columns: 1 });
const pad = new Pad(the("pad"), config, facts.digits, drawn);

/** @param {string} [text] */
const say = (text = "") => {
  the("message").textContent = text;
};

/** The pad has changed: encode it. */
async function drawn() {
  const { x, empty } = pad.input();
  if (empty && !input) return;
  const codes = await client.ask("encode", [x], { lane: "stroke" });
  if (!codes) return; // a newer stroke is on its way
  set(codes, { from: x });
}

/**
 * Other codes stand in the grid now.
 * @param {Int32Array} codes @param {{from?: Float32Array | null, history?: boolean}} [how]
 */
function set(codes, { from = null, history = true } = {}) {
  if (history && !(from && input)) {
    // a stroke is one step, not one for each of its points
    past.push(indices);
    future = [];
  }
  input = from;
  indices = codes;
  say();
  void show();
}

/** Draw what follows from the codes. */
async function show() {
  the("undo").disabled = !past.length;
  the("redo").disabled = !future.length;
  sheet.draw(tiles, indices, selected);
  the("text").value = toText(indices, size);
  history.replaceState(null, "", `#${the("text").value}`);
  void choose(selected);
  const picture = await client.ask("decode", [indices], { lane: "picture" });
  if (!picture) return;
  showPicture(the("picture"), picture, config);
  the("figures").textContent = input ? `${psnr(input, picture).toFixed(1)} dB PSNR` : "";
}

/** @param {number} cell */
async function choose(cell) {
  selected = cell;
  const code = indices[cell];
  sheet.draw(tiles, indices, selected);
  the("cell").textContent =
    `Row ${Math.floor(cell / grid.columns) + 1}, column ${(cell % grid.columns) + 1}: code ${code}`;
  the("code").value = code;
  const D = config.embedding_dim,
    latents = await client.ask("embed", [indices]);
  const distances = await client.ask("distances", [latents.slice(cell * D, (cell + 1) * D)], {
    lane: "palette",
  });
  if (!distances || indices[selected] !== code) return;
  order = [...distances.keys()]
    .sort((a, b) => distances[a] - distances[b])
    .slice(0, all ? undefined : FEW);
  palette.resize(Math.ceil(order.length / 16), 16);
  palette.draw(tiles, order, 0);
}

/** @param {number} code */
function setCode(code) {
  if (code === indices[selected]) return;
  const codes = indices.slice();
  codes[selected] = code;
  set(codes);
}

/** Try a code of the palette without setting it. @param {number | undefined} code */
async function tryOut(code) {
  const codes = indices.slice();
  if (code !== undefined) codes[selected] = code;
  const picture = await client.ask("decode", [codes], { lane: "picture" });
  if (picture) showPicture(the("picture"), picture, config);
}

/** @param {Int32Array[]} from @param {Int32Array[]} to */
function step(from, to) {
  const codes = from.pop();
  if (!codes) return;
  to.push(indices);
  set(codes, { history: false });
}

/** @param {string} text */
function read(text) {
  try {
    set(fromText(text, size));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

/** @param {Blob | null | undefined} file */
async function open(file) {
  if (!file) return;
  try {
    pad.show(await createImageBitmap(file));
    input = null;
    await drawn();
  } catch {
    say("This file is not a picture that the browser can read: choose a PNG or JPEG.");
  }
}

function listen() {
  the("clear").onclick = () => {
    pad.clear();
    void drawn();
  };
  the("file").onchange = () => open(the("file").files[0]);
  the("ink").oninput = () => {
    pad.ink = the("ink").value;
  };
  the("pad").addEventListener(
    "pointerdown",
    () => {
      input = null;
    },
    { capture: true },
  );
  the("undo").onclick = () => step(past, future);
  the("redo").onclick = () => step(future, past);
  the("random").onclick = () =>
    set(Int32Array.from({ length: cells }, () => Math.floor(Math.random() * config.codebook_size)));
  the("grid").onpointerdown = (/** @type {PointerEvent} */ event) => choose(cellAt(event, grid));
  the("grid").onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
      event.key
    ];
    if (!move) return;
    event.preventDefault();
    const row = Math.floor(selected / grid.columns) + move[0],
      column = (selected % grid.columns) + move[1];
    if (row >= 0 && row < grid.rows && column >= 0 && column < grid.columns)
      void choose(row * grid.columns + column);
  };
  the("code").max = config.codebook_size - 1;
  the("code").onchange = () => {
    const code = Number(the("code").value);
    if (the("code").value && Number.isInteger(code) && code >= 0 && code < config.codebook_size)
      return setCode(code);
    say(
      `A code is a whole number from 0 to ${config.codebook_size - 1}; the cell keeps code ${indices[selected]}.`,
    );
    the("code").value = indices[selected];
  };
  const under = (/** @type {PointerEvent} */ event) => order[cellAt(event, palette.grid)];
  the("palette").onpointermove = (/** @type {PointerEvent} */ event) => tryOut(under(event));
  the("palette").onpointerleave = () => tryOut(undefined);
  the("palette").onclick = (/** @type {PointerEvent} */ event) => {
    const code = under(event);
    if (code !== undefined) setCode(code);
  };
  the("more").hidden = config.codebook_size <= FEW;
  the("more").onclick = () => {
    all = !all;
    the("more").textContent = all ? "Show the nearest only" : "Show all codes";
    void choose(selected);
  };
  the("text").onchange = () => read(the("text").value);
  the("copy").onclick = async () => {
    the("text").select();
    await navigator.clipboard
      ?.writeText(the("text").value)
      .catch(() => document.execCommand("copy"));
    say("Copied. Paste it into the same page elsewhere, or into the app’s Edit tab.");
  };
  the("save").onclick = () => {
    const link = document.createElement("a");
    link.href = the("picture").toDataURL("image/png");
    link.download = `${facts.name}.png`;
    link.click();
  };
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) =>
      type.startsWith("image/"),
    );
    if (file) void open(file);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    void open(event.dataTransfer?.files[0]);
  });
  window.addEventListener("hashchange", () => {
    if (location.hash.slice(1) !== the("text").value) read(location.hash.slice(1));
  });
}

/** Small pictures of the examples; a click brings one into the grid. */
async function showExamples() {
  for (const codes of facts.examples) {
    const button = document.createElement("button"),
      canvas = document.createElement("canvas");
    button.append(canvas);
    button.ariaLabel = `Example ${the("examples").childElementCount + 1}`;
    button.onclick = () => set(Int32Array.from(codes));
    showPicture(canvas, await client.ask("decode", [codes]), config);
    the("examples").append(button);
  }
  the("examples").parentElement.hidden = !facts.examples.length;
}

async function start() {
  const weights = Uint8Array.from(atob(the("weights").textContent), (c) => c.charCodeAt(0));
  const program = new Blob([the("program").textContent], { type: "text/javascript" });
  client = await Client.load(config, weights, URL.createObjectURL(program));
  tiles = await client.ask("tiles", []);
  const bits = cells * Math.log2(config.codebook_size);
  the("about").textContent =
    `A trained VQ-VAE in one file. It turns a picture of ${config.width} x ${config.height} pixels ` +
    `into ${grid.rows} x ${grid.columns} cells, each one of ${config.codebook_size} codes (${Math.round(bits)} bits), and redraws ` +
    "it from those alone. Draw something, then select a cell and change its code.";
  the("ink-label").hidden = config.channels === 1;
  if (config.channels === 3) pad.ink = the("ink").value;
  listen();
  indices = Int32Array.from(facts.examples[3 % (facts.examples.length || 1)] ?? indices);
  if (location.hash.length > 1) read(location.hash.slice(1));
  past = [];
  await show();
  document.body.dataset.ready = "";
  await showExamples();
}

start().catch((error) => {
  the("about").textContent = error.message;
});
