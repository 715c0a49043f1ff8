"""Finding the nearest rows of a table, and k-means.

Axes: N points, K rows of the table, D numbers in each.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vqvae.nn.modes import without_gradients
from vqvae.nn.precision import at_least_float32

DISTANCE_BLOCK = 2**23
"""Most entries of the (points x rows) distance matrix held at once: 32 MB in float32."""


@without_gradients
def nearest_rows(points: Tensor, centres: Tensor) -> Tensor:
    """Index of the nearest row of centres (K, D) for each row of points (N, D): int64 (N,). Ties go
    to the lowest.

    |z|^2 is the same for every code and is left out. Worked in blocks of points, so that memory
    stays bounded for large K; there is no K-wide one-hot anywhere. In the type of the centres, at
    least float32, under autocast too.
    """
    if not torch.compiler.is_compiling() and not len(points):
        return torch.zeros(0, dtype=torch.int64, device=points.device)
    centres = at_least_float32(centres)
    points = points.to(centres.dtype)
    with torch.autocast(points.device.type, enabled=False):
        half_norms = centres.square().sum(1) / 2
        if torch.compiler.is_compiling():  # how many blocks there are would be fixed for good
            return torch.addmm(half_norms, points, centres.T, alpha=-1).argmin(1)
        rows = max(1, DISTANCE_BLOCK // len(centres))
        return torch.cat(
            [
                torch.addmm(half_norms, block, centres.T, alpha=-1).argmin(1)
                for block in points.split(rows)
            ]
        )


@torch.no_grad()
def kmeans(
    points: Tensor, clusters: int, steps: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Lloyd's k-means over points (N, D), from random distinct points.

    Returns centres (clusters, D) and the float number of points of each (clusters,). A cluster that
    runs empty is put on a random point. With fewer points than clusters every point is a centre,
    which no step could improve, and each further centre lies near a random point: on it, it would
    be a second code of the same place, never the nearest.
    """
    n = len(points)
    if not n:
        raise ValueError("k-means needs at least one point.")
    order = torch.randperm(n, generator=generator)
    if n < clusters:
        extra = torch.randint(n, (clusters - n,), generator=generator)
        noise = torch.randn(clusters - n, points.shape[1], generator=generator).to(points)
        spread = points.std(0, correction=0).mean()
        centres = torch.cat(
            [
                points[order.to(points.device)],
                points[extra.to(points.device)] + 0.01 * spread * noise,
            ]
        )
        return centres, torch.bincount(nearest_rows(points, centres), minlength=clusters).float()
    centres = points[order[:clusters].to(points.device)].clone()
    counts = torch.zeros(clusters, device=points.device)
    for _ in range(steps):
        nearest = nearest_rows(points, centres)
        counts = torch.bincount(nearest, minlength=clusters).float()
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        empty = (counts == 0).nonzero().squeeze(1)
        centres = sums / counts.clamp_min(1)[:, None]
        centres[empty] = points[
            torch.randint(n, (len(empty),), generator=generator).to(points.device)
        ]
    return centres, counts
