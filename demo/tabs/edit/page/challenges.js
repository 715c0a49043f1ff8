// Challenges: they begin with a grid, ask what they are checked by after each edit, and keep what was
// achieved for the quiz to print.

import { go, read, write } from "../../../page/guide/address.js";
import { keep } from "../../../page/quiz/results.js";
import { floatsOf } from "../../../page/packed.js";
import { Attempt, CHALLENGES, MODEL, isStart, progressOf } from "./state/challenges.js";
import { Grid } from "./state/grid.js";

/** @typedef {import("../../../page/wire.js").Wire} Wire */

export class Challenges {
  /**
   * @param {import("./edits.js").Shared} shared
   * @param {{wire: Wire, model: Wire, opening: import("./opening.js").Opening, looking:
   *   import("./looking.js").Looking}} parts
   */
  constructor({ state, update, say }, { wire, model, opening, looking }) {
    this.state = state;
    this.update = update;
    this.say = say;
    this.wire = wire;
    this.model = model;
    this.opening = opening;
    this.looking = looking;
  }

  /** From its beginning, with the model that it is about. @param {string} name */
  async start(name) {
    const { state } = this,
      challenge = CHALLENGES.find((one) => one.name === name);
    if (!challenge) return;
    write({ challenge: name });
    if (state.info.model !== MODEL) {
      go({ model: MODEL }); // once it is open, `resume` goes on
      return;
    }
    state.attempt = null;
    state.view = "picture";
    this.looking.activate(state.a);
    if ((await this.opening.example(challenge.example)) === "") this.begin(name);
  }

  /** The one in the address, on the grid that is there if it is the one it starts from. */
  resume() {
    const { state } = this,
      name = read("challenge"),
      challenge = CHALLENGES.find((one) => one.name === name);
    if (!challenge || state.info.model !== MODEL) state.attempt = null;
    else if (isStart(challenge, state.a)) this.begin(challenge.name);
    else void this.start(challenge.name);
  }

  /** @param {string} name */
  begin(name) {
    this.state.attempt = new Attempt(name);
    this.judge();
    this.update();
  }

  leave() {
    this.state.attempt = null;
    write({ challenge: null });
    this.update();
  }

  /** The grid is another one: asks what it is checked by. */
  judge() {
    const { state } = this,
      { a, attempt, info } = state,
      flat = a.flat.slice(),
      request = { model: info.model, indices: Grid.rows(flat, info.w) };
    if (!attempt) return;
    Object.assign(attempt, { ...new Attempt(attempt.name) });
    const { needs } = CHALLENGES.find(({ name }) => name === attempt.name) ?? {};
    const isLate = () => attempt !== state.attempt || Grid.differing(flat, a.flat) > 0;
    const question = { votes: "edit_votes", bits: "prior_surprise" }[needs ?? ""];
    if (!question) return;
    this.wire.send("challenge", question, request, ({ ok, error, votes, bits }) => {
      if (isLate()) return;
      if (!ok) {
        this.say(error ?? "", { bad: true });
        return;
      }
      if (bits) attempt.bits = floatsOf(bits).reduce((sum, one) => sum + one, 0);
      else attempt.votes = votes;
      this.look();
    });
  }

  /** The selected cell is the prediction: what can each cell change? */
  async measure() {
    const { state } = this,
      { a, attempt } = state,
      { flat, cursor } = a;
    if (!attempt) return;
    Object.assign(attempt, { strengths: [], predicted: cursor });
    for (let cell = 0; cell < flat.length; cell++) {
      this.update();
      const asked = { flat, input: a.source.input, pixels: a.input, cell, effect: true };
      const answer = await this.model.ask("cell", asked);
      if (!answer?.ok || attempt !== state.attempt || a.flat !== flat) return;
      const { map, peak } = answer.effect;
      attempt.strengths.push(peak * map.reduce((sum, one) => sum + one, 0));
    }
    this.look();
    this.looking.show("effect");
  }

  /** Is it achieved? Then it is kept. */
  look() {
    const progress = progressOf(this.state);
    if (!progress) return;
    if (progress.done) keep(progress.challenge.name, progress.challenge.title, progress.says);
    this.update();
  }
}
