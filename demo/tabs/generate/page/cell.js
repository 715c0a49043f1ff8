// The codes of one cell, ranked by the prior, each shown as the picture it would give; a click goes
// on from there.

import { closest, make, rove } from "../../../page/dom.js";
import { imageOf } from "../../../page/packed.js";
import { paint, percent } from "./pictures.js";

export class Candidates {
  constructor(box, onChoose) {
    this.box = box;
    this.onChoose = onChoose;
    this.codes = [];
    this.words = box.querySelector(".vg-cell-words");
    this.list = box.querySelector(".vg-candidates");
    this.list.addEventListener("click", (event) => {
      const button = closest(event, "button");
      if (button) this.onChoose(Number(button.dataset.code));
    });
    this.list.addEventListener("keydown", (event) =>
      rove([...this.list.children], () => this.across(), event),
    );
  }

  across() {
    return getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
  }

  clear(text = "Click a cell to see what else could be there.") {
    this.words.textContent = text;
    this.list.replaceChildren();
  }

  // `answer` of generate_cell; `place` in words; `after`: what choosing one does.
  async show(info, answer, place, after) {
    const image = await imageOf(answer.pictures),
      { held } = answer;
    const standing = held
      ? `Current code: ${held.code}, ${held.rank === 1 ? "the most likely" : `number ${held.rank} of ${info.K}`} (${percent(held.probability)}). `
      : "Nothing is drawn here yet. ";
    this.words.textContent = `${place}. ${standing}${after}`;
    this.list.replaceChildren(
      ...answer.codes.map((code, n) => {
        const p = answer.probabilities[n],
          button = make("button", "", {
            type: "button",
            tabindex: n ? -1 : 0,
            "data-code": code,
            "aria-label": `Code ${code}, ${percent(p)}${held?.code === code ? ", the current one" : ""}`,
          });
        const canvas = make("canvas", "", { "aria-hidden": "true" }),
          bar = make("i", "", { "aria-hidden": "true" });
        paint(canvas, info, image, n);
        bar.style.setProperty("--p", String(p / answer.probabilities[0]));
        if (held?.code === code) button.setAttribute("aria-current", "true");
        button.append(canvas, make("span", "", {}, code), make("b", "", {}, percent(p)), bar);
        return button;
      }),
    );
  }
}
