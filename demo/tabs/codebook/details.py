"""Everything about one code, for the panel beside the figures.

Letters: K codes, P = h * w cells of the grid, f the model's downsampling factor.
"""

from typing import TYPE_CHECKING

import numpy as np

from demo.tabs.codebook import answers
from demo.tabs.codebook.tiles import row_of

if TYPE_CHECKING:
    from demo.tabs.codebook.subject import InspectedModel
    from vqvae.analysis.statistics import UsageCounts

PATCHES = 12
NEAREST = 8


def details(subject: "InspectedModel", use: "UsageCounts", code: int) -> answers.Code:
    """What the page shows of a code: how often, where and in which classes it was chosen, its
    neighbours in the codebook's own space, and pixels of pictures around cells that chose it."""
    from vqvae.analysis.statistics import nearest_codes

    count, total = int(use.counts[code]), use.total
    codebook = subject.model.codebook.detach()
    near = {}
    for metric in ("euclidean", "cosine"):
        which, distances = nearest_codes(codebook, code, metric, NEAREST)
        near[metric] = [[k, round(d, 4)] for k, d in zip(which, distances, strict=True)]
    by_class = [] if use.class_counts is None else use.class_counts[:, code].tolist()
    return {
        "code": code,
        "count": count,
        "share": count / total if total else 0.0,
        "rank": 1 + int((use.counts > count).sum()),
        "words": words(subject, use, code),
        "by_class": by_class,
        "by_position": use.position_counts[:, code].tolist(),
        "near": near,
        "patches": patches(subject, use, code),
        "vector": [round(float(v), 4) for v in codebook[code][:64]],
    }


def words(subject: "InspectedModel", use: "UsageCounts", code: int) -> str:
    """One sentence on a code's use."""
    count, total, K = int(use.counts[code]), use.total, use.codebook_size
    if not total:
        return "Nothing was counted, so its use is unknown."
    if not count:
        return "A dead code: no cell of any picture chose it. The decoder can still draw it."
    ratio = count * K / total
    often = (
        f"{ratio:.1f} times as often as with equal use"
        if ratio >= 1.05
        else f"{100 * ratio:.0f}\u202f% of equal use"
        if ratio < 0.95
        else "exactly as with equal use"
    )
    return f"Chosen {count:,} times, {often}."


def patches(subject: "InspectedModel", use: "UsageCounts", code: int) -> answers.Row:
    """Pixels around cells that chose the code: {png, count, side, about}; a row of square tiles, 3
    x 3 cells each.

    Real pixels where a data set was counted; else the model's own drawing of its stored test
    pictures.
    """
    if use.patches is not None and use.kept is not None:
        found = use.patches[code, : int(use.kept[code])]
        return row_of(
            found.numpy(), "Real patches that were snapped to it; the outline is its cell."
        )
    if subject.gallery is None:
        return row_of(
            np.zeros((0, 1, 1, 1), np.uint8), "Count a data set above to see real patches of it."
        )
    return row_of(
        _from_gallery(subject, code),
        "From stored test pictures, as the model draws them; count a data set above to see real "
        "pixels.",
    )


def _from_gallery(subject: "InspectedModel", code: int) -> np.ndarray:
    """uint8 (n, C, 3f, 3f): patches of the decoded gallery, at most one of each picture."""
    import torch

    from vqvae.analysis.statistics import crop_cells

    indices = subject.gallery.indices
    flat = (indices.flatten(1) == code).int()
    pictures = flat.any(1).nonzero().squeeze(1)[:PATCHES]
    if not len(pictures):
        return np.zeros((0, 1, 1, 1), np.uint8)
    position = flat[pictures].argmax(1)
    images = torch.from_numpy(subject.pictures[pictures.numpy()])
    return crop_cells(
        images,
        torch.arange(len(pictures)),
        position,
        tuple(indices.shape[1:]),
        subject.config.downsample,
    ).numpy()


def example_grid(subject: "InspectedModel", code: int) -> list[list[int]]:
    """A grid to look at a code in: the stored picture that holds it most often; for a code that
    none holds the first one with this code in the middle; without stored pictures a grid of nothing
    but this code."""
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
