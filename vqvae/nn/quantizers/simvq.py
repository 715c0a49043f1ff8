"""A frozen table times one learned matrix (SimVQ, arXiv:2411.02038).

Gains: every step moves all codes together, so that none is left behind, and large codebooks stay in
use without restarts. Gives up: the codes keep their places to one another but for one linear map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vqvae.nn.quantizers.base import ImpliedCodebook


class SimVQ(ImpliedCodebook):
    """The codebook is C W with C (K, D) frozen and W (D, D) moved by the codebook loss (section 4).

    Args:
        codebook_size: K, number of codes.
        embedding_dim: D, numbers in a code.
        kmeans_start: C from k-means over the first training batch; otherwise normal of variance 1 /
            D, as in the paper. W starts as the identity either way.
        options: those of `Quantizer`.

    State: adds the buffer `frozen` float (K, D) and the parameter `basis` float (D, D).
    """

    frozen: Tensor

    def __init__(
        self, codebook_size: int, embedding_dim: int, *, kmeans_start: bool = True, **options
    ) -> None:
        super().__init__(codebook_size, embedding_dim, **options)
        self.register_buffer(
            "frozen", torch.randn(codebook_size, embedding_dim) / embedding_dim**0.5
        )
        self.basis = nn.Parameter(torch.eye(embedding_dim))
        self.started.fill_(not kmeans_start)

    def rows(self, indices: Tensor) -> Tensor:
        with torch.autocast(indices.device.type, enabled=False):
            return F.embedding(indices, self.frozen) @ self.basis

    def start(self, flat: Tensor, generator: torch.Generator | None = None) -> None:
        self.start_on_kmeans(self.frozen, flat, generator)
