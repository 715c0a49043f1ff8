"""What every quantizer is: the discrete bottleneck of a VQ-VAE (arXiv:1711.00937).

Axes: B batch, D embedding_dim, K codebook_size, N vectors in all (B times the spatial positions).

`squash` bends the encoder's output into the space of the codes; there, a latent becomes the nearest
row of the codebook. A kind says how its codebook is made (`codebook`, `rows`), what it costs
(`raw_losses`) and how it learns (`start`, `statistics`, `learn`). The losses are returned raw;
their weights are applied in `losses.py` and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vqvae import distributed
from vqvae.collapse import RECENT_STEPS
from vqvae.nn.precision import at_least_float32, check_learnable
from vqvae.nn.quantizers.estimators import ESTIMATORS
from vqvae.nn.quantizers.search import kmeans, nearest_rows

KMEANS_STEPS = 10


@dataclass(frozen=True)
class Quantized:
    """What a quantizer returns, whichever kind it is."""

    z_q: Tensor
    """float (B, D, *spatial): the codebook rows, with the gradient passed on to z_e by the
    estimator."""
    indices: Tensor
    """int64 (B, *spatial), in 0..K-1."""
    codebook_loss: Tensor
    """Scalar, mean over all numbers: |sg[z_e] - e|^2. Moves the codebook only (where a gradient
    moves it at all)."""
    commitment_loss: Tensor
    """Scalar, mean over all numbers: |z_e - sg[e]|^2. Moves the encoder only; not yet weighted by
    beta."""
    entropy_loss: Tensor
    """Scalar, nats: of LFQ and BSQ, see `lfq.py`; 0 otherwise. Moves the encoder only; not yet
    weighted."""
    restarted: int
    """Codes moved onto encoder outputs in this call because they were dead."""


class Quantizer(nn.Module):
    """What all kinds have in common.

    Args:
        codebook_size: K, number of codes.
        embedding_dim: D, numbers in a code.
        ema_decay: decay, per training step, of the smoothed usage counts.
        gradient_estimator: how the gradient passes from z_q to z_e, a name in
            `estimators.ESTIMATORS`.

    Shapes: forward takes (B, D, *spatial), see `Quantized` for what it gives. State (all in
    buffers): `usage_counts` float (K,) smoothed vectors per step, `idle_steps` int64 (K,) steps
    since a code was last chosen, `started` bool, whether the codebook is where it is to start.
    """

    codebook: Tensor
    """float (K, D), rows are codes."""
    usage_counts: Tensor
    idle_steps: Tensor
    started: Tensor

    def __init__(
        self,
        codebook_size: int,
        embedding_dim: int,
        *,
        ema_decay: float = 0.7,
        gradient_estimator: str = "straight-through",
    ) -> None:
        super().__init__()
        if codebook_size < 2 or embedding_dim < 1:
            raise ValueError(
                f"codebook_size is {codebook_size} and embedding_dim {embedding_dim}; "
                "they must be at least 2 and 1."
            )
        self.codebook_size, self.embedding_dim, self.ema_decay = (
            codebook_size,
            embedding_dim,
            ema_decay,
        )
        self.estimator = ESTIMATORS[gradient_estimator]
        self.register_buffer("usage_counts", torch.zeros(codebook_size))
        # Never chosen yet is as good as not chosen for long: a fresh codebook is not in use.
        self.register_buffer("idle_steps", torch.full((codebook_size,), RECENT_STEPS))
        self.register_buffer("started", torch.tensor(True))

    # -- the six steps: reshape, distances, argmin, lookup, reshape, straight-through --------------

    def forward(
        self, z_e: Tensor, generator: torch.Generator | None = None, learn: bool = True
    ) -> Quantized:
        """Quantize z_e (B, D, *spatial), squashed; in training mode also start, update and restart
        the codebook.

        `generator` (on the CPU) draws the start and the restarts. With learn=False update and
        restart are left to the caller, see `learn`. Runs in float32 (float64 with a codebook in it)
        under autocast too: rounding distances to bfloat16 would change which code is the nearest.
        ValueError for a codebook in half precision in training mode.
        """
        if z_e.ndim < 2 or z_e.shape[1] != self.embedding_dim:
            raise ValueError(
                f"z_e has shape {tuple(z_e.shape)}; it must be (B, {self.embedding_dim}, *spatial)."
            )
        with torch.autocast(z_e.device.type, enabled=False):
            if self.training:
                check_learnable(self.usage_counts)
            z_e = z_e.to(at_least_float32(self.usage_counts).dtype)
            flat = self.vectors(z_e)
            if self.training and not self.started:
                self.start(flat, generator)
            flat_indices, z_q = self.replace(flat)
            raw_losses = self.raw_losses(flat, z_q)
            z_q = self.estimator(flat, z_q)
            restarted = 0
            if self.training and learn:
                statistics = distributed.all_reduce_sum(*self.batch_statistics(z_e, flat_indices))
                restarted = self.learn(z_e, statistics, generator)
            spatial = (z_e.shape[0], *z_e.shape[2:])
            z_q = z_q.reshape(*spatial, self.embedding_dim).movedim(-1, 1)
        return Quantized(z_q, flat_indices.reshape(spatial), *raw_losses, restarted)

    def squash(self, z_e: Tensor) -> Tensor:
        """The encoder's output float (B, D, *spatial) in the space of the codes: of the same
        shape."""
        return z_e

    def vectors(self, z_e: Tensor) -> Tensor:
        """The vectors of z_e (B, D, *spatial) as rows (N, D), in memory as it suits `replace`."""
        return vectors_of(z_e)

    def distances(self, z: Tensor) -> Tensor:
        """Squared Euclidean distances from z (..., D) to every code: float (..., K), never below
        0."""
        codebook = at_least_float32(self.codebook.detach())
        with torch.autocast(z.device.type, enabled=False):
            z = z.to(codebook.dtype)
            return (
                z.square().sum(-1, keepdim=True) - 2 * z @ codebook.T + codebook.square().sum(-1)
            ).clamp_min(0)

    def nearest(self, flat: Tensor) -> Tensor:
        """Index of the nearest code of each row of flat (N, D): int64 (N,). Ties go to the lowest
        index."""
        return nearest_rows(flat, self.codebook)

    def rows(self, indices: Tensor) -> Tensor:
        """Codebook rows of int64 indices of any shape (...): float (..., D)."""
        return F.embedding(indices, self.codebook)

    def replace(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """`nearest` of flat (N, D), and its rows (N, D), at least float32."""
        indices = self.nearest(flat)
        return indices, at_least_float32(self.rows(indices))

    def embed(self, indices: Tensor) -> Tensor:
        """Codebook rows of int64 indices (B, *spatial): float (B, D, *spatial)."""
        return self.rows(indices).movedim(-1, 1)

    def raw_losses(self, flat: Tensor, z_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The codebook, commitment and entropy loss of vectors flat (N, D) and their codebook rows
        z_q (N, D)."""
        return F.mse_loss(z_q, flat.detach()), F.mse_loss(flat, z_q.detach()), flat.new_zeros(())

    # -- how the codebook learns -------------------------------------------------------------------

    @torch.no_grad()
    def start(self, flat: Tensor, generator: torch.Generator | None = None) -> None:
        """Put the codebook where flat (N, D) is, encoder outputs (together with those of all other
        processes). One that follows from its sizes alone is there already."""

    @torch.no_grad()
    def start_on_kmeans(
        self, codebook: Tensor, flat: Tensor, generator: torch.Generator | None
    ) -> None:
        """Put `codebook` (K, D) on the k-means centres of flat (N, D), those of all processes."""
        vectors = distributed.gather(flat)
        centres, counts = kmeans(vectors, self.codebook_size, KMEANS_STEPS, generator)
        codebook.copy_(centres)
        self.usage_counts.copy_(counts)
        distributed.broadcast_state(self)
        self.started.fill_(True)

    @torch.no_grad()
    def batch_statistics(self, z_e: Tensor, indices: Tensor) -> tuple[Tensor, ...]:
        """What the codebook learns from, of a batch z_e (B, D, *spatial) and its indices (any
        shape): counts int64 (K,) and, where it follows averages, the sums of the vectors of each
        code, float (K, D). Of several processes they add up.
        """
        return (torch.bincount(indices.flatten(), minlength=self.codebook_size),)

    @torch.no_grad()
    def learn(
        self, z_e: Tensor, statistics: Sequence[Tensor], generator: torch.Generator | None = None
    ) -> int:
        """Learn from the `batch_statistics` of a step, then move dead codes onto vectors of z_e
        (B, D, *spatial). Returns how many were moved."""
        counts = statistics[0]
        self.idle_steps.add_(1).mul_(counts == 0)
        self.usage_counts.lerp_(counts.to(self.usage_counts.dtype), 1 - self.ema_decay)
        return 0

    @property
    def dtype(self) -> torch.dtype:
        """The type of the codebook's numbers."""
        return self.usage_counts.dtype

    # -- what it tells about itself ----------------------------------------------------------------

    def dead_codes(self) -> Tensor:
        """bool (K,): the codes that none of the last RECENT_STEPS training steps has chosen."""
        return self.idle_steps >= RECENT_STEPS

    def recent_usage(self) -> float:
        """Share of codes chosen in the last 50 training steps, 0..1."""
        return 1 - self.dead_codes().float().mean().item()

    def recent_perplexity(self) -> float:
        """Perplexity of the smoothed usage, 1..K."""
        counts = self.usage_counts.cpu().double()  # MPS has no float64
        p = counts / counts.sum().clamp_min(1e-12)
        return math.exp(-torch.special.xlogy(p, p).sum().item())


class ImpliedCodebook(Quantizer):
    """A quantizer whose codebook is not stored but follows from less: a kind says what its `rows`
    are."""

    @property
    def codebook(self) -> Tensor:  # ty: ignore[incompatible-property-override]
        """float (K, D), made anew at each access."""
        return self.rows(torch.arange(self.codebook_size, device=self.usage_counts.device))


def vectors_of(z_e: Tensor) -> Tensor:
    """The vectors of (B, D, *spatial) as rows (N, D), at least float32."""
    return at_least_float32(z_e.movedim(1, -1).reshape(-1, z_e.shape[1]))


def sums_by_code(z_e: Tensor, indices: Tensor, like: Tensor) -> Tensor:
    """The sum of the vectors of z_e (B, D, *spatial) that each code was chosen for: of the type and
    shape of `like`, float (K, D)."""
    return torch.zeros_like(like).index_add_(0, indices.flatten(), vectors_of(z_e).to(like.dtype))


def random_vectors(flat: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """Random rows (count, D) of flat (N, D), out of those of all processes, the same on each."""
    rows = torch.randint(len(flat) * distributed.world_size(), (count,), generator=generator)
    # Of processes that draw from seeds of their own the first decides: a row is one of a single
    # process.
    return distributed.select_rows(flat, distributed.of_main(rows.to(flat.device)))
