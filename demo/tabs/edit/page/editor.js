// The editor: one state, the parts that change it, and the view that shows it. A person's act
// reaches a part as a command (commands.js) or a gesture; the part changes the state; `update` shows
// it. What each part needs of the others it is given here.

import { find, isOutOfReach } from "../../../page/dom.js";
import { Wire } from "../../../page/wire.js";
import { Challenges } from "./challenges.js";
import { makeCommands } from "./commands.js";
import { Computing } from "./computing.js";
import { Edits } from "./edits.js";
import { Looking } from "./looking.js";
import { Opening } from "./opening.js";
import { Panels } from "./panels.js";
import { Previews } from "./preview.js";
import { Prior } from "./prior.js";
import { Sharing } from "./sharing.js";
import { State } from "./state/state.js";
import { Store } from "./state/store.js";
import { Typing } from "./state/typing.js";
import { Tools } from "./tools.js";
import { Notice } from "./view/notice.js";
import { ref } from "./view/paint.js";
import { View } from "./view/view.js";

/** @typedef {import("../../../page/component.js").Component} Component */

const FULL = "This browser keeps no more edits over a reload; here they stay.";

export class Editor {
  /**
   * @param {HTMLElement} root @param {Component["server"]} server
   * @param {Component["trigger"]} trigger
   */
  constructor(root, server, trigger) {
    const state = (this.state = new State()),
      notice = new Notice(root),
      computing = new Computing(server);
    this.root = root;
    this.notice = notice;
    this.update = () => this.view.render(state);
    this.say = notice.say.bind(notice);
    const shared = {
      state,
      update: this.update,
      say: this.say,
      changed: (/** @type {any} */ side, how = {}) => this.changed(side, how),
    };

    const wire = new Wire(server, (lost) => notice.lost(lost));
    // Asked like the server, and answered in the page wherever the page can.
    const model = new Wire(computing.questions(), (lost) => notice.lost(lost));
    this.wires = [wire, model];
    for (const one of this.wires) {
      one.onBusy = this.say;
      one.onAsking = () => {
        root.dataset.asking = String(wire.asking + model.asking);
      };
      window.addEventListener("vq-back", () => one.retry());
    }
    this.retry = () => this.wires.forEach((one) => one.retry());

    const previews = new Previews(model, computing, (codes, all) => {
      this.looking.arrived(codes);
      root.dispatchEvent(new CustomEvent("previewed", { detail: all }));
    });
    this.prior = new Prior(
      shared,
      wire,
      (label, next) => this.edits.change(label, next),
      () => this.showWays(),
    );
    this.looking = new Looking(shared, model, previews, this.prior, () => this.tellPainted());
    this.edits = new Edits(shared, (side) => this.looking.draw(side));
    this.tools = new Tools(shared, this.edits, this.looking);
    const store = Store.ofBrowser(() => this.say(FULL, { bad: true }));
    this.opening = new Opening(root, shared, { wire, model, computing, store }, () =>
      this.restored(),
    );
    // A hand may be there before the first grid is.
    this.take = (/** @type {number} */ code) => state.isOpen && this.tools.take(code);
    this.focusCell = () => this.view.focusCell(state);
    this.focusCode = () => this.view.focusCode(state);
    this.sharing = new Sharing(root, shared, {
      wire,
      opening: this.opening,
      edits: this.edits,
      take: this.take,
      focusCell: this.focusCell,
    });
    this.panels = new Panels(root, shared, this.focusCell, () => this.sharing.share());
    this.challenges = new Challenges(shared, {
      wire,
      model,
      opening: this.opening,
      looking: this.looking,
    });
    this.typing = new Typing(this.say, (code) => {
      this.say("");
      this.take(code);
    });
    this.draw = () => ref(root, "draw").hidden || trigger("draw");
    this.train = () => trigger("train");
    this.chooseFile = () => ref(root, "file").click();
    this.commands = makeCommands(this);
    this.view = new View(root, state, this.commands, this.heard());
  }

  /** What the view tells of. @returns {import("./view/view.js").Told} */
  heard() {
    const { state, looking, tools, edits, prior, typing } = this;
    return {
      select: (side, cells, cursor, anchor) => {
        typing.cancel();
        looking.select(side, cells, cursor, anchor);
      },
      activate: (side) => looking.activate(side),
      hover: (p) => looking.hover(p),
      paint: (cells, done) => edits.stroke(cells, done),
      pick: (p) => tools.pick(p),
      lock: () => edits.toggleLocks(),
      choose: this.focusCode,
      enter: () => typing.finish(),
      digit: (digit) => typing.digit(digit, state.info.K),
      seen: (codes) => looking.foresee(codes),
      preview: (code) => looking.tryOut(code),
      take: this.take,
      put: (code) => state.isOpen && tools.put(code),
      leave: () => looking.leave(),
      tryChoice: (n) => prior.tryChoice(n),
      takeChoice: (n) => prior.takeChoice(n),
    };
  }

  /** Carries out a command, or says why it cannot be. @param {string | undefined} name */
  do(name) {
    const { state } = this,
      command = this.commands.find((one) => one.name === name);
    if (!command || !(state.isOpen || name === "retry")) return;
    const button = this.root.querySelector(`[data-do="${name}"]`),
      can = command.enabled?.(state) ?? true;
    if (button instanceof HTMLElement && isOutOfReach(button))
      this.say(button.title, { bad: true });
    else if (can !== true) this.say(can);
    else command.run();
    this.opening.keepSoon();
  }

  /**
   * The grid of a side is another one now: it is drawn, shown, judged and kept.
   * @param {import("./state/side.js").Side} side
   */
  changed(side, { send = true, blends = false } = {}) {
    const { state, looking } = this;
    side.unpack();
    if (!blends) state.blendFrom = null;
    this.notice.settle(state.badCode);
    if (send) looking.draw(side); // first: the model works while the page is painted
    state.preview = null;
    looking.foresee();
    const foreseen = side === state.side && looking.foreseen();
    if (foreseen) side.pixels = foreseen;
    this.prior.judge();
    if (side === state.a) this.challenges.judge();
    this.update();
    if (foreseen) this.tellPainted();
    looking.inspect();
    this.opening.keepSoon();
    if (state.panels.share) void this.sharing.share();
  }

  /** The picture of the grid as it is now is on the page: for whoever measures how long that takes. */
  tellPainted() {
    this.challenges.look();
    this.root.dispatchEvent(new CustomEvent("painted"));
  }

  /** The edits of another time are there again. */
  restored() {
    const { state, looking } = this;
    for (const side of state.sides) if (side.isOpen) looking.draw(side);
    this.say("Your edits are as you left them.");
    this.prior.judge();
    this.update();
    looking.foresee();
    looking.inspect();
  }

  /** A code that another tab brings: the grid stays as it is. @param {import("./state/state.js").Handed} handed */
  bring(handed) {
    const { state } = this,
      { code = state.code } = handed;
    state.brought = handed;
    this.tools.setCode(code);
    this.update();
    this.say(`Code ${code} is ready: Fill and Paint use it.`, {
      offer: ["holder", "Open a picture with it"],
    });
  }

  /** The picture that holds the code that was brought, its cells selected. */
  async openHolder() {
    const { a, brought } = this.state;
    if (!brought || (await this.opening.take(brought)) !== "") return;
    const cells = a.flat.flatMap((code, p) => (code === brought.code ? [p] : []));
    this.looking.select(a, cells, cells[0]);
    this.focusCell();
  }

  /** What is only tried out goes, and the keyboard is back on the grid. */
  takeBack() {
    this.looking.tryOut(null);
    this.focusCell();
  }

  /**
   * The ways to fill cells come into view, and the keyboard to them from the grid. They lie above the
   * buttons that ask for them: what is in sight with those does not scroll away under the pointer.
   */
  showWays() {
    ref(this.root, "choices").scrollIntoView({ block: "nearest" });
    if (document.activeElement?.matches(".cell:focus-visible"))
      find(this.root, "[data-choice]", HTMLElement).focus({ preventScroll: true });
  }

  /** A second grid beside the first, or no longer. */
  async second() {
    const { state } = this;
    state.two = !state.two;
    if (!state.two) this.looking.activate(state.a);
    this.update();
    if (state.two && !state.b.isOpen) state.two = await this.opening.second();
    this.update();
    if (!state.two) return;
    this.say("Press in the second grid: Example and File then open their picture there.");
    ref(this.root, "boardB").scrollIntoView({ block: "nearest" });
  }
}
