"""A codebook of free vectors that follows moving averages (arXiv:1711.00937, appendix A.1).

Gains: the lowest error in few steps, as each code is where its vectors are. Gives up: it needs a
start on the data and a restart of dead codes, and keeps one more table.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vqvae.nn.quantizers.base import sums_by_code
from vqvae.nn.quantizers.codebook_loss import VectorQuantizer


class EMAVectorQuantizer(VectorQuantizer):
    """The codebook follows exponential moving averages instead of a gradient (arXiv:1711.00937,
    appendix A.1).

    Each code is the smoothed sum of the vectors assigned to it, divided by their smoothed number:
    with decay 0 this is one step of k-means on the batch. Adds the buffer `vector_sums` float
    (K, D); `codebook` is a buffer here.
    """

    vector_sums: Tensor

    def _make_codebook(self, values: Tensor) -> None:
        self.register_buffer("codebook", values)
        self.register_buffer("vector_sums", torch.zeros_like(values))

    @torch.no_grad()
    def start(self, flat: Tensor, generator: torch.Generator | None = None) -> None:
        super().start(flat, generator)
        self.vector_sums.copy_(self.codebook * self.usage_counts[:, None])

    @torch.no_grad()
    def batch_statistics(self, z_e: Tensor, indices: Tensor) -> tuple[Tensor, ...]:
        return *super().batch_statistics(z_e, indices), sums_by_code(z_e, indices, self.vector_sums)

    @torch.no_grad()
    def learn(
        self, z_e: Tensor, statistics: Sequence[Tensor], generator: torch.Generator | None = None
    ) -> int:
        counts, sums = statistics
        self.vector_sums.lerp_(sums, 1 - self.ema_decay)
        smoothed = self.usage_counts.lerp(counts.to(self.usage_counts.dtype), 1 - self.ema_decay)
        # A code never used has 0 / 0: it stays where it is.
        moved = self.vector_sums / smoothed.clamp_min(1e-8)[:, None]
        self.codebook.copy_(torch.where(smoothed[:, None] > 1e-8, moved, self.codebook))
        return super().learn(z_e, statistics, generator)

    def _place(self, which: Tensor, vectors: Tensor, count: Tensor) -> None:
        super()._place(which, vectors, count)
        self.vector_sums[which] = vectors * count
