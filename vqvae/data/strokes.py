"""The shapes of the synthetic digits: strokes as smooth curves through a few points, several ways
to write each digit.

Coordinates: x to the right, y down, both 0..1. A stroke is a row of points; a curve passes through
all of them (Catmull-Rom). A point given twice makes a sharp corner. Everything a sample needs from
here is linear in the points, so that a whole batch of different digits is one matrix product.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

MAX_CONTROL = 20
SAMPLES = 72  # points along a digit: closer than half a pixel apart for all but the longest

# Each way of writing a digit: points as x,y in hundredths; a slash lifts the pen.
_DRAWINGS: dict[int, tuple[str, ...]] = {
    0: (
        "54,0 20,16 9,52 24,88 52,100 80,86 91,50 79,14 52,0",
        "60,2 28,16 13,54 22,90 48,98 74,80 86,42 78,10 58,2 42,8",
        "66,7 38,5 12,38 14,80 44,99 76,82 90,46 78,13 54,6",
    ),
    1: (
        "50,0 50,33 50,66 50,100",
        "62,0 55,33 47,66 40,100",
        "28,20 42,12 54,0 54,0 53,35 52,70 51,100",
        "30,22 52,0 52,0 52,50 52,100 / 28,100 52,100 76,99",
    ),
    2: (
        "14,24 26,6 50,0 76,10 80,32 62,58 36,80 10,98 10,98 36,95 62,97 92,96",
        "16,20 34,3 62,4 78,24 68,50 44,76 20,94 10,86 24,76 48,88 70,98 94,90",
        "20,10 48,0 74,12 74,36 54,64 18,96 18,96 50,94 86,98",
    ),
    3: (
        "16,12 40,0 70,6 78,24 62,40 40,46 40,46 68,52 84,70 72,92 44,100 14,90",
        "20,6 50,0 76,12 70,32 42,46 66,50 86,66 82,88 54,100 20,94",
        "14,4 44,3 78,3 78,3 60,22 44,40 44,40 70,46 84,68 70,92 42,100 12,90",
    ),
    4: (
        "20,2 15,26 14,50 14,50 42,53 84,48 / 78,0 74,36 70,70 68,100",
        "62,0 40,28 8,66 8,66 46,66 94,64 / 66,30 65,65 64,100",
        "66,0 36,34 6,64 6,64 50,66 92,66 / 66,0 66,50 66,100",
        "18,4 12,30 20,50 48,53 76,40 82,4 82,4 78,50 72,100",
    ),
    5: (
        "82,2 54,3 26,4 26,4 22,24 18,44 18,44 46,36 74,48 82,72 64,94 36,100 12,90",
        "28,6 24,26 20,46 20,46 50,40 76,54 78,78 56,97 16,95 / 28,5 56,5 90,0",
        "88,0 60,2 36,8 36,8 28,26 24,40 24,40 50,44 70,62 64,86 40,100 14,94",
    ),
    6: (
        "70,0 44,16 22,44 14,72 28,96 56,100 78,84 74,62 52,54 28,64 16,80",
        "56,0 34,22 20,50 20,80 42,100 70,92 78,70 60,56 38,62 24,80",
        "82,4 50,12 24,38 12,70 26,95 54,98 76,80 66,58 42,58 18,76",
    ),
    7: (
        "12,6 44,5 84,3 84,3 68,34 54,68 44,100",
        "14,20 16,6 16,6 48,6 82,4 82,4 70,30 52,64 40,100",
        "12,4 46,6 82,2 82,2 66,36 52,68 46,100 / 34,52 56,50 80,47",
        "12,12 38,6 64,8 82,4 78,22 60,50 50,76 46,100",
    ),
    8: (
        "74,12 48,0 24,12 26,32 50,48 76,66 78,88 50,100 22,88 24,66 48,50 74,30 74,12",
        "50,46 26,30 30,8 54,0 76,14 70,34 50,46 24,64 22,88 48,100 76,90 78,66 50,46",
        "80,8 50,2 28,18 40,40 62,60 68,84 46,100 24,86 36,60 62,40 80,14",
    ),
    9: (
        "78,14 54,0 26,10 18,32 34,50 60,46 78,24 80,12 78,40 74,70 70,100",
        "74,20 56,2 28,10 18,34 38,50 64,38 76,16 76,16 70,50 56,80 38,100",
        "76,16 48,0 22,20 30,46 60,44 78,20 80,50 70,84 44,100 20,90",
    ),
}


def _strokes(drawing: str) -> list[np.ndarray]:
    """Strokes, each float64 (points, 2), of one entry of the table above."""
    return [
        np.array([[float(number) / 100 for number in point.split(",")] for point in stroke.split()])
        for stroke in drawing.split("/")
    ]


def _weights(count: int, u: np.ndarray) -> np.ndarray:
    """Catmull-Rom weights (len(u), count) that turn
    ``count`` control points into the curve at ``u`` in 0..count-1."""
    segment = np.minimum(u.astype(int), count - 2)
    t = u - segment
    basis = (
        np.stack(
            [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2],
            axis=1,
        )
        / 2
    )
    out = np.zeros((len(u), count))
    rows = np.arange(len(u))
    for k in range(
        4
    ):  # beyond an end, the neighbour is the end's mirror image: p(-1) = 2 p(0) - p(1)
        index = segment + k - 1
        inside = (index >= 0) & (index < count)
        np.add.at(out, (rows[inside], index[inside]), basis[inside, k])
        for edge, inner, beyond in ((0, 1, index < 0), (count - 1, count - 2, index >= count)):
            np.add.at(out, (rows[beyond], np.full(beyond.sum(), edge)), 2 * basis[beyond, k])
            np.add.at(out, (rows[beyond], np.full(beyond.sum(), inner)), -basis[beyond, k])
    return out


def _stroke_weights(points: np.ndarray, samples: int) -> np.ndarray:
    """Weights (samples, len(points)) at equal steps of length; a point given twice parts two
    curves."""
    corners = [i for i in range(1, len(points)) if np.allclose(points[i], points[i - 1])]
    pieces = np.split(np.arange(len(points)), corners)
    dense = np.zeros((0, len(points)))
    for piece in pieces:
        part = np.zeros((40 * (len(piece) - 1) + 1, len(points)))
        part[:, piece] = _weights(len(piece), np.linspace(0, len(piece) - 1, len(part)))
        dense = np.concatenate([dense, part])
    length = np.concatenate(
        [[0], np.cumsum(np.linalg.norm(np.diff(dense @ points, axis=0), axis=1))]
    )
    places = np.linspace(0, length[-1], samples)
    return dense[np.minimum(np.searchsorted(length, places - 1e-9), len(dense) - 1)]


@lru_cache(maxsize=1)
def tables() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Everything that a batch needs, one row per way of writing (V of them).

    Returns: control points float32 (V, MAX_CONTROL, 2); groups int64 (V, MAX_CONTROL), equal for
    points that must move together; curve weights float32 (V, SAMPLES, MAX_CONTROL); first row of
    each digit int64 (10,); rows of each digit.
    """
    controls, groups, weights, first, count = [], [], [], [], []
    for digit in range(10):
        first.append(len(controls))
        count.append(len(_DRAWINGS[digit]))
        for strokes in map(_strokes, _DRAWINGS[digit]):
            points = np.concatenate(strokes)
            lengths = np.array(
                [np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum() for stroke in strokes]
            )
            shares = np.maximum(6, np.floor(SAMPLES * lengths / lengths.sum())).astype(int)
            shares[shares.argmax()] += SAMPLES - shares.sum()
            matrix, row, column = np.zeros((SAMPLES, MAX_CONTROL)), 0, 0
            for stroke, share in zip(strokes, shares, strict=True):
                matrix[row : row + share, column : column + len(stroke)] = _stroke_weights(
                    stroke, share
                )
                row, column = row + share, column + len(stroke)
            padded = np.zeros((MAX_CONTROL, 2))
            padded[: len(points)] = points
            same = np.array([[np.allclose(a, b) for b in padded] for a in padded])
            controls.append(padded)
            groups.append(same.argmax(axis=1))
            weights.append(matrix)
    return (
        np.array(controls, np.float32),
        np.array(groups),
        np.array(weights, np.float32),
        np.array(first),
        np.array(count),
    )
