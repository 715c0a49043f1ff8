// Turns the lines of the model picker into cards. A line keeps its text, which the card covers: so
// the dropdown goes on as it was, for the keyboard and for screen readers.

import { make } from "../dom.js";
import { pngOf } from "../packed.js";
import { Wire } from "../wire.js";

/** @typedef {{id: string, title: string, name: string, facts: string}} Card demo.page.picking */

/** @param {import("../component.js").Component} component */
export function mount({ props, server }) {
  const wire = new Wire(server, () => undefined); // that it is lost, head/alive.js says
  /** Addresses of the thumbnails by id, "" for a model without one. @type {Map<string, Promise<string>>} */
  const thumbnails = new Map();
  /** One is asked for after the other: the list is there without them. */
  let last = Promise.resolve("");

  /** @param {string} model @param {HTMLElement} line what it is for */
  function thumbnailOf(model, line) {
    const known = thumbnails.get(model);
    if (known) return known;
    const asked = last.then(async () => {
      const answer = line.isConnected
        ? await wire.ask("model_thumbnail", { model }, () => line.isConnected)
        : null;
      if (!answer) thumbnails.delete(model); // the list was closed: next time
      return answer?.ok && answer.png ? pngOf(answer.png) : "";
    });
    thumbnails.set(model, asked);
    return (last = asked);
  }

  /** @param {HTMLElement} line */
  function dress(line) {
    const title = line.getAttribute("aria-label") ?? "";
    if (line.dataset.card === title) return;
    /** @type {Card[]} */
    const all = Array.isArray(props.value) ? props.value : [];
    // Two models may be called alike: those lists have one order.
    const at = all[Number(line.dataset.index)],
      card = at?.title === title ? at : all.find((one) => one.title === title);
    line.querySelector(".vq-pick")?.remove();
    delete line.dataset.card;
    if (!card) return;
    line.dataset.card = title;
    const box = make("span", "vq-pick", { "aria-hidden": "true" }),
      picture = make("img", "", { alt: "", hidden: "" });
    const frame = make("span", "vq-pick-picture");
    frame.append(picture);
    box.append(frame, make("b", "", {}, card.name), make("small", "", {}, card.facts));
    line.append(box);
    void thumbnailOf(card.id, line).then((address) => {
      if (address) picture.src = address;
      picture.hidden = !address;
    });
  }

  // Wider than the picker, the list would hang over the header's end.
  /** @param {Element} picker */
  function fit(picker) {
    const list = picker.querySelector(".options"),
      header = picker.closest("#vq-header");
    if (!(list instanceof HTMLElement) || !header || list.style.marginLeft) return;
    const over = list.getBoundingClientRect().right - header.getBoundingClientRect().right;
    list.style.marginLeft = `${Math.min(0, -over)}px`;
  }

  async function follow() {
    let picker;
    while (!(picker = document.querySelector("#vq-model")))
      await new Promise((done) => requestAnimationFrame(done));
    const lines = picker.getElementsByTagName("li");
    const found = picker;
    new MutationObserver(() => {
      [...lines].forEach(dress);
      fit(found);
    }).observe(found, {
      subtree: true,
      childList: true,
      attributeFilter: ["aria-label"],
    });
  }
  void follow();
  window.addEventListener("vq-back", () => wire.retry());
}
