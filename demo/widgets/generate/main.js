// Ties settings, sheet, clock and server together. `element`, `props`, `server`, `trigger` and `watch` come from gr.HTML.

const root = element.querySelector(".vg");
const find = (selector) => root.querySelector(selector);
const statusLine = find(".vg-status");
const state = { model: null, info: null, asked: null, samples: [], chosen: 0, cell: null, turn: 0, whySeed: 0 };
let visible = false, lost = false;

function say(text, kind = "") {
  if (statusLine.textContent !== text) statusLine.textContent = text;
  statusLine.dataset.kind = text ? kind : "";
}
const wire = new Wire(server, (now) => {
  lost = now;
  say(now ? "The server does not answer. What you see is kept; it is tried again." : "", "lost");
});
const controls = new Controls(find(".vg-form"));
const sheet = new Sheet(find(".vg-sheet"), choose);
const board = new Board(find(".vg-sample"), openCell);
const candidates = new Candidates(find(".vg-cell"), goOn);
const near = new Near(find(".vg-near"));
const why = new Why(find(".vg-reasons"));
const player = new Player(find(".vg-player"), showStep);
const sample = () => state.samples[state.chosen];

// An answer that is still wanted, asked again while the server is busy; throws its sentence.
async function ask(name, request) {
  for (;;) {
    const answer = await wire.ask(name, { model: state.model, ...request });
    if (!answer || answer.ok) return answer;
    if (!answer.again) throw new Error(answer.error);
    say(answer.error, "wait");
    await wire.wait(700);
  }
}
// Runs it and says what goes wrong; `busy` while it lasts.
async function attempt(work) {
  try { return await work(); } catch (error) { say(error.message, "error"); return undefined; }
}

// -- the model --------------------------------------------------------------------------------------------------------

async function open(model) {
  wire.renew();
  player.pause();
  Object.assign(state, { model, info: null, turn: state.turn + 1 });
  find(".vg-empty").hidden = true;
  if (!model) {
    find(".vg-all").hidden = true;
    say("There is no model yet: train one in the Train tab, or upload one at the top of the page.");
    return;
  }
  const info = await attempt(() => ask("generate_open", {}));
  if (!info || model !== state.model) { if (info === undefined && model === state.model) find(".vg-all").hidden = true; return; }
  find(".vg-empty").hidden = info.prior;
  find(".vg-empty h2").textContent = info.awaited ? "The prior of this model is not trained to its end yet"
    : "This model can reconstruct, but not yet generate";
  find(".vg-empty button").textContent = info.awaited ? "See how far it is" : "Train a prior for this model";
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

// -- the sheet --------------------------------------------------------------------------------------------------------

async function generate(request) {
  const turn = ++state.turn, { info } = state, go = find(".vg-go");
  cancel(false);
  go.setAttribute("aria-busy", "true");
  const slow = setTimeout(() => turn === state.turn && progress({ done: 0 }), 200);
  await attempt(async () => {
    let answer, watched = false;
    for (let job; ;) {
      answer = await ask("generate_sample", { ...request, job });
      if (!answer || turn !== state.turn) { if (answer?.job) wire.ask("generate_stop", { job: answer.job }); return; }
      if (!answer.job) break;
      job = answer.job;
      clearTimeout(slow);
      progress(answer);
      if (answer.indices) { watched = true; await fill(info, request, answer, true); }
    }
    if (!lost) say("");
    await fill(info, request, answer);
    if (turn !== state.turn) return;
    clearTimeout(slow);
    progress(null);
    await filmAll(turn, watched);
  });
  clearTimeout(slow);
  if (turn === state.turn) { progress(null); go.removeAttribute("aria-busy"); root.dataset.ready = `${state.model} ${request.seed}`; }
}

function progress(answer) {
  const box = find(".vg-job");
  state.job = answer?.job ?? null;
  box.hidden = !answer;
  if (!answer) return;
  box.querySelector("progress").value = answer.steps ? answer.done / answer.steps : 0;
  box.querySelector("span").textContent = answer.steps ? `Step ${answer.done} of ${answer.steps}` : "Drawing";
  box.querySelector("button").hidden = !answer.job;
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

// `live`: still under way, so the clock stands where the server is; what was there before is kept until it is done.
async function fill(info, request, answer, live = false) {
  const image = await VG.image(answer.pictures), cells = info.h * info.w;
  const indices = VG.numbers(answer.indices), when = VG.numbers(answer.when);
  if (info !== state.info) return;
  if (live && !state.samples[0]?.live) state.kept = state.asked && { asked: state.asked, samples: state.samples };
  if (!live) state.kept = null;
  const samples = answer.labels.map((label, n) => new Sample(info, { label, indices: indices.slice(n * cells, (n + 1) * cells), live,
    when: when.slice(n * cells, (n + 1) * cells), steps: answer.steps, image, column: n % answer.columns, row: Math.floor(n / answer.columns) }));
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
  const { classes } = state.info, rows = label === null && count === 100 && classes.length;
  return [`Seed ${seed}`, !classes.length ? "" : label !== null ? `class ${classes[label]}` : rows ? "a row a class" : "any class",
    `${count} ${count === 1 ? "picture" : "pictures"}`, `${steps} ${steps === 1 ? "step" : "steps"}`, `temperature ${temperature}`, guidance !== 1 ? `guidance ${guidance}` : "",
    top_p < 1 ? `top-p ${top_p}` : "", top_k ? `top-k ${top_k}` : ""].filter(Boolean).join(" · ") + ". The same settings give the same pictures.";
}

// The film of all samples where it is small enough, of the chosen one alone elsewhere; then it is played once.
async function filmAll(turn, watched) {
  const { samples, info } = state, all = samples.length * (samples[0].steps + 1) <= info.film;
  await (all ? film(samples) : film([sample()]));
  if (turn !== state.turn) return;
  if (watched || VG.calm()) showStep(player.step); else player.play(0);
}

async function film(samples) {
  const cells = state.info.h * state.info.w, { steps } = samples[0], join = (key) => {
    const all = new Uint16Array(samples.length * cells);
    samples.forEach((one, n) => all.set(one[key], n * cells));
    return VG.packed(all);
  };
  const answer = await ask("generate_film", { indices: join("indices"), when: join("when"), steps });
  if (!answer) return;
  const image = await VG.image(answer.film);
  samples.forEach((one, row) => { one.film = { image, row }; });
}

// -- one sample -------------------------------------------------------------------------------------------------------

async function choose(n, { film: wantFilm = true } = {}) {
  state.chosen = n;
  state.cell = null;
  board.mark(null);
  candidates.clear();
  sheet.choose(n);
  const one = sample(), { classes } = state.info;
  find(".vg-which").textContent = state.samples.length === 1 && one.label < 0 ? "this picture"
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
  const cells = state.info.h * state.info.w, filled = one.filled(step);
  find(".vg-moment").textContent = `Step ${step} of ${one.steps}: ${filled} of ${cells} cells are drawn${filled === 0 ? "; what shows is the mean of all training pictures" : filled < cells ? "; the rest shows their mean" : ""}.`;
  if (state.cell !== null && !player.timer) askCell();
}

function showNear(one) {
  wire.send("near", "generate_near", { model: state.model, indices: VG.packed(one.indices) }, (answer) => {
    if (!answer.ok) { say(answer.error, "error"); return; }
    if (one === sample()) near.show(state.info, one, answer);
  });
}

const grid = (one) => ({ indices: VG.packed(one.indices), when: VG.packed(one.when), step: Math.min(player.step, one.steps),
  label: one.label < 0 ? null : one.label });

function openCell(p) {
  if (sample().live) return;
  player.pause();
  state.cell = p;
  board.mark(p);
  askCell();
}

function askCell() {
  const one = sample(), p = state.cell, step = player.step, { w } = state.info;
  const place = `Row ${Math.floor(p / w) + 1}, column ${(p % w) + 1}`;
  wire.send("cell", "generate_cell", { model: state.model, ...grid(one), cell: p }, (answer) => {
    if (!answer.ok) { say(answer.error, "error"); return; }
    if (one !== sample() || p !== state.cell || step !== player.step) return;
    candidates.show(state.info, answer, place, step < one.steps
      ? "Choose a code, and the cells that are not drawn yet follow from it."
      : "Choose a code to change this cell alone; step back first to have the rest drawn anew.");
  });
}

// Put a code into the open cell and draw what was not there yet at this step.
async function goOn(code) {
  const one = sample(), p = state.cell, n = state.chosen, step = Math.min(player.step, one.steps), { info, asked } = state;
  const indices = one.indices.slice(), when = one.when.slice();
  indices[p] = code;
  if (when[p] > step) when[p] = step;
  await attempt(async () => {
    const { label, count, ...settings } = asked;
    const answer = await ask("generate_continue", { ...settings, ...grid({ ...one, indices, when }) });
    if (!answer || info !== state.info || one !== state.samples[n]) return;
    const next = new Sample(info, { label: one.label, indices: VG.numbers(answer.indices), when: VG.numbers(answer.when),
      steps: answer.steps, image: await VG.image(answer.pictures), column: 0, row: 0 });
    next.before = one;
    await film([next]);
    replace(n, next, step);
  });
}

function replace(n, next, step) {
  state.samples[n] = next;
  if (n !== state.chosen) { sheet.draw(n); return; }
  find('[data-do="undo"]').hidden = !next.before;
  player.open(next.steps, Math.min(step, next.steps));
  showNear(next);
  if (step < next.steps && !VG.calm()) player.play(step);
  else player.go(next.steps);
}

// -- below ------------------------------------------------------------------------------------------------------------

async function another(seed) {
  const { info } = state;
  const answer = await attempt(() => ask("generate_reference", { seed }));
  if (answer && info === state.info) { await why.show(info, answer); find(".vg-reasons").dataset.seed = seed; }
}

function edit() {
  if (sample().live) return;
  const { w } = state.info, indices = [...sample().indices];
  const rows = Array.from({ length: state.info.h }, (_, r) => indices.slice(r * w, (r + 1) * w));
  props.value = { ...props.value, model: state.model, grid: { model: state.model, indices: rows, input: null } };
  trigger("edit");
}

function save() {
  const link = document.createElement("a");
  link.href = sheet.png();
  link.download = `samples-seed-${state.asked.seed}.png`;
  link.click();
}

const actions = {
  train: () => trigger("train"), cancel, save, edit, another: () => another(++state.whySeed),
  undo() { const n = state.chosen; replace(n, state.samples[n].before, state.samples[n].before.steps); candidates.clear(); state.cell = null; board.mark(null); },
};
root.addEventListener("click", (event) => {
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (name === "train" || (name && state.samples.length)) actions[name]();
  else if (name === "cancel") cancel();
});
find(".vg-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!state.info) return;
  try { generate(controls.read(true)); } catch (error) { say(error.message, "error"); }
});
find(".vg-form").noValidate = true;
find('[data-do="edit"]').hidden = !props.can_edit;
find('[data-do="train"]').hidden = !props.can_train;

// The tab's contents are asked for when it is first on show, and whenever the model changes after that.
let stamp = null;
function follow() {
  const value = props.value || {};
  if (!visible || (value.model || null) === state.model && value.stamp === stamp && stamp !== null) return;
  const again = (value.model || null) === state.model && state.info;
  stamp = value.stamp ?? 0;
  if (!again) open(value.model || null);
}
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting) && !visible) { visible = true; follow(); }
}).observe(element);
watch("value", follow);
