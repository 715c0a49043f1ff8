// The challenge that is on, and how far it is.

import { progressOf } from "../state/challenges.js";
import { ref, set } from "./paint.js";

/** @param {HTMLElement} root */
export function makeChallenge(root) {
  const panel = ref(root, "challenge"),
    tell = (/** @type {string} */ name, /** @type {string} */ text) => {
      const line = ref(root, name);
      if (line.textContent !== text) line.textContent = text; // else it would be read out again
    };
  return {
    /** @param {import("../state/state.js").State} state */
    render(state) {
      const progress = state.isOpen ? progressOf(state) : null;
      panel.hidden = !progress;
      ref(root, "flow").classList.toggle("challenged", !!progress);
      if (!progress) return;
      const { challenge, done, says } = progress;
      tell("challengeTitle", challenge.title);
      tell("challengeGoal", challenge.goal);
      tell("challengeHow", challenge.how);
      tell("challengeSays", `${done ? "Done: " : ""}${says}`);
      set(ref(root, "challengeSays"), "data-done", done);
      ref(root, "measure").hidden = challenge.needs !== "strengths";
    },
  };
}
