"""Connections that say nothing, half a head or a body drop by drop, and more of them than there are
descriptors: others are served, and the log does not grow."""

import contextlib
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI, Request

from demo.web import connections
from demo.web.server import Server
from tests.attacks.conftest import HONEST_SECONDS

HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
SLOW_BODY = (
    b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000000\r\n\r\n{"
)


def opened(url: str, count: int, said: bytes) -> list[socket.socket]:
    parts = urlsplit(url)
    sockets = []
    for _ in range(count):
        one = socket.create_connection((parts.hostname, parts.port), timeout=5)
        one.sendall(said)
        sockets.append(one)
    return sockets


def still_open(sockets: list[socket.socket]) -> int:
    count = 0
    for one in sockets:
        one.setblocking(False)
        try:
            while one.recv(4096):
                pass
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


@pytest.mark.parametrize(
    "said", [b"", HALF, SLOW_BODY], ids=["silent", "half a head", "a slow body"]
)
def test_many_unfinished_requests_stop_nobody(target, said):
    target.honest_seconds()  # the first page of all takes longer
    attackers = opened(target.url, 700, said)
    try:
        assert target.honest_seconds() < HONEST_SECONDS
        assert still_open(attackers) <= 512
    finally:
        for one in attackers:
            one.close()


@pytest.fixture
def impatient(monkeypatch):
    """Where the app's server answers, in this process, that waits for half a second where it waits
    for ten or twenty, and reads bodies."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.5)
    web, ready, listener = FastAPI(), threading.Event(), socket.create_server(("127.0.0.1", 0))

    @web.post("/gradio_api/queue/join")
    async def join(request: Request) -> int:
        return len(await request.body())

    server = Server(web, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert ready.wait(60)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_a_head_arrives_within_seconds_and_a_body_keeps_its_pace(impatient):
    waiting = [opened(impatient, 1, said)[0] for said in (b"", HALF, SLOW_BODY)]
    silent, deadline = waiting[0], time.monotonic() + 45
    while waiting and time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # closed, which is seen below
            for one in waiting:
                if one is not silent:
                    one.sendall(b"x")
        waiting = [one for one in waiting if still_open([one])]
        time.sleep(0.1)
    assert not waiting
    page = httpx.post(f"{impatient}/gradio_api/queue/join", content=bytes(2**20), verify=False)
    assert page.json() == 2**20


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_fewer_descriptors_than_connections(start_target):
    """Row 6 as it was found: 300 descriptors and no more to be had, 400 half-sent requests."""
    target = start_target(prefix=["sh", "-c", 'ulimit -n 300; exec "$@"', "sh"], models=False)
    target.honest_seconds()
    said = len("\n".join(target.app.lines))
    attackers = opened(target.url, 400, HALF)
    try:
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            assert target.honest_seconds() < HONEST_SECONDS
            time.sleep(0.5)
        assert len("\n".join(target.app.lines)) - said < 2_000
    finally:
        for one in attackers:
            one.close()
