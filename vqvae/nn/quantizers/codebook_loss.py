"""A codebook of free vectors, moved by the gradient of the codebook loss (arXiv:1711.00937, eq. 3).

Gains: the paper's first recipe; the codebook learns as all other weights do. Gives up: it follows
the encoder more slowly than moving averages do.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vqvae.nn.quantizers.base import Quantizer, random_vectors, vectors_of


class VectorQuantizer(Quantizer):
    """Nearest-code quantization with the paper's codebook loss (arXiv:1711.00937, eq. 1 to 3).

    Args:
        codebook_size: K, number of codes.
        embedding_dim: D, numbers in a code.
        kmeans_start: start the codebook from k-means over the first training batch; otherwise
            uniform in +-1/K.
        restart_threshold: in training, a code whose smoothed usage is below this share of the mean
            usage is moved onto an encoder output of the batch; 0 turns it off.
        options: those of `Quantizer`.
    """

    def __init__(
        self,
        codebook_size: int,
        embedding_dim: int,
        *,
        kmeans_start: bool = True,
        restart_threshold: float = 0.03,
        **options,
    ) -> None:
        super().__init__(codebook_size, embedding_dim, **options)
        self.restart_threshold = restart_threshold
        self._make_codebook(
            torch.empty(codebook_size, embedding_dim).uniform_(
                -1 / codebook_size, 1 / codebook_size
            )
        )
        self.started.fill_(not kmeans_start)

    def _make_codebook(self, values: Tensor) -> None:
        self.codebook = nn.Parameter(values)

    def start(self, flat: Tensor, generator: torch.Generator | None = None) -> None:
        self.start_on_kmeans(self.codebook, flat, generator)

    @torch.no_grad()
    def learn(
        self, z_e: Tensor, statistics: Sequence[Tensor], generator: torch.Generator | None = None
    ) -> int:
        super().learn(z_e, statistics, generator)
        return self._restart_dead_codes(vectors_of(z_e), generator)

    def _restart_dead_codes(self, flat: Tensor, generator: torch.Generator | None) -> int:
        """Move every dead code onto a random row of flat. It then counts as used at the mean rate,
        so that it has time to win vectors before it can be called dead again."""
        if not self.restart_threshold:
            return 0
        mean = self.usage_counts.sum() / self.codebook_size
        dead = (self.usage_counts < self.restart_threshold * mean).nonzero().squeeze(1)
        if len(dead):
            self._place(dead, random_vectors(flat, len(dead), generator), mean)
        return len(dead)

    def _place(self, which: Tensor, vectors: Tensor, count: Tensor) -> None:
        self.codebook[which] = vectors
        self.usage_counts[which] = count
