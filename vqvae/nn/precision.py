"""Types of numbers: networks run in whatever type their weights have, figures in float32 or
float64.

`model.half()`, `.bfloat16()` and `.double()` therefore encode and decode. A codebook does not learn
in half precision: its moving averages would round away what a step adds to them.
"""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDING = 1e-5
"""How far beyond 0 and 1 a pixel may lie: what resizing and mixing in float32 leave."""
HALVES = (torch.float16, torch.bfloat16)


def at_least_float32(t: Tensor) -> Tensor:
    """float16 and bfloat16 become float32; float32 and float64 stay."""
    return t.float() if t.dtype in HALVES else t


def check_learnable(codebook: Tensor) -> None:
    """ValueError for a codebook in half precision, which can be used and not trained."""
    if codebook.dtype in HALVES:
        raise ValueError(
            f"The codebook is {codebook.dtype}, too coarse to learn in; train in float32, with "
            "torch.autocast for speed, and call model.half() or model.bfloat16() afterwards, to "
            "encode and decode."
        )


def check_pixels(x: Tensor) -> None:
    """ValueError unless every pixel of x, float of any shape, lies in [0, 1]; NaN does not. What is
    being compiled or exported has no values yet, and is not looked at."""
    if torch.compiler.is_compiling():
        return
    low, high = (value.item() for value in x.detach().aminmax())
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise ValueError(
            f"x holds values from {low:g} to {high:g}; pixels must lie in [0, 1] and none may be "
            "NaN. Divide 8-bit pixels by 255, and undo a normalisation by mean and deviation."
        )
