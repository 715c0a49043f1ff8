"""The page's HTML as it leaves: its addresses become relative, so that it works wherever a browser
found it, and what must run before Gradio's scripts comes first."""

import json
from pathlib import Path

from gradio.brotli_middleware import BrotliMiddleware
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import Message

FIRST = Path(__file__).with_name("first.js")
MANIFEST = '<link rel="manifest" href="/manifest.json" />'
"""Of a progressive web app, which this is not; the address leads out of a sub-path."""


def first_script() -> str:
    """The script that comes before all others."""
    return f"<script>{FIRST.read_text('utf-8')}</script>"


class Document:
    """ASGI middleware around Gradio, within PublicAddress: only the page itself is touched.

    Args:
        head: HTML that comes first in the page's head, before Gradio's own and any script.
    """

    def __init__(self, app, head: str = "") -> None:
        self.app, self._head = app, head + first_script()
        self._page = BrotliMiddleware(self._relative)

    async def __call__(self, scope, receive, send) -> None:
        is_page = scope["type"] == "http" and scope["path"] == scope.get("root_path", "") + "/"
        await (self._page if is_page else self.app)(scope, receive, send)

    async def _relative(self, scope, receive, send) -> None:
        plain = [one for one in scope["headers"] if one[0] != b"accept-encoding"]
        root = str(Request(scope).url.replace(query="")).rstrip("/")
        start: Message = {}
        body = b""

        async def edit(message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = MutableHeaders(raw=start["headers"])
            if headers.get("content-type", "").startswith("text/html"):
                body = relative(body.decode("utf-8"), root, self._head).encode("utf-8")
                headers["content-length"] = str(len(body))
            await send(start)
            await send({**message, "body": body})

        await self.app({**scope, "headers": plain}, receive, edit)


def relative(html: str, root: str, head: str) -> str:
    """The page with `root`, the address the server has for it, replaced by relative ones. Gradio
    resolves its own against the page's location. `head` comes first in its head."""
    quoted = json.dumps(root)
    html = html.replace(quoted, '"."').replace(f"{quoted[:-1]}/", '"./').replace(MANIFEST, "")
    return html.replace("<head>", "<head>" + head, 1)
