// What the pages compute themselves, for tests/test_computing.py to hold against the server's
// answers: node computing.mjs < {config, weights: file, info, edit: [[question, asked], ...]}
// or {config, weights: file, model, pads: [{source, tidy, height, width, data: base64 of RGBA},
// ...]}
import { readFileSync } from "node:fs";

import { Client } from "../../vqvae/engine/client.js";
import { Computing as Editing } from "../../demo/tabs/edit/page/computing.js";
import { Computing as Reconstructing } from "../../demo/tabs/reconstruct/page/computing.js";

const asked = JSON.parse(readFileSync(0, "utf8"));
const engine = await Client.load(asked.config, readFileSync(asked.weights), null);
const answers = [];
const editor = Object.assign(new Editing({}), { info: asked.info, engine }).questions();
for (const [question, { pixels, ...more }] of asked.edit ?? []) {
  answers.push(await editor[question]({ ...more, pixels: pixels && Uint8Array.from(pixels) }));
}
const pad = Object.assign(new Reconstructing({}), { model: asked.model, engine }).questions();
for (const { source, tidy, data, height, width } of asked.pads ?? []) {
  const image = { height, width, data: new Uint8ClampedArray(Buffer.from(data, "base64")) };
  const answer = await pad.reconstruct({ source, tidy, taken: null, pixels: () => image });
  const { picture: unquantized, psnr: psnr_unquantized } = (await answer.unquantized) ?? {};
  answers.push(unquantized ? { ...answer, unquantized, psnr_unquantized } : answer);
}
const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);
process.stdout.write(JSON.stringify(answers, plain));
