"""What of a photo goes into a model, where a person or a program says so: one of the digits that
were found, or what lies in a box of their own, either of them turned.

H x W pixels of the photo. A turn is clockwise, in degrees, about the box's centre: the upper side
of the box is the upper side of the input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from PIL import Image

from demo.pictures.images import ImageError

Box = tuple[float, float, float, float]
"""top, left, bottom, right as shares of the picture, 0 to 1."""

LEAST_SIDE = 0.005
"""Shortest side of a box, as a share of the picture's side along it."""

BEYOND = 1.0
"""How far a box may reach beyond the picture, in the picture's sides: turned by a quarter, a box
along an edge does."""

MOST_DIGITS = 99
"""Largest number of a digit that is asked for."""

AROUND = 0.5
"""What of the photo beside a box tells its paper, as a share of the box's longest side."""

FINE = 200
"""Longest side at which the ink of a box is cut out, pixels."""

FAINT = 0.07
"""Contrast below which nothing in a box is ink."""

_CRUMB = 0.02
"""Share of the largest thing's ink below which another one is dust."""

_MOSTLY = 0.85
"""Share of a thing's own box that lies in the chosen one where it is what was meant."""

_CUT_OFF = 0.3
"""Share below which a thing that the box's edge cuts through belongs to what lies beside it."""


@dataclass(frozen=True)
class Choice:
    """What of a picture goes in: a found digit by its number, or with a box what lies in that."""

    digit: int = 0
    """From 0, the likeliest first."""
    box: Box | None = None
    turn: float = 0.0
    """-180 to 180 degrees."""


AS_FOUND = Choice()
"""The likeliest digit, upright."""


def checked_choice(digit: object, box: object, turn: object) -> Choice:
    """A choice as a request has it. ImageError says in a sentence what is wrong with it."""
    if not isinstance(digit, int) or isinstance(digit, bool) or not 0 <= digit <= MOST_DIGITS:
        raise ImageError(f"digit must be a whole number from 0 to {MOST_DIGITS}.")
    if not _is_number(turn) or not -180 <= turn <= 180:
        raise ImageError("turn must be a number of degrees from -180 to 180.")
    if box is None:
        return Choice(digit, None, float(turn))
    if not isinstance(box, list | tuple) or len(box) != 4 or not all(_is_number(x) for x in box):
        raise ImageError(
            "box must be four numbers: top, left, bottom and right as shares of the picture."
        )
    top, left, bottom, right = (float(x) for x in box)
    if min(box) < -BEYOND or max(box) > 1 + BEYOND:
        raise ImageError("box must lie on the picture, whose sides go from 0 to 1.")
    if not (0 <= (top + bottom) / 2 <= 1 and 0 <= (left + right) / 2 <= 1):
        raise ImageError("The middle of box must lie on the picture.")
    if bottom - top < LEAST_SIDE or right - left < LEAST_SIDE:
        raise ImageError(
            f"box must be at least {LEAST_SIDE} of the picture tall and wide: top, left, bottom, "
            "right in this order."
        )
    return Choice(0, (top, left, bottom, right), float(turn))


def turned(mask: np.ndarray, turn: float) -> np.ndarray:
    """A mask, bool (h, w), from a thing whose upper side is turned by so much: upright, all
    kept."""
    if not turn:
        return mask
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    return np.asarray(image.rotate(turn, Image.Resampling.BICUBIC, expand=True)) > 127


def cut_window(pixels: np.ndarray, box: Box, turn: float) -> np.ndarray:
    """What lies in a box, upright, uint8, in the picture's own pixels."""
    height, width = pixels.shape[:2]
    tall, wide = (box[2] - box[0]) * height, (box[3] - box[1]) * width
    return _upright(pixels, box, turn, round(max(4, tall)), round(max(4, wide)), 0)


def ink_in_window(pixels: np.ndarray, box: Box, turn: float) -> tuple[np.ndarray, bool] | None:
    """The ink that lies in a box, bool, about FINE pixels on the longest side, and whether it is
    dark on light; None where nothing stands out."""
    from scipy import ndimage

    from demo.pictures.sheet import open_sheet

    height, width = pixels.shape[:2]
    tall, wide = (box[2] - box[0]) * height, (box[3] - box[1]) * width
    zoom = FINE / max(tall, wide)
    tall, wide, margin = (
        max(8, round(tall * zoom)),
        max(8, round(wide * zoom)),
        round(AROUND * FINE),
    )
    sheet = open_sheet(_upright(pixels, box, turn, tall, wide, margin))
    inside = slice(margin, margin + tall), slice(margin, margin + wide)
    dark, level = _strongest(sheet, inside)
    if level < max(FAINT, 3 * sheet.noise):
        return None
    ink = ndimage.gaussian_filter(sheet.ink(dark), 1.0)[inside] > 0.5 * level
    mask = _without_strangers(ink)
    return (mask, dark) if mask.any() else None


def _upright(
    pixels: np.ndarray, box: Box, turn: float, tall: int, wide: int, margin: int
) -> np.ndarray:
    """The box at tall x wide pixels with a margin around it, turned upright."""
    from demo.pictures.inking import window

    height, width = pixels.shape[:2]
    y, x = (box[0] + box[2]) / 2 * height, (box[1] + box[3]) / 2 * width
    scale = (box[2] - box[0]) * height / tall
    out_tall, out_wide = tall + 2 * margin, wide + 2 * margin
    if not turn:
        across = (box[3] - box[1]) * width / wide
        reach_y, reach_x = out_tall / 2 * scale, out_wide / 2 * across
        return window(
            pixels, (x - reach_x, y - reach_y, x + reach_x, y + reach_y), out_tall, out_wide
        )
    # A square around it that holds it however it is turned, then what is left upright in its
    # middle.
    side = 2 * math.ceil(math.hypot(out_tall, out_wide) / 2) + 2
    reach = side / 2 * scale
    square = window(pixels, (x - reach, y - reach, x + reach, y + reach), side, side)
    image = Image.fromarray(square).rotate(turn, Image.Resampling.BICUBIC)
    top, left = (side - out_tall) // 2, (side - out_wide) // 2
    return np.asarray(image.crop((left, top, left + out_wide, top + out_tall)))


def _strongest(sheet, inside) -> tuple[bool, float]:
    """Of which kind the ink in a box is, and its contrast: that of the likeliest digit there, or
    where none is found, of the strongest hundredth."""
    from demo.pictures.finding import find

    rows, columns = inside
    for thing in find(sheet):
        top, left, bottom, right = thing.box
        tall = min(bottom, rows.stop) - max(top, rows.start)
        wide = min(right, columns.stop) - max(left, columns.start)
        if min(tall, wide) > 0 and tall * wide > _MOSTLY * (bottom - top) * (right - left):
            return thing.dark, thing.level
    levels = {dark: float(np.quantile(sheet.ink(dark)[inside], 0.99)) for dark in (True, False)}
    dark = levels[True] >= 0.7 * levels[False]  # paper between dark strokes is bright as well
    return dark, levels[dark]


def _without_strangers(ink: np.ndarray) -> np.ndarray:
    """Without dust, and without lesser things that the edge cuts through: rules, the next word."""
    from scipy import ndimage

    labels, count = ndimage.label(ink, np.ones((3, 3)))
    if count < 2:
        return ink
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    share = sizes / sizes.max()
    at_edge = np.zeros(count + 1, bool)
    at_edge[np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))] = True
    return ((share > _CRUMB) & ~(at_edge & (share < _CUT_OFF)))[labels]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
