// Showing the answers: a column a model, strips of pictures, the best figure of each row, and a sentence.

const VIRIDIS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129],
  [92, 200, 99], [170, 220, 50], [253, 231, 37]];
const ERROR_TOP = 0.3;   // of full brightness: the end of the colour scale, as the page says
const ERROR_COLOURS = Array.from({ length: 256 }, (_, value) => {
  const place = Math.min(1, value / 255 / ERROR_TOP) * (VIRIDIS.length - 1);
  const low = Math.min(VIRIDIS.length - 2, Math.floor(place));
  return VIRIDIS[low].map((c, i) => Math.round(c + (VIRIDIS[low + 1][i] - c) * (place - low)));
});
const FIGURES = [["psnr", "PSNR", "max", (v) => v >= 99.9 ? "equal" : `${v.toFixed(1)} dB`], ["mse", "mse", "min", (v) => v.toFixed(4)],
  ["sharpness", "Sharpness", "one", (v) => `${Math.round(100 * v)} %`], ["bits", "Size", null, (v) => `${Math.round(v)} bits`]];
const STRIP_TEXT = {
  vqvae: (differ) => differ === null ? "" : differ === 1 ? "1 code flips" : `${differ} codes flip, ${differ > 8 ? "a few at a time" : "one by one"}`,
  ae: () => "a straight line between two vectors", vae: () => "slides through its latent space",
  cvae: () => "slides, and the class with it",
};
const SAMPLE_TEXT = {
  random: ["VQ-VAE, random codes", "every code equally likely: no prior at all"],
  prior: ["VQ-VAE, learned prior", "codes drawn by its transformer"],
  ae: ["AE", "a normal as wide as its latents: most of that space was never used"],
  vae: ["VAE", "standard normal, which its latents were trained to follow"],
  cvae: ["Conditional VAE", "standard normal and a class"],
};

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function makePanels(root) {
  const models = root.querySelector(".vc-models"), input = root.querySelector('[data-kind="input"] canvas');
  const [between, samples] = root.querySelectorAll(".vc-strips");
  let size = [28, 28, 1], columns = {};

  // Pixels stay whole: the largest integer scale that fits.
  function fit(canvas) {
    const room = canvas.parentElement.clientWidth;
    if (!room || !canvas.width) return;
    const scale = room >= canvas.width ? Math.min(Math.floor(room / canvas.width), Number(canvas.dataset.most) || 9) : room / canvas.width;
    canvas.style.width = `${canvas.width * scale}px`;
    canvas.style.height = `${canvas.height * scale}px`;
  }
  const layOut = () => root.querySelectorAll("canvas:not(.vc-pad):not(.vc-mini)").forEach(fit);
  new ResizeObserver(layOut).observe(root);

  function open(answer, explained) {
    size = answer.size;
    columns = {};
    models.replaceChildren(...answer.models.map((model) => {
      const figure = make("figure", "vc-column"), caption = make("figcaption"), list = make("dl");
      figure.dataset.kind = model.kind;
      caption.append(make("b", "", model.name), make("span", "", model.collapsed ? `${model.kept}; collapsed` : model.kept));
      const column = { figure, recon: make("canvas"), error: make("canvas"), cells: {} };
      column.recon.setAttribute("aria-label", `Reconstruction by the ${model.name}`);
      column.error.setAttribute("aria-label", `Error of the ${model.name}`);
      for (const canvas of [column.recon, column.error]) [canvas.height, canvas.width] = size;
      for (const [key] of FIGURES) {
        const row = make("div"), name = explained(key), cell = make("dd", "", "–");
        cell.dataset.figure = key;
        const term = make("dt");
        term.append(name);
        row.append(term, cell);
        list.append(row);
        column.cells[key] = cell;
      }
      figure.append(caption, column.recon, column.error, list);
      columns[model.kind] = column;
      return figure;
    }));
    [input.height, input.width] = size;
    between.replaceChildren();
    samples.replaceChildren();
    layOut();
  }

  function show(answer, names) {
    const [height, width, channels] = size;
    paintPixels(input, bytesOf(answer.input), height, width, channels);
    root.querySelector(".vc-did").textContent = answer.did;
    for (const [kind, shown] of Object.entries(answer.models)) {
      const column = columns[kind], error = bytesOf(shown.error), colours = new Uint8Array(3 * error.length);
      paintPixels(column.recon, bytesOf(shown.recon), height, width, channels);
      error.forEach((value, i) => colours.set(ERROR_COLOURS[value], 3 * i));
      paintPixels(column.error, colours, height, width, 3);
      for (const [key, , , text] of FIGURES) column.cells[key].textContent = shown[key] === null ? "–" : text(shown[key]);
    }
    for (const [key, , best] of FIGURES) {
      if (!best) continue;
      const cost = (v) => best === "max" ? -v : best === "min" ? v : Math.abs(v - 1);
      const known = Object.entries(answer.models).filter(([, m]) => m[key] !== null);
      const [winner] = known.sort((a, b) => cost(a[1][key]) - cost(b[1][key]))[0] || [];
      for (const [kind, column] of Object.entries(columns)) column.cells[key].classList.toggle("vc-best", kind === winner);
    }
    root.querySelector(".vc-verdict").textContent = verdict(answer.models, names);
    layOut();
  }

  function verdict(shown, names) {
    const said = [], known = Object.entries(shown).filter(([, m]) => m.sharpness !== null);
    if (known.length > 1) {
      const sorted = known.sort((a, b) => Math.abs(a[1].sharpness - 1) - Math.abs(b[1].sharpness - 1));
      const [first, last] = [sorted[0], sorted[sorted.length - 1]];
      const share = ([, m]) => `${Math.round(100 * m.sharpness)} %`;
      said.push(`Nearest to the edges of your picture: ${names[first[0]]}, with ${share(first)} of their contrast; `
        + `furthest: ${names[last[0]]}, with ${share(last)}.`);
    }
    if (shown.cvae && shown.cvae.guessed) {
      said.push(`The conditional VAE was told no class and took ${names.classes[shown.cvae.label]}, which fits best.`);
    }
    return said.join(" ");
  }

  function strip(title, text, data, count) {
    const row = make("div", "vc-strip"), words = make("div"), box = make("div"), canvas = make("canvas");
    words.append(make("b", "", title), make("span", "", text));
    canvas.setAttribute("aria-label", `${title}: ${count} pictures`);
    canvas.dataset.most = 3;
    box.append(canvas);
    row.append(words, box);
    const bytes = bytesOf(data), [height, width, channels] = size, each = height * width * channels, gap = 2;
    canvas.width = count * (width + gap) - gap;
    canvas.height = height;
    const one = make("canvas");
    for (let i = 0; i < count; i++) {
      paintPixels(one, bytes.subarray(i * each, (i + 1) * each), height, width, channels);
      canvas.getContext("2d").drawImage(one, i * (width + gap), 0);
    }
    return row;
  }

  const count = (data) => bytesOf(data).length / (size[0] * size[1] * size[2]);
  return {
    open, show, layOut,
    walk(answer, names) {
      between.replaceChildren(...Object.entries(answer.models).map(([kind, m]) =>
        strip(names[kind], STRIP_TEXT[kind](m.differ), m.pictures, count(m.pictures))));
      layOut();
    },
    invent(answer) {
      samples.replaceChildren(...answer.rows.map((row) => strip(...SAMPLE_TEXT[row.kind], row.pictures, count(row.pictures))));
      if (answer.missing) samples.firstChild.after(make("p", "vc-hint", answer.missing));
      layOut();
    },
  };
}
