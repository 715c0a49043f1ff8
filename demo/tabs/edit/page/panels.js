// The panels above the grid: text to paste, the forms to share, the keys. One is open at a time; the
// keyboard goes into it and comes back.

import { find } from "../../../page/dom.js";
import { ref } from "./view/paint.js";

/** @typedef {import("./state/state.js").State} State */

export class Panels {
  /**
   * @param {HTMLElement} root @param {import("./edits.js").Shared} shared
   * @param {() => void} focusCell @param {() => unknown} share fills the panel of that name
   */
  constructor(root, { state, update }, focusCell, share) {
    this.root = root;
    this.state = state;
    this.update = update;
    this.focusCell = focusCell;
    this.share = share;
    /** Where the keyboard was before. @type {Element | null} */
    this.cameFrom = null;
  }

  /** Opens a panel, or closes it. @param {keyof State["panels"]} name */
  flip(name) {
    const { panels } = this.state,
      opens = !panels[name],
      had = document.activeElement,
      isWithin = !!had?.closest(".panel");
    if (opens && !isWithin) this.cameFrom = had;
    Object.assign(panels, { text: false, share: false, keys: false, [name]: opens });
    this.update();
    if (opens) find(ref(this.root, `${name}Panel`), "input, textarea, button", HTMLElement).focus();
    else if (isWithin) this.comeBack();
    if (panels.share) void this.share();
  }

  /** To where the keyboard was, or to the grid where that is out of sight. */
  comeBack() {
    const { cameFrom } = this;
    if (cameFrom instanceof HTMLElement && this.root.contains(cameFrom)) cameFrom.focus();
    if (document.activeElement !== cameFrom) this.focusCell();
  }
}
