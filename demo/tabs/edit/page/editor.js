// The editor: its state, what it asks the server, and every command. A command has a key (keys.js)
// and a button.

import { make } from "../../../page/dom.js";
import { imageOf, pngOf } from "../../../page/packed.js";
import { pixelsOf } from "../../../page/pixels.js";
import { Wire } from "../../../page/wire.js";
import { Board } from "./board.js";
import { commanding } from "./commands.js";
import { Computing } from "./computing.js";
import { Grid } from "./grid.js";
import { Typing } from "./keys.js";
import { looking } from "./looking.js";
import { Paint } from "./paint.js";
import { Palette } from "./palette.js";
import { Previews } from "./preview.js";
import { withPrior } from "./prior.js";
import { FIRST_ORDER, ORDERS, VIEWS, showing } from "./screen.js";
import { Side } from "./side.js";
import { Steps } from "./steps.js";
import { Store } from "./store.js";
import { withTools } from "./tools.js";

/**
 * @typedef {Record<string, (this: any, ...args: any[]) => any>} Methods of the Editor, from files
 * of their own
 */

/** What these files add is not known to the type checker: every name of an Editor passes. */
const Open = /** @type {new () => Record<string, any>} */ (Object);

export class Editor extends Open {
  constructor(root, server, trigger) {
    super();
    this.root = root;
    this.refs = {};
    for (const node of root.querySelectorAll("[data-ref]")) this.refs[node.dataset.ref] = node;
    const { refs } = this,
      own = (place) => {
        try {
          return window[place];
        } catch {
          return null;
        }
      };
    this.trigger = trigger;
    this.info = null;
    this.cell = null;
    this.hovered = null;
    this.preview = null;
    this.view = "picture";
    this.order = FIRST_ORDER;
    /** @type {Set<number>} codes that draw next to nothing */
    this.blacks = new Set();
    this.unfolded = false;
    this.code = 0;
    this.badCode = "";
    this.two = false;
    this.tool = "select";
    this.clip = null;
    this.number = 0;
    this.blendFrom = null;
    this.klass = -1;
    this.choices = null;
    this.waiting = null;
    this.odds = null;
    this.surprised = false;
    this.seed = 0;
    this.wire = new Wire(server, (lost) => this.lost(lost));
    this.computing = new Computing(server);
    // Asked like the server, and answered in the page wherever the page can.
    this.model = new Wire(this.computing.questions(), (lost) => this.lost(lost));
    for (const wire of [this.wire, this.model]) {
      wire.onBusy = (sentence) => this.say(sentence);
      wire.onAsking = () => {
        root.dataset.asking = this.wire.asking + this.model.asking;
      };
      window.addEventListener("vq-back", () => wire.retry());
    }
    this.store = new Store(own("sessionStorage"), own("localStorage"), () =>
      this.say("This browser keeps no more edits over a reload; here they stay.", { bad: true }),
    );
    // A hand may be there before the first grid is.
    const opened =
      (act) =>
      (...given) => {
        if (this.a.history) act(...given);
      };
    const on = {
      select: opened((board) => this.selected(board)),
      hover: opened((p) => this.hover(p)),
      paint: opened((cells, done) => this.brush(cells, done)),
      pick: opened((p) => this.picked(p)),
      lock: () => this.do("lock"),
      choose: () => this.do("palette"),
      focus: opened((board) => this.activate(board)),
    };
    this.a = new Side("a", new Board(refs.gridA, "Grid", on), refs.picture);
    this.b = new Side("b", new Board(refs.gridB, "Second grid", on), refs.pictureB);
    this.side = this.a;
    const codes = {
      preview: opened((code) => this.tryOut(code)),
      pick: opened((code) => this.take(code)),
    };
    this.palette = new Palette(refs.codes, {
      ...codes,
      seen: (seen) => this.foresee(seen),
      leave: () => this.leave(),
    });
    this.steps = new Steps(refs, codes);
    this.previews = new Previews(this.model, this.computing, (fresh) => {
      if (fresh.includes(this.preview?.code)) this.tryOut(this.preview.code);
      root.dispatchEvent(new CustomEvent("previewed", { detail: this.previews.pictures.size }));
    });
    this.typing = new Typing(
      (text) => this.say(text),
      opened((code) => {
        this.say("");
        this.take(code);
      }),
    );
  }

  get painting() {
    return this.tool === "paint";
  }

  lost(lost) {
    this.root.classList.toggle("lost", lost);
    if (lost)
      this.say("The server does not answer. Your edits are kept here and sent when it is back.", {
        bad: true,
        retry: true,
      });
    else this.say("The server is back; all edits are sent.");
  }

  // ---- a model, a grid ----

  // A model is chosen; `handed` is a grid from another tab.
  async open(model, handed) {
    if (this.info) this.keep();
    this.wire.renew();
    this.model.renew();
    this.root.setAttribute("aria-busy", "true");
    if (this.info?.model !== model) {
      this.say("Loading the model…");
      const info = await this.wire.ask("edit_model", { model });
      if (!info) return;
      if (!info.ok) {
        this.shut(info.error);
        return;
      }
      this.root.dataset.engine = "server";
      this.computing.open(info).then((here) => {
        if (here && this.computing.info === info) this.root.dataset.engine = "page";
      });
      await this.adopt(info);
    }
    const link = takeLink(),
      saved = this.a.history ? null : this.store.load(this.info);
    if (saved) this.restore(saved);
    if (handed)
      await this.load(this.a, { kind: "grid", indices: handed.indices, picture: handed.input });
    else if (link) await this.load(this.a, { kind: "link", text: link });
    if (!this.a.history)
      await this.load(
        this.a,
        this.info.examples ? { kind: "example", number: 0 } : { kind: "random", seed: 1 },
      );
    if (!this.a.history) return;
    this.root.setAttribute("aria-busy", "false");
    this.root.classList.remove("shut");
  }

  // There is nothing to edit, and why.
  shut(reason) {
    this.info = null;
    this.root.setAttribute("aria-busy", "false");
    this.root.classList.add("shut");
    this.say(reason, { bad: true });
  }

  // Lay the page out for a model, empty.
  async adopt(info) {
    const { refs } = this;
    Object.assign(this, {
      info: null,
      cell: null,
      hovered: null,
      preview: null,
      side: this.a,
      two: false,
      tool: "select",
      blendFrom: null,
      klass: -1,
      choices: null,
      waiting: null,
      odds: null,
      surprised: false,
    });
    const { sheet } = info;
    this.root.style.setProperty("--sheet", `url("${pngOf(sheet.png)}")`);
    this.root.style.setProperty("--sheet-columns", sheet.columns);
    this.root.style.setProperty("--sheet-rows", sheet.rows);
    this.tiles = pixelsOf(await imageOf(sheet.png));
    this.blacks = Paint.blacks(this.tiles, info);
    this.info = info;
    this.used = info.counts?.reduce((sum, n) => sum + n, 0);
    const bits = Math.ceil(info.h * info.w * Math.log2(info.K));
    refs.size.textContent = `${info.h} × ${info.w} cells, ${info.K.toLocaleString("en")} codes: ${bits.toLocaleString("en")} bits`;
    refs.code.max = info.K - 1;
    refs.number.max = Math.max(0, info.examples - 1);
    this.root.querySelector(".group.example").hidden = !info.examples;
    const orders = ORDERS.filter((o) => !o.needs || info[o.needs]);
    refs.order.replaceChildren(...orders.map((o) => make("option", "", { value: o.id }, o.name)));
    if (!orders.some((o) => o.id === this.order)) this.order = FIRST_ORDER;
    refs.order.value = this.order;
    this.adoptPrior();
    for (const side of [this.a, this.b]) {
      side.clear();
      side.board.info = null;
      side.board.tool = "select";
    }
    this.a.board.setup(info, sheet);
    this.palette.setup(info);
    this.code = Math.min(this.code, info.K - 1);
    this.layout();
  }

  // Most people never open a second grid: its cells are made when somebody does.
  prepare(side) {
    if (!side.board.info) side.board.setup(this.info, this.info.sheet);
  }

  restore(saved) {
    if (!this.a.restore(saved.a, this.info)) return;
    if (saved.b) this.prepare(this.b);
    this.two = this.b.restore(saved.b, this.info) && !!saved.two;
    if (ORDERS.some((o) => o.id === saved.order && (!o.needs || this.info[o.needs])))
      this.order = saved.order;
    if (VIEWS.some((v) => v.id === saved.view)) this.view = saved.view;
    if (Number.isInteger(saved.code) && saved.code >= 0 && saved.code < this.info.K)
      this.code = saved.code;
    this.number = Number.isInteger(saved.number) ? saved.number : 0;
    this.refs.number.value = this.number;
    this.refs.order.value = this.order;
    this.restorePrior(saved);
    this.layout();
    for (const side of [this.a, this.b]) if (side.history) this.send(side);
    this.say("Your edits are as you left them.");
    this.show();
    this.inspect();
  }

  // Open a grid in a side: an example, a random one, a text, a picture, or one from another tab.
  async load(side, request) {
    this.settle();
    const here = request.kind === "random" && this.computing.engine;
    const answer = here
      ? await this.computing.random()
      : await this.wire.ask("edit_open", { model: this.info.model, ...request });
    if (!answer) return false;
    if (!answer.ok) {
      this.say(answer.error, { bad: true });
      return answer.error;
    }
    side.opened(answer);
    this.say(`Opened: ${answer.about}. Undo brings back what was there.`);
    if (side.history.steps.length === 0) this.say("");
    this.changed(side, { send: false });
    return true;
  }

  keep() {
    clearTimeout(this.keeping);
    if (this.info && this.a.history)
      this.store.save(this.info, {
        a: this.a,
        b: this.b,
        two: this.two,
        order: this.order,
        view: this.view,
        code: this.code,
        number: this.number,
        klass: this.klass,
        surprised: this.surprised,
      });
  }

  // ---- edits ----

  change(label, next, side = this.side) {
    this.settle();
    const wanted = Grid.differing(next, side.history.flat);
    if (!side.history.push(label, side.keepLocked(next))) {
      if (wanted) this.say("Locked cells keep their codes: K unlocks the selected ones.");
      return false;
    }
    this.changed(side);
    return true;
  }

  // The grid of a side is another one now: show it, decode it, keep it.
  changed(side, { send = true } = {}) {
    if (side.history.source !== side.unpacked) {
      side.unpack();
      side.unpacked = side.history.source;
    }
    if (side === this.a && !this.blending) this.blendFrom = null;
    if (!this.root.classList.contains("lost") && this.refs.notice.classList.contains("bad"))
      this.say(this.badCode, { bad: !!this.badCode });
    if (send) this.send(side); // first: the server works while the page is painted
    this.preview = null;
    this.foreseeAbout();
    const exact = side === this.side && this.exactNow(side);
    if (exact) side.pixels = exact;
    this.judge();
    this.show();
    if (exact) this.tellPainted();
    this.inspect();
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.keep(), 150);
    if (!this.refs.sharePanel.hidden) this.share();
    this.blendSays();
  }

  // A preview that was fetched for the grid as it is now is its picture already; the server's
  // answer confirms it.
  exactNow(side) {
    const codes = new Set(side.board.selection().map((p) => side.flat[p]));
    return codes.size === 1 ? this.previews.exact([...codes][0]) : null;
  }

  send(side) {
    const flat = side.flat.slice();
    this.model.send(`commit ${side.id}`, "commit", { flat }, ({ pixels, ...answer }) => {
      if (!answer.ok) {
        this.say(answer.error, { bad: true });
        return;
      }
      if (!side.live && Grid.differing(flat, side.flat)) return; // late: another edit has been made since
      const shown = side.pixels && !Grid.differing(pixels, side.pixels); // by a preview
      if (!shown) {
        side.pixels = pixels;
        this.figures();
        this.picture();
      }
      this.tellPainted();
    });
  }

  // The picture of the grid as it is now is on the page: for whoever measures how long that takes.
  tellPainted() {
    this.root.dispatchEvent(new CustomEvent("painted"));
  }

  // A stroke or a blend that is still under way becomes a step before anything else happens.
  settle() {
    for (const side of [this.a, this.b])
      if (side.live) {
        const next = side.live;
        side.live = null;
        side.history.push("stroke", next);
      }
  }

  blend(value, done) {
    const { a, b, info } = this;
    this.blendFrom ??= a.history.flat.slice();
    const next = a.keepLocked(
      Grid.interpolate(
        this.blendFrom,
        b.flat,
        value / 100,
        info.h,
        info.w,
        this.refs.blendOrder.value,
      ),
    );
    if (!done) {
      a.live = next;
      a.board.render(next);
      this.send(a);
    } else {
      a.live = null;
      this.blending = true;
      if (a.history.push("take-over", next)) this.changed(a);
      else this.show();
      this.blending = false;
    }
    this.blendSays();
  }

  blendSays() {
    if (!this.two) return;
    const { a, b, refs } = this,
      from = this.blendFrom ?? a.history.flat;
    if (!this.blendFrom) refs.blend.value = 0;
    const all = Grid.differing(from, b.flat),
      left = Grid.differing(a.flat, b.flat);
    refs.blendSaid.textContent = `${all - left} of ${all} differing cells`;
  }
}

Object.assign(Editor.prototype, showing, looking, commanding, withPrior, withTools);

// The grid of a link, taken out of the address so that a reload keeps the edits made since.
function takeLink() {
  const address = new URL(location.href),
    text = address.searchParams.get("grid");
  if (text === null) return null;
  address.searchParams.delete("grid");
  history.replaceState(history.state, "", address);
  return text;
}
