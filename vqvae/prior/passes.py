"""Passes through a prior: what is asked is checked, and computed in parts that fit the memory.

Axes: B batch, h x w positions, K codebook_size. Labels: int64 (B,), -1 = no class given.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from vqvae.prior.model import Prior

PASS_CELLS = 2**12
"""Cells that go through the network at once at most: bounds the memory, and stays near the
cache."""
PASS_LOGITS = 2**24
"""Numbers that the logits of one pass have at most: 64 MB."""


def checked(
    prior: Prior, indices: Tensor, known: Tensor, labels: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """indices int64 (B, h, w), known bool (B, h, w) and labels on the prior's device. ValueError
    when a shape, type or index does not fit it."""
    config, device = prior.config, prior.codebook.device
    grid = (config.height, config.width)
    if (
        indices.ndim != 3
        or indices.shape[1:] != grid
        or indices.dtype != torch.int64
        or not len(indices)
    ):
        raise ValueError(
            f"indices has shape {tuple(indices.shape)} and type {indices.dtype}; it must be int64 "
            f"(B, {grid[0]}, {grid[1]})."
        )
    if known.shape != indices.shape or known.dtype != torch.bool:
        raise ValueError(
            f"known has shape {tuple(known.shape)} and type {known.dtype}; it must be bool "
            f"{tuple(indices.shape)}."
        )
    indices, known = indices.to(device), known.to(device)
    inside = indices[known]
    if inside.numel() and not 0 <= int(inside.min()) <= int(inside.max()) < config.codebook_size:
        raise ValueError(
            f"indices go from {int(inside.min())} to {int(inside.max())}; they must lie in "
            f"0..{config.codebook_size - 1}."
        )
    if labels is None:
        return indices, known, None
    _check_labels(labels, len(indices), config.classes)
    return indices, known, labels.to(device)


def _check_labels(labels: Tensor, count: int, classes: int) -> None:
    one_each = labels.shape == (count,)
    if not one_each or not -1 <= int(labels.min()) <= int(labels.max()) < classes:
        valid = (
            f"0..{classes - 1}, or -1 for any" if classes else "-1 only: this prior has no classes"
        )
        raise ValueError(
            f"labels is {labels.tolist()[:3]}; there must be one for each of {count} grids, each "
            f"{valid}."
        )


def cell_logits(
    prior: Prior,
    indices: Tensor,
    known: Tensor,
    labels: Tensor | None,
    cells: Tensor,
    guidance: float = 1.0,
) -> Iterator[Tensor]:
    """Logits of the `cells` bool (B, h, w) only, in their order, in parts that fit the memory:
    float (cells, K) each."""
    positions = prior.config.positions
    count = max(
        1, min(PASS_CELLS // positions, PASS_LOGITS // (positions * prior.config.codebook_size))
    )
    for rows in torch.arange(len(indices), device=indices.device).split(count):
        classes = None if labels is None else labels[rows]
        compute = _guided if known[rows].any() else _of_blank
        yield compute(prior, indices[rows], known[rows], classes, cells[rows], guidance)


def _of_blank(
    prior: Prior,
    indices: Tensor,
    known: Tensor,
    labels: Tensor | None,
    cells: Tensor,
    guidance: float,
) -> Tensor:
    """Of grids of which nothing is known: those of one class are all alike, so that each class is
    computed once."""
    if labels is None:
        labels, guidance = cells.new_full((len(cells),), -1, dtype=torch.int64), 1.0
    classes, same = labels.unique(return_inverse=True)
    n = len(classes)
    everywhere = torch.ones_like(cells[:n])
    logits = _guided(prior, indices[:n], known[:n], classes, everywhere, guidance)
    grid, position = cells.flatten(1).nonzero(as_tuple=True)
    return logits.unflatten(0, (n, -1))[same[grid], position]  # (cells, K)


def _guided(
    prior: Prior,
    indices: Tensor,
    known: Tensor,
    labels: Tensor | None,
    cells: Tensor,
    guidance: float,
) -> Tensor:
    """Moved away from what is likely without the class, where there is one (arXiv:2207.12598)."""
    if labels is None or guidance == 1.0:
        return prior(indices, known, labels, cells).float()
    twice = [torch.cat([t, t]) for t in (indices, known, cells)]  # with and without, in one pass
    both = torch.cat([labels, torch.full_like(labels, -1)])
    with_class, free = prior(*twice[:2], both, twice[2]).float().chunk(2)
    return free + guidance * (with_class - free)
