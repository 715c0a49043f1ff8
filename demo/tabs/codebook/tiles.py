"""Small pictures of codes on one PNG: the mean of what each code draws, and a row of patches.

Letters: K codes, C channels, S pixels per side of a tile, f the model's downsampling factor.
"""

import base64
from typing import TYPE_CHECKING

import numpy as np

from demo.pictures.images import encode_png
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
    K, channels, side, _ = tiles.shape
    columns = min(columns, K)
    rows = -(-K // columns)
    sheet = np.zeros((rows * columns, channels, side, side), np.uint8)
    sheet[:K] = tiles.round()
    sheet = sheet.reshape(rows, columns, channels, side, side).transpose(0, 3, 1, 4, 2)
    sheet = np.ascontiguousarray(sheet.reshape(rows * side, columns * side, channels))
    png = encode_png(sheet[:, :, 0] if channels == 1 else sheet)
    return {"png": base64.b64encode(png).decode(), "columns": columns, "tile": side}


def row_of(tiles: np.ndarray, about: str) -> answers.Row:
    """Tiles uint8 (n, C, s, s) side by side as one PNG."""
    if not len(tiles):
        return {"png": "", "count": 0, "side": 0, "about": about}
    row = tiles.transpose(2, 0, 3, 1)  # (s, n, s, C)
    row = row.reshape(row.shape[0], -1, row.shape[3])
    row = row[:, :, 0] if row.shape[2] == 1 else row
    return {
        "png": base64.b64encode(encode_png(np.ascontiguousarray(row))).decode(),
        "count": len(tiles),
        "side": tiles.shape[2],
        "about": about,
    }
