"""One line that tells how far a long task is: rewritten in place on a terminal, a new line now and
then in a log."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from vqvae.cli.parsing import one_line

BAR_WIDTH = 24
LOG_SECONDS = 5.0
SCREEN_SECONDS = 0.1


def compose(share: float, parts: Sequence[str], width: int | None) -> str:
    """The line: percent, a bar where there is room, and the parts, the last of which give way
    first.

    share: 0..1. width: columns at most; None for a log, which has no bar and no limit.
    """
    line = f"{100 * min(1.0, max(0.0, share)):3.0f} %"
    if width is None:
        return "  ".join([line.strip(), *parts])
    taken = []
    for part in parts:
        if len("  ".join([line, *taken, part])) > width:
            break
        taken.append(part)
    bar = min(BAR_WIDTH, width - len("  ".join([line, *taken])) - 3)
    if bar >= 6:
        full = round(bar * min(1.0, max(0.0, share)))
        line += f" [{'#' * full}{'.' * (bar - full)}]"
    return "  ".join([line, *taken])[:width]


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class ProgressLine:
    """Writes to standard error. As a context manager it leaves the cursor on a fresh line, whatever
    happened."""

    def __init__(self, stream=None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._screen = self._stream.isatty()
        self._shown = 0
        # A log does not need to hear of what is over within seconds.
        self._next = time.monotonic() + (0 if self._screen else LOG_SECONDS)

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_) -> None:
        self.end()

    def end(self) -> None:
        """Leave the line as it is and go on below it."""
        if self._shown:
            self._stream.write("\n")
            self._stream.flush()
            self._shown = 0

    @property
    def due(self) -> bool:
        """Whether `update` would write now: what is costly to compose can wait for it."""
        return time.monotonic() >= self._next

    def update(self, share: float, parts: Sequence[str], *, last: bool = False) -> None:
        """Show 0 <= share <= 1 and some words, the most important first; `last` shows them in any
        case and ends the line."""
        if not (last or self.due):
            return
        self._next = time.monotonic() + (SCREEN_SECONDS if self._screen else LOG_SECONDS)
        if not self._screen:
            self._stream.write(compose(share, parts, None) + "\n")
        else:
            line = compose(share, parts, self._columns() - 1)
            # Spaces over the rest of the line before, and no escape sequences: every terminal
            # understands that.
            self._stream.write("\r" + line.ljust(min(self._shown, self._columns() - 1)))
            self._shown = len(line)
        self._stream.flush()
        if last:
            self.end()

    def count(self, done: int, total: int, text: str) -> None:
        """The callback that loaders and `evaluate` call."""
        self.update(
            done / total if total else 0.0, [f"{text}, {done:,} of {total:,}" if total else text]
        )

    def clear(self) -> None:
        """Take the line off the screen: the task it told of is done."""
        if self._shown:
            self._stream.write("\r" + " " * min(self._shown, self._columns() - 1) + "\r")
            self._stream.flush()
            self._shown = 0

    def note(self, text: str) -> None:
        """A sentence that stays, on a line of its own."""
        self.clear()
        self._stream.write(one_line(text) + "\n")
        self._stream.flush()

    def _columns(self) -> int:
        try:
            # Some terminals (inside an editor, say) do not know their width and say 0.
            return max(20, os.get_terminal_size(self._stream.fileno()).columns or 80)
        except (OSError, ValueError):
            return 80
