// Pictures to begin with, as buttons.

import { make } from "../dom.js";
import { bytesOf } from "../packed.js";
import { pictureOf, sizeOf } from "../pixels.js";

/**
 * @typedef {{label: string, pixels: string}} Example base64
 * @typedef {{examples: Example[], size: number[]}} Opened what the server says of a model or a set
 */

/** @param {Opened} opened */
export const exampleCanvas = ({ examples, size }, number = 0) =>
  pictureOf(bytesOf(examples[number].pixels), sizeOf(size), "vq-example");

/**
 * One button an example. @param {Opened} opened @param {string} aim what a press does, for a screen
 * reader
 * @param {(number: number) => void} onPress
 */
export function exampleButtons(opened, aim, onPress) {
  return opened.examples.map(({ label }, number) => {
    const button = make("button", "", {
      type: "button",
      "aria-label": `${aim}: ${label}`,
      title: label,
    });
    button.append(exampleCanvas(opened, number));
    button.addEventListener("click", () => onPress(number));
    return button;
  });
}
