"""Row 8. Large and costly JSON stops nobody and takes little memory; files may be large."""

import contextlib
import statistics
import threading

import httpx
import pytest

from demo.web.sizes import JSON_BYTES, VALUES
from tests.attacks.conftest import HONEST_SECONDS

DOORS = ("queue/join", "component_server", "run/predict", "call/encode", "reset", "upload_progress")
JSON = {"Content-Type": "application/json"}
MEMORY = 2**30
"""What one client may take, bytes."""
WHOLE = b'{"data": ["' + b"A" * (JSON_BYTES - 1000) + b'"], "session_hash": "x", "fn_index": 0}'
COSTLY = {
    "one long text": WHOLE,
    "many small values": b'{"data": [' + b"[]," * (VALUES // 2 - 10) + b"0]}",
    "long numbers": b'{"data": [' + b",".join([b"0." + b"1" * 350] * (VALUES - 10)) + b"]}",
    "escapes": b'{"data": ["' + b"\\u0041" * (JSON_BYTES // 6 - 1000) + b'"]}',
    "deep": b'{"data": ' + b"[" * (VALUES - 10) + b"]" * (VALUES - 10) + b"}",
}


@pytest.mark.parametrize("door", DOORS)
def test_sixty_megabytes_are_refused_at_once_at_every_door_but_uploads(target, door):
    for content in (bytes(60 * 2**20), (bytes(2**20) for _ in range(60))):
        try:
            answer = target.client.post(f"/gradio_api/{door}", content=content)
        except (httpx.WriteError, httpx.RemoteProtocolError):
            continue  # cut off while it sent
        assert answer.status_code in (404, 405, 413), answer.text


@pytest.mark.parametrize("kind", COSTLY)
def test_json_as_large_as_may_be_from_many_at_once_makes_nobody_wait(target, kind):
    before, waited = target.most_memory(), []

    def attack() -> None:
        with httpx.Client(base_url=target.url, timeout=60, verify=False) as client:
            for _ in range(2):
                with contextlib.suppress(httpx.TransportError):
                    client.post("/gradio_api/queue/join", content=COSTLY[kind], headers=JSON)

    attackers = [threading.Thread(target=attack) for _ in range(12)]
    for one in attackers:
        one.start()
    while not waited or any(one.is_alive() for one in attackers):
        waited.append(target.honest_seconds())
    assert statistics.median(waited) < HONEST_SECONDS, waited
    assert target.most_memory() - before < MEMORY


def test_a_file_of_sixty_megabytes_is_taken(target):
    content = bytes(60 * 2**20)
    answer = target.client.post("/gradio_api/upload", files={"files": ("a.zip", content)})
    assert answer.status_code == 200
