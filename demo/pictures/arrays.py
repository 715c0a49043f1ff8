"""Pictures between a model and the page: tensors, pixels, and several of them as one."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


def to_pixels(x: "Tensor") -> np.ndarray:
    """(N, C, H, W) in [0, 1] -> uint8 (N, H, W, C), contiguous."""
    return (x.permute(0, 2, 3, 1) * 255).round().byte().contiguous().cpu().numpy()


def to_tensor(pixels: np.ndarray) -> "Tensor":
    """uint8 (H, W, C) -> float (1, C, H, W) in [0, 1]."""
    import torch

    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


def tiled(pictures: np.ndarray, columns: int) -> np.ndarray:
    """uint8 (N, H, W, C) -> (rows * H, columns * W, C), row by row; black where the last row
    ends early."""
    n, height, width, channels = pictures.shape
    rows = -(-n // columns)
    whole = np.zeros((rows * columns, height, width, channels), np.uint8)
    whole[:n] = pictures
    whole = whole.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return whole.reshape(rows * height, columns * width, channels)
