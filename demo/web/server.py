"""The web server around the page: FastAPI, Gradio mounted on it, and who may talk to it."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import cast

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.routes import INTERNAL_ROUTES
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from demo.models.minis import NAME as MINIS
from demo.models.recordings import ROUTE as RECORDINGS
from demo.models.weights import ROUTE as WEIGHTS
from demo.page.modules import ROUTE as MODULES
from demo.page.modules import preloads
from demo.page.theme import CSS_PATHS, FIRST_HEAD, head, theme
from demo.runs.upload_room import upload_room
from demo.settings import Settings
from demo.web.addresses import Network, Proxied
from demo.web.connections import (
    ACCEPT_BATCH,
    BACKLOG,
    Connection,
    Connections,
    raise_descriptor_limit,
)
from demo.web.failures import tell_failures
from demo.web.file_references import OnlyUploadedFiles
from demo.web.framing import framed
from demo.web.guard import Guard
from demo.web.hosts import LOCAL_HOSTS, KnownHosts
from demo.web.public.address import PublicAddress, SubPath
from demo.web.public.document import Document
from demo.web.public.origins import name_of
from demo.web.queue import FairQueue
from demo.web.rates import Paced
from demo.web.served.downloads import DOORS, downloads
from demo.web.served.minis import minis_route
from demo.web.served.modules import module_route
from demo.web.served.recordings import recordings_route
from demo.web.served.weights import weights_route
from demo.web.sessions import KnowAsker, Sessions
from demo.web.sign_in import SignIn
from demo.web.sizes import Sizes
from demo.web.streams import Streams
from demo.web.turns import TakeTurns
from demo.web.unused import Unused
from demo.web.uploads import bound_uploads

FIRST_MODULE = "demo/tabs/reconstruct/page/main.js"
"""What the tab that the page opens with starts."""
KEEP_ALIVE_SECONDS = 75
"""An idle connection is kept for longer than browsers and proxies keep it: who closes first loses a
request."""

# As strict as Gradio bears: its page has inline scripts and styles, and gr.HTML compiles its script
# at run time. Nothing may be loaded from, sent to, or framed by another host.
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
    app: gr.Blocks,
    settings: Settings,
    *,
    allowed_hosts: Iterable[str] = LOCAL_HOSTS,
    mcp: bool = False,
    password: str = "",
    token: str = "",
) -> FastAPI:
    """The page behind host and origin checks, ready for uvicorn.

    `allowed_hosts` are the host names a request may be addressed to (without port); any other gets
    400, which stops a foreign page from reaching the app through a name of its own (DNS rebinding).
    `mcp` serves the endpoints of demo.api as tools, too, under /gradio_api/mcp/; it needs the
    package mcp. With a `password` or a `token`, nothing is answered to whoever has shown neither.
    """
    app.queue(default_concurrency_limit=4, api_open=False)
    app._queue = queue = FairQueue(app, default_concurrency_limit=4)
    # No interactive API pages of FastAPI's own: they load their scripts from another host.
    web = FastAPI(title="VQ-VAE Playground", docs_url=None, redoc_url=None, openapi_url=None)
    web.router.routes.append(module_route())
    web.router.routes.append(weights_route(settings))
    web.router.routes.append(recordings_route())
    web.router.routes.append(minis_route(settings))
    web.include_router(downloads(settings))
    _mount(web, app, settings, mcp)
    bound_uploads(upload_room(settings), settings.max_upload_bytes)
    _protect(web, queue, settings, SignIn(password, token, framed=bool(settings.frame_ancestors)))
    public = settings.public_origins
    web.add_middleware(KnownHosts, names=[*allowed_hosts, *map(name_of, public)])
    web.add_middleware(Proxied, proxies=settings.trusted_proxies)
    return web


def _mount(web: FastAPI, app: gr.Blocks, settings: Settings, mcp: bool) -> None:
    gr.mount_gradio_app(
        web,
        app,
        path="/",
        theme=theme(),
        css_paths=[*CSS_PATHS],
        head=head(),
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=settings.max_upload_bytes,
        ssr_mode=False,
        pwa=False,
        mcp_server=mcp,
        root_path="",  # not GRADIO_ROOT_PATH: the sub-path of each request is found below
    )
    # Only launch() sets these. Without them Gradio does not check that a file which a request names
    # was uploaded, and takes an uploaded SVG, which may hold scripts, for one of the app's own.
    app.has_launched = app.is_running = True
    gradio_app = next(route.app for route in web.routes if isinstance(route, Mount))
    assert isinstance(gradio_app, gr.routes.App)
    gradio_app.state_holder = Sessions(app)
    tell_failures(web, gradio_app)


def _protect(web: FastAPI, queue: FairQueue, settings: Settings, sign_in: SignIn) -> None:
    """What every request passes, from the inside out."""
    public = settings.public_origins
    web.add_middleware(Document, head=FIRST_HEAD + preloads(FIRST_MODULE))
    web.add_middleware(PublicAddress, public=public)
    # Gradio lets pages of other ports of this machine read everything, unless the app around it
    # decides: nobody.
    web.add_middleware(CORSMiddleware)
    web.add_middleware(OnlyUploadedFiles)
    web.add_middleware(TakeTurns)
    web.add_middleware(Sizes, upload_bytes=settings.max_upload_bytes)
    web.add_middleware(Streams, queue=queue)
    web.add_middleware(KnowAsker)
    web.add_middleware(Paced)
    web.add_middleware(Unused)
    web.add_middleware(
        Guard,
        requests_per_second=settings.requests_per_second,
        sign_in=sign_in,
        public=public,
        headers=framed(SECURITY_HEADERS, settings.frame_ancestors),
    )
    known = {*INTERNAL_ROUTES, MODULES, WEIGHTS, RECORDINGS, MINIS, *DOORS}
    web.add_middleware(SubPath, configured=settings.root_path, known=known)


class Server(uvicorn.Server):
    """uvicorn that bounds its connections and calls `on_ready` once it accepts requests."""

    def __init__(
        self, web: FastAPI, on_ready: Callable[[], None], proxies: Iterable[Network] = ()
    ) -> None:
        self._on_ready = on_ready
        self._connections = Connections(raise_descriptor_limit(), proxies)
        super().__init__(
            uvicorn.Config(
                web,
                log_config=None,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=2,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                backlog=ACCEPT_BATCH,
                ws="none",
                http=cast(
                    type[asyncio.Protocol], partial(Connection, connections=self._connections)
                ),
                # uvicorn's own reading of X-Forwarded headers would believe all of this machine.
                proxy_headers=False,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            for listener in sockets or ():
                listener.listen(BACKLOG)
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # uvicorn ticks ten times per second
            self._connections.sweep()
        return await super().on_tick(counter)
