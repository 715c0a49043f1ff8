// One sample at one step: its grid of codes, cell by cell, and what the decoder makes of it.

import { closest, make, rove } from "../../../page/dom.js";
import { paint } from "./pictures.js";

export class Board {
  constructor(box, onCell) {
    this.box = box;
    this.onCell = onCell;
    this.info = null;
    this.cells = [];
    this.sample = null;
    this.step = 0;
    this.cursor = null;
    this.side = 0;
    this.grid = box.querySelector(".vg-cells");
    this.picture = box.querySelector(".vg-picture");
    this.grid.addEventListener("click", (event) => {
      const p = this.cells.indexOf(closest(event, "button"));
      if (p >= 0) this.onCell(p, event);
    });
    this.grid.addEventListener("keydown", (event) => rove(this.cells, () => this.info.w, event));
    new ResizeObserver(() => this.lay()).observe(box.querySelector(".vg-pair"));
  }

  open(info) {
    this.info = info;
    this.grid.style.setProperty("--sheet", `url(data:image/png;base64,${info.sheet.png})`);
    const rows = Array.from({ length: info.h }, () => make("div", "vg-line", { role: "row" }));
    this.cells = Array.from({ length: info.h * info.w }, (_, p) => {
      const box = make("div", "", { role: "gridcell" }),
        cell = make("button", "", { type: "button", tabindex: p ? -1 : 0 });
      box.append(cell);
      rows[Math.floor(p / info.w)].append(box);
      return cell;
    });
    this.grid.replaceChildren(...rows);
    this.picture.width = info.width;
    this.picture.height = info.height;
    this.lay();
  }

  // Both are equally large, and every pixel of the picture is a whole number of the screen's.
  lay() {
    const pair = this.box.querySelector(".vg-pair"),
      { info } = this;
    if (!info || !pair.clientWidth) return;
    const ratio = window.devicePixelRatio || 1,
      room = (pair.clientWidth - 20) / 2;
    const scale = Math.max(1, Math.floor((room * ratio) / info.width)) / ratio;
    this.grid.style.setProperty("--side", `${info.tile * scale}px`);
    this.grid.style.setProperty("--columns", info.w);
    this.grid.style.setProperty(
      "--sheet-size",
      `${info.sheet.columns * info.tile * scale}px ${info.sheet.rows * info.tile * scale}px`,
    );
    this.grid.classList.toggle("vg-small", info.tile * scale < 20);
    this.picture.style.width = `${info.width * scale}px`;
    this.side = info.tile * scale;
    this.show(this.sample, this.step);
  }

  show(sample, step) {
    Object.assign(this, { sample, step });
    if (!sample || !this.side) return;
    const { columns } = this.info.sheet;
    this.cells.forEach((cell, p) => {
      const known = sample.known(p, step),
        code = sample.indices[p],
        fresh = known && step > 0 && sample.when[p] === step;
      cell.className = known ? (fresh ? "vg-fresh" : "") : "vg-unknown";
      cell.style.backgroundPosition = `${-(code % columns) * this.side}px ${-Math.floor(code / columns) * this.side}px`;
      cell.setAttribute(
        "aria-label",
        `Row ${Math.floor(p / this.info.w) + 1}, column ${(p % this.info.w) + 1}: ${known ? `code ${code}` : "not drawn yet"}`,
      );
    });
    const { image, column, row } = sample.frame(step);
    if (sample.film || sample.live || step >= sample.steps)
      paint(this.picture, this.info, image, column, row);
  }

  mark(p) {
    this.cursor = p;
    this.cells.forEach((cell, n) => {
      if (n === p) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
      if (p !== null) cell.tabIndex = n === p ? 0 : -1;
    });
  }
}
