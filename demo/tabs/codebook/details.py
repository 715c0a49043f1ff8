"""What is known of one code, for the panel beside the figures.

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


def details(subject: "InspectedModel", use: "UsageCounts", code: int) -> answers.Code:
    """What the Codebook tab shows of a code beyond its card: where and in which classes it was
    chosen, and pixels of pictures around cells that chose it; how often, for files."""
    count, total = int(use.counts[code]), use.total
    by_class = [] if use.class_counts is None else use.class_counts[:, code].tolist()
    return {
        "code": code,
        "count": count,
        "share": count / total if total else 0.0,
        "rank": 1 + int((use.counts > count).sum()),
        "by_class": by_class,
        "by_position": use.position_counts[:, code].tolist(),
        "patches": patches(subject, use, code),
    }


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
            np.zeros((0, 1, 1, 1), np.uint8),
            "Choose a data set under Count to see real patches.",
        )
    return row_of(
        _from_gallery(subject, code),
        "From stored test pictures, as the model draws them; choose a data set under Count to see "
        "real pixels.",
    )


def _from_gallery(subject: "InspectedModel", code: int) -> np.ndarray:
    """uint8 (n, C, 3f, 3f): patches of the decoded gallery, at most one of each picture."""
    import torch

    from vqvae.analysis.counting import crop_cells

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
