// A picture from outside: chosen, dropped or pasted. Hands over (name, base64) or a sentence.

import { find } from "../dom.js";
import { takePasted } from "./pasting.js";
import { forSending } from "./sending.js";

/**
 * @param {HTMLElement} root with an input of files, `.vr-file`
 * @param {{onFile: (name: string, base64: string) => void, onError: (sentence: string) => void}} on
 */
export function takeFiles(root, { onFile, onError }) {
  const input = find(root, ".vr-file", HTMLInputElement);
  let taken = 0;

  /** @param {File} file */
  async function take(file) {
    const mine = ++taken;
    try {
      const content = await forSending(file);
      if (mine === taken) onFile(file.name, content); // a large one must not come after its successor
    } catch (error) {
      onError(error.message);
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
    else onError("That was no file; save the picture first, then drop it or choose it.");
  });
  takePasted(root, take);
  return { choose: () => input.click() };
}
