"""How often each code is chosen over a data set, and real patches of where it was.

Letters: K codebook_size, P = h * w positions of the grid, E examples kept of each code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vqvae.analysis.statistics import UsageCounts
from vqvae.data.imageset import ImageSet, Progress
from vqvae.metrics import count_into
from vqvae.nn.batches import images_at_once

if TYPE_CHECKING:
    from vqvae.nn.model import VQVAE

COUNTING_BATCH = 200
"""Pictures encoded at once; fewer where they are large."""
EXAMPLES = 12
"""Real patches kept of each code."""
MAX_PATCH_BYTES = 16 * 2**20
"""Most memory for them; with a large codebook fewer are kept."""


class CodeCounter:
    """Counts of a data set, a batch at a time."""

    by_position: Tensor
    """int64 (P, K), position row * w + column."""
    by_class: Tensor | None
    """int64 (classes, K), or None without classes."""

    def __init__(self, codebook_size: int, positions: int, classes: int) -> None:
        self.by_position = torch.zeros(positions, codebook_size, dtype=torch.int64)
        self.by_class = torch.zeros(classes, codebook_size, dtype=torch.int64) if classes else None

    @classmethod
    def of(cls, model: VQVAE, data: ImageSet) -> CodeCounter:
        """For the grids that a model makes of these images."""
        K, cell = model.config.codebook_size, model.config.downsample
        positions = (data.shape[1] // cell) * (data.shape[2] // cell)
        return cls(K, positions, len(data.classes) if data.labels is not None else 0)

    def add(self, indices: Tensor, labels: Tensor | None) -> None:
        """indices int64 (B, h, w), labels int64 (B,) where there are classes."""
        flat = indices.flatten(1)
        count_into(self.by_position, torch.arange(flat.shape[1]), flat)
        if self.by_class is not None and labels is not None:
            count_into(self.by_class, labels[:, None], flat)

    @property
    def counts(self) -> Tensor:
        """int64 (K,)."""
        return self.by_position.sum(0)


@torch.inference_mode()
def count_usage(
    model: VQVAE, data: ImageSet, *, batch_size: int | None = None, progress: Progress | None = None
) -> UsageCounts:
    """Encode every image of `data` (the model's height and width) and count. `progress` may raise
    to stop.

    Also keeps the first patches of each code: the 3 x 3 cells of pixels around it, black beyond the
    edge.
    """
    config, K = model.config, model.config.codebook_size
    side, cell = 3 * config.downsample, config.downsample
    room = MAX_PATCH_BYTES // (K * config.channels * side * side)
    keep = max(1, min(EXAMPLES, room))
    patches = torch.zeros(K, keep, config.channels, side, side, dtype=torch.uint8)
    kept = torch.zeros(K, dtype=torch.int64)
    grid = data.shape[1] // cell, data.shape[2] // cell
    counter = CodeCounter.of(model, data)
    device = next(model.parameters()).device
    batch_size = batch_size or images_at_once(config, *data.shape[1:], COUNTING_BATCH)
    for begin in range(0, len(data), batch_size):
        rows = slice(begin, min(begin + batch_size, len(data)))
        images = data.images[rows]
        indices = model.encode(images.to(device).float().div(255)).cpu()
        counter.add(indices, None if data.labels is None else data.labels[rows])
        _keep_patches(patches, kept, images, indices.flatten(1), grid, cell)
        if progress:
            progress(rows.stop, len(data), "Counting codes")
    return UsageCounts(
        counter.counts,
        counter.by_position,
        counter.by_class,
        len(data),
        data.classes,
        patches,
        kept,
    )


def _keep_patches(
    patches: Tensor, kept: Tensor, images: Tensor, indices: Tensor, grid: tuple[int, int], cell: int
) -> None:
    """Add patches of one batch to the codes that still have room for some; one of an image for each
    code."""
    wanting = (kept < patches.shape[1])[indices]
    image, position = wanting.nonzero(as_tuple=True)
    if not len(image):
        return
    codes_here = indices[image, position]
    _, first = _first_of(codes_here * len(images) + image)
    image, position, codes_here = image[first], position[first], codes_here[first]
    order = codes_here.argsort(stable=True)
    image, position, codes_here = image[order], position[order], codes_here[order]
    starts = torch.searchsorted(
        codes_here, codes_here
    )  # rank within its code: place in the order minus its start
    slot = kept[codes_here] + torch.arange(len(codes_here)) - starts
    fits = slot < patches.shape[1]
    image, position, codes_here, slot = image[fits], position[fits], codes_here[fits], slot[fits]
    patches[codes_here, slot] = crop_cells(images, image, position, grid, cell)
    kept.copy_(torch.bincount(codes_here, minlength=len(kept)).add_(kept))


def _first_of(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Distinct keys, and for each the place where it comes first."""
    unique, inverse = keys.unique(return_inverse=True)
    first = torch.full((len(unique),), len(keys)).scatter_reduce_(
        0, inverse, torch.arange(len(keys)), "amin"
    )
    return unique, first


def crop_cells(
    images: Tensor, image: Tensor, position: Tensor, grid: tuple[int, int], cell: int
) -> Tensor:
    """The 3 x 3 cells of pixels around `position` int64 (M,) of `image` int64 (M,): images
    (N, C, H, W) of any type -> (M, C, 3 cell, 3 cell), 0 beyond the edge."""
    distinct, inverse = image.unique(return_inverse=True)
    padded = F.pad(images[distinct], (cell, cell, cell, cell))
    windows = padded.unfold(2, 3 * cell, cell).unfold(3, 3 * cell, cell)  # (N, C, h, w, S, S)
    return windows[inverse, :, position // grid[1], position % grid[1]]
