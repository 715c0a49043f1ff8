// Every command by its name, as keys.js and the buttons call it.

import { isOutOfReach, make } from "../../../page/dom.js";
import { fileIn } from "../../../page/drawing/pasting.js";
import { forSending } from "../../../page/drawing/sending.js";
import { Grid } from "./grid.js";
import { PRIOR_COMMANDS } from "./prior.js";
import { VIEWS } from "./screen.js";
import { TOOL_COMMANDS } from "./tools.js";

/** @type {Record<string, (editor: any) => unknown>} */
export const COMMANDS = {
  ...PRIOR_COMMANDS,
  ...TOOL_COMMANDS,
  undo(e) {
    e.step("undo");
  },
  redo(e) {
    e.step("redo");
  },
  reset(e) {
    if (!e.change("reset", e.side.source.flat))
      e.say("Nothing to reset: this is the grid as it was opened.");
  },
  all(e) {
    e.side.board.select(
      e.side.flat.map((_, p) => p),
      e.side.board.cursor,
      { anchor: 0 },
    );
  },
  fill(e) {
    if (e.badCode) {
      e.say(e.badCode, { bad: true });
      return;
    }
    e.change(
      `fill with ${e.code}`,
      Grid.fill(e.side.history.flat, e.side.board.selection(), e.code),
    );
  },
  swap(e) {
    const cells = e.side.board.selection();
    if (cells.length !== 2) {
      e.say("Select two cells to swap: click one, then the other with Ctrl held.");
      return;
    }
    e.change("swap", Grid.swap(e.side.history.flat, ...cells));
  },
  mirror(e) {
    e.change(
      "mirror left and right",
      Grid.mirror(e.side.history.flat, e.region(), e.info.w, "horizontal"),
    );
  },
  flip(e) {
    e.change(
      "mirror top and bottom",
      Grid.mirror(e.side.history.flat, e.region(), e.info.w, "vertical"),
    );
  },
  left(e) {
    e.shift(0, -1);
  },
  right(e) {
    e.shift(0, 1);
  },
  up(e) {
    e.shift(-1, 0);
  },
  down(e) {
    e.shift(1, 0);
  },
  copy(e) {
    const text = e.copied();
    navigator.clipboard?.writeText(text).catch(() => {
      /* the editor's own clipboard holds it */
    });
  },
  paste(e) {
    if (e.clip) e.pastePatch(e.clip);
    else e.say("Nothing is copied yet: select cells and copy them.");
  },
  next(e) {
    e.example(e.number + 1);
  },
  previous(e) {
    e.example(e.number - 1);
  },
  random(e) {
    e.load(e.side, { kind: "random", seed: Math.floor(Math.random() * 2 ** 32) });
  },
  upload(e) {
    e.refs.file.click();
  },
  draw(e) {
    if (!e.refs.draw.hidden) e.trigger("draw");
  },
  text(e) {
    const hidden = !e.refs.textPanel.hidden;
    e.refs.textPanel.hidden = hidden;
    e.expand("text", !hidden);
    e.refs.textError.textContent = "";
    if (!hidden) e.refs.text.focus();
  },
  share(e) {
    const hidden = !e.refs.sharePanel.hidden;
    e.refs.sharePanel.hidden = hidden;
    e.expand("share", !hidden);
    if (!hidden) e.share();
  },
  keys(e) {
    const hidden = !e.refs.keysPanel.hidden;
    e.refs.keysPanel.hidden = hidden;
    e.expand("keys", !hidden);
  },
  async second(e) {
    e.two = !e.two;
    if (!e.two) {
      e.activate(e.a.board);
      e.layout();
      e.show();
      e.keep();
      return;
    }
    e.layout();
    if (!e.b.history) {
      e.prepare(e.b);
      const count = e.info.examples;
      const done = await e.load(
        e.b,
        count ? { kind: "example", number: (e.number + 1) % count } : { kind: "random", seed: 2 },
      );
      if (done !== true) {
        e.two = false;
        e.layout();
      }
    }
    e.show();
    e.blendSays();
    e.keep();
  },
  palette(e) {
    e.palette.focus(e.side.flat[e.side.board.cursor]);
  },
  order(e) {
    const { order } = e.refs;
    order.selectedIndex = (order.selectedIndex + 1) % order.options.length;
    e.setOrder(order.value);
    e.say(`Palette sorted by ${order.selectedOptions[0].textContent}.`);
  },
  unfold(e) {
    e.unfolded = !e.unfolded;
    e.sortPalette(true);
  },
  view(e) {
    e.setView(VIEWS[(VIEWS.findIndex((v) => v.id === e.view) + 1) % VIEWS.length].id);
  },
  retry(e) {
    e.wire.retry();
    e.model.retry();
  },
  savePng(e) {
    if (e.shared) e.download(`data:image/png;base64,${e.shared.png}`, "grid.png");
  },
  saveJson(e) {
    if (e.shared)
      e.download(`data:application/json,${encodeURIComponent(e.shared.json)}`, "grid.json");
  },
};

/** @type {import("./editor.js").Methods} */
export const commanding = {
  do(name) {
    if (name !== "retry" && !(this.info && this.a.history)) return;
    const button = this.root.querySelector(`[data-do="${name}"]`);
    if (button && isOutOfReach(button)) {
      this.say(button.title, { bad: true });
      return;
    }
    COMMANDS[name](this);
  },

  // The rectangle around the selection; of one cell alone, the whole grid.
  region() {
    const { board } = this.side,
      { h, w } = this.info;
    return board.selected.size > 1
      ? Grid.bounds(board.selection(), w)
      : { row: 0, column: 0, rows: h, columns: w };
  },

  shift(down, right) {
    this.change(
      "shift",
      Grid.shift(this.side.history.flat, this.region(), this.info.w, down, right),
    );
  },

  step(which) {
    this.settle();
    const { side } = this,
      label = side.history[which]();
    if (label === null) {
      this.say(`Nothing to ${which}.`);
      return;
    }
    this.say(`${which === "undo" ? "Undone" : "Done again"}: ${label}.`);
    this.changed(side);
  },

  copied() {
    const { side, info } = this,
      region = Grid.bounds(side.board.selection(), info.w);
    this.clip = Grid.copy(side.flat, region, info.w);
    this.say(`Copied ${region.rows} × ${region.columns} cells.`);
    this.buttons();
    return JSON.stringify({ patch: this.clip });
  },

  pastePatch(patch) {
    const {
        board,
        history: { flat },
      } = this.side,
      { h, w } = this.info,
      cells = board.selection();
    if (patch.indices.length === 1) {
      this.change("paste", Grid.fill(flat, cells, patch.indices[0]));
      return;
    }
    const at = Grid.bounds(cells, w),
      first = at.row * w + at.column;
    this.change("paste", Grid.paste(flat, patch, first, h, w));
    const rows = Math.min(patch.rows, h - at.row),
      columns = Math.min(patch.columns, w - at.column);
    board.select(Grid.cellsOf({ ...at, rows, columns }, w), first, { focus: true });
  },

  // Whatever is pasted while the editor has the focus: cells, a code, a picture, or a grid's text.
  pasted(data) {
    const file = fileIn(data);
    if (file) {
      this.upload(file);
      return;
    }
    const text = data.getData("text/plain").trim(),
      patch = Grid.readPatch(text, this.info.K);
    if (patch) this.pastePatch(patch);
    else if (/^\d{1,5}$/.test(text) && Number(text) < this.info.K) this.take(Number(text));
    else if (text.startsWith('{"patch"'))
      this.say(`The cells copied are of another model: its codes go beyond ${this.info.K - 1}.`, {
        bad: true,
      });
    else if (text) this.load(this.side, { kind: "text", text });
  },

  async upload(file) {
    this.say("Reading the picture…");
    let content;
    try {
      content = await forSending(file);
    } catch (error) {
      this.say(error.message, { bad: true });
      return;
    }
    await this.load(this.side, { kind: "picture", file: content });
  },

  async example(number) {
    const count = this.info.examples;
    if (!count) {
      this.say("This model holds no examples: start from a random grid, a picture or a grid text.");
      return;
    }
    this.number = Number.isInteger(number) ? ((number % count) + count) % count : 0;
    this.refs.number.value = this.number;
    await this.load(this.side, { kind: "example", number: this.number });
  },

  async share() {
    const { refs, info, side } = this;
    const answer = await this.wire.ask("edit_share", {
      model: info.model,
      indices: Grid.rows(side.flat, info.w),
    });
    if (!answer) return;
    if (!answer.ok) {
      this.say(answer.error, { bad: true });
      return;
    }
    this.shared = answer;
    const link = new URL(location.pathname, location.origin);
    link.searchParams.set("model", info.model);
    link.searchParams.set("grid", answer.text);
    refs.shareText.value = answer.text;
    refs.shareJson.value = answer.json;
    refs.shareLink.value = link.href;
    refs.shareSize.textContent = `${answer.size[0]} × ${answer.size[1]} pixels; it holds the codes too and opens as this grid`;
  },

  download(href, name) {
    make("a", "", { href, download: name }).click();
  },

  expand(command, open) {
    this.root.querySelector(`.bar [data-do="${command}"]`).setAttribute("aria-expanded", open);
  },

  setOrder(order) {
    this.order = order;
    if (order === "prior" && !this.odds) this.rank(true);
    this.sortPalette(true);
    this.refs.codes.scrollTop = 0;
    this.keep();
  },

  setView(view) {
    this.view = view;
    this.buttons();
    this.picture();
    if (view === "effect") this.inspect();
    this.keep();
  },
};
