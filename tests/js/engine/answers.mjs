// What the engine says, for tests/test_engine.py to hold against PyTorch: node answers.mjs
// FOLDER... Each folder has config.json, model.safetensors and x.f32; the answers are written
// beside them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VQVAE } from "../../../vqvae/engine/model.js";
import { errorMap, mse, psnr, ssim } from "../../../vqvae/engine/metrics.js";

const floats = (file) => new Float32Array(new Uint8Array(readFileSync(file)).buffer);

for (const folder of process.argv.slice(2)) {
  const at = (name) => join(folder, name);
  const config = JSON.parse(readFileSync(at("config.json"), "utf8"));
  const model = VQVAE.load(config, readFileSync(at("model.safetensors")));
  const xs = floats(at("x.f32")),
    size = config.height * config.width * config.channels;
  const all = { latents: [], indices: [], pictures: [], unquantized: [], errors: [] },
    figures = [];
  for (let n = 0; n < xs.length / size; n++) {
    const x = xs.subarray(n * size, (n + 1) * size),
      z = model.latents(x),
      indices = model.encode(x);
    const picture = model.decode(indices);
    all.latents.push(...z);
    all.indices.push(...indices);
    all.pictures.push(...picture);
    all.unquantized.push(...model.decodeLatents(z));
    all.errors.push(...errorMap(x, picture, config.channels));
    figures.push([mse(x, picture), psnr(x, picture), ssim(x, picture, config)]);
  }
  for (const [name, values] of Object.entries(all))
    writeFileSync(at(`${name}.f64`), new Float64Array(values));
  writeFileSync(at("tiles.u8"), model.tiles());
  writeFileSync(at("figures.json"), JSON.stringify(figures));
}
