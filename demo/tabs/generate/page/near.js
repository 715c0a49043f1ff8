// The training pictures nearest to the chosen sample, with their distances and what is usual.

import { make } from "../../../page/dom.js";
import { imageOf } from "../../../page/packed.js";
import { paint } from "./pictures.js";

export class Near {
  constructor(box) {
    this.shelf = box.querySelector(".vg-shelf");
    this.words = box.querySelector("p");
  }

  async show(info, sample, answer) {
    if (!answer.near) {
      this.shelf.replaceChildren();
      this.words.textContent =
        "This model keeps no training pictures to compare with: a prior trained in this app stores them beside itself.";
      return;
    }
    const image = await imageOf(answer.pictures),
      cells = info.h * info.w;
    const figure = (canvas, title, under) => {
      const made = make("figure"),
        caption = make("figcaption");
      caption.append(make("b", "", {}, title), make("span", "", {}, under));
      made.append(canvas, caption);
      return made;
    };
    const own = make("canvas", "", { role: "img", "aria-label": "The sample" }),
      last = sample.frame(Infinity);
    paint(own, info, last.image, last.column, last.row);
    const others = answer.near.map(({ number, distance, equal, label }, n) => {
      const canvas = make("canvas", "", {
        role: "img",
        "aria-label": `Training picture ${number}${label === null ? "" : `, class ${label}`}`,
      });
      paint(canvas, info, image, n);
      const made = figure(canvas, distance.toFixed(1), `${equal} of ${cells} same`);
      made.title = `Training picture ${number}${label === null ? "" : `, class ${label}`}: distance ${distance.toFixed(2)}, ${equal} of ${cells} codes are the same.`;
      return made;
    });
    const self = figure(own, "this sample", "generated");
    self.className = "vg-own";
    this.shelf.replaceChildren(self, ...others);
    this.words.textContent = Near.verdict(answer, cells);
  }

  static verdict({ near, usual, training }, cells) {
    const [first] = near,
      among = `Of ${training.toLocaleString("en")} training pictures, decoded from their codes, the nearest `;
    const measure =
      " Distance: the squared differences of the code vectors, added up over the cells.";
    if (first.equal === cells) return `${among}has exactly these codes: a copy.${measure}`;
    if (usual === null) return `${among}is ${first.distance.toFixed(1)} away.${measure}`;
    const usually = `a real test picture is typically ${usual.toFixed(1)} from its nearest`;
    return first.distance < usual / 4
      ? `${among}is only ${first.distance.toFixed(1)} away; ${usually}. That is close to a copy.${measure}`
      : `${among}is ${first.distance.toFixed(1)} away; ${usually}. So this is not a copy.${measure}`;
  }
}
