"""Finite scalar quantization: each number is rounded to one of a few values (arXiv:2309.15505).

Gains: nothing to learn, start or restart, no loss of its own, and nearly every code is in use.
Gives up: the codes stay on a grid, so a code is as short as its grid has axes, and where the
latents are dense there are no more codes than elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
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
        # For each number: where its tanh is shifted, what it is scaled by and moved to; the steps
        # from 0 to its lowest value, which lies at -1, what a step adds to the index, and the last.
        self._bound, self._grid, place = [], [], 1
        for count in levels:
            half, reach = count // 2, (count - 1) * (1 - MARGIN) / 2
            offset = 0.5 * (count % 2 == 0)  # an even number of values has none in the middle
            self._bound.append((math.tan(offset / reach), reach / half, -offset / half))
            self._grid.append((half, place, count - 1))
            place *= count

    def squash(self, z_e: Tensor) -> Tensor:
        """`bound` of the paper's code: a tanh that reaches from the first value to the last."""
        columns = z_e.new_tensor(self._bound).T.reshape(3, -1, *[1] * (z_e.ndim - 2))
        shift, scale, offset = columns
        return torch.addcmul(offset, (z_e + shift).tanh(), scale)

    def vectors(self, z_e: Tensor) -> Tensor:
        # Number by number, as they lie in z_e: D is small, N is not.
        return at_least_float32(z_e).transpose(0, 1).reshape(self.embedding_dim, -1).T

    def nearest(self, flat: Tensor) -> Tensor:
        return self.replace(flat)[0]

    def replace(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        flat = at_least_float32(flat.detach()).T.contiguous()  # (D, N)
        half, place, last = flat.new_tensor(self._grid).T[..., None]
        steps = torch.addcmul(half - 0.5, flat, half).ceil_()  # a tie goes down
        digits = steps.clamp_(torch.zeros_like(last), last)
        return (digits * place).sum(0).nan_to_num_(0).long(), (digits / half).sub_(1).T

    def rows(self, indices: Tensor) -> Tensor:
        # In whole floats, exact up to 2^24: whole numbers are divided several times as slowly.
        flat = indices.reshape(1, -1).float()
        half, place, last = flat.new_tensor(self._grid).T[..., None]
        digits = (flat / place).floor() % (last + 1)  # (D, N)
        return (digits / half - 1).to(self.dtype).T.reshape(*indices.shape, -1)

    def raw_losses(self, flat: Tensor, z_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """None: rounding is near enough to need no pull, and the grid does not move."""
        zero = flat.new_zeros(())
        return zero, zero, zero
