// Every command: its name, as buttons have it in data-do, its key, and what it does. Buttons, their
// tooltips, menus and the sheet of keys follow from this list (view/toolbar.js).

import { gridCommands } from "./grid_commands.js";

/** @typedef {import("./state/state.js").State} State */
/** @typedef {import("./editor.js").Editor} Editor */

/**
 * @typedef {object} Command
 * @property {string} name
 * @property {string} [key] as keyName gives it
 * @property {string} [label] what it does, in the sheet of keys
 * @property {string} [group] its row there
 * @property {(state: State) => true | string} [enabled] true, or why not
 * @property {(state: State) => boolean} [pressed]
 * @property {(state: State) => boolean} [expanded]
 * @property {(state: State) => string} [says] a tooltip that tells more than the label
 * @property {() => unknown} run
 */

/** @param {Editor} editor @returns {Command[]} */
const ofOpening = (editor) => [
  {
    name: "next",
    key: "e",
    label: "next example",
    group: "Open",
    run: () => editor.opening.example(editor.state.number + 1),
  },
  {
    name: "previous",
    key: "shift+e",
    label: "previous",
    group: "Open",
    run: () => editor.opening.example(editor.state.number - 1),
  },
  { name: "random", key: "n", label: "random", group: "Open", run: () => editor.opening.random() },
  { name: "upload", key: "u", label: "picture", group: "Open", run: () => editor.chooseFile() },
  { name: "draw", key: "d", label: "draw", group: "Open", run: () => editor.draw() },
  {
    name: "second",
    key: "g",
    label: "second grid",
    group: "Open",
    pressed: ({ two }) => two,
    run: () => editor.second(),
  },
];

/** @param {Editor} editor @returns {Command[]} */
const ofPanels = (editor) => [
  {
    name: "text",
    key: "t",
    label: "text",
    group: "Open",
    expanded: ({ panels }) => panels.text,
    run: () => editor.flip("text"),
  },
  {
    name: "share",
    key: "l",
    label: "share",
    group: "Open",
    expanded: ({ panels }) => panels.share,
    run: () => editor.flip("share") && editor.sharing.share(),
  },
  {
    name: "keys",
    key: "?",
    label: "this sheet",
    group: "View",
    expanded: ({ panels }) => panels.keys,
    run: () => editor.flip("keys"),
  },
  { name: "savePng", run: () => editor.sharing.savePng() },
  { name: "saveJson", run: () => editor.sharing.saveJson() },
  { name: "retry", run: () => editor.retry() },
];

/** @param {Editor} editor @returns {Command[]} */
const ofPrior = (editor) => {
  /** @param {State} state */
  const enabled = ({ info }) => !!info.prior || (info.why ?? "This model has no prior.");
  return [
    {
      name: "alternatives",
      key: "a",
      label: "fill unlocked cells",
      group: "Prior",
      enabled,
      run: () => editor.prior.alternatives(),
    },
    {
      name: "complete",
      key: "h",
      label: "redraw lower half",
      group: "Prior",
      enabled,
      run: () => editor.prior.lowerHalf(),
    },
    {
      name: "polish",
      key: "b",
      label: "tidy up",
      group: "Prior",
      enabled,
      run: () => editor.prior.polish(),
    },
    {
      name: "surprise",
      key: "x",
      label: "surprise",
      group: "Prior",
      enabled,
      pressed: ({ surprised }) => surprised,
      run: () => editor.judge(),
    },
    { name: "train", run: () => editor.train() },
  ];
};

/** All of them. @param {Editor} editor @returns {Command[]} */
export const makeCommands = (editor) => [
  ...ofOpening(editor),
  ...gridCommands(editor),
  ...ofPrior(editor),
  ...ofPanels(editor),
];
