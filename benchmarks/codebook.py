"""What the Codebook tab costs: one JSON line a figure.
`python benchmarks/codebook.py [--only NAME] [--data-dir DIR]`.

Parts: usage (60,000 digits), tsne, umap (512 codes and 2,000 latents, warm; and how far the t-SNE
map can be trusted), tab (opening it in a real browser, and a click). Weights are those of
--checkpoint, a shipped model by default.
"""

from __future__ import annotations

import argparse
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
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
]
CLICKS = 15


def tell(name: str, value: float, unit: str, target: str) -> None:
    """One figure as one line."""
    report(name, value, unit, target, "python benchmarks/codebook.py", machine=processor())


def usage(checkpoint, data_dir: str | None) -> None:
    """Counting the codes of the 60,000 training digits, reading them included."""
    import vqvae
    from vqvae.analysis.counting import count_usage

    started = time.perf_counter()
    data = vqvae.load_dataset("mnist", "train", data_dir=data_dir)
    use = count_usage(checkpoint.model, data)
    tell("usage_60000_digits", time.perf_counter() - started, "s", "<= 15")
    assert use.total == 60_000 * len(use.position_counts)


def maps(checkpoint, method: str) -> None:
    """A fit of all codes and sampled latents, after a small one has warmed the library up."""
    import numpy as np

    from vqvae.analysis import projection

    points = np.concatenate(
        [checkpoint.model.codebook.detach().numpy(), checkpoint.gallery.latents.numpy()]
    )
    projection.fit(points[:100], method)
    started = time.perf_counter()
    found = projection.fit(points, method)
    tell(f"{method}_{len(points)}_points", time.perf_counter() - started, "s", "<= 8")
    trusted = projection.trustworthiness(points, found.coordinates, 10, most=len(points))
    tell(
        f"{method}_trustworthiness_k10",
        trusted,
        "share",
        ">= 0.95" if method == "tsne" else "no target",
    )


def tab(folder: Path) -> None:
    """From the press on the tab to usage, atlas and PCA on the page; from a press on the atlas to a
    code's details."""
    from playwright.sync_api import sync_playwright

    system = next(
        (p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None
    )
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "models").mkdir()
        shutil.copytree(folder, Path(scratch) / "models" / "mnist")
        folders = ("--checkpoints", f"{scratch}/models", "--runs", f"{scratch}/runs")
        with app_running(*folders) as (_, url), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=system, args=BROWSER_OPTIONS)
            opened = []
            for _ in range(4):
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(url)
                page.wait_for_selector("#vq-header")
                page.wait_for_timeout(
                    5000
                )  # a person reads the first page; meanwhile the server warms up
                opened.append(page.evaluate(OPEN) / 1000)
                if len(opened) < 4:
                    page.close()
            tell("tab_open_first", opened[0], "s", "<= 1")
            tell("tab_open_median", statistics.median(opened[1:]), "s", "<= 1")
            page.wait_for_selector(".vc[data-dressed]")
            clicks = [page.evaluate(CLICK, 0.04 + 0.9 * n / CLICKS) for n in range(CLICKS)]
            tell("click_to_details_median", statistics.median(clicks), "ms", "<= 120")
            browser.close()


OPEN = """async () => {
  const begun = performance.now();
  [...document.querySelectorAll('button[role=tab]')]
    .find((b) => b.textContent.trim() === 'Codebook').click();
  while (!document.querySelector('.vc[data-ready]')) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
CLICK = """async (share) => {
  const canvas = document.querySelector('.vc-sheet canvas'), box = canvas.getBoundingClientRect();
  const panel = document.querySelector('.vc-code'), before = panel.dataset.code;
  const begun = performance.now();
  canvas.dispatchEvent(new MouseEvent('click', { bubbles: true,
    clientX: box.left + share * box.width, clientY: box.top + share * box.height }));
  while (panel.dataset.code === before && performance.now() - begun < 5000)
    await new Promise((done) => setTimeout(done, 1));
  const took = performance.now() - begun;
  await new Promise((done) => setTimeout(done, 300));
  return took;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("usage", "tsne", "umap", "tab"))
    parser.add_argument("--checkpoint", default="mnist", help="a folder or a shipped name")
    parser.add_argument("--data-dir", help="where MNIST is ($VQVAE_DATA_DIR, or data/)")
    args = parser.parse_args()
    import vqvae

    checkpoint = vqvae.load_checkpoint(args.checkpoint)
    parts = {
        "usage": lambda: usage(checkpoint, args.data_dir),
        "tsne": lambda: maps(checkpoint, "tsne"),
        "umap": lambda: maps(checkpoint, "umap"),
        "tab": lambda: tab(checkpoint.path),
    }
    for name, part in parts.items():
        if args.only in (None, name):
            part()


if __name__ == "__main__":
    run(main)
