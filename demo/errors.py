"""Errors whose text is one sentence for the person at the page, and a sentence for any other."""

import logging

log = logging.getLogger(__name__)

FAILED = "The server failed on this; its log says why. What you see is kept."


class PageError(ValueError):
    """What was asked cannot be done; the text says what was given, what is valid, what to do."""


class BusyError(PageError):
    """Not now: the same request may succeed in a moment."""


def explain(error: Exception) -> str:
    """A sentence for the page; what is nobody's fault there goes to the log."""
    from vqvae.errors import VqvaeError, lacks_memory

    if isinstance(error, PageError | VqvaeError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return f"The package {error.name} is not installed; run `pip install -r requirements.txt`."
    if lacks_memory(error):
        return "There was not enough memory for this; choose something smaller, or try again later."
    log.error("A request failed", exc_info=error)
    return FAILED
