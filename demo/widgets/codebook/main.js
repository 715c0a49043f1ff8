// Ties the parts together. `element`, `props`, `server`, `trigger` and `watch` come from gr.HTML.

const root = element.querySelector(".vc");
const statusLine = root.querySelector(".vc-status"), all = root.querySelector(".vc-all");
const state = { model: null, code: 0, counts: [], counted: "stored", classes: [], grid: [1, 1], K: 0, handed: null, opened: null };
let wanted = null, visible = false;

function say(text, kind = "error") {
  if (statusLine.textContent !== text) statusLine.textContent = text;
  statusLine.dataset.kind = text === LOST ? "lost" : text ? kind : "";
}
window.addEventListener("vq-back", () => { if (statusLine.dataset.kind === "lost") say(""); });   // see alive.js
function pressChoice(within, name, value) {
  within.querySelectorAll(`[data-choice="${name}"] button`).forEach(
    (button) => button.setAttribute("aria-pressed", String(button.value === value)));
}

const parts = { onCode: select, state, say };
const atlas = makeAtlas(root, parts);
const usage = makeUsage(root, parts), map = makeMap(root, parts), details = makeDetails(root, { ...parts, atlas });
const past = makePast(root, parts);

// One code, everywhere: the panel is asked for, and the figures only move their marks.
function select(code) {
  state.code = code;
  const asked = details.open(code);
  atlas.mark(code);
  usage.mark(code);
  past.mark(code);
  // In a space the mark is a point, for which all are drawn again: after the answer.
  asked.then(() => code === state.code && map.mark(code));
  return asked;
}

async function open(id) {
  state.model = id;
  // What is under way and what is on show belong to the model that is left.
  usage.stop();
  map.stop();
  all.inert = true;
  if (!id) {
    all.hidden = true;
    say("There is no model yet: train one in the Train tab, or upload one at the top of the page.", "note");
    return;
  }
  if (all.hidden) say("Reading the model…", "note");
  loadPlotly(props.plotly).catch(() => undefined);
  let answer;
  try {
    answer = await ask("codebook_open", { model: id, order: usage.options.order, scale: usage.options.scale });
  } catch (error) {
    if (id !== state.model) return;
    say(error.message);
    all.inert = false;
    if (error.message !== LOST) all.hidden = true;
    if (error.message === LOST) setTimeout(() => id === state.model && open(id), 2000);
    return;
  }
  if (id !== state.model) return;
  Object.assign(state, { opened: answer, K: answer.K, grid: answer.grid, counted: "stored", counts: answer.counts });
  state.code = answer.begin;
  all.hidden = all.inert = false;
  root.querySelector("[data-dim]").textContent = answer.D;
  root.querySelector(".vc-code input").max = answer.K - 1;
  const sets = root.querySelector(".vc-counted select");
  sets.replaceChildren(new Option("the stored statistics", "stored"), ...answer.sets.map((set) => new Option(set.title, set.id)));
  for (const [name, value] of [["method", "pca"], ["dimensions", "2"]]) pressChoice(root, name, value);
  say("");
  await atlas.open(answer);
  atlas.tell(null);
  await Promise.all([usage.show(answer).catch((error) => say(error.message)), details.open(state.code), map.open(answer)]);
  root.dataset.ready = id;
  await past.open(answer);
  try {
    const drawn = await ask("codebook_drawn", { model: id });
    if (id !== state.model) return;
    await atlas.dress(drawn);
    details.dress();
    root.dataset.dressed = id;
  } catch (error) { say(error.message); }
}

// The tab's contents are asked for when they are first on show, and whenever the model changes after that.
function maybeOpen() {
  const value = props.value || {};
  state.handed = value.picture || null;
  wanted = value.model || null;
  if (visible && (wanted !== state.model || (state.model === null && wanted === null))) open(wanted);
}
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting) && !visible) { visible = true; maybeOpen(); }
}).observe(element);
watch("value", maybeOpen);

const choices = {
  order: (value) => usage.set({ order: value }), scale: (value) => usage.set({ scale: value }), show: (value) => atlas.set(value),
  look(value) { atlas.dressAs(value); details.dress(); },
  method: (value) => map.set({ method: value }), dimensions: (value) => map.set({ dimensions: Number(value) }),
  metric: (value) => details.set(value),
};
const saves = {
  usage: (format) => usage.figure.save("codebook-usage", format), spread: usage.save, atlas: atlas.save, map: map.save,
  points: map.savePoints, code: details.save, past: past.save,
};
async function saveTable(table) {
  const answer = await ask("codebook_table", { model: state.model, counted: state.counted, table });
  saveText(answer.name, answer.text, "text/csv");
}
root.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button || !state.opened) return;
  const choice = button.parentElement.dataset.choice;
  if (choice && button.getAttribute("aria-pressed") !== "true") { pressChoice(root, choice, button.value); choices[choice](button.value); }
  if (button.dataset.stop) ({ count: usage.stop, map: map.stop })[button.dataset.stop]();
  if (button.dataset.save || button.dataset.table) {
    button.closest("details").open = false;
    try { await (button.dataset.table ? saveTable(button.dataset.table) : saves[button.dataset.save](button.value)); } catch (error) { say(error.message); }
  }
  if (button.classList.contains("vc-edit")) {
    props.value = { ...props.value, model: state.model, code: state.code };
    trigger("edit");
  }
});
document.addEventListener("click", (event) => root.querySelectorAll("details.vc-save[open]").forEach(
  (menu) => { if (!menu.contains(event.target)) menu.open = false; }));
root.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.vc-save[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
root.querySelector(".vc-counted select").addEventListener("change", async (event) => {
  const list = event.target;
  if (!(await usage.count(list.value))) { list.value = state.counted; return; }
  atlas.paint();
  details.open(state.code);
  map.draw();
});
root.querySelector(".vc-edit").hidden = !props.can_edit;
new MutationObserver(() => [usage, map, past].forEach((one) => one.figure.redress())).observe(
  document.body, { attributes: true, attributeFilter: ["class"] });
