// The challenge that is on, and how far it is.

import { hide, set, write } from "../../../../page/dom.js";
import { progressOf } from "../state/challenges.js";
import { ref } from "./paint.js";

/** @param {HTMLElement} root */
export function makeChallenge(root) {
  const panel = ref(root, "challenge"),
    tell = (/** @type {string} */ name, /** @type {string} */ text) => {
      write(ref(root, name), text);
    };
  return {
    /** @param {import("../state/state.js").State} state */
    render(state) {
      const progress = state.isOpen ? progressOf(state) : null;
      hide(panel, !progress);
      ref(root, "flow").classList.toggle("challenged", !!progress);
      if (!progress) return;
      const { challenge, done, says } = progress;
      tell("challengeTitle", challenge.title);
      tell("challengeGoal", challenge.goal);
      tell("challengeHow", challenge.how);
      tell("challengeSays", `${done ? "Done: " : ""}${says}`);
      set(ref(root, "challengeSays"), "data-done", done);
      hide(ref(root, "measure"), challenge.needs !== "strengths");
    },
  };
}
