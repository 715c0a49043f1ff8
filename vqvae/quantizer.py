"""Vector quantization of latents: the discrete bottleneck of a VQ-VAE (arXiv:1711.00937).

Axes: B batch, D embedding_dim, K codebook_size, N vectors in all (B times the spatial positions).

Both variants take latents of any spatial shape (B, D, *spatial) and return one result type. They differ in who moves
the codebook: `VectorQuantizer` by the gradient of the codebook loss (eq. 3), `EMAVectorQuantizer` by moving averages
(appendix A.1). The losses are returned raw; beta is applied in `losses.py` and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vqvae import distributed

DISTANCE_BLOCK = 2**23
"""Most entries of the (vectors x codes) distance matrix held at once: 32 MB in float32."""

KMEANS_STEPS = 10
RECENT_STEPS = 50
"""A code counts as in use while it was chosen at least once in this many training steps."""


@dataclass(frozen=True)
class Quantized:
    """What a quantizer returns, whichever variant it is."""

    z_q: Tensor
    """float (B, D, *spatial): the codebook rows, with the gradient of z_e passed straight through."""
    indices: Tensor
    """int64 (B, *spatial), in 0..K-1."""
    codebook_loss: Tensor
    """Scalar, mean over all numbers: |sg[z_e] - e|^2. Moves the codebook only (detached in the EMA variant)."""
    commitment_loss: Tensor
    """Scalar, mean over all numbers: |z_e - sg[e]|^2. Moves the encoder only; not yet weighted by beta."""
    restarted: int
    """Codes moved onto encoder outputs in this call because they were dead."""


class VectorQuantizer(nn.Module):
    """Nearest-code quantization with the paper's codebook loss (arXiv:1711.00937, eq. 1 to 3).

    Args:
        codebook_size: K, number of codes.
        embedding_dim: D, numbers in a code.
        kmeans_start: start the codebook from k-means over the first training batch; otherwise uniform in +-1/K.
        restart_threshold: in training, a code whose smoothed usage is below this share of the mean usage is moved onto
            an encoder output of the batch; 0 turns it off.
        ema_decay: decay, per training step, of the smoothed usage counts.

    Shapes: forward takes (B, D, *spatial), see `Quantized` for what it gives. State (all in buffers): `usage_counts`
    float (K,) smoothed vectors per step, `idle_steps` int64 (K,) steps since a code was last chosen, `started` bool.
    """

    def __init__(self, codebook_size: int, embedding_dim: int, *, kmeans_start: bool = True,
                 restart_threshold: float = 0.03, ema_decay: float = 0.7) -> None:
        super().__init__()
        if codebook_size < 2 or embedding_dim < 1:
            raise ValueError(f"codebook_size is {codebook_size} and embedding_dim {embedding_dim}; "
                             "they must be at least 2 and 1.")
        self.codebook_size, self.embedding_dim = codebook_size, embedding_dim
        self.restart_threshold, self.ema_decay = restart_threshold, ema_decay
        self._make_codebook(torch.empty(codebook_size, embedding_dim).uniform_(-1 / codebook_size, 1 / codebook_size))
        self.register_buffer("usage_counts", torch.zeros(codebook_size))
        # Never chosen yet is as good as not chosen for long: a fresh codebook is not in use.
        self.register_buffer("idle_steps", torch.full((codebook_size,), RECENT_STEPS))
        self.register_buffer("started", torch.tensor(not kmeans_start))

    def _make_codebook(self, values: Tensor) -> None:
        self.codebook = nn.Parameter(values)

    # -- the six steps: reshape, distances, argmin, lookup, reshape, straight-through ---------------------------------

    def forward(self, z_e: Tensor, generator: torch.Generator | None = None, learn: bool = True) -> Quantized:
        """Quantize z_e (B, D, *spatial); in training mode also start, update and restart the codebook.

        `generator` (on the CPU) draws the start and the restarts. With learn=False update and restart are left to the
        caller, see `learn`. Runs in float32 under autocast: rounding distances to bfloat16 would change which code is
        the nearest.
        """
        if z_e.ndim < 2 or z_e.shape[1] != self.embedding_dim:
            raise ValueError(f"z_e has shape {tuple(z_e.shape)}; it must be (B, {self.embedding_dim}, *spatial).")
        with torch.autocast(z_e.device.type, enabled=False):
            z_e = z_e.float()
            flat = _rows(z_e)
            if self.training and not self.started:
                self.start(flat, generator)
            flat_indices = self.nearest(flat)
            z_q = F.embedding(flat_indices, self.codebook)
            commitment_loss = F.mse_loss(flat, z_q.detach())
            codebook_loss = F.mse_loss(z_q, flat.detach())
            restarted = 0
            if self.training and learn:
                restarted = self.learn(z_e, distributed.total(*self.statistics(z_e, flat_indices)), generator)
            spatial = (z_e.shape[0], *z_e.shape[2:])
            z_q = z_q.reshape(*spatial, self.embedding_dim).movedim(-1, 1)
            z_q = z_e + (z_q - z_e).detach()
        return Quantized(z_q, flat_indices.reshape(spatial), codebook_loss, commitment_loss, restarted)

    def distances(self, z: Tensor) -> Tensor:
        """Squared Euclidean distances from z (..., D) to every code: float (..., K), never below 0."""
        codebook = self.codebook.detach()
        with torch.autocast(z.device.type, enabled=False):
            z = z.float()
            return (z.square().sum(-1, keepdim=True) - 2 * z @ codebook.T + codebook.square().sum(-1)).clamp_min(0)

    def nearest(self, flat: Tensor) -> Tensor:
        """Index of the nearest code of each row of flat (N, D): int64 (N,). Ties go to the lowest index."""
        return nearest_rows(flat, self.codebook)

    def embed(self, indices: Tensor) -> Tensor:
        """Codebook rows of int64 indices (B, *spatial): float (B, D, *spatial)."""
        return F.embedding(indices, self.codebook).movedim(-1, 1)

    # -- how the codebook learns --------------------------------------------------------------------------------------

    @torch.no_grad()
    def start(self, flat: Tensor, generator: torch.Generator | None = None) -> None:
        """Put the codebook on the k-means centres of flat (N, D), real encoder outputs (those of all processes)."""
        centres, counts = kmeans(distributed.gather(flat), self.codebook_size, KMEANS_STEPS, generator)
        self.codebook.copy_(centres)
        self.usage_counts.copy_(counts)
        distributed.share_state(self)
        self.started.fill_(True)

    @torch.no_grad()
    def statistics(self, z_e: Tensor, indices: Tensor) -> tuple[Tensor, ...]:
        """What the codebook learns from, of a batch z_e (B, D, *spatial) and its indices (any shape): counts int64 (K,)
        and, in the EMA variant, the sums of the vectors of each code, float (K, D). Of several processes they add up.
        """
        return (torch.bincount(indices.flatten(), minlength=self.codebook_size),)

    @torch.no_grad()
    def learn(self, z_e: Tensor, statistics: Sequence[Tensor], generator: torch.Generator | None = None) -> int:
        """Learn from the `statistics` of a step, then move dead codes onto vectors of z_e (B, D, *spatial). Returns
        how many were moved."""
        counts = statistics[0]
        self.idle_steps.add_(1).masked_fill_(counts > 0, 0)
        self.usage_counts.lerp_(counts.float(), 1 - self.ema_decay)
        return self._restart_dead_codes(_rows(z_e), generator)

    def _restart_dead_codes(self, flat: Tensor, generator: torch.Generator | None) -> int:
        """Move every dead code onto a random row of flat. It then counts as used at the mean rate, so that it has
        time to win vectors before it can be called dead again."""
        if not self.restart_threshold:
            return 0
        mean = self.usage_counts.sum() / self.codebook_size
        dead = (self.usage_counts < self.restart_threshold * mean).nonzero().squeeze(1)
        if len(dead):
            rows = torch.randint(len(flat) * distributed.world(), (len(dead),), generator=generator)
            self._place(dead, distributed.pick(flat, rows.to(flat.device)), mean)
        return len(dead)

    def _place(self, which: Tensor, vectors: Tensor, count: Tensor) -> None:
        self.codebook[which] = vectors
        self.usage_counts[which] = count

    # -- what it tells about itself -----------------------------------------------------------------------------------

    def recent_usage(self) -> float:
        """Share of codes chosen in the last 50 training steps, 0..1."""
        return (self.idle_steps < RECENT_STEPS).float().mean().item()

    def recent_perplexity(self) -> float:
        """Perplexity of the smoothed usage, 1..K."""
        counts = self.usage_counts.cpu().double()  # MPS has no float64
        p = counts / counts.sum().clamp_min(1e-12)
        return math.exp(-torch.special.xlogy(p, p).sum().item())


class EMAVectorQuantizer(VectorQuantizer):
    """The codebook follows exponential moving averages instead of a gradient (arXiv:1711.00937, appendix A.1).

    Each code is the smoothed sum of the vectors assigned to it, divided by their smoothed number: with decay 0 this is
    one step of k-means on the batch. Adds the buffer `vector_sums` float (K, D); `codebook` is a buffer here.
    """

    def _make_codebook(self, values: Tensor) -> None:
        self.register_buffer("codebook", values)
        self.register_buffer("vector_sums", torch.zeros_like(values))

    @torch.no_grad()
    def start(self, flat: Tensor, generator: torch.Generator | None = None) -> None:
        super().start(flat, generator)
        self.vector_sums.copy_(self.codebook * self.usage_counts[:, None])

    @torch.no_grad()
    def statistics(self, z_e: Tensor, indices: Tensor) -> tuple[Tensor, ...]:
        sums = torch.zeros_like(self.vector_sums).index_add_(0, indices.flatten(), _rows(z_e))
        return *super().statistics(z_e, indices), sums

    @torch.no_grad()
    def learn(self, z_e: Tensor, statistics: Sequence[Tensor], generator: torch.Generator | None = None) -> int:
        counts, sums = statistics
        self.vector_sums.lerp_(sums, 1 - self.ema_decay)
        smoothed = self.usage_counts.lerp(counts.float(), 1 - self.ema_decay)
        # A code never used has 0 / 0: it stays where it is.
        moved = self.vector_sums / smoothed.clamp_min(1e-8)[:, None]
        self.codebook.copy_(torch.where(smoothed[:, None] > 1e-8, moved, self.codebook))
        return super().learn(z_e, statistics, generator)

    def _place(self, which: Tensor, vectors: Tensor, count: Tensor) -> None:
        super()._place(which, vectors, count)
        self.vector_sums[which] = vectors * count


def _rows(z_e: Tensor) -> Tensor:
    """The vectors of (B, D, *spatial) as float rows (N, D)."""
    return z_e.movedim(1, -1).reshape(-1, z_e.shape[1]).float()


@torch.no_grad()
def nearest_rows(points: Tensor, centres: Tensor) -> Tensor:
    """Index of the nearest row of centres (K, D) for each row of points (N, D): int64 (N,). Ties go to the lowest.

    |z|^2 is the same for every code and is left out. Worked in blocks of points, so that memory stays bounded for
    large K; there is no K-wide one-hot anywhere. In float32 under autocast too.
    """
    if not len(points):
        return torch.zeros(0, dtype=torch.int64, device=points.device)
    with torch.autocast(points.device.type, enabled=False):
        half_norms = centres.square().sum(1) / 2
        rows = max(1, DISTANCE_BLOCK // len(centres))
        return torch.cat([torch.addmm(half_norms, block, centres.T, alpha=-1).argmin(1)
                          for block in points.float().split(rows)])


@torch.no_grad()
def kmeans(points: Tensor, clusters: int, steps: int, generator: torch.Generator | None = None
           ) -> tuple[Tensor, Tensor]:
    """Lloyd's k-means over points (N, D), from random distinct points.

    Returns centres (clusters, D) and the float number of points of each (clusters,). A cluster that runs empty is put
    on a random point; with fewer points than clusters some centres therefore repeat a point.
    """
    n = len(points)
    if not n:
        raise ValueError("k-means needs at least one point.")
    order = torch.randperm(n, generator=generator)
    if n < clusters:
        extra = torch.randint(n, (clusters - n,), generator=generator)
        noise = torch.randn(clusters - n, points.shape[1], generator=generator).to(points)
        spread = points.std(0, correction=0).mean()
        centres = torch.cat([points[order.to(points.device)],
                             points[extra.to(points.device)] + 0.01 * spread * noise])
    else:
        centres = points[order[:clusters].to(points.device)].clone()
    counts = torch.zeros(clusters, device=points.device)
    for _ in range(steps):
        nearest = nearest_rows(points, centres)
        counts = torch.bincount(nearest, minlength=clusters).float()
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        empty = (counts == 0).nonzero().squeeze(1)
        centres = sums / counts.clamp_min(1)[:, None]
        centres[empty] = points[torch.randint(n, (len(empty),), generator=generator).to(points.device)]
    return centres, counts
