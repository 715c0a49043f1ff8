"""The edits of a grid as NumPy does them: what the page's own are compared with.

Grids are int (h, w); a region is (row, column, rows, columns).
"""

import numpy as np

Region = tuple[int, int, int, int]


def cells_set(grid: np.ndarray, cells: list[tuple[int, int]], index: int) -> np.ndarray:
    edited = grid.copy()
    edited[tuple(np.transpose(cells))] = index
    return edited


def swapped(grid: np.ndarray, a: tuple[int, int], b: tuple[int, int]) -> np.ndarray:
    edited = grid.copy()
    edited[a], edited[b] = grid[b], grid[a]
    return edited


def shifted(grid: np.ndarray, region: Region, down: int, right: int) -> np.ndarray:
    edited, part = grid.copy(), _slices(region)
    edited[part] = np.roll(grid[part], (down, right), (0, 1))
    return edited


def mirrored(grid: np.ndarray, region: Region, axis: str) -> np.ndarray:
    edited, part = grid.copy(), _slices(region)
    edited[part] = np.flip(grid[part], 1 if axis == "horizontal" else 0)
    return edited


def pasted(grid: np.ndarray, other: np.ndarray, region: Region, at: tuple[int, int]) -> np.ndarray:
    """The region of `other`, laid over the grid from `at` on; what hangs over the edge is cut
    off."""
    edited, (row, column), (h, w) = grid.copy(), at, grid.shape
    patch = other[_slices(region)][: h - row, : w - column]
    edited[row : row + patch.shape[0], column : column + patch.shape[1]] = patch
    return edited


def interpolated(a: np.ndarray, b: np.ndarray, share: float, order: str) -> np.ndarray:
    """`share` of the cells that differ are b's, in an order: rows, columns or scattered."""
    positions = np.arange(a.size).reshape(a.shape)
    taken = {
        "rows": positions.ravel(),
        "columns": positions.T.ravel(),
        # Knuth's multiplicative hash, a fixed permutation.
        "scattered": np.argsort((positions.ravel() + 1) * 2_654_435_761 % 2**32, kind="stable"),
    }[order]
    edited = a.ravel().copy()
    differing = [p for p in taken if edited[p] != b.ravel()[p]]
    for p in differing[: int(share * len(differing) + 0.5)]:
        edited[p] = b.ravel()[p]
    return edited.reshape(a.shape)


def _slices(region: Region) -> tuple[slice, slice]:
    row, column, rows, columns = region
    return slice(row, row + rows), slice(column, column + columns)
