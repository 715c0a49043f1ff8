"""Serves the weights of models to pages that run them: `weights/<stamp>?model=<name>`. The same may
have them as may download the model."""

import os
from collections.abc import Iterator
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from demo.models.ids import ModelId
from demo.models.library import ModelError
from demo.models.transfer import UNREADABLE
from demo.models.weights import ROUTE, open_weights
from demo.models.zip_stream import BLOCK
from demo.settings import Settings
from demo.web.served.modules import FOR_EVER

CHANGED = "This model was changed since: reload the page."


def weights_route(settings: Settings) -> Route:
    """The one route."""

    def serve(request: Request) -> Response:
        model = request.query_params.get("model")
        try:
            file = open_weights(model, request.path_params["stamp"], settings)
        except ModelError as error:
            return PlainTextResponse(str(error), 404)
        except OSError:
            return PlainTextResponse(UNREADABLE, 503)
        if file is None:
            return PlainTextResponse(CHANGED, 404)
        parsed = ModelId.parse(model)
        headers = {
            "Cache-Control": f"{'public' if parsed and parsed.shipped else 'private'}, {FOR_EVER}",
            "Content-Length": str(os.fstat(file.fileno()).st_size),
        }
        return StreamingResponse(blocks(file), 200, headers, "application/octet-stream")

    return Route(f"/{ROUTE}/{{stamp}}", serve, methods=["GET"])


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """An open file, one block of it in memory."""
    with file:
        while block := file.read(BLOCK):
            yield block
