// The clock of the steps: play, pause, step, scrub. `onStep(step)` follows it.

import { closest } from "../../../page/dom.js";

const STEP_TIME = 1600,
  SLOWEST = 260;

export class Player {
  constructor(box, onStep) {
    this.box = box;
    this.onStep = onStep;
    this.step = 0;
    this.steps = 0;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    this.range = box.querySelector("input");
    this.toggle = box.querySelector(".vg-play");
    const moves = {
      first: () => this.go(0),
      back: () => this.go(this.step - 1),
      on: () => this.go(this.step + 1),
      last: () => this.go(this.steps),
      toggle: () =>
        this.timer ? this.pause() : this.play(this.step >= this.steps ? 0 : this.step),
    };
    box.addEventListener("click", (event) => {
      const button = closest(event, "button");
      if (!button) return;
      if (button.dataset.play !== "toggle") this.pause();
      moves[button.dataset.play]();
    });
    this.range.addEventListener("input", () => {
      this.pause();
      this.go(Number(this.range.value));
    });
  }

  // Another sample with its own number of steps.
  open(steps, step = steps) {
    this.steps = steps;
    this.range.max = steps;
    this.go(step);
  }

  go(step) {
    this.step = Math.max(0, Math.min(this.steps, step));
    this.range.value = this.step;
    this.range.setAttribute("aria-valuetext", `step ${this.step} of ${this.steps}`);
    this.onStep(this.step);
  }

  play(from = 0) {
    this.pause();
    this.go(from);
    const pace = Math.min(SLOWEST, STEP_TIME / Math.max(1, this.steps));
    this.timer = setInterval(() => {
      if (this.step >= this.steps) {
        this.pause();
        return;
      }
      this.go(this.step + 1);
      if (this.step >= this.steps) this.pause();
    }, pace);
    this.toggle.textContent = "Pause";
  }

  pause() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.toggle.textContent = "Play";
  }
}
