"""One step inside a training loop: what its batch gives, what came of it, and how long it took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Objective:
    """What the forward pass of a batch gives."""

    loss: Tensor
    """Scalar, what the optimiser minimises."""
    parts: Mapping[str, Tensor] = field(default_factory=dict)
    """Scalars without gradients, what else the record tells."""
    statistics: Sequence[Tensor] = ()
    """What a codebook learns from; of several processes they add up."""
    latents: Tensor | None = None
    """float (B, D, h, w) without gradients: where dead codes may be moved; None where there is no
    codebook."""


@dataclass(frozen=True)
class Outcome:
    """What a step did, the same in all processes."""

    figures: dict[str, float]
    """`loss` and the parts of the objective, means over the processes."""
    restarted: int
    """Codes moved onto latents."""
    seconds: float
    """From the backward pass of the step before to that of this one, pauses left out."""
    stop: bool
    """Whether one of several processes was asked to stop."""


class Stopwatch:
    """Seconds between laps. It begins when it is made."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def lap(self) -> float:
        """Seconds since the last lap, pauses left out."""
        now = time.perf_counter()
        took, self._since = now - self._since, now
        return took

    @contextlib.contextmanager
    def paused(self) -> Generator[None]:
        """What happens inside is not counted."""
        begin = time.perf_counter()
        yield
        self._since += time.perf_counter() - begin
