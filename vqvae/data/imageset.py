"""What every loader returns: images in memory as uint8, and the list of what was left out.

Axes: N images, C channels (1 grey, 3 RGB), H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from vqvae.errors import VqvaeError

# : ``progress(done, total, text)``: called now and then from the loading thread; may raise to
# cancel the loading.
Progress = Callable[[int, int, str], None]


class DataError(VqvaeError):
    """A data set cannot be had. The text is one sentence or two: what was given, what is valid,
    what to do."""


class DownloadError(DataError):
    """A data set is not here and could not be downloaded."""


class SkippedFile(NamedTuple):
    """A file that was left out of a set, by its name inside the folder or archive, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class ImageSet:
    """One split of a data set.

    Shapes: ``images`` uint8 (N, C, H, W) in 0..255; ``labels`` int64 (N,) in 0..len(classes)-1, or
        None.
    """

    name: str
    split: str
    images: torch.Tensor
    labels: torch.Tensor | None = None
    classes: tuple[str, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences on how it was read that should be known."""

    def __post_init__(self) -> None:
        if (
            self.images.dtype != torch.uint8
            or self.images.ndim != 4
            or self.images.shape[1] not in (1, 3)
        ):
            raise ValueError(
                f"images must be uint8 (N, 1 or 3, H, W), not {self.images.dtype} "
                f"{tuple(self.images.shape)}."
            )
        if self.labels is not None and (
            self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]
        ):
            raise ValueError(
                f"labels must be int64 ({len(self.images)},), not {self.labels.dtype} "
                f"{tuple(self.labels.shape)}."
            )

    def __len__(self) -> int:
        return self.images.shape[0]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def take(self, indices: torch.Tensor) -> ImageSet:
        """The same set with only the images at ``indices`` int64 (M,), in that order."""
        return replace(
            self,
            images=self.images[indices],
            labels=None if self.labels is None else self.labels[indices],
        )


def resize_set(images: ImageSet, size: tuple[int, int] | None, channels: int | None) -> ImageSet:
    """The same set at another ``size`` (H, W) and number of ``channels``; None, or what it has,
    changes nothing."""
    pixels = images.images
    if channels == 3 and pixels.shape[1] == 1:
        pixels = pixels.expand(-1, 3, -1, -1)
    elif channels == 1 and pixels.shape[1] == 3:
        # ITU-R 601 luma, the weights Pillow uses, so that a set and an uploaded picture turn grey
        # alike.
        weights = torch.tensor([299, 587, 114], dtype=torch.int32).view(1, 3, 1, 1)
        pixels = torch.cat(
            [
                (((part.to(torch.int32) * weights).sum(1, keepdim=True) + 500) // 1000).to(
                    torch.uint8
                )
                for part in pixels.split(4096)
            ]
        )
    if size is not None and tuple(pixels.shape[2:]) != size:
        resize = torch.nn.functional.interpolate
        pixels = torch.cat(
            [
                resize(part.float(), size, mode="bicubic", antialias=True, align_corners=False)
                .round()
                .clamp(0, 255)
                .to(torch.uint8)
                for part in pixels.split(1024)
            ]
        )
    if pixels is images.images:
        return images
    return ImageSet(
        images.name,
        images.split,
        pixels.contiguous(),
        images.labels,
        images.classes,
        images.skipped,
        images.notes,
    )


def default_size(sizes: Collection[tuple[int, int]], channels: int) -> tuple[int, int]:
    """(H, W) at which images of these sizes are taken where nobody asks for one: their own where
    all share one whose sides are 28 or a multiple of 8 up to 64, else 28 (grey) or 32."""
    if len(sizes) == 1 and all(
        side == 28 or (side % 8 == 0 and side <= 64) for side in next(iter(sizes))
    ):
        return next(iter(sizes))
    return (28, 28) if channels == 1 else (32, 32)


def size_note(own: tuple[int, int], size: tuple[int, int]) -> str:
    """A sentence where images of their `own` size lose most of their pixels at this one; else
    ""."""
    if min(own) < 2 * max(size):
        return ""
    return (
        f"The images are {own[0]} x {own[1]} pixels and are taken at {size[0]} x {size[1]}: give a "
        "size to keep more of them, or auto for the largest that fits this machine."
    )


def human_bytes(count: float) -> str:
    """``3145728`` -> ``'3.0 MiB'``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError  # the loop always returns at GiB
