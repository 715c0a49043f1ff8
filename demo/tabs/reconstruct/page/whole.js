// The whole of an uploaded photo, up to 512 pixels a side, through a model that was trained on
// small pictures.

import { find } from "../../../page/dom.js";
import { pngOf } from "../../../page/packed.js";

/**
 * @param {HTMLElement} root
 * @param {(request: {model: string, file: string}) => Promise<any>} ask `code_whole` of the server,
 *   once
 */
export function makeWhole(root, ask) {
  const section = find(root, ".vr-whole");
  const part = (/** @type {string} */ name) => find(section, `[data-whole="${name}"]`);
  const count = (/** @type {number} */ number) => Math.round(number).toLocaleString("en");
  let asked = 0;

  function hide() {
    asked += 1;
    section.hidden = true;
  }

  /** @param {string} model @param {string} file base64 */
  async function show(model, file) {
    const mine = ++asked;
    const answer = await ask({ model, file });
    if (mine !== asked) return;
    section.hidden = !answer || !answer.ok || answer.again;
    if (section.hidden) return;
    const [height, width] = answer.size,
      [h, w] = answer.grid,
      [fullHeight, fullWidth] = answer.full;
    const scaled =
      fullHeight > height || fullWidth > width
        ? `, scaled down from ${fullWidth} × ${fullHeight}`
        : "";
    for (const name of ["original", "recon"]) {
      const image = find(section, `[data-whole="${name}"]`, HTMLImageElement);
      Object.assign(image, { width, height, src: pngOf(answer[name]) });
    }
    part("before").textContent =
      `${width} × ${height} pixels${scaled}, ${count(answer.bits_before)} bits`;
    part("after").textContent = `${h} × ${w} codes, ${count(answer.bits_after)} bits`;
    part("psnr").textContent = answer.psnr === null ? "equal" : `${answer.psnr.toFixed(1)} dB`;
    part("ssim").textContent = answer.ssim === null ? "–" : answer.ssim.toFixed(3);
    part("ratio").textContent = `${answer.ratio.toFixed(1)} : 1`;
  }
  return { show, hide };
}
