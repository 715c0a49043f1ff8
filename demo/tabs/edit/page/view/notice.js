// The line in which the editor speaks.

import { make } from "../../../../page/dom.js";
import { ref } from "./paint.js";

const LOST = "The server does not answer. Your edits are kept here and sent when it is back.";
const BACK = "The server is back; all edits are sent.";

export class Notice {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.line = ref(root, "notice");
    this.isBad = false;
    this.isLost = false;
  }

  say(text, { bad = false, retry = false } = {}) {
    this.isBad = bad;
    this.line.textContent = text;
    this.line.classList.toggle("bad", bad);
    if (retry)
      this.line.append(" ", make("button", "", { type: "button", "data-do": "retry" }, "Try now"));
  }

  /** After something that went well a refusal is over; `problem` is one that is not. */
  settle(problem = "") {
    if (this.isBad && !this.isLost) this.say(problem, { bad: !!problem });
  }

  /** @param {boolean} lost whether the server answers no more */
  lost(lost) {
    this.isLost = lost;
    this.root.classList.toggle("lost", lost);
    this.say(lost ? LOST : BACK, { bad: lost, retry: lost });
  }
}
