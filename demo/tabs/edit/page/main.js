// Ties the page's events to one editor, and the component's value to the model it shows.

import { ARROWS, along, closest, find, isOutOfReach, make } from "../../../page/dom.js";
import { fileIn, takePasted } from "../../../page/drawing/pasting.js";
import { Editor } from "./editor.js";
import { KEYS, keyName } from "./keys.js";
import { VIEWS } from "./screen.js";

/** @param {import("../../../page/component.js").Component} component */
export function mount({ element, props, server, trigger, watch }) {
  const root = find(element, ".editor");
  const editor = new Editor(root, server, trigger);
  const { refs } = editor;

  for (const { id, name } of VIEWS)
    refs.views.append(
      make(
        "button",
        "",
        { type: "button", role: "radio", "data-view": id, "aria-checked": id === "picture" },
        name,
      ),
    );
  refs.draw.hidden = !props.can_draw;
  refs.train.hidden = !props.can_train;

  root.addEventListener("click", (event) => {
    const button = closest(event, "button");
    if (!button) return;
    if (button.dataset.do) {
      if (button.getAttribute("aria-disabled") !== "true" || isOutOfReach(button))
        editor.do(button.dataset.do);
    } else if (button.dataset.view) editor.setView(button.dataset.view);
    else if (button.dataset.copy) {
      const field = refs[button.dataset.copy];
      field.select();
      navigator.clipboard?.writeText(field.value).then(
        () => editor.say("Copied."),
        () => document.execCommand("copy"),
      );
    }
  });

  // A menu closes once something in it is chosen, or anything beside it is pressed.
  document.addEventListener("click", (event) => {
    for (const menu of root.querySelectorAll("details.menu[open]")) {
      const within = event.target instanceof Node && menu.contains(event.target);
      if (!within || closest(event, "[data-do]")) menu.removeAttribute("open");
    }
  });

  refs.views.addEventListener("keydown", (event) => {
    const step = along(event.key);
    if (!step) return;
    event.preventDefault();
    editor.setView(
      VIEWS[(VIEWS.findIndex((v) => v.id === editor.view) + step + VIEWS.length) % VIEWS.length].id,
    );
    refs.views.querySelector('[tabindex="0"]').focus();
  });

  root.addEventListener("keydown", (event) => {
    if (!editor.info || !editor.a.history) return;
    if (event.key === "Escape") {
      escape(event);
      return;
    }
    if (closest(event, "input, textarea, select")) return;
    const board = [editor.a.board, editor.b.board].find((b) => b.grid.contains(event.target));
    if (board && onGrid(event, board)) {
      event.preventDefault();
      return;
    }
    const name = keyName(event),
      command = KEYS[name];
    if (!command || (closest(event, "[role=radiogroup]") && name.includes("arrow"))) return;
    event.preventDefault();
    editor.do(command);
  });

  // Keys that mean something on a grid only.
  function onGrid(event, board) {
    const arrow = {
      ...ARROWS,
      Home: [0, -999],
      End: [0, 999],
      PageUp: [-999, 0],
      PageDown: [999, 0],
    }[event.key];
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (arrow && plain) board.move(...arrow, event.shiftKey);
    else if (plain && /^[0-9]$/.test(event.key)) editor.typing.digit(event.key, editor.info.K);
    else if (plain && event.key === "Enter") {
      if (!editor.typing.finish()) editor.do("palette");
    } else if (event.key === " " && event.ctrlKey) board.toggle(board.cursor);
    else if (event.key === " " && editor.painting) {
      editor.brush([board.cursor], true);
    } else if (event.key === " ") board.toggle(board.cursor);
    else return false;
    return true;
  }

  function escape(event) {
    const { board } = editor.side,
      menu = closest(event, "details.menu[open]");
    if (menu) {
      menu.removeAttribute("open");
      menu.querySelector("summary")?.focus();
      event.preventDefault();
      return;
    }
    if (editor.typing.cancel()) editor.say("");
    else if (
      editor.preview ||
      refs.codes.contains(event.target) ||
      refs.choices.contains(event.target)
    ) {
      editor.tryOut(null);
      board.cells[board.cursor].focus();
    } else if (editor.tool !== "select") editor.do("select");
    else if (!refs.keysPanel.hidden) editor.do("keys");
    else if (!refs.textPanel.hidden) editor.do("text");
    else if (!refs.sharePanel.hidden) editor.do("share");
    else return;
    event.preventDefault();
  }

  root.addEventListener("copy", (event) => {
    if (closest(event, "input, textarea") || !editor.a.history) return;
    event.clipboardData?.setData("text/plain", editor.copied());
    event.preventDefault();
  });
  root.addEventListener("paste", (event) => {
    if (closest(event, "input, textarea") || !editor.a.history || fileIn(event.clipboardData))
      return;
    editor.pasted(event.clipboardData);
    event.preventDefault();
  });
  takePasted(root, (file) => {
    if (editor.info) editor.upload(file);
  });

  // The same cell in the input, the grid and the picture: hover lights it, a press selects it.
  for (const svg of [refs.inputMarks, refs.pictureMarks]) {
    const cell = (event) => {
      const box = svg.getBoundingClientRect(),
        { h, w } = editor.info;
      const c = Math.floor(((event.clientX - box.left) / box.width) * w),
        r = Math.floor(((event.clientY - box.top) / box.height) * h);
      return Math.min(h - 1, Math.max(0, r)) * w + Math.min(w - 1, Math.max(0, c));
    };
    svg.addEventListener("pointermove", (event) => {
      if (editor.info) editor.hover(cell(event));
    });
    svg.addEventListener("pointerleave", () => editor.hover(null));
    svg.addEventListener("click", (event) => {
      if (editor.info) {
        const p = cell(event);
        editor.a.board.select([p], p, { focus: true });
      }
    });
  }

  refs.number.addEventListener("change", () => editor.example(Number(refs.number.value)));
  refs.code.addEventListener("input", () => {
    const code = typedCode();
    if (code !== null && editor.a.history) {
      editor.setCode(editor.code);
      editor.tryOut(code);
    }
  });
  refs.code.addEventListener("change", () => {
    const code = typedCode();
    if (!editor.a.history) return;
    if (code === null) {
      const given =
        refs.code.value === "" ? "The code is empty" : `There is no code ${refs.code.value}`;
      editor.setCode(editor.code, `${given}: codes run from 0 to ${editor.info.K - 1}.`);
    } else {
      editor.tryOut(null);
      editor.take(code);
    }
  });
  function typedCode() {
    const code = Number(refs.code.value);
    return editor.info &&
      refs.code.value !== "" &&
      Number.isInteger(code) &&
      code >= 0 &&
      code < editor.info.K
      ? code
      : null;
  }

  [...refs.choices.children].forEach((button, n) => {
    for (const [type, shown] of [
      ["pointerenter", n],
      ["pointerleave", null],
      ["focus", n],
      ["blur", null],
    ])
      button.addEventListener(type, () => editor.tryChoice(shown));
    button.addEventListener("click", () => editor.takeChoice(n));
  });
  refs.klass.addEventListener("change", () => editor.setClass(Number(refs.klass.value)));
  refs.order.addEventListener("change", () => editor.setOrder(refs.order.value));
  refs.file.addEventListener("change", () => {
    const [file] = refs.file.files;
    if (file) editor.upload(file);
    refs.file.value = "";
  });
  root.addEventListener("dragover", (event) => event.preventDefault());
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    if (editor.info) editor.pasted(event.dataTransfer);
  });
  refs.textPanel.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = await editor.load(editor.side, { kind: "text", text: refs.text.value });
    refs.textError.textContent = done === true ? "" : done || "";
    if (done === true) {
      refs.text.value = "";
      editor.do("text");
    }
  });
  refs.blend.addEventListener("input", () => editor.blend(Number(refs.blend.value), false));
  refs.blend.addEventListener("change", () => editor.blend(Number(refs.blend.value), true));
  refs.blendOrder.addEventListener("change", () => {
    if (editor.blendFrom) editor.blend(Number(refs.blend.value), true);
  });
  window.addEventListener("pagehide", () => editor.keep());

  // The component's value names the model, and brings a grid when another tab hands one over.
  let stamp = null;
  function follow() {
    const value = props.value;
    if (!value || value.stamp === stamp) return;
    if (!value.model) {
      editor.shut(
        "No model yet. Train one in the Train tab or upload one, and the codes of its pictures will be here.",
      );
      return;
    }
    const handed = value.grid && value.grid.model === value.model ? value.grid : null;
    stamp = value.stamp;
    if (handed || value.model !== editor.info?.model) editor.open(value.model, handed);
  }
  watch("value", follow);
  follow();
}
