// Fields in which one types or chooses.

import { ref } from "./view/paint.js";

/** @param {HTMLElement} root @param {import("./editor.js").Editor} editor */
export function listenToFields(root, editor) {
  const { state, edits, tools, looking, opening, prior, sharing } = editor;
  const input = (/** @type {string} */ name) => ref(root, name, HTMLInputElement),
    list = (/** @type {string} */ name) => ref(root, name, HTMLSelectElement);

  const number = input("number");
  const example = () => {
    const { value } = number,
      wanted = value === "" ? NaN : Number(value),
      last = state.info.examples - 1;
    if (!state.isOpen) return;
    if (Number.isInteger(wanted) && wanted >= 0 && wanted <= last) void opening.example(wanted);
    else {
      editor.update(); // the field names what is open again
      const none = value && `There is no example ${value}. `;
      editor.say(`${none}Examples are numbered from 0 to ${last}.`, { bad: true });
    }
  };
  number.addEventListener("change", example);
  // The one that is named by now opens afresh: that is no change of the field.
  number.addEventListener("keydown", ({ key }) => {
    if (key === "Enter" && Number(number.value) === state.side.source.number) example();
  });

  // ---- a code ----

  const code = input("code");
  /** The code in the field; null where it is none. */
  const typed = () => {
    const value = code.value === "" ? NaN : Number(code.value);
    return Number.isInteger(value) && value >= 0 && value < state.info.K ? value : null;
  };
  code.addEventListener("input", () => {
    const wanted = typed();
    if (wanted === null || !state.isOpen) return;
    tools.setCode(state.code);
    looking.tryOut(wanted);
  });
  code.addEventListener("change", () => {
    const wanted = typed(),
      given = code.value === "" ? "The code is empty" : `There is no code ${code.value}`;
    if (!state.isOpen) return;
    if (wanted === null) tools.refuse(`${given}: codes run from 0 to ${state.info.K - 1}.`);
    else {
      looking.tryOut(null);
      tools.take(wanted);
    }
  });
  // Back to the grid: in the field Ctrl Z would undo the digits, and not the edit.
  code.addEventListener("keydown", ({ key }) => {
    if (key === "Enter" && typed() !== null) setTimeout(() => editor.focusCell());
  });

  // ---- lists ----

  const klass = list("klass"),
    order = list("order");
  klass.addEventListener("change", () => prior.setClass(Number(klass.value)));
  order.addEventListener("change", () => looking.sortBy(order.value));

  // ---- a grid from elsewhere ----

  const file = input("file");
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen) sharing.upload(chosen);
    file.value = "";
  });
  const text = ref(root, "text", HTMLTextAreaElement);
  ref(root, "textPanel").addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = await opening.load({ kind: "text", text: text.value });
    ref(root, "textError").textContent = problem ?? "";
    if (problem !== "") return;
    text.value = "";
    if (state.panels.text) editor.panels.flip("text");
  });

  // ---- cells of the second grid ----

  const blend = input("blend"),
    inOrder = list("blendOrder");
  const take = (/** @type {boolean} */ done) => {
    state.blendFrom ??= state.a.history.flat; // the slider stays where the hand put it
    looking.activate(state.a); // the one that changes, and whose steps Undo takes back
    edits.blend(Number(blend.value) / 100, inOrder.value, done);
  };
  blend.addEventListener("input", () => take(false));
  blend.addEventListener("change", () => take(true));
  inOrder.addEventListener("change", () => state.blendFrom && take(true));
}
