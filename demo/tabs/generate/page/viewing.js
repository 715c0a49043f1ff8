// What is on show: the sheet, the chosen sample at a step, its film, and what it is nearest to.

import { calm, find } from "../../../page/dom.js";
import { imageOf, packed } from "../../../page/packed.js";
import { Near } from "./near.js";
import { Player } from "./player.js";
import { Board } from "./sample.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("./sheet.js").Sample} Sample */

/**
 * What is told.
 * @typedef {object} Told
 * @property {() => void} choose another sample is on show
 * @property {(p: number, event: Event) => void} cell is clicked
 * @property {() => void} step the clock stands at another step
 */

/** What drew the samples, in words. @param {any} asked @param {string[]} classes */
function describe({ seed, label, count, steps, temperature, guidance, top_k, top_p }, classes) {
  const rows = label === null && count === 100;
  const what =
    label !== null ? `class ${classes[label]}` : rows ? "one row per class" : "any class";
  return `${[
    `Seed ${seed}`,
    classes.length ? what : "",
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

export class Viewing {
  /**
   * @param {HTMLElement} root @param {import("./state.js").State} state
   * @param {import("./state.js").Asking} asking @param {Told} on
   */
  constructor(root, state, asking, on) {
    this.root = root;
    this.state = state;
    this.asking = asking;
    this.on = on;
    this.sheet = new Sheet(find(root, ".vg-sheet"), (n) => this.choose(n));
    this.board = new Board(find(root, ".vg-sample"), (p, event) => on.cell(p, event));
    this.near = new Near(find(root, ".vg-near"));
    this.player = new Player(find(root, ".vg-player"), (step) => this.showStep(step));
  }

  // ---- the clock ----

  /** The step that is on show, at most the last one. */
  get step() {
    return Math.min(this.player.step, this.state.sample.steps);
  }

  get isPlaying() {
    return !!this.player.timer;
  }

  pause() {
    this.player.pause();
  }

  stepTo(step) {
    this.player.go(step);
  }

  // ---- the sheet ----

  /** A model's grid and sizes. @param {any} info */
  open(info) {
    this.board.open(info);
    this.root.style.setProperty("--ratio", `${info.width} / ${info.height}`);
  }

  /** @param {import("./state.js").Shown | null} shown null: there is nothing to see */
  show(shown) {
    const { state, sheet } = this;
    for (const part of [".vg-frame", ".vg-made", ".vg-sample", ".vg-near"])
      find(this.root, part).hidden = !shown;
    this.able(!!shown);
    if (!shown) {
      Object.assign(state, { asked: null, samples: [], chosen: 0, cell: null });
      return;
    }
    const { asked, samples } = shown;
    Object.assign(state, { asked, samples, chosen: Math.min(state.chosen, samples.length - 1) });
    sheet.step = Infinity;
    sheet.open(state.info, samples);
    find(this.root, ".vg-made").textContent = describe(asked, state.info.classes);
    this.pause();
    void this.choose(state.chosen, { film: false });
  }

  /** All samples as one picture. */
  png() {
    return this.sheet.png();
  }

  /** Whether a picture is there to be saved or edited. @param {boolean} whole */
  able(whole) {
    for (const action of ["save", "edit"])
      find(this.root, `[data-do="${action}"]`, HTMLButtonElement).disabled = !whole;
  }

  // ---- films ----

  /**
   * The film of all samples where it is small enough, of the chosen one alone elsewhere; then it is
   * played once, unless one has `watched` it. @param {boolean} watched @param {() => boolean} isLate
   */
  async filmAll(watched, isLate) {
    const { samples, sample, info } = this.state,
      all = samples.length * (sample.steps + 1) <= info.film;
    await this.film(all ? samples : [sample]);
    if (isLate()) return;
    if (watched || calm()) this.showStep(this.player.step);
    else this.player.play(0);
  }

  /** @param {Sample[]} samples */
  async film(samples) {
    const { info } = this.state,
      cells = info.h * info.w,
      join = (/** @type {"indices" | "when"} */ key) => {
        const all = new Uint16Array(samples.length * cells);
        samples.forEach((one, n) => all.set(one[key], n * cells));
        return packed(all);
      };
    const answer = await this.asking.ask("generate_film", {
      indices: join("indices"),
      when: join("when"),
      steps: samples[0].steps,
    });
    if (!answer) return;
    const image = await imageOf(answer.film);
    samples.forEach((one, row) => {
      one.film = { image, row };
    });
  }

  // ---- one sample ----

  /** @param {number} n */
  async choose(n, { film: wantsFilm = true } = {}) {
    const { state, player } = this,
      { classes } = state.info;
    state.chosen = n;
    this.closeCell();
    this.sheet.choose(n);
    const { sample } = state,
      named = sample.label < 0 ? "" : ` (class ${classes[sample.label]})`;
    find(this.root, ".vg-which").textContent =
      state.samples.length === 1 && !named ? "this picture" : `picture ${n + 1}${named}`;
    find(this.root, '[data-do="undo"]').hidden = !sample.before;
    const isPartWay = player.steps && player.step < player.steps && wantsFilm;
    player.open(sample.steps, Math.min(isPartWay ? player.step : sample.steps, sample.steps));
    this.able(!sample.live);
    if (sample.live) return;
    this.showNear(sample);
    if (!wantsFilm || sample.film) return;
    await this.asking.attempt(() => this.film([sample]));
    if (sample === state.sample) this.showStep(player.step);
  }

  /** @param {number | null} p */
  mark(p) {
    this.state.cell = p;
    this.board.mark(p);
  }

  closeCell() {
    this.mark(null);
    this.on.choose();
  }

  /** @param {number} step */
  showStep(step) {
    const { sample, info } = this.state;
    if (!sample) return;
    this.sheet.show(step >= sample.steps ? Infinity : step);
    this.board.show(sample, step);
    const cells = info.h * info.w,
      filled = sample.filled(step),
      rest =
        filled === 0
          ? "; shown: the average of all training grids"
          : filled < cells
            ? "; the rest shows their average"
            : "";
    find(this.root, ".vg-moment").textContent =
      `Step ${step} of ${sample.steps}: ${filled} of ${cells} cells are drawn${rest}.`;
    this.on.step();
  }

  /** @param {Sample} sample */
  showNear(sample) {
    this.asking.send("near", "generate_near", { indices: packed(sample.indices) }, (answer) => {
      if (sample === this.state.sample) void this.near.show(this.state.info, sample, answer);
    });
  }

  /** Another sample in the place of one; the film begins at a step. @param {number} n */
  replace(n, next, step) {
    const { state, player } = this;
    state.samples[n] = next;
    if (n !== state.chosen) {
      this.sheet.draw(n);
      return;
    }
    find(this.root, '[data-do="undo"]').hidden = !next.before;
    player.open(next.steps, Math.min(step, next.steps));
    this.showNear(next);
    if (step < next.steps && !calm()) player.play(step);
    else player.go(next.steps);
  }
}
