// The box around what of a photo goes into the model: where it is, how it may be moved, resized and turned,
// and what of it the model is told. No page. Lengths are the pixels of the pad that shows the photo.

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
 * @typedef {{x: number, y: number}} Point
 */

const ROOM = 0.08; // around a found digit, as a share of its longest side: the line does not cover it
export const LEAST = 8; // shortest side
const MOST_FINE = 45; // degrees

/** A vector turned clockwise. @param {number} x @param {number} y @param {number} degrees @returns {Point} */
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

export class Box {
  /** @param {Framed} framed what was chosen of it is kept there @param {{height: number, width: number}} pad */
  constructor(framed, pad) {
    const [top, left, bottom, right] = framed.place;
    this.found = framed.found;
    this.state = framed.state ??= asFound(0);
    this.photo = {
      x: left * pad.width,
      y: top * pad.height,
      wide: (right - left) * pad.width,
      tall: (bottom - top) * pad.height,
    };
  }

  /** Degrees, clockwise. */
  get turn() {
    return wrapped(90 * this.state.quarters + this.state.fine);
  }

  /** Nothing was found, and nothing chosen. */
  get isNothing() {
    return !this.state.own && !this.found.length;
  }

  /** Where it is now. @returns {Frame} */
  get frame() {
    if (this.state.own) return this.state.own;
    const { wide, tall, ...middle } = this.around(this.state.digit);
    return this.state.quarters % 2
      ? { ...middle, wide: tall, tall: wide }
      : { ...middle, wide, tall };
  }

  /** What the model is to take. @returns {Part} */
  get part() {
    const { own, digit } = this.state;
    if (!own) return { digit, box: null, turn: this.turn };
    const { x, y, wide, tall } = own,
      on = this.photo;
    const box = [
      (y - tall / 2 - on.y) / on.tall,
      (x - wide / 2 - on.x) / on.wide,
      (y + tall / 2 - on.y) / on.tall,
      (x + wide / 2 - on.x) / on.wide,
    ];
    return { digit: 0, box: box.map((side) => Math.round(side * 1e5) / 1e5), turn: this.turn };
  }

  /** Around a digit that was found; where there is none a square in the middle, to be put around it.
   * @param {number} number @returns {Frame} */
  around(number) {
    const { x, y, wide, tall } = this.photo,
      box = this.found[number];
    if (!box) {
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

  /** Those that were found and can be chosen: not this one, and none whose middle lies in it.
   * @returns {{number: number, frame: Frame}[]} */
  others() {
    const chosen = this.state.own ? -1 : this.state.digit;
    return this.found
      .map((_, number) => ({ number, frame: this.around(number) }))
      .filter(({ number, frame }) => number !== chosen && !this.#holds(frame));
  }

  /** Whether the middle of something lies in a box of one's own. @param {Frame} thing */
  #holds(thing) {
    const { own } = this.state;
    if (!own) return false;
    const off = rotated(thing.x - own.x, thing.y - own.y, -this.turn);
    return Math.abs(off.x) < own.wide / 2 && Math.abs(off.y) < own.tall / 2;
  }

  /** Put it here: its middle stays on the photo, and its sides are no longer than that. @param {Frame} next */
  put(next) {
    const on = this.photo,
      most = Math.max(on.wide, on.tall);
    this.state.own = {
      x: clamped(next.x, on.x, on.x + on.wide),
      y: clamped(next.y, on.y, on.y + on.tall),
      wide: clamped(next.wide, LEAST, Math.min(most, 2 * on.wide)),
      tall: clamped(next.tall, LEAST, Math.min(most, 2 * on.tall)),
    };
  }

  /** @param {Point} by */
  move(by) {
    const now = this.frame;
    this.put({ ...now, x: now.x + by.x, y: now.y + by.y });
  }

  /** @param {number} factor of both sides */
  grow(factor) {
    const now = this.frame;
    this.put({ ...now, wide: now.wide * factor, tall: now.tall * factor });
  }

  /** Pull a corner; the one across stays where it is.
   * @param {Frame} was before the pull @param {number[]} corner its signs in x and y @param {Point} by */
  pull(was, corner, by) {
    const along = rotated(by.x, by.y, -this.turn);
    const wide = Math.max(LEAST, was.wide + corner[0] * along.x),
      tall = Math.max(LEAST, was.tall + corner[1] * along.y);
    const shift = rotated(
      (corner[0] * (wide - was.wide)) / 2,
      (corner[1] * (tall - was.tall)) / 2,
      this.turn,
    );
    this.put({ x: was.x + shift.x, y: was.y + shift.y, wide, tall });
  }

  /** @param {number} number of those that were found */
  choose(number) {
    Object.assign(this.state, asFound(number));
  }

  /** Another side of it is up; it stays where it is on the photo. */
  turnQuarter() {
    const { own } = this.state;
    if (own) this.state.own = { ...own, wide: own.tall, tall: own.wide };
    this.state.quarters = (this.state.quarters + 1) % 4;
  }

  /** @param {number} degrees from -45 to 45, beside the quarters */
  turnTo(degrees) {
    this.state.fine = clamped(degrees, -MOST_FINE, MOST_FINE);
  }
}
