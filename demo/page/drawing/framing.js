// The box around what of a photo goes into the model, laid over the pad that shows the photo: dragged,
// resized by its corners, turned, and put around another digit that was found. Lengths are the pad's pixels.

/**
 * @typedef {number[]} Sides top, left, bottom, right
 * @typedef {object} Part what of the photo goes in, as demo.pictures.choosing.Choice has it
 * @property {number} digit which of those that were found
 * @property {Sides | null} box of one's own, as shares of the photo
 * @property {number} turn degrees, clockwise
 * @typedef {{digit: number, own: Frame | null, quarters: number, fine: number}} State
 * @typedef {object} Framed
 * @property {Sides[]} found as shares of the photo
 * @property {Sides} place of the photo on the pad, as shares of the pad
 * @property {State} [state] what was chosen of it
 * @typedef {{x: number, y: number, wide: number, tall: number}} Frame its middle and its sides, before it is turned
 */

const SVG = "http://www.w3.org/2000/svg";
const ROOM = 0.08; // around a found digit, as a share of its longest side: the line does not cover it
const LEAST = 8; // shortest side
const GRIP = 13,
  OUTSIDE = 4; // of a corner: how near a finger must come, and how far off it is held
const MOST_FINE = 45; // degrees
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
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** A vector turned clockwise. @param {number} x @param {number} y @param {number} degrees */
function rotated(x, y, degrees) {
  const angle = (degrees * Math.PI) / 180,
    cos = Math.cos(angle),
    sin = Math.sin(angle);
  return { x: x * cos - y * sin, y: x * sin + y * cos };
}

const clamped = (
  /** @type {number} */ value,
  /** @type {number} */ low,
  /** @type {number} */ high,
) => Math.min(Math.max(value, low), high);

/** @param {number} digit @returns {State} */
const asFound = (digit) => ({ digit, own: null, quarters: 0, fine: 0 });

/** From -180 to 180 degrees. @param {number} turn */
const wrapped = (turn) => turn - 360 * Math.round(turn / 360);

/**
 * @param {SVGSVGElement} layer over the pad
 * @param {{onChange: (part: Part) => void}} on
 */
export function makeFraming(layer, { onChange }) {
  /** @type {Framed | null} */
  let shown = null;
  let pad = { height: 1, width: 1 };
  let state = asFound(0);
  /** @type {{id: number, from: {x: number, y: number}, frame: Frame, corner: number[] | null} | null} */
  let held = null;

  const others = shape("g"),
    frame = shape("g", {
      class: "vf-frame",
      tabindex: 0,
      role: "group",
      "aria-label":
        "Box around what goes in: arrow keys move it, plus and minus resize it, [ and ] turn it",
    });
  const casing = shape("rect", { class: "vf-casing" }),
    line = shape("rect", { class: "vf-line" });
  const up = shape("path", { class: "vf-up" });
  const corners = CORNERS.map(([x, y]) =>
    shape("circle", { class: "vf-corner", r: 4.5, "data-x": x, "data-y": y }),
  );
  const grips = CORNERS.map(([x, y]) =>
    shape("circle", { class: "vf-grip", r: GRIP, "data-x": x, "data-y": y }),
  );
  frame.append(casing, line, up, ...corners, ...grips);
  layer.append(others, frame);

  /** @param {Framed} framed */
  function photo({ place: [top, left, bottom, right] }) {
    return {
      x: left * pad.width,
      y: top * pad.height,
      wide: (right - left) * pad.width,
      tall: (bottom - top) * pad.height,
    };
  }

  /** Around a digit that was found. @param {Framed} framed @param {number} number @returns {Frame} */
  function around(framed, number) {
    const { x, y, wide, tall } = photo(framed),
      box = framed.found[number];
    if (!box) {
      // none: a square in the middle, to be put around it
      const side = Math.min(wide, tall) / 2;
      return { x: x + wide / 2, y: y + tall / 2, wide: side, tall: side };
    }
    const [top, left, bottom, right] = box,
      own = { wide: (right - left) * wide, tall: (bottom - top) * tall };
    const room = 2 * Math.max(3, ROOM * Math.max(own.wide, own.tall));
    return {
      x: x + ((left + right) / 2) * wide,
      y: y + ((top + bottom) / 2) * tall,
      wide: own.wide + room,
      tall: own.tall + room,
    };
  }

  const turn = () => wrapped(90 * state.quarters + state.fine);

  /** @param {Framed} framed */
  function current(framed) {
    if (state.own) return state.own;
    const { wide, tall, ...middle } = around(framed, state.digit);
    return state.quarters % 2 ? { ...middle, wide: tall, tall: wide } : { ...middle, wide, tall };
  }

  /** @returns {Part} */
  function part() {
    if (!shown || !state.own) return { digit: state.digit, box: null, turn: turn() };
    const { x, y, wide, tall } = state.own,
      on = photo(shown);
    const box = [
      (y - tall / 2 - on.y) / on.tall,
      (x - wide / 2 - on.x) / on.wide,
      (y + tall / 2 - on.y) / on.tall,
      (x + wide / 2 - on.x) / on.wide,
    ];
    return { digit: 0, box: box.map((side) => Math.round(side * 1e5) / 1e5), turn: turn() };
  }

  function paint() {
    if (!shown) return;
    const framed = shown,
      { x, y, wide, tall } = current(framed),
      angle = turn();
    for (const rect of [casing, line]) {
      for (const [name, value] of Object.entries({
        x: -wide / 2,
        y: -tall / 2,
        width: wide,
        height: tall,
      })) {
        rect.setAttribute(name, String(value));
      }
    }
    frame.setAttribute("transform", `translate(${x} ${y}) rotate(${angle})`);
    up.setAttribute("d", `M -6 ${-tall / 2 - 3} L 0 ${-tall / 2 - 12} L 6 ${-tall / 2 - 3} Z`);
    frame.classList.toggle("vf-nothing", !state.own && !framed.found.length);
    CORNERS.forEach(([sx, sy], n) => {
      for (const [circle, off] of /** @type {[Element, number][]} */ ([
        [corners[n], 0],
        [grips[n], OUTSIDE],
      ])) {
        circle.setAttribute("cx", String(sx * (wide / 2 + off)));
        circle.setAttribute("cy", String(sy * (tall / 2 + off)));
      }
    });
    const chosen = state.own ? -1 : state.digit;
    others.replaceChildren(
      ...framed.found.flatMap((_, number) => {
        const one = around(framed, number);
        if (number === chosen || isInside(one)) return [];
        return [
          shape("rect", {
            class: "vf-other",
            x: one.x - one.wide / 2,
            y: one.y - one.tall / 2,
            width: one.wide,
            height: one.tall,
            tabindex: 0,
            role: "button",
            "data-digit": number,
            "aria-label": `Digit ${number + 1} of ${framed.found.length} that were found: choose it`,
          }),
        ];
      }),
    );
  }

  /** Whether the middle of something lies in the box of one's own. @param {Frame} thing */
  function isInside(thing) {
    if (!state.own) return false;
    const off = rotated(thing.x - state.own.x, thing.y - state.own.y, -turn());
    return Math.abs(off.x) < state.own.wide / 2 && Math.abs(off.y) < state.own.tall / 2;
  }

  function changed() {
    paint();
    onChange(part());
  }

  /** Its middle stays on the photo, and its sides are no longer than that. @param {Frame} next */
  function put(next) {
    if (!shown) return;
    const on = photo(shown),
      most = Math.max(on.wide, on.tall);
    state.own = {
      x: clamped(next.x, on.x, on.x + on.wide),
      y: clamped(next.y, on.y, on.y + on.tall),
      wide: clamped(next.wide, LEAST, Math.min(most, 2 * on.wide)),
      tall: clamped(next.tall, LEAST, Math.min(most, 2 * on.tall)),
    };
    changed();
  }

  /** @param {number} number */
  function choose(number) {
    Object.assign(state, asFound(number));
    changed();
  }

  /** @param {PointerEvent} event */
  function at(event) {
    const box = layer.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * pad.width) / box.width,
      y: ((event.clientY - box.top) * pad.height) / box.height,
    };
  }

  layer.addEventListener("pointerdown", (event) => {
    const target = /** @type {SVGElement} */ (event.target);
    if (!shown || event.button !== 0 || held) return;
    event.preventDefault();
    if (target.dataset.digit) {
      choose(Number(target.dataset.digit));
      frame.focus({ preventScroll: true });
      return;
    }
    if (!frame.contains(target)) return;
    frame.focus({ preventScroll: true });
    const { x, y } = target.dataset;
    held = {
      id: event.pointerId,
      from: at(event),
      frame: current(shown),
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
    if (!corner) {
      if (by.x || by.y) put({ ...was, x: was.x + by.x, y: was.y + by.y });
      return;
    }
    // The corner across stays where it is.
    const along = rotated(by.x, by.y, -turn());
    const wide = Math.max(LEAST, was.wide + corner[0] * along.x),
      tall = Math.max(LEAST, was.tall + corner[1] * along.y);
    const shift = rotated(
      (corner[0] * (wide - was.wide)) / 2,
      (corner[1] * (tall - was.tall)) / 2,
      turn(),
    );
    put({ x: was.x + shift.x, y: was.y + shift.y, wide, tall });
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    layer.addEventListener(name, (event) => {
      if (event instanceof PointerEvent && event.pointerId === held?.id) held = null;
    });
  }
  layer.addEventListener("keydown", (event) => {
    const target = /** @type {SVGElement} */ (event.target),
      { key } = event;
    if (!shown || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.dataset.digit && (key === "Enter" || key === " ")) {
      choose(Number(target.dataset.digit));
      frame.focus({ preventScroll: true });
    } else if (target === frame && MOVES[key]) {
      const step = KEY_MOVE * (event.shiftKey ? 5 : 1),
        now = current(shown);
      put({ ...now, x: now.x + MOVES[key][0] * step, y: now.y + MOVES[key][1] * step });
    } else if (target === frame && "+=-_".includes(key)) {
      const by = "+=".includes(key) ? KEY_SIZE : 1 / KEY_SIZE,
        now = current(shown);
      put({ ...now, wide: now.wide * by, tall: now.tall * by });
    } else if (target === frame && "[]".includes(key))
      turnTo(state.fine + (key === "]" ? KEY_TURN : -KEY_TURN));
    else return;
    event.preventDefault();
  });

  /** @param {number} degrees from -45 to 45, beside the quarters */
  function turnTo(degrees) {
    state.fine = clamped(degrees, -MOST_FINE, MOST_FINE);
    changed();
  }

  return {
    /** Shows the box of a photo, or with null none. @param {Framed | null} framed @param {{height: number, width: number}} size of the pad */
    show(framed, size) {
      if (framed) state = framed.state ??= asFound(0);
      shown = framed;
      pad = size;
      held = framed && held;
      layer.toggleAttribute("hidden", !framed);
      layer.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
      paint();
    },
    /** Another side of it is up; it stays where it is on the photo. */
    turnQuarter() {
      if (state.own) state.own = { ...state.own, wide: state.own.tall, tall: state.own.wide };
      state.quarters = (state.quarters + 1) % 4;
      changed();
    },
    turnTo,
    /** Degrees beside the quarters. */
    fine: () => state.fine,
    reset: () => choose(0),
  };
}
