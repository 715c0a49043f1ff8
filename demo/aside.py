"""Work beside the page, each piece in a thread of its own.

A program that ends while such a thread is in the middle of PyTorch's C++ dies of it ("terminate
called without an active exception"), so an end waits for what is under way.
"""

import atexit
import logging
import threading
import weakref
from collections.abc import Callable

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds that an end waits at most for one of them."""

_ends = threading.Event()
_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
# The first finalizer of a program has Python run all of them at its end. PyTorch makes some, and a
# thread may be importing it while `_settle` waits: too late then to have them run, and each would
# end in a traceback.
weakref.finalize(_ends, int)


def aside(work: Callable[[], object], name: str, *, after: float = 0.0) -> None:
    """Begin `work()`, `after` seconds from now. What it raises goes to the log."""

    def run() -> None:
        if _ends.wait(after):
            return
        try:
            work()
        except Exception:
            log.exception("%s failed", name)

    thread = threading.Thread(target=run, daemon=True, name=name)
    _threads.add(thread)
    thread.start()


def ends() -> bool:
    """Whether the program is about to end; long work asks now and then, and gives up."""
    return _ends.is_set()


@atexit.register
def _settle() -> None:
    _ends.set()
    for thread in list(_threads):
        thread.join(PATIENCE)
