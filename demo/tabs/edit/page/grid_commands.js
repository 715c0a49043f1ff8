// Commands on the grid: its selection, its history, the tools, and how one looks at it.

import { VIEWS, after, ordersOf } from "./state/orders.js";

/** @typedef {import("./commands.js").Command} Command */
/** @typedef {import("./editor.js").Editor} Editor */

/** @param {Editor} editor @returns {Command[]} */
const ofSelection = ({ state, edits, sharing, looking, say }) => [
  {
    name: "all",
    key: "ctrl+a",
    label: "select all",
    group: "Selection",
    run: () => looking.select(state.side, state.side.flat.keys(), state.side.cursor, 0),
  },
  {
    name: "fill",
    key: "f",
    label: "fill the selection",
    group: "Set a code",
    run: () =>
      state.badCode
        ? say(state.badCode, { bad: true })
        : edits.fill(`fill with ${state.code}`, state.code),
  },
  { name: "copy", label: "copy", run: () => sharing.copyOut() },
  {
    name: "paste",
    label: "paste",
    enabled: ({ clip }) => !!clip || "Nothing is copied yet: select cells and copy them.",
    run: () => sharing.paste(),
  },
  {
    name: "swap",
    key: "s",
    label: "swap two",
    group: "Selection",
    enabled: ({ side }) =>
      side.selected.size === 2 ||
      "Select two cells to swap: click one, then the other with Ctrl held.",
    run: () => edits.swap(),
  },
  {
    name: "mirror",
    key: "m",
    label: "mirror",
    group: "Selection",
    run: () => edits.mirror("horizontal", "mirror left and right"),
  },
  {
    name: "flip",
    key: "shift+m",
    label: "upside down",
    group: "Selection",
    run: () => edits.mirror("vertical", "mirror top and bottom"),
  },
  { name: "left", key: "alt+arrowleft", run: () => edits.shift(0, -1) },
  { name: "right", key: "alt+arrowright", run: () => edits.shift(0, 1) },
  { name: "up", key: "alt+arrowup", run: () => edits.shift(-1, 0) },
  { name: "down", key: "alt+arrowdown", run: () => edits.shift(1, 0) },
  {
    name: "lock",
    key: "k",
    label: "lock",
    group: "Tools",
    pressed: ({ side }) => side.selection().every((p) => side.locked.includes(p)),
    run: () => edits.toggleLocks(),
  },
  {
    name: "unlock",
    key: "shift+k",
    label: "unlock all",
    group: "Tools",
    enabled: ({ side }) => side.locked.length > 0 || "Nothing is locked.",
    run: () => edits.setLocks("unlock all", []),
  },
];

/** @param {Editor} editor @returns {Command[]} */
const ofHistory = ({ edits }) => [
  {
    name: "undo",
    key: "ctrl+z",
    label: "undo",
    group: "History",
    enabled: ({ side }) => side.history.at > 0 || "Nothing to undo.",
    says: ({ side: { history: h } }) => `Undo ${h.steps[h.at - 1].label} (step ${h.at})`,
    run: () => edits.step("undo"),
  },
  {
    name: "redo",
    key: "ctrl+y",
    label: "redo",
    group: "History",
    enabled: ({ side: { history: h } }) => h.at < h.steps.length || "Nothing to redo.",
    says: ({ side: { history: h } }) => `Redo ${h.steps[h.at].label}`,
    run: () => edits.step("redo"),
  },
  {
    name: "reset",
    key: "r",
    label: "reset",
    group: "History",
    enabled: ({ side }) =>
      side.changed > 0 || "Nothing to reset: this is the grid as it was opened.",
    run: () => edits.reset(),
  },
];

/** @param {Editor} editor @returns {Command[]} */
const ofTools = ({ state, tools, looking, say, focusCode }) => [
  {
    name: "select",
    pressed: ({ tool }) => tool === "select",
    run: () => tools.turnTo("select"),
  },
  {
    name: "paint",
    key: "p",
    label: "paint",
    group: "Tools",
    pressed: ({ tool }) => tool === "paint",
    run: () => tools.toggle("paint"),
  },
  {
    name: "picker",
    pressed: ({ tool }) => tool === "picker",
    run: () => tools.toggle("picker"),
  },
  {
    name: "locker",
    pressed: ({ tool }) => tool === "locker",
    run: () => tools.toggle("locker"),
  },
  {
    name: "pick",
    key: "i",
    label: "pick code",
    group: "Tools",
    run: () => tools.pick(state.side.cursor),
  },
  { name: "palette", key: "c", label: "go to the palette", group: "Set a code", run: focusCode },
  {
    name: "order",
    key: "o",
    label: "order of the palette",
    group: "View",
    run() {
      const order = after(ordersOf(state.info), state.order);
      looking.sortBy(order.id);
      say(`Palette sorted by ${order.name}.`);
    },
  },
  { name: "unfold", run: () => looking.unfold() },
  {
    name: "view",
    key: "v",
    label: "what the picture shows",
    group: "View",
    run: () => looking.show(after(VIEWS, state.view).id),
  },
];

/** @param {Editor} editor */
export const gridCommands = (editor) => [
  ...ofSelection(editor),
  ...ofHistory(editor),
  ...ofTools(editor),
];
