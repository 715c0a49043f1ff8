// The sentence of an explained word (.vq-term in demo/text.py) opens below it and stays inside the window.
(() => {
  const place = (event) => {
    const word = event.target instanceof Element && event.target.closest(".vq-term");
    if (!word) return;
    const tip = word.querySelector(".vq-tip");
    const at = word.getBoundingClientRect();
    const left = Math.min(at.left, window.innerWidth - tip.offsetWidth - 12);
    const below = at.bottom + 6 + tip.offsetHeight < window.innerHeight;
    tip.style.left = `${Math.max(12, left)}px`;
    tip.style.top = `${below ? at.bottom + 6 : at.top - 6 - tip.offsetHeight}px`;
  };
  document.addEventListener("pointerover", place);
  document.addEventListener("focusin", place);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.activeElement?.matches(".vq-term")) document.activeElement.blur();
  });
})();
