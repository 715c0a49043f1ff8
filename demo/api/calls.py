"""The five calls as Gradio takes them: by name, a few at once, every failure a sentence."""

import inspect
import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Protocol

import gradio as gr

from demo.api.models import ApiError
from demo.api.pictures import decode, encode, reconstruct
from demo.api.priors import complete, generate
from demo.models import editing, prior_requests
from demo.models.library import ModelError
from demo.pictures.images import ImageError
from demo.settings import Settings

log = logging.getLogger(__name__)

CONCURRENCY = 2
"""Calls computed at once, of all five together; the others wait in the queue. One address has one
at most (demo.web.queue), so that a call of half a minute keeps no other address waiting."""


class Endpoint(Protocol):
    """A function that programs call by its name."""

    __name__: str

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Any]: ...


ENDPOINTS: tuple[Endpoint, ...] = (encode, decode, reconstruct, generate, complete)


def add_endpoints(settings: Settings) -> None:
    """Make the five callable by name; called inside the gr.Blocks."""
    for endpoint in ENDPOINTS:
        gr.api(
            _bound(endpoint, settings),
            api_name=endpoint.__name__,
            api_description=endpoint.__doc__,
            concurrency_id="api",
            concurrency_limit=CONCURRENCY,
        )


def _bound(endpoint: Endpoint, settings: Settings) -> Callable[..., dict[str, Any]]:
    """The endpoint as Gradio wants it: without `settings`, and with its errors as sentences."""

    @wraps(endpoint)
    def call(*args, **kwargs) -> dict[str, Any]:
        return _answer(partial(endpoint, settings=settings), args, kwargs)

    signature = inspect.signature(endpoint)
    shown = [p for name, p in signature.parameters.items() if name != "settings"]
    setattr(call, "__signature__", signature.replace(parameters=shown))  # noqa: B010, none is declared
    call.__annotations__ = {k: v for k, v in endpoint.__annotations__.items() if k != "settings"}
    del call.__wrapped__  # Gradio would look behind it, and find `settings`
    return call


def _answer(
    call: Callable[..., dict[str, Any]], args: tuple, kwargs: dict[str, Any]
) -> dict[str, Any]:
    from vqvae import CheckpointError
    from vqvae.grids.codes import CodesError

    try:
        return call(*args, **kwargs)
    except (
        ApiError,
        editing.EditError,
        prior_requests.GenerateError,
        CodesError,
        ImageError,
        ModelError,
        CheckpointError,
    ) as error:
        raise gr.Error(str(error), print_exception=False) from error
    except Exception as error:
        log.exception("A call of the API failed")
        raise gr.Error(
            "The server failed on this; its log says why.", print_exception=False
        ) from error
