"""How a picture of any shape becomes a model's input: on the drawing pad, and as the model wants it.

H x W pixels, uint8.
"""

import base64
import math

import numpy as np

from demo.digits import STYLES, tidy
from demo.images import Picture, encode_png, fit, is_cropped, paper_of, to_channels
from demo.models import DATASET_NAMES

PAD_SIDE = 280
"""About how many pixels the longest side of the drawing pad has; always a whole multiple of the model's pixels."""


def pad_size(config) -> tuple[int, int]:
    """Height and width of the drawing pad for a model, pixels."""
    enlarge = max(1, math.ceil(PAD_SIDE / max(config.height, config.width)))
    return config.height * enlarge, config.width * enlarge


def lay_out(picture: Picture, config, dataset: str, *, whole: bool = False) -> dict:
    """An upload for the pad: {picture: PNG of the pad's size, paper: [r, g, b], notes: [str], cropped: bool}, the last
    whether its middle alone fills the frame, or would without `whole`."""
    pixels = to_channels(picture.pixels, config.channels)
    height, width = pad_size(config)
    # A digit anywhere on a sheet must stay whole, it is cropped later; anything else fills the frame.
    digit = style_of(config, dataset) is not None
    cropped, notes = not digit and is_cropped(pixels, height, width), list(picture.notes)
    if cropped:
        notes.append("all of it, with margins" if whole else "its middle")
    pixels = fit(pixels, height, width, whole=digit or whole)
    paper = np.broadcast_to(paper_of(pixels), 3)
    return {"picture": base64.b64encode(encode_png(pixels)).decode(), "paper": paper.tolist(), "notes": notes,
            "cropped": cropped}


def to_input(pixels: np.ndarray, config, dataset: str, *, tidy_up: bool, source: object) -> tuple[np.ndarray, str]:
    """A picture -> uint8 (H, W) or (H, W, 3) as the model wants it, and a sentence on what was done for that."""
    pixels = to_channels(pixels, config.channels)
    style = style_of(config, dataset)
    size = f"{config.height} × {config.width} pixels"
    if source == "example":
        return fit(pixels, config.height, config.width), "An example: its pixels as they are."
    if style is None:
        what = "Its middle, scaled" if is_cropped(pixels, config.height, config.width) else "Scaled"
        return fit(pixels, config.height, config.width), f"{what} to {size}."
    if not tidy_up:
        return fit(pixels, config.height, config.width, whole=True), f"Used as it is, scaled to {size}."
    # Without a bound the first dot of a drawing would be blown up to a digit's height.
    tidied = tidy(pixels, config.height, config.width, style, max_zoom=None if source == "upload" else 2.0)
    like = f"{DATASET_NAMES.get(dataset, dataset)}’s"
    if tidied.steps:
        return tidied.pixels, f"Made like {like}: {', '.join(tidied.steps)}."
    return tidied.pixels, f"Already laid out like {like}: scaled to {size}."


def style_of(config, dataset: str):
    """The layout of digits that a model's data set has, None for any other."""
    return STYLES.get(dataset) if config.channels == 1 else None
