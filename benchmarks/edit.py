"""How fast the picture follows an edit: `python benchmarks/edit.py [--checkpoints DIR] [--data-dir
DIR] [--only ...]`.

Drives the Edit tab of the real app in a headless browser and prints one JSON line a figure. `click`
is the time from a press on a palette code, as the browser stamped it, to the frame in which the
decoder's picture of the edited grid stands there as the grid's own, with its figures (a hand points
at a code before it presses, so the page has decoded the grid with it by then);
`training` the same while the Train tab trains, `offline` with the server out of reach, `cifar10`
for that model; `paint` one stroke across all 49 cells; `previews` all 512 codes in one cell, and
how long the page was held meanwhile; `open` from asking for a model's weights to the engine that
can be asked, as a visitor's first page does, and from the browser's cache; `decode` the decoder in
Python on one thread; `palette` a model of 4,096 codes (made here, with random weights), from asking
the server for it to the frame that shows its palette: `first` by a visitor who sees the page before
the Edit tab is opened, `again` by the next one, and before both `cold`, straight after the app's
start, when it still loads its libraries.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from figures import processor, report
from running import app_running, run

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PARTS = (
    "decode",
    "palette",
    "open",
    "click",
    "paint",
    "previews",
    "cifar10",
    "offline",
    "training",
)
STEP_SECONDS = 1 / 60
USABLE = "() => /dB|∞/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
READY = "#vq-edit .editor[aria-busy=false]"
IN_PAGE = "#vq-edit .editor[data-engine=page]"
WATCH = """() => {
  window.presses = [];
  window.painted = 0;
  if (window.watched) return;
  window.watched = true;
  const root = document.querySelector("#vq-edit .editor");
  let pressed = null;
  const codes = root.querySelector("[data-ref=codes]");
  codes.addEventListener("pointerdown", (event) => { pressed = event.timeStamp; }, true);
  root.addEventListener("painted", () => {
    window.painted++;
    const since = pressed;
    pressed = null;
    // The task after the next animation frame: the canvas has been handed to the screen by then.
    const tell = () => window.presses.push(performance.now() - since);
    if (since !== null) requestAnimationFrame(() => setTimeout(tell));
  });
}"""
PREVIEWS = """(codes) => new Promise((done) => {
  const root = document.querySelector("#vq-edit .editor"), begin = performance.now();
  let last = begin, held = 0;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    const now = performance.now();
    held = Math.max(held, now - last);
    last = now;
    setTimeout(() => port2.postMessage(0));
  };
  port2.postMessage(0);
  const told = ({ detail }) => {
    if (detail < codes) return;
    root.removeEventListener("previewed", told);
    port1.close();
    done([performance.now() - begin, held]);
  };
  root.addEventListener("previewed", told);
  root.querySelector("[data-ref=gridA] [data-p='30']")
    .dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
})"""
OPENED = """() => new MutationObserver((_, watch) => {
  if (!document.querySelector("[data-engine=page]")) return;
  watch.disconnect();
  const weights = performance.getEntriesByType("resource")
    .find((one) => one.name.includes("/weights/"));
  window.opened = [performance.now() - weights.startTime, weights.transferSize];
}).observe(document, {
  subtree: true, childList: true, attributes: true, attributeFilter: ["data-engine"],
})"""
PALETTE = """() => {
  window.opened = [];
  const send = window.fetch;
  window.fetch = (...all) => {
    if (String(all[1]?.body).includes('"edit_model"')) window.asked = performance.now();
    return send(...all);
  };
  new MutationObserver(() => {
    const root = document.querySelector("#vq-edit .editor");
    const item = root?.querySelector("[data-code]");
    if (item?.getAttribute("aria-setsize") !== "4096" || !window.asked) return;
    const since = window.asked;
    window.asked = null;
    requestAnimationFrame(() => setTimeout(() => window.opened.push(performance.now() - since)));
  }).observe(document, { childList: true, subtree: true });
}"""


def tell(name: str, value: float, unit: str, target: str, **more) -> None:
    report(name, value, unit, target, "python benchmarks/edit.py", machine=processor(), **more)


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def make_large(path: Path) -> None:
    """A checkpoint of 16 x 16 cells, 32 x 32 x 3 pixels and 4,096 codes with random weights and
    default widths."""
    import torch

    import vqvae

    torch.manual_seed(0)
    model = vqvae.build_model(
        vqvae.ModelConfig(channels=3, height=32, width=32, downsample=2, codebook_size=4096)
    )
    with torch.no_grad():
        model.codebook.normal_()
    vqvae.save_checkpoint(path, model.eval(), training={"dataset": "cifar10"})


def decode(models: Path) -> None:
    """One grid at a time, as a commit does: the server's own function, bytes included."""
    import random

    import torch

    import vqvae
    from demo.models import editing
    from vqvae.grids.codes import IndexGrid

    torch.set_num_threads(1)  # as the app does
    for name, reach in (("mnist", 4), ("large", 10)):
        model = vqvae.load(models / name)
        grids = [
            IndexGrid.random(model.config.grid, model.config.codebook_size, random.Random(n))
            for n in range(60)
        ]
        took = []
        for grid in grids:
            begin = time.perf_counter()
            editing.decode(model, grid)
            took.append((time.perf_counter() - begin) * 1000)
        h, w = model.config.grid
        tell(
            "decode_ms",
            statistics.median(took[10:]),
            "ms",
            f"<= {reach}",
            model=name,
            grid=f"{h} x {w}",
            p95=round(p95(took[10:]), 2),
        )


def click(page, figure: str, reach: float, presses: int = 60) -> None:
    """Presses on palette codes, each hovered first as a hand does; every one must be painted."""
    page.locator("[data-ref=gridA] [data-p='24']").click()
    page.wait_for_timeout(2500)
    codes = page.locator("[data-ref=codes]").bounding_box()
    page.evaluate(WATCH)
    for n in range(presses):
        page.mouse.move(
            codes["x"] + 20 + 46 * (n % 4), codes["y"] + 20 + 46 * (n // 4 % 6), steps=2
        )
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(180)
    page.wait_for_timeout(1000)
    took = page.evaluate("window.presses")
    more = {"presses": presses, "painted": len(took)}
    tell(f"{figure}_ms", statistics.median(took), "ms", reach and f"<= {reach}", **more)
    tell(f"{figure}_p95_ms", p95(took), "ms", "<= 33" if reach == 17 else "", **more)


def paint(page) -> None:
    """One stroke, row after row, a cell a frame."""
    page.locator("[data-ref=code]").fill("77")
    page.locator("[data-ref=code]").press("Tab")
    page.wait_for_timeout(800)
    page.locator("[data-do=paint]").click()
    cells = [r * 7 + (c if r % 2 == 0 else 6 - c) for r in range(7) for c in range(7)]
    boxes = [page.locator(f"[data-ref=gridA] [data-p='{p}']").bounding_box() for p in cells]
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    page.evaluate(WATCH)
    page.mouse.move(*middles[0])
    begin = time.perf_counter()
    page.mouse.down()
    for n, middle in enumerate(middles[1:]):
        page.mouse.move(*middle)
        time.sleep(max(0, begin + (n + 1) * STEP_SECONDS - time.perf_counter()))
    took = time.perf_counter() - begin
    pictures = page.evaluate("window.painted")
    page.mouse.up()
    held = page.eval_on_selector_all(
        "[data-ref=gridA] .ix", "all => all.map((one) => one.textContent)"
    )
    tell("paint_dropped_cells", sum(code != "77" for code in held), "cells", "0")
    tell("paint_pictures_per_second", pictures / took, "1/s", ">= 55", pictures=pictures)
    page.locator("[data-do=paint]").click()


def previews(page) -> None:
    """All codes in one cell, while somebody watches whether the page still answers."""
    took, held = page.evaluate(PREVIEWS, 512)
    tell("previews_ms", took, "ms", "<= 1500", codes=512)
    tell("previews_page_held_ms", held, "ms", "<= 30")


def open_model(browser, url: str) -> None:
    """The first page of a new visitor, then the same browser once more."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    for turn in ("first", "cached"):
        page = context.new_page()
        page.add_init_script(f"({OPENED})()")
        page.goto(url + "/?model=mnist")
        page.wait_for_function("window.opened", timeout=60_000)
        took, transferred = page.evaluate("window.opened")
        tell("open_model_ms", took, "ms", "<= 300", opening=turn, transferred_bytes=transferred)
        page.close()
    context.close()


def palette(browser, url: str) -> None:
    for turn in ("cold", "first", "again"):
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        images = []
        page.on(
            "request",
            lambda request, seen=images: (
                seen.append(request.url)
                if request.resource_type == "image" and not request.url.startswith("data:image/svg")
                else None
            ),
        )
        page.add_init_script(f"({PALETTE})()")
        # The sheet of pictures is made at the first opening of a model and kept: each turn but the
        # last has its own.
        page.goto(url + "/?model=" + ("large-cold" if turn == "cold" else "large"))
        if turn != "cold":
            page.wait_for_function(USABLE, timeout=60_000)
        page.get_by_role("tab", name="Edit").click()
        page.wait_for_selector(READY, timeout=60_000)
        page.wait_for_timeout(1000)
        tell(
            "palette_ms",
            page.evaluate("window.opened[0]"),
            "ms",
            "" if turn == "cold" else "<= 300",
            codes=4096,
            opening=turn,
            image_requests=len(set(images)),
        )
        page.close()


def open_tab(browser, url: str, model: str):
    """The tab with a model that runs in the page."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{url}/?model={model}")
    page.get_by_role("tab", name="Edit").click()
    for selector in (READY, IN_PAGE):
        page.wait_for_selector(selector, timeout=60_000)
    page.wait_for_timeout(2000)
    return page


def train(page, seconds: float) -> None:
    """Start a run as the Train tab does."""
    page.get_by_role("tab", name="Train").click()
    page.locator("#vq-train-seconds input").fill(f"{seconds:g}")
    page.locator("#vq-train-seconds input").press("Tab")
    page.wait_for_timeout(300)
    page.locator("#vq-train-start").click()
    page.wait_for_timeout(12_000)
    page.get_by_role("tab", name="Edit").click()
    page.wait_for_selector(READY)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how fast the picture follows an edit.")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=ROOT / "checkpoints",
        help="folder with `mnist` and `cifar10`",
    )
    parser.add_argument(
        "--data-dir", default=os.environ.get("VQVAE_DATA_DIR") or "data", help="where MNIST lies"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        models, runs = Path(folder) / "models", Path(folder) / "runs"
        for name in ("mnist", "cifar10"):
            shutil.copytree(options.checkpoints / name, models / name)
        for name in ("large", "large-cold"):
            make_large(models / name)
        if "decode" in options.only:
            decode(models)
        folders = (
            "--runs",
            str(runs),
            "--checkpoints",
            str(models),
            "--data-dir",
            options.data_dir,
        )
        with app_running(*folders) as (_, url), sync_playwright() as playwright:
            system = (
                shutil.which("chromium")
                or shutil.which("chromium-browser")
                or shutil.which("google-chrome")
            )
            browser = playwright.chromium.launch(
                executable_path=system, args=["--no-sandbox", "--disable-gpu"]
            )
            if "palette" in options.only:
                palette(browser, url)
            if "open" in options.only:
                open_model(browser, url)
            if "cifar10" in options.only:
                page = open_tab(browser, url, "cifar10")
                click(page, "click_cifar10", 33)
                page.close()
            page = open_tab(browser, url, "mnist")
            if "click" in options.only:
                click(page, "click", 17)
            if "paint" in options.only:
                paint(page)
            if "previews" in options.only:
                previews(page)
            if "offline" in options.only:
                page.context.set_offline(True)
                click(page, "click_offline", 17)
                page.context.set_offline(False)
            if "training" in options.only:
                train(page, 60)
                click(page, "click_while_training", 17)
            browser.close()


if __name__ == "__main__":
    run(main)
