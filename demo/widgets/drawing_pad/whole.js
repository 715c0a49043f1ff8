// The whole of an uploaded photo, up to 512 pixels a side, through a model that was trained on small pictures.

function makeWhole(root, call) {
  const section = root.querySelector(".vr-whole");
  const part = (name) => section.querySelector(`[data-whole="${name}"]`);
  const count = (number) => Math.round(number).toLocaleString("en");
  let asked = 0;

  function hide() {
    asked += 1;
    section.hidden = true;
  }

  async function show(model, file) {
    const mine = ++asked;
    const answer = await call({ model, file }).catch(() => undefined);
    if (mine !== asked) return;
    section.hidden = !answer || !answer.ok || answer.again;
    if (section.hidden) return;
    const [height, width] = answer.size, [h, w] = answer.grid, [fullHeight, fullWidth] = answer.full;
    const scaled = fullHeight > height || fullWidth > width ? `, scaled down from ${fullHeight} × ${fullWidth}` : "";
    for (const name of ["original", "recon"]) {
      const image = part(name);
      image.width = width;
      image.height = height;
      image.src = `data:image/png;base64,${answer[name]}`;
    }
    part("before").textContent = `${height} × ${width} pixels${scaled}, ${count(answer.bits_before)} bits`;
    part("after").textContent = `${h} × ${w} codes, ${count(answer.bits_after)} bits`;
    part("psnr").textContent = answer.psnr === null ? "equal" : `${answer.psnr.toFixed(1)} dB`;
    part("ssim").textContent = answer.ssim === null ? "–" : answer.ssim.toFixed(3);
    part("ratio").textContent = `${answer.ratio.toFixed(1)} : 1`;
  }
  return { show, hide };
}
