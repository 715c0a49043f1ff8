"""The web server around the page: FastAPI, Gradio mounted on it, and who may talk to it."""

import socket
from collections.abc import Callable, Iterable

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from demo.framing import framed
from demo.guard import BODY_SPARE, Guard
from demo.settings import Settings
from demo.storage import UploadRoom
from demo.theme import CSS_PATH, head, theme

KEEP_ALIVE_SECONDS = 75
"""An idle connection is kept for longer than browsers and proxies keep it: who closes first loses a request."""
SESSIONS = 500
"""Pages of which Gradio keeps the state, 0.3 MB each; it would keep 10,000. The longest quiet one goes first; what a
visitor has made is in the browser or in the folder of runs."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")

# As strict as Gradio bears: its page has inline scripts and styles, and gr.HTML compiles its script at run time.
# Nothing may be loaded from, sent to, or framed by another host.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def create_server(
    app: gr.Blocks, settings: Settings, *, allowed_hosts: Iterable[str] = LOCAL_HOSTS, mcp: bool = False,
    password: str = "",
) -> FastAPI:
    """The page behind host and origin checks, ready for uvicorn.

    `allowed_hosts` are the host names a request may be addressed to (without port); any other gets 400, which stops
    a foreign page from reaching the app through a name of its own (DNS rebinding). `mcp` serves the endpoints of
    demo.api as tools, too, under /gradio_api/mcp/; it needs the package mcp. With a `password`, nothing is answered
    without it.
    """
    app.state_session_capacity = SESSIONS
    app.queue(max_size=128, default_concurrency_limit=4, api_open=False)
    # No interactive API pages of FastAPI's own: they load their scripts from another host.
    web = FastAPI(title="VQ-VAE Playground", docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        web,
        app,
        path="/",
        theme=theme(),
        css_paths=[CSS_PATH],
        head=head(),
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=settings.max_upload_bytes,
        ssr_mode=False,
        pwa=False,
        mcp_server=mcp,
    )
    web.add_middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts))
    web.add_middleware(
        Guard,
        requests_per_second=settings.requests_per_second,
        max_bytes=settings.max_upload_bytes + BODY_SPARE,
        password=password,
        room=UploadRoom(settings),
        headers=framed(SECURITY_HEADERS, settings.frame_ancestors),
    )
    return web


class Server(uvicorn.Server):
    """uvicorn that calls `on_ready` once it accepts requests."""

    def __init__(self, web: FastAPI, on_ready: Callable[[], None]) -> None:
        super().__init__(uvicorn.Config(web, log_level="warning", access_log=False, timeout_graceful_shutdown=2,
                                         timeout_keep_alive=KEEP_ALIVE_SECONDS))
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()
