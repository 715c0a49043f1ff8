"""What a codebook is used for: counts over a data set, by code, class and position, and what they
mean.

Letters: K codebook_size, D embedding_dim, P = h * w positions of the grid, E examples kept of each
code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vqvae.collapse import collapsed
from vqvae.data.imageset import ImageSet, Progress
from vqvae.metrics import entropy_bits, perplexity, usage
from vqvae.nn.batches import images_at_once

if TYPE_CHECKING:
    from vqvae.checkpoints.gallery import Gallery
    from vqvae.nn.model import VQVAE

COUNTING_BATCH = 200
"""Pictures encoded at once; fewer where they are large."""
EXAMPLES = 12
"""Real patches kept of each code."""
MAX_PATCH_BYTES = 16 * 2**20
"""Most memory for them; with a large codebook fewer are kept."""


@dataclass(frozen=True)
class UsageCounts:
    """How often each code was chosen over a set of images."""

    counts: Tensor
    """int64 (K,)."""
    position_counts: Tensor
    """int64 (P, K), the same for each position, row * w + column."""
    class_counts: Tensor | None
    """int64 (classes, K), or None without classes."""
    images: int
    """How many images were counted; 0 when unknown."""
    classes: tuple[str, ...] = ()
    patches: Tensor | None = None
    """uint8 (K, E, C, S, S): pixels around the cells that chose a code, 3 x 3 cells, or None when
    not kept."""
    kept: Tensor | None = None
    """int64 (K,): how many of the E patches are there."""

    @property
    def codebook_size(self) -> int:
        return len(self.counts)

    @property
    def total(self) -> int:
        """Cells counted in all."""
        return int(self.counts.sum())

    @property
    def dead(self) -> int:
        """Codes that were never chosen."""
        return int((self.counts == 0).sum())

    @property
    def usage(self) -> float:
        """Share of codes chosen at least once, 0..1."""
        return usage(self.counts)

    @property
    def perplexity(self) -> float:
        """Effective number of codes, 1..K."""
        return perplexity(self.counts)

    @property
    def entropy_bits(self) -> float:
        """Bits that an index really carries, 0..log2 K."""
        return entropy_bits(self.counts)

    @property
    def nominal_bits(self) -> float:
        """Bits that an index takes when stored plainly: log2 K."""
        return math.log2(self.codebook_size)


def use_of_gallery(gallery: Gallery, classes: tuple[str, ...] = ()) -> UsageCounts:
    """The statistics stored in a checkpoint."""
    positions = max(1, len(gallery.position_counts))
    return UsageCounts(
        gallery.counts,
        gallery.position_counts,
        gallery.class_counts,
        int(gallery.counts.sum()) // positions,
        tuple(classes),
    )


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
    h, w = data.shape[1] // cell, data.shape[2] // cell
    positions = torch.zeros(h * w * K, dtype=torch.int64)
    all_labels = data.labels if data.classes else None
    by_class = (
        torch.zeros(len(data.classes) * K, dtype=torch.int64) if all_labels is not None else None
    )
    device = next(model.parameters()).device
    batch_size = batch_size or images_at_once(config, *data.shape[1:], COUNTING_BATCH)
    for begin in range(0, len(data), batch_size):
        images = data.images[begin : begin + batch_size]
        indices = model.encode(images.to(device).float().div(255)).flatten(1).cpu()
        positions += torch.bincount(
            (indices + torch.arange(h * w) * K).flatten(), minlength=h * w * K
        )
        if by_class is not None and all_labels is not None:
            labels = all_labels[begin : begin + batch_size]
            by_class += torch.bincount(
                (indices + labels[:, None] * K).flatten(), minlength=len(by_class)
            )
        _keep_patches(patches, kept, images, indices, (h, w), cell)
        if progress:
            progress(min(begin + batch_size, len(data)), len(data), "Counting codes")
    positions = positions.view(h * w, K)
    return UsageCounts(
        positions.sum(0),
        positions,
        by_class.view(-1, K) if by_class is not None else None,
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


# -- what it means ---------------------------------------------------------------------------------


def verdict(use: UsageCounts) -> tuple[str, str]:
    """("good" | "fair" | "bad" | "unknown", what the counts say of the codebook's health in plain
    words)."""
    K, total, used = use.codebook_size, use.total, use.codebook_size - use.dead
    if not total:
        return (
            "unknown",
            "Nothing was counted, so nothing is known about its health. Count a data set to find "
            "out.",
        )
    if used == 1:
        return "bad", (
            f"Collapsed: one of {K:,} codes is used for everything, so the grid says nothing about "
            "the picture. Train with k-means start and restart of dead codes."
        )
    effective = use.perplexity / K
    if collapsed(use.usage, use.perplexity, K):
        who = (
            f"{used:,} of {K:,} codes are used at all"
            if collapsed(use.usage, K, K)
            else f"of {K:,} codes about {max(1, round(use.perplexity))} do nearly all the work"
        )
        return "bad", (
            f"Collapsed: {who}. The grid says far less than its bits allow. Train with k-means "
            "start and restart of dead codes, or with fewer codes."
        )
    if use.usage < 0.6:
        return "fair", (
            f"Many dead codes: {use.dead:,} of {K:,}. The others carry the pictures. Longer "
            "training or restart of dead codes may revive them; or use fewer codes."
        )
    if use.entropy_bits < 0.6 * use.nominal_bits:
        return "fair", (
            f"Lopsided: {used:,} of {K:,} codes are used, but a few do most of the work, so an "
            f"index carries {use.entropy_bits:.1f} of {use.nominal_bits:.1f} bits."
        )
    spread = (
        "evenly" if effective > 0.6 else "some far more than others, which is normal for pictures"
    )
    every = "Every code is" if not use.dead else f"{used:,} of {K:,} codes are"
    return "good", f"Healthy: {every} in use, {spread}."


def nearest_codes(
    codebook: Tensor, index: int, metric: str = "euclidean", count: int = 8
) -> tuple[list[int], list[float]]:
    """The codes nearest to code `index` in the original space, nearest first, without itself, and
    how far they are.

    metric "euclidean" gives distances, "cosine" gives 1 - cosine of the angle, 0..2 (a code of
    length 0 is at 1).
    """
    code = codebook[index]
    if metric == "euclidean":
        distances = (codebook - code).norm(dim=1)
    elif metric == "cosine":
        distances = 1 - F.cosine_similarity(codebook, code[None], dim=1, eps=1e-12)
    else:
        raise ValueError(f"The metric is {metric!r}; it must be euclidean or cosine.")
    distances = distances.clone()
    distances[index] = math.inf
    values, which = distances.topk(min(count, len(codebook) - 1), largest=False)
    return which.tolist(), values.clamp_min(0).tolist()


def clusters(codebook: Tensor, count: int = 8, seed: int = 0) -> Tensor:
    """k-means clusters of the codes: int64 (K,) in 0..count-1, the largest cluster first."""
    from vqvae.nn.quantizers.search import kmeans, nearest_rows

    count = max(1, min(count, len(codebook.unique(dim=0))))
    if count == 1:
        return torch.zeros(len(codebook), dtype=torch.int64)
    centres, _ = kmeans(codebook.float(), count, 25, torch.Generator().manual_seed(seed))
    members = nearest_rows(codebook.float(), centres)
    rank = torch.bincount(members, minlength=count).argsort(descending=True, stable=True).argsort()
    return rank[members]


@torch.inference_mode()
def draw_codes(model: VQVAE, block: int = 512) -> Tensor:
    """Every code as a patch: the middle of what the decoder draws for 3 x 3 cells of nothing but
    this code.

    float (K, C, f, f) in [0, 1] with f the model's downsampling factor.
    """
    side, K = model.config.downsample, model.config.codebook_size
    return torch.cat(
        [
            model.decode(some[:, None, None].expand(-1, 3, 3))[
                :, :, side : 2 * side, side : 2 * side
            ]
            for some in torch.arange(K).split(block)
        ]
    )
