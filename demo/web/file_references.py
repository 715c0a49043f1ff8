"""ASGI middleware that refuses a request which speaks of a file that was not uploaded.

Gradio takes `{"path": ..., "meta": {"_type": "gradio.FileData"}}` anywhere in a payload for a file,
of whatever
component: it copies the file into its cache, from which everybody may fetch it, and downloads a
path that is an address. It checks neither where the server was mounted instead of launched.
`create_server` sets what restores its check; here the request ends before Gradio has seen it, at
any address that takes JSON.
"""

import json
from collections.abc import Iterator
from typing import Any

import anyio.to_thread
from starlette.responses import JSONResponse

from demo.uploads import NOT_UPLOADED, UploadError, uploaded

FETCHES = ("/file=http", "/proxy=")
"""What in a path makes Gradio fetch an address for the visitor. Nothing here needs it."""
TOO_DEEP = "That request is nested too deeply to be read."


class OnlyUploadedFiles:
    """Refuses file references to what was not uploaded, and fetching for strangers. Bodies are read
    whole: put a limit of size before it. Multipart bodies pass: they are files on their way in, and
    Gradio names these itself."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if any(part in scope["path"].lower() for part in FETCHES):
            return await JSONResponse({"detail": "This app fetches no addresses."}, 403)(
                scope, receive, send
            )
        if scope["method"] in ("GET", "HEAD", "OPTIONS") or _is_multipart(scope):
            return await self.app(scope, receive, send)
        messages, body = await _read(receive)
        if _may_refer(body) and (refusal := await anyio.to_thread.run_sync(_refusal, body)):
            return await JSONResponse({"detail": refusal, "error": refusal}, 403)(
                scope, receive, send
            )

        async def again():
            return messages.pop(0) if messages else await receive()

        await self.app(scope, again, send)
        return None


def _is_multipart(scope) -> bool:
    kinds = [value for name, value in scope["headers"] if name.lower() == b"content-type"]
    return len(kinds) == 1 and kinds[0].strip().lower().startswith(b"multipart/form-data")


async def _read(receive) -> tuple[list[dict[str, Any]], bytes]:
    """(the messages to hand on, the whole body)."""
    messages, parts = [], []
    while True:
        message = await receive()
        messages.append(message)
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages, b"".join(parts)


def _may_refer(body: bytes) -> bool:
    """A quick look that spares most requests the parsing: a pen in motion sends thirty a second. An
    escape may spell the word, and JSON may come in UTF-16 or UTF-32, with a zero in every
    character."""
    return b"path" in body or b"\\u" in body or b"\0" in body


def _refusal(body: bytes) -> str:
    """ "" or the sentence that says why the body is refused. What is no JSON passes: Gradio refuses
    it."""
    try:
        payload = json.loads(body)
    except RecursionError:
        return TOO_DEEP
    except ValueError:
        return ""
    try:
        for path in _references(payload):
            uploaded(path)
    except UploadError:
        return NOT_UPLOADED
    return ""


def _references(payload: Any) -> Iterator[Any]:
    """What the file references of a payload point at, wherever they stand in it."""
    left = [payload]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if "path" in value and "meta" in value:
                yield value["path"]
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
