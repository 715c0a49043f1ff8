// Ties settings, sheet, clock and server together.

import { openCard } from "../../../page/codes/opening.js";
import { closest, find as findIn } from "../../../page/dom.js";
import { Controls } from "./controls.js";
import { Drawing } from "./drawing.js";
import { GoingOn } from "./going_on.js";
import { Linked } from "./linked.js";
import { Asking, State } from "./state.js";
import { Viewing } from "./viewing.js";
import { Why } from "./why.js";

const NO_MODEL =
  "There is no model yet: train one in the Train tab, or upload one at the top of the page.";

/** @param {import("../../../page/component.js").Component} component */
export function mount({ element, props, server, trigger, watch }) {
  const root = findIn(element, ".vg");
  const find = (/** @type {string} */ selector) => findIn(root, selector);
  const form = findIn(root, ".vg-form", HTMLFormElement);
  const state = new State(),
    asking = new Asking(state, find(".vg-status"), server),
    controls = new Controls(form),
    why = new Why(find(".vg-reasons"));
  const viewing = new Viewing(root, state, asking, {
    choose: () => goingOn.clear(),
    cell: (p, event) => {
      goingOn.open(p);
      meet(p, event);
    },
    step: () => goingOn.follow(),
  });
  const goingOn = new GoingOn(root, state, asking, viewing),
    drawing = new Drawing(root, state, asking, viewing),
    linked = new Linked(controls, () => void drawing.generate(controls.read()));
  let whySeed = 0,
    visible = false;

  // ---- the model ----

  /** @param {string | null} model */
  async function open(model) {
    asking.wire.renew();
    viewing.pause();
    drawing.drop();
    Object.assign(state, { model, info: null });
    find(".vg-empty").hidden = true;
    if (!model) {
      find(".vg-all").hidden = true;
      asking.say(NO_MODEL);
      return;
    }
    const info = await asking.attempt(() => asking.ask("generate_open", {}));
    if (model !== state.model) return;
    if (info === undefined) find(".vg-all").hidden = true;
    if (!info) return;
    tellPrior(info);
    if (!info.prior) return;
    state.info = info;
    controls.open(info);
    linked.open();
    viewing.open(info);
    why.open(info);
    goingOn.clear();
    await drawing.generate(controls.read());
    if (state.info === info) await another(whySeed);
  }

  /** Whether there is a prior, and what leads to one. @param {any} info */
  function tellPrior({ prior, awaited }) {
    find(".vg-empty").hidden = prior;
    find(".vg-empty h2").textContent = awaited
      ? "The prior of this model is not trained to its end yet"
      : "This model can reconstruct, but not yet generate";
    find(".vg-empty button").textContent = awaited
      ? "See how far it is"
      : "Train a prior for this model";
    find(".vg-awaited").hidden = !awaited;
    find(".vg-all").hidden = !prior;
    asking.say("");
    root.dataset.busy = "false";
  }

  // ---- what is done ----

  /** Four ways to choose codes, from one seed. @param {number} seed */
  async function another(seed) {
    const { info } = state;
    const answer = await asking.attempt(() => asking.ask("generate_reference", { seed }));
    if (!answer || info !== state.info) return;
    await why.show(info, answer);
    find(".vg-reasons").dataset.seed = String(seed);
  }

  /** The card of the code in a cell. @param {number} p @param {Event} event */
  function meet(p, event) {
    const { sample, info } = state;
    if (sample.live || !sample.known(p, viewing.step)) return;
    const where = `row ${Math.floor(p / info.w) + 1}, column ${(p % info.w) + 1}`,
      met = { model: info.model, code: sample.indices[p], where, edit };
    openCard(met, event, viewing.board.grid, ["left", "above", "below"]);
  }

  function edit() {
    const { sample, info, model } = state,
      indices = [...sample.indices];
    if (sample.live) return;
    const rows = Array.from({ length: info.h }, (_, r) =>
      indices.slice(r * info.w, (r + 1) * info.w),
    );
    props.value = { ...props.value, model, grid: { model, indices: rows, input: null } };
    trigger("edit");
  }

  function save() {
    const link = document.createElement("a");
    link.href = viewing.png();
    link.download = `samples-seed-${state.asked.seed}.png`;
    link.click();
  }

  /** @type {Record<string, () => unknown>} */
  const actions = {
    train: () => trigger("train"),
    cancel: () => drawing.cancel(),
    save,
    edit,
    another: () => another(++whySeed),
    undo: () => goingOn.undo(),
  };
  root.addEventListener("click", (event) => {
    const name = closest(event, "[data-do]")?.dataset.do;
    if (name && (name === "train" || name === "cancel" || state.samples.length)) actions[name]();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!state.info) return;
    try {
      void drawing.generate(controls.read(true));
      linked.keep();
    } catch (error) {
      asking.say(error.message, "error");
    }
  });
  form.noValidate = true;
  find('[data-do="edit"]').hidden = !props.can_edit;
  find('[data-do="train"]').hidden = !props.can_train;

  // The tab's contents are asked for when it is first on show, and whenever the model changes after
  // that.
  let stamp = null;
  function follow() {
    const value = props.value || {},
      model = value.model || null,
      same = model === state.model;
    if (!visible || (same && value.stamp === stamp && stamp !== null)) return;
    stamp = value.stamp ?? 0;
    if (!same || !state.info) void open(model);
  }
  new IntersectionObserver((entries) => {
    if (visible || !entries.some((entry) => entry.isIntersecting)) return;
    visible = true;
    follow();
  }).observe(element);
  watch("value", follow);
}
