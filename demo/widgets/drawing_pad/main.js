// Ties pad, stages and server together. `element`, `props`, `server`, `trigger` and `watch` come from gr.HTML.

const GREY_INKS = [["White", [255, 255, 255]], ["Black", [0, 0, 0]]];
const COLOUR_INKS = [["White", [255, 255, 255]], ["Black", [0, 0, 0]], ["Red", [214, 48, 49]], ["Orange", [240, 147, 43]],
  ["Yellow", [249, 214, 80]], ["Green", [46, 139, 87]], ["Blue", [45, 105, 200]], ["Brown", [121, 85, 61]]];

const root = element.querySelector(".vr");
const find = (selector) => root.querySelector(selector);
const newsLine = find(".vr-news"), fileLine = find(".vr-status"), tidySwitch = find(".vr-switch input"), fitSwitch = find(".vr-fit input");
let model = null, wantedModel = null, upload = null, shownOnce = false;

function put(line, text, kind) {
  if (line.textContent !== text) line.textContent = text;
  line.dataset.kind = text ? kind : "";
}
const news = (text, kind = "") => put(newsLine, text, kind);   // of the model and the server
const say = (text, kind = "") => put(fileLine, text, kind);    // of the visitor's file

async function loadImage(png) {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  return image;
}

const stages = makeStages(root, props.size);
const pad = makePad(find(".vr-pad"), {
  onChange: () => link.want(),
  onHistory(past, future) {
    find('[data-do="undo"]').disabled = !past;
    find('[data-do="redo"]').disabled = !future;
  },
});
const whole = makeWhole(root, (request) => server.code_whole(request));
const link = makeLink({
  call: (request) => server.reconstruct(request),
  snapshot: () => model && { model: model.model, image: pad.png(), tidy: tidySwitch.checked,
    source: pad.state.kind, local: { moves: pad.moves() } },
  onAnswer(answer, local) {
    stages.show(answer, pad.drawing());
    find(".vr-edit").disabled = false;
    news("");
    root.dispatchEvent(new CustomEvent("vq-painted", { detail: local }));
  },
  onError: (text) => news(text, "error"),
  onBusy: (busy) => find(".vr-flow").setAttribute("aria-busy", String(busy)),
  onLost: (text) => news(text || "The server does not answer. Your picture is kept; it is tried again.", "lost"),
});

// -- the model -------------------------------------------------------------------------------------------------------

async function openModel(id) {
  wantedModel = id;
  whole.hide();
  link.forget();
  if (!id) {
    news("There is no model yet: train one in the Train tab, or upload one at the top of the page.", "error");
    return;
  }
  if (!shownOnce) news("Warming up: the model is being loaded…", "warm");
  const answer = await server.open_model({ model: id }).catch(() => undefined);
  if (id !== wantedModel) return;
  if (!answer || answer.again) {
    news("The server does not answer; it is tried again.", "lost");
    setTimeout(() => id === wantedModel && openModel(id), 1500);
    return;
  }
  if (!answer.ok) { news(answer.error, "error"); return; }
  const sheet = await loadImage(answer.codes.png);
  if (id !== wantedModel) return;
  const keep = shownOnce && (pad.state.kind === "drawn" || pad.state.touched);
  model = answer;
  shownOnce = true;
  link.forget();
  root.style.setProperty("--pad-ratio", `${answer.pad[1]} / ${answer.pad[0]}`);
  pad.resize(answer.pad[0], answer.pad[1], answer.pad[0] / answer.size[0]);
  stages.open(answer, sheet);
  find(".vr-switch").hidden = !answer.style;
  find(".vr-switch span").textContent = answer.style ? `Lay it out like ${answer.style}` : "";
  makeInks();
  makeExamples();
  if (upload && pad.state.kind === "upload" && !pad.state.touched) await putUpload(upload.name, upload.file);
  else if (keep) link.want();
  else if (answer.examples.length) pick(0, true);
  else { pad.reset(); link.want(); }
}

// -- pictures from elsewhere -----------------------------------------------------------------------------------------

async function putUpload(name, file) {
  if (!model) { say("The model is still being loaded; try again in a moment.", "error"); return; }
  say("Reading the picture…", "busy");
  const answer = await server.open_upload({ model: model.model, file, whole: fitSwitch.checked }).catch(() => undefined);
  if (!answer) { say("The server does not answer, so the picture was not read; try again.", "error"); return; }
  if (!answer.ok) { say(`${name}: ${answer.error}`, "error"); return; }
  const image = await loadImage(answer.picture);
  upload = { name, file };
  find(".vr-fit").hidden = !answer.cropped;
  pad.show(image, { kind: "upload", paper: answer.paper });
  setInk(answer.paper[0] + answer.paper[1] + answer.paper[2] > 382 ? 1 : 0);   // one that shows on this paper
  say(`${name}${answer.notes.length ? `: ${answer.notes.join(", ")}` : ""}`, "good");
  if (model.style) whole.hide();   // a digit is laid out anew, there is no whole of it
  else whole.show(model.model, file);
}

const files = takeFiles(root, { onFile: putUpload, onError: (text) => say(text, "error") });

function pixelCanvas(base64) {
  const canvas = document.createElement("canvas");
  paintPixels(canvas, bytesOf(base64), ...model.size);
  return canvas;
}

function forgetUpload() {
  upload = null;
  whole.hide();
  find(".vr-fit").hidden = true;
}

function pick(number, first = false) {
  const canvas = pixelCanvas(model.examples[number].pixels);
  const [r, g, b] = canvas.getContext("2d").getImageData(0, 0, 1, 1).data;
  forgetUpload();
  pad.show(canvas, { kind: "example", paper: model.size[2] === 1 ? [0, 0, 0] : [r, g, b], first });
  setInk(0);
  if (!first) say("");
}

function makeExamples() {
  find(".vr-examples").replaceChildren(...model.examples.map((example, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Example: ${example.label}`);
    button.title = example.label;
    button.append(pixelCanvas(example.pixels));
    button.addEventListener("click", () => pick(i));
    return button;
  }));
  find(".vr-examples-note").textContent = model.examples.length ? model.examples_from : "";
}

// -- tools -----------------------------------------------------------------------------------------------------------

function setInk(number) {
  const buttons = [...root.querySelectorAll(".vr-inks button")];
  buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === number)));
  pad.tool.ink = (model.size[2] === 1 ? GREY_INKS : COLOUR_INKS)[number][1];
}

function setTool(erase) {
  pad.tool.erase = erase;
  root.querySelectorAll("[data-tool]").forEach(
    (button) => button.setAttribute("aria-pressed", String((button.dataset.tool === "erase") === erase)));
}

function makeInks() {
  find(".vr-inks").replaceChildren(...(model.size[2] === 1 ? GREY_INKS : COLOUR_INKS).map(([name, rgb], i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = `${name} ink`;
    button.setAttribute("aria-label", `${name} ink`);
    button.style.backgroundColor = `rgb(${rgb.join(",")})`;
    button.addEventListener("click", () => { setInk(i); setTool(false); });
    return button;
  }));
  setInk(0);
}

const actions = {
  undo: pad.undo, redo: pad.redo, choose: files.choose,
  clear() { forgetUpload(); pad.clear(); setInk(0); say(""); },
  edit() {
    props.value = { model: model.model, grid: { model: model.model, indices: stages.rows(), input: stages.inputUrl() } };
    trigger("edit");
  },
};
root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.tool) setTool(button.dataset.tool === "erase");
  if (button.dataset.do && (model || button.dataset.do === "choose")) actions[button.dataset.do]();
});
find(".vr-pad").addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(key)) return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) pad.redo(); else pad.undo();
});
find(".vr-size input").addEventListener("input", (event) => { pad.tool.size = Number(event.target.value); });
tidySwitch.addEventListener("change", () => link.want());
fitSwitch.addEventListener("change", () => upload && putUpload(upload.name, upload.file));

find(".vr-edit").hidden = !props.can_edit;
pad.reset();
watch("value", () => { if (props.value && props.value.model !== wantedModel) openModel(props.value.model); });
openModel(props.value && props.value.model);
