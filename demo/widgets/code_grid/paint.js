// Pixels in canvases: raw uint8 arrays, row by row, channels last.

const Paint = {
  bytes(text) {
    const raw = atob(text), out = new Uint8Array(raw.length);
    for (let n = 0; n < raw.length; n++) out[n] = raw.charCodeAt(n);
    return out;
  },

  floats(text) { return text ? new Float32Array(Paint.bytes(text).buffer) : null; },

  // `at`: where the first pixel stands in `pixels`, for one picture of many.
  picture(canvas, pixels, info, at = 0) {
    const { height, width, channels } = info, image = new ImageData(width, height);
    for (let n = 0, from = at; n < width * height; n++, from += channels) {
      image.data[4 * n] = pixels[from];
      image.data[4 * n + 1] = pixels[channels === 3 ? from + 1 : from];
      image.data[4 * n + 2] = pixels[channels === 3 ? from + 2 : from];
      image.data[4 * n + 3] = 255;
    }
    Paint.put(canvas, image);
  },

  // One value a pixel, 0..255, in viridis.
  map(canvas, values, info) {
    const image = new ImageData(info.width, info.height);
    for (let n = 0; n < values.length; n++) {
      const [r, g, b] = Paint.viridis(values[n] / 255);
      image.data.set([r, g, b, 255], 4 * n);
    }
    Paint.put(canvas, image);
  },

  put(canvas, image) {
    if (canvas.width !== image.width || canvas.height !== image.height)
      Object.assign(canvas, { width: image.width, height: image.height });
    canvas.getContext("2d").putImageData(image, 0, 0);
  },

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

  viridis(t) {
    const stops = Paint.stops, x = Math.min(1, Math.max(0, t)) * (stops.length - 1), i = Math.min(stops.length - 2, x | 0);
    return stops[i].map((v, c) => Math.round(v + (stops[i + 1][c] - v) * (x - i)));
  },

  stops: [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128], [94, 201, 98],
    [173, 220, 48], [253, 231, 37]],

  // Show tile k of the sheet in an element whose background is the sheet at `side` CSS pixels a tile.
  tile(element, code, columns, side) {
    element.style.backgroundPosition = `${-(code % columns) * side}px ${-Math.floor(code / columns) * side}px`;
  },

  // The outline of cells over a picture: a path in units of cells.
  outline(path, cells, w) {
    path.setAttribute("d", cells.map((p) => `M${p % w} ${Math.floor(p / w)}h1v1h-1z`).join(""));
  },
};

if (typeof module !== "undefined") module.exports = { Paint };
