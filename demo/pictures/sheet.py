"""A photo taken apart into paper and ink: how far each pixel stands out of the paper beside it.

The paper is estimated from the picture itself, by grey morphology: a closing wider than any stroke
takes dark ink away and leaves shadows, falling light and the desk under the sheet, an opening does
the same for chalk on a board. What is left is a contrast from 0 (paper) to 1 (black on white),
whatever the light. H x W pixels of the photo, h x w of the smaller picture that is searched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

SEARCH_SIDE = 640
"""Longest side of the picture that is searched, pixels: a line of a thin pen is still more than one
wide."""

PAPER = 0.3
"""Width of what counts as ink at most, as a share of the shorter side: twice the thickest felt
pen."""

_DIM = 0.05  # brightness below which contrast is not believed: the noise of a dark corner


@dataclass(frozen=True)
class Sheet:
    """A photo, its paper, and its ink of either kind."""

    pixels: np.ndarray
    """uint8 (H, W) or (H, W, 3), as it was given."""
    dark: np.ndarray
    """float32 (h, w) in 0..1: how far a pixel is darker than the paper."""
    light: np.ndarray
    """float32 (h, w) in 0..1: how far a pixel is brighter than the board."""
    above: np.ndarray
    """float32 (h, w, C) in 0..1: paper under dark ink."""
    below: np.ndarray
    """float32 (h, w, C) in 0..1: board under light ink."""
    noise: float
    """Deviation of the contrast where there is nothing."""

    @property
    def scale(self) -> float:
        """Pixels of the photo to a pixel of the searched picture."""
        return max(self.pixels.shape[:2]) / max(self.dark.shape)

    def ink(self, dark: bool) -> np.ndarray:
        """The contrast of dark or of light ink, float32 (h, w)."""
        return self.dark if dark else self.light


def open_sheet(pixels: np.ndarray) -> Sheet:
    """Estimate paper and ink of a photo, uint8 (H, W) or (H, W, 3)."""
    from scipy import ndimage  # needs a moment to import, and only photos come here

    height, width = pixels.shape[:2]
    scale = min(1.0, SEARCH_SIDE / max(height, width))
    small = _reduced(pixels, max(1, round(height * scale)), max(1, round(width * scale)))
    small = small.reshape(*small.shape[:2], -1)
    values = ndimage.gaussian_filter(small.astype(np.float32) / 255, (0.6, 0.6, 0))
    side = max(5, round(PAPER * min(small.shape[:2])) | 1)
    rounded = np.rint(values * 255).astype(np.uint8)
    above, below = (
        filter_(rounded, size=(side, side, 1), mode="nearest").astype(np.float32) / 255
        for filter_ in (ndimage.grey_closing, ndimage.grey_opening)
    )
    dark, light = contrast(values, above, dark=True), contrast(values, below, dark=False)
    fine = values.mean(2)
    fine = fine - ndimage.uniform_filter(fine, 3)
    noise = 1.5 * float(np.median(np.abs(fine))) / (float(np.median(values)) + _DIM)
    return Sheet(pixels, dark, light, above, below, noise)


def contrast(values: np.ndarray, paper: np.ndarray, *, dark: bool) -> np.ndarray:
    """How far pixels stand out of their paper, both float32 (H, W, C) in 0..1 -> float32 (H, W) in
    0..1.

    Half of it is the mean of the channels and half the channel that shows most: yellow ink is seen
    in blue alone.
    """
    apart = (paper - values) / (paper + _DIM) if dark else (values - paper) / (values + _DIM)
    return np.clip((apart.mean(2) + apart.max(2)) / 2, 0, 1)


def _reduced(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(
        Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX, reducing_gap=2.0)
    )
