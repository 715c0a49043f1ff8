"""Doors of Gradio's that this page does not use are closed: some write files or open connections
for whoever asks."""

import re

from starlette.responses import JSONResponse

CLOSED = re.compile(
    r"/gradio_api/(deep_link|process_recording|proxy=|custom_component/|stream/|vibe-|undo-vibe-|"
    r"run-history|runs/?$|dev/|profiling/)|/monitoring(/|$)|/pwa_icon"
)


class Unused:
    """ASGI middleware: 404 for closed doors."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http" and CLOSED.search(scope["path"]):
            await JSONResponse({"detail": "Not found"}, 404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
