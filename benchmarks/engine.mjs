// What benchmarks/engine.py runs in node: node engine.mjs FOLDER... prints one JSON object a model.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { VQVAE } from "../vqvae/engine/model.js";

const WARM = 20,
  RUNS = 60;

/** Milliseconds of each of `runs` calls, in order of size. */
function times(call, runs = RUNS, warm = WARM) {
  for (let n = 0; n < warm; n++) call(n);
  return Array.from({ length: runs }, (_, n) => {
    const start = performance.now();
    call(n);
    return performance.now() - start;
  }).sort((a, b) => a - b);
}

/** All previews of the middle cell, in slices as in a page: [ms of each]. */
function slices(model, indices) {
  const { rows, columns } = model.grid,
    cell = (rows >> 1) * columns + (columns >> 1),
    each = [];
  for (let from = 0; from < model.config.codebook_size;) {
    const start = performance.now();
    from = model.previews(indices, cell, { from }).to;
    each.push(performance.now() - start);
  }
  return each;
}

for (const folder of process.argv.slice(2)) {
  const config = JSON.parse(readFileSync(`${folder}/config.json`, "utf8"));
  const file = readFileSync(`${folder}/model.safetensors`);
  const model = VQVAE.load(config, file),
    { height, width, channels } = model.config;
  const x = Float32Array.from(
    { length: height * width * channels },
    (_, i) => ((i * 7919) % 256) / 255,
  );
  const indices = model.encode(x),
    all = Array.from({ length: 3 }, () => slices(model, indices));
  const totals = all.map((each) => each.reduce((a, b) => a + b)).sort((a, b) => a - b);
  console.log(
    JSON.stringify({
      model: basename(folder),
      load: times(() => VQVAE.load(config, file), 9, 2),
      encode: times(() => model.encode(x)),
      decode: times((n) => model.decode(indices.with(0, n))),
      tiles: times(() => model.tiles(), 3, 1),
      previews: totals,
      slice: all.map((each) => Math.max(...each)),
    }),
  );
}
