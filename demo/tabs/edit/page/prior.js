// What a learned prior adds: fill around locked cells, rank the codes of a cell, the surprise of
// each, polish.

import { contextOf, make } from "../../../page/dom.js";
import { bytesOf, floatsOf } from "../../../page/packed.js";
import { paintPixels } from "../../../page/pixels.js";
import { Grid } from "./grid.js";

const WAYS = 4;

/** @type {Record<string, (editor: any) => unknown>} */
export const PRIOR_COMMANDS = {
  lock(e) {
    const cells = e.side.board.selection(),
      locked = new Set(e.side.locked),
      all = cells.every((p) => locked.has(p));
    for (const p of cells)
      if (all) locked.delete(p);
      else locked.add(p);
    e.setLocks(
      `${all ? "unlock" : "lock"} ${cells.length === 1 ? "a cell" : `${cells.length} cells`}`,
      [...locked],
    );
  },
  unlock(e) {
    if (!e.setLocks("unlock all", [])) e.say("Nothing is locked.");
  },
  async complete(e) {
    if (!e.needsPrior()) return;
    const { h, w } = e.info;
    await e.alternatives(Array.from({ length: Math.ceil(h / 2) * w }, (_, p) => p));
  },
  alternatives(e) {
    if (e.needsPrior()) e.alternatives();
  },
  polish(e) {
    if (e.needsPrior()) e.polish();
  },
  surprise(e) {
    if (!e.needsPrior()) return;
    e.surprised = !e.surprised;
    e.judge();
    e.showPrior();
    e.keep();
  },
  train(e) {
    e.trigger("train");
  },
};

/** @type {import("./editor.js").Methods} */
export const withPrior = {
  // Lay out what needs a prior for a model that has one, or say in its place that it has none.
  adoptPrior() {
    const {
        refs,
        info: { prior, why },
      } = this,
      classes = prior ? prior.classes : [];
    refs.priorTools.hidden = !prior;
    refs.noPrior.hidden = !!prior;
    refs.noPriorSaid.textContent = why ?? "";
    refs.choices.hidden = refs.choicesSaid.hidden = !prior;
    refs.klass.closest("label").hidden = !classes.length;
    refs.klass.replaceChildren(
      make("option", "", { value: -1 }, "any"),
      ...classes.map((name, n) => make("option", "", { value: n }, name)),
    );
    refs.klass.value = -1;
  },

  restorePrior(saved) {
    if (!this.info.prior) return;
    if (Number.isInteger(saved.klass) && saved.klass < this.info.prior.classes.length)
      this.klass = Math.max(-1, saved.klass);
    this.refs.klass.value = this.klass;
    this.surprised = saved.surprised === true;
    this.judge();
  },

  needsPrior() {
    if (!this.info.prior) this.say(this.info.why, { bad: true });
    return !!this.info.prior;
  },

  setLocks(label, cells) {
    this.settle();
    const { side } = this,
      locked = [...new Set(cells)].sort((a, b) => a - b);
    if (!side.history.push(label, side.history.flat, side.history.source, locked)) return false;
    this.say(
      locked.length
        ? `${locked.length} of ${side.flat.length} cells are locked: no edit changes them.`
        : "No cell is locked.",
    );
    this.changed(side, { send: false });
    return true;
  },

  setClass(klass) {
    Object.assign(this, { klass, choices: null, odds: null });
    this.judge();
    this.inspect();
    this.showPrior();
    this.keep();
  },

  asked(more = {}) {
    const { info, side, klass } = this;
    return {
      model: info.model,
      indices: Grid.rows(side.flat, info.w),
      label: klass < 0 ? null : klass,
      ...more,
    };
  },

  // Fills stay good for as long as the cells that were kept and what they hold are the same.
  frame(side, kept) {
    return [
      this.klass,
      side.id,
      side.history.source,
      side.locked.length,
      kept.map((p) => `${p}:${side.history.flat[p]}`),
    ].join("|");
  },

  // Four ways to draw the cells anew that are neither locked nor among `also`, which are kept this
  // once.
  alternatives(also = []) {
    this.settle();
    const { side } = this,
      locked = [...new Set([...side.locked, ...also])].sort((a, b) => a - b),
      frame = this.frame(side, locked);
    if (locked.length === side.flat.length) {
      this.say("Every cell is locked: unlock those that the prior may draw anew.");
      return;
    }
    this.waiting = { frame, locked };
    this.showPrior();
    const request = this.asked({ locked, seed: this.seed++ });
    return new Promise((/** @type {(value?: unknown) => void} */ done) =>
      this.wire.send("fill", "prior_fill", request, (answer) => {
        done();
        if (this.waiting?.frame === frame) this.waiting = null;
        if (frame !== this.frame(side, locked) || side !== this.side) {
          this.showPrior();
          return;
        } // late
        if (!answer.ok) {
          this.say(answer.error, { bad: true });
          this.showPrior();
          return;
        }
        const pixels = bytesOf(answer.pixels),
          size = pixels.length / answer.indices.length;
        this.choices = {
          side,
          frame,
          locked,
          all: answer.indices.map((rows, n) => ({
            flat: rows.flat(),
            pixels: pixels.slice(n * size, (n + 1) * size),
          })),
        };
        this.say(
          `${WAYS} ways to fill the ${side.flat.length - locked.length} cells ` +
            `${also.length ? "of the lower half" : locked.length ? "that are not locked" : "(none is locked)"}: point at one to preview it, click to take it.`,
        );
        this.showPrior();
      }),
    );
  },

  // Show one alternative without changing anything; null takes it back.
  tryChoice(n) {
    const { side, choices } = this;
    if (!choices || this.painting) return;
    this.preview = null;
    const choice = n === null ? null : choices.all[n];
    side.board.lay(
      choice
        ? choice.flat.map((code, p) => [p, code]).filter(([p, code]) => code !== side.flat[p])
        : [],
    );
    if (choice)
      this.preview = {
        side,
        what: `alternative ${n + 1} of ${choices.all.length}`,
        exact: true,
        pixels: choice.pixels,
      };
    this.picture();
  },

  takeChoice(n) {
    const { side, choices } = this,
      choice = choices?.all[n];
    if (!choice) return;
    this.preview = null;
    if (this.change(`alternative ${n + 1} of the prior`, choice.flat.slice()))
      this.paintNow(side, choice.pixels);
    this.say(`Alternative ${n + 1} is in the grid. Undo to revert; another one replaces it.`);
  },

  polish() {
    this.settle();
    const { side } = this,
      flat = side.flat.slice();
    this.wire.send(
      "polish",
      "prior_polish",
      this.asked({ locked: side.locked, seed: this.seed++ }),
      (answer) => {
        if (!answer.ok) {
          this.say(answer.error, { bad: true });
          return;
        }
        if (side !== this.side || side.live || Grid.differing(flat, side.flat)) return; // late: another edit has been made since
        const next = answer.indices.flat(),
          count = Grid.differing(next, flat);
        if (!this.change("polish", next)) {
          this.say("The prior found nothing to improve.");
          return;
        }
        this.paintNow(side, bytesOf(answer.pixels));
        this.say(`Redrew the ${count} least likely cells. Undo to revert.`);
      },
    );
  },

  // The picture of a grid that has just become the present one.
  paintNow(side, pixels) {
    side.pixels = pixels;
    this.figures();
    this.picture();
  },

  // Ask for the surprise of every cell, where it is shown.
  judge() {
    const { side, info } = this;
    if (!info?.prior || !side.history) return;
    for (const other of [this.a, this.b])
      if ((!this.surprised || other !== side) && other.board.info) other.board.overlay(null);
    if (!this.surprised) return;
    const flat = side.flat.slice(),
      klass = this.klass;
    this.wire.send("surprise", "prior_surprise", this.asked(), (answer) => {
      if (!answer.ok) {
        this.say(answer.error, { bad: true });
        return;
      }
      if (
        !this.surprised ||
        side !== this.side ||
        klass !== this.klass ||
        Grid.differing(flat, side.flat)
      )
        return; // late
      side.bits = Array.from(floatsOf(answer.bits));
      this.showPrior();
      this.readout();
    });
  },

  // Ask how likely each code is in the selected cell, given all others.
  rank(force = false) {
    const { side, klass } = this,
      p = side.board.cursor,
      flat = side.flat.slice();
    this.wire.send("odds", "prior_odds", this.asked({ cell: p }), (answer) => {
      if (!answer.ok) {
        this.say(answer.error, { bad: true });
        return;
      }
      if (
        side !== this.side ||
        p !== side.board.cursor ||
        klass !== this.klass ||
        Grid.differing(flat, side.flat)
      )
        return; // late
      this.odds = floatsOf(answer.probabilities);
      this.sortPalette(force);
    });
  },

  // The alternatives and the heat map as they are now.
  showPrior() {
    const { refs, info, side } = this;
    if (!info?.prior || !side.history) return;
    if (
      this.choices &&
      (this.choices.side !== side || this.choices.frame !== this.frame(side, this.choices.locked))
    )
      this.choices = null;
    const { choices } = this,
      waiting = !!this.waiting && this.waiting.frame === this.frame(side, this.waiting.locked);
    [...refs.choices.children].forEach((button, n) => {
      const choice = choices?.all[n];
      button.disabled = !choice;
      button.setAttribute("aria-pressed", !!choice && !Grid.differing(choice.flat, side.flat));
      if (choice) paintPixels(button.firstChild, choice.pixels, info);
      else contextOf(button.firstChild).reset();
    });
    refs.choices.setAttribute("aria-busy", waiting);
    refs.choicesSaid.textContent = choices
      ? "Four ways to fill these cells."
      : waiting
        ? "Drawing four ways…"
        : "Lock cells that should stay, then fill the others: four ways appear here.";
    this.press("surprise", this.surprised);
    const bits = this.surprised ? side.bits : null,
      nominal = Math.log2(info.K),
      peak = Math.max(nominal, ...(bits ?? []));
    refs.heat.hidden = !this.surprised;
    refs.heatPeak.textContent = `${peak.toFixed(1)} bits`;
    refs.heatSaid.textContent = bits
      ? `each code given all the others, ${(bits.reduce((a, b) => a + b, 0) / bits.length).toFixed(1)} bits ` +
        `a cell here; a blind guess among ${info.K} codes has ${nominal.toFixed(1)}.`
      : "asking the prior how likely each code is…";
    if (side.board.info) side.board.overlay(bits, peak);
  },
};
