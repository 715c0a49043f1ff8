// The line in which the editor speaks.

import { make } from "../../../../page/dom.js";
import { ref } from "./paint.js";

const LOST = "The server does not answer. Your edits are kept here and sent when it is back.";
const BACK = "The server is back; all edits are sent.";

const READING = 4000; // ms, and more for a long sentence, that one over the page stays there

export class Notice {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.line = ref(root, "notice");
    this.isBad = false;
    this.isLost = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.passing = undefined;
  }

  /**
   * A sentence, and what is offered with it: a command and the word on its button.
   * @param {string} text @param {{bad?: boolean, offer?: [command: string, word: string]}} [how]
   */
  say(text, { bad = false, offer } = {}) {
    this.isBad = bad;
    this.line.classList.toggle("bad", bad);
    if (text || this.line.textContent) this.line.textContent = text;
    this.line.classList.remove("past");
    clearTimeout(this.passing);
    if (text && !bad && !offer)
      this.passing = setTimeout(() => this.line.classList.add("past"), READING + 60 * text.length);
    if (!offer) return;
    const [command, word] = offer;
    this.line.append(" ", make("button", "", { type: "button", "data-do": command }, word));
  }

  /** After a step what was said is over; `problem` is one that is not. */
  settle(problem = "") {
    if (!this.isLost) this.say(problem, { bad: !!problem });
  }

  /** @param {boolean} lost whether the server answers no more */
  lost(lost) {
    this.isLost = lost;
    this.root.classList.toggle("lost", lost);
    this.say(lost ? LOST : BACK, lost ? { bad: true, offer: ["retry", "Try now"] } : {});
  }
}
