// Ties the parts of the tab together.

import { closest, find, tell } from "../../../page/dom.js";
import { onMove, read, write } from "../../../page/guide/address.js";
import { Wire } from "../../../page/wire.js";
import { makeAtlas } from "./atlas.js";
import { pressChoice } from "./choices.js";
import { makeDetails } from "./details.js";
import { loadPlotly } from "./figure.js";
import { makeMap } from "./map.js";
import { makePast } from "./past.js";
import { saveText } from "./saving.js";
import { makeUsage } from "./usage.js";

const LOST = "The server does not answer; what you see is kept, and it is tried again.";

/**
 * What is on show, and what the parts of the tab share.
 * @typedef {object} State
 * @property {string | null} model id of the model
 * @property {number} code the selected one
 * @property {number[]} counts how often each code was chosen
 * @property {string} counted where: "stored", or the id of a data set
 * @property {string} about the same in words
 * @property {string[]} classes
 * @property {number[]} grid rows and columns
 * @property {number} K codes
 * @property {any} handed the picture that was given to the editor
 * @property {any} opened the server's answer to the opening
 *
 * @typedef {object} Shared
 * @property {import("./asking.js").Ask} ask
 * @property {string} plotly address of Plotly's script
 * @property {(code: number) => unknown} onCode selects a code everywhere
 * @property {State} state
 * @property {(text?: string, kind?: string) => void} say a sentence above everything, or none
 */

/** @param {import("../../../page/component.js").Component} component */
export function mount({ element, props, server, watch }) {
  const root = find(element, ".vc");
  const statusLine = find(root, ".vc-status"),
    all = find(root, ".vc-all");
  const sets = find(root, ".vc-counted select", HTMLSelectElement);
  /** @type {State} */
  const state = {
    model: null,
    code: 0,
    counts: [],
    counted: "stored",
    about: "",
    classes: [],
    grid: [1, 1],
    K: 0,
    handed: null,
    opened: null,
  };
  /** @type {string | null} */
  let wanted = null;
  let visible = false;

  const say = (text = "", kind = "error") => tell(statusLine, text, kind);
  const wire = new Wire(server, (lost) => say(lost ? LOST : "", "lost"));
  wire.onBusy = (sentence) => say(sentence, "note");
  window.addEventListener("vq-back", () => wire.retry()); // see head/alive.js

  /** @type {Shared} */
  const parts = {
    ask: (question, request) => wire.get(question, request),
    plotly: props.plotly,
    onCode: select,
    state,
    say,
  };
  const { ask } = parts;
  const atlas = makeAtlas(root, parts);
  const usage = makeUsage(root, parts),
    map = makeMap(root, parts);
  const details = makeDetails(root, { ...parts, atlas });
  const past = makePast(root, parts);

  // One code, everywhere: the panel is asked for, and the figures only move their marks.
  /** @param {number} code */
  function select(code) {
    state.code = code;
    if (state.opened) write({ code: code === state.opened.begin ? null : code });
    const asked = details.open(code);
    atlas.mark(code);
    usage.mark(code);
    past.mark(code);
    // In a space the mark is a point, for which all are drawn again: after the answer.
    asked.then(() => code === state.code && map.mark(code));
    return asked;
  }

  /** @param {string | null} id */
  async function open(id) {
    state.model = id;
    wire.renew();
    // What is under way and what is on show belong to the model that is left.
    usage.stop();
    map.stop();
    all.inert = true;
    if (!id) {
      all.hidden = true;
      say(
        "There is no model yet: train one in the Train tab, or upload one at the top of the page.",
        "note",
      );
      return;
    }
    if (all.hidden) say("Reading the model…", "note");
    loadPlotly(props.plotly).catch(() => undefined);
    let answer;
    try {
      answer = await ask("codebook_open", {
        model: id,
        order: usage.options.order,
        scale: usage.options.scale,
      });
    } catch (error) {
      if (id !== state.model) return;
      say(error.message);
      all.inert = false;
      all.hidden = true;
      return;
    }
    if (!answer || id !== state.model) return;
    Object.assign(state, {
      opened: answer,
      K: answer.K,
      grid: answer.grid,
      counted: "stored",
      counts: answer.counts,
    });
    const linked = Number(read("code") ?? answer.begin);
    state.code =
      Number.isInteger(linked) && linked >= 0 && linked < answer.K ? linked : answer.begin;
    all.hidden = all.inert = false;
    find(root, "[data-dim]").textContent = answer.D;
    find(root, ".vc-code input", HTMLInputElement).max = String(answer.K - 1);
    sets.replaceChildren(
      new Option("the stored statistics", "stored"),
      ...answer.sets.map((set) => new Option(set.title, set.id)),
    );
    for (const [name, value] of [
      ["method", "pca"],
      ["dimensions", "2"],
    ])
      pressChoice(root, name, value);
    say("");
    await atlas.open(answer);
    atlas.tell(null);
    await Promise.all([
      usage.show(answer).catch((error) => say(error.message)),
      details.open(state.code),
      map.open(answer),
    ]);
    root.dataset.ready = id;
    await past.open(answer);
    try {
      const drawn = await ask("codebook_drawn", { model: id });
      if (!drawn || id !== state.model) return;
      await atlas.dress(drawn);
      details.dress();
      root.dataset.dressed = id;
    } catch (error) {
      say(error.message);
    }
  }

  // The tab's contents are asked for when they are first on show, and whenever the model changes
  // after that.
  function maybeOpen() {
    const value = props.value || {};
    state.handed = value.picture || null;
    wanted = value.model || null;
    if (visible && (wanted !== state.model || (state.model === null && wanted === null)))
      open(wanted);
  }
  onMove("code", (code) => {
    if (state.opened) select(code === null ? state.opened.begin : Number(code));
  });
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && !visible) {
      visible = true;
      maybeOpen();
    }
  }).observe(element);
  watch("value", maybeOpen);

  /** @type {Record<string, (value: string) => unknown>} */
  const choices = {
    order: (value) => usage.set({ order: value }),
    scale: (value) => usage.set({ scale: value }),
    show: (value) => atlas.set(value),
    look(value) {
      atlas.dressAs(value);
      details.dress();
    },
    method: (value) => map.set({ method: value }),
    dimensions: (value) => map.set({ dimensions: Number(value) }),
    metric: (value) => details.set(value),
  };
  /** @type {Record<string, (format: string) => unknown>} */
  const saves = {
    usage: (format) => usage.figure.save("codebook-usage", format),
    spread: usage.save,
    atlas: atlas.save,
    map: map.save,
    points: map.savePoints,
    code: details.save,
    past: past.save,
  };
  async function saveTable(table) {
    const answer = await ask("codebook_table", {
      model: state.model,
      counted: state.counted,
      table,
    });
    if (answer) saveText(answer.name, answer.text, "text/csv");
  }
  root.addEventListener("click", async (event) => {
    const button = closest(event, "button");
    if (!button || !state.opened) return;
    const { choice } = button.parentElement?.dataset ?? {},
      { stop, save, table } = button.dataset;
    if (choice && button.getAttribute("aria-pressed") !== "true") {
      pressChoice(root, choice, button.value);
      choices[choice](button.value);
    }
    if (stop) (stop === "count" ? usage : map).stop();
    if (save || table) {
      button.closest("details")?.removeAttribute("open");
      try {
        await (table ? saveTable(table) : saves[save ?? ""](button.value));
      } catch (error) {
        say(error.message);
      }
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of root.querySelectorAll("details.vc-save[open]")) {
      if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute("open");
    }
  });
  root.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && closest(event, "details.vc-save[open]");
    if (!menu) return;
    menu.removeAttribute("open");
    find(menu, "summary").focus();
  });
  sets.addEventListener("change", async () => {
    if (!(await usage.count(sets.value))) {
      sets.value = state.counted;
      return;
    }
    atlas.paint();
    details.open(state.code);
    map.draw();
  });
  new MutationObserver(() => {
    for (const one of [usage, map, past]) one.figure.redress();
  }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
}
