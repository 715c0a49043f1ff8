// The number under the cursor: reads the drawn curve itself, so the page carries no second copy of
// the data.

import { closest } from "../page/dom.js";

const short = (v) =>
  v >= 999.5 ? Math.round(v).toLocaleString("en") : String(Number(v.toPrecision(3)));

function vertices(path) {
  const form = path.classList.contains("vq-bars")
    ? /M([\d.]+) 100V([\d.]+)H/g
    : /[ML]([\d.]+) ([\d.]+)/g;
  return [...path.getAttribute("d").matchAll(form)].map((m) => [Number(m[1]), Number(m[2])]);
}

function value(svg, y) {
  const { low, high, log } = svg.dataset,
    share = 1 - y / 100;
  if (log !== "1") return Number(low) + share * (high - low);
  return 10 ** (Math.log10(low) + share * (Math.log10(high) - Math.log10(low)));
}

function read(svg, percent) {
  const lines = [];
  for (const path of svg.querySelectorAll("path[data-name]")) {
    const points = vertices(path);
    if (!points.length) continue;
    const bars = path.classList.contains("vq-bars");
    const at = bars
      ? points[Math.max(0, points.filter(([x]) => x <= percent).length - 1)]
      : points.reduce((a, b) => (Math.abs(b[0] - percent) < Math.abs(a[0] - percent) ? b : a));
    if (!bars && !lines.length)
      lines.push(`${short((at[0] / 100) * svg.dataset.right)} ${svg.dataset.along ?? "s"}`);
    lines.push(`${path.dataset.name} ${short(value(svg, at[1]))}${svg.dataset.unit}`);
  }
  return lines;
}

/** @param {import("../page/component.js").Component} component */
export function mount({ element }) {
  const tip = document.createElement("div");
  tip.setAttribute("aria-hidden", "true");
  tip.style.cssText =
    "position:fixed;z-index:50;pointer-events:none;display:none;padding:4px 8px;border-radius:6px;" +
    "font:12px/1.5 var(--font-mono);background:var(--vq-ink);color:var(--vq-surface);white-space:pre";
  document.body.append(tip);

  element.addEventListener("pointermove", (event) => {
    const svg = closest(event, ".vq-plot svg");
    if (!svg) {
      tip.style.display = "none";
      return;
    }
    const box = svg.getBoundingClientRect();
    const lines = read(svg, (100 * (event.clientX - box.left)) / box.width);
    tip.textContent = lines.join("\n");
    tip.style.display = lines.length ? "block" : "none";
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 10)}px`;
  });
  element.addEventListener("pointerleave", () => {
    tip.style.display = "none";
  });
}
