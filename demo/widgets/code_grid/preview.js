// The picture each code would give in the selected cells, before anything is changed. Exact pictures of the codes in
// view are fetched when a selection has settled, so that hovering asks nothing; until one is here, the code's own
// picture is laid over the cell, and the page says that this is approximate.

class Previews {
  constructor(wire, ready) { Object.assign(this, { wire, ready, key: "", pictures: new Map(), asked: new Set() }); }

  // A new state of grid and selection. Pictures stay good while only the selected cells change.
  about(info, flat, cells) {
    const others = flat.slice();
    for (const p of cells) others[p] = -1;
    const key = `${info.model}|${others.join()}|${cells.join()}`;
    Object.assign(this, { info, flat: flat.slice(), cells });
    if (key !== this.key) Object.assign(this, { key, pictures: new Map(), asked: new Set(), wanted: [] });
  }

  // Codes that somebody may hover next, the likeliest first.
  want(codes) {
    clearTimeout(this.timer);
    this.wanted = codes;
    this.timer = setTimeout(() => this.fetch(), 140);
  }

  fetch() {
    const { key, info, flat, cells } = this;
    if (this.busy || !info || !cells.length) return;
    const candidates = (this.wanted ?? []).filter((k) => !this.asked.has(k)).slice(0, info.chunk);
    if (!candidates.length) return;
    candidates.forEach((k) => this.asked.add(k));
    this.busy = true;
    const size = info.height * info.width * info.channels;
    this.wire.ask("edit_previews", { model: info.model, indices: Grid.rows(flat, info.w), cells, candidates })
      .then((answer) => {
        this.busy = false;
        if (answer?.ok && key === this.key) {
          const pixels = Paint.bytes(answer.pixels);
          answer.candidates.forEach((k, n) => this.pictures.set(k, pixels.subarray(n * size, (n + 1) * size)));
          this.ready(answer.candidates);
        }
        this.fetch();
      });
  }

  // The exact picture, or null while it is not here.
  exact(code) { return this.pictures.get(code) ?? null; }

  // The present picture with the code's own picture laid over the selected cells.
  approximate(code, picture, tiles) {
    const { info, cells } = this, out = picture.slice(), t = info.tile, c = info.channels;
    const fromColumn = (code % info.sheet.columns) * t, fromRow = Math.floor(code / info.sheet.columns) * t;
    for (const p of cells)
      for (let y = 0; y < t; y++)
        for (let x = 0; x < t * c; x++) {
          const to = ((Math.floor(p / info.w) * t + y) * info.width + (p % info.w) * t) * c + x;
          const from = ((fromRow + y) * tiles.width + fromColumn + Math.floor(x / c)) * 4 + (x % c);
          out[to] = tiles.data[from];
        }
    return out;
  }
}
