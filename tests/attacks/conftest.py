"""The real server in a process of its own, and what an attacker and an honest visitor do to it over
HTTP. Its clients check no certificates (`verify=False`): reading them takes longer than most
requests here, and nothing is encrypted.
"""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running_app import App

HONEST_SECONDS = 10.0
"""How long another visitor may wait for the page while an attack goes on. Generous, for a machine
that is busy with other things: benchmarks/load.py measures that it is below 2 s."""

_NUMBERS = itertools.count(1)


class Target:
    """A running app as an attacker meets it: its address, an HTTP client, and what the attack
    cost. `address`: which one of this machine the client comes from."""

    def __init__(self, app: App, address: str = "127.0.0.1") -> None:
        self.app, self.url, self.runs = app, app.url, app.runs
        self.pid = app.process.pid
        way = httpx.HTTPTransport(local_address=address, verify=False)
        self.client = httpx.Client(base_url=app.url, timeout=30, transport=way)

    def config(self) -> dict[str, Any]:
        """What the server tells everybody about its components and events."""
        return self.client.get("/config").raise_for_status().json()

    def join(
        self, fn_index: int, data: list[Any], session: str = "attacker", **more: Any
    ) -> httpx.Response:
        """Put an event into the queue, as the page does."""
        body = {"fn_index": fn_index, "data": data, "session_hash": session, **more}
        return self.client.post("/gradio_api/queue/join", json=body)

    def outcome(self, session: str = "attacker", seconds: float = 20.0) -> list[dict[str, Any]]:
        """What the event stream of a session says until its events are over."""
        said = []
        with self.client.stream(
            "GET",
            "/gradio_api/queue/data",
            params={"session_hash": session},
            timeout=seconds,
        ) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    said.append(json.loads(line[5:]))
                    if said[-1]["msg"] in ("close_stream", "unexpected_error"):
                        break
        return said

    def upload(self, name: str, content: bytes) -> str:
        """Upload a file as the page does; its path on the server."""
        answer = self.client.post("/gradio_api/upload", files={"files": (name, content)})
        return answer.raise_for_status().json()[0]

    def honest_seconds(self) -> float:
        """How long a stranger waits for the page, seconds; it has to come whole."""
        started = time.monotonic()
        page = httpx.get(self.url, timeout=60, verify=False)
        assert page.status_code == 200 and "gradio_config" in page.text, page.status_code
        return time.monotonic() - started

    def log_of(self, act: Callable[[], object]) -> str:
        """What the server writes into its log while `act` is done."""
        before = len(self.app.lines)
        act()
        self.honest_seconds()  # one more whole request: what the act left to do has had its turn
        read = -1
        while read < len(self.app.lines):
            read = len(self.app.lines)
            time.sleep(0.05)
        return "\n".join(self.app.lines[before:])

    def memory(self) -> int:
        """Bytes of memory the server holds now."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

    def most_memory(self) -> int:
        """Bytes of memory the server held at most since it started."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    def disk(self) -> int:
        """Bytes below the folder of runs, uploads and cached files among them."""
        return sum(file.stat().st_size for file in self.runs.rglob("*") if file.is_file())

    def close(self) -> None:
        self.client.close()
        self.app.stop()


@pytest.fixture(scope="module")
def start_target(tmp_path_factory) -> Iterator[Callable[..., Target]]:
    """`start_target("--option", ..., environment={...}, prefix=[...])`: a server of a test's own;
    all are stopped at the end of the file, with whatever trains there by then. `models=False`: one
    that has none, and so does not load PyTorch."""
    started: list[Target] = []

    def start(
        *options: str,
        environment: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
        models: bool = True,
    ) -> Target:
        if not models:
            options += ("--checkpoints", str(tmp_path_factory.mktemp("no-models")))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (environment or {}).items():
                patch.setitem(os.environ, name, value)
            started.append(
                Target(App(tmp_path_factory.mktemp("attacked"), *options, prefix=prefix))
            )
        return started[-1]

    yield start
    for target in started:
        target.close()


@pytest.fixture(scope="session")
def target(tmp_path_factory) -> Iterator[Target]:
    """One server with the app's defaults for all attacks that leave it as it was."""
    target = Target(App(tmp_path_factory.mktemp("attacked")))
    yield target
    target.close()


@pytest.fixture
def walker(target) -> Iterator[Target]:
    """The same server for who tries every event: from an address of its own each time, since one
    that asks so often has to wait (demo.web.rates)."""
    walker = Target(target.app, f"127.0.1.{next(_NUMBERS)}")
    yield walker
    walker.client.close()
