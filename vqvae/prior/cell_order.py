"""In which order the prior settles the cells of a grid: far apart from one another, at any time
(arXiv:2503.17076).

That paper takes Halton's sequence; here every next cell is as far as can be from all before, which
suits small grids.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor


def turns(known: Tensor, generator: torch.Generator) -> Tensor:
    """When the unknown cells of B grids are settled, known bool (B, h, w): int64 (B, h, w), 0, 1,
    ... among those of a grid, and more than that at its known cells. Each grid has the even order
    shifted and mirrored by chance."""
    b, h, w = known.shape
    rows, columns = (
        torch.randint(n, (b, 1), generator=generator) + torch.arange(n) for n in (h, w)
    )
    flip = torch.rand(2, b, 1, generator=generator) < 0.5
    rows, columns = (
        torch.where(flip[0], -rows, rows) % h,
        torch.where(flip[1], -columns, columns) % w,
    )
    turn = (
        even_order(h, w)[rows[:, :, None], columns[:, None, :]]
        .to(known.device)
        .masked_fill(known, h * w)
    )
    return turn.flatten(1).argsort(1).argsort(1).reshape(known.shape)


@functools.lru_cache(maxsize=8)
def even_order(h: int, w: int) -> Tensor:
    """The turn of each cell: int64 (h, w). The grid's ends are joined, so that a shift of it is as
    even."""
    rows, columns = torch.arange(h), torch.arange(w)
    down, right = (
        torch.minimum(rows, h - rows).square(),
        torch.minimum(columns, w - columns).square(),
    )
    jitter = (
        torch.rand(h, w, generator=torch.Generator().manual_seed(0)) / 2
    )  # distances are whole numbers
    order, gap, row, column = (
        torch.empty(h, w, dtype=torch.int64),
        torch.full((h, w), torch.inf),
        0,
        0,
    )
    for turn in range(h * w):
        order[row, column] = turn
        away = down[(rows - row) % h][:, None] + right[(columns - column) % w]
        gap = torch.minimum(gap, away)  # to the nearest cell so far; 0 on those themselves
        row, column = divmod(int((gap + jitter).masked_fill(gap == 0, -1).argmax()), w)
    return order
