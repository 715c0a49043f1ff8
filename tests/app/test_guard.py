"""What stands in front of the app: rates, headers, room. Hosts and origins are in
test_interface.py."""

import asyncio

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from demo.web import rates
from demo.web.guard import Guard
from demo.web.rates import Buckets, Paced
from demo.web.sign_in import SignIn


async def echo(request):
    return PlainTextResponse(str(len(await request.body())))


def client(**options) -> TestClient:
    options = {
        "requests_per_second": 1000,
        "sign_in": SignIn(),
        "headers": {"X-Test": "yes"},
        **options,
    }
    app = Starlette(
        routes=[Route(path, echo, methods=["GET", "POST"]) for path in ("/", "/gradio_api/upload")]
    )
    return TestClient(Guard(app, **options))


def test_a_bucket_gives_what_it_holds_and_fills_up_again():
    now = [0.0]
    buckets = Buckets(2.0, 3.0, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("b") == 0
    now[0] = 0.5
    assert buckets.take("a") == 0 and buckets.take("a") == 0.5
    now[0] = 1e6
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_crowd_of_addresses_costs_no_memory_and_the_longest_quiet_one_is_forgotten():
    buckets = Buckets(1.0, 1.0, addresses=100, clock=lambda: 0.0)
    assert [buckets.take(str(n)) for n in range(100)] == [0] * 100
    assert buckets.take("0") == 1, "it comes again, so that 1 is now the longest quiet one"
    for n in range(100, 200):
        assert buckets.take(str(n)) == 0 and buckets.take(str(n)) == 1, (
            "who has just come is remembered"
        )
        assert buckets.take("0") == 1, "and so is who keeps coming"
    assert buckets.take("1") == 0


def test_too_many_requests_are_told_when_to_come_back():
    page = client(requests_per_second=0.1)
    assert page.get("/").status_code == 200
    answer = page.get("/")
    assert (
        answer.status_code == 429
        and int(answer.headers["retry-after"]) == 10
        and "wait" in answer.text
    )


def test_events_and_pages_that_come_too_fast_wait_and_nothing_else_does(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    now = [0.0]
    monkeypatch.setattr(rates.asyncio, "sleep", sleep)
    buckets = [Buckets(1.0, 2.0, clock=lambda: now[0]) for _ in range(2)]
    paths = ("/", "/config", "/file.js", "/gradio_api/queue/join", "/gradio_api/call/encode")
    app = Starlette(routes=[Route(path, echo, methods=["GET", "POST"]) for path in paths])
    page = TestClient(Paced(app, *buckets))
    assert [page.get("/file.js").status_code for _ in range(9)] == [200] * 9 and not slept
    for method, path in (("GET", "/"), ("POST", "/gradio_api/queue/join")):
        slept.clear()
        assert [page.request(method, path).status_code for _ in range(3)] == [200] * 3
        assert sum(slept) == 1.0, "within the burst at once, then one per second"
    slept.clear()
    assert page.post("/gradio_api/call/encode").status_code == 200 and sum(slept) == 1.0


def test_a_request_whose_turn_never_comes_is_told_so(monkeypatch):
    async def sleep(seconds):
        pass

    monkeypatch.setattr(rates.asyncio, "sleep", sleep)
    never = Buckets(1.0, 0.0, clock=lambda: 0.0)
    app = Starlette(routes=[Route("/", echo)])
    answer = TestClient(Paced(app, never, never)).get("/")
    assert answer.status_code == 429 and answer.text == rates.MANY


def test_every_answer_carries_the_headers_also_a_refusal():
    page = client(requests_per_second=0.1)
    assert [page.get("/").headers["x-test"] for _ in range(3)] == ["yes"] * 3


def test_a_websocket_gets_nowhere():
    reached = []

    async def app(*_):
        reached.append(True)

    guard = Guard(app, requests_per_second=1, sign_in=SignIn(), headers={})
    asyncio.run(guard({"type": "websocket"}, None, None))
    assert not reached
