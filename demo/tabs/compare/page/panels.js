// Shows the answers: a column a model, strips of pictures, the best figure of each row, and a
// sentence.

import { contextOf, find, make } from "../../../page/dom.js";
import { bytesOf } from "../../../page/packed.js";
import { ERROR_TOP, clear, paintMap, paintPixels, sizeOf } from "../../../page/pixels.js";

/**
 * @typedef {{classes: string[], [kind: string]: any}} Names of the kinds of model, and of the
 * classes
 */

/** Name, which is best ("max", "min", nearest to "one"), text. */
const FIGURES = /** @type {[string, string | null, (v: number) => string][]} */ ([
  ["psnr", "max", (v) => (v >= 99.9 ? "equal" : `${v.toFixed(1)} dB`)],
  ["mse", "min", (v) => v.toFixed(4)],
  ["sharpness", "one", (v) => `${Math.round(100 * v)} %`],
  ["bits", null, (v) => `${Math.round(v)} bits`],
]);

/** @type {Record<string, (differ: number | null) => string>} */
const STRIP_TEXT = {
  vqvae(differ) {
    if (differ === null) return "";
    return differ === 1
      ? "1 code flips"
      : `${differ} codes flip, ${differ > 8 ? "a few at a time" : "one by one"}`;
  },
  ae: () => "a straight line between two vectors",
  vae: () => "slides through its latent space",
  cvae: () => "slides, and the class with it",
};
/** @type {Record<string, [string, string]>} */
const SAMPLE_TEXT = {
  random: ["VQ-VAE, random codes", "every code equally likely: no prior at all"],
  prior: ["VQ-VAE, learned prior", "codes drawn by its transformer"],
  ae: ["AE", "a normal as wide as its latents: most of that space was never used"],
  vae: ["VAE", "standard normal, which its latents were trained to follow"],
  cvae: ["Conditional VAE", "standard normal and a class"],
};

/** @param {HTMLElement} root */
export function makePanels(root) {
  const models = find(root, ".vc-models"),
    input = find(root, '[data-kind="input"] canvas', HTMLCanvasElement);
  const between = find(root, ".vc-between .vc-strips"),
    samples = find(root, ".vc-samples .vc-strips");
  let size = sizeOf([28, 28, 1]);
  /** @type {Record<string, ReturnType<typeof columnOf>>} */
  let columns = {};
  /** Why no best one is named, or "". */
  let untrained = "";

  // Pixels stay whole: the largest integer scale that fits.
  /** @param {HTMLCanvasElement} canvas */
  function fit(canvas) {
    const room = canvas.parentElement?.clientWidth;
    if (!room || !canvas.width) return;
    const most = Number(canvas.dataset.most) || 9;
    const scale =
      room >= canvas.width ? Math.min(Math.floor(room / canvas.width), most) : room / canvas.width;
    canvas.style.width = `${canvas.width * scale}px`;
    canvas.style.height = `${canvas.height * scale}px`;
  }
  const layOut = () =>
    root
      .querySelectorAll("canvas:not(.vc-pad, .vq-example)")
      .forEach((canvas) => fit(/** @type {HTMLCanvasElement} */ (canvas)));
  new ResizeObserver(layOut).observe(root);

  // A figure for each model: what comes back of the picture, the error, and the measurements.
  function columnOf(model, explained) {
    const figure = make("figure", "vc-column"),
      caption = make("figcaption"),
      list = make("dl");
    figure.dataset.kind = model.kind;
    caption.append(
      make("b", "", {}, model.name),
      make("span", "", {}, model.collapsed ? `${model.kept}; collapsed` : model.kept),
    );
    const { width, height } = size,
      cells = /** @type {Record<string, HTMLElement>} */ ({});
    const recon = make("canvas", "", {
      width,
      height,
      "aria-label": `Reconstruction by the ${model.name}`,
    });
    const error = make("canvas", "", { width, height, "aria-label": `Error of the ${model.name}` });
    for (const [key] of FIGURES) {
      const row = make("div"),
        term = make("dt");
      cells[key] = make("dd", "", { "data-figure": key }, "–");
      term.append(explained(key));
      row.append(term, cells[key]);
      list.append(row);
    }
    figure.append(caption, recon, error, list);
    return { figure, recon, error, cells };
  }

  function open(answer, explained) {
    size = sizeOf(answer.size);
    untrained = answer.untrained;
    columns = Object.fromEntries(
      answer.models.map((model) => [model.kind, columnOf(model, explained)]),
    );
    models.replaceChildren(...Object.values(columns).map((column) => column.figure));
    Object.assign(input, { width: size.width, height: size.height });
    between.replaceChildren();
    samples.replaceChildren();
    layOut();
  }

  function show(answer, names) {
    paintPixels(input, bytesOf(answer.input), size);
    find(root, ".vc-did").textContent = answer.did;
    for (const [kind, shown] of Object.entries(answer.models)) {
      const { recon, error, cells } = columns[kind];
      paintPixels(recon, bytesOf(shown.recon), size);
      paintMap(error, bytesOf(shown.error), size, ERROR_TOP);
      for (const [key, , text] of FIGURES)
        cells[key].textContent = shown[key] === null ? "–" : text(shown[key]);
    }
    markBest(answer.models);
    find(root, ".vc-verdict").textContent = verdict(answer.models, names);
    layOut();
  }

  function markBest(shown) {
    for (const [key, best] of FIGURES) {
      if (!best) continue;
      const cost = (v) => (best === "max" ? -v : best === "min" ? v : Math.abs(v - 1));
      const known = Object.entries(shown).filter(([, m]) => m[key] !== null);
      const [winner] = untrained
        ? []
        : (known.sort((a, b) => cost(a[1][key]) - cost(b[1][key]))[0] ?? []);
      for (const [kind, { cells }] of Object.entries(columns))
        cells[key].classList.toggle("vc-best", kind === winner);
    }
  }

  // Nothing to see goes in, so nothing comes out: no picture and no figure, and a sentence that
  // says why.
  function nothing(why) {
    clear(input, ...Object.values(columns).flatMap((column) => [column.recon, column.error]));
    for (const cell of Object.values(columns).flatMap((column) => Object.values(column.cells))) {
      cell.textContent = "–";
      cell.classList.remove("vc-best");
    }
    between.replaceChildren();
    find(root, ".vc-did").textContent = why;
    find(root, ".vc-verdict").textContent = "";
  }

  function verdict(shown, names) {
    const said = [],
      known = Object.entries(shown).filter(([, m]) => m.sharpness !== null);
    if (untrained) said.push(untrained);
    else if (known.length > 1) {
      const sorted = known.sort(
        (a, b) => Math.abs(a[1].sharpness - 1) - Math.abs(b[1].sharpness - 1),
      );
      const [first, last] = [sorted[0], sorted[sorted.length - 1]];
      const share = ([, m]) => `${Math.round(100 * m.sharpness)} %`;
      said.push(
        `Sharpest: ${names[first[0]]}, with ${share(first)} of the input's edge contrast; ` +
          `blurriest: ${names[last[0]]}, with ${share(last)}.`,
      );
    }
    if (shown.cvae && shown.cvae.guessed) {
      said.push(
        `The conditional VAE was given no class and chose ${names.classes[shown.cvae.label]}, which fits best.`,
      );
    }
    return said.join(" ");
  }

  // As many pictures as the data holds, side by side.
  function strip(title, text, data) {
    const row = make("div", "vc-strip"),
      words = make("div"),
      box = make("div");
    const bytes = bytesOf(data),
      { height, width, channels } = size,
      each = height * width * channels,
      gap = 2;
    const count = bytes.length / each,
      canvas = make("canvas", "", {
        "aria-label": `${title}: ${count} pictures`,
        width: count * (width + gap) - gap,
        height,
        "data-most": 3,
      });
    const one = make("canvas"),
      pen = contextOf(canvas);
    for (let i = 0; i < count; i++) {
      paintPixels(one, bytes, size, i * each);
      pen.drawImage(one, i * (width + gap), 0);
    }
    words.append(make("b", "", {}, title), make("span", "", {}, text));
    box.append(canvas);
    row.append(words, box);
    return row;
  }

  function walk(answer, names) {
    between.replaceChildren(
      ...Object.entries(answer.models).map(([kind, m]) =>
        strip(names[kind], STRIP_TEXT[kind](m.differ), m.pictures),
      ),
    );
    layOut();
  }

  function invent(answer) {
    samples.replaceChildren(
      ...answer.rows.map((row) => strip(...SAMPLE_TEXT[row.kind], row.pictures)),
    );
    if (answer.missing) samples.firstChild?.after(make("p", "vc-hint", {}, answer.missing));
    layOut();
  }

  return { open, show, nothing, walk, invent };
}
