"""A picture -> what a model takes in: one way for files, the same in Reconstruct, Edit, Compare and
the API, and one for drawings on the page's pad.

A photo of a digit for a model of digits is searched for the digit, which is cut out at full
resolution; any other picture is scaled. A drawing has no paper to be found, and grows under the
pen. H x W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from PIL import Image

from demo.pictures.choosing import AS_FOUND, Box, Choice, cut_window, ink_in_window, turned
from demo.pictures.digits import INK, Style, tidy
from demo.pictures.images import (
    ImageError,
    Picture,
    fit,
    is_cropped,
    png_text,
    read_image,
    to_channels,
)
from demo.pictures.layout import LaidOut, lay_out, name_of, style_of

PHOTO_SIDE, SIDE = 4096, 1024
"""Longest side at which a picture that is searched for a digit is opened, and any other one,
pixels."""

ENLARGED = 320
"""A smaller picture is enlarged to about this before it is searched, pixels."""

MOST_TIMES = 40
"""How often enlarged a picture of a data set is still taken for one."""

NOTHING = (
    "No digit was found: nothing stands out clearly from the paper. Take the picture closer or "
    "with darker ink, or draw it on the pad."
)
NOTHING_IN_BOX = "Nothing stands out in the box: move it onto the digit, or make it larger."
EMPTY = (
    "There is nothing to see: what goes in has one colour. Choose another picture, or draw on the "
    "pad."
)
AN_EXAMPLE = "Example picture, used unchanged."
EMPTY_PAD = "There is nothing on the pad: draw something, choose a picture or take an example."


@dataclass(frozen=True)
class ModelInput:
    """What became of a picture."""

    pixels: np.ndarray | None
    """uint8 (H, W) or (H, W, 3) as the model wants it; None where there is nothing to see."""
    did: str
    """What was done, or why there is nothing: a sentence."""
    box: Box | None = None
    """What was cut out of a photo."""
    found: tuple[Box, ...] = ()
    """What may be a digit on it, the likeliest first."""


def open_picture(data: bytes, config, dataset: str) -> Picture:
    """The picture in a file, as large as `picture_to_input` wants it. Raises ImageError."""
    return read_image(
        data, max_side=PHOTO_SIDE if _is_searched(style_of(config, dataset)) else SIDE
    )


def picture_to_input(
    pixels: np.ndarray,
    config,
    dataset: str,
    *,
    whole: bool = False,
    choice: Choice = AS_FOUND,
) -> ModelInput:
    """A picture from a file, uint8 (H, W) or (H, W, 3) as it was opened -> the model's input.

    `whole` keeps all of a picture that is not searched, with margins, instead of its middle.
    `choice` says what of it goes in. Raises ImageError where it names a digit that is not there.
    """
    style = style_of(config, dataset)
    if _has_one_colour(pixels):
        return ModelInput(None, EMPTY)
    if choice != AS_FOUND and _is_searched(style):
        return _chosen(pixels, config, dataset, style, choice)
    if choice.box is not None:
        pixels = cut_window(pixels, choice.box, choice.turn)
    if style is None:
        return _scaled(pixels, config, EMPTY, whole=whole)
    if not _is_searched(style):
        return _tidied(pixels, config, dataset, style) or ModelInput(None, NOTHING)
    return _as_it_lies(pixels, config, dataset, style) or _found(pixels, config, dataset, style)


class Taken(TypedDict):
    """The model's input of an upload."""

    input: str | None
    """PNG in base64, None where there is nothing to see."""
    did: str
    """What was done for that, or why there is none."""


class TakenIn(LaidOut, Taken):
    """An upload for a page: laid out on the pad, and as the model's input."""

    found: list[list[float]] | None
    """What may be a digit on it, the likeliest first: top, left, bottom, right as shares of the
    picture. None where none is looked for."""


def taken_in(data: bytes, config, dataset: str, *, whole: bool = False) -> TakenIn:
    """A file for a page. Raises ImageError."""
    picture = open_picture(data, config, dataset)
    made = picture_to_input(picture.pixels, config, dataset, whole=whole)
    searched = _is_searched(style_of(config, dataset)) and (made.found or made.did == NOTHING)
    found = [list(box) for box in made.found] if searched else None
    return {**lay_out(picture, config, dataset, whole=whole), **_sent(made), "found": found}


def taken_again(data: bytes, config, dataset: str, choice: Choice) -> Taken:
    """The same file once more, another part of it. Raises ImageError."""
    picture = open_picture(data, config, dataset)
    return _sent(picture_to_input(picture.pixels, config, dataset, choice=choice))


def _sent(made: ModelInput) -> Taken:
    png = None if made.pixels is None else png_text(made.pixels)
    return {"input": png, "did": made.did}


def drawing_to_input(
    pixels: np.ndarray, config, dataset: str, *, tidy_up: bool, source: object
) -> ModelInput:
    """What the page's pad shows, uint8 (H, W) or (H, W, 3) -> the model's input.

    `source` is how it came there: an "example", an "input" that `picture_to_input` made, an
    "upload" that was drawn on, or a drawing. Without `tidy_up` it is scaled and nothing else.
    """
    style = style_of(config, dataset)
    if source in ("example", "input"):
        return _scaled(pixels, config, EMPTY_PAD, did=AN_EXAMPLE if source == "example" else "")
    if style is None:
        return _scaled(pixels, config, EMPTY_PAD)
    if not tidy_up:
        return _scaled(
            pixels, config, EMPTY_PAD, whole=True, did=f"Used as it is, scaled to {_size(config)}."
        )
    if source == "upload":
        return picture_to_input(pixels, config, dataset)
    grey = to_channels(pixels, 1)
    drawn = None if _has_one_colour(grey) else _tidied(grey, config, dataset, style, drawn=True)
    return drawn or ModelInput(None, EMPTY_PAD)


def _is_searched(style: Style | None) -> bool:
    """Whether pictures are thin ink on paper: digits are, clothes are not."""
    return style is not None and style.by_mass


def _has_one_colour(pixels: np.ndarray) -> bool:
    first = pixels[0, 0]
    some = pixels[
        :: 1 + len(pixels) // 64, :: 1 + pixels.shape[1] // 64
    ]  # almost always tells already
    return bool((some == first).all() and (pixels == first).all())


def _size(config) -> str:
    return f"{config.width} × {config.height} pixels"


def _already(config, dataset: str) -> str:
    return f"Already laid out like {name_of(dataset)}: scaled to {_size(config)}."


def _scaled(
    pixels: np.ndarray, config, nothing: str, *, whole: bool = False, did: str | None = None
) -> ModelInput:
    """A picture as it is, its middle or the whole; `nothing` is said where no more than one colour
    is left."""
    shaped = to_channels(pixels, config.channels)
    middle = not whole and is_cropped(shaped, config.height, config.width)
    scaled = fit(shaped, config.height, config.width, whole=whole)
    if _has_one_colour(scaled):
        return ModelInput(None, nothing)
    return ModelInput(
        scaled,
        did
        if did is not None
        else f"{'Cropped to its centre and scaled' if middle else 'Scaled'} to {_size(config)}.",
    )


def _tidied(
    pixels: np.ndarray, config, dataset: str, style: Style, *, drawn: bool = False
) -> ModelInput | None:
    """A picture with nothing but ink on it; None where there is none."""
    tidied = tidy(to_channels(pixels, 1), config.height, config.width, style, drawn=drawn)
    if not tidied.pixels.any():
        return None
    return ModelInput(
        tidied.pixels,
        f"Preprocessed like {name_of(dataset)}: {', '.join(tidied.steps)}."
        if tidied.steps
        else _already(config, dataset),
    )


def _as_it_lies(pixels: np.ndarray, config, dataset: str, style: Style) -> ModelInput | None:
    """A picture of a data set, as it is or enlarged by a whole number; None for anything else."""
    times, rest = divmod(pixels.shape[0], config.height)
    if rest or pixels.shape[1] != times * config.width or times > MOST_TIMES:
        return None
    tidied = tidy(to_channels(pixels, 1), config.height, config.width, style)
    if tidied.steps or tidied.pixels.max() <= 255 * INK:
        return None
    return ModelInput(tidied.pixels, _already(config, dataset))


def _found(
    pixels: np.ndarray, config, dataset: str, style: Style, choice: Choice = AS_FOUND
) -> ModelInput:
    """One of the digits that are found on a photo."""
    from demo.pictures.finding import find
    from demo.pictures.inking import cut_out, laid_out
    from demo.pictures.sheet import open_sheet

    sheet = open_sheet(_enlarged(pixels))
    things = find(sheet)
    if choice.digit >= max(1, len(things)):
        raise ImageError(
            f"There is no digit {choice.digit} on this picture: {len(things)} were found, "
            "counted from 0."
        )
    mask = cut_out(sheet, things[choice.digit]) if things else None
    if mask is None or not mask.any():
        return ModelInput(None, NOTHING)
    height, width = sheet.dark.shape
    found = tuple(
        (top / height, left / width, bottom / height, right / width)
        for top, left, bottom, right in (thing.box for thing in things)
    )
    return ModelInput(
        laid_out(turned(mask, choice.turn), config.height, config.width, style.box),
        _cut_out(dataset, things[choice.digit].dark, choice),
        found[choice.digit],
        found,
    )


def _chosen(pixels: np.ndarray, config, dataset: str, style: Style, choice: Choice) -> ModelInput:
    """Another digit than the likeliest, one that is turned, or what lies in a box."""
    from demo.pictures.inking import laid_out

    if choice.box is None:
        return _found(pixels, config, dataset, style, choice)
    ink = ink_in_window(_enlarged(pixels), choice.box, choice.turn)
    if ink is None:
        return ModelInput(None, NOTHING_IN_BOX)
    mask, dark = ink
    return ModelInput(
        laid_out(mask, config.height, config.width, style.box),
        _cut_out(dataset, dark, choice),
        choice.box,
    )


def _cut_out(dataset: str, dark: bool, choice: Choice) -> str:
    steps = ["inverted"] if dark else []
    steps.append("cut out" if choice.box is None else "cut out of your box")
    if choice.turn:
        steps.append(f"turned by {choice.turn:g}°")
    return f"Preprocessed like {name_of(dataset)}: {', '.join(steps)}, centred."


def _enlarged(pixels: np.ndarray) -> np.ndarray:
    times = -(-ENLARGED // max(pixels.shape[:2]))
    if times <= 1:
        return pixels
    height, width = pixels.shape[:2]
    return np.asarray(
        Image.fromarray(pixels).resize((width * times, height * times), Image.Resampling.BICUBIC)
    )
