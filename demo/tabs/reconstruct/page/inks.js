// What one draws with on the pad: the inks of a model, drawing or erasing, the width of the pen.

import { find, make } from "../../../page/dom.js";

/** @typedef {[name: string, rgb: number[]]} Ink */

/** @type {Ink[]} */
const GREY = [
  ["White", [255, 255, 255]],
  ["Black", [0, 0, 0]],
];
/** @type {Ink[]} */
const COLOUR = [
  ...GREY,
  ["Red", [214, 48, 49]],
  ["Orange", [240, 147, 43]],
  ["Yellow", [249, 214, 80]],
  ["Green", [46, 139, 87]],
  ["Blue", [45, 105, 200]],
  ["Brown", [121, 85, 61]],
];

export class Tools {
  /**
   * @param {HTMLElement} root @param {{tool: {ink: number[], erase: boolean, size: number}}} pad
   * @param {(held: boolean) => void} onBox told whether the box around a digit is held
   */
  constructor(root, pad, onBox) {
    this.root = root;
    this.pad = pad;
    this.onBox = onBox;
    /** @type {"draw" | "erase" | "box"} */
    this.name = "draw";
    this.inks = GREY;
    const size = find(root, ".vr-size input", HTMLInputElement);
    size.addEventListener("input", () => {
      pad.tool.size = Number(size.value);
    });
  }

  /** A model's inks. @param {number} channels */
  open(channels) {
    this.inks = channels === 1 ? GREY : COLOUR;
    find(this.root, ".vr-inks").replaceChildren(
      ...this.inks.map(([name, rgb], n) => {
        const label = `${name} ink`,
          button = make("button", "", { type: "button", title: label, "aria-label": label });
        button.style.backgroundColor = `rgb(${rgb.join(",")})`;
        button.addEventListener("click", () => {
          this.dip(n);
          this.take("draw");
        });
        return button;
      }),
    );
    this.dip(0);
  }

  /** Another ink. @param {number} number */
  dip(number) {
    const buttons = [...this.root.querySelectorAll(".vr-inks button")];
    buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(n === number)));
    this.pad.tool.ink = this.inks[number][1];
  }

  /** Another tool. @param {string} name */
  take(name) {
    this.name = /** @type {Tools["name"]} */ (name);
    this.pad.tool.erase = name === "erase";
    for (const button of this.root.querySelectorAll(".vr-modes [data-tool]"))
      button.setAttribute("aria-pressed", String(button.getAttribute("data-tool") === name));
    this.onBox(name === "box");
  }

  /** The box gives way to the pen where there is none any more. @param {boolean} there */
  settle(there) {
    if (!there && this.name === "box") this.take("draw");
  }
}
