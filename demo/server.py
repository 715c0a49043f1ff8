"""The web server around the page: FastAPI, Gradio mounted on it, and who may talk to it."""

import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse

from demo.settings import Settings
from demo.theme import CSS_PATH, head, theme

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


class Guard:
    """ASGI middleware: refuses what another site sends, and puts the security headers on every answer.

    Plain ASGI, because Starlette's BaseHTTPMiddleware would buffer Gradio's event streams.
    """

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and is_foreign(Headers(scope=scope)):
            refusal = PlainTextResponse("Requests from another site are refused: open this app's own page.", 403)
            await refusal(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)


def is_foreign(headers: Headers) -> bool:
    """Whether a browser sent this from a page of another origin. Programs send no Origin and are let through."""
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def create_server(app: gr.Blocks, settings: Settings, *, allowed_hosts: Iterable[str] = LOCAL_HOSTS) -> FastAPI:
    """The page behind host and origin checks, ready for uvicorn.

    `allowed_hosts` are the host names a request may be addressed to (without port); any other gets 400, which stops
    a foreign page from reaching the app through a name of its own (DNS rebinding).
    """
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
    )
    web.add_middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts))
    web.add_middleware(Guard)
    return web


class Server(uvicorn.Server):
    """uvicorn that calls `on_ready` once it accepts requests."""

    def __init__(self, web: FastAPI, on_ready: Callable[[], None]) -> None:
        super().__init__(uvicorn.Config(web, log_level="warning", access_log=False, timeout_graceful_shutdown=2))
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()
