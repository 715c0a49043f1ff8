"""What every loader returns: images in memory as uint8, and the list of what was left out.

Axes: N images, C channels (1 grey, 3 RGB), H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

#: ``progress(done, total, text)``: called now and then from the loading thread; may raise to cancel the loading.
Progress = Callable[[int, int, str], None]


class DataError(Exception):
    """A data set cannot be had. The text is one sentence or two: what was given, what is valid, what to do."""


class SkippedFile(NamedTuple):
    """A file that was left out of a set, by its name inside the folder or archive, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class ImageSet:
    """One split of a data set.

    Shapes: ``images`` uint8 (N, C, H, W) in 0..255; ``labels`` int64 (N,) in 0..len(classes)-1, or None.
    """

    name: str
    split: str
    images: torch.Tensor
    labels: torch.Tensor | None = None
    classes: tuple[str, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4 or self.images.shape[1] not in (1, 3):
            raise ValueError(f"images must be uint8 (N, 1 or 3, H, W), not {self.images.dtype} "
                             f"{tuple(self.images.shape)}.")
        if self.labels is not None and (self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]):
            raise ValueError(f"labels must be int64 ({len(self.images)},), not {self.labels.dtype} "
                             f"{tuple(self.labels.shape)}.")

    def __len__(self) -> int:
        return self.images.shape[0]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""
        return tuple(self.images.shape[1:])

    def take(self, indices: torch.Tensor) -> ImageSet:
        """The same set with only the images at ``indices`` int64 (M,), in that order."""
        return replace(self, images=self.images[indices], labels=None if self.labels is None else self.labels[indices])


def human_bytes(count: float) -> str:
    """``3145728`` -> ``'3.0 MiB'``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError  # the loop always returns at GiB
