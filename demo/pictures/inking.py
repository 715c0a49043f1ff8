"""A digit that was found on a photo, as a model's input: its ink alone, cut from the photo at full
resolution.

As MNIST was made (Y. LeCun et al.): black and white first, then reduced with soft edges into a box
of 20 x 20, then laid into 28 x 28 with the centre of mass in the middle. A thin pen's line is
widened to what MNIST's pens left, or it would fade when it is reduced.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from demo.pictures.finding import Found
from demo.pictures.sheet import Sheet, contrast

FINE = 200
"""Longest side at which the ink is cut out, pixels; ten times the box it is reduced to."""

THINNEST, THICKEST = 0.105, 0.2
"""Width of a stroke as a share of the digit's longest side, between which it is left as it is."""


def cut_out(sheet: Sheet, thing: Found) -> np.ndarray:
    """The ink of a thing, bool (H, W), about FINE pixels on its longest side and a margin of a
    tenth around it."""
    from scipy import ndimage

    top, left, bottom, right = thing.box
    long = max(bottom - top, right - left)
    margin = max(3, round(0.12 * long))
    y0, x0, y1, x1 = top - margin, left - margin, bottom + margin, right + margin
    zoom = FINE / long
    height, width = round((y1 - y0) * zoom), round((x1 - x0) * zoom)
    scale = sheet.scale
    values = window(sheet.pixels, (x0 * scale, y0 * scale, x1 * scale, y1 * scale), height, width)
    paper = sheet.above if thing.dark else sheet.below
    paper = np.stack(
        [
            window(np.ascontiguousarray(paper[..., c]), (x0, y0, x1, y1), height, width)
            for c in range(paper.shape[2])
        ],
        axis=2,
    )
    values = values.reshape(height, width, -1).astype(np.float32) / 255
    ink = ndimage.gaussian_filter(contrast(values, paper, dark=thing.dark), 1.6)
    own = np.pad(thing.mask, margin)
    near = (
        window(
            ndimage.binary_dilation(own, np.ones((3, 3)), 2).astype(np.float32),
            (0, 0, *own.shape[::-1]),
            height,
            width,
        )
        > 0.5
    )
    own = window(own.astype(np.float32), (0, 0, *own.shape[::-1]), height, width) > 0.5
    level = float(np.quantile(ink[own], 0.7))
    mask = (ink > 0.5 * level) & near
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if count > 1:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        mask = (sizes > 0.02 * sizes.max())[labels]
    return mask


def laid_out(mask: np.ndarray, height: int, width: int, box: float) -> np.ndarray:
    """uint8 (height, width): the ink of a mask, `box` its longest side as a share of the shorter
    side."""
    from scipy import ndimage

    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    long = max(mask.shape)
    mask = np.pad(mask, long // 4)
    within, beyond = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
    stroke = 4 * float(within[mask].mean()) / long
    wider = max(THINNEST - stroke, min(0, THICKEST - stroke)) * long / 2
    soft = np.clip(np.where(mask, within - 0.5, 0.5 - beyond) + wider + 0.5, 0, 1).astype(
        np.float32
    )
    ink = soft > 0.5
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    scale = box * min(height, width) / max(bottom - top, right - left)
    y = float((soft.sum(1) * (np.arange(len(soft)) + 0.5)).sum() / soft.sum())
    x = float((soft.sum(0) * (np.arange(soft.shape[1]) + 0.5)).sum() / soft.sum())
    tall, wide = height / scale, width / scale
    window_top = np.clip(y - tall / 2, bottom - tall, top) if tall >= bottom - top else y - tall / 2
    window_left = (
        np.clip(x - wide / 2, right - wide, left) if wide >= right - left else x - wide / 2
    )
    out = window(
        soft,
        (window_left, window_top, window_left + wide, window_top + tall),
        height,
        width,
        Image.Resampling.HAMMING,
        fill=True,
    )
    return np.rint(np.clip(out, 0, 1) * 255).astype(np.uint8)


def window(
    values: np.ndarray, box, height: int, width: int, method=Image.Resampling.BOX, *, fill=False
) -> np.ndarray:
    """The window (left, top, right, bottom) of a picture, fractions of a pixel allowed, at another
    size; beyond the picture's edge that edge goes on, or 0 with `fill`."""
    left, top, right, bottom = box
    h, w = values.shape[:2]
    y0, x0, y1, x1 = (
        int(np.floor(top)) - 2,
        int(np.floor(left)) - 2,
        int(np.ceil(bottom)) + 2,
        int(np.ceil(right)) + 2,
    )
    part = values[max(0, y0) : min(h, y1), max(0, x0) : min(w, x1)]
    pads = [(max(0, -y0), max(0, y1 - h)), (max(0, -x0), max(0, x1 - w))] + [(0, 0)] * (
        values.ndim - 2
    )
    part = np.pad(part, pads, mode="constant" if fill else "edge")
    if (right - left) < width:
        method = Image.Resampling.BICUBIC
    image = Image.fromarray(np.ascontiguousarray(part))
    return np.asarray(
        image.resize((width, height), method, box=(left - x0, top - y0, right - x0, bottom - y0))
    )
