// @ts-check
// Canvases: a picture of the model, and sheets of codes as their tiles.

/** @typedef {{rows: number, columns: number}} Grid */
/** @typedef {{height: number, width: number, channels: number, downsample: number}} Config */

/**
 * @param {HTMLCanvasElement} canvas @param {Float32Array} picture 0..1, as the engine gives it
 * @param {Config} config
 */
export function showPicture(canvas, picture, { height, width, channels }) {
  canvas.width = width;
  canvas.height = height;
  const bytes = Uint8ClampedArray.from(picture, (value) => 255 * value);
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(
    imageOf(bytes, width, height, channels),
    0,
    0,
  );
}

/** A grid of codes, each drawn as what it looks like. */
export class Sheet {
  /** @param {HTMLCanvasElement} canvas @param {Config} config @param {Grid} grid */
  constructor(canvas, { downsample, channels }, { rows, columns }) {
    this.canvas = canvas;
    this.tile = downsample;
    this.channels = channels;
    this.grid = { rows, columns };
    this.scale = 1;
    this.resize(rows, columns);
  }

  /** @param {number} rows @param {number} columns */
  resize(rows, columns) {
    this.grid = { rows, columns };
    this.scale = Math.max(2, Math.floor(336 / columns / this.tile));
    this.canvas.width = columns * this.tile * this.scale;
    this.canvas.height = rows * this.tile * this.scale;
  }

  /**
   * @param {Uint8ClampedArray} tiles of all codes @param {ArrayLike<number>} codes @param {number}
   * selected cell
   */
  draw(tiles, codes, selected) {
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const {
        tile,
        scale,
        channels,
        grid: { columns },
      } = this,
      bytes = tile * tile * channels,
      side = tile * scale;
    const small = new OffscreenCanvas(tile, tile),
      of = /** @type {any} */ (small.getContext("2d"));
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.imageSmoothingEnabled = false;
    for (let p = 0; p < codes.length; p++) {
      of.putImageData(
        imageOf(tiles.subarray(codes[p] * bytes, (codes[p] + 1) * bytes), tile, tile, channels),
        0,
        0,
      );
      const left = (p % columns) * side,
        top = Math.floor(p / columns) * side;
      context.drawImage(small, left, top, side, side);
      context.strokeStyle = "#8888";
      context.lineWidth = 1;
      context.strokeRect(left + 0.5, top + 0.5, side - 1, side - 1);
    }
    context.strokeStyle = "#14b8a6";
    context.lineWidth = Math.max(2, side / 12);
    context.strokeRect(
      (selected % columns) * side + 1,
      Math.floor(selected / columns) * side + 1,
      side - 2,
      side - 2,
    );
  }
}

/** The cell of a sheet under the pointer. @param {PointerEvent} event @param {Grid} grid */
export function cellAt({ clientX, clientY, target }, { rows, columns }) {
  const box = /** @type {Element} */ (target).getBoundingClientRect();
  const part = (
    /** @type {number} */ at,
    /** @type {number} */ length,
    /** @type {number} */ count,
  ) => Math.min(count - 1, Math.max(0, Math.floor((at / length) * count)));
  return (
    part(clientY - box.top, box.height, rows) * columns +
    part(clientX - box.left, box.width, columns)
  );
}

/**
 * @param {Uint8ClampedArray} bytes @param {number} width @param {number} height @param {number}
 * channels
 */
function imageOf(bytes, width, height, channels) {
  const image = new ImageData(width, height);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) image.data[4 * p + c] = bytes[channels === 1 ? p : 3 * p + c];
    image.data[4 * p + 3] = 255;
  }
  return image;
}
