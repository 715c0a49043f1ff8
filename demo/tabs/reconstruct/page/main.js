// Ties pad, stages and server together.

import { go } from "../../../page/guide/address.js";
import { closest, find as findIn, isOutOfReach, tell } from "../../../page/dom.js";
import { imageOf } from "../../../page/packed.js";
import { makePad } from "../../../page/drawing/pad.js";
import { Wire } from "../../../page/wire.js";
import { openCard } from "../../../page/codes/opening.js";
import { Computing } from "./computing.js";
import { showCurves } from "./curves.js";
import { Tools } from "./inks.js";
import { makePart } from "./part.js";
import { Sources } from "./sources.js";
import { makeStages } from "./stages.js";
import { makeWhatIf } from "./whatif.js";

const LOST = "The server does not answer. Your picture is kept; it is tried again.";
const NO_MODEL =
  "There is no model yet: train one in the Train tab, or upload one at the top of the page.";

/** @param {import("../../../page/component.js").Component} component */
export function mount({ element, props, server, trigger, watch }) {
  const root = findIn(element, ".vr");
  const find = (/** @type {string} */ selector) => findIn(root, selector);
  const tidySwitch = findIn(root, ".vr-switch input", HTMLInputElement);
  /** The server's answer to the opening. @type {any} */
  let model = null;
  /** @type {string | null} */
  let wantedModel = null;
  let shownOnce = false;

  const news = (text = "", kind = "") => tell(find(".vr-news"), text, kind); // of model and server
  const say = (text = "", kind = "") => sources.say(text, kind); // of the visitor's file

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

  const stages = makeStages(root, props.size, ({ code, place, where }, event, anchor) =>
    openCard(
      { model: model.model, code, where, edit: place === null ? undefined : actions.edit },
      event,
      anchor,
    ),
  );
  const pad = makePad(findIn(root, ".vr-pad", HTMLCanvasElement), {
    onChange() {
      tools.settle(part.show());
      ask();
    },
    onHistory(past, future) {
      findIn(root, '[data-do="undo"]', HTMLButtonElement).disabled = !past;
      findIn(root, '[data-do="redo"]', HTMLButtonElement).disabled = !future;
    },
    onHand: () => sources.lapse(),
  });
  const whatIf = makeWhatIf(root, props.minis);
  showCurves(root, props.curves);
  const part = makePart(root, {
    pad,
    wire,
    taken: (tidy) => (model ? pad.taken(model.model, tidy) : null),
    onTaken: ask,
    onError: (text) => say(text, "error"),
  });
  const tools = new Tools(root, pad, (held) => part.hold(held)),
    sources = new Sources(root, wire, pad, tools);

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
    sources.close();
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
    tools.open(answer.size[2]);
    sources.open(answer);
    if (sources.isOnPad) await sources.again();
    else if (pad.own()) ask();
    else if (answer.examples.length) sources.pick(0, true);
    else {
      pad.reset();
      ask();
    }
  }

  // -- what is done -------------------------------------------------------------------------------

  /** @type {Record<string, () => void>} */
  const actions = {
    undo: pad.undo,
    redo: pad.redo,
    choose: () => sources.choose(),
    quarter: part.quarter,
    found: part.found,
    photos: () => go({ model: model.photos }),
    clear() {
      sources.forget();
      pad.clear();
      tools.dip(0);
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
    if (chosen) tools.take(chosen);
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
  tidySwitch.addEventListener("change", () => {
    const framed = part.show();
    if (framed && !pad.state.touched) tools.take("box");
    else tools.settle(framed);
    ask();
  });

  find(".vr-edit").hidden = !props.can_edit;
  pad.reset();
  watch("value", () => {
    if (props.value && props.value.model !== wantedModel) openModel(props.value.model);
  });
  openModel(props.value && props.value.model);
}
