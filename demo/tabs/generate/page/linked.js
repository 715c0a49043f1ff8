// The settings in the address of the page, those that differ from the opening's: a reload, a link and
// Back draw the same sheet.

import { onMove } from "../../../page/guide/address.js";
import { keep, recall } from "../../../page/guide/values.js";

const SETTINGS = "class pictures temperature steps guidance top_p top_k seed fresh".split(" ");
const NAMES = SETTINGS.map((name) => `generate-${name}`);

export class Linked {
  /**
   * @param {import("./controls.js").Controls} controls
   * @param {() => void} moved Back or Forward has changed the settings
   */
  constructor(controls, moved) {
    this.controls = controls;
    controls.form.addEventListener("change", () => this.keep());
    controls.form.addEventListener("click", () => this.keep());
    for (const name of NAMES)
      onMove(name, () => {
        if (!controls.info) return;
        const before = String(this.values());
        this.recall();
        if (String(this.values()) !== before) moved();
      });
  }

  /** @param {Record<string, any>} settings */
  values(settings = this.controls.settings()) {
    return SETTINGS.map((name) => settings[name]);
  }

  get plan() {
    return { names: NAMES, firsts: this.values(this.controls.opening) };
  }

  /** @param {{replace?: boolean}} [how] */
  keep(how) {
    if (this.controls.info) keep(this.plan, this.values(), how);
  }

  /** Sets the form as the address has it. */
  recall() {
    const said = recall(this.plan);
    this.controls.set(Object.fromEntries(SETTINGS.map((name, n) => [name, said[n]])));
  }

  /** Another model: of what the address says, what fits it is kept. */
  open() {
    this.recall();
    this.keep({ replace: true });
  }
}
