"""Finite scalar quantization: each number is rounded to one of a few values (arXiv:2309.15505).

Gains: nothing to learn, start or restart, no loss of its own, and nearly every code is in use.
Gives up: the codes stay on a grid, so a code is as short as its grid has axes, and where the
latents are dense there are no more codes than elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from vqvae.nn.precision import at_least_float32
from vqvae.nn.quantizers.base import ImpliedCodebook

MARGIN = 1e-3
"""How far within the outermost values the bound stays, as a share: epsilon of the paper's code."""


class FiniteScalarQuantizer(ImpliedCodebook):
    """Section 3.1 and the code of appendix A.1.

    Args:
        levels: how many values each of the D numbers takes, 2 or more; K is their product. Number d
            is one of (0..L - 1 less floor(L / 2)) / floor(L / 2); the first number counts fastest.
        options: those of `Quantizer`.
    """

    def __init__(self, levels: Sequence[int], **options) -> None:
        super().__init__(math.prod(levels), len(levels), **options)
        self.levels = tuple(levels)
        half = [count // 2 for count in levels]
        places = [math.prod(levels[:d]) for d in range(len(levels))]
        self._numbers = half, places, levels
        """For each number the steps from 0 to its lowest value, which lies at -1; what a step adds
        to the index; and how many values it has."""

    def squash(self, z_e: Tensor) -> Tensor:
        """`bound` of the paper's code: a tanh that reaches from the first value to the last."""
        half = self._numbers[0]
        reach = [(count - 1) * (1 - MARGIN) / 2 for count in self.levels]
        # An even number of values has none in the middle.
        offset = [0.5 * (count % 2 == 0) for count in self.levels]
        shift = [math.tan(o / r) for o, r in zip(offset, reach, strict=True)]
        shift, reach, offset, half = (
            self._column(z_e, numbers, z_e.ndim - 2) for numbers in (shift, reach, offset, half)
        )
        return (z_e + shift).tanh() * (reach / half) - offset / half

    def nearest(self, flat: Tensor) -> Tensor:
        return self.replace(flat)[0]

    def replace(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        flat = at_least_float32(flat.detach()).T.contiguous()  # (D, N): D is small, N is not
        half, places, levels = (self._column(flat, numbers) for numbers in self._numbers)
        steps = (flat * half + (half - 0.5)).ceil()  # a tie goes down
        digits = steps.nan_to_num(0).clamp_min(0).minimum(levels - 1)
        return (digits * places).sum(0).long(), (digits / half - 1).T

    def rows(self, indices: Tensor) -> Tensor:
        # In whole floats, exact up to 2^24: whole numbers are divided several times as slowly.
        flat = indices.reshape(1, -1).float()
        half, places, levels = (self._column(flat, numbers) for numbers in self._numbers)
        above = (flat / places).floor()  # (D, N): the digits from d on
        digits = above - levels * (above / levels).floor()
        rows = (digits / half - 1).to(self.dtype)
        return rows.T.reshape(*indices.shape, self.embedding_dim)

    def raw_losses(self, flat: Tensor, z_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """None: rounding is near enough to need no pull, and the grid does not move."""
        zero = flat.new_zeros(())
        return zero, zero, zero

    @staticmethod
    def _column(like: Tensor, numbers: Sequence[float], axes: int = 1) -> Tensor:
        """A number for each of the D as the type of `like`, before so many axes: (D, 1, ...)."""
        return like.new_tensor(numbers).view(-1, *[1] * axes)
