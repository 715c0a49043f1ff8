// What was achieved in this browser, one line per challenge; the quiz prints it with its own result.

const KEY = "vqvae-challenges";

/** @typedef {{title: string, says: string, date: string}} Result */

/** @type {Map<string, Result>} where the browser keeps nothing, until the page is left */
const here = new Map();

/** By the name of the challenge; what is damaged is left out. @returns {Map<string, Result>} */
export function results() {
  try {
    const kept = Object.entries(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
    return new Map([...kept.filter(([, one]) => one?.title && one.says && one.date), ...here]);
  } catch {
    return here;
  }
}

/**
 * The last result is the one that counts. @param {string} name @param {string} title
 * @param {string} says
 */
export function keep(name, title, says) {
  const date = new Date().toLocaleDateString("en", { dateStyle: "long" });
  here.set(name, { title, says, date });
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(results())));
  } catch {
    /* full or forbidden: they stay until the page is left */
  }
}
