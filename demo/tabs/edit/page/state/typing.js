// Digits typed on a grid become a code: taken at the last digit that fits, at Enter, or after a
// pause.

const PAUSE = 1200; // ms

export class Typing {
  /** @param {(text: string) => void} show @param {(code: number) => void} take */
  constructor(show, take) {
    this.show = show;
    this.take = take;
    this.digits = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {string} ch @param {number} K codes there are */
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
    else this.timer = setTimeout(() => this.finish(), PAUSE);
  }

  /** What was typed so far is the code; false where nothing was. */
  finish() {
    clearTimeout(this.timer);
    if (!this.digits) return false;
    const code = Number(this.digits);
    this.digits = "";
    this.take(code);
    return true;
  }

  /** Whether there was something to be forgotten. */
  cancel() {
    clearTimeout(this.timer);
    const had = this.digits !== "";
    this.digits = "";
    return had;
  }
}
