"""Row 7: invented visitors book places to train. They have a most of their address, no run may be
long, and whoever comes from elsewhere is next."""

import asyncio
import re
import secrets
import time

import httpx
import pytest

from demo.runs.places import MAX_ADDRESS
from tests.attacks.conftest import HONEST_SECONDS, Target

MOST_SECONDS = 900


@pytest.fixture(scope="module")
def place(start_target) -> Target:
    """An app as it is when others than the owner of the machine may use it."""
    return start_target("--train-seconds", str(MOST_SECONDS), models=False)


class Trainer:
    """Presses Train, each time as another visitor, from one address."""

    def __init__(self, target: Target, address: str) -> None:
        config = target.config()
        parts = {part["id"]: part for part in config["components"]}
        button = next(
            key for key, part in parts.items() if part["props"].get("elem_id") == "vq-train-start"
        )
        self.event = next(
            event for event in config["dependencies"] if [button, "click"] in event["targets"]
        )
        self.inputs = [parts[key] for key in self.event["inputs"]]
        transport = httpx.AsyncHTTPTransport(local_address=address, verify=False)
        self.http = httpx.AsyncClient(base_url=target.url, timeout=60, transport=transport)

    async def press(self, seconds: float, token: str | None = None) -> str:
        """What the page would show, as text."""
        given = {"vq-train-dataset": "synthetic", "vq-train-seconds": seconds}
        data = [
            given.get(part["props"].get("elem_id"), part["props"].get("value"))
            for part in self.inputs
        ]
        data[0], data[1], data[2] = token or secrets.token_hex(16), None, None
        body = {"fn_index": self.event["id"], "data": data, "session_hash": secrets.token_hex(5)}
        answer = await self.http.post("/gradio_api/run/predict", json=body)
        return re.sub(r"<[^>]+>", " ", answer.raise_for_status().text)


def test_invented_visitors_do_not_book_all_places(place):
    async def run():
        attacker, honest = Trainer(place, "127.0.0.1"), Trainer(place, "127.0.0.2")
        long = await attacker.press(86_400)
        said = await asyncio.gather(*(attacker.press(60) for _ in range(MAX_ADDRESS + 8)))
        begin = time.monotonic()
        page = await honest.http.get("/")
        seconds = time.monotonic() - begin
        mine = await honest.press(60)
        for trainer in (attacker, honest):
            await trainer.http.aclose()
        return long, said, page, seconds, mine

    long, said, page, seconds, mine = asyncio.run(run())
    assert "would train for 86400 seconds in all, and this app takes 900" in long
    refused = [text for text in said if "runs from your network address are waiting" in text]
    assert len(refused) == 8
    assert sum("in the queue" in text for text in said) >= MAX_ADDRESS - 4
    assert page.status_code == 200 and seconds < HONEST_SECONDS
    assert "Next in the queue" in mine, "whoever comes from elsewhere is next"
    assert len(list(place.runs.glob("*/*/job.json"))) == MAX_ADDRESS + 1
