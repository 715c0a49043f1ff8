// Ties pad, panels and server together.

import { closest, find as findIn, tell } from "../../../page/dom.js";
import { makePad } from "../../../page/drawing/pad.js";
import { Wire } from "../../../page/wire.js";
import { makePanels } from "./panels.js";
import { Sources } from "./sources.js";

const LOST = "The server does not answer. Your picture is kept; it is tried again.";
const AFTER_STROKE = 60; // ms until the walk between two pictures follows

/** @typedef {{set?: string | null, model?: string | null}} Wanted of the pickers */

/** @param {import("../../../page/component.js").Component} component */
export function mount({ element, props, server, watch }) {
  const root = findIn(element, ".vc");
  const find = (/** @type {string} */ selector) => findIn(root, selector);
  const tidySwitch = findIn(root, ".vc-switch input", HTMLInputElement);
  const told = findIn(root, ".vc-class select", HTMLSelectElement);
  const drawn = findIn(root, ".vc-of select", HTMLSelectElement);
  /** The server's answer to the opening. @type {any} */
  let open = null;
  /** @type {Wanted} */
  let wanted = {};
  /** What the models were shown last, base64. @type {string | null} */
  let input = null;
  /** @type {import("./panels.js").Names} */
  let names = { classes: [] };
  let seed = 0,
    visible = false,
    started = false;

  const news = (text = "", kind = "") => tell(find(".vc-news"), text, kind);
  const base = () => ({ set: open.set, model: wanted.model || null });

  const wire = new Wire(server, (lost) => (lost ? news(LOST, "lost") : news(open?.note)));
  wire.onBusy = (sentence) => news(sentence, "lost");
  window.addEventListener("vq-back", () => wire.retry()); // see head/alive.js

  const panels = makePanels(root);
  const pad = makePad(findIn(root, ".vc-pad", HTMLCanvasElement), {
    onChange: compare,
    onHistory(past, future) {
      findIn(root, '[data-do="undo"]', HTMLButtonElement).disabled = !past;
      findIn(root, '[data-do="redo"]', HTMLButtonElement).disabled = !future;
    },
    onHand: () => sources.lapse(),
  });
  const sources = new Sources(
    root,
    pad,
    (file) => wire.once("compare_upload", { ...base(), file }),
    walk,
  );

  // Of a fast hand only the last state is sent; what is refused is said.
  function ask(question, request, onAnswer) {
    wire.send(
      question,
      question,
      () => open && request(),
      (answer, local) => {
        if (answer.ok) onAnswer(answer, local);
        else news(answer.error, "error");
      },
    );
  }

  // The words that explain themselves were made by the server, in the hidden list.
  function explained(key) {
    const node = element.querySelector(`[data-word="${key}"]`)?.firstElementChild;
    return node ? node.cloneNode(true) : document.createTextNode(key);
  }

  function compare() {
    ask(
      "compare_picture",
      () => {
        const tidy = !open.style || tidySwitch.checked,
          { image, source, did } = pad.asked(open.set, tidy);
        if (image !== null)
          return { ...base(), image, source, tidy, label: Number(told.value), local: { did } };
        paint({ nothing: did });
        return null;
      },
      (answer, { did }) => paint(did ? { ...answer, did } : answer),
    );
  }

  function paint(answer) {
    input = answer.nothing ? null : answer.input;
    if (answer.nothing) panels.nothing(answer.nothing);
    else panels.show(answer, names);
    if (!answer.nothing && !pad.drawing()) walk();
    news(open.note);
    root.dispatchEvent(new CustomEvent("vq-compared"));
  }

  function walk() {
    ask(
      "compare_between",
      () =>
        input && sources.end && { ...base(), a: input, b: sources.end, label: Number(told.value) },
      (answer) => input && panels.walk(answer, names),
    );
  }

  function invent() {
    ask("compare_samples", () => ({ ...base(), seed, label: Number(drawn.value) }), panels.invent);
  }

  /** @param {Wanted} value */
  async function openSet(value) {
    wanted = value;
    if (!visible) return;
    wire.renew();
    if (!value.set) {
      open = null;
      sources.open(null);
      news("There is nothing to compare yet: train all four below.", "error");
      return;
    }
    if (!started) news("Warming up: the models are being loaded…");
    const answer = await wire.ask("compare_open", { set: value.set, model: value.model || null });
    if (!answer || value !== wanted) return;
    if (!answer.ok) {
      news(answer.error, "error");
      return;
    }
    const same = open && open.set === answer.set;
    wire.renew();
    open = answer;
    names = {
      classes: answer.classes,
      ...Object.fromEntries(answer.models.map((m) => [m.kind, m.name])),
    };
    news(answer.note);
    root.style.setProperty("--pad-ratio", `${answer.pad[1]} / ${answer.pad[0]}`);
    pad.resize(answer.pad[0], answer.pad[1], answer.pad[0] / answer.size[0]);
    panels.open(answer, explained);
    find(".vc-switch").hidden = !answer.style;
    find(".vc-switch span").textContent = answer.style
      ? `Centre and scale like ${answer.style}`
      : "";
    fillClasses(told, find(".vc-class"), "nothing: it chooses the class that fits best");
    fillClasses(drawn, find(".vc-of"), "any");
    sources.open(answer);
    const keep = started && same;
    started = true;
    if (keep || pad.own() || !answer.examples.length) compare();
    else sources.pick(0, true);
    invent();
  }

  /** @param {HTMLSelectElement} select @param {HTMLElement} label @param {string} any */
  function fillClasses(select, label, any) {
    label.hidden = !open.classes.length;
    select.replaceChildren(
      new Option(any, "-1"),
      ...open.classes.map((name, i) => new Option(name, String(i))),
    );
  }

  // -- tools --------------------------------------------------------------------------------------

  function setTool(erase) {
    pad.tool.erase = erase;
    find('[data-tool="draw"]').setAttribute("aria-pressed", String(!erase));
    find('[data-tool="erase"]').setAttribute("aria-pressed", String(erase));
  }
  /** @type {Record<string, () => void>} */
  const actions = {
    undo: pad.undo,
    redo: pad.redo,
    choose: () => sources.choose(),
    clear() {
      pad.clear();
      sources.say();
    },
    again() {
      seed = (seed + 1) % 2 ** 31;
      invent();
    },
  };
  root.addEventListener("click", (event) => {
    const { do: action, tool } = closest(event, "button")?.dataset ?? {};
    if (tool) setTool(tool === "erase");
    if (action && actions[action]) actions[action]();
  });
  root.addEventListener("keydown", (event) => {
    if (
      !(event.ctrlKey || event.metaKey) ||
      event.key.toLowerCase() !== "z" ||
      closest(event, "select")
    )
      return;
    event.preventDefault();
    if (event.shiftKey) pad.redo();
    else pad.undo();
  });
  find(".vc-pad").addEventListener("pointerup", () => setTimeout(walk, AFTER_STROKE));
  tidySwitch.addEventListener("change", compare);
  told.addEventListener("change", compare);
  drawn.addEventListener("change", invent);

  // Nothing is asked for before the tab is looked at.
  new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting || visible) return;
    visible = true;
    openSet(wanted);
  }).observe(root);
  pad.reset();
  wanted = props.value || {};
  watch("value", () => openSet(props.value || {}));
}
