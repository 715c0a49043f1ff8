"""What the Generate tab computes from a VQ-VAE and its prior: sheets of samples, their film, the
codes of one cell.

Pure functions of models that are only read. N samples, h x w cells, K codes of D dimensions, H x W
pixels of C channels. Labels: -1 = no class given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np

from demo.as_text import encoded
from demo.models.prior_requests import MOST_STEPS, grid_of
from demo.pictures.arrays import tiled, to_pixels
from demo.pictures.images import png_text

if TYPE_CHECKING:
    import torch

    from vqvae import VQVAE, Prior
    from vqvae.prior.sampling import Sampling

MOST_PICTURES = 100
NOT_YET = 2**16 - 1
"""The step of a cell that is not drawn yet."""
CANDIDATES = 12
"""Codes offered for one cell."""
DECODED_AT_ONCE = 50
"""Pictures a pass of the decoder: larger batches fall out of the cache of a CPU and are slower."""
FILM_VALUES = 1_600_000
"""Bound of one film, in pixels times channels: 100 samples of 28 x 28 in 12 steps and the empty
grid."""
SHEET_COLUMNS = 10
OPENING = {"label": None, "count": 100, "seed": 0}
"""What is drawn when the tab opens; the rest are the defaults of vqvae.Sampling."""


class Held(TypedDict):
    """The code that a cell holds, as the prior sees it."""

    code: int
    probability: float
    rank: int
    """From 1, the likeliest."""


class Candidates(NamedTuple):
    """The likeliest codes of a cell, most likely first."""

    codes: list[int]
    probabilities: list[float]
    pictures: np.ndarray
    """uint8 (n, H, W, C), with each code in place."""
    held: Held | None
    """None where the cell is unknown."""


@dataclass(frozen=True)
class Samples:
    """Samples, and the step at which each of their cells was drawn."""

    indices: "torch.Tensor"
    """int64 (N, h, w)."""
    when: "torch.Tensor"
    """int64 (N, h, w): the step, 1..steps; 0 for cells that were given, NOT_YET for those to come.
    A cell never changes after its step."""
    steps: int
    labels: list[int]
    """N classes, -1 where none was given."""


def sheet_labels(label: int | None, count: int, classes: int) -> list[int]:
    """The class of each sample: one for all, or none; a full sheet of any class has its rows in the
    order of the classes, so that each is seen."""
    if label is not None:
        return [label] * count
    if count < MOST_PICTURES or not classes:
        return [-1] * count
    rows = count // SHEET_COLUMNS
    return [i // SHEET_COLUMNS * classes // rows for i in range(count)]


def draw(
    prior: "Prior",
    labels: list[int],
    sampling: "Sampling",
    seed: int,
    *,
    given: "tuple[torch.Tensor, torch.Tensor] | None" = None,
    on_step: Callable[[int, Samples], None] = lambda step, drawn: None,
) -> Samples:
    """Draw a grid for each label. `given`: (indices, known) of (N, h, w) to go on from; known cells
    stay.

    `on_step(step, drawn so far)` is called before and after every step and may raise to end it; the
    `when` of cells that are not drawn yet is NOT_YET.
    """
    import torch

    from vqvae.prior.sampling import sample_steps

    shape = len(labels), *grid_of(prior)
    indices, known = given or (
        torch.zeros(shape, dtype=torch.int64),
        torch.zeros(shape, dtype=torch.bool),
    )
    classes = torch.tensor(labels) if prior.config.classes else None
    when = torch.full(shape, NOT_YET).masked_fill(known, 0)
    for state in sample_steps(prior, indices, known, classes, sampling, seed):
        when = when.masked_fill(state.fresh, state.step)
        drawn = Samples(state.indices, when, state.steps, labels)
        on_step(state.step, drawn)
    return drawn


def film(
    model: "VQVAE", prior: "Prior", indices: "torch.Tensor", when: "torch.Tensor", steps: int
) -> np.ndarray:
    """What the decoder makes of every step: uint8 (N, steps + 1, H, W, C), the first before any
    cell is drawn."""
    import torch

    moments = torch.arange(steps + 1)[:, None, None]
    known = when[:, None] <= moments  # (N, steps + 1, h, w)
    grids = indices[:, None].expand_as(known)
    pictures = decode_partial(model, prior, grids.flatten(0, 1), known.flatten(0, 1))
    return pictures.reshape(len(indices), steps + 1, *pictures.shape[1:])


def film_frames(model: "VQVAE") -> int:
    """How many pictures one film may have."""
    config = model.config
    return max(MOST_STEPS + 1, FILM_VALUES // (config.height * config.width * config.channels))


def decode_partial(
    model: "VQVAE", prior: "Prior", indices: "torch.Tensor", known: "torch.Tensor"
) -> np.ndarray:
    """Pictures of grids (N, h, w) of which only the known cells count: uint8 (N, H, W, C).

    An unknown cell stands for the mean of the code vectors that occur at its place: all that is
    known before anything is drawn, and therefore a blur.
    """
    import torch

    with torch.inference_mode():
        counts = prior.counts.double() + 1e-6
        mean = (
            ((counts / counts.sum(-1, keepdim=True)) @ model.codebook.double())
            .float()
            .movedim(-1, 0)
        )  # (D, h, w)
        parts = []
        for some, here in zip(
            indices.split(DECODED_AT_ONCE), known.split(DECODED_AT_ONCE), strict=True
        ):
            z = torch.where(here[:, None], model.embed(some.where(here, 0)), mean)
            parts.append(to_pixels(model.decode_latents(z)))
        return np.concatenate(parts)


def candidates(
    model: "VQVAE",
    prior: "Prior",
    indices: "torch.Tensor",
    known: "torch.Tensor",
    cell: tuple[int, int],
    label: int | None,
) -> Candidates:
    """The codes that the prior would rather see at a cell, given the other known cells of a grid
    (h, w).

    At temperature 1 and guidance 1: what the prior has learned.
    """
    import torch

    row, column = cell
    others = known.clone()
    others[row, column] = False
    classes = None if label is None else torch.tensor([label])
    with torch.inference_mode():
        p = (
            prior(indices[None].where(others, 0), others[None], classes)[0, row, column]
            .float()
            .softmax(-1)
        )
    best = p.argsort(descending=True, stable=True)
    codes = best[:CANDIDATES].tolist()
    grids = indices.repeat(len(codes), 1, 1)
    grids[:, row, column] = torch.tensor(codes)
    others[row, column] = True
    pictures = decode_partial(model, prior, grids, others.expand_as(grids))
    held: Held | None = None
    if known[row, column]:
        code = int(indices[row, column])
        held = {
            "code": code,
            "probability": float(p[code]),
            "rank": int((best == code).nonzero()[0]) + 1,
        }
    return Candidates(codes, p[codes].tolist(), pictures, held)


def independent_bits(prior: "Prior") -> float:
    """Entropy of a grid whose positions were independent, in bits, from the marginals of the
    training set."""
    counts = prior.counts.double()
    p = counts / counts.sum(-1, keepdim=True).clamp_min(1)
    return float(-(p * p.clamp_min(1e-12).log2()).sum())


# -- pictures for the page -------------------------------------------------------------------------


def sprite(pictures: np.ndarray, columns: int) -> str:
    """Pictures uint8 (n, H, W, C) as one PNG, row by row, in base64; the last row may end early."""
    return png_text(tiled(pictures, columns))


def packed(numbers: "torch.Tensor") -> str:
    """Whole numbers below 65,536 as base64 of uint16 little-endian, in their order."""
    return encoded(numbers.numpy().astype("<u2"))
