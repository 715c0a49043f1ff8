// The sheet: all samples on one canvas with whole-number pixels, a button over each, rows named by
// their class.

import { closest, contextOf, make, rove } from "../../../page/dom.js";

const GAP = 2;

export class Sheet {
  constructor(box, onPick) {
    this.box = box;
    this.onPick = onPick;
    this.samples = [];
    this.picks = [];
    this.chosen = 0;
    this.step = Infinity;
    this.columns = 1;
    this.info = null;
    this.gap = 0;
    this.scale = 0;
    this.canvas = box.querySelector("canvas");
    this.frame = box.querySelector(".vg-frame");
    this.over = box.querySelector(".vg-picks");
    this.names = box.querySelector(".vg-names");
    this.over.addEventListener("click", (event) => {
      const n = this.picks.indexOf(closest(event, "button"));
      if (n >= 0) this.onPick(n);
    });
    this.over.addEventListener("keydown", (event) =>
      rove(
        this.picks,
        () => this.columns,
        event,
        (n) => this.onPick(n),
      ),
    );
    new ResizeObserver(() => this.lay()).observe(this.frame);
  }

  open(info, samples) {
    Object.assign(this, {
      info,
      samples,
      columns: Math.min(info.columns, Math.ceil(Math.sqrt(samples.length))),
    });
    const said = samples.map(({ label }) => (label < 0 ? "" : `, class ${info.classes[label]}`));
    this.picks = samples.map((_, n) =>
      make("button", "", {
        type: "button",
        tabindex: n ? -1 : 0,
        "aria-label": `Picture ${n + 1}${said[n]}`,
      }),
    );
    this.over.replaceChildren(...this.picks);
    const rows = Math.ceil(samples.length / this.columns),
      first = (row) => samples[row * this.columns].label;
    const named = rows > 1 && new Set(samples.map(({ label }) => label)).size > 1;
    this.names.replaceChildren(
      ...(named
        ? Array.from({ length: rows }, (_, row) =>
            make("span", "", { title: info.classes[first(row)] }, info.classes[first(row)]),
          )
        : []),
    );
    this.lay();
  }

  lay() {
    if (!this.info || !this.frame.clientWidth) return;
    const { info, columns } = this,
      ratio = window.devicePixelRatio || 1,
      rows = Math.ceil(this.samples.length / columns);
    const room =
      this.frame.clientWidth - (this.names.childElementCount ? this.names.offsetWidth + 8 : 0);
    const gap = Math.round(GAP * ratio);
    this.scale = Math.max(
      1,
      Math.floor((room * ratio - (columns - 1) * gap) / (columns * info.width)),
    );
    this.gap = gap;
    const width = columns * info.width * this.scale + (columns - 1) * gap,
      height = rows * info.height * this.scale + (rows - 1) * gap;
    Object.assign(this.canvas, { width, height });
    this.canvas.style.width = `${Math.min(room, width / ratio)}px`;
    Object.assign(this.over.style, {
      gridTemplateColumns: `repeat(${columns}, 1fr)`,
      gap: `${GAP}px`,
    });
    // The place of the sheet was reserved; from now on the tallest one that was here holds it open.
    this.tallest = this.across === room ? Math.max(this.tallest, height / ratio) : height / ratio;
    this.across = room;
    Object.assign(this.frame.style, { aspectRatio: "auto", minHeight: `${this.tallest}px` });
    this.names.style.height =
      this.canvas.style.width && `${(Math.min(room, width / ratio) * height) / width}px`;
    this.draw();
  }

  /** @param {number | null} n draw this one alone */
  draw(n = null) {
    if (!this.info || !this.scale) return;
    const pen = contextOf(this.canvas),
      { info, scale, gap, columns } = this;
    pen.imageSmoothingEnabled = false;
    (n === null ? this.samples : [this.samples[n]]).forEach((sample, i) => {
      const at = n ?? i,
        x = (at % columns) * (info.width * scale + gap),
        y = Math.floor(at / columns) * (info.height * scale + gap);
      const { image, column, row } = sample.frame(this.step);
      pen.drawImage(
        image,
        column * info.width,
        row * info.height,
        info.width,
        info.height,
        x,
        y,
        info.width * scale,
        info.height * scale,
      );
    });
  }

  show(step) {
    this.step = step;
    this.draw();
  }

  choose(n) {
    this.picks[this.chosen]?.removeAttribute("aria-current");
    this.chosen = n;
    this.picks.forEach((pick, i) => {
      pick.tabIndex = i === n ? 0 : -1;
    });
    this.picks[n].setAttribute("aria-current", "true");
  }

  // The finished sheet as a PNG, every pixel four times as large, on white.
  png() {
    const { info, columns, samples } = this,
      scale = Math.max(1, Math.round(112 / info.width)),
      gap = 4;
    const rows = Math.ceil(samples.length / columns),
      canvas = document.createElement("canvas");
    canvas.width = columns * (info.width * scale + gap) + gap;
    canvas.height = rows * (info.height * scale + gap) + gap;
    const pen = contextOf(canvas);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingEnabled = false;
    samples.forEach((sample, n) => {
      const { image, column, row } = sample.frame(Infinity);
      pen.drawImage(
        image,
        column * info.width,
        row * info.height,
        info.width,
        info.height,
        gap + (n % columns) * (info.width * scale + gap),
        gap + Math.floor(n / columns) * (info.height * scale + gap),
        info.width * scale,
        info.height * scale,
      );
    });
    return canvas.toDataURL("image/png");
  }
}

// One sample: its codes, when each was drawn, and its pictures. The film comes later than the last
// picture. A live one is still being drawn: its last picture is how far it is.
export class Sample {
  constructor(info, { label, indices, when, steps, image, column, row, live = false }) {
    this.info = info;
    this.label = label;
    this.indices = indices;
    this.when = when;
    this.steps = steps;
    this.last = { image, column, row };
    /** Each step of it. @type {{image: HTMLImageElement, row: number} | null} */
    this.film = null;
    /** What it was before a code was chosen. @type {Sample | null} */
    this.before = null;
    this.live = live;
  }

  frame(step) {
    if (!this.film || step >= this.steps) return this.last;
    return { image: this.film.image, column: step, row: this.film.row };
  }

  known(cell, step) {
    return this.when[cell] <= step;
  }

  filled(step) {
    return this.when.reduce((sum, at) => sum + (at <= step), 0);
  }
}
