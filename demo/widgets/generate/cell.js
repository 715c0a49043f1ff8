// The codes of one cell, ranked by the prior, each shown as the picture it would give; a click goes on from there.

class Candidates {
  constructor(box, onChoose) {
    Object.assign(this, { box, onChoose, codes: [] });
    this.words = box.querySelector(".vg-cell-words");
    this.list = box.querySelector(".vg-candidates");
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.onChoose(Number(button.dataset.code));
    });
    this.list.addEventListener("keydown", (event) => VG.rove([...this.list.children], () => this.across(), event));
  }

  across() { return getComputedStyle(this.list).gridTemplateColumns.split(" ").length; }

  clear(text = "Click a cell to see what else could stand there.") {
    this.words.textContent = text;
    this.list.replaceChildren();
  }

  // `answer` of generate_cell; `place` in words; `after`: what choosing one does.
  async show(info, answer, place, after) {
    const image = await VG.image(answer.pictures), { held } = answer;
    const standing = held ? `Here stands code ${held.code}, number ${held.rank} of ${info.K} with ${VG.percent(held.probability)}. ` : "Nothing is drawn here yet. ";
    this.words.textContent = `${place}. ${standing}${after}`;
    this.list.replaceChildren(...answer.codes.map((code, n) => {
      const p = answer.probabilities[n], button = VG.make("button", "", { type: "button", tabindex: n ? -1 : 0, "data-code": code,
        "aria-label": `Code ${code}, ${VG.percent(p)}${held?.code === code ? ", stands here" : ""}` });
      const canvas = VG.make("canvas", "", { "aria-hidden": "true" }), bar = VG.make("i", "", { "aria-hidden": "true" });
      VG.paint(canvas, info, image, n);
      bar.style.setProperty("--p", p / answer.probabilities[0]);
      if (held?.code === code) button.setAttribute("aria-current", "true");
      button.append(canvas, VG.make("span", "", {}, code), VG.make("b", "", {}, VG.percent(p)), bar);
      return button;
    }));
  }
}
