// The editor's scripts that need no page, and the wire to the server: node --test tests/js
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { packed } from "../../demo/page/packed.js";
import { Wire } from "../../demo/page/wire.js";
import { makeCommands } from "../../demo/tabs/edit/page/commands.js";
import { Edits } from "../../demo/tabs/edit/page/edits.js";
import { keyName } from "../../demo/tabs/edit/page/keys.js";
import { Opening } from "../../demo/tabs/edit/page/opening.js";
import { Prior } from "../../demo/tabs/edit/page/prior.js";
import { Attempt, progressOf } from "../../demo/tabs/edit/page/state/challenges.js";
import { Grid } from "../../demo/tabs/edit/page/state/grid.js";
import { History } from "../../demo/tabs/edit/page/state/history.js";
import { NOTHING, State } from "../../demo/tabs/edit/page/state/state.js";
import { Store } from "../../demo/tabs/edit/page/state/store.js";
import { Typing } from "../../demo/tabs/edit/page/state/typing.js";

const read = (name) =>
  readFileSync(new URL(`../../demo/tabs/edit/page/${name}`, import.meta.url), "utf8");
const tick = (ms = 0) => new Promise((done) => setTimeout(done, ms));

test("a stroke crosses neighbouring cells only, from its first to its last", () => {
  for (let a = 0; a < 49; a++)
    for (let b = 0; b < 49; b++) {
      const cells = Grid.stroke(a, b, 7);
      assert.equal(cells[0], a);
      assert.equal(cells.at(-1), b);
      for (let n = 1; n < cells.length; n++) {
        const dr = Math.floor(cells[n] / 7) - Math.floor(cells[n - 1] / 7),
          dc = (cells[n] % 7) - (cells[n - 1] % 7);
        assert.ok(Math.max(Math.abs(dr), Math.abs(dc)) === 1);
      }
    }
});

test("a thousand steps can be undone and done again, also after a reload", () => {
  const start = Array.from({ length: 49 }, (_, p) => p),
    history = new History(start),
    states = [start];
  for (let n = 0; n < 1000; n++) {
    const next = Grid.fill(history.flat, [n % 49, (n * 7) % 49], (n * 31 + 50) % 512);
    if (history.push(`step ${n}`, next)) states.push(next);
  }
  for (let n = 0; n < 500; n++) history.undo();
  const again = History.from(JSON.parse(JSON.stringify(history)), 49, 512, 1);
  for (const one of [history, again]) {
    assert.deepEqual(one.flat, states[states.length - 501]);
    while (one.redo() !== null);
    assert.deepEqual(one.flat, states.at(-1));
    while (one.undo() !== null);
    assert.deepEqual(one.flat, start);
    assert.equal(one.undo(), null);
  }
});

test("opening another grid is a step: undo goes back behind it to the source before", () => {
  const history = new History([1, 2]);
  history.push("edit", [1, 3]);
  history.push("open", [7, 7], 1);
  assert.equal(history.source, 1);
  assert.ok(history.push("open the same once more", [7, 7], 2));
  history.undo();
  history.undo();
  assert.deepEqual([history.flat, history.source], [[1, 3], 0]);
  assert.ok(!history.push("nothing changes", [1, 3]));
  history.redo();
  assert.deepEqual([history.flat, history.source], [[7, 7], 1]);
});

test("locks are steps of their own: undone, done again, and kept over a reload", () => {
  const history = new History([1, 2, 3]);
  assert.ok(history.push("lock", history.flat, 0, [0, 2]));
  assert.ok(!history.push("lock the same", history.flat, 0, [0, 2]));
  history.push("edit", [1, 5, 3]);
  history.push("open", [7, 7, 7], 1, []);
  assert.deepEqual(history.locked, []);
  history.undo();
  const again = History.from(JSON.parse(JSON.stringify(history)), 3, 8, 2);
  for (const one of [history, again]) {
    assert.deepEqual(
      [one.locked, one.flat],
      [
        [0, 2],
        [1, 5, 3],
      ],
    );
    one.undo();
    one.undo();
    assert.deepEqual([one.locked, one.flat], [[], [1, 2, 3]]);
    while (one.redo() !== null);
    assert.deepEqual([one.locked, one.source], [[], 1]);
  }
  const bad = JSON.parse(JSON.stringify(history));
  for (const locks of [7, [3], [-1], ["0"]]) {
    bad.steps[0][3] = locks;
    assert.equal(History.from(bad, 3, 8, 2), null);
  }
});

test("a damaged history is refused", () => {
  const good = JSON.parse(JSON.stringify(new History([1, 2])));
  assert.ok(History.from(good, 2, 8, 1));
  for (const bad of [
    null,
    {},
    { ...good, first: { flat: [1], source: 0 } },
    { ...good, first: { flat: [1, 8], source: 0 } },
    { ...good, first: { flat: [1, 2], source: 1 } },
    { ...good, steps: 3 },
    { ...good, steps: [["x", [[5, 1, 2]], 0]] },
    { ...good, steps: [["x", [[0, 1, 99]], 0]] },
    { ...good, steps: [["x", [[0.5, 1, 2]], 0]] },
    { ...good, steps: [[]] },
  ])
    assert.equal(History.from(bad, 2, 8, 1), null);
});

test("what the clipboard holds is checked before it is pasted", () => {
  const patch = { rows: 1, columns: 2, indices: [3, 4] };
  assert.deepEqual(Grid.readPatch(JSON.stringify({ patch }), 8), patch);
  for (const bad of [
    "",
    "3",
    "{}",
    JSON.stringify({ patch: { ...patch, rows: 2 } }),
    JSON.stringify({ patch: { ...patch, indices: [3, 8] } }),
    JSON.stringify({ patch: { ...patch, indices: [3, "4"] } }),
    JSON.stringify({ patch: { rows: 1e9, columns: 2, indices: [] } }),
  ])
    assert.equal(Grid.readPatch(bad, 8), null);
});

// A server whose answers the test lets go one by one.
function slowServer() {
  const asked = [];
  return {
    asked,
    f: (request) =>
      new Promise((done) =>
        asked.push({ request, done: (more) => done({ ok: true, n: request.n, ...more }) }),
      ),
  };
}

test("a lane keeps one request in flight and of those that wait sends only the newest", async () => {
  const server = slowServer(),
    wire = new Wire(server, () => {}),
    painted = [];
  for (const x of [1, 2, 3, 4]) wire.send("lane", "f", { x }, (answer) => painted.push(answer.x));
  assert.equal(server.asked.length, 1);
  server.asked[0].done({ x: 1 });
  await tick();
  assert.deepEqual(
    server.asked.map((a) => a.request.x),
    [1, 4],
  );
  server.asked[1].done({ x: 4 });
  await tick();
  assert.deepEqual(painted, [1, 4]);
  assert.ok(server.asked[1].request.n > server.asked[0].request.n);
});

test("an answer to a request from before another model was opened is dropped", async () => {
  const server = slowServer(),
    wire = new Wire(server, () => {}),
    painted = [];
  wire.send("lane", "f", { x: 1 }, () => painted.push(1));
  wire.renew();
  server.asked[0].done();
  await tick();
  assert.deepEqual(painted, []);
});

test("an answer with another number is no answer", async () => {
  let calls = 0;
  const server = { f: async ({ n }) => (++calls === 1 ? { ok: true, n: n - 1 } : { ok: true, n }) };
  const wire = new Wire(
    server,
    () => {},
    () => tick(1),
  );
  assert.ok((await wire.ask("f", {})).ok);
  assert.equal(calls, 2);
});

test("a lost server is asked again until it is back, with the newest state, and both are said", async () => {
  let up = false;
  const seen = [],
    told = [],
    server = {
      f: async ({ n, x }) => {
        if (!up) throw new Error("refused");
        seen.push(x);
        return { ok: true, n };
      },
    };
  const wire = new Wire(
    server,
    (lost) => told.push(lost),
    () => tick(5),
  );
  wire.send("lane", "f", { x: "first" }, () => {});
  await tick(20);
  wire.send("lane", "f", { x: "newest" }, () => {});
  await tick(20);
  up = true;
  wire.retry();
  await tick(30);
  assert.deepEqual(told, [true, false]);
  assert.deepEqual(seen, ["newest"]);
});

test("a server that hangs counts as lost", async () => {
  let calls = 0;
  const told = [],
    server = {
      f: ({ n }) => (++calls === 1 ? new Promise(() => {}) : Promise.resolve({ ok: true, n })),
    };
  assert.ok(
    (
      await new Wire(
        server,
        (lost) => told.push(lost),
        () => tick(),
        10,
      ).ask("f", {})
    ).ok,
  );
  assert.deepEqual(told, [true, false]);
});

test("a refusal is an answer: it is not asked again", async () => {
  let calls = 0;
  const wire = new Wire(
    {
      f: async ({ n }) => {
        calls++;
        return { ok: false, n, error: "no" };
      },
    },
    () => {},
  );
  assert.equal((await wire.ask("f", {})).error, "no");
  assert.equal(calls, 1);
});

test("a busy server is asked again in a moment, and its sentence is told", async () => {
  let calls = 0;
  const told = [],
    server = {
      f: async ({ n }) =>
        ++calls < 3 ? { ok: false, n, again: true, error: "busy" } : { ok: true, n },
    };
  const wire = new Wire(
    server,
    (lost) => told.push(lost),
    () => tick(1),
  );
  wire.onBusy = (sentence) => told.push(sentence);
  assert.ok((await wire.get("f", {})).ok);
  assert.deepEqual(told, ["busy", "busy"]);
});

test("a refusal is thrown where the answer itself is wanted; a late answer is null", async () => {
  const wire = new Wire(
    { no: async () => ({ ok: false, error: "no" }), yes: async () => ({ ok: true }) },
    () => {},
  );
  await assert.rejects(wire.get("no", {}), { message: "no" });
  const late = wire.get("yes", {});
  wire.renew();
  assert.equal(await late, null);
});

test("a request may be made when it is sent, keep something here, or be none at all", async () => {
  const server = slowServer(),
    wire = new Wire(server, () => {}),
    done = [];
  let x = 1;
  wire.send(
    "lane",
    "f",
    () => null,
    () => done.push("never"),
  );
  const send = () =>
    wire.send(
      "lane",
      "f",
      () => ({ x, local: `at ${x}` }),
      (answer, local) => done.push(local),
    );
  send();
  send();
  x = 2;
  server.asked[0].done();
  await tick();
  assert.equal(server.asked[1].request.x, 2, "sent before the answer is painted");
  assert.equal(server.asked[1].request.local, undefined);
  server.asked[1].done();
  await tick();
  assert.deepEqual(done, ["at 1", "at 2"]);
});

function place(room = 1e6) {
  const kept = new Map();
  return {
    kept,
    get length() {
      return kept.size;
    },
    key: (n) => [...kept.keys()][n] ?? null,
    getItem: (k) => kept.get(k) ?? null,
    removeItem: (k) => kept.delete(k),
    setItem(k, v) {
      const size = [...kept].reduce(
        (sum, [key, value]) => sum + (key === k ? 0 : value.length),
        v.length,
      );
      if (size > room) throw new Error("quota");
      kept.set(k, v);
    },
  };
}
const info = { model: "mnist", fingerprint: "00c0ffee" };

test("two windows keep their own edits; a third that has none starts from the latest", () => {
  const shared = place(),
    one = new Store(place(), shared),
    two = new Store(place(), shared);
  one.save(info, { x: 1 });
  two.save(info, { x: 2 });
  assert.equal(one.load(info).x, 1);
  assert.equal(two.load(info).x, 2);
  assert.equal(new Store(place(), shared).load(info).x, 2);
  assert.equal(one.load({ ...info, fingerprint: "other" }), null);
});

test("where there is no more room other models' copies give way, and at last it is said", () => {
  const told = [],
    store = new Store(place(120), place(120), () => told.push("full"));
  store.save({ ...info, model: "other" }, { x: "y".repeat(50) });
  store.own.kept.clear();
  store.save(info, { x: "z".repeat(50) });
  assert.equal(store.load(info).x[0], "z");
  assert.deepEqual(told, []);
  store.save(info, { x: "z".repeat(200) });
  assert.deepEqual(told, ["full"]);
});

test("damaged or forbidden storage is as if nothing had been kept", () => {
  const damaged = place();
  damaged.kept.set(Store.key(info), "{");
  assert.equal(new Store(damaged, null).load(info), null);
});

test("typed digits become a code as soon as no further digit fits", () => {
  const taken = [],
    said = [],
    typing = new Typing(
      (text) => said.push(text),
      (code) => taken.push(code),
    );
  for (const ch of "137") typing.digit(ch, 512);
  typing.digit("9", 512);
  assert.deepEqual(taken, [137]);
  assert.ok(typing.finish());
  for (const ch of "99") typing.digit(ch, 512);
  assert.deepEqual(taken, [137, 9, 99], "no code of 512 has 99 as its first two digits");
  typing.digit("7", 512);
  typing.digit("7", 64);
  assert.match(said.at(-1), /no code 77: codes run from 0 to 63/);
  typing.digit("5", 512);
  assert.ok(typing.cancel());
  assert.ok(!typing.finish());
});

test("a key has one name, and every button and key one command", () => {
  assert.equal(keyName({ key: "Z", ctrlKey: true, shiftKey: true }), "ctrl+shift+z");
  assert.equal(keyName({ key: "z", metaKey: true }), "ctrl+z");
  assert.equal(keyName({ key: "M", shiftKey: true }), "shift+m");
  assert.equal(keyName({ key: "?", shiftKey: true }), "?");
  const commands = makeCommands({}),
    names = commands.map(({ name }) => name),
    keys = commands.flatMap(({ key }) => key ?? []);
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(keys).size, keys.length);
  const buttons = new Set([...read("edit.html").matchAll(/data-do="(\w+)"/g)].map((one) => one[1]));
  for (const name of buttons) assert.ok(names.includes(name), name);
  for (const { name, key } of commands)
    assert.ok(
      key || buttons.has(name) || ["retry", "holder"].includes(name),
      `nothing leads to ${name}`,
    );
});

// A model of 2 x 2 cells, one pixel each, whose picture is the codes themselves.
function digits(number = 46) {
  const state = new State(),
    model = { ...NOTHING, model: "mnist", h: 2, w: 2, K: 256, height: 2, width: 2, examples: 60 };
  const tiles = { width: 1, height: 256, data: new Uint8ClampedArray(4 * 256).fill(255) };
  state.adopt({ ...model, sheet: { png: "", columns: 1, rows: 256 } }, tiles);
  const picture = packed(Uint8Array.of(9, 9, 9, 9));
  state.a.open({
    indices: [
      [1, 2],
      [3, 4],
    ],
    input: picture,
    pixels: picture,
    about: `example ${number}`,
    number,
  });
  return state;
}
const said = (state) => progressOf(state).says;
const done = (state) => progressOf(state).done;

test("locked cells keep their codes in every edit, and the opened grid stays as it was", () => {
  const { a } = digits();
  a.history.push("lock", a.flat, 0, [1]);
  assert.ok(a.change("fill", [7, 7, 7, 7]));
  assert.deepEqual(a.flat, [7, 2, 7, 7]);
  assert.ok(a.change("reset", a.source.flat));
  assert.ok(!a.change("fill", [1, 9, 3, 4]), "only a locked cell would change");
  assert.deepEqual([a.flat, a.source.flat, a.changed], [[1, 2, 3, 4], [1, 2, 3, 4], 0]);
});

test("an edit says how far it went, and that locked cells stay", () => {
  const state = digits(),
    { a } = state,
    heard = [];
  const nothing = () => {},
    shared = { state, update: nothing, changed: nothing, say: (text) => heard.push(text) },
    edits = new Edits(shared, nothing),
    LOCKED = "Locked cells keep their codes: unlock them first.";
  a.history.push("lock", a.flat, 0, [1]);
  a.select([0, 1, 2]);
  edits.fill("fill with 7", 7);
  assert.deepEqual(heard.splice(0), ["Fill with 7: 2 cells changed; 1 locked cell kept."]);
  edits.fill("fill with 7", 7);
  assert.deepEqual(heard.splice(0), [LOCKED]);
  a.select([3]);
  edits.fill("fill with 7", 7);
  assert.deepEqual(heard, [], "what one look shows is not said");
  state.code = 9;
  for (const cells of [[1, 0], [1]]) edits.stroke(cells);
  edits.stroke([], true);
  assert.deepEqual(heard.splice(0), ["Stroke of code 9: 1 cell changed; 1 locked cell kept."]);
  edits.stroke([1]);
  edits.stroke([], true);
  assert.deepEqual(heard.splice(0), [LOCKED]);
  edits.stroke([0]);
  edits.stroke([], true);
  assert.deepEqual(heard, [], "a stroke forgets the one before");
});

/** Opens grids, each answered when the test says so. */
function openings() {
  const state = digits(),
    heard = [],
    answers = [];
  const nothing = () => {},
    root = { setAttribute: nothing, classList: { remove: nothing } },
    shared = { state, update: nothing, changed: nothing, say: (text) => heard.push(text) },
    wire = { ask: () => new Promise((answered) => answers.push(answered)) };
  const opening = new Opening(root, shared, { wire, computing: { engine: null } }, nothing);
  const answer = (n, about) => {
    const picture = packed(Uint8Array.of(9, 9, 9, 9)),
      indices = [
        [5, 5],
        [5, 5],
      ];
    answers[n]({ ok: true, about, indices, input: picture, pixels: picture });
  };
  return { state, heard, answers, opening, answer };
}

test("a picture that comes late does not replace one that was asked for after it", async () => {
  const { state, heard, answers, opening, answer } = openings(),
    file = tick(5),
    loads = [
      opening.load(file.then(() => ({ kind: "picture", file: "" }))),
      opening.example(3),
      opening.example(4),
    ];
  await tick(20);
  state.a.select([1, 2, 3], 2);
  answer(0, "example 3, class 1"); // asked of the server before the file was read
  assert.equal(await loads[1], "");
  assert.deepEqual(state.a.selection(), [2], "the next code is meant for one cell");
  answers[1]({ ok: false, error: "no" });
  assert.equal(await loads[2], "no");
  answer(2, "a photo");
  assert.equal(await loads[0], null);
  assert.equal(state.a.source.about, "example 3, class 1");
  assert.equal(state.a.source.number, 3);
  assert.deepEqual(heard.length, 2);
});

test("a file that cannot be read is a sentence, and nothing once another picture is there", async () => {
  const { heard, opening, answer } = openings(),
    fails = () => tick(5).then(() => Promise.reject(new Error("too large")));
  assert.equal(await opening.load(fails()), "too large");
  const late = opening.load(fails()),
    example = opening.example(1);
  await tick();
  answer(0, "example 1, class 0");
  await example;
  assert.equal(await late, null);
  assert.equal(heard.filter((text) => text === "too large").length, 1);
});

test("a state outlives a reload as far as it fits its model", () => {
  const before = digits();
  before.a.change("edit", [1, 2, 3, 9]);
  before.a.select([2, 3], 3);
  Object.assign(before, { code: 77, view: "effect", order: "usage", klass: 4, surprised: true });
  const after = digits();
  assert.ok(after.restore(JSON.parse(JSON.stringify(before))));
  assert.deepEqual([after.a.flat, after.a.selection(), after.a.cursor], [[1, 2, 3, 9], [2, 3], 3]);
  assert.equal(after.a.history.undo(), "edit");
  assert.deepEqual([after.code, after.view], [77, "effect"]);
  // This model has neither counts nor a prior.
  assert.deepEqual([after.order, after.klass, after.surprised], ["similarity", -1, false]);
  const saved = JSON.parse(JSON.stringify(before));
  saved.a.sources[0].input = "AA==";
  assert.ok(!digits().restore(saved), "a picture of another size is of another model");
});

test("what a prior filled in is good while the cells it kept hold what they held", () => {
  const state = digits(),
    frame = state.frame(state.a, [0, 1]);
  assert.ok(state.isGood(frame));
  state.a.change("below", [1, 2, 8, 8]);
  assert.ok(state.isGood(frame));
  state.a.change("above", [5, 2, 8, 8]);
  assert.ok(!state.isGood(frame));
  state.a.history.undo();
  assert.ok(state.isGood(frame));
  state.klass = 3;
  assert.ok(!state.isGood(frame));
});

test("where the prior may redraw nothing it says which cells are locked, and asks nothing", () => {
  const state = digits(),
    { a } = state,
    heard = [],
    asked = [];
  const nothing = () => {},
    shared = { state, update: nothing, changed: nothing, say: (text) => heard.push(text) },
    wire = { send: (...one) => asked.push(one) },
    prior = new Prior(shared, wire, nothing, nothing);
  a.history.push("lock", a.flat, 0, [2, 3]);
  a.select([2, 3]);
  prior.redraw();
  a.select([0]);
  prior.redraw();
  a.history.push("lock", a.flat, 0, [0, 1, 2, 3]);
  prior.alternatives();
  const told = heard.map((text) => text.split(":")[0]);
  assert.deepEqual(told, [
    "All cells that are selected are locked",
    "All cells of the lower half are locked",
    "All cells are locked",
  ]);
  assert.equal(asked.length, 0);
  a.history.push("unlock", a.flat, 0, [3]);
  a.select([2, 3]);
  prior.redraw();
  assert.deepEqual(asked[0][2].locked, [0, 1, 3], "of those selected the one that is free");
});

test("an 8 needs most votes and few cells", () => {
  const state = digits(),
    attempt = (state.attempt = new Attempt("eight"));
  assert.match(said(state), /^0 cells changed of at most 5; checking…\.$/);
  attempt.votes = { 3: 10, 5: 1 };
  assert.match(said(state), /digits are 3 \(10×\), 5 \(1×\); none is an 8 yet\.$/);
  attempt.votes = { 3: 5, 8: 5, 5: 1 };
  assert.ok(!done(state), "a tie is no majority");
  assert.match(said(state), /; 8 must come first\.$/);
  attempt.votes = { 3: 4, 8: 5, 5: 2 };
  assert.ok(done(state));
  assert.match(said(state), /digits are 8 \(5×\), 3 \(4×\), 5 \(2×\)\.$/);
  Object.defineProperty(state.a, "changed", { value: 6 });
  assert.ok(!done(state), "six cells are one too many");
  state.a.open({
    indices: [
      [8, 8],
      [8, 8],
    ],
    input: "",
    pixels: "",
    about: "example 47, class 8",
    number: 47,
  });
  assert.ok(!done(state) && /another one/.test(said(state)), "an 8 that was opened is none");
});

test("few bits count only while the picture is still like the input", () => {
  const state = digits(19),
    attempt = (state.attempt = new Attempt("bits"));
  assert.ok(!done(state));
  attempt.bits = 200.4;
  assert.ok(done(state));
  attempt.bits = 200.6;
  assert.ok(!done(state));
  attempt.bits = 120;
  state.a.pixels = Uint8Array.from([9, 9, 9, 200]);
  assert.ok(!done(state), said(state));
});

test("a prediction is right among the five strongest cells once all are measured", () => {
  const state = digits();
  state.a.open({
    indices: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    input: "",
    pixels: "",
    about: "example 0, class 7",
    number: 0,
  });
  state.info = { ...state.info, w: 3 };
  const attempt = (state.attempt = new Attempt("reach"));
  state.a.select([3], 3);
  assert.equal(said(state), "Your prediction: row 2, column 1.");
  attempt.predicted = 3;
  attempt.strengths = [1, 9, 8];
  assert.equal(said(state), "Measured 3 of 6 cells.");
  attempt.strengths = [1, 9, 8, 3, 5, 4];
  assert.ok(done(state));
  assert.equal(said(state), "Row 2, column 1 is number 5 of 6; the strongest is row 1, column 2.");
  attempt.predicted = 0;
  assert.ok(!done(state));
});
