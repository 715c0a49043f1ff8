"""Event streams that stay open: bounded an address and a session, and known to the queue, which
lets an event run only while somebody listens for its result."""

import json
import re
from collections import Counter
from urllib.parse import parse_qs

from gradio.server_messages import UnexpectedErrorMessage
from starlette.responses import JSONResponse, Response

from demo.web.addresses import address_of
from demo.web.queue import FairQueue

STREAMS = re.compile(
    r"/gradio_api/(?:(queue/data)|call/(?:v2/)?[^/]+/([^/]+)|heartbeat/([^/]+)|upload_progress)$"
)
ADDRESS = 384
"""Streams of one address: thirty visitors with four pages, each of which has two or three."""
SESSION = 6
EVERYBODY = 4096
MANY = "Too many pages of yours are open: close some, then reload this one."
AWAY = "This page was away too long: reload it."
OVER = "This event is over, or has waited too long for somebody to listen."


class Streams:
    """ASGI middleware around Gradio."""

    def __init__(self, app, queue: FairQueue) -> None:
        self.app, self._queue, self._open = app, queue, Counter()

    async def __call__(self, scope, receive, send) -> None:
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        found = STREAMS.search(scope["path"]) if is_get else None
        if found is None:
            await self.app(scope, receive, send)
            return
        is_page, event_id, alive = found.groups()
        session = alive or (self._queue.session_of(event_id) if event_id else "")
        if is_page:
            session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        listens = bool(is_page or event_id)
        if listens and not self._queue.knows(session):
            # Gradio would begin an answer, break it off and write a hundred lines into the log.
            answer = _not_found() if is_page else JSONResponse({"detail": OVER}, 404)
            await answer(scope, receive, send)
            return
        address = address_of(scope)
        bounds = {(): EVERYBODY, (address,): ADDRESS}
        if session:
            bounds[address, session] = SESSION
        if any(self._open[who] >= most for who, most in bounds.items()):
            await JSONResponse({"detail": MANY}, 429)(scope, receive, send)
            return
        self._open.update(bounds.keys())
        if listens:
            self._queue.listen(session)
        try:
            await self.app(scope, receive, send)
        finally:
            self._open.subtract(bounds.keys())
            for who in [who for who in bounds if not self._open[who]]:
                del self._open[who]
            if listens:
                self._queue.leave(session)


def _not_found() -> Response:
    """What Gradio's page takes for a session that the server does not know."""
    said = UnexpectedErrorMessage(message=AWAY, session_not_found=True).model_dump()
    return Response(f"data: {json.dumps(said)}\n\n", media_type="text/event-stream")
