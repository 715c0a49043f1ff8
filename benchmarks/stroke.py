"""How fast the reconstruction follows the pen: `python benchmarks/stroke.py [--seconds S]
[--checkpoints DIR]`.

Draws one long stroke on the Reconstruct tab of the real app in a headless browser, 60 pointer moves
a second, and prints one JSON line a figure: `stroke_ms`, from a pointer move (the time the browser
stamped on it) to the frame that shows a reconstruction with that move in it, over all moves;
`stroke_updates_per_second`, reconstructions painted while the pen was down.
"""

import argparse
import math
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from figures import processor, report
from running import app_running, run

ROOT = Path(__file__).resolve().parent.parent
MOVES_PER_SECOND = 60
READY = "() => /dB|∞/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
WATCH = """() => {
  const moved = [], root = document.querySelector(".vr");
  window.latencies = [];
  window.updates = 0;
  let seen = 0;
  const move = (event) => {
    // told twice where raw moves are told
    if (event.timeStamp > (moved.at(-1) ?? -1)) moved.push(event.timeStamp);
  };
  const pad = root.querySelector(".vr-pad");
  for (const name of ["pointerrawupdate", "pointermove"]) pad.addEventListener(name, move, true);
  root.addEventListener("vq-painted", (event) => {
    if (event.detail.moves > seen) window.updates += 1;
    const news = moved.slice(seen, event.detail.moves);
    seen = Math.max(seen, event.detail.moves);
    // The task after the next animation frame: the canvases have been handed to the screen by then.
    requestAnimationFrame(() => setTimeout(() => {
      for (const stamp of news) window.latencies.push(performance.now() - stamp);
    }));
  });
}"""


def draw(page, seconds: float) -> float:
    """One stroke of so many seconds along a figure of eight; how long it took."""
    box = page.locator(".vr-pad").bounding_box()
    page.get_by_role("button", name="Clear").click()
    page.wait_for_timeout(500)

    def point(t: float) -> tuple[float, float]:
        x, y = 0.5 + 0.3 * math.sin(t), 0.5 + 0.35 * math.sin(2 * t)
        return box["x"] + box["width"] * x, box["y"] + box["height"] * y

    page.mouse.move(*point(0))
    page.mouse.down()
    page.evaluate(WATCH)
    begin = time.perf_counter()
    for move in range(1, int(seconds * MOVES_PER_SECOND) + 1):
        page.mouse.move(*point(move / 25))
        time.sleep(max(0, begin + move / MOVES_PER_SECOND - time.perf_counter()))
    took = time.perf_counter() - begin
    page.mouse.up()
    page.wait_for_timeout(1000)
    return took


def tell(name: str, value: float, unit: str, target: str, **more) -> None:
    report(name, value, unit, target, "python benchmarks/stroke.py", machine=processor(), **more)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measure how fast the reconstruction follows the pen."
    )
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument(
        "--checkpoints", type=Path, help="folder of models (default: the shipped ones)"
    )
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    system = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    with tempfile.TemporaryDirectory() as runs:
        folders = ["--runs", runs]
        if options.checkpoints:
            folders += ["--checkpoints", str(options.checkpoints)]
        with app_running(*folders) as (_, url), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=system, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 1100})
            page.goto(url)
            page.wait_for_function(READY, timeout=60_000)
            page.wait_for_selector(".vr[data-engine=page]", timeout=60_000)
            page.wait_for_timeout(3000)
            took = draw(page, options.seconds)
            latencies, updates = page.evaluate("[window.latencies, window.updates]")
            browser.close()
    latencies.sort()
    tell(
        "stroke_ms",
        statistics.median(latencies),
        "ms",
        "<= 20",
        moves=len(latencies),
        p95=round(latencies[int(0.95 * (len(latencies) - 1))], 2),
    )
    tell("stroke_updates_per_second", updates / took, "1/s", ">= 50")


if __name__ == "__main__":
    run(main)
