// Ties pad, stages and server together.

import { go } from "../../../page/guide/address.js";
import { closest, contextOf, find as findIn, isOutOfReach, make, tell } from "../../../page/dom.js";
import { exampleButtons, exampleCanvas } from "../../../page/drawing/examples.js";
import { LEFT_OUT, READING, takeFiles } from "../../../page/drawing/files.js";
import { imageOf } from "../../../page/packed.js";
import { makePad } from "../../../page/drawing/pad.js";
import { Wire } from "../../../page/wire.js";
import { Computing } from "./computing.js";
import { makePart } from "./part.js";
import { makeStages } from "./stages.js";
import { makeWhatIf } from "./whatif.js";
import { makeWhole } from "./whole.js";

const LOST = "The server does not answer. Your picture is kept; it is tried again.";
const boxHint = (/** @type {number} */ found) =>
  ["Put the box around it.", "Drag, resize or turn the box."][found] ??
  "Drag or turn the box, or click another digit.";
const NO_MODEL =
  "There is no model yet: train one in the Train tab, or upload one at the top of the page.";
/** @type {[string, number[]][]} */
const GREY_INKS = [
  ["White", [255, 255, 255]],
  ["Black", [0, 0, 0]],
];
/** @type {[string, number[]][]} */
const COLOUR_INKS = [
  ...GREY_INKS,
  ["Red", [214, 48, 49]],
  ["Orange", [240, 147, 43]],
  ["Yellow", [249, 214, 80]],
  ["Green", [46, 139, 87]],
  ["Blue", [45, 105, 200]],
  ["Brown", [121, 85, 61]],
];

/** @param {import("../../../page/component.js").Component} component */
export function mount({ element, props, server, trigger, watch }) {
  const root = findIn(element, ".vr");
  const find = (/** @type {string} */ selector) => findIn(root, selector);
  const input = (/** @type {string} */ selector) => findIn(root, selector, HTMLInputElement);
  const tidySwitch = input(".vr-switch input"),
    fitSwitch = input(".vr-fit input");
  /** The server's answer to the opening. @type {any} */
  let model = null;
  /** @type {string | null} */
  let wantedModel = null;
  /** @type {{name: string, file: string} | null} */
  let upload = null;
  let shownOnce = false;

  const news = (text = "", kind = "") => tell(find(".vr-news"), text, kind); // of model and server
  const say = (text = "", kind = "") => tell(find(".vr-status"), text, kind); // of the visitor's file

  const wire = new Wire(server, (lost) => (lost ? news(LOST, "lost") : news()));
  const computing = new Computing(server);
  // Asked like the server, and answered in the page wherever the page can.
  const here = new Wire(computing.questions(), (lost) => (lost ? news(LOST, "lost") : news()));
  for (const one of [wire, here]) {
    one.onBusy = (sentence) => news(sentence, "lost");
    one.onAsking = () =>
      find(".vr-flow").setAttribute("aria-busy", String(wire.asking + here.asking > 0));
    window.addEventListener("vq-back", () => one.retry()); // see head/alive.js
  }

  const stages = makeStages(root, props.size);
  const pad = makePad(findIn(root, ".vr-pad", HTMLCanvasElement), {
    onChange() {
      if (!part.show() && tool === "box") setTool("draw");
      ask();
    },
    onHistory(past, future) {
      findIn(root, '[data-do="undo"]', HTMLButtonElement).disabled = !past;
      findIn(root, '[data-do="redo"]', HTMLButtonElement).disabled = !future;
    },
    onHand() {
      if (find(".vr-status").dataset.kind === "busy") say(LEFT_OUT);
    },
  });
  const whatIf = makeWhatIf(root, props.minis);
  const whole = makeWhole(root, (request) => wire.once("code_whole", request));
  const part = makePart(root, {
    pad,
    wire,
    taken: (tidy) => (model ? pad.taken(model.model, tidy) : null),
    onTaken: ask,
    onError: (text) => say(text, "error"),
  });
  let tool = "draw";

  // What is on the pad, through the model; of a fast hand only the last state is sent.
  function ask() {
    here.send("picture", "reconstruct", question, (answer, { did, ...local }) => {
      if (!answer.ok) news(answer.error, "error");
      else paint(did ? { ...answer, did } : answer, local);
    });
  }

  function question() {
    if (!model) return null;
    const tidy = !model.style || tidySwitch.checked,
      taken = pad.taken(model.model, tidy),
      moves = pad.moves();
    if (taken && taken.input === null) {
      paint({ nothing: taken.did }, { moves });
      return null;
    }
    return {
      tidy,
      source: taken ? "input" : pad.state.kind,
      taken: taken && taken.input,
      pixels: pad.pixels,
      png: pad.png,
      local: { moves, did: taken && taken.did },
    };
  }

  function paint(answer, local) {
    if (answer.nothing) stages.nothing(answer.nothing);
    else stages.show(answer, pad.drawing());
    whatIf.show(answer.nothing ? null : answer.input);
    findIn(root, ".vr-edit", HTMLButtonElement).disabled = Boolean(answer.nothing);
    news();
    root.dispatchEvent(new CustomEvent("vq-painted", { detail: local }));
  }

  // -- the model ----------------------------------------------------------------------------------

  /** @param {string | null} id */
  async function openModel(id) {
    wantedModel = id;
    whole.hide();
    wire.renew();
    here.renew();
    if (!id) {
      news(NO_MODEL, "error");
      return;
    }
    if (!shownOnce) news("Warming up: the model is being loaded…", "warm");
    const answer = await wire.ask("open_model", { model: id });
    if (!answer || id !== wantedModel) return;
    if (!answer.ok) {
      news(answer.error, "error");
      return;
    }
    root.dataset.engine = "server";
    computing.open(answer).then((inPage) => {
      if (inPage && computing.model === answer) root.dataset.engine = "page";
    });
    const sheet = await imageOf(answer.codes.png);
    if (id !== wantedModel) return;
    here.renew();
    model = answer;
    shownOnce = true;
    root.style.setProperty("--pad-ratio", `${answer.pad[1]} / ${answer.pad[0]}`);
    pad.resize(answer.pad[0], answer.pad[1], answer.pad[0] / answer.size[0]);
    stages.open(answer, sheet);
    whatIf.open(answer);
    find(".vr-switch").hidden = !answer.style;
    find(".vr-switch span").textContent = answer.style
      ? `Centre and scale like ${answer.style.name}`
      : "";
    makeInks();
    find(".vr-examples").replaceChildren(
      ...exampleButtons(model, "Example", (number) => pick(number)),
    );
    find(".vr-examples-note").textContent = model.examples.length ? model.examples_from : "";
    if (upload && pad.state.kind === "upload" && !pad.state.touched)
      await putUpload(upload.name, upload.file);
    else if (pad.own()) ask();
    else if (answer.examples.length) pick(0, true);
    else {
      pad.reset();
      ask();
    }
  }

  // -- pictures from elsewhere --------------------------------------------------------------------

  /**
   * @param {string} name @param {string} file base64 @param {() => boolean} holds whether the
   *   visitor still waits for it
   */
  async function putUpload(name, file, holds = pad.claim()) {
    if (!model) {
      say("The model is still being loaded; try again in a moment.", "error");
      return;
    }
    say(READING, "busy");
    const owner = model.model,
      mine = { name, file },
      before = upload;
    upload = mine; // for another model, too, which may be chosen meanwhile
    const shown = await readUpload(mine, owner, holds);
    if (!shown && upload === mine) upload = before;
  }

  /**
   * Whether it is on the pad. @param {{name: string, file: string}} file @param {string} owner
   * @param {() => boolean} holds
   */
  async function readUpload({ name, file }, owner, holds) {
    const answer = await wire.once("open_upload", { model: owner, file, whole: fitSwitch.checked });
    if (!holds()) return false;
    if (model.model !== owner) return readUpload({ name, file }, model.model, holds);
    if (!answer) {
      say("The server does not answer, so the picture was not read; try again.", "error");
      return false;
    }
    if (!answer.ok) {
      say(`${name}: ${answer.error}`, "error");
      return false;
    }
    const image = await imageOf(answer.picture);
    if (!holds()) return false;
    find(".vr-fit").hidden = !answer.cropped;
    const { did, found, place, paper } = answer;
    const framed = found && { found, place, file };
    setTool(framed ? "box" : "draw");
    pad.show(image, { kind: "upload", paper, taken: { owner, input: answer.input, did, framed } });
    setInk(answer.paper[0] + answer.paper[1] + answer.paper[2] > 382 ? 1 : 0); // shows on this paper
    say(
      `${name}${answer.notes.length ? `: ${answer.notes.join(", ")}` : ""}${framed ? `. ${boxHint(found.length)}` : ""}`,
      "good",
    );
    find(".vr-other").hidden = !model.photos;
    if (model.style)
      whole.hide(); // a digit is laid out anew, there is no whole of it
    else whole.show(model.model, file);
    return true;
  }

  const files = takeFiles(root, {
    claim: pad.claim,
    onFile: putUpload,
    say,
  });

  function forgetUpload() {
    upload = null;
    whole.hide();
    find(".vr-fit").hidden = find(".vr-other").hidden = true;
  }

  function pick(number, first = false) {
    const canvas = exampleCanvas(model, number);
    const [r, g, b] = contextOf(canvas).getImageData(0, 0, 1, 1).data;
    forgetUpload();
    pad.show(canvas, {
      kind: "example",
      paper: model.size[2] === 1 ? [0, 0, 0] : [r, g, b],
      first,
    });
    setInk(0);
    if (!first) say();
  }

  // -- tools --------------------------------------------------------------------------------------

  const inks = () => (model.size[2] === 1 ? GREY_INKS : COLOUR_INKS);

  function setInk(number) {
    const buttons = [...root.querySelectorAll(".vr-inks button")];
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === number)));
    pad.tool.ink = inks()[number][1];
  }

  /** @param {string} name draw, erase or box */
  function setTool(name) {
    tool = name;
    pad.tool.erase = name === "erase";
    for (const button of root.querySelectorAll(".vr-modes button"))
      button.setAttribute(
        "aria-pressed",
        String(/** @type {HTMLElement} */ (button).dataset.tool === name),
      );
    part.hold(name === "box");
  }

  function makeInks() {
    find(".vr-inks").replaceChildren(
      ...inks().map(([name, rgb], i) => {
        const button = make("button", "", {
          type: "button",
          title: `${name} ink`,
          "aria-label": `${name} ink`,
        });
        button.style.backgroundColor = `rgb(${rgb.join(",")})`;
        button.addEventListener("click", () => {
          setInk(i);
          setTool("draw");
        });
        return button;
      }),
    );
    setInk(0);
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    undo: pad.undo,
    redo: pad.redo,
    choose: files.choose,
    quarter: part.quarter,
    found: part.found,
    photos: () => go("model", model.photos),
    clear() {
      forgetUpload();
      pad.clear();
      setInk(0);
      say();
    },
    edit() {
      const { model: id } = model;
      props.value = {
        model: id,
        grid: { model: id, indices: stages.rows(), input: stages.inputUrl() },
      };
      trigger("edit");
    },
  };
  root.addEventListener("click", (event) => {
    const button = closest(event, "button"),
      { do: action, tool: chosen } = button?.dataset ?? {};
    if (chosen) setTool(chosen);
    if (button && isOutOfReach(button)) say(button.title, "error");
    else if (action && (model || action === "choose")) actions[action]();
  });
  find(".vr-pad").addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(key)) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) pad.redo();
    else pad.undo();
  });
  const size = input(".vr-size input");
  size.addEventListener("input", () => {
    pad.tool.size = Number(size.value);
  });
  tidySwitch.addEventListener("change", () => {
    if (!part.show() && tool === "box") setTool("draw");
    else if (part.show() && !pad.state.touched) setTool("box");
    ask();
  });
  fitSwitch.addEventListener("change", () => upload && putUpload(upload.name, upload.file));

  find(".vr-edit").hidden = !props.can_edit;
  pad.reset();
  watch("value", () => {
    if (props.value && props.value.model !== wantedModel) openModel(props.value.model);
  });
  openModel(props.value && props.value.model);
}
