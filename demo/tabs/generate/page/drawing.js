// Drawing a sheet: what is asked for, how far it is, and the end of it.

import { find } from "../../../page/dom.js";
import { countsOf, imageOf } from "../../../page/packed.js";
import { Sample } from "./sheet.js";

const SLOW = 200; // ms before it is said that something is being drawn

/** @typedef {import("./state.js").Shown} Shown */

export class Drawing {
  /**
   * @param {HTMLElement} root @param {import("./state.js").State} state
   * @param {import("./state.js").Asking} asking
   * @param {import("./viewing.js").Viewing} viewing where it is seen
   */
  constructor(root, state, asking, viewing) {
    this.root = root;
    this.state = state;
    this.asking = asking;
    this.viewing = viewing;
    this.go = find(root, ".vg-go");
    this.job = find(root, ".vg-job");
    this.bar = find(this.job, "progress", HTMLProgressElement);
    /** Counts what was asked for. */
    this.turn = 0;
    /** What is being drawn. @type {string | null} */
    this.ticket = null;
    /** What was there before. @type {Shown | null} */
    this.kept = null;
  }

  /** What is under way is of no interest any more, nor what was there before. */
  drop() {
    this.turn++;
    this.kept = null;
  }

  /** @param {any} request the settings */
  async generate(request) {
    this.cancel(false);
    const turn = ++this.turn,
      isLate = () => turn !== this.turn;
    this.go.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => isLate() || this.progress({ done: 0 }), SLOW);
    await this.asking.attempt(async () => {
      const watched = await this.follow(request, isLate, () => clearTimeout(slow));
      if (isLate()) return;
      clearTimeout(slow);
      this.progress(null);
      await this.viewing.filmAll(watched, isLate);
    });
    clearTimeout(slow);
    if (isLate()) return;
    this.progress(null);
    this.leaveHalf(); // where it was refused on the way
    this.go.removeAttribute("aria-busy");
    this.root.dataset.ready = `${this.state.model} ${request.seed}`;
  }

  /**
   * Asks until all is drawn. Resolves to whether one could watch it. @param {any} request
   * @param {() => boolean} isLate @param {() => void} onProgress
   */
  async follow(request, isLate, onProgress) {
    const { asking, state } = this,
      { info } = state;
    let watched = false;
    for (let ticket; ;) {
      const answer = await asking.ask("generate_sample", { ...request, job: ticket });
      if (!answer || isLate()) {
        if (answer?.job) asking.wire.ask("generate_stop", { job: answer.job });
        return watched;
      }
      if (!answer.job) {
        if (!asking.isLost) asking.say("");
        await this.fill(info, request, answer, isLate);
        return watched;
      }
      ticket = answer.job;
      onProgress();
      this.progress(answer);
      if (answer.indices) {
        watched = true;
        await this.fill(info, request, answer, isLate, true);
      }
    }
  }

  /** @param {any} answer how far it is; null: nothing is being drawn */
  progress(answer) {
    this.ticket = answer?.job ?? null;
    this.job.hidden = !answer;
    if (!answer) return;
    this.bar.value = answer.steps ? answer.done / answer.steps : 0;
    find(this.job, "span").textContent = answer.steps
      ? `Step ${answer.done} of ${answer.steps}`
      : "Drawing";
    find(this.job, "button").hidden = !answer.job;
  }

  /** `said`: a person wants it. */
  cancel(said = true) {
    if (this.ticket) this.asking.wire.ask("generate_stop", { job: this.ticket });
    this.progress(null);
    if (!said) return;
    this.turn++;
    this.go.removeAttribute("aria-busy");
    this.go.focus(); // the button that was pressed is gone
    this.leaveHalf();
    this.asking.say(
      this.state.samples.length ? "Cancelled." : "Cancelled. Press Generate to start again.",
    );
  }

  /** A sheet that will not be finished gives way to what was there before. */
  leaveHalf() {
    const { sample, info } = this.state;
    if (sample && (sample.live || sample.info !== info)) this.viewing.show(this.kept);
    this.kept = null;
  }

  /**
   * `live`: still under way, so the clock stands where the server is; what was there before is kept
   * until it is done.
   */
  async fill(info, request, answer, isLate, live = false) {
    const { state } = this,
      image = await imageOf(answer.pictures),
      cells = info.h * info.w;
    const indices = countsOf(answer.indices),
      when = countsOf(answer.when);
    if (isLate()) return;
    if (!live) this.kept = null;
    else if (!state.sample?.live)
      this.kept =
        state.sample?.info === info ? { asked: state.asked, samples: state.samples } : null;
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
    this.viewing.show({ asked: request, samples });
    if (live) this.viewing.stepTo(answer.done);
  }
}
