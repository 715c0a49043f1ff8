// The tools of the rail: which one is active, and what a gesture on the grid does with it.

import { Grid } from "./grid.js";

/**
 * @type {Record<string, {name: string, says: string}>} by the name of the command that takes it up
 */
export const TOOLS = {
  select: { name: "Select", says: "click or drag; Shift and Ctrl add" },
  paint: { name: "Paint", says: "drag over cells" },
  picker: { name: "Pick code", says: "click a cell" },
  locker: { name: "Lock", says: "click or drag over cells" },
};

/** @type {Record<string, (editor: any) => unknown>} */
export const TOOL_COMMANDS = {
  select(e) {
    e.setTool("select");
  },
  paint(e) {
    e.setTool(e.painting ? "select" : "paint");
  },
  picker(e) {
    e.setTool(e.tool === "picker" ? "select" : "picker");
  },
  locker(e) {
    e.setTool(e.tool === "locker" ? "select" : "locker");
  },
  pick(e) {
    e.picked(e.side.board.cursor);
  },
};

/** @type {import("./editor.js").Methods} */
export const withTools = {
  setTool(tool) {
    if (tool === "paint" && this.badCode) {
      this.say(this.badCode, { bad: true });
      return;
    }
    if (tool === "picker") this.toolBefore = this.tool === "picker" ? this.toolBefore : this.tool;
    this.tool = tool;
    for (const side of [this.a, this.b]) side.board.tool = tool;
    this.tryOut(null);
    this.show();
    this.say(
      tool === "paint"
        ? `Drag across cells to paint code ${this.code}; a click in the palette changes the code. P or Escape ends it.`
        : "",
    );
  },

  // The code of a cell becomes the one to paint and fill with.
  picked(p) {
    this.setCode(this.side.flat[p]);
    if (this.tool === "picker") this.setTool(this.toolBefore ?? "select");
    this.show();
    this.say(`Picked code ${this.code}: Fill and Paint use it now.`);
  },

  // The code to paint and fill with; with a sentence there is none, because what was typed is no
  // code.
  setCode(code, problem = "") {
    if (!problem) this.code = code;
    if (this.badCode && !problem) this.say("");
    this.badCode = problem;
    this.refs.code.setAttribute("aria-invalid", String(!!problem));
    if (problem) this.say(problem, { bad: true });
  },

  // Take a code: into the selected cells, and as the one to paint and fill with.
  take(code) {
    this.setCode(code);
    if (this.painting) {
      this.show();
      return;
    }
    this.change(
      `code ${code}`,
      Grid.fill(this.side.history.flat, this.side.board.selection(), code),
    );
    this.buttons();
  },

  // A stroke of the brush goes through some cells; one stroke is one step of the history.
  brush(cells, done) {
    const { side } = this;
    if (cells.length) {
      side.live = side.keepLocked(Grid.fill(side.flat, cells, this.code));
      Object.assign(side.board, {
        selected: new Set([cells.at(-1)]),
        cursor: cells.at(-1),
        anchor: cells.at(-1),
      });
      this.send(side);
      side.board.mark();
      side.board.render(side.live);
      this.readout();
    }
    if (done && side.live) {
      const next = side.live;
      side.live = null;
      if (side.history.push(`stroke of code ${this.code}`, next)) this.changed(side);
    }
  },
};
