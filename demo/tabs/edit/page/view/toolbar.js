// Buttons, what is said about the state in words, and which panels are open.

import { find, hide, make, put, set, write } from "../../../../page/dom.js";
import { Grid } from "../state/grid.js";
import { VIEWS } from "../state/orders.js";
import { onChange, placeOf, ref, showTile } from "./paint.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("../commands.js").Command} Command */

/** @type {Record<State["tool"], [name: string, says: string]>} */
const TOOLS = {
  select: ["Select", "click or drag; Shift and Ctrl add"],
  paint: ["Paint", "drag over cells"],
  picker: ["Pick code", "click a cell"],
  locker: ["Lock", "click or drag over cells"],
};
const NAMES = { arrowleft: "←", arrowright: "→", arrowup: "↑", arrowdown: "↓" };

/** As a person reads it: "Ctrl Shift Z". @param {string} key as keyName gives it */
const keyLabel = (key) =>
  key
    .split("+")
    .map((part) => NAMES[part] ?? part[0].toUpperCase() + part.slice(1))
    .join(" ");

/** @param {HTMLElement} root @param {Command[]} commands */
export function makeToolbar(root, commands) {
  const views = ref(root, "views"),
    code = ref(root, "code", HTMLInputElement),
    blend = ref(root, "blend", HTMLInputElement);
  /** @type {Map<Command, HTMLElement[]>} */
  const buttons = new Map();

  for (const command of commands) {
    const own = [
      .../** @type {NodeListOf<HTMLElement>} */ (
        root.querySelectorAll(`[data-do="${command.name}"]`)
      ),
    ];
    buttons.set(command, own);
    if (command.key) describe(command, own, keyLabel(command.key));
  }
  for (const { id, name } of VIEWS)
    views.append(make("button", "", { type: "button", role: "radio", "data-view": id }, name));

  /**
   * The key, in the tooltip or the menu and in the sheet of all keys.
   * @param {Command} command @param {HTMLElement[]} own @param {string} said
   */
  function describe({ key, label, group }, own, said) {
    for (const button of own) {
      if (button.closest(".menu")) button.append(" ", make("kbd", "", {}, said));
      else button.title = `${button.title || label} (${said})`;
      set(button, "aria-keyshortcuts", key);
    }
    if (!label) return;
    const row = find(root, `[data-keys="${group}"]`);
    row.append(row.hasChildNodes() ? ", " : "", make("kbd", "", {}, said), ` ${label}`);
  }

  /** @param {State} state */
  function press(state) {
    for (const [{ enabled, pressed, expanded, says }, own] of buttons)
      for (const button of own) {
        const can = enabled?.(state) ?? true;
        if (enabled && !button.hasAttribute("data-needs-server"))
          set(button, "aria-disabled", can !== true);
        if (pressed) set(button, "aria-pressed", pressed(state));
        if (expanded) set(button, "aria-expanded", expanded(state));
        if (says) set(button, "title", can === true ? says(state) : can);
      }
  }

  const adopt = onChange(
    ({ info }) => [info],
    ({ info: { h, w, K, examples } }) => {
      const bits = Math.ceil(h * w * Math.log2(K));
      ref(root, "size").textContent =
        `${h} × ${w} cells, ${K.toLocaleString("en")} codes: ${bits.toLocaleString("en")} bits`;
      code.max = String(K - 1);
      ref(root, "number", HTMLInputElement).max = String(Math.max(0, examples - 1));
      ref(root, "examples").hidden = !examples;
      ref(root, "ofAll").textContent = `of ${examples}`;
    },
  );

  /** @param {State} state */
  function readOut({ info, side, a, b, two, hovered, painting, surprised, code: painted }) {
    const p = hovered ?? side.cursor,
      many = side.selected.size;
    const place = placeOf(p, info.w);
    return [
      `${place[0].toUpperCase()}${place.slice(1)}: `,
      two
        ? `code ${a.flat[p]} in the first grid, ${b.flat[p]} in the second`
        : `code ${side.flat[p]}`,
      side.locked.includes(p) ? ", locked" : "",
      surprised && side.bits ? ` · surprise ${side.bits[p].toFixed(1)} bits` : "",
      hovered === null && many > 1 ? ` · ${many} selected` : "",
      painting ? ` · painting with code ${painted}` : "",
    ].join("");
  }

  /** @param {State} state */
  function tellBlend({ a, b, blendFrom }) {
    if (!blendFrom) put(blend, 0);
    const all = Grid.differing(blendFrom ?? a.history.flat, b.flat),
      left = Grid.differing(a.flat, b.flat);
    write(ref(root, "blendSaid"), `${all - left} of ${all} differing cells`);
  }

  return {
    /** @param {State} state */
    render(state) {
      const { side, a, info, panels, badCode, two } = state;
      adopt(state);
      put(ref(root, "number", HTMLInputElement), state.side.source.number ?? "");
      for (const [name, open] of Object.entries(panels)) hide(ref(root, `${name}Panel`), !open);
      if (!side.isOpen) return;
      press(state);
      const all = side.selection().every((p) => side.locked.includes(p));
      write(ref(root, "lock"), all ? "Unlock selection" : "Lock selection");
      ["toolName", "toolSays"].forEach((name, n) => write(ref(root, name), TOOLS[state.tool][n]));
      ref(root, "boardA").classList.toggle("active", two && side === a);
      ref(root, "boardB").classList.toggle("active", two && side !== a);
      for (const node of views.querySelectorAll("button")) {
        set(node, "aria-checked", node.dataset.view === state.view);
        set(node, "tabindex", node.dataset.view === state.view ? 0 : -1);
      }
      showTile(ref(root, "codeTile"), state.code, info.sheet.columns, 24);
      set(code, "aria-invalid", !!badCode);
      if (document.activeElement !== code && !badCode) put(code, state.code);
      write(ref(root, "readout"), readOut(state));
      const blacks = new Set(a.flat.filter((k) => state.blacks.has(k)));
      hide(ref(root, "whyBlack"), blacks.size < 2);
      if (two) tellBlend(state);
    },
  };
}
