// The sentence of an explained word (.vq-term in demo/text.py) opens below it and stays inside the
// window. A press on the word pins it, with the way to the tab where one sees it at work.
(() => {
  /** @type {{card: HTMLElement, word: HTMLElement} | null} */
  let pinned = null;

  /** @param {Event} event @returns {HTMLElement | null} */
  const wordOf = (event) =>
    event.target instanceof Element ? event.target.closest(".vq-term") : null;
  /** @param {HTMLElement} word @returns {HTMLElement | null} */
  const tipOf = (word) => word.querySelector(".vq-tip");

  /** @param {HTMLElement} tip @param {DOMRect} at */
  function put(tip, at) {
    const left = Math.min(at.left, window.innerWidth - tip.offsetWidth - 12);
    // The card of the lesson lies at the window's foot, and nothing is to lie on it.
    const card = document.querySelector("#vq-guide .vl"),
      foot = window.innerHeight - (card instanceof HTMLElement ? card.offsetHeight : 0);
    const below = at.bottom + 6 + tip.offsetHeight < foot;
    tip.style.left = `${Math.max(12, left)}px`;
    tip.style.top = `${below ? at.bottom + 6 : Math.min(at.top, foot) - 6 - tip.offsetHeight}px`;
  }
  /** @param {Event} event */
  function place(event) {
    const word = wordOf(event),
      tip = word && tipOf(word);
    if (tip) put(tip, word.getBoundingClientRect());
  }
  function unpin(focus = false) {
    if (!pinned) return;
    const { card, word } = pinned;
    pinned = null;
    word.removeAttribute("data-pinned");
    card.remove();
    if (focus && word.isConnected) word.focus();
  }
  /** @param {HTMLElement} word */
  function pin(word) {
    unpin();
    const tab = document.getElementById(`vq-tab-${word.dataset.see}-button`);
    const card = document.createElement("div"),
      title = document.createElement("b"),
      text = document.createElement("p");
    card.className = "vq-word-card";
    title.textContent = word.firstChild?.textContent ?? "";
    text.textContent = tipOf(word)?.textContent ?? "";
    card.setAttribute("role", "dialog");
    card.setAttribute("aria-label", title.textContent);
    card.append(title, text);
    if (tab && tab.getAttribute("aria-selected") !== "true") {
      const go = Object.assign(document.createElement("button"), { type: "button" });
      go.textContent = `See it in ${tab.textContent.trim()}`;
      go.addEventListener("click", () => {
        unpin();
        tab.click();
      });
      card.append(go);
    }
    document.body.append(card);
    word.setAttribute("data-pinned", ""); // one bubble, not two
    put(card, word.getBoundingClientRect());
    pinned = { card, word };
  }
  document.addEventListener("pointerover", place);
  document.addEventListener("focusin", place);
  document.addEventListener("click", (event) => {
    const word = wordOf(event);
    if (word && pinned?.word !== word) pin(word);
    else if (!(event.target instanceof Element && event.target.closest(".vq-word-card"))) unpin();
  });
  document.addEventListener("keydown", (event) => {
    const at = document.activeElement,
      word = at instanceof HTMLElement && at.matches(".vq-term") ? at : null;
    if (event.key === "Escape" && pinned) unpin(true);
    else if (event.key === "Escape" && word) word.blur();
    else if (event.key === "Enter" && word) {
      event.preventDefault(); // else the same press would press the button of the card, too
      pin(word);
      /** @type {HTMLElement | null} */ (document.querySelector(".vq-word-card button"))?.focus();
    }
  });
  // Gradio opens a list again when it hears of the keys with which the focus has left it.
  document.addEventListener(
    "keydown",
    (event) => {
      const isList = event.target instanceof Element && event.target.matches('[role="combobox"]');
      if (isList && ["Tab", "Shift"].includes(event.key)) event.stopPropagation();
    },
    true,
  );
  // A link to a section scrolls there, and leaves the address alone: that says which tab and model
  // are on show.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-scroll]") : null;
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    document.getElementById(link.dataset.scroll ?? "")?.scrollIntoView();
  });
  window.addEventListener("scroll", () => unpin(), { capture: true, passive: true });
})();
