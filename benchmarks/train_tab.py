"""Training in the app against the command line:
`python benchmarks/train_tab.py [--seconds 10] [--pairs 2]`.

Prints one JSON line a figure, medians over the pairs; both sides run in turns, so that other work
on the machine meets them alike: `first_point_s` from the press of Train to the first point on the
curve, in a headless browser that stays open on the page; `app_images_per_second` images trained
over wall time (pictures, curves and saving counted in); `cli_images_per_second` what
`python -m vqvae train` reports, its own reporting left out; `speed_ratio` the first over the
second, the goal is 0.9.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from figures import report
from running import app_running, call, run

ROOT = Path(__file__).resolve().parent.parent
POINT = "#vq-train-charts .vq-charts:not(.vq-recorded > *) path.vq-line-a[d^='M']"
"""Of a run of one's own, not of a recorded one."""


def in_app(page, runs: Path, seconds: float) -> tuple[float, float]:
    """(seconds to the first point, images per second of wall time) of one run, started by the
    button."""
    page.locator("#vq-train-seconds input").fill(f"{seconds:g}")
    page.locator("#vq-train-reset").click()
    page.wait_for_selector(POINT, state="detached")
    page.locator("#vq-train-seconds input").fill(f"{seconds:g}")
    page.locator("#vq-train-seconds input").press("Tab")
    page.wait_for_timeout(1000)
    before = set(runs.glob("*/*/job.json"))
    pressed = time.perf_counter()
    page.locator("#vq-train-start").click()
    page.wait_for_selector(POINT, state="attached", timeout=120_000)
    first = time.perf_counter() - pressed
    run = (set(runs.glob("*/*/job.json")) - before).pop().parent
    began, ended = watch(run, "training"), watch(run, "evaluating")
    page.wait_for_function(
        "document.querySelector('.vq-phase').textContent == 'Finished'", timeout=180_000
    )
    last = json.loads((run / "records.jsonl").read_text().splitlines()[-1])
    return first, last["images_seen"] / (ended - began)


def watch(run: Path, phase: str) -> float:
    """When the worker wrote this phase, by the clock of the file system; waits for it."""
    state = run / "state.json"
    while True:
        stat, said = state.stat(), json.loads(state.read_text())["phase"]
        if said == phase:
            return stat.st_mtime
        if said in ("failed", "interrupted"):
            raise SystemExit(f"The run {said}: see {run}.")
        time.sleep(0.02)


def on_command_line(output: Path, seconds: float, data_dir: str) -> float:
    """Images per second of the same training by the command line."""
    call(
        "train",
        "--dataset",
        "mnist",
        "--data-dir",
        data_dir,
        "--seconds",
        f"{seconds:g}",
        "--output",
        str(output),
    )
    said = json.loads((output / "training.json").read_text())
    return said["step"] * said["config"]["batch_size"] / said["elapsed_seconds"]


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="budget of each run")
    parser.add_argument("--pairs", type=int, default=2, help="runs of each side")
    parser.add_argument(
        "--data-dir", default=os.environ.get("VQVAE_DATA_DIR") or "data", help="where MNIST lies"
    )
    options = parser.parse_args()
    first, app, cli = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        app_running("--runs", f"{folder}/runs", "--data-dir", options.data_dir) as (_, url),
        sync_playwright() as playwright,
    ):
        runs = Path(folder) / "runs"
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto(url)
        page.get_by_role("tab", name="Train").click()
        page.wait_for_timeout(8000)  # as long as a person takes to look at the form
        for pair in range(options.pairs):
            cli.append(
                on_command_line(Path(folder) / f"cli{pair}", options.seconds, options.data_dir)
            )
            point, speed = in_app(page, runs, options.seconds)
            first.append(point)
            app.append(speed)
        browser.close()
    for name, unit, value, target in (
        ("first_point_s", "s", statistics.median(first), "<= 4"),
        ("app_images_per_second", "images/s", statistics.median(app), ""),
        ("cli_images_per_second", "images/s", statistics.median(cli), ""),
        (
            "speed_ratio",
            "app over command line",
            statistics.median(app) / statistics.median(cli),
            ">= 0.9",
        ),
    ):
        report(name, value, unit, target, "python benchmarks/train_tab.py")


if __name__ == "__main__":
    run(main)
