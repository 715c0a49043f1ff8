// The lesson: a card that leads through the real page. It remembers where one stopped.

import { calm, closest, find } from "../dom.js";
import { onMove, read, write } from "./address.js";
import { CARDS } from "./cards.js";
import { inAddress, openTab, showTab } from "./tabs.js";

const KEY = "vq-lesson",
  LOOK = "vq-look";
const ORDER = Object.keys(CARDS),
  END = "end";

/** What is kept of the lesson in this browser. @returns {{at: string | null, done: string[]}} */
function kept() {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return {
      at: typeof value.at === "string" ? value.at : null,
      done: Array.isArray(value.done) ? value.done : [],
    };
  } catch {
    return { at: null, done: [] };
  }
}

/**
 * @param {HTMLElement} box the card
 * @param {{prepare: () => void}} page `prepare` chooses the model that the lesson speaks of
 */
export function makeLesson(box, { prepare }) {
  const where = find(box, ".vl-where"),
    dots = find(box, ".vl-dots"),
    said = find(box, ".vl-said");
  const back = find(box, '[data-do="back"]'),
    skip = find(box, '[data-do="skip"]'),
    next = find(box, '[data-do="next"]');
  const { at, done } = kept(),
    did = new Set(done);
  let place = at;
  /** @type {string | null} the card on show */
  let shown = null;
  /** @type {() => void} */
  let leave = () => undefined;

  dots.replaceChildren(...ORDER.map(() => document.createElement("i")));

  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ at: place, done: [...did] }));
    } catch {
      /* the browser keeps nothing: the lesson begins anew after a reload */
    }
    for (const one of document.querySelectorAll("[data-lesson-start]"))
      one.textContent = invitation();
  }
  const number = () => (shown === null ? -1 : ORDER.indexOf(shown));
  const invitation = () =>
    place && place !== ORDER[0] && place !== END
      ? `Continue the lesson (${ORDER.indexOf(place) + 1} of ${ORDER.length})`
      : "Start the lesson";

  // Outlines what the card speaks of, as soon as it is there.
  /** @param {import("./cards.js").Card} card */
  function look(card) {
    let tries = 0,
      seen = false;
    const timer = setInterval(() => {
      const found = card.look
        .map((one) => document.querySelector(one))
        .filter((one) => one?.checkVisibility());
      for (const one of found) one?.classList.add(LOOK);
      if (found[0] && !seen && openTab() === card.tab) {
        seen = true;
        found[0].scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
      }
      if (found.length === card.look.length || ++tries > 60) clearInterval(timer);
    }, 150);
    return () => {
      clearInterval(timer);
      for (const one of document.querySelectorAll(`.${LOOK}`)) one.classList.remove(LOOK);
    };
  }

  /** @param {string} id @param {boolean} [focus] */
  function show(id, focus = true) {
    leave();
    shown = place = id;
    box.hidden = false;
    document.body.classList.add("vq-in-lesson");
    for (const one of box.querySelectorAll("[data-card]")) {
      if (one instanceof HTMLElement) one.hidden = one.dataset.card !== id;
    }
    const card = CARDS[id],
      title = find(box, `[data-card="${id}"] h2`);
    box.setAttribute("aria-labelledby", title.id);
    where.textContent = card ? `Lesson · ${number() + 1} of ${ORDER.length}` : "Lesson · done";
    [...dots.children].forEach((dot, n) => dot.classList.toggle("vl-past", !card || n <= number()));
    back.toggleAttribute("disabled", number() === 0);
    skip.hidden = next.hidden = !card;
    said.textContent = "";
    if (card) {
      prepare();
      showTab(card.tab);
      const stop = look(card),
        quiet = card.until(() => {
          quiet();
          unlock(id);
        });
      leave = () => {
        stop();
        quiet();
        leave = () => undefined;
      };
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
      said.textContent = "Done. Go on when you like.";
      open(true);
    }
    keep();
  }
  function close() {
    leave();
    shown = null;
    box.hidden = true;
    document.body.classList.remove("vq-in-lesson");
    write({ lesson: null });
    keep();
  }
  /** @param {string} id */
  function go(id) {
    write({ lesson: id, ...(CARDS[id] ? inAddress(CARDS[id].tab) : {}) }); // one step of Back
    show(id);
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    close,
    restart() {
      did.clear();
      go(ORDER[0]);
    },
    back() {
      go(shown === END ? ORDER[ORDER.length - 1] : ORDER[Math.max(0, number() - 1)]);
    },
    skip() {
      go(ORDER[number() + 1] ?? END);
    },
    next() {
      if (next.getAttribute("aria-disabled") === "true")
        said.textContent = "First try it, or press Skip.";
      else go(ORDER[number() + 1] ?? END);
    },
  };
  box.addEventListener("click", (event) => {
    const button = closest(event, "button");
    if (button?.dataset.do) actions[button.dataset.do]();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  document.addEventListener("click", (event) => {
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
