// Long questions are followed by their job; of several questions only the answer to the latest
// counts.

import { find } from "../../../page/dom.js";

const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Asks the server, see Wire.get.
 * @typedef {(question: string, request: Record<string, unknown>) => Promise<any>} Ask
 * @typedef {{text: string, share: number}} Job what the server says of a long computation
 */

// One long computation at a time in one place of the page: a newer one replaces it, Stop ends it.
/** @param {HTMLElement} box @param {Ask} ask */
export function makeFollower(box, ask) {
  const bar = find(box, "progress", HTMLProgressElement),
    words = find(box, "span");
  /** @type {string | null} */
  let ticket = null;
  let turn = 0;

  /** @param {Job | null} job */
  function show(job) {
    box.hidden = !job;
    if (!job) return;
    if (job.share) bar.value = job.share;
    else bar.removeAttribute("value");
    words.textContent = job.text;
  }
  function stop() {
    turn += 1;
    if (ticket) ask("codebook_stop", { job: ticket }).catch(() => undefined);
    ticket = null;
    show(null);
  }
  // Resolves to true when the job has ended well, false when it was stopped or replaced; throws its
  // sentence.
  /** @param {string} job */
  async function follow(job) {
    stop();
    const mine = turn;
    ticket = job;
    show({ text: "Starting…", share: 0 });
    try {
      for (let wait = 120; ; wait = Math.min(400, wait + 60)) {
        await pause(wait);
        if (mine !== turn) return false;
        const state = await ask("codebook_job", { job });
        if (mine !== turn || !state) return false;
        if (state.ended && state.failed) throw new Error(state.failed);
        if (state.ended) return true;
        show(state);
      }
    } finally {
      if (mine === turn) {
        ticket = null;
        show(null);
      }
    }
  }
  return { follow, stop };
}

// Of several questions only the answer to the latest counts.
export function latest() {
  let turn = 0;
  return async (/** @type {Promise<any>} */ promise) => {
    const mine = ++turn;
    const value = await promise;
    return mine === turn ? value : null;
  };
}
