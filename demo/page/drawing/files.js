// A picture from outside: chosen, dropped or pasted. Hands over (name, base64) or a sentence, unless
// the visitor has done something else meanwhile.

import { find } from "../dom.js";
import { takePasted } from "./pasting.js";
import { forSending } from "./sending.js";

export const READING = "Reading the picture…";
export const LEFT_OUT =
  "Your file was left out, because you went on by hand. Choose it again to use it.";

/**
 * @param {HTMLElement} root with an input of files, `.vr-file`
 * @param {object} on
 * @param {() => () => boolean} on.claim the pad's: begins a claim, and says whether it still holds
 * @param {(name: string, base64: string, holds: () => boolean) => void} on.onFile
 * @param {(sentence: string, kind: string) => void} on.say
 */
export function takeFiles(root, { claim, onFile, say }) {
  const input = find(root, ".vr-file", HTMLInputElement);

  /** @param {File} file */
  async function take(file) {
    const holds = claim();
    say(READING, "busy");
    try {
      const content = await forSending(file);
      if (holds()) onFile(file.name, content, holds); // a large one must not come after its successor
    } catch (error) {
      if (holds()) say(error.message, "error");
    }
  }

  input.addEventListener("change", () => {
    if (input.files?.[0]) take(input.files[0]);
    input.value = ""; // the same file can be chosen again
  });
  root.addEventListener("dragover", (event) => {
    event.preventDefault();
    root.classList.add("vr-over");
  });
  root.addEventListener("dragleave", (event) => {
    if (!root.contains(/** @type {Node | null} */ (event.relatedTarget)))
      root.classList.remove("vr-over");
  });
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    root.classList.remove("vr-over");
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
    else say("That was not a file; save the picture first, then drop it or choose it.", "error");
  });
  takePasted(root, take);
  return { choose: () => input.click() };
}
