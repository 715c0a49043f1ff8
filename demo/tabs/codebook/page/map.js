// The map: codes and encoder outputs by PCA, t-SNE or UMAP, and a picture dropped onto it.

import { find } from "../../../page/dom.js";
import { makeFollower } from "./asking.js";
import { pressChoice } from "./choices.js";
import { cssColour, makeFigure } from "./figure.js";
import { csvLine, saveText } from "./saving.js";
import { grouped } from "./usage.js";

/** @type {Record<string, string>} */
const NAMES = { pca: "PCA", tsne: "t-SNE", umap: "UMAP" };

/** @param {HTMLElement} root @param {import("./main.js").Shared} shared */
export function makeMap(root, { ask, plotly, onCode, state, say }) {
  const part = find(root, ".vc-map");
  const figure = makeFigure(find(part, ".vc-plane"), plotly, { onCode, bar: true, scroll: true });
  const follower = makeFollower(find(part, ".vc-job"), ask),
    note = find(part, ".vc-map-note");
  const colour = find(part, '[data-map="colour"]', HTMLSelectElement);
  const byClass = find(colour, '[value="class"]', HTMLOptionElement);
  const pictures = find(part, '[data-map="picture"]', HTMLSelectElement);
  const seed = find(part, '[data-map="seed"]', HTMLInputElement);
  const options = { method: "pca", dimensions: 2 };
  /** @type {any} the server's */
  let answer = null;
  let turn = 0,
    drawn = { ...options };

  function open(opened) {
    options.method = "pca";
    options.dimensions = 2;
    byClass.hidden = !opened.has_classes || !opened.has_latents;
    if (colour.value === "class" && byClass.hidden) colour.value = "usage";
    listPictures(opened);
    return draw();
  }
  // Where a picture can come from: the Reconstruct tab while it is in this page, the editor's,
  // those stored.
  function listPictures(opened) {
    const choices = [["", "none"]];
    if (drawnPicture()) choices.push(["drawn", "the one in Reconstruct"]);
    if (state.handed && state.handed.model === state.model)
      choices.push(["handed", "the one given to the editor"]);
    for (let i = 0; i < Math.min(opened.stored, 10); i++)
      choices.push([`stored ${i}`, `test picture ${i + 1}`]);
    const before = pictures.value;
    pictures.replaceChildren(...choices.map(([value, text]) => new Option(text, value)));
    pictures.value = choices.some(([value]) => value === before) ? before : "";
  }
  function drawnPicture() {
    const canvas = document.querySelector('#vq-reconstruct [data-stage="input"] canvas');
    return canvas instanceof HTMLCanvasElement && canvas.width > 1 ? canvas : null;
  }
  function picture() {
    const drawnNow = drawnPicture();
    if (pictures.value === "drawn" && drawnNow) return { input: drawnNow.toDataURL("image/png") };
    if (pictures.value === "handed" && state.handed)
      return { indices: state.handed.indices, input: state.handed.input };
    if (pictures.value.startsWith("stored")) return { stored: Number(pictures.value.slice(7)) };
    return null;
  }
  async function draw() {
    const mine = ++turn;
    follower.stop();
    showSeed();
    const request = {
      model: state.model,
      counted: state.counted,
      ...options,
      colour: colour.value,
      seed: Math.floor(Number(seed.value)) || 0,
      picture: picture(),
    };
    try {
      let got = await ask("codebook_map", request);
      if (mine !== turn || !got) return;
      if (got.job) {
        // Until it is there the old map stays, and must not pass for the new one.
        part.dataset.fitting = options.method;
        note.textContent = `${NAMES[options.method]} is being fitted; until it is done you see the old map.`;
        if (!(await follower.follow(got.job))) return mine === turn ? back() : undefined;
        got = await ask("codebook_map", request);
        if (mine !== turn || !got) return;
        if (got.job)
          throw new Error("The map was dropped before it could be shown; ask for it again.");
      }
      await show(got);
      say("");
    } catch (error) {
      if (mine === turn) {
        say(error.message);
        back();
      }
    }
  }
  // Stopped or failed: the controls return to the map that is still on show.
  function back() {
    Object.assign(options, drawn);
    delete part.dataset.fitting;
    tell();
    for (const name of ["method", "dimensions"]) pressChoice(part, name, String(options[name]));
    showSeed();
  }
  // PCA has no chance in it; the field's place stays reserved.
  function showSeed() {
    find(part, ".vc-seed").classList.toggle("vc-away", options.method === "pca");
  }

  async function show(got) {
    // From a plane to a space nothing can be kept: begin anew.
    if (answer && answer.dimensions !== got.dimensions) figure.clear();
    answer = got;
    drawn = { ...options };
    if (got.dimensions === 3)
      got.figure.data.push({
        type: "scatter3d",
        mode: "markers",
        x: [],
        y: [],
        z: [],
        hoverinfo: "skip",
        showlegend: false,
        name: "selected",
        marker: {
          symbol: "circle-open",
          size: 16,
          color: cssColour(part, "--vq-accent"),
          line: { width: 4 },
        },
      });
    await figure.draw(got.figure);
    mark(state.code);
    delete part.dataset.fitting;
    tell();
  }
  // What the map on show is, below it.
  function tell() {
    if (!answer) return;
    const got = answer;
    const explained = got.explained.length
      ? `The axes show ${(100 * got.explained.reduce((a, b) => a + b, 0)).toFixed(0)} % of the variance. `
      : "";
    const dead = state.counts.some((n) => n === 0) && state.counts.some((n) => n > 0);
    const marks = `Diamonds are codes${dead ? ", crosses dead codes" : ""}${state.opened.has_latents ? ", dots encoder outputs of test pictures" : ""}. `;
    const placed = got.placed
      ? `Orange: the ${got.placed} cells of the picture, each with a line to the code it was snapped to. `
      : "";
    note.textContent =
      `${got.note ? `${got.note} ` : ""}${marks}${placed}${explained}${grouped(got.points)} points. Trustworthiness ` +
      `${(100 * got.trust).toFixed(1)} %: at 100 %, all neighbours on the map are real neighbours.${
        state.opened.has_latents
          ? ""
          : " This checkpoint holds no encoder outputs, so only the codes are shown."
      }`;
  }
  function mark(code) {
    const at = answer && answer.codes[code];
    if (!at) return;
    if (answer.dimensions === 3) {
      figure.mark(null);
      figure.restyle({ x: [[at[0]]], y: [[at[1]]], z: [[at[2]]] }, [answer.figure.data.length - 1]);
    } else figure.mark({ x: at[0], y: at[1] });
  }
  function savePoints() {
    if (!answer) return;
    const axes = ["x", "y", "z"].slice(0, answer.dimensions);
    saveText(
      `codebook-map-${answer.method}.csv`,
      `${[
        csvLine(["code", ...axes, "count"]),
        ...answer.codes.map((at, code) => csvLine([code, ...at, state.counts[code]])),
      ].join("\n")}\n`,
      "text/csv",
    );
  }
  colour.addEventListener("change", draw);
  pictures.addEventListener("change", draw);
  seed.addEventListener("change", draw);
  pictures.addEventListener("pointerdown", () => state.opened && listPictures(state.opened));
  pictures.addEventListener("focus", () => state.opened && listPictures(state.opened));
  return {
    open,
    draw,
    mark,
    figure,
    savePoints,
    stop() {
      turn += 1;
      follower.stop();
      back();
    },
    set(change) {
      Object.assign(options, change);
      return draw();
    },
    drop(value) {
      listPictures(state.opened);
      pictures.value = value;
      return draw();
    },
    save: (format) => figure.save(`codebook-map-${options.method}`, format),
  };
}
