// Showing one answer: five pictures at a whole-number scale, the code grid, the figures, and one cell lit in all.

const VIRIDIS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129],
  [92, 200, 99], [170, 220, 50], [253, 231, 37]];
const ERROR_TOP = 0.3;   // of full brightness: the end of the colour scale, as the page says

const ERROR_COLOURS = Array.from({ length: 256 }, (_, value) => {
  const place = Math.min(1, value / 255 / ERROR_TOP) * (VIRIDIS.length - 1);
  const low = Math.min(VIRIDIS.length - 2, Math.floor(place));
  return VIRIDIS[low].map((c, i) => Math.round(c + (VIRIDIS[low + 1][i] - c) * (place - low)));
});

function makeStages(root, initialSize) {
  const frames = Object.fromEntries([...root.querySelectorAll(".vr-stage")].map(
    (stage) => [stage.dataset.stage, stage.querySelector(".vr-frame")]));
  const under = (name) => frames[name].parentElement.querySelector(".vr-under");
  const grid = frames.codes.querySelector(".vr-grid"), tiles = frames.codes.querySelector("canvas");
  const readout = under("codes").querySelector("span"), tile = under("codes").querySelector(".vr-tile");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let size = [...initialSize, 1], model = null, sheet = null, cells = [], indices = null, lit = null, home = 0;

  function layOut() {
    const [height, width] = size;
    for (const frame of Object.values(frames)) {
      const room = frame.parentElement.clientWidth;
      if (!room) continue;
      const scale = room >= width ? Math.floor(room / width) : room / width;
      const shown = frame.firstElementChild;
      frame.style.height = shown.style.height = `${height * scale}px`;
      shown.style.width = `${width * scale}px`;
    }
    grid.style.width = tiles.style.width;
    grid.style.height = tiles.style.height;
    if (!model) return;
    const cell = parseFloat(grid.style.width) / model.grid[1];
    const digits = String(model.codebook_size - 1).length;
    const font = Math.min(13, (cell - 3) / (0.61 * digits));
    grid.style.fontSize = `${font}px`;
    grid.classList.toggle("vr-small", font < 7);
    if (lit !== null) light(lit);
  }
  new ResizeObserver(layOut).observe(root);

  function open(answer, image) {
    model = answer;
    sheet = image;
    size = answer.size;
    indices = null;
    lit = null;
    home = 0;
    const [rows, columns] = answer.grid;
    grid.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    grid.style.gridTemplateRows = `repeat(${rows}, 1fr)`;
    tiles.width = size[1];
    tiles.height = size[0];
    cells = [];
    const lines = [];
    for (let r = 0; r < rows; r++) {
      const line = document.createElement("div");
      line.setAttribute("role", "row");
      for (let c = 0; c < columns; c++) {
        const cell = document.createElement("div");
        cell.className = "vr-cell";
        cell.setAttribute("role", "gridcell");
        cell.setAttribute("aria-rowindex", r + 1);
        cell.setAttribute("aria-colindex", c + 1);
        cell.tabIndex = cells.length ? -1 : 0;
        cell.dataset.place = cells.length;
        cell.append(document.createElement("span"));
        cells.push(cell);
        line.append(cell);
      }
      lines.push(line);
    }
    grid.replaceChildren(...lines);
    grid.setAttribute("aria-label", `Code grid, ${rows} rows of ${columns} codes out of ${answer.codebook_size}`);
    layOut();
    say();
  }

  // Code k's picture, at (x, y) of a canvas, in the model's own pixels.
  function drawCode(canvas, k, x, y) {
    const side = size[0] / model.grid[0], { columns } = model.codes;
    canvas.getContext("2d").drawImage(sheet, k % columns * side, Math.floor(k / columns) * side, side, side, x, y, side, side);
  }

  function show(answer, drawing) {
    const [height, width, channels] = size;
    for (const name of ["input", "recon", "unquantized"]) {
      paintPixels(frames[name].firstElementChild, bytesOf(answer[name]), height, width, channels);
    }
    const error = bytesOf(answer.error), colours = new Uint8Array(3 * error.length);
    error.forEach((value, i) => colours.set(ERROR_COLOURS[value], 3 * i));
    paintPixels(frames.error.firstElementChild, colours, height, width, 3);
    const changed = cells.filter((cell, i) => !indices || indices[i] !== answer.indices[i]);
    // Lit for a moment; not under the pen, where all is in motion and every frame counts.
    const flash = indices && !drawing && changed.length <= 64 && !calm.matches;
    indices = answer.indices;
    for (const cell of changed) {
      const place = Number(cell.dataset.place), [rows, columns] = model.grid;
      cell.firstElementChild.textContent = indices[place];
      drawCode(tiles, indices[place], place % columns * width / columns, Math.floor(place / columns) * height / rows);
      if (flash) cell.firstElementChild.animate(
        [{ backgroundColor: "var(--vq-accent)", color: "var(--vq-on-accent)" }, {}], { duration: 450, easing: "ease-out" });
    }
    figures(answer);
    say();
  }

  function figures(answer) {
    const put = (name, text) => { root.querySelector(`[data-figure="${name}"]`).textContent = text; };
    const whole = (x) => Math.round(x).toLocaleString("en");
    const dB = (x) => x === null ? "∞ dB, identical" : `${x.toFixed(1)} dB`;
    const ratio = model.bits_before / model.bits_after;
    put("bits", `${whole(model.bits_before)} → ${whole(model.bits_after)} bits`);
    put("psnr", dB(answer.psnr));
    put("ssim", answer.ssim === null ? "–" : answer.ssim.toFixed(3));
    root.querySelector(".vr-did").textContent = answer.did;
    under("input").textContent = `${size[0]} × ${size[1]} pixels, ${whole(model.bits_before)} bits`;
    under("recon").textContent = `${dB(answer.psnr)}, from ${ratio.toFixed(1)} times fewer bits`;
    under("unquantized").textContent = `${dB(answer.psnr_unquantized)}, from the exact latents`;
  }

  // The cell under the cursor or the focus, in every picture.
  function light(place) {
    lit = place;
    const [rows, columns] = model ? model.grid : [1, 1];
    for (const frame of Object.values(frames)) {
      const mark = frame.querySelector(".vr-mark");
      if (!mark) continue;
      mark.style.display = place === null ? "none" : "block";
      if (place === null) continue;
      const width = parseFloat(frame.firstElementChild.style.width) / columns;
      const height = parseFloat(frame.firstElementChild.style.height) / rows;
      Object.assign(mark.style, { left: `${place % columns * width}px`, top: `${Math.floor(place / columns) * height}px`,
        width: `${width}px`, height: `${height}px` });
    }
    cells.forEach((cell, i) => cell.classList.toggle("vr-lit-cell", i === place));
    say();
  }

  function say() {
    const known = indices && lit !== null;
    tile.hidden = !known;
    if (known) {
      tile.width = tile.height = size[0] / model.grid[0];
      drawCode(tile, indices[lit], 0, 0);
      const [, columns] = model.grid;
      readout.textContent = `Row ${Math.floor(lit / columns) + 1}, column ${lit % columns + 1}: code ${indices[lit]}`;
    } else {
      readout.textContent = model ? `${model.grid.join(" × ")} of ${model.codebook_size} codes: point at one` : "";
    }
  }

  function placeAt(event, frame) {
    const box = frame.firstElementChild.getBoundingClientRect();
    const [rows, columns] = model.grid;
    const c = Math.floor((event.clientX - box.left) / box.width * columns);
    const r = Math.floor((event.clientY - box.top) / box.height * rows);
    return c >= 0 && c < columns && r >= 0 && r < rows ? r * columns + c : null;
  }
  for (const frame of Object.values(frames)) {
    const follow = (event) => { if (model) light(placeAt(event, frame)); };
    frame.addEventListener("pointermove", follow);
    frame.addEventListener("pointerdown", follow);
    frame.addEventListener("pointerleave", () => light(null));
  }
  grid.addEventListener("focusin", (event) => { if (event.target.dataset.place) light(Number(event.target.dataset.place)); });
  grid.addEventListener("focusout", () => light(null));
  grid.addEventListener("keydown", (event) => {
    const place = Number(event.target.dataset.place), [rows, columns] = model.grid;
    const column = place % columns, row = Math.floor(place / columns);
    const to = { ArrowRight: column < columns - 1 && place + 1, ArrowLeft: column > 0 && place - 1,
      ArrowDown: row < rows - 1 && place + columns, ArrowUp: row > 0 && place - columns,
      Home: row * columns, End: row * columns + columns - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to === false) return;
    cells[home].tabIndex = -1;
    home = to;
    cells[to].tabIndex = 0;
    cells[to].focus();
  });
  layOut();

  return {
    open, show,
    rows: () => indices && Array.from({ length: model.grid[0] },
      (_, r) => indices.slice(r * model.grid[1], (r + 1) * model.grid[1])),
    inputUrl: () => frames.input.firstElementChild.toDataURL("image/png"),
  };
}
