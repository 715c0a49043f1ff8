"""Who may talk to the app, how much and how often: ASGI middleware around the whole server.

Plain ASGI, because Starlette's BaseHTTPMiddleware would buffer Gradio's event streams.
"""

import base64
import binascii
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

SAFE = ("GET", "HEAD", "OPTIONS")
BODY_SPARE = 2**20
"""What a form needs around the file it carries, bytes."""
FOREIGN = "Requests from another site are refused: open this app's own page."


class Buckets:
    """How many requests an address may make: `rate` a second, `burst` at once. Remembers the latest `addresses` only,
    so that a crowd of addresses costs no memory."""

    def __init__(self, rate: float, burst: float, addresses: int = 10_000,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._most, self._clock = rate, burst, addresses, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, tokens: float = 1.0) -> float:
        """0 where the request may pass (and is counted), else the seconds to wait until it would."""
        now = self._clock()
        left, then = self._left.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate)
        wait = max(0.0, (tokens - left) / self._rate)
        self._left[address] = (left if wait else left - tokens, now)
        while len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait


class Guard:
    """Refuses, in this order: too many requests, a wrong password, another site's page, a body that is too large.

    Args:
        requests_per_second: for each address, with ten times as many at once.
        max_bytes: of one request's body.
        password: where it is given, every request needs it (HTTP Basic, with any user name).
        room: asked before an upload; a sentence refuses it.
        headers: put on every answer that does not have them.
    """

    def __init__(self, app, *, requests_per_second: float, max_bytes: int, password: str = "",
                 room: Callable[[], str] = lambda: "", headers: dict[str, str]) -> None:
        self.app, self._max_bytes, self._password = app, max_bytes, password.encode()
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._room = room
        self._requests = Buckets(requests_per_second, 10 * requests_per_second)
        self._wrong = Buckets(1 / 6, 10)  # ten wrong passwords, then one in six seconds

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # the app has no websocket, so nobody gets past the rules below through one
        answer = Answer(send, self._headers)
        refusal = self._refusal(scope)
        if refusal is None:
            body = Body(receive, self._max_bytes)
            try:
                await self.app(scope, body.receive, lambda message: answer.send(message, drop=body.too_large))
            except Exception:
                if not body.too_large:
                    raise
            if not body.too_large or answer.started:
                return
            refusal = self._too_large()
        await refusal(scope, receive, answer.send)

    def _refusal(self, scope) -> PlainTextResponse | None:
        headers, address = Headers(scope=scope), (scope.get("client") or ("",))[0]
        if wait := self._requests.take(address):
            return _wait("Too many requests: wait a moment.", wait)
        if self._password and not self._knows_password(headers):
            if wait := self._wrong.take(address):
                return _wait("Too many wrong passwords: wait a moment.", wait)
            return PlainTextResponse("This app asks for a password; the user name does not matter.", 401,
                                     {"WWW-Authenticate": 'Basic realm="VQ-VAE Playground", charset="UTF-8"'})
        if scope["method"] not in SAFE and is_foreign(headers):
            return PlainTextResponse(FOREIGN, 403)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._max_bytes:
            return self._too_large()
        if scope["path"].endswith("/upload") and (sentence := self._room()):
            return PlainTextResponse(sentence, 507)
        return None

    def _knows_password(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        try:
            text = base64.b64decode(given, validate=True) if scheme.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(text.partition(b":")[2], self._password)

    def _too_large(self) -> PlainTextResponse:
        return PlainTextResponse(f"A request may have up to {self._max_bytes // 2**20} MB.", 413,
                                 {"Connection": "close"})


class Body:
    """A request's body as it comes in. One without a length, or longer than it said, ends at the limit: to the app it
    looks as if the visitor had gone."""

    def __init__(self, receive, limit: int) -> None:
        self._receive, self._left, self.too_large = receive, limit, False

    async def receive(self):
        message = {"type": "http.disconnect"} if self.too_large else await self._receive()
        self._left -= len(message.get("body", b""))
        self.too_large = self._left < 0
        return {"type": "http.disconnect"} if self.too_large else message


class Answer:
    """An answer as it goes out, with the headers that every one has."""

    def __init__(self, send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send, self._headers, self.started = send, headers, False

    async def send(self, message, *, drop: bool = False) -> None:
        if drop and not self.started:
            return  # what the app says to a visitor it believes gone
        if message["type"] == "http.response.start":
            self.started = True
            present = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(h for h in self._headers if h[0] not in present)]
        await self._send(message)


def is_foreign(headers: Headers) -> bool:
    """Whether a browser sent this from a page of another origin. Programs send no Origin and are let through."""
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _wait(text: str, seconds: float) -> PlainTextResponse:
    return PlainTextResponse(text, 429, {"Retry-After": str(math.ceil(seconds))})
