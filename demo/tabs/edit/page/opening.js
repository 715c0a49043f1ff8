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
    /** Which model was asked for last, by its number. */
    this.turn = 0;
    /** How many grids were asked for. */
    this.asked = 0;
    /** Which of them each side shows: those before are late. */
    this.shown = { a: 0, b: 0 };
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.keeping = undefined;
  }

  /**
   * A model is chosen. @param {string} id
   * @param {import("./state/state.js").Handed | null} handed by another tab
   */
  async open(id, handed) {
    const { state, wire, root } = this,
      turn = ++this.turn;
    this.keep();
    wire.renew();
    this.model.renew();
    root.setAttribute("aria-busy", "true");
    if (state.info.model !== id && !(await this.adopt(id, turn))) return;
    const link = takeLink(),
      saved = state.isOpen ? null : this.store.load(state.info);
    if (saved && state.restore(saved)) this.restored();
    // Where a code is brought, a grid that is there stays.
    const isFirst = !state.isOpen,
      brings = handed?.code !== undefined && !isFirst;
    if (handed && !brings) await this.take(handed);
    else if (link) await this.load({ kind: "link", text: link }, state.a);
    if (turn !== this.turn) return; // another one is being opened
    if (!state.isOpen) {
      await this.load(
        state.info.examples ? { kind: "example", number: 0 } : { kind: "random", seed: 1 },
        state.a,
      );
    }
    if (!state.isOpen) return;
    if (isFirst) state.code = handed?.code ?? state.side.flat[state.side.cursor];
    this.free();
  }

  /** There is something to edit. */
  free() {
    this.root.setAttribute("aria-busy", "false");
    this.root.classList.remove("shut");
  }

  /**
   * Gets a model; false where it cannot be had or another one is wanted. @param {string} id
   * @param {number} turn
   */
  async adopt(id, turn) {
    this.say("Loading the model…");
    const info = await this.wire.ask("edit_model", { model: id });
    if (!info) return false;
    if (!info.ok) {
      this.shut(info.error ?? "");
      return false;
    }
    const tiles = pixelsOf(await imageOf(info.sheet.png));
    if (turn !== this.turn) return false;
    this.keep();
    this.shown.a = this.shown.b = this.asked;
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
   * Opens a grid. Resolves to "" or to why it cannot be; null where the answer is late: what was
   * asked for after it is there by now, or another model.
   * @param {Request | Promise<Request>} request
   * @param {Side} side @param {string} [about] where it comes from, if the server cannot know
   */
  async load(request, side = this.state.side, about = "") {
    const number = ++this.asked,
      answer = await this.answer(request);
    if (!answer || number <= this.shown[side.id]) return null;
    if (!answer.ok) {
      this.say(answer.error ?? "", { bad: true });
      return answer.error ?? "";
    }
    this.shown[side.id] = number;
    for (const one of this.state.sides) one.settle();
    side.open(about ? { ...answer, about } : answer);
    this.changed(side, { send: false });
    this.say(
      side.history.at ? `Opened: ${side.source.about}. Undo brings back what was there.` : "",
    );
    this.free();
    return "";
  }

  /** A grid from another tab, into the first. @param {import("./state/state.js").Handed} handed */
  take({ indices, input, code }) {
    const about = code === undefined ? "" : `a picture with code ${code}`;
    return this.load({ kind: "grid", indices, picture: input }, this.state.a, about);
  }

  /** @param {Request | Promise<Request>} request @returns {Promise<any>} */
  async answer(request) {
    try {
      const asked = await request;
      if (asked.kind === "random" && this.computing.engine) return await this.computing.random();
      const model = this.state.info.model,
        answer = await this.wire.ask("edit_open", { model, ...asked });
      return answer && asked.kind === "example" ? { ...answer, number: asked.number } : answer;
    } catch (error) {
      return { ok: false, error: error.message }; // the file cannot be read
    }
  }

  /** @param {number} number of an example */
  async example(number) {
    this.state.number = number;
    return this.load({ kind: "example", number });
  }

  /** They go round. @param {number} step */
  nextExample(step) {
    const { number, info } = this.state,
      count = info.examples;
    if (count) void this.example((number + step + count) % count);
    else
      this.say("This model holds no examples: start from a random grid, a picture or a grid text.");
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
