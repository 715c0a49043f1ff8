"""Runs that wait for a place to train. Addresses take turns, and so do the visitors of one, whoever
came first and with however many runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.runs.status import Command
from demo.shares import Shares


@dataclass(frozen=True)
class Waiting:
    """A run in the line."""

    run: Path
    """Its folder, in that of its visitor."""
    address: str
    """Of whoever asked for it."""
    command: Command
    """What its process is told at once; empty for nothing."""

    @property
    def visitor(self) -> str:
        return self.run.parent.name


class Line:
    """All waiting runs; it iterates over their folders in the order in which they will start."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._shares = Shares()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, run: Path) -> bool:
        return any(one.run == run for one in self._waiting)

    def __iter__(self) -> Iterator[Path]:
        left, shares = list(self._waiting), self._shares.copy()
        while left:
            yield _take(left, shares).run

    def add(
        self, run: Path, address: str, command: Command = Command.NONE, *, first: bool = False
    ) -> None:
        """At the end of what the visitor has waiting, or before it."""
        self._waiting.insert(0 if first else len(self._waiting), Waiting(run, address, command))

    def remove(self, run: Path) -> None:
        """Take a run out without a turn; it need not be there."""
        self._waiting = [one for one in self._waiting if one.run != run]

    def take(self, run: Path | None = None) -> Waiting:
        """The one whose turn it is now, or this one out of turn. IndexError where none waits."""
        return _take(self._waiting, self._shares, run)


def _take(waiting: list[Waiting], shares: Shares, run: Path | None = None) -> Waiting:
    among = [one for one in waiting if run is None or one.run == run]
    if not among:
        raise IndexError("no run waits")
    one = min(among, key=lambda one: shares.of(one.address, one.visitor))
    waiting.remove(one)
    shares.take(one.address, one.visitor)
    return one
