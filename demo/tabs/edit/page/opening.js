// What is opened in the editor, a model and grids, and what is kept of it over a reload.

import { imageOf } from "../../../page/packed.js";
import { pixelsOf } from "../../../page/pixels.js";

/** @typedef {import("./state/side.js").Side} Side */

/**
 * What a grid is opened from; see OpenRequest of requests.py.
 * @typedef {{kind: "example", number: number} | {kind: "random", seed: number} | {kind: "text" |
 *   "link", text: string} | {kind: "picture", file: string} | {kind: "grid", indices: number[][],
 *   picture: string | null}} Request
 */

const KEEP_AFTER = 150; // ms

export class Opening {
  /**
   * @param {HTMLElement} root
   * @param {import("./edits.js").Shared} shared
   * @param {{wire: import("../../../page/wire.js").Wire, model: import("../../../page/wire.js").Wire,
   *   computing: import("./computing.js").Computing, store: import("./state/store.js").Store}} asked
   * @param {() => void} restored told when the edits of another time are there again
   */
  constructor(root, { state, changed, say }, { wire, model, computing, store }, restored) {
    this.root = root;
    this.state = state;
    this.changed = changed;
    this.say = say;
    this.wire = wire;
    this.model = model;
    this.computing = computing;
    this.store = store;
    this.restored = restored;
    this.turn = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.keeping = undefined;
  }

  /**
   * A model is chosen. @param {string} id
   * @param {{indices: number[][], input: string | null} | null} handed a grid from another tab
   */
  async open(id, handed) {
    const { state, wire, root } = this;
    this.keep();
    wire.renew();
    this.model.renew();
    root.setAttribute("aria-busy", "true");
    if (state.info.model !== id && !(await this.adopt(id))) return;
    const link = takeLink(),
      saved = state.isOpen ? null : this.store.load(state.info);
    if (saved && state.restore(saved)) this.restored();
    if (handed)
      await this.load({ kind: "grid", indices: handed.indices, picture: handed.input }, state.a);
    else if (link) await this.load({ kind: "link", text: link }, state.a);
    if (!state.isOpen) {
      await this.load(
        state.info.examples ? { kind: "example", number: 0 } : { kind: "random", seed: 1 },
        state.a,
      );
      if (state.isOpen) state.code = state.side.flat[state.side.cursor];
    }
    if (!state.isOpen) return;
    root.setAttribute("aria-busy", "false");
    root.classList.remove("shut");
  }

  /** Gets a model; false where it cannot be had or another one is wanted. @param {string} id */
  async adopt(id) {
    this.say("Loading the model…");
    const info = await this.wire.ask("edit_model", { model: id });
    if (!info) return false;
    if (!info.ok) {
      this.shut(info.error ?? "");
      return false;
    }
    const turn = ++this.turn,
      tiles = pixelsOf(await imageOf(info.sheet.png));
    if (turn !== this.turn) return false;
    this.keep();
    this.root.dataset.engine = "server";
    this.computing.open(info).then((here) => {
      if (here && this.computing.info === info) this.root.dataset.engine = "page";
    });
    this.state.adopt(/** @type {any} */ (info), tiles);
    return true;
  }

  /** There is nothing to edit. @param {string} reason */
  shut(reason) {
    this.state.close();
    this.root.setAttribute("aria-busy", "false");
    this.root.classList.add("shut");
    this.say(reason, { bad: true });
  }

  /**
   * Opens a grid. Resolves to "" or to why it cannot be; null where the answer is late.
   * @param {Request} request
   */
  async load(request, side = this.state.side) {
    for (const one of this.state.sides) one.settle();
    const here = request.kind === "random" && this.computing.engine;
    const answer = here
      ? await this.computing.random()
      : await this.wire.ask("edit_open", { model: this.state.info.model, ...request });
    if (!answer) return null;
    if (!answer.ok) {
      this.say(answer.error, { bad: true });
      return answer.error;
    }
    side.open(answer);
    this.say(side.history.at ? `Opened: ${answer.about}. Undo brings back what was there.` : "");
    this.changed(side, { send: false });
    return "";
  }

  /** @param {number} number of an example; they go round */
  async example(number) {
    const { state } = this,
      count = state.info.examples;
    if (!count) {
      this.say("This model holds no examples: start from a random grid, a picture or a grid text.");
      return;
    }
    state.number = Number.isInteger(number) ? ((number % count) + count) % count : 0;
    await this.load({ kind: "example", number: state.number });
  }

  /** @param {number} step */
  nextExample(step) {
    return this.example(this.state.number + step);
  }

  random() {
    return this.load({ kind: "random", seed: Math.floor(Math.random() * 2 ** 32) });
  }

  /** What the second grid has at first; false where it cannot be had. */
  async second() {
    const { number, info, b } = this.state,
      count = info.examples;
    const done = await this.load(
      count ? { kind: "example", number: (number + 1) % count } : { kind: "random", seed: 2 },
      b,
    );
    return done === "";
  }

  // ---- over a reload ----

  keep() {
    clearTimeout(this.keeping);
    if (this.state.isOpen) this.store.save(this.state.info, this.state);
  }

  keepSoon() {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.keep(), KEEP_AFTER);
  }
}

/** The grid of a link, taken out of the address so that a reload keeps the edits made since. */
function takeLink() {
  const address = new URL(location.href),
    text = address.searchParams.get("grid");
  if (text === null) return null;
  address.searchParams.delete("grid");
  history.replaceState(history.state, "", address);
  return text;
}
