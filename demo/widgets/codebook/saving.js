// Writing files from the page: what is on show, with a white ground and dark ink whatever the theme.

const INK = "#1d2426", PAPER = "#ffffff";

function saveUrl(name, url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

function saveText(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  saveUrl(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function htmlPage(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
    `<body style="margin:24px;font-family:system-ui,sans-serif;background:${PAPER};color:${INK}">${body}</body></html>`;
}

// An SVG of several parts below each other: [{caption, width, height, markup}] -> markup.
function stackSvg(parts) {
  const width = Math.max(...parts.map((part) => part.width));
  let y = 12, body = "";
  for (const part of parts) {
    body += `<text x="12" y="${y + 12}" font-size="13">${part.caption}</text>` +
      `<g transform="translate(12 ${y + 22})">${part.markup}</g>`;
    y += part.height + 40;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 24}" height="${y}" viewBox="0 0 ${width + 24} ${y}" ` +
    `font-family="system-ui, sans-serif" fill="${INK}"><rect width="100%" height="100%" fill="${PAPER}"/>${body}</svg>`;
}

async function saveSvg(name, format, svg) {
  if (format === "svg") saveText(`${name}.svg`, svg, "image/svg+xml");
  else if (format === "html") saveText(`${name}.html`, htmlPage(name, svg), "text/html");
  else saveUrl(`${name}.png`, await rasterised(svg));
}

async function rasterised(svg, scale = 2) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * scale;
  canvas.height = image.height * scale;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png");
}

function csvLine(cells) {
  return cells.map((cell) => (/[",\n]/.test(String(cell)) ? `"${String(cell).replace(/"/g, '""')}"` : cell)).join(",");
}

// A canvas as a part of an SVG.
function canvasPart(caption, canvas, width = canvas.width) {
  const height = (canvas.height * width) / canvas.width;
  return { caption, width, height, markup: `<image width="${width}" height="${height}" style="image-rendering:pixelated" ` +
    `href="${canvas.toDataURL("image/png")}"/>` };
}
