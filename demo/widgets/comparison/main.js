// Ties pad, panels and server together. `element`, `props`, `server` and `watch` come from gr.HTML.

const root = element.querySelector(".vc");
const find = (selector) => root.querySelector(selector);
const newsLine = find(".vc-news"), fileLine = find(".vc-status"), tidySwitch = find(".vc-switch input");
const told = find(".vc-class select"), drawn = find(".vc-of select");
let open = null, wanted = {}, target = null, input = null, seed = 0, names = {}, visible = false, started = false, upload = null;

function put(line, text, kind) {
  if (line.textContent !== text) line.textContent = text;
  line.dataset.kind = text ? kind : "";
}
const news = (text, kind = "") => put(newsLine, text, kind);
const say = (text, kind = "") => put(fileLine, text, kind);
const lost = (text) => news(text || "The server does not answer. Your picture is kept; it is tried again.", "lost");
const base = () => ({ set: open.set, model: wanted.model || null });

// The words that explain themselves were made by the server, in the hidden list.
function explained(key) {
  const node = element.querySelector(`[data-word="${key}"]`);
  return node ? node.firstElementChild.cloneNode(true) : document.createTextNode(key);
}

const panels = makePanels(root);
const pad = makePad(find(".vc-pad"), {
  onChange: () => picture.want(),
  onHistory(past, future) {
    find('[data-do="undo"]').disabled = !past;
    find('[data-do="redo"]').disabled = !future;
  },
});
const links = { onError: (text) => news(text, "error"), onBusy: () => {}, onLost: lost };
const picture = makeLink({
  ...links,
  call: (request) => server.compare_picture(request),
  snapshot: () => open && { ...base(), image: pad.png(), tidy: tidySwitch.checked, source: pad.state.kind,
    label: Number(told.value) },
  onAnswer(answer) {
    input = answer.input;
    panels.show(answer, names);
    news(open.note);
    if (!pad.drawing()) between.want();
    root.dispatchEvent(new CustomEvent("vq-compared"));
  },
});
const between = makeLink({
  ...links,
  call: (request) => server.compare_between(request),
  snapshot: () => open && input && target !== null && { ...base(), a: input, b: open.examples[target].pixels,
    label: Number(told.value) },
  onAnswer: (answer) => panels.walk(answer, names),
});
const samples = makeLink({
  ...links,
  call: (request) => server.compare_samples(request),
  snapshot: () => open && { ...base(), seed, label: Number(drawn.value) },
  onAnswer: (answer) => panels.invent(answer),
});

async function loadImage(png) {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  return image;
}

async function openSet(value) {
  wanted = value;
  if (!visible) return;
  for (const link of [picture, between, samples]) link.forget();
  if (!value.set) {
    open = null;
    news("There is nothing to compare yet: train all four below.", "error");
    return;
  }
  if (!started) news("Warming up: the models are being loaded…");
  const answer = await server.compare_open({ set: value.set, model: value.model || null }).catch(() => undefined);
  if (value !== wanted) return;
  if (!answer || answer.again) {
    lost(answer && answer.error);
    setTimeout(() => value === wanted && openSet(value), 1500);
    return;
  }
  if (!answer.ok) { news(answer.error, "error"); return; }
  const same = open && open.set === answer.set;
  open = answer;
  names = { classes: answer.classes, ...Object.fromEntries(answer.models.map((m) => [m.kind, m.name])) };
  news(answer.note);
  root.style.setProperty("--pad-ratio", `${answer.pad[1]} / ${answer.pad[0]}`);
  pad.resize(answer.pad[0], answer.pad[1], answer.pad[0] / answer.size[0]);
  panels.open(answer, explained);
  find(".vc-switch").hidden = !answer.style;
  find(".vc-switch span").textContent = answer.style ? `Lay it out like ${answer.style}` : "";
  fillClasses();
  makeExamples();
  const keep = started && same;
  started = true;
  if (keep || !answer.examples.length) picture.want();
  else pick(0, true);
  samples.want();
}

function fillClasses() {
  for (const [select, any, label] of [[told, "nothing: it takes the class that fits", find(".vc-class")],
    [drawn, "any", find(".vc-of")]]) {
    label.hidden = !open.classes.length;
    select.replaceChildren(new Option(any, -1), ...open.classes.map((name, i) => new Option(name, i)));
  }
}

// -- pictures --------------------------------------------------------------------------------------------------------

function exampleCanvas(number) {
  const canvas = document.createElement("canvas");
  canvas.className = "vc-mini";
  paintPixels(canvas, bytesOf(open.examples[number].pixels), ...open.size);
  return canvas;
}

function pick(number, first = false) {
  upload = null;
  const canvas = exampleCanvas(number), [r, g, b] = canvas.getContext("2d").getImageData(0, 0, 1, 1).data;
  if (target === null || target === number) choose((number + 7) % open.examples.length);
  pad.show(canvas, { kind: "example", paper: open.size[2] === 1 ? [0, 0, 0] : [r, g, b], first });
  if (!first) say("");
}

function choose(number) {
  target = number;
  root.querySelectorAll(".vc-targets button").forEach((button, i) => button.setAttribute("aria-pressed", String(i === number)));
}

function makeExamples() {
  const list = (aim, onPress) => open.examples.map((example, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `${aim}: ${example.label}`);
    button.title = example.label;
    button.append(exampleCanvas(i));
    button.addEventListener("click", () => onPress(i));
    return button;
  });
  target = null;
  find(".vc-examples").replaceChildren(...list("Example", pick));
  find(".vc-targets").replaceChildren(...list("Towards", (i) => { choose(i); between.want(); }));
  find(".vc-examples-note").textContent = open.examples.length ? open.examples_from : "";
  if (open.examples.length) choose(Math.min(7, open.examples.length - 1));
}

const files = takeFiles(root, {
  async onFile(name, file) {
    if (!open) { say("There are no models yet to show it to; train all four below.", "error"); return; }
    say("Reading the picture…");
    const answer = await server.compare_upload({ ...base(), file }).catch(() => undefined);
    if (!answer) { say("The server does not answer, so the picture was not read; try again.", "error"); return; }
    if (!answer.ok) { say(`${name}: ${answer.error}`, "error"); return; }
    pad.show(await loadImage(answer.picture), { kind: "upload", paper: answer.paper });
    const [r, g, b] = answer.paper;
    pad.tool.ink = r + g + b > 382 ? [0, 0, 0] : [255, 255, 255];
    say(`${name}${answer.notes.length ? `: ${answer.notes.join(", ")}` : ""}`, "good");
  },
  onError: (text) => say(text, "error"),
});

// -- tools -----------------------------------------------------------------------------------------------------------

function setTool(erase) {
  pad.tool.erase = erase;
  find('[data-tool="draw"]').setAttribute("aria-pressed", String(!erase));
  find('[data-tool="erase"]').setAttribute("aria-pressed", String(erase));
}
const actions = {
  undo: pad.undo, redo: pad.redo, choose: files.choose,
  clear() { pad.clear(); say(""); },
  again() { seed = (seed + 1) % 2 ** 31; samples.want(); },
};
root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.tool) setTool(button.dataset.tool === "erase");
  if (actions[button.dataset.do]) actions[button.dataset.do]();
});
root.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.tagName === "SELECT") return;
  event.preventDefault();
  (event.shiftKey ? pad.redo : pad.undo)();
});
find(".vc-pad").addEventListener("pointerup", () => setTimeout(() => between.want(), 60));
tidySwitch.addEventListener("change", () => picture.want());
told.addEventListener("change", () => picture.want());
drawn.addEventListener("change", () => samples.want());

// Nothing is asked for before the tab is looked at.
new IntersectionObserver(([entry]) => {
  if (!entry.isIntersecting || visible) return;
  visible = true;
  openSet(wanted);
}).observe(root);
pad.reset();
wanted = props.value || {};
watch("value", () => openSet(props.value || {}));
