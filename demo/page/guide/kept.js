// Where in the lesson one is, kept in this browser.

const KEY = "vq-lesson";

/**
 * @typedef {object} Progress
 * @property {string | null} at the card
 * @property {string[]} done the cards whose thing to try is done
 */

/** @returns {Progress} */
export function kept() {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return {
      at: typeof value.at === "string" ? value.at : null,
      done: Array.isArray(value.done) ? value.done : [],
    };
  } catch {
    return { at: null, done: [] };
  }
}

/** @param {Progress} progress */
export function store(progress) {
  try {
    localStorage.setItem(KEY, JSON.stringify(progress));
  } catch {
    /* the browser keeps nothing: the lesson begins anew after a reload */
  }
}
