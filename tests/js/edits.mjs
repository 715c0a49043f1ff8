// Runs edits of grid.js given as JSON on standard input and prints the resulting grids:
// test_edit.py compares them with vqvae/codes.py.
import { readFileSync } from "node:fs";

import { Grid } from "../../demo/tabs/edit/page/state/grid.js";

const run = {
  fill: ({ flat, cells, code }) => Grid.fill(flat, cells, code),
  swap: ({ flat, a, b }) => Grid.swap(flat, a, b),
  shift: ({ flat, region, w, down, right }) => Grid.shift(flat, region, w, down, right),
  mirror: ({ flat, region, w, axis }) => Grid.mirror(flat, region, w, axis),
  paste: ({ flat, other, region, at, h, w }) =>
    Grid.paste(flat, Grid.copy(other, region, w), at, h, w),
  interpolate: ({ flat, other, share, h, w, order }) =>
    Grid.interpolate(flat, other, share, h, w, order),
};
const asked = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(asked.map((edit) => run[edit.do](edit))));
