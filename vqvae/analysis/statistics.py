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
from torch import Tensor

from vqvae.collapse import collapsed
from vqvae.metrics import entropy_bits, perplexity, usage

if TYPE_CHECKING:
    from vqvae.checkpoints.gallery import Gallery
    from vqvae.nn.model import VQVAE


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
    if used == 1 or collapsed(use.usage, use.perplexity, K):
        return "bad", _of_a_collapse(use, used)
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
        "evenly"
        if use.perplexity > 0.6 * K
        else "some far more than others, which is normal for pictures"
    )
    every = "every code is" if not use.dead else f"{used:,} of {K:,} codes are"
    return "good", f"Healthy: {every} in use, {spread}."


def _of_a_collapse(use: UsageCounts, used: int) -> str:
    K = use.codebook_size
    if used == 1:
        return (
            f"Collapsed: one of {K:,} codes is used for everything, so the grid says nothing about "
            "the picture. Train with k-means start and restart of dead codes."
        )
    who = (
        f"{used:,} of {K:,} codes are used at all"
        if collapsed(use.usage, K, K)
        else f"of {K:,} codes about {max(1, round(use.perplexity))} do nearly all the work"
    )
    return (
        f"Collapsed: {who}. The grid says far less than its bits allow. Train with k-means start "
        "and restart of dead codes, or with fewer codes."
    )


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
            model.decode(part[:, None, None].expand(-1, 3, 3))[
                :, :, side : 2 * side, side : 2 * side
            ]
            for part in torch.arange(K).split(block)
        ]
    )
