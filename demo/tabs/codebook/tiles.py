"""Small pictures of codes on one PNG: the mean of what each code draws, and a row of patches.

Letters: K codes, C channels, S pixels per side of a tile, f the model's downsampling factor.
"""

from typing import TYPE_CHECKING

import numpy as np

from demo.pictures.arrays import tiled
from demo.pictures.images import png_text
from demo.tabs.codebook import answers

if TYPE_CHECKING:
    from torch import Tensor

    from vqvae import ModelConfig

MAX_TILE_BYTES = 4 * 2**20


def mean_tiles(
    config: "ModelConfig", pictures: np.ndarray, grids: "Tensor | None"
) -> tuple[np.ndarray, np.ndarray]:
    """float (K, C, S, S) in 0..255: the mean of drawn pictures around the cells of each code, and
    bool (K,) which codes were found. S is three cells, or one where three would take more than
    MAX_TILE_BYTES.

    pictures: uint8 (N, C, H, W), N may be 0; grids: int64 (N, h, w), what they were drawn from, or
        None.
    """
    import torch
    import torch.nn.functional as F

    K, f = config.codebook_size, config.downsample
    side = 3 * f if K * config.channels * 9 * f * f <= MAX_TILE_BYTES else f
    sums, seen = torch.zeros(K, config.channels * side * side), torch.zeros(K)
    if grids is not None:
        margin = (side - f) // 2
        for batch, indices in zip(
            torch.from_numpy(pictures).split(50), grids.split(50), strict=True
        ):
            # Every window of `side` pixels, a cell apart: (n, C * side * side, h * w).
            windows = F.unfold(batch.float(), side, padding=margin, stride=f)
            sums.index_add_(0, indices.flatten(), windows.transpose(1, 2).flatten(0, 1))
            seen += torch.bincount(indices.flatten(), minlength=K)
    means = sums / seen.clamp_min(1)[:, None]
    return means.view(K, config.channels, side, side).numpy(), (seen > 0).numpy()


def sheet_of(tiles: np.ndarray, columns: int = 64) -> answers.Tiles:
    """Tiles (K, C, S, S) in 0..255 as one PNG, tile k at row k // columns."""
    columns = min(columns, len(tiles))
    sheet = tiled(tiles.round().transpose(0, 2, 3, 1), columns)
    return {"png": png_text(sheet), "columns": columns, "tile": tiles.shape[2]}


def row_of(tiles: np.ndarray, about: str) -> answers.Row:
    """Tiles uint8 (n, C, s, s) side by side as one PNG."""
    if not len(tiles):
        return {"png": "", "count": 0, "side": 0, "about": about}
    return {
        "png": png_text(tiled(tiles.transpose(0, 2, 3, 1), len(tiles))),
        "count": len(tiles),
        "side": tiles.shape[2],
        "about": about,
    }
