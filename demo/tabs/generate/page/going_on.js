// One cell of the chosen sample: what else could be there, and going on from another choice.

import { find } from "../../../page/dom.js";
import { countsOf, imageOf, packed } from "../../../page/packed.js";
import { Candidates } from "./cell.js";
import { Sample } from "./sheet.js";

const FOLLOWS = "Choose a code, and the cells that are not drawn yet follow from it.";
const ALONE = "Choose a code to change this cell alone; step back first to have the rest redrawn.";

export class GoingOn {
  /**
   * @param {HTMLElement} root @param {import("./state.js").State} state
   * @param {import("./state.js").Asking} asking @param {import("./viewing.js").Viewing} viewing
   */
  constructor(root, state, asking, viewing) {
    this.state = state;
    this.asking = asking;
    this.viewing = viewing;
    this.candidates = new Candidates(find(root, ".vg-cell"), (code) => this.take(code));
  }

  clear() {
    this.candidates.clear();
  }

  /** @param {number} p */
  open(p) {
    if (this.state.sample.live) return;
    this.viewing.pause();
    this.viewing.mark(p);
    this.ask();
  }

  /** The clock stands at another step. */
  follow() {
    if (this.state.cell !== null && !this.viewing.isPlaying) this.ask();
  }

  /** As the server knows a sample at the step on show. */
  grid({ indices, when, label }) {
    const { step } = this.viewing;
    return {
      indices: packed(indices),
      when: packed(when),
      step,
      label: label < 0 ? null : label,
    };
  }

  ask() {
    const { state, viewing } = this,
      { sample, cell, info } = state,
      { step } = viewing;
    if (cell === null) return;
    const place = `Row ${Math.floor(cell / info.w) + 1}, column ${(cell % info.w) + 1}`;
    this.asking.send("cell", "generate_cell", { ...this.grid(sample), cell }, (answer) => {
      if (sample !== state.sample || cell !== state.cell || step !== viewing.step) return;
      void this.candidates.show(info, answer, place, step < sample.steps ? FOLLOWS : ALONE);
    });
  }

  /** Puts a code into the open cell and draws what was not there yet at this step. */
  async take(code) {
    const { state, viewing, asking } = this,
      { sample, cell, chosen: n, info } = state,
      { step } = viewing,
      settings = { ...state.asked };
    if (cell === null) return;
    delete settings.label;
    delete settings.count;
    const indices = sample.indices.slice(),
      when = sample.when.slice();
    indices[cell] = code;
    when[cell] = Math.min(when[cell], step);
    await asking.attempt(async () => {
      const answer = await asking.ask("generate_continue", {
        ...settings,
        ...this.grid({ ...sample, indices, when }),
      });
      if (!answer || info !== state.info || sample !== state.samples[n]) return;
      const next = new Sample(info, {
        label: sample.label,
        indices: countsOf(answer.indices),
        when: countsOf(answer.when),
        steps: answer.steps,
        image: await imageOf(answer.pictures),
        column: 0,
        row: 0,
      });
      next.before = sample;
      await viewing.film([next]);
      viewing.replace(n, next, step);
    });
  }

  /** Takes the last choice of a code back. */
  undo() {
    const { state, viewing } = this,
      { before } = state.sample;
    if (before) viewing.replace(state.chosen, before, before.steps);
    viewing.closeCell();
  }
}
