"""What went wrong, told in one sentence to the visitor and in one line to the log.

Gradio looks up what a request names (an event, a component) without asking whether it exists, which
ends in a bare 500, and prints a traceback for every click that a handler refuses.
"""

import logging
import sys
import traceback
from types import SimpleNamespace

import gradio as gr
from fastapi import FastAPI
from gradio import queueing, route_utils, routes
from starlette.requests import Request
from starlette.responses import JSONResponse

log = logging.getLogger(__name__)

UNKNOWN = "This request names something that is not here: reload the page."
FAILED = "The server failed on this; its log says why."
STUMBLES = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    AssertionError,
    RecursionError,
    route_utils.FnIndexInferError,
)
"""What Gradio raises over a request that names what does not exist or does not fit."""


def tell_failures(web: FastAPI, gradio_app: FastAPI) -> None:
    """Answer with a sentence where a request fails, and log it: one line where the request was
    wrong, else a traceback, which uvicorn logs. Replaces Gradio's printing of tracebacks."""
    for kind in STUMBLES:
        gradio_app.add_exception_handler(kind, _stumbled)
    for one in (web, gradio_app):
        one.add_exception_handler(Exception, _failed)
    for module in (queueing, routes, route_utils):
        setattr(module, "traceback", SimpleNamespace(print_exc=report))  # noqa: B010, a checker knows modules as fixed


def report() -> None:
    """Log the exception that is being handled, in the place of traceback.print_exc."""
    error = sys.exception()
    if isinstance(error, gr.Error):
        log.warning("Refused: %s", error.message)
    elif isinstance(error, Exception) and _is_request_wrong(error):
        log.warning("Refused: %s", type(error).__name__)
    else:
        log.error("An event failed", exc_info=error)


async def _stumbled(request: Request, error: Exception) -> JSONResponse:
    if not _is_request_wrong(error):
        log.error("Failed at %s", request.url.path, exc_info=error)
        return await _failed(request, error)
    log.warning("Refused %s: %s", request.url.path, type(error).__name__)
    return JSONResponse({"detail": UNKNOWN, "error": UNKNOWN}, 400)


async def _failed(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": FAILED, "error": FAILED}, 500)


def _is_request_wrong(error: Exception) -> bool:
    """Whether an exception was raised before anything of ours ran."""
    modules = (
        frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)
    )
    return isinstance(error, STUMBLES) and not any(
        name.startswith(("demo.", "vqvae.")) and not name.startswith("demo.web.")
        for name in modules
    )
