// Which key does what. Letters act when the focus is on a grid, the palette or a button of the
// editor, not in a field.

export const KEYS = {
  "ctrl+z": "undo",
  "ctrl+y": "redo",
  "ctrl+shift+z": "redo",
  "ctrl+a": "all",
  r: "reset",
  f: "fill",
  p: "paint",
  i: "pick",
  s: "swap",
  m: "mirror",
  "shift+m": "flip",
  "alt+arrowleft": "left",
  "alt+arrowright": "right",
  "alt+arrowup": "up",
  "alt+arrowdown": "down",
  e: "next",
  "shift+e": "previous",
  n: "random",
  u: "upload",
  d: "draw",
  t: "text",
  g: "second",
  l: "share",
  "?": "keys",
  "shift+?": "keys",
  c: "palette",
  o: "order",
  v: "view",
  k: "lock",
  "shift+k": "unlock",
  h: "complete",
  a: "alternatives",
  b: "polish",
  x: "surprise",
};

// "ctrl+shift+z" for an event; the command key of a Mac counts as ctrl.
export function keyName(event) {
  const key = event.key.toLowerCase();
  return (
    (event.ctrlKey || event.metaKey ? "ctrl+" : "") +
    (event.altKey ? "alt+" : "") +
    (event.shiftKey && key !== "shift" ? "shift+" : "") +
    key
  );
}

// Digits typed on a grid become a code: taken at the last digit that fits, at Enter, or after a
// pause.
export class Typing {
  constructor(show, take) {
    this.show = show;
    this.take = take;
    this.digits = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  digit(ch, K) {
    clearTimeout(this.timer);
    this.digits += ch;
    if (Number(this.digits) >= K) {
      this.show(`There is no code ${this.digits}: codes run from 0 to ${K - 1}.`);
      this.digits = "";
      return;
    }
    this.show(`Code ${this.digits}…`);
    if (Number(this.digits) * 10 >= K || this.digits.length >= String(K - 1).length) this.finish();
    else this.timer = setTimeout(() => this.finish(), 1200);
  }

  finish() {
    clearTimeout(this.timer);
    if (!this.digits) return false;
    const code = Number(this.digits);
    this.digits = "";
    this.take(code);
    return true;
  }

  cancel() {
    clearTimeout(this.timer);
    const had = this.digits !== "";
    this.digits = "";
    return had;
  }
}
