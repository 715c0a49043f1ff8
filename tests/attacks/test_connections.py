"""Connections that say nothing, half a head or a body drop by drop, and more of them than there are
descriptors: others are served, and the log does not grow."""

import socket
import sys
import time
from urllib.parse import urlsplit

import pytest

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
        one.settimeout(0.01)
        try:
            while one.recv(4096):
                pass
        except TimeoutError:
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


def test_a_head_arrives_within_seconds_and_a_body_keeps_its_pace(target):
    silent, half, slow = (opened(target.url, 1, said)[0] for said in (b"", HALF, SLOW_BODY))
    started, ended = time.monotonic(), {}
    while len(ended) < 3 and time.monotonic() - started < 45:
        for name, one in (("silent", silent), ("half", half), ("slow", slow)):
            if name in ended:
                continue
            one.settimeout(0.2)
            try:
                if name != "silent":
                    one.sendall(b"x")
                if not one.recv(4096):
                    ended[name] = True
            except TimeoutError:
                pass
            except OSError:
                ended[name] = True
        time.sleep(0.5)
    assert set(ended) == {"silent", "half", "slow"}
    assert target.honest_seconds() < HONEST_SECONDS


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_fewer_descriptors_than_connections(start_target):
    """Row 6 as it was found: 300 descriptors and no more to be had, 400 half-sent requests."""
    target = start_target(prefix=["sh", "-c", 'ulimit -n 300; exec "$@"', "sh"])
    target.honest_seconds()
    said = len("\n".join(target.app.lines))
    attackers = opened(target.url, 400, HALF)
    try:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            assert target.honest_seconds() < HONEST_SECONDS
            time.sleep(0.5)
        assert len("\n".join(target.app.lines)) - said < 10_000
    finally:
        for one in attackers:
            one.close()
