"""Digits drawn by us, so that everything works with no network, no file and no font.

White on black, 28 x 28, made as MNIST's are framed: the ink fits a box of about 20 x 20 and its
centre of mass lies in the middle. Each is one of several ways of writing its digit (`strokes`),
with its points moved, sheared, turned, stretched, bent and drawn with a pen of its own width and
pressure.

Axes: B digits of a chunk, P points along the strokes.
"""

from __future__ import annotations

import numpy as np
import torch

from vqvae.data.imageset import Progress
from vqvae.data.strokes import SAMPLES, tables

CLASSES = tuple("0123456789")
SIDE = 28
CHUNK = 256  # digits drawn together; their arrays stay in the processor's cache
_SPLITS = {"train": 0, "test": 1}


def synthetic_digits(
    count: int, seed: int = 0, *, split: str = "train", progress: Progress | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw ``count`` labelled digits.

    The same ``seed`` and ``split`` give the same bytes, and a shorter set is the beginning of a
    longer one; ``train`` and ``test`` share no digit. Labels come in random order, about as many of
    each.

    Returns: images uint8 (count, 1, 28, 28), 255 is ink; labels int64 (count,) in 0..9.
    Raises: ValueError for a negative count or seed, or an unknown split.
    """
    if count < 0 or seed < 0 or split not in _SPLITS:
        raise ValueError(
            f"count and seed must be 0 or more, split train or test; not {count}, {seed} and "
            f"{split!r}."
        )
    images = np.empty((count, 1, SIDE, SIDE), np.uint8)
    labels = np.empty(count, np.int64)
    for number, start in enumerate(range(0, count, CHUNK)):
        rng = np.random.default_rng([seed, _SPLITS[split], number])
        stop = min(start + CHUNK, count)
        # Always a whole chunk: what a digit looks like must not depend on how many are asked for.
        digits = rng.permutation(np.arange(number * CHUNK, (number + 1) * CHUNK) % 10)
        images[start:stop, 0] = _draw(digits, rng)[: stop - start]
        labels[start:stop] = digits[: stop - start]
        if progress is not None and (number % 8 == 0 or stop == count):
            progress(stop, count, "Drawing digits")
    return torch.from_numpy(images), torch.from_numpy(labels)


def _draw(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (B, 28, 28) pictures of ``digits`` int64 (B,)."""
    radius = np.clip(rng.normal(1.25, 0.32, len(digits)), 0.7, 2.2).astype(np.float32)
    points = _frame(_shapes(digits, rng), radius, rng)
    pressure = _waves(rng, len(digits), 2) * 0.16 + 1
    ink = _ink(points, radius[:, None] * pressure)
    level = rng.uniform(0.95, 1.06, (len(digits), 1, 1)).astype(np.float32)
    grain = rng.standard_normal(ink.shape, np.float32) * 0.035
    # Noise where there is ink only: the paper of MNIST is exactly black.
    ink = np.clip(ink * (level + grain), 0, 1)
    return np.rint(ink * 255).astype(np.uint8)


def _shapes(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points along the strokes, float32 (B, P, 2), in units of the digit's height and in no
    particular place."""
    controls, groups, weights, first, ways = tables()
    size = len(digits)
    row = first[digits] + (rng.random(size) * ways[digits]).astype(int)
    jitter = rng.standard_normal((size, controls.shape[1], 2), np.float32) * 0.034
    jitter = np.take_along_axis(
        jitter, groups[row][..., None], axis=1
    )  # a corner is one point, and moves as one
    points = np.matmul(weights[row], controls[row] + jitter) - 0.5

    angle = rng.normal(0, 0.11, size)
    shear = rng.normal(0.12, 0.2, size)  # most hands lean to the right
    width = np.clip(rng.normal(0.85, 0.15, size), 0.5, 1.25)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.stack(
        [cos * width, -cos * shear - sin, sin * width, cos - sin * shear], axis=1
    ).reshape(-1, 2, 2)
    points = np.einsum("bij,bpj->bpi", matrix.astype(np.float32), points)
    # A gentle bend of the whole plane, and a tremble along the stroke.
    bend = rng.normal(0, 0.028, (2, size, 1)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, (2, size, 1)).astype(np.float32)
    x, y = points[..., 0], points[..., 1]
    moved = np.stack(
        [x + bend[0] * np.sin(5 * y + phase[0]), y + bend[1] * np.sin(5 * x + phase[1])], axis=2
    )
    return moved + np.stack([_waves(rng, size, 4), _waves(rng, size, 4)], axis=2) * 0.008


def _waves(rng: np.random.Generator, size: int, terms: int) -> np.ndarray:
    """Smooth random functions along the stroke, float32 (size, P), of variance about 1."""
    along = np.linspace(0, 2 * np.pi, SAMPLES, dtype=np.float32)
    amplitude = rng.standard_normal((size, terms, 1), np.float32) / np.sqrt(np.float32(terms / 2))
    phase = rng.uniform(0, 2 * np.pi, (size, terms, 1)).astype(np.float32)
    frequency = np.arange(1, terms + 1, dtype=np.float32)[:, None]
    return (amplitude * np.sin(along * frequency + phase)).sum(axis=1)


def _frame(points: np.ndarray, radius: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scale (B, P, 2) so that the ink's longer side is about 20 pixels; centre of mass to the
    middle of the picture."""
    extent = (points.max(axis=1) - points.min(axis=1)).max(axis=1)
    target = rng.normal(19.6, 0.5, len(points)).clip(17.5, 20.5).astype(np.float32) - 2 * radius
    points = points * (target / extent)[:, None, None]
    # Points lie at equal steps along the strokes, so their mean is the ink's.
    points = points - points.mean(axis=1, keepdims=True) + (SIDE - 1) / 2
    points += rng.normal(0, 0.25, (len(points), 1, 2)).astype(np.float32)
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    edge = radius[:, None, None] + 1
    return points + np.maximum(edge - low, 0) - np.maximum(high - (SIDE - 1 - edge), 0)


def _ink(points: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Coverage float32 (B, 28, 28) in 0..1 of a pen of
    ``radius`` (B, P) pixels drawn through ``points`` (B, P, 2).

    The squared distance of a pixel to a point is a term of its column plus a term of its row; both
    are made once, and a point costs one sum and one minimum per pixel. Dividing by the squared
    radius first makes it a distance in radii.
    """
    grid = np.arange(SIDE, dtype=np.float32)
    shrink = 1 / np.square(radius)
    columns = np.square(grid - points[..., 0:1]) * shrink[..., None]  # (B, P, 28)
    rows = np.square(grid - points[..., 1:2]) * shrink[..., None]
    nearest = np.full((len(points), SIDE, SIDE), np.inf, np.float32)
    here = np.empty_like(nearest)
    for p in range(points.shape[1]):
        np.add(rows[:, p, :, None], columns[:, p, None, :], out=here)
        np.minimum(nearest, here, out=nearest)
    middle = radius.mean(axis=1)[:, None, None]
    # A soft edge, 1.3 pixels wide, as a scan has.
    return np.clip((1 - np.sqrt(nearest)) * middle / 1.3 + 0.5, 0, 1)
