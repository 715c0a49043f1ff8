"""The log: a line for what is refused, a traceback for what fails, bounded whatever visitors do,
and without what identifies them."""

import logging
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable
from typing import TextIO

PERIOD_SECONDS = 60.0
LINES = 20
"""Of one kind in a period: from one place in the code. A traceback of each kind is written once."""
LONGEST = 4000
"""Characters of an entry."""
_SECRET = re.compile(r"[0-9a-fA-F]{32,}|(?<=token=)[^\s&\"']+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class BoundedHandler(logging.StreamHandler):
    """Writes so many entries of a kind in a period, then only how many there were."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(stream)
        self._clock, self._since, self._count = clock, clock(), Counter()

    def emit(self, record: logging.LogRecord) -> None:
        now, seen = self._clock(), self._count
        if now - self._since >= PERIOD_SECONDS:
            if more := sum(max(0, count - LINES) for count in seen.values()):
                self._write(f"{more} more lines in {now - self._since:.0f} s")
            self._since = now
            seen.clear()
        error = record.exc_info[1] if record.exc_info else None
        kind = (record.pathname, record.lineno, *_place(error))
        seen[kind] += 1
        if seen[kind] > LINES:
            return
        try:
            text = f"{record.levelname.capitalize()}: {record.getMessage()}"
            if error is not None:
                text += f" ({type(error).__name__}: {error})"
            text = " ".join(text.split("\n"))
            if error is not None and seen[kind] == 1:
                text += "\n" + "".join(traceback.format_exception(error)).rstrip()
            self._write(text)
        except Exception:
            self.handleError(record)

    def _write(self, text: str) -> None:
        cleaned = _CONTROL.sub("?", _SECRET.sub("…", text))
        if len(cleaned) > LONGEST:
            cleaned = f"{cleaned[: LONGEST // 2]} … {cleaned[-LONGEST // 2 :]}"
        self.stream.write(cleaned + self.terminator)
        self.flush()


def bound_log() -> None:
    """Let all that this process logs go through one bounded handler."""
    logging.basicConfig(handlers=[BoundedHandler()])


def _place(error: BaseException | None) -> tuple[str, int | None] | tuple[()]:
    """The line that raised an exception."""
    frames = list(traceback.walk_tb(error.__traceback__)) if error is not None else []
    return (frames[-1][0].f_code.co_filename, frames[-1][1]) if frames else ()
