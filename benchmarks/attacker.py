"""One attacker of an app on this machine, for load.py:
`python benchmarks/attacker.py KIND URL SECONDS`.

Each kind does what once shut everybody out (tests/attacks/ holds that it does not), as fast as it
can, from an address of its own. It talks to loopback addresses only, and stops by itself.
"""

import asyncio
import base64
import contextlib
import io
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import urlsplit

import httpx
from running import run

ADDRESS = "127.0.0.2"
"""The visitors come from 127.0.0.1."""
JSON_BYTES = 60 * 2**20
SIDE = 8_000
"""Of the picture of 64 megapixels."""
HALVES = 400
"""Requests that are begun and not finished."""


class Attacker:
    """What the kinds have in common: a client, and what the app says of its components."""

    def __init__(self, url: str, seconds: float) -> None:
        if not (urlsplit(url).hostname or "").startswith("127."):
            raise SystemExit(f"{url} is not an app of this machine, and no other is attacked.")
        self.url, self.until = url, time.monotonic() + seconds
        self.answers: Counter[int | str] = Counter()
        self.http = httpx.AsyncClient(
            base_url=url, timeout=60, transport=httpx.AsyncHTTPTransport(local_address=ADDRESS)
        )

    async def look(self) -> None:
        config = (await self.http.get("/config")).raise_for_status().json()
        self.parts = {part["id"]: part for part in config["components"]}
        self.events = config["dependencies"]

    def named(self, elem_id: str) -> int:
        return next(n for n, part in self.parts.items() if part["props"].get("elem_id") == elem_id)

    def values(self, event: dict, given: dict[str, object]) -> list:
        """What an event is sent: what the page begins with, and what is `given` by elem_id."""
        props = [self.parts[n]["props"] for n in event["inputs"]]
        return [given.get(prop.get("elem_id"), prop.get("value")) for prop in props]

    async def send(self, path: str, **body: object) -> None:
        answer = await self.http.post(path, **body)
        self.answers[answer.status_code] += 1

    async def fetch(self, path: str) -> None:
        answer = await self.http.get(path)
        self.answers[answer.status_code] += 1

    async def repeat(self, act: Callable[[], Awaitable[None]], at_once: int) -> None:
        """Do it again and again, so many at once, until the time is over; also what failed."""

        async def one() -> None:
            while (left := self.until - time.monotonic()) > 0:
                try:
                    await asyncio.wait_for(act(), left)
                except TimeoutError:
                    self.answers["none yet"] += 1
                except (httpx.HTTPError, OSError) as error:
                    self.answers[type(error).__name__] += 1
                    await asyncio.sleep(0.05)

        await asyncio.gather(*(one() for _ in range(at_once)))

    # -- the kinds, by the rows of the issue ------------------------------------------------------

    async def queue(self) -> None:
        """Row 3: events that nobody listens for, of sessions that do not exist, and slow calls."""
        load = next(e for e in self.events if [kind for _, kind in e["targets"]] == ["load"])
        data = self.values(load, {})

        async def join() -> None:
            body = {"fn_index": load["id"], "data": data, "session_hash": secrets.token_hex(5)}
            await self.send("/gradio_api/queue/join", json=body)

        async def call() -> None:
            slow = ["mnist", 100, None, 0, 1.0, 1.0, 1.8, 64]
            begun = await self.http.post("/gradio_api/call/generate", json={"data": slow})
            name = begun.raise_for_status().json()["event_id"]
            await self.http.get(f"/gradio_api/call/generate/{name}")

        await asyncio.gather(self.repeat(join, 8), self.repeat(call, 16))

    async def downloads(self) -> None:
        """Row 4: a model is packed for a download over and over."""
        await self.repeat(lambda: self.fetch("/model.zip?model=mnist"), 8)

    async def halves(self) -> None:
        """Row 6: requests that are begun and never finished, begun anew when they are closed."""
        where = urlsplit(self.url)

        async def begin() -> None:
            reader, writer = await asyncio.open_connection(
                where.hostname, where.port, local_addr=(ADDRESS, 0)
            )
            self.answers["begun"] += 1
            with contextlib.closing(writer):
                writer.write(b"GET / HTTP/1.1\r\nHost: " + where.netloc.encode() + b"\r\nX: ")
                await reader.read()
            await asyncio.sleep(0.1)

        await self.repeat(begin, HALVES)

    async def training(self) -> None:
        """Row 7: invented visitors press Train, each for as long as they may."""
        press = [self.named("vq-train-start"), "click"]
        event = next(e for e in self.events if press in e["targets"] and e["backend_fn"])
        data = self.values(event, {"vq-train-dataset": "synthetic", "vq-train-seconds": 600})

        async def train() -> None:
            asked = [secrets.token_hex(16), None, None, *data[3:]]
            body = {"fn_index": event["id"], "data": asked, "session_hash": secrets.token_hex(5)}
            await self.send("/gradio_api/run/predict", json=body)

        await self.repeat(train, 4)

    async def json(self) -> None:
        """Row 8: JSON as large as an upload may be."""
        body = b'{"data":[' + b"0," * (JSON_BYTES // 2) + b'0],"fn_index":0,"session_hash":"x"}'
        headers = {"Content-Type": "application/json"}
        await self.repeat(
            lambda: self.send("/gradio_api/queue/join", content=body, headers=headers), 2
        )

    async def pictures(self) -> None:
        """Row 9: small files that are pictures of 64 megapixels."""
        from PIL import Image

        file = io.BytesIO()
        Image.new("RGB", (SIDE, SIDE), "teal").save(file, "PNG")
        picture = base64.b64encode(file.getvalue()).decode()
        asks = next(
            n
            for n, part in self.parts.items()
            if "edit_open" in (part["props"].get("server_fns") or [])
        )

        async def show() -> None:
            request = {"model": "mnist", "n": 1, "kind": "picture", "file": picture}
            body = {
                "data": request,
                "component_id": asks,
                "fn_name": "edit_open",
                "session_hash": secrets.token_hex(5),
            }
            await self.send("/gradio_api/component_server", json=body)

        await self.repeat(show, 4)


KINDS = ("queue", "downloads", "halves", "training", "json", "pictures")


@contextlib.contextmanager
def attacking(kind: str, url: str, seconds: float) -> Iterator[None]:
    """One attacker, in a process of its own, for so many seconds or as long as the block lasts."""
    process = subprocess.Popen([sys.executable, __file__, kind, url, str(seconds)])
    try:
        yield
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
    finally:
        process.kill()
        process.wait()


async def attack(kind: str, url: str, seconds: float) -> None:
    """Attack an app of this machine for so many seconds; say what came back on standard error."""
    attacker = Attacker(url, seconds)
    async with attacker.http:
        await attacker.look()
        await getattr(attacker, kind)()
    print(f"{kind}: {dict(attacker.answers)}", file=sys.stderr)


def main() -> None:
    """What the command line asks for."""
    if len(sys.argv) != 4 or sys.argv[1] not in KINDS:
        raise SystemExit(f"Give one of {', '.join(KINDS)}, the app's address and seconds.")
    asyncio.run(attack(sys.argv[1], sys.argv[2], float(sys.argv[3])))


if __name__ == "__main__":
    run(main)
