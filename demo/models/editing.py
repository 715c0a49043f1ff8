"""What the Edit tab computes from a model and a grid of codes: pictures, previews, effect, the
quantization steps.

Pure functions of a model that is only read. H x W pixels, h x w cells, K codes of D dimensions, C
channels. Pixels are uint8, row by row, channels last. Grids come from the page and are checked here
before anything is computed.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from demo.as_text import bytes_of
from demo.errors import PageError
from demo.pictures.arrays import to_pixels, to_tensor
from vqvae.grids.codes import IndexGrid

if TYPE_CHECKING:
    import torch

    from vqvae import VQVAE

TRIED_CODES = 24
"""Codes put into a cell to measure what it can move."""

_PIXELS_PER_PREVIEW = 49_152
"""Bound of one preview request, in pixels: 62 pictures of 28 x 28, 48 of 32 x 32."""


class EditError(PageError):
    """A request that no page of ours sends, or that a model cannot answer. The text is one sentence
    for the page."""


class Effect(NamedTuple):
    """What one cell can move."""

    map: np.ndarray
    """uint8 (H, W), the largest change of each pixel, in units of peak / 255."""
    peak: float
    """0..1, brightness, the largest over pixels and channels."""
    tried: int
    """How many codes."""
    moved: int
    """How many pixels changed by more than half a grey level."""


class Steps(NamedTuple):
    """The quantization layer at one cell."""

    z_e: list[float]
    """D, the encoder's output."""
    z_q: list[float]
    """D, the codebook row of the code that the grid holds."""
    distances: np.ndarray
    """float32 (K,), squared Euclidean from z_e to every code;"""
    similarity: np.ndarray
    """the same from the code held."""
    nearest: int
    """The argmin of the distances."""
    held: int
    """The code in the grid."""
    step: float
    """The length of z_q - z_e, which the straight-through estimator passes over."""


def check_grid(model: "VQVAE", rows: object) -> IndexGrid:
    """The grid of a request, or CodesError/EditError: right shape, whole numbers, each a code of
    this model."""
    h, w = model.config.grid
    if (
        not isinstance(rows, list)
        or len(rows) != h
        or any(not isinstance(row, list) or len(row) != w for row in rows)
    ):
        raise EditError(
            f"The grid must be {h} rows of {w} codes for this model; it was left as it is."
        )
    return IndexGrid.of(rows, model.config.codebook_size)


def check_cells(model: "VQVAE", cells: object, *, most: int | None = None) -> list[tuple[int, int]]:
    """A list of positions 0..h*w-1 from a request as (row, column)."""
    h, w = model.config.grid
    if (
        not isinstance(cells, list)
        or not 1 <= len(cells) <= (most or h * w)
        or not all(isinstance(p, int) and not isinstance(p, bool) and 0 <= p < h * w for p in cells)
    ):
        raise EditError(f"A selection is a list of positions from 0 to {h * w - 1}.")
    return [divmod(p, w) for p in cells]


def check_candidates(model: "VQVAE", candidates: object) -> list[int]:
    """The codes of a preview request; no more than `preview_chunk` of them."""
    K, most = model.config.codebook_size, preview_chunk(model)
    if (
        not isinstance(candidates, list)
        or not 1 <= len(candidates) <= most
        or not all(
            isinstance(k, int) and not isinstance(k, bool) and 0 <= k < K for k in candidates
        )
    ):
        raise EditError(f"A preview takes 1 to {most} codes from 0 to {K - 1}.")
    return candidates


def check_pixels(model: "VQVAE", text: object) -> np.ndarray:
    """Base64 of raw pixels from a request -> uint8 (H, W, C)."""
    shape = model.config.height, model.config.width, model.config.channels
    size = math.prod(shape)
    try:
        return np.frombuffer(bytes_of(text, size), np.uint8).reshape(shape)
    except ValueError:
        raise EditError(
            "The input picture must be {} × {} pixels with {} channels for this model.".format(
                *shape
            )
        ) from None


def preview_chunk(model: "VQVAE") -> int:
    """How many codes one preview request may ask for: what keeps a request in the tens of
    milliseconds."""
    return max(4, min(48, _PIXELS_PER_PREVIEW // (model.config.height * model.config.width)))


def decode(model: "VQVAE", grid: IndexGrid) -> np.ndarray:
    """The picture of a grid: uint8 (H, W, C)."""
    return decode_all(model, _tensor(grid)[None])[0]


def decode_all(model: "VQVAE", indices: "torch.Tensor") -> np.ndarray:
    """The pictures of many grids, int64 (N, h, w): uint8 (N, H, W, C)."""
    import torch

    with torch.inference_mode():
        return to_pixels(model.decode(indices))


def previews(
    model: "VQVAE", grid: IndexGrid, cells: list[tuple[int, int]], candidates: list[int]
) -> np.ndarray:
    """The picture with all `cells` set to each candidate in turn: uint8 (candidates, H, W, C).
    Exact, no shortcut."""
    return decode_all(model, _varied(grid, cells, candidates))


def effect(model: "VQVAE", grid: IndexGrid, row: int, column: int) -> Effect:
    """Which pixels one cell can move: the largest change of each pixel over up to TRIED_CODES other
    codes.

    Measured on the decoder with the other cells as they are. The codes tried are spread evenly over
    the ranks of their distance to the current code, the farthest among them.
    """
    import torch

    current = grid.rows[row][column]
    ranked = code_distances(model, current).argsort().tolist()
    others = [k for k in ranked if k != current]
    tried = min(TRIED_CODES, len(others))
    chosen = [others[(2 * (n + 1) * len(others) + tried) // (2 * tried) - 1] for n in range(tried)]
    with torch.inference_mode():
        pictures = model.decode(_varied(grid, [(row, column)], [current, *chosen]))
        change = (pictures[1:] - pictures[:1]).abs().amax((0, 1))
        change = change * (change > 0.5 / 255)  # less is nothing that an eight-bit picture shows
    peak = float(change.max())
    scaled = (change / max(peak, 1e-9) * 255).round().byte()
    return Effect(scaled.numpy(), peak, tried, int((change > 0).sum()))


def steps(model: "VQVAE", grid: IndexGrid, pixels: np.ndarray, row: int, column: int) -> Steps:
    """The quantization layer at one cell, in its own numbers."""
    import torch

    with torch.inference_mode():
        x = to_tensor(pixels)
        z_e = model.latents(x)[0, :, row, column]
        distances = model.quantizer.distances(z_e[None])[0]
        held = grid.rows[row][column]
        z_q = model.codebook[held]
        return Steps(
            z_e=z_e.tolist(),
            z_q=z_q.tolist(),
            distances=distances.float().clamp(min=0).numpy(),
            similarity=code_distances(model, held).numpy(),
            nearest=int(distances.argmin()),
            held=held,
            step=float((z_q - z_e).norm()),
        )


def code_distances(model: "VQVAE", code: int) -> "torch.Tensor":
    """Squared Euclidean distance from one code to every code: float32 (K,)."""
    import torch

    with torch.inference_mode():
        return model.quantizer.distances(model.codebook[code][None])[0].float().clamp(min=0)


def encode(model: "VQVAE", pixels: np.ndarray) -> IndexGrid:
    """The grid of a picture, uint8 (H, W, C)."""
    import torch

    with torch.inference_mode():
        x = to_tensor(pixels)
        return IndexGrid.of(model.encode(x)[0], model.config.codebook_size)


def _tensor(grid: IndexGrid) -> "torch.Tensor":
    import torch

    return torch.tensor(grid.rows)


def _varied(grid: IndexGrid, cells: list[tuple[int, int]], candidates: list[int]) -> "torch.Tensor":
    """int64 (candidates, h, w): the grid with `cells` set to each candidate."""
    import torch

    batch = _tensor(grid).repeat(len(candidates), 1, 1)
    rows, columns = (list(axis) for axis in zip(*cells, strict=True))
    batch[:, rows, columns] = torch.tensor(candidates)[:, None]
    return batch
