// The six steps of the quantization layer at one cell, with its real numbers, and the patches it
// reads and draws.

import { contextOf, find, make } from "../../../page/dom.js";
import { paintPixels } from "../../../page/pixels.js";
import { Paint } from "./paint.js";

const NEAREST = 8;

export class Steps {
  // `refs`: the marked elements; `on`: preview(code | null), pick(code).
  constructor(refs, on) {
    this.refs = refs;
    this.on = on;
    this.bars = [];
    for (let n = 0; n < NEAREST; n++) {
      const bar = make("button", "bar-row", { type: "button" });
      bar.hidden = true; // until a cell is chosen it has nothing to say
      bar.append(
        make("span", "tile"),
        make("span", "mono ix"),
        make("span", "track"),
        make("span", "mono far"),
      );
      bar.children[2].append(make("i"));
      bar.addEventListener("pointerenter", () => on.preview(Number(bar.dataset.k)));
      bar.addEventListener("pointerleave", () => on.preview(null));
      bar.addEventListener("focus", () => on.preview(Number(bar.dataset.k)));
      bar.addEventListener("blur", () => on.preview(null));
      bar.addEventListener("click", () => on.pick(Number(bar.dataset.k)));
      this.bars.push(bar);
    }
    refs.bars.replaceChildren(...this.bars);
    // Sizes are told, not asked for: asking in the middle of an update would lay the page out once
    // more.
    this.sizes = new Map();
    const watch = new ResizeObserver((all) => {
      for (const { target, contentRect } of all) this.sizes.set(target, contentRect);
      if (this.shown) this.vectors();
    });
    watch.observe(refs.ze);
    watch.observe(refs.zq);
  }

  // What is known at once, before the server has said anything about this cell.
  place(info, p) {
    const r = Math.floor(p / info.w),
      c = p % info.w;
    this.refs.where.textContent = `row ${r + 1}, column ${c + 1}`;
    this.refs.step1.textContent =
      `The encoder outputs ${info.D} numbers per cell: ${info.h * info.w} vectors in all. ` +
      `This is number ${p}, counting from 0.`;
  }

  patches(info, p, input, picture) {
    for (const [name, pixels] of [
      ["patchIn", input],
      ["patchOut", picture],
    ]) {
      if (!pixels) continue;
      const t = info.tile,
        c = info.channels,
        patch = new Uint8Array(t * t * c);
      for (let y = 0; y < t; y++) {
        const from = ((Math.floor(p / info.w) * t + y) * info.width + (p % info.w) * t) * c;
        patch.set(pixels.subarray(from, from + t * c), y * t * c);
      }
      paintPixels(this.refs[name], patch, { height: t, width: t, channels: c });
    }
  }

  // `cell`: the server's answer, distances as floats.
  show(info, cell) {
    const { refs } = this,
      number = (x) =>
        Math.abs(x) >= 100 ? x.toFixed(0) : Math.abs(x) >= 1 ? x.toFixed(2) : x.toFixed(3);
    const order = Array.from(cell.distances.keys()).sort(
      (a, b) => cell.distances[a] - cell.distances[b] || a - b,
    );
    const shown = order.slice(0, Math.min(NEAREST, info.K));
    if (!shown.includes(cell.held)) shown[shown.length - 1] = cell.held;
    const far = Math.max(...shown.map((k) => cell.distances[k]), 1e-12);
    this.bars.forEach((bar, n) => {
      bar.hidden = n >= shown.length;
      if (bar.hidden) return;
      const k = shown[n],
        distance = cell.distances[k],
        rank = order.indexOf(k) + 1;
      bar.dataset.k = k;
      Paint.tile(bar.children[0], k, info.sheet.columns, 16);
      bar.children[1].textContent = k;
      find(bar, "i").style.width = `${(100 * distance) / far}%`;
      bar.children[3].textContent = number(distance);
      bar.classList.toggle("held", k === cell.held);
      bar.setAttribute(
        "aria-label",
        `Code ${k}, distance ${number(distance)}, rank ${rank}${k === cell.held ? ", in the grid" : ""}`,
      );
    });
    refs.step2.textContent =
      `Squared Euclidean distance from z_e to each of the ${info.K} codes; the nearest ` +
      `${Math.min(NEAREST, info.K)}${order.indexOf(cell.held) >= NEAREST ? ", and the one in the grid" : ""}.`;
    const second = info.K > 1 ? order[1] : order[0];
    const margin = number(cell.distances[second] - cell.distances[cell.nearest]);
    refs.argmin.textContent = cell.nearest;
    Paint.tile(refs.argminTile, cell.nearest, info.sheet.columns, 40);
    refs.step3.textContent =
      cell.nearest === cell.held
        ? `Code ${cell.nearest} is nearest, ${margin} ahead of code ${second}.`
        : `Code ${cell.nearest} is nearest, but the grid holds code ${cell.held}, rank ${order.indexOf(cell.held) + 1}: the edit.`;
    refs.step4.textContent = `Row ${cell.held} of the codebook (${info.K} × ${info.D}).`;
    refs.step5.textContent = `Put back at its place in (${info.D}, ${info.h}, ${info.w}), and the decoder draws.`;
    refs.stepLength.textContent = number(cell.step);
    refs.step6.textContent =
      "Picking the nearest code has no gradient, so training copies the gradient at z_q straight to z_e " +
      "(straight-through estimator).";
    this.shown = cell;
    this.vectors();
    const some = (v) => v.slice(0, 3).map(number).join(", ") + (v.length > 3 ? ", …" : "");
    refs.zeSaid.textContent = `z_e = ${some(cell.z_e)}`;
    refs.zqSaid.textContent = `z_q = ${some(cell.z_q)}`;
  }

  vectors() {
    const { z_e, z_q } = this.shown,
      peak = Math.max(...z_e.map(Math.abs), ...z_q.map(Math.abs), 1e-9);
    this.vector(this.refs.ze, z_e, peak);
    this.vector(this.refs.zq, z_q, peak);
  }

  // A vector as bars around zero, on one scale for z_e and z_q.
  vector(canvas, values, peak) {
    const box = this.sizes.get(canvas) ?? { width: 0, height: 0 },
      ratio = window.devicePixelRatio || 1;
    const width = Math.round(Math.max(60, box.width) * ratio),
      height = Math.round(Math.max(36, box.height) * ratio);
    Object.assign(canvas, { width, height });
    const pen = contextOf(canvas),
      style = getComputedStyle(canvas),
      step = width / values.length;
    pen.fillStyle = style.getPropertyValue("--vq-line");
    pen.fillRect(0, height / 2, width, ratio);
    pen.fillStyle = style.getPropertyValue("--vq-accent");
    values.forEach((v, n) => {
      const tall = (Math.abs(v) / peak) * (height / 2 - ratio);
      pen.fillRect(
        n * step,
        v > 0 ? height / 2 - tall : height / 2,
        Math.max(ratio, step - (step > 3 * ratio ? ratio : 0)),
        tall,
      );
    });
  }
}
