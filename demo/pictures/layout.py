"""How a picture of any shape is laid out on the drawing pad, and what a model's data set asks of
it.

H x W pixels, uint8.
"""

import math
from typing import TypedDict

import numpy as np
from PIL import Image

from demo.pictures.digits import STYLES
from demo.pictures.images import Picture, fit, is_cropped, paper_of, png_text, to_channels
from demo.text import DATASET_NAMES

PAD_SIDE = 280
"""About how many pixels the longest side of the drawing pad has; always a whole multiple of the
model's pixels."""


FINER = 4
"""How many times as fine as the pad a photo still is when a filter brings it there."""


class LaidOut(TypedDict):
    """An upload on the pad."""

    picture: str
    """PNG of the pad's size, base64."""
    paper: list[int]
    """[r, g, b]"""
    notes: list[str]
    cropped: bool
    """Whether its middle alone fills the frame, or would if not all of it were kept."""
    place: list[float]
    """Where the whole picture lies on the pad: top, left, bottom, right as shares of the pad."""


def pad_size(config) -> tuple[int, int]:
    """Height and width of the drawing pad for a model, pixels."""
    enlarge = max(1, math.ceil(PAD_SIDE / max(config.height, config.width)))
    return config.height * enlarge, config.width * enlarge


def lay_out(picture: Picture, config, dataset: str, *, whole: bool = False) -> LaidOut:
    """An upload for the pad."""
    pixels = picture.pixels
    height, width = pad_size(config)
    # A digit anywhere on a sheet must stay whole, it is cropped later; anything else fills the
    # frame.
    digit = style_of(config, dataset) is not None
    cropped, notes = not digit and is_cropped(pixels, height, width), list(picture.notes)
    if cropped:
        notes.append("fitted whole" if whole else "cropped to its centre")
    place = _place_of(pixels.shape[:2], (height, width), whole=digit or whole)
    pixels = to_channels(_nearer(pixels, height, width), config.channels)
    pixels = fit(pixels, height, width, whole=digit or whole)
    paper = np.broadcast_to(paper_of(pixels), 3)
    png = png_text(pixels)
    return {
        "picture": png,
        "paper": paper.tolist(),
        "notes": notes,
        "cropped": cropped,
        "place": place,
    }


def _nearer(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """A photo that is far larger than the pad, as means of blocks: a fine filter over all of its
    pixels takes as long as finding the digit."""
    factor = int(max(pixels.shape[0] / height, pixels.shape[1] / width) / FINER)
    return np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels


def _place_of(picture: tuple[int, ...], pad: tuple[int, int], *, whole: bool) -> list[float]:
    """Where `fit` puts a picture, in the pad's sides."""
    across = [side / of for side, of in zip(picture, pad, strict=True)]
    scale = max(across) if whole else min(across)
    tall, wide = (side / scale for side in across)
    return [(1 - tall) / 2, (1 - wide) / 2, (1 + tall) / 2, (1 + wide) / 2]


def style_of(config, dataset: str):
    """The layout of digits that a model's data set has, None for any other."""
    return STYLES.get(dataset) if config.channels == 1 else None


def name_of(dataset: str) -> str:
    """A data set's name as people write it."""
    return DATASET_NAMES.get(dataset, dataset)
