// The tools of the rail, and the code that they paint and fill with.

/** @typedef {import("./state/state.js").Tool} Tool */

export class Tools {
  /**
   * @param {import("./edits.js").Shared} shared @param {import("./edits.js").Edits} edits
   * @param {import("./looking.js").Looking} looking
   */
  constructor({ state, update, say }, edits, looking) {
    this.state = state;
    this.update = update;
    this.say = say;
    this.edits = edits;
    this.looking = looking;
  }

  /** Takes up a tool; once more, and it is put down. @param {Tool} tool */
  toggle(tool) {
    this.turnTo(this.state.tool === tool ? "select" : tool);
  }

  /** @param {Tool} tool */
  turnTo(tool) {
    const { state } = this;
    if (tool === "paint" && state.badCode) {
      this.say(state.badCode, { bad: true });
      return;
    }
    if (tool === "picker" && state.tool !== "picker") state.toolBefore = state.tool;
    this.looking.tryOut(null);
    state.tool = tool;
    this.update();
    const said = {
      paint: `Drag over cells to paint code ${state.code}, or press Space on one. The palette changes the code; Escape ends it.`,
      locker:
        "Press cells or drag over them to lock them. What is selected already is locked by Lock selection.",
    };
    this.say(said[tool] ?? "");
  }

  /** The code of a cell becomes the one to paint and fill with. @param {number} p */
  pick(p) {
    const { state } = this;
    this.setCode(state.side.flat[p]);
    if (state.tool === "picker") this.turnTo(state.toolBefore);
    this.update();
    this.say(`Picked code ${state.code}: Fill and Paint use it now.`);
  }

  /** @param {number} code */
  setCode(code) {
    if (this.state.badCode) this.say("");
    this.state.badCode = "";
    this.state.code = code;
  }

  /** There is none, because what was typed is no code. @param {string} why */
  refuse(why) {
    this.state.badCode = why;
    this.update();
    this.say(why, { bad: true });
  }

  /** Into the selected cells, and to paint and fill with. @param {number} code */
  take(code) {
    if (!this.state.painting) return this.put(code);
    this.setCode(code);
    this.update();
  }

  /** The same, whatever the tool. @param {number} code */
  put(code) {
    this.setCode(code);
    this.edits.fill(`code ${code}`, code);
    this.update();
  }
}
