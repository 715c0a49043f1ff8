"""Queries to a prior: sample, inpaint, rank the codes of a cell, score surprise, bound the
likelihood.

Axes: B batch, h x w positions, K codebook_size. Labels: int64 (B,), -1 = no class given. Everything
runs on the device of the prior and returns there; noise is drawn on the CPU from `seed`, so that
one device gives one result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vqvae.config import Config
from vqvae.prior.cell_order import turns
from vqvae.prior.model import Prior
from vqvae.quantizers import MAX_CODEBOOK_SIZE
from vqvae.setting import Number, Whole, setting

LATTICE = 8
"""`surprise` hides the cells of a lattice with this spacing at once: one at a time on grids up to 8
x 8."""
PASS_CELLS = 2**12
"""Cells that go through the network at once at most: bounds the memory, and stays near the
cache."""
PASS_LOGITS = 2**24
"""Numbers that the logits of one pass have at most: 64 MB."""


@dataclass(frozen=True)
class Sampling(Config):
    """How to draw. The defaults are chosen by measurement (benchmarks/prior.py)."""

    steps: int = setting(8, Whole(1, 4_096))
    """Parallel steps: in each, several cells are drawn at once. More steps, better agreement; a
    step costs one pass."""
    temperature: float = setting(1.0, Number(0, 10))
    """Divides the logits: below 1 likely codes become likelier, 0 always takes the likeliest."""
    top_k: int = setting(0, Whole(0, MAX_CODEBOOK_SIZE))
    """Draw among this many likeliest codes only; 0: off."""
    top_p: float = setting(1.0, Number(0, 1))
    """Draw among the likeliest codes that together have this probability only; 1: off."""
    guidance: float = setting(1.8, Number(0, 20))
    """How strongly a given class is insisted on (arXiv:2207.12598) in the first step; it fades to
    1, as trained, by the last, as the known cells tell the class better and better, and insisting
    costs variety (arXiv:2404.07724). Below 1 it stays: 0 ignores the class. Other values than 1
    cost almost as much time again."""


@dataclass(frozen=True)
class SampleStep:
    """Where the drawing stands."""

    indices: Tensor
    """int64 (B, h, w); 0 where nothing is known yet."""
    known: Tensor
    """bool (B, h, w): locked, or drawn by now."""
    fresh: Tensor
    """bool (B, h, w): drawn in this step."""
    step: int
    """0 before the first step."""
    steps: int
    """Steps in all."""


@torch.no_grad()
def sample_steps(
    prior: Prior,
    indices: Tensor,
    known: Tensor,
    labels: Tensor | None = None,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> Iterator[SampleStep]:
    """Draw the unknown cells in parallel steps; the first item is the state before any. Known cells
    never change.

    The cells of a step are drawn without knowing of one another, so they lie far apart, in an order
    that covers the grid evenly at any time (arXiv:2503.17076, with another order than Halton's):
    few cells at first and more as the picture settles, on the cosine schedule of arXiv:2202.04200,
    section 3.2. Settling first what the prior is surest of, as the latter does, takes neighbours
    together and costs variety.

    Args:
        indices: int64 (B, h, w); what stands in unknown cells is not looked at.
        known: bool (B, h, w).
        labels: int64 (B,), -1 where no class is given, or None. A grid of which nothing is known
            then gets a class by chance, as often as the training set has it: p(grid) is the mean of
            p(grid | class), and the prior knows that better.

    ValueError when a shape, type or index does not fit the prior.
    """
    sampling = sampling or Sampling()
    indices, known, labels = _checked(prior, indices, known, labels)
    indices = indices.where(known, 0)
    generator = torch.Generator().manual_seed(seed)
    labels = _any_class(prior, known, labels, generator)
    turn = turns(known, generator)
    missing = (~known).flatten(1).sum(1)
    steps = min(sampling.steps, int(missing.max()))
    yield SampleStep(indices, known, torch.zeros_like(known), 0, steps)
    for step in range(1, steps + 1):
        left = (
            (missing * math.cos(math.pi / 2 * step / steps)).floor().long()
            if step < steps
            else torch.zeros_like(missing)
        )
        fresh = ~known & (turn < (missing - left)[:, None, None])
        if fresh.any():
            fading = max(0.0, sampling.guidance - 1) * (step - 1) / max(1, steps - 1)
            passes = _passes(prior, indices, known, labels, fresh, sampling.guidance - fading)
            drawn = torch.cat([_draw(logits, sampling, generator) for logits in passes])
            indices, known = indices.masked_scatter(fresh, drawn), known | fresh
        yield SampleStep(indices, known, fresh, step, steps)


def sample(
    prior: Prior,
    count: int,
    labels: Tensor | int | None = None,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> Tensor:
    """Fresh grids: int64 (count, h, w). labels int64 (count,), one class for all, or None."""
    h, w = prior.config.height, prior.config.width
    if isinstance(labels, int):
        labels = torch.full((count,), labels)
    indices = torch.zeros(count, h, w, dtype=torch.int64)
    return _last(
        sample_steps(
            prior, indices, torch.zeros(count, h, w, dtype=torch.bool), labels, sampling, seed
        )
    )


def inpaint(
    prior: Prior,
    indices: Tensor,
    known: Tensor,
    *,
    label: int | None = None,
    alternatives: int = 4,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> Tensor:
    """Several completions of one grid: indices int64 (h, w), known bool (h, w) -> int64
    (alternatives, h, w)."""
    labels = None if label is None else torch.full((alternatives,), label)
    return _last(
        sample_steps(
            prior,
            indices.expand(alternatives, -1, -1),
            known.expand(alternatives, -1, -1),
            labels,
            sampling,
            seed,
        )
    )


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
    indices, known, labels = _checked(prior, indices[None], known[None], labels)
    return prior(indices, known, labels, ~known)[0].float().softmax(-1)


@torch.no_grad()
def surprise(prior: Prior, indices: Tensor, labels: Tensor | None = None) -> Tensor:
    """-log p(index of a cell | all other cells), nats: int64 (B, h, w) -> float (B, h, w).

    Exactly so on grids up to 8 x 8; on larger ones the cells of a lattice with spacing 8 are hidden
    together, so that 64 passes are enough for any size.
    """
    indices, _, labels = _checked(
        prior, indices, torch.ones_like(indices, dtype=torch.bool), labels
    )
    b, h, w = indices.shape
    group = (torch.arange(h) % LATTICE)[:, None] * LATTICE + torch.arange(w) % LATTICE
    hidden = torch.stack([group == g for g in group.unique()]).to(indices.device)  # (groups, h, w)
    many = len(hidden)
    cells = hidden.repeat(b, 1, 1)  # (B * groups, h, w), all groups of a grid in a row
    grids = indices.repeat_interleave(many, 0)
    classes = None if labels is None else labels.repeat_interleave(many)
    return _cost(prior, grids, ~cells, classes).reshape(b, many, h, w).sum(1)


def polish(
    prior: Prior,
    indices: Tensor,
    *,
    locked: Tensor | None = None,
    share: float = 0.25,
    rounds: int = 3,
    label: int | None = None,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> Tensor:
    """Draw the most surprising cells anew, `rounds` times: int64 (h, w) -> int64 (h, w). Locked
    cells never change.

    share: of the unlocked cells, drawn anew in a round. Ends early when a round changes nothing.
    """
    sampling = sampling or Sampling(steps=4, temperature=0.5)
    free = torch.ones_like(indices, dtype=torch.bool) if locked is None else ~locked
    count = min(int(free.sum()), math.ceil(share * int(free.sum())))
    if count <= 0:
        return indices.clone()
    labels = None if label is None else torch.tensor([label])
    for turn in range(rounds):
        nats = (
            surprise(prior, indices[None], labels)[0].to(free.device).masked_fill(~free, -math.inf)
        )
        known = torch.ones_like(free)
        known.view(-1)[nats.flatten().topk(count).indices] = False
        drawn = _last(
            sample_steps(prior, indices[None], known[None], labels, sampling, seed + turn)
        )[0]
        if torch.equal(drawn.to(indices.device), indices):
            break
        indices = drawn.to(indices.device)
    return indices.clone()


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
    indices, _, labels = _checked(
        prior, indices, torch.ones_like(indices, dtype=torch.bool), labels
    )
    generator = torch.Generator().manual_seed(seed)
    known, weight = random_masks(len(indices), indices.shape[1:], generator)
    known = known.to(indices.device)
    return (
        _cost(prior, indices, known, labels).sum((1, 2)) * weight.to(indices.device) / math.log(2)
    )


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


# -- inside ----------------------------------------------------------------------------------------


def _checked(prior: Prior, indices: Tensor, known: Tensor, labels: Tensor | None):
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
    if (
        labels.shape != indices.shape[:1]
        or not -1 <= int(labels.min()) <= int(labels.max()) < config.classes
    ):
        valid = (
            f"0..{config.classes - 1}, or -1 for any"
            if config.classes
            else "-1 only: this prior has no classes"
        )
        raise ValueError(
            f"labels is {labels.tolist()[:3]}; there must be one for each of {len(indices)} grids, "
            f"each {valid}."
        )
    return indices, known, labels.to(device)


def _any_class(
    prior: Prior, known: Tensor, labels: Tensor | None, generator: torch.Generator
) -> Tensor | None:
    """Labels with a random class for each grid that has none and of which nothing is known."""
    classes, free = prior.config.classes, ~known.flatten(1).any(1)
    if not classes or not free.any():
        return labels
    frequency = prior.class_counts.sum((1, 2, 3)).cpu().float()
    frequency = frequency if len(frequency) == classes and frequency.any() else torch.ones(classes)
    drawn = torch.multinomial(frequency, len(known), True, generator=generator).to(known.device)
    labels = torch.full_like(drawn, -1) if labels is None else labels
    return torch.where(free & (labels < 0), drawn, labels)


def _passes(
    prior: Prior,
    indices: Tensor,
    known: Tensor,
    labels: Tensor | None,
    cells: Tensor,
    guidance: float = 1.0,
) -> Iterator[Tensor]:
    """Logits of the `cells` (B, h, w) only, in their order, in parts that fit the memory: float
    (cells, K) each."""
    positions, guided = prior.config.positions, labels is not None and guidance != 1.0
    count = max(
        1, min(PASS_CELLS // positions, PASS_LOGITS // (positions * prior.config.codebook_size))
    )
    for all_rows in torch.arange(len(indices), device=indices.device).split(count):
        rows, wanted, same = all_rows, cells[all_rows], None
        part = None if labels is None else labels[rows]
        if not known[rows].any():  # grids of one class are all alike: each class once
            part = part if part is not None else torch.full_like(rows, -1)
            part, same = part.unique(return_inverse=True)
            rows, wanted = rows[: len(part)], torch.ones_like(wanted[: len(part)])
        if guided:
            twice = torch.cat([rows, rows])  # with the class and without it, in one pass
            assert part is not None, "guided by labels"
            logits = prior(
                indices[twice],
                known[twice],
                torch.cat([part, torch.full_like(part, -1)]),
                torch.cat([wanted, wanted]),
            )
            with_class, free = logits.float().chunk(2)
            logits = free + guidance * (with_class - free)
        else:
            logits = prior(indices[rows], known[rows], part, wanted).float()
        if same is not None:
            grid, position = cells[all_rows].flatten(1).nonzero(as_tuple=True)
            logits = logits.unflatten(0, (len(rows), positions))[same[grid], position]
        yield logits


def _cost(prior: Prior, indices: Tensor, known: Tensor, labels: Tensor | None) -> Tensor:
    """-log p of each unknown cell, nats, and 0 for known ones: float (B, h, w)."""
    hidden, truth = ~known, indices[~known]
    nats = []
    for logits in _passes(prior, indices, known, labels, hidden):
        nats.append(
            torch.nn.functional.cross_entropy(logits, truth[: len(logits)], reduction="none")
        )
        truth = truth[len(logits) :]
    return torch.zeros(indices.shape, device=indices.device).masked_scatter(hidden, torch.cat(nats))


def _draw(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> Tensor:
    """One code of each row of logits (N, K): int64 (N,)."""
    if sampling.temperature == 0 or sampling.top_k == 1 or sampling.top_p == 0:
        return logits.argmax(-1)
    p = (logits / sampling.temperature).softmax(-1)
    if 0 < sampling.top_k < p.shape[-1]:
        p = p * (p >= p.topk(sampling.top_k).values[:, -1:])
    if sampling.top_p < 1:
        ordered = p.sort(descending=True)
        before = ordered.values.cumsum(-1) - ordered.values
        kept = ordered.values * (before < sampling.top_p * ordered.values.sum(-1, keepdim=True))
        p = torch.zeros_like(p).scatter(1, ordered.indices, kept)
    # The inverse of the cumulated probabilities: one random number per cell, where Gumbel noise
    # needs K.
    total = p.cumsum(-1)
    u = torch.rand(len(p), 1, generator=generator).to(p.device) * total[:, -1:]
    drawn = torch.searchsorted(total, u, right=True).squeeze(1).clamp_max(p.shape[-1] - 1)
    return torch.where(
        p.gather(1, drawn[:, None]).squeeze(1) > 0, drawn, p.argmax(-1)
    )  # u rounded up to the total


def _last(steps: Iterator[SampleStep]) -> Tensor:
    for state in steps:
        indices = state.indices
    return indices
