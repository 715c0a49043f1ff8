"""Serves the weights of the small models (demo.models.minis) to pages that run them, to be kept."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from demo.models.minis import NAME, weights
from demo.models.transfer import UNREADABLE
from demo.settings import Settings
from demo.web.served.modules import FOR_EVER


def minis_route(settings: Settings) -> Route:
    """The one route under which all of them lie."""

    def serve(request: Request) -> Response:
        address = "{}/{stamp}/{name}".format(NAME, **request.path_params)
        try:
            content = weights(settings.checkpoints, address)
        except OSError:
            return PlainTextResponse(UNREADABLE, 503)
        if content is None:
            said = "There is no such small model in this version of the app: reload the page."
            return PlainTextResponse(said, 404)
        headers = {"Cache-Control": f"public, {FOR_EVER}"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    return Route(f"/{NAME}/{{stamp}}/{{name}}", serve, methods=["GET"])
