"""Where codes and latents lie while they move: a plane that is fitted anew at every look and keeps
its orientation from one look to the next.

Letters: K codes, M latents, D their dimensions.
"""

from __future__ import annotations

import numpy as np

OUTSIDE = 0.02
"""Share of the points that may lie at the border of the picture, so that a few far ones do not push
the others together."""


class MovingPlane:
    """The plane in which codes and latents spread most (principal component analysis), looked at
    again and again during a training.

    Principal axes may turn or flip between two steps although the points hardly move; so each plane
    is rotated or mirrored to bring the codes as near as possible to where they were (orthogonal
    Procrustes; Schönemann 1966).
    """

    def __init__(self) -> None:
        self._before: np.ndarray | None = None

    def place(self, codes: np.ndarray, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Codes float (K, D) and latents float (M, D), all finite -> float32 (K, 2) and (M, 2) in
        [-1, 1], scaled alike on both axes. K must be the same at every call."""
        points = np.concatenate([codes, latents]).astype(np.float64)
        points -= points.mean(0)
        _, _, axes = np.linalg.svd(points.T @ points)
        flat = points @ axes[:2].T
        flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
        if self._before is not None:
            u, _, v = np.linalg.svd(flat[: len(codes)].T @ self._before)
            flat = flat @ (u @ v)
        reach = np.quantile(np.abs(flat).max(1), 1 - OUTSIDE)
        flat = (flat / max(reach, 1e-12)).clip(-1, 1).astype(np.float32)
        self._before = flat[: len(codes)]
        return flat[: len(codes)], flat[len(codes) :]
