// The lesson: a card that leads through the real page. It remembers where one stopped.

import { closest, find } from "../dom.js";
import { onMove, read, write } from "./address.js";
import { bring, makeRoom } from "./bring.js";
import { CARDS } from "./cards.js";
import { kept, store } from "./kept.js";
import { outline } from "./outline.js";
import { makePresenter } from "./presenter.js";
import { inAddress, showTab } from "./tabs.js";

const ORDER = Object.keys(CARDS),
  END = "end",
  STEPS = [...ORDER, END];

/**
 * @param {HTMLElement} box the card
 * @param {{prepare: (chosen: () => void) => void}} page `prepare` chooses the model that the lesson
 *   speaks of, and calls `chosen` where it was another
 */
export function makeLesson(box, { prepare }) {
  const where = find(box, ".vl-where"),
    dots = find(box, ".vl-dots"),
    body = find(box, ".vl-body"),
    folder = find(box, '[data-do="fold"]'),
    said = find(box, ".vl-said");
  const back = find(box, '[data-do="back"]'),
    skip = find(box, '[data-do="skip"]'),
    restart = find(box, '[data-do="restart"]'),
    toQuiz = find(box, ".vl-to-quiz"),
    next = find(box, '[data-do="next"]');
  const { at, done } = kept(),
    did = new Set(done);
  let place = at;
  /** @type {string | null} the card on show */
  let shown = null;
  /** @type {() => void} */
  let leave = () => undefined;
  /** Whether the quiz has led to the card, and is to be gone back to. */
  let asked = false;

  makeRoom(box);
  dots.replaceChildren(...ORDER.map(() => document.createElement("i")));

  function keep() {
    store({ at: place, done: [...did] });
    for (const one of document.querySelectorAll("[data-lesson-start]"))
      one.textContent = invitation();
  }
  const number = () => (shown === null ? -1 : ORDER.indexOf(shown));
  const invitation = () =>
    place && place !== ORDER[0] && place !== END
      ? `Continue the lesson (${ORDER.indexOf(place) + 1} of ${ORDER.length})`
      : "Start the lesson";

  /** @param {boolean} folded */
  function fold(folded) {
    box.classList.toggle("vl-folded", folded);
    folder.textContent = folded ? "▴" : "▾";
    folder.setAttribute("aria-expanded", String(!folded));
    folder.title = folded ? "Unfold the card" : "Fold the card";
    folder.setAttribute("aria-label", folder.title);
    name();
  }
  // Where one is; folded, the card is its heading.
  function name() {
    const isCard = shown !== null && shown in CARDS,
      words = ["Lesson", isCard ? `${number() + 1} of ${ORDER.length}` : "done"];
    if (box.classList.contains("vl-folded")) {
      words.push(find(box, `[data-card="${shown}"] h2`).textContent);
      if (isCard && did.has(shown ?? "")) words.push("done");
    }
    where.textContent = words.join(" · ");
  }

  /** @param {string} id @param {boolean} [focus] */
  function show(id, focus = true) {
    leave();
    shown = place = id;
    box.hidden = false;
    document.documentElement.classList.add("vq-in-lesson");
    for (const one of box.querySelectorAll("[data-card]")) {
      if (one instanceof HTMLElement) one.hidden = one.dataset.card !== id;
    }
    const card = CARDS[id],
      title = find(box, `[data-card="${id}"] h2`);
    box.setAttribute("aria-labelledby", title.id);
    [...dots.children].forEach((dot, n) => dot.classList.toggle("vl-past", !card || n <= number()));
    back.toggleAttribute("disabled", number() === 0);
    skip.hidden = next.hidden = !card;
    said.textContent = "";
    fold(false);
    body.scrollTop = 0;
    restart.hidden = asked;
    toQuiz.hidden = !asked;
    if (card) {
      prepare(() => {
        said.textContent = "The lesson uses the model “mnist”: it is chosen now.";
      });
      const stop = outline(card, id, box),
        quiet = card.until(() => {
          quiet();
          unlock(id);
        }, box);
      showTab(card.tab);
      leave = () => [stop, quiet].forEach((end) => end());
    }
    open(did.has(id));
    keep();
    if (focus) title.focus({ preventScroll: true });
  }
  /** @param {boolean} ready */
  function open(ready) {
    next.setAttribute("aria-disabled", String(!ready));
    skip.hidden = ready || !shown || !CARDS[shown];
    next.textContent = number() === ORDER.length - 1 ? "Finish" : "Next";
  }
  /** @param {string} id */
  function unlock(id) {
    did.add(id);
    if (id === shown) {
      said.textContent = "Done. Continue when you like.";
      open(true);
      name();
    }
    keep();
  }
  function close() {
    presenter.end();
    leave();
    shown = null;
    asked = false;
    box.hidden = true;
    document.documentElement.classList.remove("vq-in-lesson");
    write({ lesson: null });
    keep();
  }
  // A part that the card's text names. @param {string} selector
  function to(selector) {
    showTab(CARDS[shown ?? ""]?.tab ?? null);
    const parts = () => [...document.querySelectorAll(selector)];
    // in a strip that scrolls by itself, too
    parts()[0]?.scrollIntoView({ block: "nearest", inline: "center" });
    bring(() => parts().filter((one) => one.checkVisibility()), box, { smooth: true });
  }
  /** @param {string} id */
  function go(id) {
    // one step of Back
    write({ lesson: id, quiz: null, ...(CARDS[id] ? inAddress(CARDS[id].tab) : {}) });
    show(id);
  }
  /** @param {number} by */
  function turn(by) {
    const id = STEPS[STEPS.indexOf(shown ?? "") + by];
    if (shown && id) go(id);
  }
  const presenter = makePresenter(box, {
    turn,
    say: (words) => {
      said.textContent = words;
    },
  });

  /** @type {Record<string, () => void>} */
  const actions = {
    close,
    present: presenter.toggle,
    fold: () => fold(!box.classList.contains("vl-folded")),
    restart() {
      did.clear();
      go(ORDER[0]);
    },
    back: () => turn(-1),
    skip: () => turn(1),
    next() {
      if (next.getAttribute("aria-disabled") === "true")
        said.textContent = "First try it, or press Skip.";
      else turn(1);
    },
  };
  box.addEventListener("click", (event) => {
    const button = closest(event, "button");
    if (button?.dataset.do) actions[button.dataset.do]();
    const link = closest(event, "[data-bring]");
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    to(link.dataset.bring ?? "");
  });
  box.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  document.addEventListener("click", (event) => {
    const link = closest(event, "[data-lesson-card]");
    if (link instanceof HTMLElement && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      asked = true;
      go(link.dataset.lessonCard ?? ORDER[0]);
    }
    if (!closest(event, "#vq-lesson-open, [data-lesson-start]")) return;
    event.preventDefault();
    if (shown) close();
    else go(place && place !== END ? place : ORDER[0]);
  });
  onMove("lesson", (id) => {
    if (id && (CARDS[id] || id === END)) show(id);
    else if (shown) close();
  });
  const linked = read("lesson");
  if (linked !== null) show(CARDS[linked] || linked === END ? linked : ORDER[0], false);
  keep();
}
