"""The doors that models leave by, sent while they are made: `model.zip?model=<name>`, all files of
one, and `model.html?model=<name>`, a page that runs it without a server."""

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from demo.models.library import ModelError
from demo.models.transfer import UNREADABLE, download, download_page
from demo.settings import Settings

DOORS = {"model.zip": (download, "application/zip"), "model.html": (download_page, "text/html")}
"""By path: what makes the file, and what it is."""


def downloads(settings: Settings) -> APIRouter:
    """Both routes; they are added before the page, which answers to everything else."""
    router = APIRouter()
    for path in DOORS:
        router.add_api_route(f"/{path}", partial(send, settings, path), methods=["GET"], name=path)
    return router


def send(settings: Settings, path: str, request: Request, model: str = "") -> Response:
    """One model, as a file to be kept."""
    make, kind = DOORS[path]
    try:
        name, content = make(model, settings)
    except ModelError as error:
        return PlainTextResponse(str(error), 404)
    except OSError:
        return PlainTextResponse(UNREADABLE, 503)
    headers = {
        "ETag": content.etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    if content.etag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    headers["Content-Length"] = str(content.size)
    return StreamingResponse(iter(content), 200, headers, kind)
