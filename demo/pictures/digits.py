"""Make a photo or a drawing of a digit look as MNIST's do: white on black, in a 20 x 20 box,
centred by mass.

After Y. LeCun et al., "The MNIST database of handwritten digits": size-normalised into 20 x 20
pixels by the longest side, then placed in 28 x 28 so that the centre of mass is in the middle.
`pixels` are uint8 (H, W), 0..255; `bright` is float32 (H, W), 0..1, ink bright on a paper of 0.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from demo.pictures.images import fit, paper_of

INK = 0.12
"""Brightness from which a pixel counts as ink."""

DRAWN_ZOOM = 2.0
"""A drawing is enlarged no more than this beyond plain fitting, or its first dot would be blown up
to a digit's height."""

FLAT = 24 / 255
"""A picture whose darkest and brightest parts differ by less shows nothing."""


@dataclass(frozen=True)
class Style:
    """How a data set lays out its pictures."""

    box: float
    """Longest side of the thing, as a share of the picture's shorter side."""
    by_mass: bool
    """Centred by its centre of mass, or by its bounding box."""


STYLES = {
    "mnist": Style(20 / 28, True),
    "synthetic": Style(20 / 28, True),
    "fashion-mnist": Style(1.0, False),
}
"""The data sets that have a style, by name."""


@dataclass(frozen=True)
class Tidied:
    """A model input and what was done for it."""

    pixels: np.ndarray
    """uint8 (H, W)."""
    steps: tuple[str, ...]
    """In words: ("inverted", "contrast stretched", "cropped", "centred"); empty where nothing had
    to be done."""


def tidy(
    pixels: np.ndarray, height: int, width: int, style: Style, *, drawn: bool = False
) -> Tidied:
    """A grey picture of one thing on plain paper -> a model input in the data set's own style.

    Args:
        pixels: uint8 (H, W) of any size; dark on light or light on dark.
        height, width: size of the result, pixels.
        drawn: light ink on black, and nothing else; it is enlarged by DRAWN_ZOOM at most. The page
            does the same (demo/page/drawing/layout.js).
    """
    bright, steps = pixels.astype(np.float32) / 255, ()
    if not drawn:
        bright, steps = light_on_dark(pixels, thin=style.by_mass)
    ink = bright > INK
    if not ink.any():
        return Tidied(fit(_to_uint8(bright), height, width, whole=True), steps)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    longest = max(bottom - top, right - left)
    y, x = (top + bottom) / 2, (left + right) / 2
    if style.by_mass:
        mass = np.where(ink, bright, 0).astype(np.float64)
        y = float((mass.sum(1) * (np.arange(len(mass)) + 0.5)).sum() / mass.sum())
        x = float((mass.sum(0) * (np.arange(mass.shape[1]) + 0.5)).sum() / mass.sum())
    plain = min(height / bright.shape[0], width / bright.shape[1])
    scale = style.box * min(height, width) / longest
    if drawn:
        scale = min(scale, DRAWN_ZOOM * plain)
    if not steps and _is_in_style(bright.shape, (y, x), scale / plain, plain):
        return Tidied(fit(pixels, height, width, whole=True), ())
    tall, wide = height / scale, width / scale
    # Ink comes before the centre: where the mass is far off, the window moves until the whole box
    # is inside.
    window_top = np.clip(y - tall / 2, bottom - tall, top) if tall >= bottom - top else y - tall / 2
    window_left = (
        np.clip(x - wide / 2, right - wide, left) if wide >= right - left else x - wide / 2
    )
    out = _look_through(bright, window_top, window_left, tall, wide, height, width)
    if "contrast stretched" in steps and 0 < out.max() < 0.9:
        out = out / out.max()  # a thin pen on a large sheet fades when it is made small
    return Tidied(_to_uint8(out), (*steps, "cropped", "centred"))


def light_on_dark(pixels: np.ndarray, *, thin: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    """Recognise what is paper, turn it to 0: float32 (H, W) in 0..1, and what was done in words.

    Thin ink covers less than half of a picture, so the middle value is paper even where a stroke
    runs along the edge; a solid thing may cover more, and its paper is what lies along the edge.
    """
    values = pixels.astype(np.float32) / 255
    some = values[
        :: 1 + len(values) // 200, :: 1 + values.shape[1] // 200
    ]  # enough to judge by, 20 times per second
    low, high = (
        np.quantile(some, (0.005, 0.995)) if values.size > 10_000 else (values.min(), values.max())
    )
    paper = float(np.median(some) if thin else paper_of(pixels) / 255)
    inverted = paper - low > high - paper if high - low >= FLAT else paper > 0.5
    if inverted:
        values, paper, low, high = 1 - values, 1 - paper, 1 - high, 1 - low
    steps = ("inverted",) if inverted else ()
    if high - low < FLAT:
        return np.zeros_like(values), steps
    if paper <= 0.06 and high >= 0.6:
        return np.clip((values - paper) / (1 - paper), 0, 1) if paper > 0 else values, steps
    return _stretch(values), (*steps, "contrast stretched")


def _stretch(values: np.ndarray) -> np.ndarray:
    """Take uneven paper and grain out of a photo: subtract the paper, keep what stands out of it,
    drop specks."""
    small = Image.fromarray(_to_uint8(values))
    small.thumbnail((72, 72), Image.Resampling.BOX)
    # Grey opening: a minimum wider than any stroke removes the ink, the maximum gives the paper its
    # extent back.
    side = max(3, min(small.size) // 4 | 1)
    paper = small.filter(ImageFilter.MinFilter(side)).filter(ImageFilter.MaxFilter(side))
    paper = paper.filter(ImageFilter.GaussianBlur(side / 3)).resize(
        values.shape[::-1], Image.Resampling.BICUBIC
    )
    lifted = np.clip(values - np.asarray(paper, np.float32) / 255, 0, 1)
    strong = max(float(np.quantile(lifted, 0.995)), FLAT)
    return _without_specks(np.clip((lifted / strong - 0.3) / 0.45, 0, 1).astype(np.float32))


def _without_specks(bright: np.ndarray) -> np.ndarray:
    """Without the spots of ink that are far smaller than the largest one: dust and the edge of the
    paper's grain."""
    from scipy import ndimage  # needs a moment to import, and only photos come here

    labels, count = ndimage.label(bright > INK, np.ones((3, 3)))
    if count < 2:
        return bright
    sizes = np.bincount(labels.ravel())
    sizes[0] = sizes[1:].max()
    return np.where((sizes < 0.03 * sizes[0])[labels], 0, bright).astype(np.float32)


def _is_in_style(
    shape: tuple[int, int], centre: tuple[float, float], zoom: float, plain: float
) -> bool:
    """Whether it lies as the data set's own pictures do already: then it stays bit for bit."""
    off = max(abs(centre[0] - shape[0] / 2), abs(centre[1] - shape[1] / 2)) * plain
    return 0.94 <= zoom <= 1.12 and off <= 1.0


def _look_through(bright, top, left, tall, wide, height, width) -> np.ndarray:
    """The window (top, left, tall, wide), in fractions of a pixel, scaled to height x width; black
    beyond the edge."""
    margin = (
        int(
            np.ceil(
                max(0, -top, -left, top + tall - bright.shape[0], left + wide - bright.shape[1])
            )
        )
        + 1
    )
    padded = Image.fromarray(np.pad(bright, margin))
    box = (left + margin, top + margin, left + margin + wide, top + margin + tall)
    return np.clip(
        np.asarray(padded.resize((width, height), Image.Resampling.HAMMING, box=box)), 0, 1
    )


def _to_uint8(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
