"""Serves the ES modules of the page (demo.page.modules)."""

import gzip
from functools import cache

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from demo.page.modules import ROUTE, sources, version

FOR_EVER = "max-age=31536000, immutable"


def module_route() -> Route:
    """The one route under which all of them lie."""
    return Route(f"/{ROUTE}/{{version}}/{{name:path}}", serve, methods=["GET", "HEAD"])


async def serve(request: Request) -> Response:
    """One module, packed where the browser can unpack it. 404 for another version of the app: its
    modules are gone, and these may not belong to that page."""
    name = request.path_params["name"]
    if request.path_params["version"] != version() or name not in sources():
        return PlainTextResponse(
            "There is no such module in this version of the app: reload the page.", 404
        )
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(sources()[name], media_type="text/javascript", headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(packed(name), media_type="text/javascript", headers=headers)


@cache
def packed(name: str) -> bytes:
    """A module, gzip."""
    return gzip.compress(sources()[name], mtime=0)
