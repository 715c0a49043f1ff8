// @ts-check
// The pad, and how what is on it becomes the model's input: float (height, width, channels) in
// 0..1.

const INK = 0.12; // brightness from which a pixel counts as ink, as in the app
const BOX = 20 / 28,
  ZOOM = 2; // MNIST's layout: the longest side, and how far a drawing is enlarged at most

/** @typedef {{height: number, width: number, channels: number}} Size */

export class Pad {
  /**
   * @param {HTMLCanvasElement} canvas @param {Size} size of the model's pictures
   * @param {boolean} digits lay drawings out as MNIST's digits are @param {() => void} onChange
   */
  constructor(canvas, size, digits, onChange) {
    const scale = Math.max(1, Math.ceil(280 / Math.max(size.height, size.width)));
    canvas.height = size.height * scale;
    canvas.width = size.width * scale;
    this.canvas = canvas;
    this.size = size;
    this.digits = digits;
    this.ink = "#fff";
    this.context = contextOf(canvas);
    this.context.lineCap = this.context.lineJoin = "round";
    this.context.lineWidth = 2 * scale;
    this.clear();
    /** @type {{x: number, y: number} | null} */
    let last = null;
    const at = (/** @type {PointerEvent} */ { clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      return {
        x: ((clientX - box.left) * canvas.width) / box.width,
        y: ((clientY - box.top) * canvas.height) / box.height,
      };
    };
    const line = (/** @type {PointerEvent} */ event) => {
      if (!last) return;
      const to = at(event);
      this.context.strokeStyle = this.ink;
      this.context.beginPath();
      this.context.moveTo(last.x, last.y);
      this.context.lineTo(to.x + 0.01, to.y);
      this.context.stroke();
      last = to;
      onChange();
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      last = at(event);
      line(event);
    });
    canvas.addEventListener("pointermove", line);
    for (const name of ["pointerup", "pointercancel"])
      canvas.addEventListener(name, () => {
        last = null;
      });
  }

  clear() {
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /**
   * A picture of any size: whole for digits, its middle for photos. @param {ImageBitmap} picture
   */
  show(picture) {
    const { width, height } = this.canvas,
      choose = this.digits ? Math.min : Math.max;
    const scale = choose(width / picture.width, height / picture.height);
    const w = picture.width * scale,
      h = picture.height * scale;
    this.clear();
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
    if (this.digits) this.inverted((width - w) / 2, (height - h) / 2, w, h);
  }

  /** Dark ink on light paper becomes light ink on dark. */
  inverted(/** @type {number[]} */ ...[left, top, width, height]) {
    const image = this.context.getImageData(left, top, width, height);
    const bright = brightness(image).sort();
    if (bright[bright.length >> 1] <= 0.5) return;
    for (let i = 0; i < image.data.length; i++) if (i % 4 < 3) image.data[i] = 255 - image.data[i];
    this.context.putImageData(image, left, top);
  }

  /** @returns {{x: Float32Array, empty: boolean}} */
  input() {
    const { height, width, channels } = this.size,
      pad = this.canvas;
    const all = this.context.getImageData(0, 0, pad.width, pad.height);
    const bright = brightness(all);
    const small = contextOf(new OffscreenCanvas(width, height));
    small.imageSmoothingQuality = "high";
    const whole = { scale: width / pad.width, left: 0, top: 0 };
    const window = (this.digits && centred(bright, pad.width, Math.min(height, width))) || whole;
    small.fillRect(0, 0, width, height);
    small.drawImage(
      pad,
      -window.left * window.scale,
      -window.top * window.scale,
      pad.width * window.scale,
      pad.height * window.scale,
    );
    const image = small.getImageData(0, 0, width, height);
    const x =
      channels === 1
        ? brightness(image)
        : Float32Array.from(
            { length: 3 * width * height },
            (_, i) => image.data[Math.floor(i / 3) * 4 + (i % 3)] / 255,
          );
    return { x, empty: !bright.some((value) => value > INK) };
  }
}

/** @param {HTMLCanvasElement | OffscreenCanvas} canvas @returns {CanvasRenderingContext2D} */
const contextOf = (canvas) =>
  /** @type {any} */ (canvas.getContext("2d", { willReadFrequently: true }));

/** Luma of each pixel, 0..1 @param {ImageData} image */
function brightness({ data }) {
  const values = new Float32Array(data.length / 4);
  for (let i = 0, p = 0; p < values.length; i += 4, p++) {
    values[p] = (0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]) / 255;
  }
  return values;
}

/**
 * The window of a square pad in which the ink lies as MNIST's digits do: centred by mass, 20 of 28
 * pixels long.
 * @param {Float32Array} bright @param {number} width of the pad @param {number} side of the input
 * @returns {{scale: number, left: number, top: number} | null} scale: pixels of the input for one
 *   of the pad
 */
export function centred(bright, width, side) {
  let left = width,
    right = 0,
    top = bright.length / width,
    bottom = 0,
    mass = 0,
    x = 0,
    y = 0;
  bright.forEach((value, p) => {
    if (value <= INK) return;
    const column = p % width,
      row = Math.floor(p / width);
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row + 1);
    mass += value;
    x += value * (column + 0.5);
    y += value * (row + 0.5);
  });
  if (!mass) return null;
  const scale = Math.min(
    (BOX * side) / Math.max(right - left, bottom - top),
    (ZOOM * side) / width,
  );
  const seen = side / scale; // never so far off that ink is cut off
  const begin = (
    /** @type {number} */ middle,
    /** @type {number} */ low,
    /** @type {number} */ high,
  ) => Math.min(Math.max(middle - seen / 2, high - seen), low);
  return { scale, left: begin(x / mass, left, right), top: begin(y / mass, top, bottom) };
}
