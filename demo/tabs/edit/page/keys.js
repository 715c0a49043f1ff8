// Which command a key leads to. Letters act when the focus is on a grid, the palette or a button of
// the editor, not in a field.

import { closest } from "../../../page/dom.js";

/**
 * "ctrl+shift+z" for an event; the command key of a Mac counts as ctrl. @param {{key: string,
 * ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, shiftKey?: boolean}} event
 */
export function keyName({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const ownShift = key.length === 1 && key.toLowerCase() === key.toUpperCase(); // as "?" has
  return [
    ctrlKey || metaKey ? "ctrl+" : "",
    altKey ? "alt+" : "",
    shiftKey && !ownShift && key !== "Shift" ? "shift+" : "",
    key.toLowerCase(),
  ].join("");
}

/**
 * @param {HTMLElement} root @param {import("./editor.js").Editor} editor
 */
export function listenToKeys(root, editor) {
  const { state, commands } = editor;
  const byKey = new Map(commands.map((command) => [command.key, command])),
    again = commands.find(({ name }) => name === "redo");
  if (again) byKey.set("ctrl+shift+z", again);

  /** One step back from whatever is open or begun; false where nothing is. @param {Event} event */
  function escape(event) {
    const menu = closest(event, "details.menu[open]"),
      [panel] = Object.entries(state.panels).find(([, open]) => open) ?? [];
    if (menu) {
      menu.removeAttribute("open");
      menu.querySelector("summary")?.focus();
    } else if (panel && closest(event, ".panel")) editor.do(panel);
    else if (editor.typing.cancel()) editor.say("");
    else if (state.preview || closest(event, ".codes, .choices")) editor.takeBack();
    else if (state.tool !== "select") editor.do("select");
    else if (panel) editor.do(panel);
    else return false;
    return true;
  }

  root.addEventListener("keydown", (event) => {
    if (!state.isOpen || event.defaultPrevented) return;
    if (event.key === "Escape") {
      if (escape(event)) event.preventDefault();
      return;
    }
    const name = keyName(event),
      command = byKey.get(name),
      moves = name.includes("arrow") && closest(event, "[role=radiogroup]");
    if (!command || moves || closest(event, "input, textarea, select")) return;
    if (command.replaces && closest(event, "button, summary")) return;
    event.preventDefault();
    editor.do(command.name);
  });
}
