"""The moving picture of the README: `python benchmarks/moving_picture.py [--output docs/app.webp]`.

Draws a digit on the Reconstruct tab of the real app in a headless browser, points at cells of its
grid, goes on in the Edit tab, puts other codes into it, and keeps what the page shows as an
animated WebP. Measures nothing; run it again after the page has changed.
"""

import argparse
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from running import app_running, run

WIDTH, HEIGHT = 1280, 720
SHOWN = (960, 540)
"""Pixels of the page, and of the picture."""
MOST_BYTES = 2_000_000
QUALITY = 50
LIVE, STILL = 120, 900
"""Milliseconds that a frame is shown: while something moves, and where there is something to
read."""
FOUR = [
    [
        (0.62, 0.18),
        (0.50, 0.30),
        (0.38, 0.44),
        (0.28, 0.58),
        (0.42, 0.59),
        (0.58, 0.58),
        (0.76, 0.57),
    ],
    [(0.60, 0.36), (0.59, 0.52), (0.58, 0.68), (0.57, 0.84)],
]
"""The strokes of a 4, in parts of the drawing pad."""
POINTER = """() => {
  const one = document.createElement("div");
  one.style.cssText = "position:fixed;z-index:9999;width:18px;height:18px;margin:-9px;"
    + "border-radius:50%;"
    + "background:#f59e0bcc;border:2px solid white;box-shadow:0 0 4px #0008;pointer-events:none";
  document.body.append(one);
  document.addEventListener("pointermove", (event) => {
    one.style.left = `${event.clientX}px`;
    one.style.top = `${event.clientY}px`;
  }, true);
}"""
"""A headless browser shows no pointer."""
USABLE = "() => /dB|∞/.test(document.querySelector('[data-figure=psnr]')?.textContent)"


def middle(locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drawn(page) -> Iterator[int]:
    """A digit appears on the pad, and what the model makes of it. Yields after each thing worth a
    frame how long it is to be shown."""
    page.get_by_role("button", name="Clear").click()
    box = page.locator(".vr-pad").bounding_box()
    yield STILL
    for stroke in FOUR:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=6)
            page.wait_for_timeout(150)
            yield LIVE
        page.mouse.up()
    page.wait_for_timeout(600)
    yield STILL


def pointed_at(page) -> Iterator[int]:
    """The pointer goes over the grid: each cell lights its code up."""
    cells = page.locator(".vr-grid [role=gridcell]")
    for cell in (17, 24, 23, 31):
        page.mouse.move(*middle(cells.nth(cell)), steps=4)
        page.wait_for_timeout(250)
        yield STILL


def edited(page) -> Iterator[int]:
    """The same grid in the Edit tab: two cells get another code."""
    page.locator(".vr-edit").click()
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    page.wait_for_timeout(1500)
    yield STILL
    codes = page.locator(
        "#vq-edit [data-ref=codes] [data-k], #vq-edit [data-ref=codes] [role=option]"
    )
    for cell, code in ((24, 3), (23, 8), (31, 14)):
        page.mouse.move(
            *middle(page.locator(f"#vq-edit [data-ref=gridA] [data-p='{cell}']")), steps=4
        )
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(400)
        yield STILL
        page.mouse.move(*middle(codes.nth(code)), steps=4)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(400)
        yield STILL


def filmed(page) -> tuple[list[Image.Image], list[int]]:
    frames, durations = [], []
    for act in (drawn, pointed_at, edited):
        for duration in act(page):
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            frames.append(shot.resize(SHOWN, Image.Resampling.LANCZOS))
            durations.append(duration)
    return frames, durations


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the moving picture of the README.")
    parser.add_argument("--output", type=Path, default=Path("docs/app.webp"))
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    system = next(filter(None, map(shutil.which, names)), None)
    with (
        tempfile.TemporaryDirectory() as runs,
        app_running("--runs", runs) as (_, url),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=system, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(url)
        page.wait_for_function(USABLE, timeout=60_000)
        page.wait_for_selector(".vr[data-engine=page]", timeout=60_000)
        page.evaluate(POINTER)
        page.wait_for_timeout(1500)
        frames, durations = filmed(page)
        browser.close()
    first, *others = frames
    made = io.BytesIO()
    first.save(made, "WEBP", save_all=True, append_images=others, duration=durations, loop=0,
               quality=QUALITY, method=6)  # fmt: skip
    if made.tell() > MOST_BYTES:
        raise SystemExit(f"The picture has {made.tell()} bytes, more than {MOST_BYTES}.")
    options.output.write_bytes(made.getvalue())
    print(f"{options.output}: {len(frames)} frames, {made.tell() / 1e6:.2f} MB")


if __name__ == "__main__":
    run(main)
