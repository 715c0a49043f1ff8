"""Many visitors at once: `python benchmarks/load.py [--visitors 30] [--seconds 60] [--trainings 2]
[--attack KIND]`.

Starts the real app on a free port of this machine and talks to it as browsers do, over HTTP and
through the queue. Every visitor draws a picture, edits a grid of codes and asks the prior to
complete it, each of their own recognisable
kind: every answer is compared with what the model makes of that very request, so that a picture of
somebody else would be seen. Meanwhile `--trainings` runs train, a stranger opens the page again and
again, and with `--attack` one attacker does what once shut everybody out (attacker.py). Prints one
JSON line a figure; exit status 1 when something was wrong.
"""

import argparse
import asyncio
import base64
import io
import json
import random
import re
import statistics
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from attacker import KINDS, attacking
from figures import report
from running import app_running, run

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
EDIT_TARGET, PAGE_TARGET, GROWTH_TARGET, VISITOR_TARGET = 300, 2, 10, 8
WARM_UP_SHARE = 1 / 3
THINK = (0.4, 1.2)
"""Seconds between two edits of a person: at random between these."""


@dataclass
class Tally:
    """What all visitors have seen together."""

    edits: list[float] = field(default_factory=list)
    draws: list[float] = field(default_factory=list)
    completions: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    """Seconds that a stranger waited for the page."""
    errors: list[str] = field(default_factory=list)
    mixed: int = 0


class Expected:
    """What the model makes of a request, computed here."""

    def __init__(self) -> None:
        import torch

        import vqvae

        torch.set_num_threads(1)
        self.model = vqvae.load("mnist")
        self.shape, self.size = self.model.config.grid, self.model.config.codebook_size

    def grid(self, visitor: int, edit: int) -> list[list[int]]:
        """The grid of a visitor after some edits: a pattern of the visitor's own, a cell of it
        changed at each edit."""
        h, w = self.shape
        codes = [(37 * visitor + 11 * cell) % self.size for cell in range(h * w)]
        for n in range(edit):
            codes[n % len(codes)] = (codes[n % len(codes)] + 101) % self.size
        return [codes[row * w : (row + 1) * w] for row in range(h)]

    def picture(self, grid: list[list[int]]) -> np.ndarray:
        import torch

        from demo.models import editing

        return editing.decode_all(self.model, torch.tensor([grid]))[0]


class Visitor:
    """A page of the app, as far as the server can tell."""

    def __init__(self, number: int, url: str, expected: Expected, tally: Tally) -> None:
        self.number, self.expected, self.tally = number, expected, tally
        self.http = httpx.AsyncClient(
            base_url=url,
            timeout=60,
            limits=httpx.Limits(keepalive_expiry=60),
            headers={"Origin": url},
        )
        self.session, self.random = f"load{number:04}", random.Random(number)

    async def open(self) -> None:
        """Fetch the page and what it is made of; find the two components that answer questions."""
        page = (await self.http.get("/")).text
        for asset in re.findall(r'(?:src|href)="(\.?/[^"]+\.(?:js|css))"', page):
            (await self.http.get(asset.removeprefix("."))).raise_for_status()
        config = (await self.http.get("/config")).json()
        owners = {
            name: part["id"]
            for part in config["components"]
            for name in part.get("props", {}).get("server_fns") or []
        }
        self.owners = owners

    async def ask(self, function: str, request: dict) -> dict:
        body = {
            "data": request,
            "component_id": self.owners[function],
            "fn_name": function,
            "session_hash": self.session,
        }
        answer = await self.http.post("/gradio_api/component_server", json=body)
        answer.raise_for_status()
        return answer.json()

    async def live(self, until: float) -> None:
        """Edit again and again; draw a stroke now and then; complete the grid less often."""
        n = 0
        while time.monotonic() < until:
            n += 1
            try:
                await self.edit(n)
                if (n + self.number) % 6 == 3:
                    await self.draw(n)
                if (n + self.number) % 10 == 2:
                    await self.complete(n)
            except Exception as error:
                self.tally.errors.append(f"{type(error).__name__}: {error}")
            await asyncio.sleep(self.random.uniform(*THINK))

    async def edit(self, n: int) -> None:
        grid = self.expected.grid(self.number, n)
        begin = time.perf_counter()
        reply = await self.ask("edit_commit", {"model": "mnist", "n": n, "indices": grid})
        self.tally.edits.append(1000 * (time.perf_counter() - begin))
        self.check(reply, n, reply.get("pixels"), self.expected.picture(grid))

    async def draw(self, n: int) -> None:
        """Five moves of the pen: a square of the visitor's own size and place, growing."""
        from PIL import Image

        for move in range(5):
            pixels = np.zeros((28, 28), np.uint8)
            pixels[self.number % 20 : self.number % 20 + 4 + move, n % 20 : n % 20 + 5] = (
                40 + 5 * self.number
            )
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            begin = time.perf_counter()
            reply = await self.ask(
                "reconstruct",
                {
                    "model": "mnist",
                    "n": move,
                    "image": base64.b64encode(file.getvalue()).decode(),
                    "source": "example",
                },
            )
            self.tally.draws.append(1000 * (time.perf_counter() - begin))
            self.check(reply, move, reply.get("input"), pixels)
            await asyncio.sleep(0.1)

    async def complete(self, n: int) -> None:
        """Through the queue: the upper rows are kept, the lower ones drawn."""
        h, w = self.expected.shape
        grid = self.expected.grid(self.number, n)
        known = [[row < h // 2] * w for row in range(h)]
        begin = time.perf_counter()
        call = await self.http.post(
            "/gradio_api/call/complete", json={"data": [grid, known, "mnist", None, 1, n, 0.9]}
        )
        call.raise_for_status()
        async with self.http.stream(
            "GET", f"/gradio_api/call/complete/{call.json()['event_id']}"
        ) as events:
            lines = [line async for line in events.aiter_lines()]
        self.tally.completions.append(1000 * (time.perf_counter() - begin))
        if "event: complete" not in lines:
            self.tally.errors.append(f"complete: {lines[:4]}")
            return
        told = lines[
            lines.index("event: complete") + 1
        ]  # heartbeats, with data of their own, may stand before it
        filled = json.loads(told.removeprefix("data: "))[0]["indices"][0]
        self.tally.mixed += filled[: h // 2] != grid[: h // 2]

    def check(self, reply: dict, n: int, pixels: str | None, expected: np.ndarray) -> None:
        if reply.get("ok") is not True or reply.get("n") != n:
            self.tally.errors.append(str(reply)[:200])
            return
        shown = np.frombuffer(base64.b64decode(pixels), np.uint8).astype(int).ravel()
        # One grey level: sums are added in another order when a batch or a processor differs.
        self.tally.mixed += bool(np.abs(shown - expected.astype(int).ravel()).max() > 1)


def memory(process: int) -> float:
    """Resident memory of the server process, MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


async def stranger(url: str, until: float, tally: Tally) -> None:
    """Opens the page every second, on a connection of its own."""
    while time.monotonic() < until:
        begin = time.perf_counter()
        try:
            async with httpx.AsyncClient(base_url=url, timeout=60) as http:
                page = await http.get("/")
            if page.status_code != 200 or "gradio_config" not in page.text:
                tally.errors.append(f"the page: {page.status_code}")
        except httpx.HTTPError as error:
            tally.errors.append(f"the page: {type(error).__name__}")
        tally.pages.append(time.perf_counter() - begin)
        await asyncio.sleep(1)


async def visit(
    url: str, server: int, visitors: int, seconds: float, tally: Tally, attack: str = ""
) -> list[float]:
    """All visitors together, beside an attacker where one is named; the server's memory."""
    expected = Expected()
    everybody = [Visitor(n, url, expected, tally) for n in range(visitors)]
    await everybody[0].open()
    for ask in (
        everybody[0].edit,
        everybody[0].draw,
        everybody[0].complete,
    ):  # what is loaded once is nobody's own
        await ask(1)
    samples = [memory(server)]
    await asyncio.gather(*(visitor.open() for visitor in everybody[1:]))
    for times in (tally.edits, tally.draws, tally.completions):
        times.clear()
    until = time.monotonic() + seconds

    async def watch() -> None:
        while time.monotonic() < until:
            await asyncio.sleep(1)
            samples.append(memory(server))

    with attacking(attack, url, seconds) if attack else nullcontext():
        await asyncio.gather(
            watch(), stranger(url, until, tally), *(one.live(until) for one in everybody)
        )
    for visitor in everybody:
        await visitor.http.aclose()
    return samples


def start_trainings(runs: Path, count: int, seconds: float):
    """Runs of synthetic digits for as long as the visitors stay, two at once however few the
    cores."""
    from demo.runs.jobs import Jobs
    from demo.runs.settings import RunSettings
    from demo.session import new_token
    from vqvae.config import ModelConfig, TrainingConfig

    jobs = Jobs(runs, slots=max(1, count))
    for _ in range(count):
        jobs.start(
            new_token(),
            RunSettings(ModelConfig(), TrainingConfig(dataset="synthetic", seconds=seconds)),
        )
    return jobs


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how many visitors the app holds.")
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--trainings", type=int, default=2)
    parser.add_argument("--attack", choices=KINDS, default="")
    options = parser.parse_args()
    command = (
        f"python benchmarks/load.py --visitors {options.visitors} --seconds {options.seconds:g}"
    )
    command += f" --trainings {options.trainings}"
    command += f" --attack {options.attack}" if options.attack else ""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, app_running("--runs", folder) as (app, url):
        jobs = None
        try:
            print(f"{options.visitors} visitors at {url}", file=sys.stderr)
            jobs = (
                start_trainings(Path(folder), options.trainings, options.seconds + 30)
                if options.trainings
                else None
            )
            time.sleep(15 if jobs else 0)
            samples = asyncio.run(
                visit(url, app.pid, options.visitors, options.seconds, tally, options.attack)
            )
        finally:
            if jobs:
                jobs.close(wait=20)
    warm = samples[max(1, round(len(samples) * WARM_UP_SHARE)) :]
    third = max(1, len(warm) // 3)
    growth = 100 * (statistics.median(warm[-third:]) / statistics.median(warm[:third]) - 1)

    def p95(values: list[float]) -> float:
        return sorted(values)[int(0.95 * (len(values) - 1))] if values else 0.0

    report(
        "load_edit_p95",
        p95(tally.edits),
        "ms",
        f"<= {EDIT_TARGET}",
        command,
        edits=len(tally.edits),
        median=round(statistics.median(tally.edits), 1),
        visitors=options.visitors,
        trainings=options.trainings,
    )
    report("load_draw_p95", p95(tally.draws), "ms", "", command, pictures=len(tally.draws))
    report(
        "load_complete_p95", p95(tally.completions), "ms", "", command, grids=len(tally.completions)
    )
    report(
        "load_page_longest",
        max(tally.pages),
        "s",
        f"<= {PAGE_TARGET}",
        command,
        pages=len(tally.pages),
    )
    report("load_errors", len(tally.errors), "answers", "0", command, first=tally.errors[:1])
    report("load_wrong_pictures", tally.mixed, "answers", "0", command)
    report(
        "load_memory_growth",
        growth,
        "% after warm-up",
        f"<= {GROWTH_TARGET}",
        command,
        end_mb=round(samples[-1]),
    )
    report(
        "load_memory_per_visitor",
        (max(samples) - samples[0]) / options.visitors,
        "MB",
        f"<= {VISITOR_TARGET}",
        command,
    )
    report("load_memory_most", max(samples), "MB", "", command)
    return int(bool(tally.errors or tally.mixed))


if __name__ == "__main__":
    run(main)
