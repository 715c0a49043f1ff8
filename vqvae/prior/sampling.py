"""Grids drawn from a prior: sample, inpaint, polish.

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
from vqvae.prior.passes import cell_logits, checked
from vqvae.prior.scoring import surprise
from vqvae.quantizers import MAX_CODEBOOK_SIZE
from vqvae.setting import Number, Whole, setting


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
    """The state after one sampling step."""

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
    indices, known, labels = checked(prior, indices, known, labels)
    indices = indices.where(known, 0)
    generator = torch.Generator().manual_seed(seed)
    labels = _any_class(prior, known, labels, generator)
    turn = turns(known, generator)
    missing = (~known).flatten(1).sum(1)
    steps = min(sampling.steps, int(missing.max()))
    yield SampleStep(indices, known, torch.zeros_like(known), 0, steps)
    for step in range(1, steps + 1):
        left = (missing * math.cos(math.pi / 2 * step / steps)).floor().long().clamp_min(0)
        fresh = ~known & (turn < (missing - left)[:, None, None])
        if fresh.any():
            fading = max(0.0, sampling.guidance - 1) * (step - 1) / max(1, steps - 1)
            passes = cell_logits(prior, indices, known, labels, fresh, sampling.guidance - fading)
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


# -- inside ----------------------------------------------------------------------------------------


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
