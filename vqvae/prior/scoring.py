"""What a prior says of grids that are there: rank the codes of a cell, score surprise, bound the
likelihood.

Axes: B batch, h x w positions, K codebook_size. Labels: int64 (B,), -1 = no class given.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vqvae.prior.model import Prior
from vqvae.prior.passes import cell_logits, checked

LATTICE = 8
"""`surprise` hides the cells of a lattice with this spacing at once: one at a time on grids up to 8
x 8."""


@torch.no_grad()
def cell_probabilities(
    prior: Prior, indices: Tensor, row: int, column: int, label: int | None = None
) -> Tensor:
    """p(code at one cell | all other cells): indices int64 (h, w) -> float (K,), summing to 1."""
    known = torch.ones_like(indices, dtype=torch.bool)
    if not (0 <= row < indices.shape[0] and 0 <= column < indices.shape[1]):
        raise ValueError(
            f"The cell is row {row}, column {column}; the grid has {tuple(indices.shape)} rows and "
            "columns, counted from 0."
        )
    known[row, column] = False
    labels = None if label is None else torch.tensor([label])
    indices, known, labels = checked(prior, indices[None], known[None], labels)
    return prior(indices, known, labels, ~known)[0].float().softmax(-1)


@torch.no_grad()
def surprise(prior: Prior, indices: Tensor, labels: Tensor | None = None) -> Tensor:
    """-log p(index of a cell | all other cells), nats: int64 (B, h, w) -> float (B, h, w).

    Exactly so on grids up to 8 x 8; on larger ones the cells of a lattice with spacing 8 are hidden
    together, so that 64 passes are enough for any size.
    """
    indices, _, labels = checked(prior, indices, torch.ones_like(indices, dtype=torch.bool), labels)
    b, h, w = indices.shape
    group = (torch.arange(h) % LATTICE)[:, None] * LATTICE + torch.arange(w) % LATTICE
    hidden = torch.stack([group == g for g in group.unique()]).to(indices.device)  # (groups, h, w)
    groups = len(hidden)
    cells = hidden.repeat(b, 1, 1)  # (B * groups, h, w), all groups of a grid in a row
    grids = indices.repeat_interleave(groups, 0)
    classes = None if labels is None else labels.repeat_interleave(groups)
    return _nats(prior, grids, ~cells, classes).reshape(b, groups, h, w).sum(1)


@torch.no_grad()
def bits_per_image(
    prior: Prior, indices: Tensor, labels: Tensor | None = None, seed: int = 0
) -> Tensor:
    """Upper bound of -log2 p(grid | class), one unbiased estimate a grid: int64 (B, h, w) -> float
    (B,).

    With n cells, m of them hidden (m uniform in 1..n) at random places: n times the mean cost of a
    hidden cell (arXiv:2110.02037, eq. 8). The numbers of hidden cells are spread evenly over the
    batch; average over many grids.
    """
    indices, _, labels = checked(prior, indices, torch.ones_like(indices, dtype=torch.bool), labels)
    b, h, w = indices.shape
    known, weight = random_masks(b, (h, w), torch.Generator().manual_seed(seed))
    nats = _nats(prior, indices, known.to(indices.device), labels).sum((1, 2))
    return nats * weight.to(indices.device) / math.log(2)


def random_masks(
    count: int, shape: tuple[int, int], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(known bool (count, h, w), weight float (count,)): m cells hidden at random, m uniform in
    1..n and spread evenly over the batch; weight n / m makes the summed cost of the hidden cells
    the bound of arXiv:2110.02037."""
    n = shape[0] * shape[1]
    spread = (
        (torch.randperm(count, generator=generator) + torch.rand(1, generator=generator))
        / count
        % 1
    )
    hidden = (spread * n).long().clamp_max(n - 1) + 1
    rank = torch.rand(count, n, generator=generator).argsort(1).argsort(1)
    return (rank >= hidden[:, None]).reshape(count, *shape), n / hidden


def _nats(prior: Prior, indices: Tensor, known: Tensor, labels: Tensor | None) -> Tensor:
    """-log p of each unknown cell, nats, and 0 for known ones: float (B, h, w)."""
    hidden, truth = ~known, indices[~known]
    nats = []
    for logits in cell_logits(prior, indices, known, labels, hidden):
        nats.append(
            torch.nn.functional.cross_entropy(logits, truth[: len(logits)], reduction="none")
        )
        truth = truth[len(logits) :]
    return torch.zeros(indices.shape, device=indices.device).masked_scatter(hidden, torch.cat(nats))
