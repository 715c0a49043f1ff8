// What the Generate tab shows, and how its parts ask the server about it.

import { tell } from "../../../page/dom.js";
import { Wire } from "../../../page/wire.js";

const LOST = "The server does not answer. What you see is kept; it is tried again.";

/** @typedef {import("./sheet.js").Sample} Sample */
/** @typedef {{asked: any, samples: Sample[]}} Shown the settings, and what they gave */

export class State {
  /** @type {string | null} the model's id */
  model = null;
  /** @type {any} the server's answer to the opening */
  info = null;
  /** @type {any} the settings of what is on show */
  asked = null;
  /** @type {Sample[]} */
  samples = [];
  /** Which of them. */
  chosen = 0;
  /** @type {number | null} the open one of its cells */
  cell = null;

  get sample() {
    return this.samples[this.chosen];
  }
}

/** The one way to the server, and the line in which this tab speaks. */
export class Asking {
  /**
   * @param {State} state @param {HTMLElement} line
   * @param {import("../../../page/component.js").Component["server"]} server
   */
  constructor(state, line, server) {
    this.state = state;
    this.line = line;
    this.isLost = false;
    this.wire = new Wire(server, (lost) => {
      this.isLost = lost;
      this.say(lost ? LOST : "", "lost");
    });
    this.wire.onBusy = (sentence) => this.say(sentence, "wait");
    window.addEventListener("vq-back", () => this.wire.retry());
  }

  say(text, kind = "") {
    tell(this.line, text, kind);
  }

  /**
   * An answer that is still wanted; throws the sentence of a refusal. @param {string} name
   * @param {object} request
   */
  ask(name, request) {
    return this.wire.get(name, { model: this.state.model, ...request });
  }

  /** Of questions that follow fast on each other, the last. @param {string} lane */
  send(lane, name, request, done) {
    this.wire.send(lane, name, { model: this.state.model, ...request }, (answer) => {
      if (answer.ok) done(answer);
      else this.say(answer.error, "error");
    });
  }

  /** Runs it and says what goes wrong. @template Value @param {() => Promise<Value>} work */
  async attempt(work) {
    try {
      return await work();
    } catch (error) {
      this.say(error.message, "error");
      return undefined;
    }
  }
}
