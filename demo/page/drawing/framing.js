// The box around what of a photo goes in, drawn over the pad that shows the photo: dragged, resized by its
// corners, turned, and put around another digit that was found. What it is lies in box.js.

import { Box } from "./box.js";

/** @typedef {import("./box.js").Framed} Framed @typedef {import("./box.js").Part} Part */

const SVG = "http://www.w3.org/2000/svg";
const GRIP = 13,
  OUTSIDE = 4; // of a corner: how near a finger must come, and how far off it is held
const KEY_MOVE = 3,
  KEY_SIZE = 1.06,
  KEY_TURN = 5;
/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const CORNERS = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
];

/** @param {string} tag @param {Record<string, unknown>} attributes */
function shape(tag, attributes = {}) {
  const made = document.createElementNS(SVG, tag);
  set(made, attributes);
  return made;
}

/** @param {Element} element @param {Record<string, unknown>} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

/** The frame with its corners. */
function makeFrame() {
  const frame = shape("g", {
    class: "vf-frame",
    tabindex: 0,
    role: "group",
    "aria-label":
      "Box around what goes in: arrow keys move it, plus and minus resize it, [ and ] turn it",
  });
  const rects = ["vf-casing", "vf-line"].map((name) => shape("rect", { class: name }));
  const up = shape("path", { class: "vf-up" });
  const [corners, grips] = [
    { class: "vf-corner", r: 4.5 },
    { class: "vf-grip", r: GRIP },
  ].map((look) => CORNERS.map(([x, y]) => shape("circle", { ...look, "data-x": x, "data-y": y })));
  frame.append(...rects, up, ...corners, ...grips);

  return {
    frame,
    /** @param {Box} box */
    paint(box) {
      const { x, y, wide, tall } = box.frame;
      for (const rect of rects) {
        set(rect, { x: -wide / 2, y: -tall / 2, width: wide, height: tall });
      }
      set(frame, { transform: `translate(${x} ${y}) rotate(${box.turn})` });
      set(up, { d: `M -6 ${-tall / 2 - 3} L 0 ${-tall / 2 - 12} L 6 ${-tall / 2 - 3} Z` });
      frame.classList.toggle("vf-nothing", box.isNothing);
      CORNERS.forEach(([sx, sy], n) => {
        set(corners[n], { cx: (sx * wide) / 2, cy: (sy * tall) / 2 });
        set(grips[n], { cx: sx * (wide / 2 + OUTSIDE), cy: sy * (tall / 2 + OUTSIDE) });
      });
    },
  };
}

/** A digit that was found and may be chosen. @param {Box} box @param {ReturnType<Box["others"]>[number]} one */
const otherOf = (box, { number, frame: { x, y, wide, tall } }) =>
  shape("rect", {
    class: "vf-other",
    x: x - wide / 2,
    y: y - tall / 2,
    width: wide,
    height: tall,
    tabindex: 0,
    role: "button",
    "data-digit": number,
    "aria-label": `Digit ${number + 1} of ${box.found.length} that were found: choose it`,
  });

/**
 * @param {SVGSVGElement} layer over the pad
 * @param {{onChange: (part: Part) => void}} on
 */
export function makeFraming(layer, { onChange }) {
  /** @type {Box | null} */
  let box = null;
  let pad = { height: 1, width: 1 };
  /** @type {{id: number, from: {x: number, y: number}, frame: import("./box.js").Frame, corner: number[] | null} | null} */
  let held = null;

  const others = shape("g"),
    { frame, paint } = makeFrame();
  layer.append(others, frame);

  function draw() {
    if (!box) return;
    const shown = box;
    paint(shown);
    others.replaceChildren(...shown.others().map((one) => otherOf(shown, one)));
  }

  /** @param {(box: Box) => void} change */
  function act(change) {
    if (!box) return;
    change(box);
    draw();
    onChange(box.part);
  }

  /** @param {SVGElement} target a digit that was found */
  function choose({ dataset }) {
    act((now) => now.choose(Number(dataset.digit)));
    frame.focus({ preventScroll: true });
  }

  /** @param {PointerEvent} event */
  function at(event) {
    const place = layer.getBoundingClientRect();
    return {
      x: ((event.clientX - place.left) * pad.width) / place.width,
      y: ((event.clientY - place.top) * pad.height) / place.height,
    };
  }

  layer.addEventListener("pointerdown", (event) => {
    const target = /** @type {SVGElement} */ (event.target);
    if (!box || event.button !== 0 || held) return;
    event.preventDefault();
    if (target.dataset.digit) {
      choose(target);
      return;
    }
    if (!frame.contains(target)) return;
    frame.focus({ preventScroll: true });
    const { x, y } = target.dataset;
    held = {
      id: event.pointerId,
      from: at(event),
      frame: box.frame,
      corner: x ? [Number(x), Number(y)] : null,
    };
    try {
      layer.setPointerCapture(event.pointerId);
    } catch {
      /* a pointer made by a script cannot be captured */
    }
  });
  layer.addEventListener("pointermove", (event) => {
    if (!held || event.pointerId !== held.id) return;
    const to = at(event),
      { from, frame: was, corner } = held,
      by = { x: to.x - from.x, y: to.y - from.y };
    if (corner) act((now) => now.pull(was, corner, by));
    else if (by.x || by.y) act((now) => now.put({ ...was, x: was.x + by.x, y: was.y + by.y }));
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    layer.addEventListener(name, (event) => {
      if (event instanceof PointerEvent && event.pointerId === held?.id) held = null;
    });
  }
  layer.addEventListener("keydown", (event) => {
    const target = /** @type {SVGElement} */ (event.target),
      { key } = event;
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.dataset.digit && (key === "Enter" || key === " ")) choose(target);
    else if (target === frame && MOVES[key]) {
      const [x, y] = MOVES[key],
        step = KEY_MOVE * (event.shiftKey ? 5 : 1);
      act((now) => now.move({ x: x * step, y: y * step }));
    } else if (target === frame && "+=-_".includes(key)) {
      act((now) => now.grow("+=".includes(key) ? KEY_SIZE : 1 / KEY_SIZE));
    } else if (target === frame && "[]".includes(key)) {
      act((now) => now.turnTo(now.state.fine + (key === "]" ? KEY_TURN : -KEY_TURN)));
    } else return;
    event.preventDefault();
  });

  return {
    /** Shows the box of a photo, or with null none. @param {Framed | null} framed @param {{height: number, width: number}} size of the pad */
    show(framed, size) {
      pad = size;
      box = framed && new Box(framed, size);
      held = box && held;
      layer.toggleAttribute("hidden", !framed);
      layer.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
      draw();
    },
    turnQuarter: () => act((now) => now.turnQuarter()),
    /** @param {number} degrees from -45 to 45, beside the quarters */
    turnTo: (degrees) => act((now) => now.turnTo(degrees)),
    /** Degrees beside the quarters. */
    fine: () => box?.state.fine ?? 0,
    reset: () => act((now) => now.choose(0)),
  };
}
