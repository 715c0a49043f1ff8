"""A sheet on which similar codes lie together: self-sorting on a grid, for codebooks of any size.

Letters: K codes of D dimensions, R x C places on the sheet.
"""

from __future__ import annotations

import math

import numpy as np

GROUP = 128
"""Places exchanged at once: solving one assignment of 128 takes about a millisecond."""
SHRINK = 0.75
"""The neighbourhood's radius falls by this factor from round to round; twice as fast for more than
MANY codes."""
MANY = 4_096


def arrange(vectors: np.ndarray, columns: int | None = None, seed: int = 0) -> np.ndarray:
    """Vectors float (K, D) -> int64 (R, C): the code at each place, -1 where the last row has none.

    "Fast linear assignment sorting" (Barthel, Hezel, Jung and Schall 2023, doi:10.1111/cgf.14718):
    the sheet is blurred, then groups of codes are assigned anew to the places whose blurred vectors
    they fit best; the blur shrinks from round to round. Starts from the first two principal
    components. The same seed gives the same sheet.
    """
    from scipy.optimize import linear_sum_assignment

    vectors = np.asarray(vectors, np.float32)
    if vectors.ndim != 2 or not len(vectors):
        raise ValueError(
            f"vectors has shape {vectors.shape}; it must be (K, D) with at least one row."
        )
    K = len(vectors)
    columns = max(1, min(K, columns or math.ceil(math.sqrt(K))))
    rows = math.ceil(K / columns)
    # Centred and of unit spread: only differences matter.
    vectors = (vectors - vectors.mean(0)) / max(float(vectors.std()), 1e-12)
    placed = _start(vectors, rows, columns)
    rng = np.random.default_rng(seed)
    radius = max(rows, columns) / 4
    while radius >= 0.5 and K > 2:
        blurred = _blurred(vectors[_filled(placed, rows, columns, placed[-1])], radius)
        order = rng.permutation(K)
        for group in np.split(order, range(GROUP, K, GROUP)):
            members, target = placed[group], blurred[group]
            # |a - b|^2 without |a|^2, which is the same wherever a goes.
            cost = (target**2).sum(1)[None] - 2 * vectors[members] @ target.T
            _, columns_of = linear_sum_assignment(cost)
            placed[group[columns_of]] = members
        radius *= SHRINK if K <= MANY else SHRINK**2
    return _filled(placed, rows, columns, -1)


def _filled(placed: np.ndarray, rows: int, columns: int, rest: int) -> np.ndarray:
    """Codes in reading order as a sheet int64 (rows, columns); `rest` where the last row has
    none."""
    sheet = np.full(rows * columns, rest, np.int64)
    sheet[: len(placed)] = placed
    return sheet.reshape(rows, columns)


def _blurred(sheet: np.ndarray, radius: float) -> np.ndarray:
    """Means of the vectors (R, C, D) within a square: (R * C, D)."""
    from scipy.ndimage import uniform_filter

    side = 2 * round(radius) + 1
    return uniform_filter(sheet, (side, side, 1), mode="nearest").reshape(-1, sheet.shape[-1])


def _start(vectors: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """int64 (K,): codes in reading order, rows by the first principal component, columns by the
    second."""
    _, _, axes = np.linalg.svd(vectors.T @ vectors)
    scores = vectors @ axes[:2].T
    by_row = np.argsort(scores[:, 0], kind="stable")
    second = scores[:, -1]
    return np.concatenate(
        [
            row[np.argsort(second[row], kind="stable")]
            for row in np.split(by_row, range(columns, len(vectors), columns))
        ]
    )
