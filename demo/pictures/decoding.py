"""Where every picture that somebody sent is decoded: what one may cost in memory, and how many are
decoded at once.

A compressed picture of a few kB can claim any size, so the cost is worked out from its header
before a pixel is decoded. After that the picture is scaled down strip by strip: no second copy of
it exists at its full size.
"""

import contextlib
import threading
from collections.abc import Callable, Generator

import numpy as np
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from vqvae.data.heif import DECODED_BYTES, FORMAT

MAX_DECODED_BYTES = 192 * 2**20
"""Most memory that decoding one picture may take, bytes, by its header; its file and the result
come on top."""

SMALL_BYTES = 4 * 2**20
"""A picture that costs no more is decoded at once, so that strokes on the drawing pad never wait
for a photo."""

AT_ONCE = 2
"""Large pictures decoded at the same time, by all visitors together."""

WAITING = 12
"""Large pictures that may wait for that; each holds its file, and a thread of the server."""

WAIT_SECONDS = 15.0
BUSY = (
    "The server is opening as many large pictures as it can: try again in a moment, or make "
    "the picture smaller."
)

STRIP_PIXELS = 2**20
"""About how many pixels are converted at a time."""

REDUCING_GAP = 3.0
"""Averages of whole blocks bring a picture to this many times the size asked for; a finer filter
does the rest."""

WHITE, BLACK = 255, 0

MOST_INK = 0.6
"""Share of a transparent picture that ink covers at most."""

LIGHT_INK = 64
"""Ink that is less than this darker than white, on average, is laid on black."""

_TIFF_TILE_WIDTH, _TIFF_TILE_LENGTH = 322, 323
_ORIENTATION = 0x0112
_GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
_BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Of Pillow's own storage; 4 for every other mode."""
_BYTES_PER_PIXEL_OF_FORMAT = {"WEBP": 16, "AVIF": 12}
"""Measured: these decoders keep several whole pictures of their own, whatever the mode."""

_slots = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)


class NoPlaceError(RuntimeError):
    """Too many large pictures at once; nothing is wrong with this one."""


class EmptyPictureError(ValueError):
    """No pixel of the picture is a number."""


def decoding_bytes(image: Image.Image) -> int:
    """Bytes that decoding an opened picture takes, from its header alone."""
    if DECODED_BYTES in image.info:
        return image.info[DECODED_BYTES]
    width, height = image.size
    if isinstance(image, JpegImageFile) and image.format == "JPEG":
        # Scaled down while it is decoded, but libjpeg may keep all coefficients, two bytes each.
        layers = [across * down for _, across, down, _ in image.layer]
        return 2 * width * height * sum(layers) // max(1, *layers)
    if isinstance(
        image, TiffImageFile
    ):  # a tile is decoded whole, however little of it the picture shows
        tile = [image.tag_v2.get(tag) for tag in (_TIFF_TILE_WIDTH, _TIFF_TILE_LENGTH)]
        width, height = (
            max(side, of) if isinstance(of, int) else side
            for side, of in zip((width, height), tile, strict=True)
        )
    return width * height * _bytes_per_pixel(image)


@contextlib.contextmanager
def room_for(cost: int) -> Generator[None]:
    """Hold a place for a decoding of so many bytes. NoPlaceError where none is free in time."""
    if cost <= SMALL_BYTES:
        yield
        return
    if not _places.acquire(blocking=False):
        raise NoPlaceError(BUSY)
    try:
        if not _slots.acquire(timeout=WAIT_SECONDS):
            raise NoPlaceError(BUSY)
        try:
            yield
        finally:
            _slots.release()
    finally:
        _places.release()


def decode(image: Image.Image, max_side: int) -> tuple[Image.Image, list[str], bool]:
    """Decode an opened picture: upright, on white (light ink on black), mode L or RGB, no side
    longer than `max_side` pixels.

    Returns it, what had to be done in words, and whether it was turned by a quarter. Raises what
    Pillow's decoders raise, and EmptyPictureError; the caller has asked `room_for` it.
    """
    notes: list[str] = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format == FORMAT:  # opened at the main one
        notes.append(f"main one of {frames:,} pictures")
    elif frames > 1:
        notes.append(f"first of {frames:,} frames")
        image.seek(0)
    if (
        image.format == "JPEG"
    ):  # decodes at a half, a quarter or an eighth: a photo costs what we keep of it
        image.draft(image.mode, (max_side, max_side))
    image.load()
    turned = image.getexif().get(_ORIENTATION, 1)
    to_eight_bit = _deep_scale(image, notes)
    small = _shrink_in_strips(image, max_side, to_eight_bit, notes)
    if max(small.size) > max_side:
        small.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
    if turned not in (0, 1):
        small.getexif()[_ORIENTATION] = turned
        small = ImageOps.exif_transpose(small)
        notes.append("turned upright")
    return small, notes, turned >= 5


def _bytes_per_pixel(image: Image.Image) -> int:
    return _BYTES_PER_PIXEL_OF_FORMAT.get(image.format or "", _BYTES_PER_PIXEL.get(image.mode, 4))


def _shrink_in_strips(
    image: Image.Image,
    max_side: int,
    to_eight_bit: Callable[[Image.Image], Image.Image],
    notes: list[str],
) -> Image.Image:
    """L or RGB without transparency, reduced by a whole factor while it is far larger than
    `max_side`."""
    width, height = image.size
    factor = max(1, int(max(width, height) / (max_side * REDUCING_GAP)))
    grey = image.mode in _GREY_MODES and (
        "A" in image.mode or "a" in image.mode or not image.has_transparency_data
    )
    if factor == 1 and image.mode in ("L", "RGB") and not image.has_transparency_data:
        return image  # as it is wanted: a copy of twelve megapixels would take as long as decoding
    result = Image.new("L" if grey else "RGB", (-(-width // factor), -(-height // factor)))
    rows = max(1, STRIP_PIXELS // (width * factor)) * factor
    seen_through = False
    ground = _ground(image, rows) if image.has_transparency_data else WHITE
    for top in range(0, height, rows):
        strip = to_eight_bit(image.crop((0, top, width, min(height, top + rows))))
        strip, see_through = _laid_on(ground, strip, "L" if grey else "RGB")
        seen_through |= see_through
        result.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    if seen_through:
        notes.append("laid on white" if ground == WHITE else "laid on black")
    return result


def _ground(image: Image.Image, rows: int) -> int:
    """WHITE, or BLACK where light ink lies on a transparent ground: nothing of it would be seen on
    white."""
    alphas = darkness = 0.0
    for top in range(0, image.height, rows):
        rgba = image.crop((0, top, image.width, min(image.height, top + rows))).convert("RGBA")
        alpha = np.asarray(rgba.getchannel("A"), np.float32)
        alphas += float(alpha.sum())
        darkness += float(
            (alpha * (255 - np.asarray(rgba.convert("RGB").convert("L"), np.float32))).sum()
        )
    ink_alone = alphas < MOST_INK * 255 * image.width * image.height
    return BLACK if ink_alone and alphas and darkness / alphas < LIGHT_INK else WHITE


def _laid_on(ground: int, strip: Image.Image, mode: str) -> tuple[Image.Image, bool]:
    """The strip without transparency, and whether it had any: the ground shows, not the colour
    hidden under it."""
    if not strip.has_transparency_data:
        return strip.convert(mode), False
    rgba = strip.convert("RGBA")
    if rgba.getchannel("A").getextrema()[0] == 255:
        return strip.convert(mode), False
    under = Image.new("RGBA", rgba.size, (ground, ground, ground, 255))
    return Image.alpha_composite(under, rgba).convert("RGB").convert(mode), True


def _deep_scale(image: Image.Image, notes: list[str]) -> Callable[[Image.Image], Image.Image]:
    """How to bring a strip to 8 bits: grey of 16 or 32 bits or of floating point is scaled to
    0..255, where Pillow alone would clip all of it to white; any other picture stays as it is."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return lambda strip: strip
    low, high, whole = np.inf, -np.inf, True
    width, height = image.size
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        values = np.asarray(image.crop((0, top, width, min(height, top + rows))))
        finite = np.isfinite(values)
        whole &= bool(finite.all())
        if finite.any():
            low, high = (
                min(low, float(values[finite].min())),
                max(high, float(values[finite].max())),
            )
    if low > high:
        raise EmptyPictureError
    if not whole:
        notes.append("pixels that were no number set to black")
    if image.mode == "F" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 65535 and image.mode != "F":
        low, high = (0.0, 65535.0) if high > 255 else (0.0, 255.0)
    span = high - low or 1.0
    notes.append("scaled to 8 bits")

    def scaled(strip: Image.Image) -> Image.Image:
        values = np.asarray(strip).astype(np.float64)
        values = np.clip((np.where(np.isfinite(values), values, low) - low) / span * 255, 0, 255)
        return Image.fromarray(np.rint(values).astype(np.uint8))

    return scaled
