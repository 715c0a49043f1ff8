// Ties settings, sheet, clock and server together.

import { calm, closest, find as findIn, tell } from "../../../page/dom.js";
import { countsOf, imageOf, packed } from "../../../page/packed.js";
import { Wire } from "../../../page/wire.js";
import { Candidates } from "./cell.js";
import { Controls } from "./controls.js";
import { Near } from "./near.js";
import { Player } from "./player.js";
import { Board } from "./sample.js";
import { Sample, Sheet } from "./sheet.js";
import { Why } from "./why.js";

/**
 * @typedef {object} State
 * @property {string | null} model its id
 * @property {any} info the server's answer to the opening
 * @property {any} asked the settings of what is on show
 * @property {Sample[]} samples
 * @property {number} chosen which of them
 * @property {number | null} cell the open one
 * @property {number} turn counts what was asked for
 * @property {number} whySeed
 * @property {string | null} job what is being drawn
 * @property {{asked: any, samples: Sample[]} | null} kept what was there before
 */

/** @param {import("../../../page/component.js").Component} component */
export function mount({ element, props, server, trigger, watch }) {
  const root = findIn(element, ".vg");
  const find = (selector) => findIn(root, selector);
  const statusLine = find(".vg-status"),
    form = findIn(root, ".vg-form", HTMLFormElement);
  const job = find(".vg-job"),
    progressBar = findIn(job, "progress", HTMLProgressElement);
  /** @type {State} */
  const state = {
    model: null,
    info: null,
    asked: null,
    samples: [],
    chosen: 0,
    cell: null,
    turn: 0,
    whySeed: 0,
    job: null,
    kept: null,
  };
  let visible = false,
    lost = false;

  const say = (text, kind = "") => tell(statusLine, text, kind);
  const wire = new Wire(server, (now) => {
    lost = now;
    say(now ? "The server does not answer. What you see is kept; it is tried again." : "", "lost");
  });
  wire.onBusy = (sentence) => say(sentence, "wait");
  window.addEventListener("vq-back", () => wire.retry());
  const controls = new Controls(form);
  const sheet = new Sheet(find(".vg-sheet"), choose);
  const board = new Board(find(".vg-sample"), openCell);
  const candidates = new Candidates(find(".vg-cell"), goOn);
  const near = new Near(find(".vg-near"));
  const why = new Why(find(".vg-reasons"));
  const player = new Player(find(".vg-player"), showStep);
  const sample = () => state.samples[state.chosen];

  // An answer that is still wanted; throws the sentence of a refusal.
  const ask = (name, request) => wire.get(name, { model: state.model, ...request });
  // Runs it and says what goes wrong; `busy` while it lasts.
  async function attempt(work) {
    try {
      return await work();
    } catch (error) {
      say(error.message, "error");
      return undefined;
    }
  }

  // -- the model ----------------------------------------------------------------------------------

  async function open(model) {
    wire.renew();
    player.pause();
    Object.assign(state, { model, info: null, turn: state.turn + 1 });
    find(".vg-empty").hidden = true;
    if (!model) {
      find(".vg-all").hidden = true;
      say(
        "There is no model yet: train one in the Train tab, or upload one at the top of the page.",
      );
      return;
    }
    const info = await attempt(() => ask("generate_open", {}));
    if (!info || model !== state.model) {
      if (info === undefined && model === state.model) find(".vg-all").hidden = true;
      return;
    }
    find(".vg-empty").hidden = info.prior;
    find(".vg-empty h2").textContent = info.awaited
      ? "The prior of this model is not trained to its end yet"
      : "This model can reconstruct, but not yet generate";
    find(".vg-empty button").textContent = info.awaited
      ? "See how far it is"
      : "Train a prior for this model";
    find(".vg-awaited").hidden = !info.awaited;
    find(".vg-all").hidden = !info.prior;
    say("");
    root.dataset.busy = "false";
    if (!info.prior) return;
    state.info = info;
    controls.open(info);
    board.open(info);
    why.open(info);
    candidates.clear();
    root.style.setProperty("--ratio", `${info.width} / ${info.height}`);
    await generate(controls.read());
    if (state.info === info) await another(state.whySeed);
  }

  // -- the sheet ----------------------------------------------------------------------------------

  async function generate(request) {
    const turn = ++state.turn,
      { info } = state,
      go = find(".vg-go");
    cancel(false);
    go.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => turn === state.turn && progress({ done: 0 }), 200);
    await attempt(async () => {
      let answer,
        watched = false;
      for (let ticket; ;) {
        answer = await ask("generate_sample", { ...request, job: ticket });
        if (!answer || turn !== state.turn) {
          if (answer?.job) wire.ask("generate_stop", { job: answer.job });
          return;
        }
        if (!answer.job) break;
        ticket = answer.job;
        clearTimeout(slow);
        progress(answer);
        if (answer.indices) {
          watched = true;
          await fill(info, request, answer, true);
        }
      }
      if (!lost) say("");
      await fill(info, request, answer);
      if (turn !== state.turn) return;
      clearTimeout(slow);
      progress(null);
      await filmAll(turn, watched);
    });
    clearTimeout(slow);
    if (turn === state.turn) {
      progress(null);
      go.removeAttribute("aria-busy");
      root.dataset.ready = `${state.model} ${request.seed}`;
    }
  }

  function progress(answer) {
    state.job = answer?.job ?? null;
    job.hidden = !answer;
    if (!answer) return;
    progressBar.value = answer.steps ? answer.done / answer.steps : 0;
    findIn(job, "span").textContent = answer.steps
      ? `Step ${answer.done} of ${answer.steps}`
      : "Drawing";
    findIn(job, "button").hidden = !answer.job;
  }

  function cancel(said = true) {
    if (state.job) wire.ask("generate_stop", { job: state.job });
    progress(null);
    if (!said) return;
    state.turn++;
    find(".vg-go").removeAttribute("aria-busy");
    say("Cancelled.");
    if (state.kept) show(state.kept);
  }

  // `live`: still under way, so the clock stands where the server is; what was there before is kept
  // until it is done.
  async function fill(info, request, answer, live = false) {
    const image = await imageOf(answer.pictures),
      cells = info.h * info.w;
    const indices = countsOf(answer.indices),
      when = countsOf(answer.when);
    if (info !== state.info) return;
    if (live && !state.samples[0]?.live)
      state.kept = state.asked && { asked: state.asked, samples: state.samples };
    if (!live) state.kept = null;
    const samples = answer.labels.map(
      (label, n) =>
        new Sample(info, {
          label,
          indices: indices.slice(n * cells, (n + 1) * cells),
          live,
          when: when.slice(n * cells, (n + 1) * cells),
          steps: answer.steps,
          image,
          column: n % answer.columns,
          row: Math.floor(n / answer.columns),
        }),
    );
    show({ asked: request, samples });
    if (live) player.go(answer.done);
  }

  function show({ asked, samples }) {
    Object.assign(state, { asked, samples, chosen: Math.min(state.chosen, samples.length - 1) });
    sheet.step = Infinity;
    sheet.open(state.info, samples);
    find(".vg-made").textContent = describe(asked);
    player.pause();
    choose(state.chosen, { film: false });
  }

  function describe({ seed, label, count, steps, temperature, guidance, top_k, top_p }) {
    const { classes } = state.info,
      rows = label === null && count === 100 && classes.length;
    return `${[
      `Seed ${seed}`,
      !classes.length
        ? ""
        : label !== null
          ? `class ${classes[label]}`
          : rows
            ? "a row a class"
            : "any class",
      `${count} ${count === 1 ? "picture" : "pictures"}`,
      `${steps} ${steps === 1 ? "step" : "steps"}`,
      `temperature ${temperature}`,
      guidance !== 1 ? `guidance ${guidance}` : "",
      top_p < 1 ? `top-p ${top_p}` : "",
      top_k ? `top-k ${top_k}` : "",
    ]
      .filter(Boolean)
      .join(" · ")}. The same settings give the same pictures.`;
  }

  // The film of all samples where it is small enough, of the chosen one alone elsewhere; then it is
  // played once.
  async function filmAll(turn, watched) {
    const { samples, info } = state,
      all = samples.length * (samples[0].steps + 1) <= info.film;
    await (all ? film(samples) : film([sample()]));
    if (turn !== state.turn) return;
    if (watched || calm()) showStep(player.step);
    else player.play(0);
  }

  async function film(samples) {
    const cells = state.info.h * state.info.w,
      { steps } = samples[0],
      join = (key) => {
        const all = new Uint16Array(samples.length * cells);
        samples.forEach((one, n) => all.set(one[key], n * cells));
        return packed(all);
      };
    const answer = await ask("generate_film", {
      indices: join("indices"),
      when: join("when"),
      steps,
    });
    if (!answer) return;
    const image = await imageOf(answer.film);
    samples.forEach((one, row) => {
      one.film = { image, row };
    });
  }

  // -- one sample ---------------------------------------------------------------------------------

  async function choose(n, { film: wantFilm = true } = {}) {
    state.chosen = n;
    state.cell = null;
    board.mark(null);
    candidates.clear();
    sheet.choose(n);
    const one = sample(),
      { classes } = state.info;
    find(".vg-which").textContent =
      state.samples.length === 1 && one.label < 0
        ? "this picture"
        : `picture ${n + 1}${one.label < 0 ? "" : `, class ${classes[one.label]},`}`;
    find('[data-do="undo"]').hidden = !one.before;
    const step = player.steps && player.step < player.steps && wantFilm ? player.step : one.steps;
    player.open(one.steps, Math.min(step, one.steps));
    if (one.live) return;
    showNear(one);
    if (wantFilm && !one.film) {
      await attempt(() => film([one]));
      if (one === sample()) showStep(player.step);
    }
  }

  function showStep(step) {
    const one = sample();
    if (!one) return;
    sheet.show(step >= one.steps ? Infinity : step);
    board.show(one, step);
    const cells = state.info.h * state.info.w,
      filled = one.filled(step);
    find(".vg-moment").textContent =
      `Step ${step} of ${one.steps}: ${filled} of ${cells} cells are drawn${filled === 0 ? "; shown: the average of all training grids" : filled < cells ? "; the rest shows their average" : ""}.`;
    if (state.cell !== null && !player.timer) askCell();
  }

  function showNear(one) {
    wire.send(
      "near",
      "generate_near",
      { model: state.model, indices: packed(one.indices) },
      (answer) => {
        if (!answer.ok) {
          say(answer.error, "error");
          return;
        }
        if (one === sample()) near.show(state.info, one, answer);
      },
    );
  }

  const grid = (one) => ({
    indices: packed(one.indices),
    when: packed(one.when),
    step: Math.min(player.step, one.steps),
    label: one.label < 0 ? null : one.label,
  });

  function openCell(p) {
    if (sample().live) return;
    player.pause();
    state.cell = p;
    board.mark(p);
    askCell();
  }

  function askCell() {
    const one = sample(),
      p = state.cell,
      step = player.step,
      { w } = state.info;
    if (p === null) return;
    const place = `Row ${Math.floor(p / w) + 1}, column ${(p % w) + 1}`;
    wire.send("cell", "generate_cell", { model: state.model, ...grid(one), cell: p }, (answer) => {
      if (!answer.ok) {
        say(answer.error, "error");
        return;
      }
      if (one !== sample() || p !== state.cell || step !== player.step) return;
      candidates.show(
        state.info,
        answer,
        place,
        step < one.steps
          ? "Choose a code, and the cells that are not drawn yet follow from it."
          : "Choose a code to change this cell alone; step back first to have the rest drawn anew.",
      );
    });
  }

  // Put a code into the open cell and draw what was not there yet at this step.
  async function goOn(code) {
    const one = sample(),
      p = state.cell,
      n = state.chosen,
      step = Math.min(player.step, one.steps);
    const { info, asked } = state,
      settings = { ...asked };
    if (p === null) return;
    delete settings.label;
    delete settings.count;
    const indices = one.indices.slice(),
      when = one.when.slice();
    indices[p] = code;
    if (when[p] > step) when[p] = step;
    await attempt(async () => {
      const answer = await ask("generate_continue", {
        ...settings,
        ...grid({ ...one, indices, when }),
      });
      if (!answer || info !== state.info || one !== state.samples[n]) return;
      const next = new Sample(info, {
        label: one.label,
        indices: countsOf(answer.indices),
        when: countsOf(answer.when),
        steps: answer.steps,
        image: await imageOf(answer.pictures),
        column: 0,
        row: 0,
      });
      next.before = one;
      await film([next]);
      replace(n, next, step);
    });
  }

  function replace(n, next, step) {
    state.samples[n] = next;
    if (n !== state.chosen) {
      sheet.draw(n);
      return;
    }
    find('[data-do="undo"]').hidden = !next.before;
    player.open(next.steps, Math.min(step, next.steps));
    showNear(next);
    if (step < next.steps && !calm()) player.play(step);
    else player.go(next.steps);
  }

  // -- below --------------------------------------------------------------------------------------

  async function another(seed) {
    const { info } = state;
    const answer = await attempt(() => ask("generate_reference", { seed }));
    if (answer && info === state.info) {
      await why.show(info, answer);
      find(".vg-reasons").dataset.seed = String(seed);
    }
  }

  function edit() {
    if (sample().live) return;
    const { w } = state.info,
      indices = [...sample().indices];
    const rows = Array.from({ length: state.info.h }, (_, r) => indices.slice(r * w, (r + 1) * w));
    props.value = {
      ...props.value,
      model: state.model,
      grid: { model: state.model, indices: rows, input: null },
    };
    trigger("edit");
  }

  function save() {
    const link = document.createElement("a");
    link.href = sheet.png();
    link.download = `samples-seed-${state.asked.seed}.png`;
    link.click();
  }

  const actions = {
    train: () => trigger("train"),
    cancel,
    save,
    edit,
    another: () => another(++state.whySeed),
    undo() {
      const n = state.chosen;
      replace(n, state.samples[n].before, state.samples[n].before.steps);
      candidates.clear();
      state.cell = null;
      board.mark(null);
    },
  };
  root.addEventListener("click", (event) => {
    const name = closest(event, "[data-do]")?.dataset.do;
    if (name === "train" || (name && state.samples.length)) actions[name]();
    else if (name === "cancel") cancel();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!state.info) return;
    try {
      generate(controls.read(true));
    } catch (error) {
      say(error.message, "error");
    }
  });
  form.noValidate = true;
  find('[data-do="edit"]').hidden = !props.can_edit;
  find('[data-do="train"]').hidden = !props.can_train;

  // The tab's contents are asked for when it is first on show, and whenever the model changes after
  // that.
  let stamp = null;
  function follow() {
    const value = props.value || {};
    if (
      !visible ||
      ((value.model || null) === state.model && value.stamp === stamp && stamp !== null)
    )
      return;
    const again = (value.model || null) === state.model && state.info;
    stamp = value.stamp ?? 0;
    if (!again) open(value.model || null);
  }
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && !visible) {
      visible = true;
      follow();
    }
  }).observe(element);
  watch("value", follow);
}
