"""What stands in front of the app: rates, sizes, the password. Hosts and origins are in test_interface.py."""

import asyncio
import base64

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from demo.guard import Buckets, Guard


async def echo(request):
    return PlainTextResponse(str(len(await request.body())))


def client(**options) -> TestClient:
    options = {"requests_per_second": 1000, "max_bytes": 1000, "headers": {"X-Test": "yes"}, **options}
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])
    return TestClient(Guard(app, **options))


def basic(password: str, user: str = "anybody") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_a_bucket_gives_what_it_holds_and_fills_up_again():
    now = [0.0]
    buckets = Buckets(2.0, 3.0, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("b") == 0
    now[0] = 0.5
    assert buckets.take("a") == 0 and buckets.take("a") == 0.5
    now[0] = 1e6
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_crowd_of_addresses_costs_no_memory():
    buckets = Buckets(1.0, 1.0, addresses=100)
    for n in range(1000):
        buckets.take(str(n))
    assert len(buckets._left) == 100


def test_too_many_requests_are_told_when_to_come_back():
    page = client(requests_per_second=0.1)
    assert page.get("/").status_code == 200
    answer = page.get("/")
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) == 10 and "wait" in answer.text


def test_every_answer_carries_the_headers_also_a_refusal():
    page = client(requests_per_second=0.1)
    assert [page.get("/").headers["x-test"] for _ in range(3)] == ["yes"] * 3


@pytest.mark.parametrize("headers, status", [
    ({}, 401), (basic("wrong"), 401), (basic(""), 401), ({"Authorization": "Basic ???"}, 401),
    ({"Authorization": "Bearer secret: of ours"}, 401), (basic("secret: of ours"), 200),
    (basic("secret: of ours", ""), 200),
])
def test_the_password(headers, status):
    answer = client(password="secret: of ours").get("/", headers=headers)
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_passwords_cannot_be_tried_at_will():
    page = client(password="secret")
    codes = [page.get("/", headers=basic(f"try {n}")).status_code for n in range(12)]
    assert codes == [401] * 10 + [429] * 2
    assert page.get("/", headers=basic("secret")).status_code == 200


def test_a_body_too_large_is_refused_by_what_it_says_and_by_what_it_sends():
    page = client()
    assert page.post("/", content=b"x" * 1000).text == "1000"
    assert page.post("/", content=b"x" * 1001).status_code == 413
    assert page.post("/", content=iter([b"x" * 600] * 2)).status_code == 413
    assert page.post("/", content=b"x", headers={"content-length": "-1"}).status_code == 413


def test_a_websocket_gets_nowhere():
    reached = []

    async def app(*_):
        reached.append(True)

    guard = Guard(app, requests_per_second=1, max_bytes=1, headers={})
    asyncio.run(guard({"type": "websocket"}, None, None))
    assert not reached
