"""The libraries behind the Codebook tab's figures, imported once and by one thread at a time.

Several of them import each other's dependencies in circles, and two threads that enter such a
circle from two sides end in an import error. So every question waits here until all of them are
there.
"""

import importlib
import logging
import threading
from collections.abc import Callable

from demo.aside import aside

log = logging.getLogger(__name__)

NAMES = (
    "plotly.graph_objects",
    "scipy.optimize",
    "scipy.ndimage",
    "sklearn.decomposition",
    "sklearn.manifold",
    "openTSNE",
)
WARM_AFTER = 2.0
"""Seconds after a page was opened until the import begins: the page itself goes first."""

_guard = threading.Lock()
_asked = threading.Event()
_there = threading.Event()


def ready() -> None:
    """Return when all are imported; the first call takes one to two seconds, later ones nothing."""
    if _there.is_set():
        return
    with _guard:
        for name in NAMES:
            importlib.import_module(name)
        _there.set()


def warm_up(then: Callable[[], object]) -> None:
    """Begin to import them in a thread, once in a process; then call `then`, which opens the first
    model."""
    if _asked.is_set():
        return
    _asked.set()

    def work() -> None:
        try:
            ready()
            then()
        except ImportError as error:
            log.warning("The Codebook tab cannot draw: %s", error)

    aside(work, "codebook warm-up", after=WARM_AFTER)
