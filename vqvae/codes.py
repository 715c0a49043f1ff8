"""An index grid as a value: checked when made, changed by pure functions, with a history that forgets nothing.

Letters: h rows, w columns, K codebook entries. A cell is (row, column), both from 0. Plain integers only: nothing
here needs a tensor library. How a grid is written down (text, JSON, file) is in `packing.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .config import MAX_CODEBOOK_SIZE

MAX_SIDE = 128
"""Rows or columns at most: a 1,024-pixel image at 8 pixels a cell."""

ORDERS = ("rows", "columns", "scattered")
"""The orders in which `interpolate` takes cells over."""


class CodesError(ValueError):
    """A grid, an edit or a packed grid is not valid. The text says what was given and what is valid."""


class Region(NamedTuple):
    """A rectangle of cells; `rows` and `columns` are its size."""

    row: int
    column: int
    rows: int
    columns: int


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class IndexGrid:
    """h x w indices into a codebook of K entries, each 0..K-1. Hashable; equal when every index and K are."""

    rows: tuple[tuple[int, ...], ...]
    codebook_size: int

    def __post_init__(self) -> None:
        K = self.codebook_size
        if not _whole(K) or not 1 <= K <= MAX_CODEBOOK_SIZE:
            raise CodesError(f"The codebook size is {K!r}; it must be a whole number from 1 to {MAX_CODEBOOK_SIZE}.")
        if not isinstance(self.rows, tuple) or not all(isinstance(row, tuple) for row in self.rows):
            raise CodesError("A grid is a tuple of rows; IndexGrid.of() makes one from lists, arrays and tensors.")
        h, w = self.shape
        if not (1 <= h <= MAX_SIDE and 1 <= w <= MAX_SIDE):
            raise CodesError(f"The grid has {h} rows and {w} columns; 1 to {MAX_SIDE} of each are valid.")
        for r, row in enumerate(self.rows):
            if len(row) != w:
                raise CodesError(f"Row {r} has {len(row)} indices and row 0 has {w}; all rows must be equally long.")
            for c, index in enumerate(row):
                if not _whole(index) or not 0 <= index < K:
                    raise CodesError(f"Row {r}, column {c} holds {str(index)[:20]!r}; an index is a whole number "
                                     f"from 0 to {K - 1}.")

    @classmethod
    def of(cls, indices: Any, codebook_size: int) -> IndexGrid:
        """From nested lists, an integer array or tensor of shape (h, w). Raises CodesError."""
        nested = indices.tolist() if hasattr(indices, "tolist") else indices
        if not isinstance(nested, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in nested):
            raise CodesError("A grid is a list of rows, each a list of whole numbers.")
        return cls(tuple(tuple(row) for row in nested), codebook_size)

    @classmethod
    def from_flat(cls, flat: Iterable[int], shape: tuple[int, int], codebook_size: int) -> IndexGrid:
        """From h*w indices in reading order."""
        flat, (h, w) = tuple(flat), shape
        if len(flat) != h * w:
            raise CodesError(f"{len(flat)} indices were given for a grid of {h} x {w}; it takes {h * w}.")
        return cls(tuple(flat[r * w:(r + 1) * w] for r in range(h)), codebook_size)

    @classmethod
    def random(cls, shape: tuple[int, int], codebook_size: int, rng: random.Random) -> IndexGrid:
        """Every index drawn evenly from 0..K-1 by `rng`."""
        return cls.from_flat((rng.randrange(codebook_size) for _ in range(shape[0] * shape[1])), shape, codebook_size)

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

    def whole(self) -> Region:
        """The region that covers every cell."""
        return Region(0, 0, *self.shape)


def _check_cell(grid: IndexGrid, row: int, column: int) -> None:
    h, w = grid.shape
    if not (_whole(row) and _whole(column) and 0 <= row < h and 0 <= column < w):
        raise CodesError(f"Cell ({row!r}, {column!r}) is outside the grid; rows run 0..{h - 1}, columns 0..{w - 1}.")


def _check_region(grid: IndexGrid, region: Region) -> None:
    if min(region.rows, region.columns) < 1:
        raise CodesError(f"The region is {region.rows} x {region.columns}; it needs at least one row and one column.")
    _check_cell(grid, region.row, region.column)
    _check_cell(grid, region.row + region.rows - 1, region.column + region.columns - 1)


def _with(grid: IndexGrid, changes: dict[tuple[int, int], int]) -> IndexGrid:
    return IndexGrid(tuple(tuple(changes.get((r, c), index) for c, index in enumerate(row))
                           for r, row in enumerate(grid.rows)), grid.codebook_size)


def fill(grid: IndexGrid, cells: Iterable[tuple[int, int]], index: int) -> IndexGrid:
    """Set every cell of `cells` to `index`; one cell sets one."""
    cells = list(cells)
    for row, column in cells:
        _check_cell(grid, row, column)
    return _with(grid, dict.fromkeys(cells, index))


def swap(grid: IndexGrid, first: tuple[int, int], second: tuple[int, int]) -> IndexGrid:
    """Exchange two cells."""
    _check_cell(grid, *first)
    _check_cell(grid, *second)
    return _with(grid, {first: grid.rows[second[0]][second[1]], second: grid.rows[first[0]][first[1]]})


def copy(grid: IndexGrid, region: Region) -> IndexGrid:
    """The region as a grid of its own."""
    _check_region(grid, region)
    r, c, rows, columns = region
    return IndexGrid(tuple(row[c:c + columns] for row in grid.rows[r:r + rows]), grid.codebook_size)


def paste(grid: IndexGrid, patch: IndexGrid, at: tuple[int, int]) -> IndexGrid:
    """Lay `patch` over the grid with its first cell at `at`; what hangs over the edge is cut off."""
    _check_cell(grid, *at)
    if patch.codebook_size != grid.codebook_size:
        raise CodesError(f"The patch is of a codebook of {patch.codebook_size} and the grid of one of "
                         f"{grid.codebook_size}; an index means nothing in another codebook.")
    return _with(grid, {(at[0] + r, at[1] + c): index
                        for r, row in enumerate(patch.rows) for c, index in enumerate(row)})


def shift(grid: IndexGrid, region: Region, down: int, right: int) -> IndexGrid:
    """Move the contents of the region, around its edges: what leaves on one side enters on the other."""
    rows = copy(grid, region).rows
    moved = tuple(tuple(rows[(r - down) % region.rows][(c - right) % region.columns]
                        for c in range(region.columns)) for r in range(region.rows))
    return paste(grid, IndexGrid(moved, grid.codebook_size), region[:2])


def mirror(grid: IndexGrid, region: Region, axis: str) -> IndexGrid:
    """Mirror the region: axis "horizontal" exchanges left and right, "vertical" top and bottom."""
    if axis not in ("horizontal", "vertical"):
        raise CodesError(f"The axis is {axis!r}; it must be horizontal or vertical.")
    rows = copy(grid, region).rows
    rows = tuple(row[::-1] for row in rows) if axis == "horizontal" else rows[::-1]
    return paste(grid, IndexGrid(rows, grid.codebook_size), region[:2])


def take_over_order(shape: tuple[int, int], order: str) -> list[int]:
    """Positions 0..h*w-1 in the order in which `interpolate` takes them; "scattered" is fixed: the same every time."""
    if order not in ORDERS:
        raise CodesError(f"The order is {order!r}; it must be one of {', '.join(ORDERS)}.")
    h, w = shape
    if order == "rows":
        return list(range(h * w))
    if order == "columns":
        return [r * w + c for c in range(w) for r in range(h)]
    # Knuth's multiplicative hash: a fixed permutation that a browser can compute too, in 32-bit integers.
    return sorted(range(h * w), key=lambda p: ((p + 1) * 2_654_435_761) % 2**32)


def interpolate(first: IndexGrid, second: IndexGrid, share: float, order: str = "rows") -> IndexGrid:
    """Cell by cell from `first` (share 0) to `second` (share 1): of the cells that differ, round-half-up(share * n)
    are taken from `second`, in `order`. Each step on the way is a valid grid: no index is blended."""
    if first.shape != second.shape or first.codebook_size != second.codebook_size:
        raise CodesError("The two grids differ in size or in codebook; only grids of one model can be interpolated.")
    if not 0 <= share <= 1:
        raise CodesError(f"The share is {share!r}; it must be a number from 0 to 1.")
    flat, target = list(first.flat()), second.flat()
    differing = [p for p in take_over_order(first.shape, order) if flat[p] != target[p]]
    for p in differing[:int(share * len(differing) + 0.5)]:
        flat[p] = target[p]
    return IndexGrid.from_flat(flat, first.shape, first.codebook_size)


@dataclass(frozen=True)
class History:
    """Every state of a grid, oldest first, and which of them is current. `push`, `undo`, `redo` give a new one."""

    states: tuple[IndexGrid, ...]
    at: int = 0

    @property
    def grid(self) -> IndexGrid:
        """The current state."""
        return self.states[self.at]

    def push(self, grid: IndexGrid) -> History:
        """A new state after the current one; states that had been undone are dropped. No change, no step."""
        return self if grid == self.grid else History((*self.states[:self.at + 1], grid), self.at + 1)

    def undo(self) -> History:
        """One step back; the first state stays where it is."""
        return History(self.states, max(0, self.at - 1))

    def redo(self) -> History:
        """One step forward; the last state stays where it is."""
        return History(self.states, min(len(self.states) - 1, self.at + 1))
