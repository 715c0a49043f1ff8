// Writing files from the page: what is on show, with a white ground and dark ink whatever the
// theme.

import { contextOf, loadImage } from "../../../page/dom.js";

export const INK = "#1d2426",
  PAPER = "#ffffff";

/** @param {string} name @param {string} url */
export function saveUrl(name, url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

/** @param {string} name @param {string} text @param {string} type */
export function saveText(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  saveUrl(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @param {string} title @param {string} body markup */
export function htmlPage(title, body) {
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
    `<body style="margin:24px;font-family:system-ui,sans-serif;background:${PAPER};color:${INK}">${body}</body></html>`
  );
}

/**
 * An SVG of several parts below each other, as markup.
 * @typedef {{caption: string, width: number, height: number, markup: string}} Part
 * @param {Part[]} parts
 */
export function stackSvg(parts) {
  const width = Math.max(...parts.map((part) => part.width));
  let y = 12,
    body = "";
  for (const part of parts) {
    body +=
      `<text x="12" y="${y + 12}" font-size="13">${part.caption}</text>` +
      `<g transform="translate(12 ${y + 22})">${part.markup}</g>`;
    y += part.height + 40;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 24}" height="${y}" viewBox="0 0 ${width + 24} ${y}" ` +
    `font-family="system-ui, sans-serif" fill="${INK}"><rect width="100%" height="100%" fill="${PAPER}"/>${body}</svg>`
  );
}

/** @param {string} name @param {string} format png, svg or html @param {string} svg */
export async function saveSvg(name, format, svg) {
  if (format === "svg") saveText(`${name}.svg`, svg, "image/svg+xml");
  else if (format === "html") saveText(`${name}.html`, htmlPage(name, svg), "text/html");
  else saveUrl(`${name}.png`, await rasterised(svg));
}

/** @param {string} svg */
async function rasterised(svg, scale = 2) {
  const image = await loadImage(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`);
  const canvas = document.createElement("canvas");
  canvas.width = image.width * scale;
  canvas.height = image.height * scale;
  const context = contextOf(canvas);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png");
}

/** @param {(string | number)[]} cells */
export function csvLine(cells) {
  return cells
    .map((cell) => (/[",\n]/.test(String(cell)) ? `"${String(cell).replace(/"/g, '""')}"` : cell))
    .join(",");
}

/**
 * A canvas as a part of an SVG. @param {string} caption @param {HTMLCanvasElement} canvas @returns
 * {Part}
 */
export function canvasPart(caption, canvas, width = canvas.width) {
  const height = (canvas.height * width) / canvas.width;
  return {
    caption,
    width,
    height,
    markup:
      `<image width="${width}" height="${height}" style="image-rendering:pixelated" ` +
      `href="${canvas.toDataURL("image/png")}"/>`,
  };
}
