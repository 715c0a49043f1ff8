// After Train was pressed: what was started is brought into view; of a field that was refused the
// sentence is above, and the field itself is marked and has the focus.

/** @param {string} shown selector of what was started @param {string[]} values the problem's HTML */
export function pressed(shown, [problem]) {
  if (!problem) {
    document.querySelector(shown)?.scrollIntoView({ behavior: "smooth" });
    return;
  }
  const box = document.getElementById(/data-field="([\w-]+)"/.exec(problem)?.[1] ?? ""),
    field = box?.querySelector("input"),
    folded = box?.closest("#vq-train-advanced")?.querySelector(".label-wrap:not(.open)");
  if (!field) return;
  if (folded instanceof HTMLElement) folded.click();
  field.ariaInvalid = "true";
  const ended = new AbortController(),
    { signal } = ended;
  document.addEventListener("input", () => ended.abort(), { signal }); // also of an experiment
  document.addEventListener("click", ({ target }) => isButton(target) && ended.abort(), { signal });
  signal.addEventListener("abort", () => field.removeAttribute("aria-invalid"));
  requestAnimationFrame(() => field.focus());
}

/** Such as Reset, which puts another value there. @param {EventTarget | null} target */
const isButton = (target) => target instanceof Element && !!target.closest("button");
