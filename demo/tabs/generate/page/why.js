// Four ways to choose codes, from one seed: one picture large and four more small.

import { contextOf } from "../../../page/dom.js";
import { imageOf } from "../../../page/packed.js";
import { paint } from "./pictures.js";

export class Why {
  constructor(box) {
    this.figures = Object.fromEntries(
      [...box.querySelectorAll("[data-way]")].map((figure) => [figure.dataset.way, figure]),
    );
  }

  open(info) {
    const bits = (value) => `${Math.round(value).toLocaleString("en")} bits`;
    const said = {
      random: `${bits(info.bits.nominal)} per picture`,
      marginal: `${bits(info.bits.independent)} per picture`,
      gaussian: "not counted in bits",
      prior:
        info.bits.prior === null
          ? "not measured yet"
          : `at most ${bits(info.bits.prior)} per picture`,
    };
    for (const [way, text] of Object.entries(said))
      this.figures[way].querySelector(".vg-bits").textContent = text;
  }

  async show(info, answer) {
    for (const [way, figure] of Object.entries(this.figures)) {
      const image = await imageOf(answer.pictures[way]),
        [large, small] = figure.querySelectorAll("canvas");
      paint(large, info, image, 0);
      const many = answer.count - 1,
        gap = 2;
      figure.style.setProperty("--more", `${many * (info.width + gap) - gap} / ${info.height}`);
      small.width = many * (info.width + gap) - gap;
      small.height = info.height;
      for (let n = 0; n < many; n++)
        contextOf(small).drawImage(
          image,
          (n + 1) * info.width,
          0,
          info.width,
          info.height,
          n * (info.width + gap),
          0,
          info.width,
          info.height,
        );
    }
  }
}
