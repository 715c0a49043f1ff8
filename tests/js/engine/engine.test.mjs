// What the engine promises besides its numbers: parts are equal to the whole, damaged files are a
// sentence, a page's questions are answered in order or dropped. node --test tests/js/engine
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { answering } from "../../../vqvae/engine/answering.js";
import { Client } from "../../../vqvae/engine/client.js";
import { costOf, fits, readConfig } from "../../../vqvae/engine/config.js";
import { VQVAE } from "../../../vqvae/engine/model.js";
import { floats, readTensors } from "../../../vqvae/engine/safetensors.js";
import { packed } from "./files.mjs";

const root = new URL("../../../", import.meta.url);
const bytesOf = (path) => new Uint8Array(readFileSync(fileURLToPath(new URL(path, root))));
const jsonOf = (path) => JSON.parse(new TextDecoder().decode(bytesOf(path)));
const CONFIG = jsonOf("checkpoints/mnist/config.json"),
  FILE = bytesOf("checkpoints/mnist/model.safetensors");
const mnist = VQVAE.load(CONFIG, FILE);
const grid = (seed, count = 49) =>
  Int32Array.from({ length: count }, (_, p) => (p * 37 + seed * 101) % 512);

// -- the model ------------------------------------------------------------------------------------

/** All previews, laid into the picture before, beside whole decodes. */
function checkPreviews(model, indices, cells, codes) {
  const base = model.decode(indices),
    { width, channels } = model.config;
  for (let from = 0; from < codes.length;) {
    const part = model.previews(indices, cells, { codes, from, budget: 0 }),
      { window } = part;
    const size = part.pixels.length / (part.to - from);
    for (let n = from; n < part.to; n++) {
      const changed = Array.from(indices);
      for (const cell of cells) changed[cell] = codes[n];
      const whole = Uint8ClampedArray.from(model.decode(changed), (v) => 255 * v);
      const laid = Uint8ClampedArray.from(base, (v) => 255 * v);
      let i = (n - from) * size;
      for (let y = window.top; y < window.bottom; y++) {
        for (let x = window.left * channels; x < window.right * channels; x++) {
          laid[y * width * channels + x] = part.pixels[i++];
        }
      }
      assert.deepEqual(laid, whole);
    }
    from = part.to;
  }
}

test("previews, of which only what can move is drawn, are the whole pictures to the bit", () => {
  const fine = VQVAE.load(
    jsonOf("checkpoints/cifar10-fine/config.json"),
    bytesOf("checkpoints/cifar10-fine/model.safetensors"),
  );
  for (const cells of [[0], [48], [24], [3, 10]]) checkPreviews(mnist, grid(1), cells, [0, 7, 511]);
  for (const cells of [[0], [255], [136], [17, 34]])
    checkPreviews(fine, grid(2, 256), cells, [5, 400]);
});

test("previews of all codes need no second drawing of the rest, and see a grid that changed in between", () => {
  const seen = [];
  for (let from = 0; from < 512;) {
    const part = mnist.previews(grid(3), 24, { from, budget: 5 });
    if (from % 3 === 0) mnist.decode(grid(from)); // something else between two parts
    seen.push(...Array.from({ length: part.to - from }, (_, n) => from + n));
    from = part.to;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 512 }, (_, k) => k),
  );
  mnist.previews(grid(3), 24, { budget: 0 });
  const { pixels } = mnist.previews(grid(4), 24, { codes: [9], budget: 0 }),
    changed = grid(4);
  changed[24] = 9;
  const window = mnist.decode(changed);
  assert.deepEqual(
    pixels,
    Uint8ClampedArray.from(window, (v) => 255 * v),
  ); // the window is the whole of mnist's middle
});

test("an answer is the asker's own: the next question does not write into it", () => {
  const first = mnist.decode(grid(1)),
    kept = first.slice(),
    z = mnist.embed(grid(1));
  mnist.decode(grid(2));
  assert.deepEqual(first, kept);
  z.fill(0);
  assert.deepEqual(mnist.decode(grid(1)), kept);
});

test("wrong questions are one sentence", () => {
  for (const ask of [
    () => mnist.decode([1, 2]),
    () => mnist.decode(grid(1).with(0, 512)),
    () => mnist.decode(grid(1).with(0, -1)),
    () => mnist.decode(Array(49).fill(1.5)),
    () => mnist.decode(Array(49).fill("1")),
    () => mnist.decode(null),
    () => mnist.encode(new Float32Array(3)),
    () => mnist.decodeLatents(new Float64Array(8)),
    () => mnist.distances([1]),
    () => mnist.previews(grid(1), 49),
    () => mnist.previews(grid(1), []),
    () => mnist.previews(grid(1), 0, { codes: [-1] }),
    () => mnist.previews(grid(1), 0, { codes: [] }),
  ]) {
    assert.throws(ask, isSentence);
  }
});

/** One sentence a person can read: a plain Error, not one that the language raised. */
function isSentence(error) {
  assert.equal(error.constructor, Error, error.stack);
  assert.match(error.message, /^[\w."].{10,250}\.$/s);
  assert.doesNotMatch(error.message, /\n|undefined|\[object/);
  return true;
}

// -- files ----------------------------------------------------------------------------------------

const withHeader = (change) => packed(readTensors(FILE), change);
const load =
  (file, config = CONFIG) =>
  () =>
    VQVAE.load(config, file);

test("damaged, cut and hostile weights are one sentence", () => {
  const name = "decoder.layers.0.bias",
    half = (1n << 63n) - 1n;
  const length = (value) => {
    const file = FILE.slice();
    new DataView(file.buffer).setBigUint64(0, value, true);
    return file;
  };
  const entry = (more) =>
    withHeader((header) => {
      Object.assign(header[name], more);
    });
  const spoiled = (value) =>
    packed(readTensors(FILE), (header, data) => {
      new DataView(data.buffer).setFloat32(header[name].data_offsets[0], value, true);
    });
  const files = [
    new Uint8Array(0),
    new Uint8Array(7),
    FILE.slice(0, 100),
    FILE.slice(0, -1),
    length(0n),
    length(half),
    length(BigInt(FILE.length)),
    length(3n),
    new Uint8Array(64).fill(255),
    new Uint8Array([...FILE, 0]),
    entry({ data_offsets: [0, 256] }),
    entry({ data_offsets: [-4, 252] }),
    entry({ data_offsets: [4096, 1e15] }),
    entry({ data_offsets: [4096] }),
    entry({ data_offsets: null }),
    entry({ data_offsets: [4096.5, 4352.5] }),
    entry({ dtype: "F4" }),
    entry({ dtype: "constructor" }),
    entry({ dtype: 3 }),
    entry({ dtype: "I32" }),
    entry({ shape: [32, 2] }),
    entry({ shape: [1e200, 1e200] }),
    entry({ shape: "64" }),
    entry({ shape: [-64] }),
    withHeader((header) => {
      header[name] = null;
    }),
    withHeader((header) => {
      delete header[name];
    }),
    withHeader((header) => {
      header.more = { dtype: "U8", shape: [0], data_offsets: [0, 0] };
    }),
    withHeader((header) => {
      header["decoder.layers.9.bias"] = header[name];
      delete header[name];
    }),
    spoiled(NaN),
    spoiled(Infinity),
  ];
  for (const [n, file] of files.entries())
    assert.throws(load(file), isSentence, `file ${n} was loaded`);
});

test("configs that lie are one sentence, before anything large is made", () => {
  for (const change of [
    { kind: "vae" },
    { channels: 2 },
    { channels: 3 },
    { downsample: 3 },
    { downsample: "4" },
    { height: 30 },
    { width: 2048 },
    { height: 1.5 },
    { hidden_channels: 1e9 },
    { hidden_channels: 32 },
    { residual_blocks: 17 },
    { residual_blocks: 3 },
    { embedding_dim: 0 },
    { embedding_dim: 9 },
    { codebook_size: 1e12 },
    { codebook_size: 511 },
    { codebook_size: 16384 },
    { codebook_size: null },
    { classes: "ab" },
    { format: 2 },
    { height: 1024, width: 1024 },
  ]) {
    assert.throws(load(FILE, { ...CONFIG, ...change }), isSentence, JSON.stringify(change));
  }
  for (const config of [null, 3, "x", [], {}]) assert.throws(load(FILE, config), isSentence);
});

test("bytes at random never hang it and never raise anything but a sentence", () => {
  let state = 7;
  const random = (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  for (let n = 0; n < 400; n++) {
    const file = FILE.slice(0, 20000);
    for (let k = 0; k <= random(20); k++) file[random(n % 2 ? 8 : 12000)] = random(256);
    assert.throws(load(file), isSentence);
  }
});

test("half precision is read to the last bit", () => {
  const bits = new Uint16Array([
    0, 1, 0x3ff, 0x400, 0x3c00, 0xbc00, 0x7bff, 0xfbff, 0x8001, 0x7c00,
  ]);
  const read = (dtype) =>
    Array.from(floats({ dtype, shape: [10], bytes: new Uint8Array(bits.buffer) }));
  assert.deepEqual(read("F16"), [
    0,
    2 ** -24,
    1023 * 2 ** -24,
    2 ** -14,
    1,
    -1,
    65504,
    -65504,
    -(2 ** -24),
    Infinity,
  ]);
  assert.deepEqual(read("BF16").slice(4, 6), [2 ** -7, -(2 ** -7)]);
  assert.ok(
    Number.isNaN(floats({ dtype: "F16", shape: [1], bytes: new Uint8Array([1, 0x7c]) })[0]),
  );
  assert.equal(floats({ dtype: "I16", shape: [1], bytes: new Uint8Array(2) }), null);
});

test("the cost of a model is what its layers multiply, and heavy ones are refused", () => {
  const block = 9 * 64 + 2 * 64 * 128; // a filter a channel, out to twice the channels and back
  const encoder = 9 * 16 * 64 + 4 * block + 64 * 8,
    decoder = 9 * 8 * 64 + 4 * block + 64 * 16;
  assert.deepEqual(costOf(readConfig(CONFIG)), {
    encode: 49 * (encoder + 512 * 8),
    decode: 49 * decoder,
    weights: encoder + decoder + 512 * 8,
  });
  assert.ok(fits(readConfig(CONFIG)));
  assert.ok(!fits(readConfig({ ...CONFIG, height: 1024, width: 1024 })));
  assert.ok(
    !fits(
      readConfig({ ...CONFIG, height: 4, width: 4, hidden_channels: 1024, residual_blocks: 16 }),
    ),
  );
});

// -- what a page asks -----------------------------------------------------------------------------

test("in the page itself: the same answers, errors as sentences, and a closed engine says so", async () => {
  const client = await Client.load(CONFIG, FILE, null);
  assert.deepEqual(await client.ask("decode", [grid(1)]), mnist.decode(grid(1)));
  await assert.rejects(client.ask("decode", [[1]]), isSentence);
  for (const method of ["constructor", "around", "__proto__", "nothing"])
    await assert.rejects(client.ask(method, []), isSentence);
  await assert.rejects(Client.load(CONFIG, FILE.slice(0, 50), null), isSentence);
  const late = client.ask("decode", [grid(1)]);
  client.close();
  await assert.rejects(late, isSentence);
});

test("where no worker can be had the page answers", async () => {
  globalThis.Worker = class {
    constructor() {
      throw new Error("not here");
    }
  };
  const client = await Client.load(CONFIG, FILE, "worker.js");
  assert.equal(client.worker, null);
  assert.equal((await client.ask("encode", [new Float32Array(784)])).length, 49);
  globalThis.Worker = class {
    constructor() {
      setTimeout(() => this.onerror());
    }
  };
  assert.equal((await Client.load(CONFIG, FILE, "worker.js")).worker, null);
  delete globalThis.Worker;
});

test("the worker begins while the weights come, and is let go where they do not", async () => {
  const told = [];
  globalThis.Worker = class {
    constructor() {
      const answer = answering();
      told.push("begun");
      this.postMessage = (message) =>
        void answer(message, (data) => setTimeout(() => this.onmessage({ data })));
      this.terminate = () => told.push("ended");
      setTimeout(() => this.onmessage({}));
    }
  };
  const weights = new Promise((come) => {
    setTimeout(() => {
      told.push("weights");
      come(FILE);
    }, 50);
  });
  const client = await Client.load(CONFIG, weights, "worker.js");
  assert.deepEqual(told, ["begun", "weights"]);
  client.close();
  const lost = Promise.reject(new Error("There is no such model."));
  await assert.rejects(Client.load(CONFIG, lost, "worker.js"), { message: /no such model/u });
  assert.deepEqual(told, ["begun", "weights", "ended", "begun", "ended"]);
  delete globalThis.Worker;
});

test("what takes less than half a frame is answered in the page, the rest by the worker", async () => {
  const asked = [];
  globalThis.Worker = class {
    constructor() {
      const answer = answering();
      this.postMessage = (message) => {
        asked.push(message.method);
        void answer(message, (data) => setTimeout(() => this.onmessage({ data })));
      };
      setTimeout(() => this.onmessage({}));
    }
  };
  const client = await Client.load(CONFIG, FILE, "worker.js");
  const early = client.ask("decode", [grid(1)], { lane: "stroke" });
  while (!client.took)
    await new Promise((go) => {
      setTimeout(go, 20);
    });
  assert.deepEqual(await early, mnist.decode(grid(1)));
  assert.deepEqual(asked, ["load", "decode"]);
  assert.deepEqual(
    await client.ask("decode", [grid(3)], { lane: "stroke" }),
    mnist.decode(grid(3)),
  );
  await assert.rejects(client.ask("decode", [[1]]), isSentence);
  assert.deepEqual(asked, ["load", "decode"]);
  client.took.set("decode", 1000); // this page was slow
  const slow = client.ask("decode", [grid(4)], { lane: "stroke" });
  assert.deepEqual(asked, ["load", "decode", "decode"]);
  client.took.set("decode", 0);
  const newest = client.ask("decode", [grid(5)], { lane: "stroke" });
  assert.equal(await slow, undefined);
  assert.deepEqual(await newest, mnist.decode(grid(5)));
  await client.ask("tiles", []);
  assert.equal(asked.at(-1), "tiles");
  assert.equal(client.waiting.size + client.lanes.size, 0);
  delete globalThis.Worker;
});

test("of a lane the newest question is answered, the stale ones are undefined, other lanes go on", async () => {
  const client = await Client.load(CONFIG, FILE, null);
  const strokes = Array.from({ length: 20 }, (_, n) =>
    client.ask("decode", [grid(n)], { lane: "stroke" }),
  );
  const other = client.ask("decode", [grid(5)], { lane: "palette" }),
    free = client.ask("decode", [grid(6)]);
  const answers = await Promise.all(strokes);
  assert.deepEqual(answers.slice(0, -1), Array(19).fill(undefined));
  assert.deepEqual(answers.at(-1), mnist.decode(grid(19)));
  assert.deepEqual(await other, mnist.decode(grid(5)));
  assert.deepEqual(await free, mnist.decode(grid(6)));
  assert.deepEqual(
    await client.ask("decode", [grid(7)], { lane: "stroke" }),
    mnist.decode(grid(7)),
  );
  assert.equal(client.waiting.size + client.lanes.size, 0);
});

test("previews come in parts, other questions between them, and end when a newer cell is asked for", async () => {
  const client = await Client.load(CONFIG, FILE, null),
    order = [];
  const all = client.ask("previews", [grid(1), 24], {
    lane: "previews",
    onPart: ({ from, to }) => order.push([from, to]),
  });
  await new Promise((go) => {
    setTimeout(go, 40);
  });
  await client.ask("decode", [grid(2)]).then(() => order.push("decode"));
  const done = order.length,
    newer = client.ask("previews", [grid(1), 3, [1, 2]], {
      lane: "previews",
      onPart: () => order.push("new"),
    });
  assert.equal(await all, undefined);
  await newer;
  assert.equal(order.at(-1), "new");
  assert.ok(
    order.indexOf("decode") > 0 &&
      order.filter(Array.isArray).at(-1)[1] < 512 &&
      done <= order.length,
  );
});
