// The quiz: opened by the address or a button, counted here, sent nowhere.

import { closest, find, make } from "../dom.js";
import { onMove, read, write } from "../guide/address.js";
import { results } from "./results.js";

/** @param {import("../component.js").Component} component */
export function mount({ element }) {
  const dialog = find(element, "dialog", HTMLDialogElement),
    form = find(dialog, "form", HTMLFormElement);
  const body = find(dialog, ".vz-body"),
    result = find(dialog, ".vz-result"),
    print = find(dialog, '[data-do="print"]');
  const questions = [...form.querySelectorAll("fieldset")];

  /** The chosen answer of a question. @param {Element} question */
  const chosen = (question) => question.querySelector("input:checked");

  /** Where the questions were scrolled to when a card was opened from one. */
  let left = 0;

  /** What was achieved in the challenges so far, to be printed with the answers. */
  function tellChallenges() {
    const list = find(form, ".vz-challenges");
    const lines = [...results().values()].map(({ title, says, date }) =>
      make("li", "", {}, `${title} (${date}): ${says}`),
    );
    find(list, "ul").replaceChildren(...lines);
    list.hidden = !lines.length;
  }

  function open() {
    if (dialog.open) return;
    tellChallenges();
    dialog.showModal();
    find(dialog, "h2").focus({ preventScroll: true });
    body.scrollTop = left;
    left = 0;
  }
  function close() {
    if (dialog.open) dialog.close();
    write({ quiz: null });
  }
  // Takes away what was said of some questions. @param {Element[]} which
  function clear(which = questions) {
    for (const question of which) {
      for (const said of question.querySelectorAll(".vz-why, .vz-none"))
        said.toggleAttribute("hidden", true);
      for (const answer of question.querySelectorAll("[data-is]"))
        answer.removeAttribute("data-is");
    }
    result.textContent = "";
    print.hidden = true;
  }
  function check() {
    clear();
    const missing = questions.filter((question) => !chosen(question));
    if (missing.length) {
      for (const question of missing) find(question, ".vz-none").hidden = false;
      result.textContent =
        missing.length === 1
          ? "One question has no answer yet."
          : `${missing.length} questions have no answer yet.`;
      find(missing[0], "input").focus({ preventScroll: true });
      missing[0].scrollIntoView({ block: "nearest" });
      return;
    }
    let right = 0;
    for (const question of questions) {
      const good = chosen(question)?.getAttribute("value") === "right",
        why = find(question, ".vz-why");
      if (good) right += 1;
      chosen(question)
        ?.closest("label")
        ?.setAttribute("data-is", good ? "good" : "wrong");
      if (!good)
        find(question, 'input[value="right"]').closest("label")?.setAttribute("data-is", "right");
      why.hidden = false;
      why.dataset.right = String(good);
      find(why, "b").textContent = good ? "Right." : "Not quite.";
    }
    const date = new Date().toLocaleDateString("en", {
      year: "numeric",
      month: "long",
      day: "numeric",
    });
    result.textContent = `${right} of ${questions.length} right${right === questions.length ? ": all of them!" : "."} ${date}`;
    print.hidden = false;
    body.scrollTop = 0;
  }
  // Only the quiz goes onto the paper: it is laid out in a frame of its own.
  function onPaper() {
    const copy = /** @type {HTMLElement} */ (form.cloneNode(true)),
      frame = document.createElement("iframe");
    for (const box of form.querySelectorAll("input")) {
      const twin =
        copy.querySelector(`input[name="${box.name}"][value="${CSS.escape(box.value)}"]`) ??
        copy.querySelector(`input[name="${box.name}"]`);
      if (box.type === "text") twin?.setAttribute("value", box.value);
      else twin?.toggleAttribute("checked", box.checked);
    }
    frame.className = "vq-visually-hidden";
    frame.title = "The result, to be printed";
    frame.addEventListener(
      "load",
      () => {
        const paper = frame.contentDocument,
          style = document.createElement("style");
        if (!paper) return;
        style.textContent =
          "body{font:11pt/1.4 sans-serif;margin:1.5cm} fieldset{border:0;padding:0;margin:.7em 0;break-inside:avoid} legend{font-weight:600}" +
          " label{display:block} h3{font-size:11pt;margin:.7em 0 0} [hidden],footer,button,a{display:none} [data-is=right]::after,[data-is=good]::after{content:' (right)'} .vz-result{font-weight:700;font-size:13pt}";
        paper.head.append(style);
        paper.title = "VQ-VAE Playground: seven questions";
        paper.body.append(paper.importNode(copy, true));
        frame.contentWindow?.addEventListener("afterprint", () => frame.remove());
        frame.contentWindow?.print();
      },
      { once: true },
    );
    document.body.append(frame);
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    close,
    check,
    print: onPaper,
    again() {
      form.reset();
      clear();
      body.scrollTop = 0;
    },
  };
  dialog.addEventListener("click", (event) => {
    // The lesson opens the card (guide/lesson.js), and leads back here; answers stay.
    if (closest(event, "[data-lesson-card]") && !event.ctrlKey && !event.metaKey) {
      left = body.scrollTop;
      dialog.close();
    }
    const button = closest(event, "button");
    if (button?.dataset.do) actions[button.dataset.do]();
  });
  // What was said of a question is not true of another answer.
  form.addEventListener("change", (event) => {
    const question = closest(event, "fieldset");
    if (question) clear([question]);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  dialog.addEventListener("close", () => write({ quiz: null }));
  document.addEventListener("click", (event) => {
    if (!closest(event, "[data-quiz-start]")) return;
    event.preventDefault();
    write({ quiz: "open" });
    open();
  });
  onMove("quiz", (value) => {
    if (value) open();
    else if (dialog.open) dialog.close();
  });
  if (read("quiz")) open();
}
