// What is measured of two pictures, raw uint8 arrays, and what is drawn over one.

const BLACK = 40; // of 255

export const Paint = {
  // Largest change over the channels of each pixel: {values 0..255 scaled to the peak, peak 0..1}.
  difference(a, b, info) {
    const values = new Uint8Array(info.height * info.width);
    let peak = 0;
    for (let n = 0, from = 0; n < values.length; n++)
      for (let c = 0; c < info.channels; c++, from++) {
        values[n] = Math.max(values[n], Math.abs(a[from] - b[from]));
        peak = Math.max(peak, values[n]);
      }
    return { values: values.map((v) => (peak ? (v * 255) / peak : 0)), peak: peak / 255 };
  },

  // Peak signal-to-noise ratio of two pictures in dB; Infinity where they are equal.
  psnr(a, b) {
    let sum = 0;
    for (let n = 0; n < a.length; n++) sum += (a[n] - b[n]) ** 2;
    return sum ? 10 * Math.log10((255 * 255 * a.length) / sum) : Infinity;
  },

  // The codes that draw next to nothing by themselves, from the sheet of all tiles (ImageData).
  blacks(tiles, { K, tile, sheet }) {
    const isBlack = (code) => {
      const left = (code % sheet.columns) * tile,
        top = Math.floor(code / sheet.columns) * tile;
      for (let y = top; y < top + tile; y++)
        for (let at = 4 * (y * tiles.width + left), end = at + 4 * tile; at < end; at += 4)
          if (Math.max(tiles.data[at], tiles.data[at + 1], tiles.data[at + 2]) > BLACK)
            return false;
      return true;
    };
    return new Set(Array.from({ length: K }, (_, code) => code).filter(isBlack));
  },

  // Show tile k of the sheet in an element whose background is the sheet at `side` CSS pixels a
  // tile.
  tile(element, code, columns, side) {
    element.style.backgroundPosition = `${-(code % columns) * side}px ${-Math.floor(code / columns) * side}px`;
  },

  // The outline of cells over a picture: a path in units of cells.
  outline(path, cells, w) {
    path.setAttribute("d", cells.map((p) => `M${p % w} ${Math.floor(p / w)}h1v1h-1z`).join(""));
  },
};
