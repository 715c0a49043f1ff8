// The box around what of a photo goes in: moved, pulled and turned it stays on the photo, and what the model is
// told is what is drawn.
import assert from "node:assert/strict";
import test from "node:test";

import { Box } from "../../demo/page/drawing/box.js";

const PAD = { height: 200, width: 200 };

/** A photo twice as wide as tall across the pad, with two digits found on it. */
const photo = () => ({
  place: [0.25, 0, 0.75, 1],
  found: [
    [0.2, 0.1, 0.8, 0.3],
    [0.2, 0.6, 0.8, 0.8],
  ],
});

/** Where a corner is drawn. @param {Box} box @param {number[]} corner */
function cornerOf(box, [sx, sy]) {
  const { x, y, wide, tall } = box.frame,
    angle = (box.turn * Math.PI) / 180,
    [dx, dy] = [(sx * wide) / 2, (sy * tall) / 2];
  return [
    x + dx * Math.cos(angle) - dy * Math.sin(angle),
    y + dx * Math.sin(angle) + dy * Math.cos(angle),
  ];
}

/** @param {number[] | null} found @param {number[]} wanted */
function near(found, wanted) {
  assert.equal(found?.length, wanted.length);
  found?.forEach((value, n) => assert.ok(Math.abs(value - wanted[n]) < 1e-6, `${found} ${wanted}`));
}

test("as it was found, a digit is named and no box is sent", () => {
  const box = new Box(photo(), PAD);
  assert.deepEqual(box.part, { digit: 0, box: null, turn: 0 });
  assert.deepEqual(
    box.others().map(({ number }) => number),
    [1],
  );
  const { x, y, wide, tall } = box.frame;
  near([x, y], [40, 100]);
  assert.ok(wide > 40 && tall > 60, "with some room around it");
});

test("a box of one's own is sent as shares of the photo, and hides the digit that it holds", () => {
  const box = new Box(photo(), PAD);
  box.put({ x: 140, y: 100, wide: 80, tall: 50 });
  near(box.part.box, [0.25, 0.5, 0.75, 0.9]);
  assert.deepEqual(
    box.others().map(({ number }) => number),
    [0],
  );
  box.choose(1);
  assert.deepEqual(box.part, { digit: 1, box: null, turn: 0 });
});

for (const turn of [0, 30, -45]) {
  test(`a corner is pulled to the pointer and the one across stays, turned by ${turn}`, () => {
    const box = new Box(photo(), PAD);
    box.put({ x: 100, y: 100, wide: 40, tall: 30 });
    box.turnTo(turn);
    for (const corner of [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ]) {
      const across = cornerOf(box, [-corner[0], -corner[1]]),
        pulled = cornerOf(box, corner);
      const by = { x: corner[0] * 4 + 1, y: corner[1] * 5 - 1 };
      box.pull(box.frame, corner, by);
      near(cornerOf(box, [-corner[0], -corner[1]]), across);
      near(cornerOf(box, corner), [pulled[0] + by.x, pulled[1] + by.y]);
    }
  });
}

test("its middle stays on the photo, and its sides within bounds", () => {
  const box = new Box(photo(), PAD);
  box.move({ x: -1000, y: 1000 });
  near([box.frame.x, box.frame.y], [0, 150]);
  for (let n = 0; n < 100; n++) box.grow(2);
  near([box.frame.wide, box.frame.tall], [200, 200]);
  for (let n = 0; n < 100; n++) box.grow(0.5);
  near([box.frame.wide, box.frame.tall], [8, 8]);
});

test("four quarters are none, a quarter swaps the sides, and what was chosen outlives the box", () => {
  const framed = photo(),
    box = new Box(framed, PAD);
  const { wide, tall } = box.frame;
  box.turnQuarter();
  near([box.frame.wide, box.frame.tall, box.turn], [tall, wide, 90]);
  box.turnTo(70);
  assert.equal(box.turn, 135, "no further than 45 beside the quarters");
  assert.equal(new Box(framed, PAD).turn, 135);
  for (let n = 0; n < 3; n++) box.turnQuarter();
  assert.equal(box.turn, 45);
  box.put({ x: 100, y: 100, wide: 40, tall: 20 });
  box.turnQuarter();
  near([box.frame.wide, box.frame.tall], [20, 40]);
});

test("where nothing was found, a square stands in the middle", () => {
  const box = new Box({ ...photo(), found: [] }, PAD);
  assert.ok(box.isNothing);
  near([box.frame.x, box.frame.y, box.frame.wide, box.frame.tall], [100, 100, 50, 50]);
  box.move({ x: 1, y: 0 });
  assert.ok(!box.isNothing);
});
