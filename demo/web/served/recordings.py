"""Serves the pictures of the recorded runs (demo.models.recordings), to be kept."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from demo.models.recordings import ROUTE, sheets
from demo.web.served.modules import FOR_EVER


def recordings_route() -> Route:
    """The one route under which all of them lie."""
    return Route(f"/{ROUTE}/{{version}}/{{name}}", serve, methods=["GET", "HEAD"])


async def serve(request: Request) -> Response:
    """The sheet of one recording; 404 for one of another version of the app."""
    content = sheets().get("{}/{version}/{name}".format(ROUTE, **request.path_params))
    if content is None:
        said = "There is no such recording in this version of the app: reload the page."
        return PlainTextResponse(said, 404)
    return Response(content, media_type="image/png", headers={"Cache-Control": FOR_EVER})
