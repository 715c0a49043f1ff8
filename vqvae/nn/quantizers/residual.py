"""Codes that are sums of one vector from each of a few small tables (RVQ, arXiv:2107.03312).

Gains: few vectors make many codes, so a large K stays in use, and the entropy of the indices is
lower at the same error. Gives up: codes are not free of one another, so the error is higher at the
same K.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from vqvae import distributed
from vqvae.nn.quantizers.base import (
    KMEANS_STEPS,
    Quantizer,
    random_vectors,
    sums_by_code,
    vectors_of,
)
from vqvae.nn.quantizers.search import kmeans, nearest_rows, nearest_sums, sums_of


class ResidualQuantizer(Quantizer):
    """Residual vector quantization (algorithm 1 of arXiv:2107.03312) whose K sums are searched
    exactly.

    Taking the nearest vector stage by stage, as the paper does, need not end at the nearest sum; of
    up to 16,384 sums the nearest is found as in any codebook. The stages follow moving averages of
    what the others leave of the vectors, each in its turn: with one stage this is
    `EMAVectorQuantizer`.

    Args:
        levels: how many vectors each stage has; K is their product. The last stage counts fastest.
        embedding_dim: D, numbers in a code.
        kmeans_start: start each stage from k-means over what the stages before leave of the first
            training batch; otherwise uniform in +-1/K.
        restart_threshold: a vector of a stage that is used less than this share of the stage's mean
            is moved to where, with the other vectors of its code, it makes an encoder output; 0
            turns it off.
        options: those of `Quantizer`.

    State: adds the buffers `stages` float (sum of levels, D), and `vector_sums` float (K, D) as in
        the EMA variant.
    """

    stages: Tensor
    vector_sums: Tensor

    def __init__(
        self,
        levels: Sequence[int],
        embedding_dim: int,
        *,
        kmeans_start: bool = True,
        restart_threshold: float = 0.03,
        **options,
    ) -> None:
        super().__init__(math.prod(levels), embedding_dim, **options)
        self.levels, self.restart_threshold = tuple(levels), restart_threshold
        size = 1 / self.codebook_size
        self.register_buffer(
            "stages", torch.empty(sum(levels), embedding_dim).uniform_(-size, size)
        )
        self.register_buffer("vector_sums", torch.zeros(self.codebook_size, embedding_dim))
        self.started.fill_(not kmeans_start)

    @property
    def codebook(self) -> Tensor:  # ty: ignore[incompatible-property-override]
        """float (K, D), every sum, made anew at each access."""
        return sums_of(self.stages.split(self.levels))

    def nearest(self, flat: Tensor) -> Tensor:
        return nearest_sums(flat, self.stages.split(self.levels))

    @torch.no_grad()
    def start(self, flat: Tensor, generator: torch.Generator | None = None) -> None:
        """Put the stages, in order, on the k-means centres of what those before leave of flat
        (N, D), encoder outputs (those of all processes)."""
        vectors = left = distributed.gather(flat)
        for stage, _ in self._stages():
            centres, _ = kmeans(left, len(stage), KMEANS_STEPS, generator)
            stage.copy_(centres)
            left = left - centres[nearest_rows(left, centres)]
        self.usage_counts.copy_(torch.bincount(self.nearest(vectors), minlength=self.codebook_size))
        self.vector_sums.copy_(self.codebook * self.usage_counts[:, None])
        distributed.broadcast_state(self)
        self.started.fill_(True)

    @torch.no_grad()
    def batch_statistics(self, z_e: Tensor, indices: Tensor) -> tuple[Tensor, ...]:
        return *super().batch_statistics(z_e, indices), sums_by_code(z_e, indices, self.vector_sums)

    @torch.no_grad()
    def learn(
        self, z_e: Tensor, statistics: Sequence[Tensor], generator: torch.Generator | None = None
    ) -> int:
        self.vector_sums.lerp_(statistics[1], 1 - self.ema_decay)
        super().learn(z_e, statistics, generator)
        left = self.vector_sums - self.codebook * self.usage_counts[:, None]  # sums, of each code
        for stage, shape in self._stages():
            counts = self.usage_counts.view(*shape, 1)
            step = left.view(*shape, -1).sum((0, 2)) / counts.sum((0, 2)).clamp_min(1e-8)
            stage.add_(step)
            left -= (counts * step[:, None]).view_as(left)
        return self._restart_dead_vectors(vectors_of(z_e), generator)

    def _restart_dead_vectors(self, flat: Tensor, generator: torch.Generator | None) -> int:
        """All codes with a vector that was moved then count as used at the mean rate; returns how
        many were moved."""
        mean, restarted = self.usage_counts.mean(), 0
        for stage, shape in self._stages():
            counts, sums = self.usage_counts.view(shape), self.vector_sums.view(*shape, -1)
            rate = counts.mean((0, 2))
            dead = (rate < self.restart_threshold * mean).nonzero().squeeze(1)
            if len(dead):
                chosen = random_vectors(flat, len(dead), generator)
                nearest = self.nearest(chosen)
                stage[dead] = chosen - self.rows(nearest) + stage[nearest // shape[2] % shape[1]]
                counts[:, dead] = mean
                sums[:, dead] = mean * self.codebook.view_as(sums)[:, dead]
                restarted += len(dead)
        return restarted

    def _stages(self) -> Iterator[tuple[Tensor, tuple[int, int, int]]]:
        """Each stage's vectors, and how many codes the stages before it, it and those after it
        make: the axes of all codes, in order."""
        for number, stage in enumerate(self.stages.split(self.levels)):
            before, after = self.levels[:number], self.levels[number + 1 :]
            yield stage, (math.prod(before), len(stage), math.prod(after))
