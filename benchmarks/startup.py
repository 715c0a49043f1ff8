"""How long until the app can be used: `python benchmarks/startup.py [--repeats N]`.

Prints one JSON line a figure, medians over the repeats, each with a fresh process and a fresh
browser profile: `first_page_s` from `python app.py` to the first page served over HTTP,
`first_page_cpu_s` the processor time of that (on a busy machine the better measure; Linux only);
`usable_s` from navigation to the model picker and the first tab drawn, in a headless browser.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

from figures import processor
from figures import report as print_figure
from running import app_running, run

ROOT = Path(__file__).resolve().parent.parent
WHEN_USABLE = """
const look = () => {
  const drawn = document.querySelector("#vq-model input")
    && document.querySelector('#vq-tabs [role="tabpanel"] *');
  if (drawn && !window.usableAt) window.usableAt = performance.now();
};
new MutationObserver(look).observe(document, {childList: true, subtree: true});
"""


def cpu_seconds(pid: int) -> float:
    """User and system time a process has used so far; nan where /proc does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def usable(url: str, repeats: int) -> list[float]:
    """Seconds from navigation to a usable page, with an empty cache each time."""
    from playwright.sync_api import sync_playwright

    system = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    seconds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=system, args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(repeats):
            page = browser.new_page()
            page.add_init_script(WHEN_USABLE)
            page.goto(url)
            page.wait_for_function("window.usableAt")
            seconds.append(page.evaluate("window.usableAt") / 1000)
            page.close()
        browser.close()
    return seconds


def report(name: str, values: list[float], target: str = "") -> None:
    print_figure(
        name,
        statistics.median(values),
        "s",
        target,
        "python benchmarks/startup.py",
        machine=processor(),
        all=[round(v, 3) for v in values],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the app's start-up.")
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    first, cpu, warm = [], [], []
    with tempfile.TemporaryDirectory() as runs:
        for turn in range(repeats):
            begin = time.perf_counter()
            with app_running("--runs", runs) as (app, url):
                with urllib.request.urlopen(url) as answer:
                    answer.read()
                first.append(time.perf_counter() - begin)
                cpu.append(cpu_seconds(app.pid))
                if turn == repeats - 1:
                    time.sleep(
                        3
                    )  # the default model loads in the background; a person is no faster
                    warm = usable(url, repeats)
    report("first_page_s", first, "<= 4")
    report("first_page_cpu_s", cpu)
    report("usable_s", warm, "<= 1.5")


if __name__ == "__main__":
    run(main)
