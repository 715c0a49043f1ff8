"""How much a request may carry. Files stream to the disk; everything else is JSON, which Gradio
parses on the event loop, where all wait for it: bounded in bytes, in values, and in what one
address and all together have on the way at once.
"""

import re

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import PlainTextResponse

from demo.pictures.images import MAX_BYTES
from demo.web.addresses import address_of

SPARE = 2**20
"""What a request needs around the file or the picture that it carries, bytes."""
JSON_BYTES = MAX_BYTES * 4 // 3 + SPARE
"""A picture in base64."""
VALUES = 30_000
"""In one JSON text. The largest grid has some thousand."""
HELD_OF_ONE, HELD = 64 * 2**20, 256 * 2**20
"""Bytes of JSON that are received, wait or are answered: of one address, and of all."""
BUSY = "Too much is being sent from your address at once: wait a moment."
_UPLOAD = re.compile(r"(/gradio_api)?/upload/?")


def is_upload(scope) -> bool:
    """Whether a request goes to the door for files."""
    return _UPLOAD.fullmatch(scope["path"]) is not None


class Sizes:
    """ASGI middleware that refuses what is too large; uploads may have `upload_bytes`. Behind it,
    the body of anything but an upload comes whole, in one message."""

    def __init__(self, app, *, upload_bytes: int, json_bytes: int = JSON_BYTES) -> None:
        self.app, self._upload, self._json = app, upload_bytes + SPARE, json_bytes
        self._streamed = RequestBodyLimitMiddleware(app, max_body_size=self._upload)
        self._held: dict[str, int] = {}

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        upload = is_upload(scope)
        limit = self._upload if upload else self._json
        told = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not value.isdigit() or int(value) > limit for value in told):
            await _too_large(limit)(scope, receive, send)
        elif upload:
            await self._streamed(scope, receive, send)
        else:
            await self._hold(scope, receive, send)

    async def _hold(self, scope, receive, send) -> None:
        """What is no upload: read whole, and counted until it is answered."""
        address, parts, size, more = address_of(scope), [], 0, True
        try:
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    return  # the visitor has gone
                part, more = message.get("body", b""), message.get("more_body", False)
                if size + len(part) > self._json:
                    await _too_large(self._json)(scope, receive, send)
                    return
                if not self._take(address, len(part)):
                    busy = {"Retry-After": "2", "Connection": "close"}
                    await PlainTextResponse(BUSY, 429, busy)(scope, receive, send)
                    return
                size += len(part)
                parts.append(part)
            body = b"".join(parts)
            parts.clear()
            if sum(map(body.count, (b",", b"[", b"{"))) > VALUES:
                text = f"A request may have up to {VALUES:,} values."
                await PlainTextResponse(text, 413)(scope, receive, send)
                return
            whole = [{"type": "http.request", "body": body, "more_body": False}]

            async def again():
                return whole.pop() if whole else await receive()

            await self.app(scope, again, send)
        finally:
            self._give_back(address, size)

    def _take(self, address: str, count: int) -> bool:
        """Whether an address may have so many bytes more."""
        mine = self._held.get(address, 0) + count
        if count and (mine > HELD_OF_ONE or sum(self._held.values()) + count > HELD):
            return False
        self._held[address] = mine
        return True

    def _give_back(self, address: str, count: int) -> None:
        self._held[address] = self._held.get(address, 0) - count
        if self._held[address] <= 0:
            del self._held[address]


def _too_large(limit: int) -> PlainTextResponse:
    text = f"A request like this one may have up to {limit // 2**20} MB."
    return PlainTextResponse(text, 413, {"Connection": "close"})
