// The lesson before a class: the whole screen, a larger card, and the keys that a presenter's remote
// sends.

import { find } from "../dom.js";

const PRESENTED = "vl-presented",
  WORDS = {
    on: "PageDown and PageUp go through the lesson, Esc ends it.",
    refused: "The browser does not allow full screen here.",
  };

/**
 * @param {HTMLElement} box the card
 * @param {{turn: (by: number) => void, say: (words: string) => void}} lesson `turn` goes on or back
 */
export function makePresenter(box, { turn, say }) {
  const button = find(box, '[data-do="present"]'),
    page = document.documentElement,
    isOn = () => document.fullscreenElement === page;
  button.hidden = !document.fullscreenEnabled;
  button.title = WORDS.on;

  /** @type {Record<string, () => void>} */
  const keys = {
    PageDown: () => turn(1),
    PageUp: () => turn(-1),
    Escape: end,
  };
  function follow() {
    box.classList.toggle(PRESENTED, isOn());
    button.textContent = isOn() ? "Leave full screen" : "Present";
    say(isOn() ? WORDS.on : "");
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event,
      isPlain = !(altKey || ctrlKey || metaKey || shiftKey);
    if (!isOn() || !(key in keys) || !isPlain || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) keys[key]();
  }
  function end() {
    if (isOn()) void document.exitFullscreen();
  }
  document.addEventListener("fullscreenchange", follow);
  document.addEventListener("keydown", press, true);

  return {
    end,
    /** Begins or ends it. */
    toggle() {
      if (isOn()) end();
      else page.requestFullscreen().catch(() => say(WORDS.refused));
    },
  };
}
