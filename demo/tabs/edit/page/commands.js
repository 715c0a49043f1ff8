// Every command: its name, as buttons have it in data-do, its key, and what it does. Buttons, their
// tooltips, menus and the sheet of keys follow from this list (view/toolbar.js).

import { CHALLENGES } from "./state/challenges.js";
import { VIEWS, after, ordersOf } from "./state/orders.js";

/** @typedef {import("./state/state.js").State} State */

/**
 * @typedef {object} Command
 * @property {string} name
 * @property {string} [key] as keyName gives it
 * @property {string} [label] what it does, in the sheet of keys
 * @property {string} group its row there
 * @property {boolean} [replaces] the whole grid: its key acts where one edits, not on a button
 * @property {(state: State) => true | string} [enabled] true, or why not
 * @property {(state: State) => boolean} [pressed]
 * @property {(state: State) => boolean} [expanded]
 * @property {(state: State) => string} [says] a tooltip that tells more than the label
 * @property {() => unknown} run
 */

/** @typedef {Record<string, Omit<Command, "group">[]>} Groups */

/** @param {import("./editor.js").Editor} editor @returns {Command[]} */
export function makeCommands(editor) {
  const { state, edits, tools, looking, prior, opening, sharing, challenges, say } = editor;
  const flip = (/** @type {keyof State["panels"]} */ name) => ({
    expanded: (/** @type {State} */ { panels }) => panels[name],
    run: () => editor.panels.flip(name),
  });
  const isTool = (/** @type {string} */ name) => (/** @type {State} */ now) => now.tool === name;
  const hasPrior = (/** @type {State} */ { info }) =>
    !!info.prior || (info.why ?? "This model has no prior.");
  function fill() {
    if (state.badCode) say(state.badCode, { bad: true });
    else edits.fill(`fill with ${state.code}`, state.code);
  }
  function sort() {
    const order = after(ordersOf(state.info), state.order);
    looking.sortBy(order.id);
    say(`Palette sorted by ${order.name}.`);
  }

  /** @type {Groups} */
  const groups = {
    "Set a code": [
      { name: "fill", key: "f", label: "fill the selection", run: fill },
      { name: "palette", key: "c", label: "go to the palette", run: () => editor.focusCode() },
    ],
    Tools: [
      { name: "select", pressed: isTool("select"), run: () => tools.turnTo("select") },
      {
        name: "paint",
        key: "p",
        label: "paint",
        pressed: isTool("paint"),
        run: () => tools.toggle("paint"),
      },
      { name: "picker", pressed: isTool("picker"), run: () => tools.toggle("picker") },
      { name: "locker", pressed: isTool("locker"), run: () => tools.toggle("locker") },
      { name: "pick", key: "i", label: "pick code", run: () => tools.pick(state.side.cursor) },
      {
        name: "lock",
        key: "k",
        label: "lock the selection",
        pressed: ({ side }) => side.selection().every((p) => side.locked.includes(p)),
        run: () => edits.toggleLocks(),
      },
      {
        name: "unlock",
        key: "shift+k",
        label: "unlock all",
        enabled: ({ side }) => side.locked.length > 0 || "Nothing is locked.",
        run: () => edits.setLocks("unlock all", []),
      },
    ],
    Selection: [
      {
        name: "add",
        pressed: ({ adding }) => adding,
        run: () => looking.toggleAdding(),
      },
      { name: "all", key: "ctrl+a", label: "select all", run: () => looking.selectAll() },
      { name: "copy", run: () => sharing.copyOut() },
      {
        name: "paste",
        enabled: ({ clip }) => !!clip || "Nothing is copied yet: select cells and copy them.",
        run: () => sharing.paste(),
      },
      {
        name: "swap",
        key: "s",
        label: "swap two",
        enabled: ({ side: { selected } }) =>
          selected.size === 2 ||
          "Select two cells to swap: click one, then the other with Ctrl held.",
        run: () => edits.swap(),
      },
      { name: "mirror", key: "m", label: "mirror", run: () => edits.mirror("horizontal") },
      { name: "flip", key: "shift+m", label: "upside down", run: () => edits.mirror("vertical") },
      { name: "left", key: "alt+arrowleft", run: () => edits.shift(0, -1) },
      { name: "right", key: "alt+arrowright", run: () => edits.shift(0, 1) },
      { name: "up", key: "alt+arrowup", run: () => edits.shift(-1, 0) },
      { name: "down", key: "alt+arrowdown", run: () => edits.shift(1, 0) },
    ],
    History: [
      {
        name: "undo",
        key: "ctrl+z",
        label: "undo",
        enabled: ({ side: { history } }) => history.at > 0 || "Nothing to undo.",
        says: ({ side: { history: h } }) => `Undo ${h.steps[h.at - 1].label} (step ${h.at})`,
        run: () => edits.step("undo"),
      },
      {
        name: "redo",
        key: "ctrl+y",
        label: "redo",
        enabled: ({ side: { history: h } }) => h.at < h.steps.length || "Nothing to redo.",
        says: ({ side: { history: h } }) => `Redo ${h.steps[h.at].label}`,
        run: () => edits.step("redo"),
      },
      {
        name: "reset",
        key: "r",
        label: "reset",
        enabled: ({ side }) =>
          side.changed > 0 || "Nothing to reset: this is the grid as it was opened.",
        replaces: true,
        run: () => edits.reset(),
      },
    ],
    Open: [
      {
        name: "next",
        key: "e",
        label: "next example",
        replaces: true,
        run: () => opening.nextExample(1),
      },
      {
        name: "previous",
        key: "shift+e",
        label: "previous",
        replaces: true,
        run: () => opening.nextExample(-1),
      },
      { name: "random", key: "n", label: "random", replaces: true, run: () => opening.random() },
      { name: "upload", key: "u", label: "file", run: () => editor.chooseFile() },
      { name: "draw", key: "d", label: "draw", replaces: true, run: () => editor.draw() },
      {
        name: "second",
        key: "g",
        label: "second grid",
        pressed: ({ two }) => two,
        run: () => editor.second(),
      },
      { name: "single", run: () => editor.second() },
      { name: "text", key: "t", label: "text", ...flip("text") },
      { name: "share", key: "l", label: "share", ...flip("share") },
      { name: "holder", run: () => editor.openHolder() },
      { name: "savePng", run: () => sharing.savePng() },
      { name: "saveJson", run: () => sharing.saveJson() },
    ],
    Prior: [
      {
        name: "alternatives",
        key: "a",
        label: "fill unlocked cells",
        enabled: hasPrior,
        run: () => prior.alternatives(),
      },
      {
        name: "complete",
        key: "h",
        label: "redraw selected cells, or the lower half",
        enabled: hasPrior,
        run: () => prior.redraw(),
      },
      { name: "polish", key: "b", label: "tidy up", enabled: hasPrior, run: () => prior.polish() },
      {
        name: "surprise",
        key: "x",
        label: "surprise",
        enabled: hasPrior,
        pressed: ({ surprised }) => surprised,
        run: () => prior.toggleSurprise(),
      },
      { name: "train", run: () => editor.train() },
    ],
    Challenges: [
      ...CHALLENGES.map(({ name }) => ({ name, run: () => challenges.start(name) })),
      { name: "measure", run: () => challenges.measure() },
      { name: "restart", run: () => challenges.start(state.attempt?.name ?? "") },
      { name: "leave", run: () => challenges.leave() },
    ],
    View: [
      { name: "order", key: "o", label: "order of the palette", run: sort },
      { name: "unfold", run: () => looking.unfold() },
      {
        name: "view",
        key: "v",
        label: "what the picture shows",
        run: () => looking.show(after(VIEWS, state.view).id),
      },
      { name: "keys", key: "?", label: "this sheet", ...flip("keys") },
      { name: "retry", run: () => editor.retry() },
    ],
  };
  return Object.entries(groups).flatMap(([group, all]) =>
    all.map((command) => ({ group, ...command })),
  );
}
