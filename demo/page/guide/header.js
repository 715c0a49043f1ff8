// The popover with the facts of the model, below its button.

/** Opens and closes it. */
export function followHeader() {
  const box = () => document.querySelector("#vq-about"),
    opener = () => document.querySelector("#vq-about-open");

  /** @param {boolean} open */
  function set(open) {
    box()?.toggleAttribute("data-open", open);
    opener()?.setAttribute("aria-expanded", String(open));
  }
  const isOpen = () => box()?.hasAttribute("data-open") ?? false;

  set(false);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("#vq-about-open")) set(!isOpen());
    else if (isOpen() && !event.target.closest("#vq-about")) set(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    set(false);
    const button = opener();
    if (button instanceof HTMLElement) button.focus();
  });
}
