"""A class on one laptop: `python benchmarks/classroom.py [--visitors 300] [--seconds 60]`.

The page runs the model itself, so that a visitor who draws and edits asks the server for little.
That little is replayed for each of so many visitors while two trainings run: the page with its
files, the model's weights, what a tab asks once, a heartbeat every ten seconds, now and then a link
to share. Ten of them are real browsers that draw and click all the time. Prints one JSON line a
figure: errors, the server's processor time to open a page, and then as a share of one core. Some 4
minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from figures import report  # noqa: E402 (beside this file)
from load import start_trainings  # noqa: E402
from running import app_running, run  # noqa: E402

BROWSERS = 10
OPENING_SECONDS = 60.0
"""In which all of them come in."""
HEARTBEAT_SECONDS = 10.0
SHARES = 4
"""Links that each of them makes in a minute."""
OPENING = ("open_model", "edit_model", "edit_open")
"""What the tabs Reconstruct and Edit ask once."""
FILES = re.compile(r'(?:src|href)="(\.?/[^"]+\.(?:js|css|mjs))"')


class Visitor:
    """A page whose model runs in the page, as far as the server can tell."""

    def __init__(self, number: int, url: str, errors: list[str]) -> None:
        self.number, self.errors, self.random = number, errors, random.Random(number)
        self.http = httpx.AsyncClient(base_url=url, timeout=60, headers={"Origin": url})
        self.owners: dict[str, int] = {}

    async def open(self) -> None:
        """The page, what it is made of, the model, and what its tabs ask once."""
        await asyncio.sleep(self.random.uniform(0, OPENING_SECONDS - 5))
        try:
            page = (await self.get("/")).text
            for file in dict.fromkeys(FILES.findall(page)):
                await self.get(file.removeprefix("."))
            for part in (await self.get("/config")).json()["components"]:
                for name in part.get("props", {}).get("server_fns") or []:
                    self.owners[name] = part["id"]
            for name in OPENING:
                request = {"model": "mnist", "n": 1, "kind": "example", "number": self.number % 10}
                answer = await self.ask(name, request)
                for file in re.findall(r'"(weights/[^"]+)"', str(answer).replace("'", '"')):
                    await self.get(f"/{file}")
        except Exception as error:
            self.errors.append(f"opening: {type(error).__name__}: {error}")

    async def live(self, until: float) -> None:
        """The heartbeat of an open page, and a link now and then; all else is in the page."""
        beats = 0
        await asyncio.sleep(self.random.uniform(0, HEARTBEAT_SECONDS))
        while time.monotonic() < until:
            beats += 1
            try:
                await self.get("/gradio_api/app_id")
                if self.random.random() < SHARES * HEARTBEAT_SECONDS / 60:
                    cells = [self.random.randrange(512) for _ in range(49)]
                    rows = [cells[row : row + 7] for row in range(0, 49, 7)]
                    await self.ask("edit_share", {"model": "mnist", "n": beats, "indices": rows})
            except Exception as error:
                self.errors.append(f"later: {type(error).__name__}: {error}")
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def get(self, address: str) -> httpx.Response:
        return (await self.http.get(address)).raise_for_status()

    async def ask(self, function: str, request: dict) -> dict:
        body = {"data": request, "component_id": self.owners[function], "fn_name": function,
                "session_hash": f"class{self.number:04}"}  # fmt: skip
        told = {"again": True}
        while told.get("again"):  # a busy server, which a page asks again
            answer = await self.http.post("/gradio_api/component_server", json=body)
            told = answer.raise_for_status().json()
            if told.get("again"):
                await asyncio.sleep(0.7)
        if told.get("ok") is not True:
            raise ValueError(str(told)[:200])
        return told


async def draw(page, until: float) -> None:
    """Strokes on the pad and codes in cells, by turns."""
    generator = random.Random(7)
    while time.monotonic() < until:
        await page.locator("#vq-tab-reconstruct-button").click()
        pad = await page.locator(".vr-pad").bounding_box()
        for _ in range(3):
            for moved in range(12):
                x = pad["x"] + pad["width"] * generator.uniform(0.2, 0.8)
                y = pad["y"] + pad["height"] * generator.uniform(0.2, 0.8)
                await page.mouse.move(x, y, steps=3)
                if not moved:
                    await page.mouse.down()
            await page.mouse.up()
            await page.wait_for_timeout(300)
        await page.locator("#vq-tab-edit-button").click()
        for _ in range(5):
            await page.locator("[data-ref=gridA] [data-p]").nth(generator.randrange(49)).click()
            await page.locator("[data-ref=codes] [data-code]").nth(generator.randrange(8)).click()
            await page.wait_for_timeout(600)


def processor_seconds(process: int) -> float:
    """Processor time that a process has taken, without its children."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def lesson(url: str, server: int, visitors: int, seconds: float) -> dict[str, float | list]:
    """All of them together: what went wrong, and what it cost the server."""
    from playwright.async_api import async_playwright

    errors: list[str] = []
    everybody = [Visitor(number, url, errors) for number in range(visitors - BROWSERS)]
    system = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=system, args=["--no-sandbox", "--disable-gpu"]
        )
        pages = [await (await browser.new_context()).new_page() for _ in range(BROWSERS)]
        begun = processor_seconds(server)
        for page in pages:
            page.on("pageerror", lambda error: errors.append(f"in a browser: {error}"))
        opened = [page.goto(f"{url}/", timeout=90_000) for page in pages]
        await asyncio.gather(*(visitor.open() for visitor in everybody), *opened)
        for page in pages:
            await page.wait_for_selector('.vr[data-engine="page"]', timeout=90_000)
        opening = processor_seconds(server) - begun
        until, begun = time.monotonic() + seconds, processor_seconds(server)
        acting = [draw(page, until) for page in pages]
        await asyncio.gather(*(visitor.live(until) for visitor in everybody), *acting)
        living = (processor_seconds(server) - begun) / (time.monotonic() - until + seconds)
        await browser.close()
    for visitor in everybody:
        await visitor.http.aclose()
    return {"errors": errors, "opening": opening / visitors, "living": living}


def main() -> int:
    """Measure, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--trainings", type=int, default=2)
    args = parser.parse_args()
    command = f"python benchmarks/classroom.py --visitors {args.visitors}"
    with tempfile.TemporaryDirectory() as folder, app_running("--runs", folder) as (app, url):
        jobs = start_trainings(Path(folder), args.trainings, args.seconds + OPENING_SECONDS + 60)
        try:
            time.sleep(10)
            found = asyncio.run(lesson(url, app.pid, args.visitors, args.seconds))
        finally:
            jobs.close(wait=20)
    errors = found["errors"]
    report("classroom_errors", len(errors), "errors", "0", command, first=errors[:1])
    report("classroom_opening", 1000 * found["opening"], "ms of the server's processor a visitor",
           "", command)  # fmt: skip
    report("classroom_processor", 100 * found["living"], "% of one core", "<= 10", command,
           visitors=args.visitors, seconds=args.seconds)  # fmt: skip
    return int(bool(errors))


if __name__ == "__main__":
    run(main)
