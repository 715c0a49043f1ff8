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

    def squash(self, z_e: Tensor) -> Tensor:
        """`bound` of the paper's code: a tanh that reaches from the first value to the last."""
        levels = z_e.new_tensor(self.levels).view(-1, *[1] * (z_e.ndim - 2))
        reach = (levels - 1) * (1 - MARGIN) / 2
        offset = 0.5 * (levels % 2 == 0)  # an even number of values has none in the middle
        shift = (offset / reach).tan()
        return ((z_e + shift).tanh() * reach - offset) / (levels // 2)

    def nearest(self, flat: Tensor) -> Tensor:
        flat = at_least_float32(flat.detach())
        levels = flat.new_tensor(self.levels)
        steps = flat * (levels // 2) + levels // 2
        digits = (
            (steps - 0.5).ceil().nan_to_num(0).clamp_min(0).minimum(levels - 1)
        )  # a tie goes down
        return (digits * self._places(flat.device)).sum(-1).long()

    def rows(self, indices: Tensor) -> Tensor:
        levels = torch.tensor(self.levels, device=indices.device)
        digits = indices[..., None] // self._places(indices.device) % levels
        return ((digits - levels // 2) / (levels // 2)).to(self.dtype)

    def raw_losses(self, flat: Tensor, z_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """None: rounding is near enough to need no pull, and the grid does not move."""
        zero = flat.new_zeros(())
        return zero, zero, zero

    def _places(self, device: torch.device) -> Tensor:
        """What a step of each number adds to the index: int64 (D,)."""
        return torch.tensor(
            [math.prod(self.levels[:d]) for d in range(len(self.levels))], device=device
        )
