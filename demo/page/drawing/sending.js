// A picture on its way to the server. Photos of phones are larger than anything here can show, and
// than many a proxy lets through: they are made smaller before they are sent, for every door in the
// same way. What the browser cannot decode, as most cannot decode HEIC, goes to the server as it
// is.

/**
 * A file of up to so many bytes is sent as it is: in base64 it still passes a proxy that takes one
 * megabyte.
 */
export const UNTOUCHED = 720 * 1024;

/**
 * Longest sides in pixels that are tried in turn, until the file is that small. At each of them a
 * digit a tenth of the height of a photo of 12 megapixels still gives the input that it gives at
 * full size (benchmarks/photos.py --sent).
 */
export const SIDES = [2048, 1600, 1280];

/** Shares of quality that are tried at each of them. */
const QUALITIES = [0.9, 0.75];

/** What the server reads of one file, bytes. */
const MOST = 8 * 2 ** 20;

const PNG_DEPTH_AT = 24; // the byte of a PNG file that holds its bits per channel

/**
 * The content of a picture file as base64, made smaller where the file is large. What the browser
 * cannot decode goes as it is. Throws an Error with a sentence.
 * @param {File} file
 */
export async function forSending(file) {
  const small = file.size > UNTOUCHED && !(await isDeep(file)) ? await madeSmaller(file) : null;
  const sent = small && small.size < file.size ? small : file;
  if (sent.size > MOST) {
    const cure = small
      ? ": make the picture smaller"
      : ", and this browser cannot make it smaller: save it smaller, or as a JPEG";
    throw new Error(
      `The file has ${Math.ceil(sent.size / 2 ** 20)} MB; up to ${MOST / 2 ** 20} MB are valid${cure}.`,
    );
  }
  return base64(sent);
}

/**
 * Whether it is a PNG of 16 bits per channel, of which a canvas would keep eight. @param {Blob} file
 */
async function isDeep(file) {
  const head = new Uint8Array(await file.slice(0, PNG_DEPTH_AT + 1).arrayBuffer());
  return head[1] === 0x50 && head[2] === 0x4e && head[3] === 0x47 && head[PNG_DEPTH_AT] === 16;
}

/**
 * The same picture, upright, in a smaller file; null where the browser cannot decode it. @param
 * {Blob} file
 */
async function madeSmaller(file) {
  const picture = await createImageBitmap(file).catch(() => null); // upright, as its Exif says
  if (!picture) return null;
  let made = /** @type {Blob | null} */ (null);
  for (const side of SIDES) {
    const canvas = scaled(picture, side),
      type = isOpaque(canvas) ? "image/jpeg" : "image/webp";
    for (const quality of QUALITIES) {
      made = (await blobOf(canvas, type, quality)) ?? made;
      if (made && made.size <= UNTOUCHED) break;
    }
    canvas.width = canvas.height = 0; // browsers keep the memory of a canvas for long
    if (made && made.size <= UNTOUCHED) break;
  }
  picture.close();
  return made;
}

/**
 * A picture on a canvas with no side longer than `side` pixels. @param {ImageBitmap} picture @param
 * {number} side
 */
function scaled(picture, side) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  if (context) {
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  }
  return canvas;
}

/**
 * @param {HTMLCanvasElement} canvas @param {string} type @param {number} quality @returns
 * {Promise<Blob | null>}
 */
function blobOf(canvas, type, quality) {
  return new Promise((done) => {
    canvas.toBlob(done, type, quality);
  });
}

/** @param {HTMLCanvasElement} canvas */
function isOpaque(canvas) {
  const pixels =
    canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
  for (let alpha = 3; alpha < pixels.length; alpha += 4) if (pixels[alpha] < 255) return false;
  return true;
}

/** @param {Blob} file @returns {Promise<string>} */
function base64(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onerror = () =>
      failed(new Error("The browser could not read that file; choose it again."));
    // A data URL of an empty file has no comma in some browsers: the server then says that the file
    // is empty.
    reader.onload = () => done(String(reader.result).split(",")[1] || "");
    reader.readAsDataURL(file);
  });
}
