"""Finding the nearest rows of a table, or the nearest sums of two tables, and k-means.

Axes: N points, K rows of the table, D numbers in each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from vqvae.nn.modes import without_gradients
from vqvae.nn.precision import at_least_float32

DISTANCE_BLOCK = 2**23
"""Most entries of the (points x rows) distance matrix held at once: 32 MB in float32."""
BOUND_BLOCK = 2**20
"""Most entries of a (points x rows) matrix of `nearest_sums`: of several, 4 MB each."""
SPAN = 200.0
"""Range of the exponents in the bounds of `nearest_sums`: more makes them sharper, until too many
are cut."""
LEAST = -43.0
"""Where they are cut, so that a product of two is none of the numbers next to 0, with which
processors are slow."""


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


def sums_of(tables: Sequence[Tensor]) -> Tensor:
    """Every sum of one row from each of the tables (K_t, D), the last counting fastest: float
    (product of K_t, D)."""
    return reduce(lambda sums, table: (sums[:, None] + table).flatten(0, 1), tables)


@without_gradients
def nearest_sums(points: Tensor, tables: Sequence[Tensor]) -> Tensor:
    """Index in `sums_of` the tables of the sum nearest to each row of points (N, D): int64 (N,).
    Ties go to the lowest.

    Exact, as `nearest_rows` of all sums, but at the cost of a few numbers for each row, not for
    each sum. The tables are made two, of rows a_i and b_j. For a point z and a sum a + b, half the
    squared distance is |z|^2 / 2 and

        u_i + v_j + c_ij,    u = |a|^2 / 2 - z a,    v = |b|^2 / 2 - z b,    c = a b.

    Whatever j is, this is at least u_i - log(sum_j exp(-t (v_j + c_ij))) / t, for any t > 0, where
    the sums are one product of two matrices. So first the i of the least bound is searched; then
    the others whose bound is below what was found there, which are few.

    A GPU is as fast with all sums, and a graph that is compiled cannot hold such a search.
    """
    everywhere = torch.compiler.is_compiling() or points.device.type != "cpu"
    if everywhere or len(tables) < 2 or not len(points):
        return nearest_rows(points, sums_of(tables))
    sizes = [len(table) for table in tables]
    cut = min(range(1, len(sizes)), key=lambda n: math.prod(sizes[:n]) + math.prod(sizes[n:]))
    first, second = (at_least_float32(sums_of(part)) for part in (tables[:cut], tables[cut:]))
    rows = max(1, BOUND_BLOCK // max(len(first), len(second)))
    with torch.autocast(points.device.type, enabled=False):
        blocks = points.to(first.dtype).split(rows)
        return torch.cat([_nearest_sums(block, first, second) for block in blocks])


def _nearest_sums(points: Tensor, first: Tensor, second: Tensor) -> Tensor:
    norms, first_norms, second_norms = (t.square().sum(1) for t in (points, first, second))
    u = torch.addmm(first_norms / 2, points, first.T, alpha=-1)  # (N, len(first))
    v = torch.addmm(second_norms / 2, points, second.T, alpha=-1)  # (N, len(second))
    c = first @ second.T
    least_v, least_c = v.amin(1, keepdim=True), c.amin(1, keepdim=True)
    v, c = v.sub_(least_v), c.sub_(least_c)
    t = SPAN / (v.amax() + c.amax())
    if not 0 < t < torch.inf:  # all sums are the same, or some number is none
        return nearest_rows(points, sums_of((first, second)))
    v, c = (part.mul_(-t).clamp_min_(LEAST).exp_() for part in (v, c))
    bounds = (u + least_c.T).sub_((v @ c.T).log_().div_(t))  # less least_v

    def search(points: Tensor, i: Tensor, u_i: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest sum of each point with one i: half the squared distance, and the index."""
        left = torch.addmm(second_norms / 2, points - first[i], second.T, alpha=-1)
        least, j = left.min(1)
        return least + u_i, i * len(second) + j

    i = bounds.argmin(1, keepdim=True)
    half, index = search(points, i[:, 0], u.gather(1, i)[:, 0])
    rounding = 1e-6 * (norms + first_norms.amax() + second_norms.amax())
    limit = (half + rounding)[:, None] - least_v
    more, i = (bounds.scatter_(1, i, torch.inf) <= limit).nonzero().T
    if len(more) * len(second) > DISTANCE_BLOCK:  # bounds that tell little
        return nearest_rows(points, sums_of((first, second)))
    more_half, more_index = search(points[more], i, u[more, i])
    best = half.scatter_reduce(0, more, more_half, "amin")
    none = len(first) * len(second)
    index = index.where(half == best, none)
    more_index = more_index.where(more_half == best[more], none)
    return index.scatter_reduce(0, more, more_index, "amin")


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
