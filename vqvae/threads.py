"""How many threads to compute with on a CPU: as many as help here and now.

Threads that share a sum wait for the last of them. On a core that another program keeps busy this
last one waits for its turn, and all wait with it: with two busy cores of two, a training step takes
a hundred times as long with two threads as with one. Whether more threads help is therefore
measured: first with a sum that takes a millisecond, then with the work itself.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Generator

import torch

BLOCK = 6
"""Steps that are judged together, by their median."""
GAIN = 0.97
"""More threads stay where a step takes at most this share of its time with fewer."""
SLOWER, STALLED = 1.3, 4.0
"""A block, or a single step, that takes so many times as long as it did shows that the machine has
changed."""
SPARE = 0.1
"""Seconds that a single step may take beside: a probe before it, or kernels that are set up."""
PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds until more threads are tried again, the first time and then."""
SUMS = 24
"""Sums of one probe."""
SUM = 2**16
"""Numbers of each: a fifth of a millisecond on one thread."""


def has_free_cores(threads: int) -> bool:
    """Whether `threads` of PyTorch's work faster than half as many now; takes some ten
    milliseconds. It leaves PyTorch with half as many."""
    numbers = torch.ones(SUM)
    few = max(1, threads // 2)
    torch.set_num_threads(few)
    numbers.exp()
    with_few = min(_seconds(numbers, SUMS // 3) for _ in range(2)) * 3
    torch.set_num_threads(threads)
    with_more = 0.0
    for _ in range(SUMS):
        with_more += _seconds(numbers, 1)
        if with_more > with_few:  # a sum that waits for a busy core takes as long as all of these
            break
    torch.set_num_threads(few)
    return with_more < 0.8 * with_few


def _seconds(numbers: torch.Tensor, times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        numbers.exp()
    return time.perf_counter() - begin


class Threads:
    """The number of threads of a loop, chosen while it goes on: tell it how long each step took.

    It begins with one thread and doubles them as long as that makes steps shorter, up to as many as
    PyTorch had. A context manager: leaving it gives PyTorch back what it had.
    """

    def __init__(
        self,
        most: int | None = None,
        *,
        probe: Callable[[int], bool] = has_free_cores,
        use: Callable[[int], None] = torch.set_num_threads,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most`: threads at most, 1 to leave everything as it is; None for as many as PyTorch
        has."""
        self._before = torch.get_num_threads()
        most = self._before if most is None else most
        self._ladder = [*(2**n for n in range(most.bit_length()) if 2**n < most), most]
        self._at = 0
        self._probe, self._use, self._clock = probe, use, clock
        self._block: list[float] = []
        self._took: dict[int, float] = {}
        """Seconds of a step on each rung of the ladder, where they are known."""
        self._failed, self._again = 0, -1.0
        """How often more threads did not help, and when they are tried next."""

    @property
    def now(self) -> int:
        """Threads of the next step."""
        return self._ladder[self._at]

    def __enter__(self) -> Threads:
        if len(self._ladder) > 1:
            self._use(self.now)
        return self

    def __exit__(self, *_: object) -> None:
        if len(self._ladder) > 1:
            self._use(self._before)

    def step(self, seconds: float) -> None:
        """A step took so long; the next may have another number of threads."""
        if len(self._ladder) == 1:
            return
        self._block.append(seconds)
        known = self._took.get(self._at, self._took.get(self._at - 1))
        if self._at and known and seconds > STALLED * known + SPARE:
            self._fall()
        elif len(self._block) == BLOCK:
            self._judge(statistics.median(self._block))

    def _judge(self, took: float) -> None:
        self._block.clear()
        known = self._took.get(self._at)
        worse = (
            took > GAIN * self._took[self._at - 1]
            if known is None and self._at
            else took > SLOWER * known
            if known is not None and self._at
            else False
        )
        if worse:
            self._fall()
            return
        if self._at and known is None:
            self._failed = 0
        self._took[self._at] = min(took, known) if known is not None and self._at else took
        if self._at + 1 < len(self._ladder) and self._clock() >= self._again:
            self._rise()

    def _rise(self) -> None:
        if self._probe(self._ladder[self._at + 1]):
            self._at += 1
        else:
            self._wait()
        self._use(self.now)

    def _fall(self) -> None:
        """To one thread; what is known of the others is of another time now."""
        self._at = 0
        self._block.clear()
        self._took.clear()
        self._use(self.now)
        self._wait()

    def _wait(self) -> None:
        self._again = self._clock() + PAUSES[min(self._failed, len(PAUSES) - 1)]
        self._failed += 1


@contextlib.contextmanager
def as_many_as_help() -> Generator[None]:
    """Compute with as many threads as help now, for work of some seconds."""
    before = most = torch.get_num_threads()
    while most > 1 and not has_free_cores(most):
        most //= 2
    torch.set_num_threads(most)
    try:
        yield
    finally:
        torch.set_num_threads(before)
