// Ties the page's events to one editor, and the component's value to the model it shows.

import { along, closest, find } from "../../../page/dom.js";
import { fileIn, takePasted } from "../../../page/drawing/pasting.js";
import { onMove } from "../../../page/guide/address.js";
import { Editor } from "./editor.js";
import { listenToFields } from "./fields.js";
import { listenToKeys } from "./keys.js";
import { VIEWS, after } from "./state/orders.js";
import { tendMenus } from "./view/menus.js";
import { ref } from "./view/paint.js";

const NO_MODEL =
  "No model yet. Train one in the Train tab or upload one, and the codes of its pictures will be here.";

/** @param {import("../../../page/component.js").Component} component */
export function mount({ element, props, server, trigger, watch }) {
  const root = find(element, ".editor"),
    editor = new Editor(root, server, trigger),
    { state, looking, opening, sharing, challenges } = editor;
  ref(root, "draw").hidden = !props.can_draw;
  ref(root, "train").hidden = !props.can_train;

  listenToKeys(root, editor);
  listenToFields(root, editor);
  tendMenus(root);

  root.addEventListener("click", (event) => {
    const button = closest(event, "button"),
      { do: command, view, copy } = button?.dataset ?? {};
    if (!button) return;
    if (command) editor.do(command);
    else if (view) looking.show(view);
    else if (copy) {
      const field = ref(root, copy, HTMLInputElement);
      field.select();
      navigator.clipboard?.writeText(field.value).then(
        () => editor.say(`${field.labels?.[0]?.textContent} copied.`),
        () => document.execCommand("copy"),
      );
    }
  });

  const views = ref(root, "views");
  views.addEventListener("keydown", (event) => {
    const step = along(event.key);
    if (!step) return;
    event.preventDefault();
    looking.show(after(VIEWS, state.view, step).id);
    find(views, '[tabindex="0"]').focus();
  });

  // ---- the clipboard and files; a field keeps what is typed into it ----

  const elsewhere = (/** @type {Event} */ event) =>
    closest(event, "input, textarea") || !state.isOpen;
  root.addEventListener("copy", (event) => {
    if (elsewhere(event)) return;
    event.clipboardData?.setData("text/plain", sharing.copy());
    event.preventDefault();
  });
  root.addEventListener("paste", (event) => {
    if (elsewhere(event) || fileIn(event.clipboardData)) return;
    sharing.bring(event.clipboardData);
    event.preventDefault();
  });
  takePasted(root, (file) => {
    if (state.info.model) sharing.upload(file);
  });
  root.addEventListener("dragover", (event) => event.preventDefault());
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    if (state.info.model) sharing.bring(event.dataTransfer);
  });

  // ---- the same cell in the input, the grid and the picture: hover lights it, a press selects it ----

  for (const name of ["inputMarks", "pictureMarks"]) {
    const svg = ref(root, name, SVGElement);
    const cell = (/** @type {MouseEvent} */ event) => {
      const box = svg.getBoundingClientRect(),
        { h, w } = state.info;
      const c = Math.floor(((event.clientX - box.left) / box.width) * w),
        r = Math.floor(((event.clientY - box.top) / box.height) * h);
      return Math.min(h - 1, Math.max(0, r)) * w + Math.min(w - 1, Math.max(0, c));
    };
    svg.addEventListener("pointermove", (event) => looking.hover(cell(event)));
    svg.addEventListener("pointerleave", () => looking.hover(null));
    svg.addEventListener("click", (event) => {
      if (!state.isOpen) return;
      const p = cell(event);
      looking.select(state.a, [p], p);
      editor.focusCell();
    });
  }

  onMove("challenge", () => state.isOpen && challenges.resume());
  window.addEventListener("pagehide", () => opening.keep());

  // The component's value names the model, and brings a grid when another tab hands one over.
  let stamp = null;
  function follow() {
    const value = props.value;
    if (!value || value.stamp === stamp) return;
    if (!value.model) {
      opening.shut(NO_MODEL);
      return;
    }
    const handed = value.grid && value.grid.model === value.model ? value.grid : null;
    stamp = value.stamp;
    if (handed || value.model !== state.info.model)
      void opening.open(value.model, handed).then(() => {
        if (!state.isOpen) return;
        challenges.resume();
        if (!handed) return;
        if (handed.code !== undefined) editor.bring(handed);
        editor.focusCell(); // the button that was pressed is on another tab
        window.scrollTo(0, 0);
      });
  }
  watch("value", follow);
  follow();
}
