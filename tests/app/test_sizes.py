"""How much a request may carry: by what it says, by what it sends, and together with others."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from demo.pictures.images import MAX_BYTES
from demo.web import sizes
from demo.web.sizes import SPARE, Sizes

UPLOAD = "/gradio_api/upload"


async def echo(request):
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def client() -> TestClient:
    paths = ("/", UPLOAD, "/gradio_api/run/upload", "/gradio_api/upload_progress")
    app = Starlette(routes=[Route(path, echo, methods=["GET", "POST"]) for path in paths])
    return TestClient(Sizes(app, upload_bytes=2000, json_bytes=1000))


@pytest.mark.parametrize("path, most", [
    ("/", 1000),
    ("/gradio_api/run/upload", 1000),
    ("/gradio_api/upload_progress", 1000),
    (UPLOAD, 2000 + SPARE),
])  # fmt: skip
def test_only_uploads_may_be_large_by_what_they_say_and_by_what_they_send(client, path, most):
    assert client.post(path, content=b"x" * most).text == str(most)
    assert client.post(path, content=b"x" * (most + 1)).status_code == 413
    assert client.post(path, content=iter([b"x" * (most - 10), b"x" * 10])).text == str(most)
    assert client.post(path, content=iter([b"x" * (most - 10), b"x" * 11])).status_code == 413
    assert client.post(path, content=b"x", headers={"content-length": "-1"}).status_code == 413
    assert client.get(path).text == "0"


@pytest.mark.parametrize("part", [b",", b"[", b"{", b'{"a":[1,'])
def test_values_are_counted_before_they_are_read(part):
    reached = []

    async def app(scope, receive, send):
        reached.append(await receive())
        await PlainTextResponse("read")(scope, receive, send)

    page = TestClient(Sizes(app, upload_bytes=1, json_bytes=2**21))
    assert page.post("/", content=part * (sizes.VALUES // 4)).text == "read"
    answer = page.post("/", content=part * (sizes.VALUES + 1))
    assert answer.status_code == 413 and "30,000 values" in answer.text
    assert len(reached) == 1


def test_an_address_holds_so_much_at_once_and_all_together_so_much(monkeypatch):
    monkeypatch.setattr(sizes, "HELD_OF_ONE", 25)
    monkeypatch.setattr(sizes, "HELD", 45)

    async def run():
        go, codes = asyncio.Event(), []

        async def app(scope, receive, send):
            await receive()
            await go.wait()
            await PlainTextResponse("read")(scope, receive, send)

        held = Sizes(app, upload_bytes=1, json_bytes=100)

        async def post(address):
            parts = [b"x" * 5, b"x" * 5]

            async def receive():
                return {"type": "http.request", "body": parts.pop(), "more_body": bool(parts)}

            async def send(message):
                if message["type"] == "http.response.start":
                    codes.append((address, message["status"]))

            scope = {"type": "http", "path": "/", "headers": [], "client": (address, 1)}
            await held(scope, receive, send)

        posts = []
        for address in ("a", "a", "a", "b", "b", "c"):
            posts.append(asyncio.create_task(post(address)))
            await asyncio.sleep(0)
        assert codes == [("a", 429), ("c", 429)]
        go.set()
        await asyncio.gather(*posts)
        assert sorted(codes)[:2] == [("a", 200), ("a", 200)] and len(codes) == 6
        assert not held._held, "what was answered is held no more"

    asyncio.run(run())


def test_whoever_leaves_before_the_end_is_forgotten():
    async def app(*_):
        raise AssertionError("never reached")

    async def run():
        held = Sizes(app, upload_bytes=1)
        messages = [
            {"type": "http.request", "body": b"x" * 5, "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive():
            return messages.pop(0)

        scope = {"type": "http", "path": "/", "headers": [], "client": ("a", 1)}
        await held(scope, receive, None)
        assert not messages and not held._held

    asyncio.run(run())


def test_a_question_may_carry_the_largest_picture_as_text_and_little_more():
    assert 4 / 3 * MAX_BYTES < sizes.JSON_BYTES < 1.2 * 4 / 3 * MAX_BYTES
