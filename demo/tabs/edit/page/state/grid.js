// Edits of a grid, without a page: tested by node (tests/js) against vqvae/grids/codes.py. A grid is
// `flat`, an array of h * w codes in reading order; a cell is its position in it. Edits return a new
// array.

/** @typedef {{row: number, column: number, rows: number, columns: number}} Region */
/** @typedef {{rows: number, columns: number, indices: number[]}} Patch what the clipboard holds */

export const Grid = {
  // The smallest rectangle around some cells: {row, column, rows, columns}.
  bounds(cells, w) {
    const rows = cells.map((p) => Math.floor(p / w)),
      columns = cells.map((p) => p % w);
    const row = Math.min(...rows),
      column = Math.min(...columns);
    return {
      row,
      column,
      rows: Math.max(...rows) - row + 1,
      columns: Math.max(...columns) - column + 1,
    };
  },

  // The cells of a rectangle, in reading order.
  cellsOf({ row, column, rows, columns }, w) {
    const cells = [];
    for (let r = row; r < row + rows; r++)
      for (let c = column; c < column + columns; c++) cells.push(r * w + c);
    return cells;
  },

  // The cells of the rectangle that has two cells as opposite corners.
  between(a, b, w) {
    return Grid.cellsOf(Grid.bounds([a, b], w), w);
  },

  // Every cell that a straight stroke from one cell to another crosses, so that a fast pointer
  // leaves no gap.
  stroke(from, to, w) {
    let c = from % w,
      r = Math.floor(from / w);
    const c1 = to % w,
      r1 = Math.floor(to / w);
    const dc = Math.abs(c1 - c),
      dr = -Math.abs(r1 - r),
      sc = c < c1 ? 1 : -1,
      sr = r < r1 ? 1 : -1;
    const cells = [from];
    let slip = dc + dr;
    while (c !== c1 || r !== r1) {
      const twice = 2 * slip;
      if (twice >= dr) {
        slip += dr;
        c += sc;
      }
      if (twice <= dc) {
        slip += dc;
        r += sr;
      }
      cells.push(r * w + c);
    }
    return cells;
  },

  fill(flat, cells, code) {
    const out = flat.slice();
    for (const p of cells) out[p] = code;
    return out;
  },

  swap(flat, a, b) {
    const out = flat.slice();
    out[a] = flat[b];
    out[b] = flat[a];
    return out;
  },

  copy(flat, region, w) {
    return {
      rows: region.rows,
      columns: region.columns,
      indices: Grid.cellsOf(region, w).map((p) => flat[p]),
    };
  },

  // Lay a patch over the grid with its first cell at position `at`; what hangs over the edge is cut
  // off.
  paste(flat, patch, at, h, w) {
    const out = flat.slice(),
      row = Math.floor(at / w),
      column = at % w;
    for (let r = 0; r < patch.rows && row + r < h; r++)
      for (let c = 0; c < patch.columns && column + c < w; c++)
        out[(row + r) * w + column + c] = patch.indices[r * patch.columns + c];
    return out;
  },

  // Move the contents of a rectangle around its own edges.
  shift(flat, region, w, down, right) {
    const out = flat.slice(),
      { row, column, rows, columns } = region,
      around = (n, m) => ((n % m) + m) % m;
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        out[(row + r) * w + column + c] =
          flat[(row + around(r - down, rows)) * w + column + around(c - right, columns)];
    return out;
  },

  // axis "horizontal" exchanges left and right, "vertical" top and bottom.
  mirror(flat, region, w, axis) {
    const out = flat.slice(),
      { row, column, rows, columns } = region;
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const from = axis === "horizontal" ? [r, columns - 1 - c] : [rows - 1 - r, c];
        out[(row + r) * w + column + c] = flat[(row + from[0]) * w + column + from[1]];
      }
    return out;
  },

  takeOverOrder(h, w, order) {
    const all = Array.from({ length: h * w }, (_, p) => p);
    if (order === "columns") return all.map((n) => (n % h) * w + Math.floor(n / h));
    if (order === "scattered") {
      const key = (p) => ((p + 1) * 2654435761) % 4294967296;
      return all.sort((a, b) => key(a) - key(b));
    }
    return all;
  },

  // Of the cells that differ, the first share (0..1) in `order` are taken from `second`. No code is
  // blended.
  interpolate(first, second, share, h, w, order) {
    const out = first.slice();
    const differing = Grid.takeOverOrder(h, w, order).filter((p) => first[p] !== second[p]);
    for (const p of differing.slice(0, Math.floor(share * differing.length + 0.5)))
      out[p] = second[p];
    return out;
  },

  rows(flat, w) {
    const rows = [];
    for (let p = 0; p < flat.length; p += w) rows.push(flat.slice(p, p + w));
    return rows;
  },

  differing(a, b) {
    let n = 0;
    for (let p = 0; p < a.length; p++) n += Number(a[p] !== b[p]);
    return n;
  },

  // What the clipboard holds: {rows, columns, indices} of codes 0..K-1, or null where a text is no
  // such patch.
  readPatch(text, K) {
    /** @type {any} */
    let patch = null;
    try {
      patch = JSON.parse(text).patch;
    } catch {
      return null;
    }
    const size = (n) => Number.isInteger(n) && n >= 1 && n <= 128;
    const good =
      patch &&
      size(patch.rows) &&
      size(patch.columns) &&
      Array.isArray(patch.indices) &&
      patch.indices.length === patch.rows * patch.columns &&
      patch.indices.every((k) => Number.isInteger(k) && k >= 0 && k < K);
    return good ? { rows: patch.rows, columns: patch.columns, indices: patch.indices } : null;
  },
};
