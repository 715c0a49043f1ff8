"""A picture of any size through a model that was trained on small ones.

Encoder and decoder are convolutions whose reach is bounded, so they take any size divisible by the
factor: a photo of 256 x 256 pixels becomes a grid of 64 x 64 indices and a photo again. Or it is
cut into tiles of the size the model was trained at, each coded for itself.

C image channels, H x W pixels, h x w positions, f the model's factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vqvae.metrics import psnr, ssim

if TYPE_CHECKING:
    from vqvae.nn.model import VQVAE

MAX_PHOTO_SIDE = 1024
"""Pictures are scaled down to this before they are coded whole, pixels: memory and time stay
bounded."""
TILES_AT_ONCE = 256


@dataclass(frozen=True)
class Photo:
    """A picture, its indices, and what comes back."""

    x: Tensor
    """float (C, H, W) in [0, 1]."""
    indices: Tensor
    """int64 (h, w): the grid of the picture, filled up to a multiple of f (of the tile)."""
    x_recon: Tensor
    """float (C, H, W) in [0, 1]."""
    psnr: float
    """dB."""
    ssim: float
    bits: float
    """Nominal size of the indices: h * w * log2 K."""
    ratio: float
    """How many times smaller that is than the pixels at 8 bits per channel."""


@torch.no_grad()
def code_photo(model: VQVAE, x: Tensor, *, tiled: bool = False) -> Photo:
    """Encode and decode x float (C, H, W) in [0, 1] of any size, whole or, with `tiled`, tile by
    tile.

    A side that the factor (or the tile) does not divide is filled up by repeating the last pixels,
    and cut back.
    """
    config, (_, height, width) = model.config, x.shape
    step = (config.height, config.width) if tiled else (config.downsample, config.downsample)
    below, right = -height % step[0], -width % step[1]
    full = F.pad(x[None], (0, right, 0, below), mode="replicate")
    if tiled:
        tiles = _cut(full, step)
        indices = torch.cat([model.encode(part) for part in tiles.split(TILES_AT_ONCE)])
        x_recon = torch.cat([model.decode(part) for part in indices.split(TILES_AT_ONCE)])
        grid = full.shape[2] // step[0], full.shape[3] // step[1]
        indices, x_recon = _join(indices[:, None], grid)[0, 0], _join(x_recon, grid)
    else:
        indices = model.encode(full)
        x_recon, indices = model.decode(indices), indices[0]
    x_recon = x_recon[0, :, :height, :width]
    bits = indices.numel() * config.bits_per_image / (config.grid[0] * config.grid[1])
    return Photo(
        x,
        indices,
        x_recon,
        psnr(x_recon[None], x[None]).item(),
        ssim(x_recon[None], x[None]).item(),
        bits,
        8 * x.numel() / bits,
    )


def _cut(x: Tensor, size: tuple[int, int]) -> Tensor:
    """(1, C, H, W) -> its tiles, row by row: (N, C, *size)."""
    channels = x.shape[1]
    tiles = x.unfold(2, size[0], size[0]).unfold(
        3, size[1], size[1]
    )  # (1, C, rows, columns, *size)
    return tiles.permute(0, 2, 3, 1, 4, 5).reshape(-1, channels, *size)


def _join(tiles: Tensor, grid: tuple[int, int]) -> Tensor:
    """Tiles (N, C, a, b), row by row over grid (rows, columns) -> (1, C, rows * a, columns * b)."""
    _, channels, a, b = tiles.shape
    tiles = tiles.view(*grid, channels, a, b).permute(2, 0, 3, 1, 4)
    return tiles.reshape(1, channels, grid[0] * a, grid[1] * b)
