// Every state a grid was in, kept as the cells each step changed: [cell, from, to]. No limit.
// Opening another grid is a step too: `source` numbers what the grid was opened from, so that undo
// goes back behind it. So is locking: `locked` holds the cells that no edit may change, in reading
// order, and a step keeps them before and after.

/** @typedef {[cell: number, from: number, to: number]} Change */
/**
 * @typedef {{label: string, cells: Change[], from: number, to: number, locks: [number[], number[]] |
 *   null}} Step
 */

export class History {
  /** @param {number[]} flat @param {number} source */
  constructor(flat, source = 0) {
    this.first = { flat: flat.slice(), source };
    /** @type {Step[]} */
    this.steps = [];
    this.at = 0;
    this.flat = flat.slice();
    this.source = source;
    /** @type {number[]} */
    this.locked = [];
  }

  /**
   * A new step; steps that had been undone are dropped. No change, no step.
   * @param {string} label @param {number[]} next @param {number} source @param {number[]} locked
   */
  push(label, next, source = this.source, locked = this.locked) {
    /** @type {Change[]} */
    const cells = [];
    /** @type {Step["locks"]} */
    const locks = locked.join() === this.locked.join() ? null : [this.locked, locked.slice()];
    next.forEach((to, p) => {
      if (to !== this.flat[p]) cells.push([p, this.flat[p], to]);
    });
    if (!cells.length && source === this.source && !locks) return false;
    this.steps.length = this.at;
    this.steps.push({ label, cells, from: this.source, to: source, locks });
    this.at++;
    this.flat = next.slice();
    this.source = source;
    if (locks) this.locked = locks[1];
    return true;
  }

  // The label of the step taken back, or null at the first state.
  undo() {
    if (!this.at) return null;
    const step = this.steps[--this.at];
    this.flat = this.flat.slice();
    for (const [p, from] of step.cells) this.flat[p] = from;
    this.source = step.from;
    if (step.locks) this.locked = step.locks[0];
    return step.label;
  }

  redo() {
    if (this.at === this.steps.length) return null;
    const step = this.steps[this.at++];
    this.flat = this.flat.slice();
    for (const [p, , to] of step.cells) this.flat[p] = to;
    this.source = step.to;
    if (step.locks) this.locked = step.locks[1];
    return step.label;
  }

  toJSON() {
    return {
      first: this.first,
      at: this.at,
      steps: this.steps.map((s) => [s.label, s.cells, s.to, ...(s.locks ? [s.locks[1]] : [])]),
    };
  }

  /**
   * From what toJSON gave; null when it is damaged or of another size, codebook or number of
   * sources.
   * @param {any} saved @param {number} count @param {number} K @param {number} sources
   */
  static from(saved, count, K, sources) {
    const code = (k) => Number.isInteger(k) && k >= 0 && k < K,
      source = (n) => Number.isInteger(n) && n >= 0 && n < sources;
    const flat = saved?.first?.flat;
    if (
      !Array.isArray(flat) ||
      flat.length !== count ||
      !flat.every(code) ||
      !source(saved.first.source) ||
      !Array.isArray(saved.steps)
    )
      return null;
    const history = new History(flat, saved.first.source);
    for (const step of saved.steps) {
      if (!Array.isArray(step) || !Array.isArray(step[1]) || !source(step[2])) return null;
      const next = history.flat.slice();
      for (const change of step[1]) {
        if (
          !Array.isArray(change) ||
          !(Number.isInteger(change[0]) && change[0] >= 0 && change[0] < count) ||
          !code(change[2])
        )
          return null;
        next[change[0]] = change[2];
      }
      const locked = step[3] ?? history.locked;
      if (
        !Array.isArray(locked) ||
        !locked.every((p) => Number.isInteger(p) && p >= 0 && p < count)
      )
        return null;
      history.push(String(step[0]), next, step[2], locked);
    }
    while (history.at > saved.at && history.undo() !== null);
    return history;
  }
}
