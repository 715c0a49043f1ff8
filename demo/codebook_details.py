"""Everything about one code, for the panel beside the figures.

Letters: K codes, P = h * w cells of the grid, f the model's downsampling factor.
"""

import base64
from typing import TYPE_CHECKING

import numpy as np

from demo.images import encode_png

if TYPE_CHECKING:
    from demo.codebook_subject import Subject
    from vqvae.statistics import CodebookUse

PATCHES = 12
MAX_TILE_BYTES = 4 * 2**20
NEAREST = 8


def details(subject: "Subject", use: "CodebookUse", code: int) -> dict:
    """What the page shows of a code: how often, where and in which classes it was chosen, its neighbours in the
    codebook's own space, and pixels of pictures around cells that chose it."""
    from vqvae.statistics import nearest_codes

    count, total = int(use.counts[code]), use.total
    codebook = subject.model.codebook.detach()
    near = {}
    for metric in ("euclidean", "cosine"):
        which, distances = nearest_codes(codebook, code, metric, NEAREST)
        near[metric] = [[k, round(d, 4)] for k, d in zip(which, distances, strict=True)]
    by_class = [] if use.class_counts is None else use.class_counts[:, code].tolist()
    return {
        "code": code, "count": count, "share": count / total if total else 0.0,
        "rank": 1 + int((use.counts > count).sum()), "words": words(subject, use, code),
        "by_class": by_class, "by_position": use.position_counts[:, code].tolist(), "near": near,
        "patches": patches(subject, use, code),
        "vector": [round(float(v), 4) for v in codebook[code][:64]],
    }


def words(subject: "Subject", use: "CodebookUse", code: int) -> str:
    """One sentence on a code's use."""
    count, total, K = int(use.counts[code]), use.total, use.codebook_size
    if not total:
        return "Nothing was counted, so its use is unknown."
    if not count:
        return "A dead code: no cell of any picture chose it. The decoder can still draw it."
    ratio = count * K / total
    often = f"{ratio:.1f} times as often as an even share" if ratio >= 1.05 else \
        f"{100 * ratio:.0f}\u202f% of an even share" if ratio < 0.95 else "just an even share"
    return f"Chosen {count:,} times, {often}."


def patches(subject: "Subject", use: "CodebookUse", code: int) -> dict:
    """Pixels around cells that chose the code: {png, count, side, about}; a row of square tiles, 3 x 3 cells each.

    Real pixels where a data set was counted; else the model's own drawing of its stored test pictures.
    """
    if use.patches is not None and use.kept is not None:
        found = use.patches[code, : int(use.kept[code])]
        return _sheet(found.numpy(), "Real patches that were snapped to it; the outline is its cell.")
    if subject.gallery is None:
        return _sheet(np.zeros((0, 1, 1, 1), np.uint8), "Count a data set above to see real patches of it.")
    return _sheet(_from_gallery(subject, code),
                  "From stored test pictures, as the model draws them; count a data set above to see real pixels.")


def _from_gallery(subject: "Subject", code: int) -> np.ndarray:
    """uint8 (n, C, 3f, 3f): patches of the decoded gallery, at most one of each picture."""
    import torch

    from vqvae.statistics import crop_cells

    indices = subject.gallery.indices
    flat = (indices.flatten(1) == code).int()
    pictures = flat.any(1).nonzero().squeeze(1)[:PATCHES]
    if not len(pictures):
        return np.zeros((0, 1, 1, 1), np.uint8)
    position = flat[pictures].argmax(1)
    images = torch.from_numpy(subject.pictures[pictures.numpy()])
    return crop_cells(images, torch.arange(len(pictures)), position, tuple(indices.shape[1:]),
                      subject.config.downsample).numpy()


def mean_tiles(subject: "Subject") -> tuple[np.ndarray, np.ndarray]:
    """float (K, C, S, S) in 0..255: the mean of the drawn gallery around the cells of each code, and bool (K,) which
    codes were found. S is three cells, or one where three would take more than MAX_TILE_BYTES."""
    import torch
    import torch.nn.functional as F

    config, pictures = subject.config, torch.from_numpy(subject.pictures)
    K, f = config.codebook_size, config.downsample
    side = 3 * f if K * config.channels * 9 * f * f <= MAX_TILE_BYTES else f
    sums, seen = torch.zeros(K, config.channels * side * side), torch.zeros(K)
    if len(pictures):
        margin = (side - f) // 2
        for some, indices in zip(pictures.split(50), subject.gallery.indices.split(50), strict=True):
            # Every window of `side` pixels, a cell apart: (n, C * side * side, h * w).
            windows = F.unfold(some.float(), side, padding=margin, stride=f)
            sums.index_add_(0, indices.flatten(), windows.transpose(1, 2).flatten(0, 1))
            seen += torch.bincount(indices.flatten(), minlength=K)
    means = sums / seen.clamp_min(1)[:, None]
    return means.view(K, config.channels, side, side).numpy(), (seen > 0).numpy()


def sheet_of(tiles: np.ndarray, columns: int = 64) -> dict:
    """{png, columns, tile}: tiles (K, C, S, S) in 0..255 as one PNG, tile k at row k // columns."""
    K, channels, side, _ = tiles.shape
    columns = min(columns, K)
    rows = -(-K // columns)
    sheet = np.zeros((rows * columns, channels, side, side), np.uint8)
    sheet[:K] = tiles.round()
    sheet = sheet.reshape(rows, columns, channels, side, side).transpose(0, 3, 1, 4, 2)
    sheet = np.ascontiguousarray(sheet.reshape(rows * side, columns * side, channels))
    png = encode_png(sheet[:, :, 0] if channels == 1 else sheet)
    return {"png": base64.b64encode(png).decode(), "columns": columns, "tile": side}


def _sheet(tiles: np.ndarray, about: str) -> dict:
    """Tiles uint8 (n, C, s, s) side by side as one PNG."""
    if not len(tiles):
        return {"png": "", "count": 0, "side": 0, "about": about}
    row = tiles.transpose(2, 0, 3, 1)  # (s, n, s, C)
    row = row.reshape(row.shape[0], -1, row.shape[3])
    row = row[:, :, 0] if row.shape[2] == 1 else row
    return {"png": base64.b64encode(encode_png(np.ascontiguousarray(row))).decode(), "count": len(tiles),
            "side": tiles.shape[2], "about": about}


def example_grid(subject: "Subject", code: int) -> list[list[int]]:
    """A grid to look at a code in: the stored picture that holds it most often; for a code that none holds the first
    one with this code in the middle; without stored pictures a grid of nothing but this code."""
    h, w = subject.config.grid
    gallery = subject.gallery
    if gallery is None or not len(gallery.indices):
        return [[code] * w for _ in range(h)]
    often = (gallery.indices == code).flatten(1).sum(1)
    best = int(often.argmax())
    grid = gallery.indices[best].tolist()
    if not int(often[best]):
        grid[len(grid) // 2][len(grid[0]) // 2] = code
    return grid
