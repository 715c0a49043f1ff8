"""An index grid as a value, checked when it is made.

Letters: h rows, w columns, K codebook entries. Plain integers only: nothing here needs a tensor
library. How a grid is written down (text, JSON, file) is in `packing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from vqvae.config import MAX_CODEBOOK_SIZE
from vqvae.errors import VqvaeError

MAX_SIDE = 128
"""Rows or columns at most: a 1,024-pixel image at 8 pixels per cell."""


class CodesError(VqvaeError, ValueError):
    """A grid, an edit or a packed grid is not valid. The text says what was given and what is
    valid."""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class IndexGrid:
    """h x w indices into a codebook of K entries, each 0..K-1. Hashable; equal when every index and
    K are."""

    rows: tuple[tuple[int, ...], ...]
    codebook_size: int

    def __post_init__(self) -> None:
        K = self.codebook_size
        if not _whole(K) or not 1 <= K <= MAX_CODEBOOK_SIZE:
            raise CodesError(
                f"The codebook size is {K!r}; it must be a whole number from 1 to "
                f"{MAX_CODEBOOK_SIZE}."
            )
        if not isinstance(self.rows, tuple) or not all(isinstance(row, tuple) for row in self.rows):
            raise CodesError(
                "A grid is a tuple of rows; IndexGrid.of() makes one from lists, arrays and "
                "tensors."
            )
        h, w = self.shape
        if not (1 <= h <= MAX_SIDE and 1 <= w <= MAX_SIDE):
            raise CodesError(
                f"The grid has {h} rows and {w} columns; 1 to {MAX_SIDE} of each are valid."
            )
        for r, row in enumerate(self.rows):
            if len(row) != w:
                raise CodesError(
                    f"Row {r} has {len(row)} indices and row 0 has {w}; all rows must be equally "
                    f"long."
                )
            for c, index in enumerate(row):
                if not _whole(index) or not 0 <= index < K:
                    raise CodesError(
                        f"Row {r}, column {c} holds {str(index)[:20]!r}; an index is a whole "
                        f"number from 0 to {K - 1}."
                    )

    @classmethod
    def of(cls, indices: Any, codebook_size: int) -> IndexGrid:
        """From nested lists, an integer array or tensor of shape (h, w). Raises CodesError."""
        nested = indices.tolist() if hasattr(indices, "tolist") else indices
        if not isinstance(nested, (list, tuple)) or not all(
            isinstance(row, (list, tuple)) for row in nested
        ):
            raise CodesError("A grid is a list of rows, each a list of whole numbers.")
        return cls(tuple(tuple(row) for row in nested), codebook_size)

    @classmethod
    def from_flat(
        cls, flat: Iterable[int], shape: tuple[int, int], codebook_size: int
    ) -> IndexGrid:
        """From h*w indices in reading order."""
        flat, (h, w) = tuple(flat), shape
        if len(flat) != h * w:
            raise CodesError(
                f"{len(flat)} indices were given for a grid of {h} x {w}; it takes {h * w}."
            )
        return cls(tuple(flat[r * w : (r + 1) * w] for r in range(h)), codebook_size)

    @classmethod
    def random(cls, shape: tuple[int, int], codebook_size: int, rng: Random) -> IndexGrid:
        """Every index drawn evenly from 0..K-1 by `rng`."""
        return cls.from_flat(
            (rng.randrange(codebook_size) for _ in range(shape[0] * shape[1])), shape, codebook_size
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        return len(self.rows), len(self.rows[0]) if self.rows else 0

    def flat(self) -> tuple[int, ...]:
        """The h*w indices in reading order."""
        return tuple(index for row in self.rows for index in row)

    def tolist(self) -> list[list[int]]:
        """As nested lists, for JSON and for `torch.tensor`."""
        return [list(row) for row in self.rows]
