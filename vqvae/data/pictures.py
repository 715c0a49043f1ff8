"""One image file of any kind -> uint8 pixels at a given size, or `PictureError` with the reason in
a few words.

Everything that can be wrong with a file that somebody sends is met here: it is used for whole
folders (where a bad file is skipped and named) and for single pictures on the command line.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from vqvae.data.boxes import BoxError
from vqvae.data.heif import BYTES_PER_PIXEL, DECODED_BYTES, is_heif, open_heif
from vqvae.errors import VqvaeError

# : Formats that Pillow decodes itself. Others, such as EPS, would start a foreign program on a
# stranger's file.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")
MAX_PIXELS = 64_000_000
MAX_HEIF_BYTES = MAX_PIXELS * BYTES_PER_PIXEL
"""Most memory that decoding a HEIC photo may take."""
MIN_SIDE = 4
DEEPEST = 65535
"""Highest value of deep grey that is taken."""
LITTLE = 0.25
"""Share of the range below which a set of deep grey has little contrast."""
_ARCHIVES = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")


class PictureError(VqvaeError, ValueError):
    """The file gives no picture; the text is the reason, to follow the file's name."""


def open_picture(file: BinaryIO | bytes) -> Image.Image:
    """Read the header only. Raises PictureError for what is no image, too large or too small to
    learn from."""
    file = io.BytesIO(file) if isinstance(file, bytes) else file
    head = file.read(512)
    file.seek(0)
    if not head:
        raise PictureError("the file is empty")
    try:
        image = open_heif(file.read()) if is_heif(head) else Image.open(file, formats=FORMATS)
    except BoxError as error:
        raise PictureError(f"a HEIC file, {error}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(f"too many pixels; at most {MAX_PIXELS / 1e6:.0f} megapixels") from None
    except Exception:
        raise PictureError(_what_it_is(head)) from None
    width, height = image.size
    if image.info.get(DECODED_BYTES, 0) > MAX_HEIF_BYTES:
        raise PictureError("a HEIC file that needs too much memory; export it as JPEG or PNG")
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"{width} x {height} pixels are too many; at most {MAX_PIXELS / 1e6:.0f} megapixels"
        )
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            f"{width} x {height} pixels are too few; each side needs at least {MIN_SIDE}"
        )
    return image


def is_grey(image: Image.Image) -> bool:
    """Whether the file stores no colour (from its mode; a grey picture stored as RGB counts as
    colour)."""
    return image.mode in ("1", "L", "LA", "La", "F", "I", "I;16", "I;16B", "I;16L", "I;16N")


def is_deep(image: Image.Image) -> bool:
    """Whether it is grey with more than 8 bits."""
    return image.mode in ("F", "I") or image.mode.startswith("I;16")


def deep_range(file: BinaryIO | bytes) -> tuple[float, float, bool] | None:
    """(lowest value, highest value, whether they are fractions) of a deep grey file, None of any
    other. Raises PictureError, and what Pillow's decoders raise."""
    image = open_picture(file)
    if not is_deep(image):
        return None
    values = np.asarray(image)
    return (
        (float(values.min()), float(values.max()), values.dtype.kind == "f")
        if np.isfinite(values).all()
        else None
    )


def white_of(ranges: Sequence[tuple[float, float, bool]]) -> tuple[float | None, str]:
    """One scale for deep grey files of these ranges: (the value that is white, a sentence or "").
    Whole numbers have as many bits as the largest one needs, of 8, 10, 12, 14 and 16: 12 bits in 16
    keep their contrast."""
    valid = [one for one in ranges if one[0] >= 0 and one[1] <= DEEPEST]
    if not valid:
        return None, ""
    low, high = min(one[0] for one in valid), max(one[1] for one in valid)
    if all(one[2] for one in valid) and high <= 1:
        white = 1.0
    else:
        white = float(next(2**bits - 1 for bits in (8, 10, 12, 14, 16) if high < 2**bits))
    if high - low >= LITTLE * white:
        return white, ""
    return white, (
        f"The deep grey images use only values from {low:g} to {high:g} of 0 to {white:g}, so that "
        "they have little contrast here: spread them over the range, and save them again."
    )


def read_picture(
    file: BinaryIO | bytes, size: tuple[int, int], channels: int, white: float | None = None
) -> np.ndarray:
    """Decode, upright, on white, centre-cropped to the aspect of ``size`` and resized.

    Args: ``size`` (H, W) in pixels; ``channels`` 1 or 3; ``white`` the value of deep grey that
    becomes 255, None for the largest of its type.
    Returns: uint8 (C, H, W). The first frame of an animation; 16-bit grey scaled to 8; transparency
        laid on white.
    Raises: PictureError.
    """
    height, width = size

    def crop(image: Image.Image) -> Image.Image:
        return (
            image
            if image.size == (width, height)
            else ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
        )

    return _read(file, channels, max(size), crop, white)


def read_whole_picture(file: BinaryIO | bytes, channels: int, max_side: int) -> np.ndarray:
    """The same without cropping: all of the picture, scaled down where a side is longer than
    ``max_side`` pixels."""

    def shrink(image: Image.Image) -> Image.Image:
        image.thumbnail((max_side, max_side), Image.Resampling.BICUBIC)
        return image

    return _read(file, channels, max_side, shrink)


def _read(
    file: BinaryIO | bytes,
    channels: int,
    side: int,
    resize: Callable[[Image.Image], Image.Image],
    white: float | None = None,
) -> np.ndarray:
    """Decode and ``resize`` to about ``side`` pixels: uint8 (C, H, W)."""
    image = open_picture(file)
    try:
        if image.format == "JPEG" and image.mode in ("L", "RGB", "YCbCr"):
            # Decode at 1/2, 1/4 or 1/8 when that still leaves twice the pixels needed: several
            # times faster on photos.
            image.draft("L" if channels == 1 else "RGB", (2 * side, 2 * side))
        image.load()
        if image.format != "GIF":  # reading Exif of a GIF would seek through its frames
            image = ImageOps.exif_transpose(image) if image.getexif() else image
        image = resize(_on_white(image, white).convert("L" if channels == 1 else "RGB"))
    except PictureError:
        raise
    except MemoryError:
        raise PictureError("needs more memory than there is") from None
    except Exception as error:  # Pillow's decoders raise almost anything on damaged bytes
        detail = str(error).split("\n")[0][:80]
        raise PictureError(f"damaged or cut short ({detail or type(error).__name__})") from None
    pixels = np.asarray(image)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _on_white(image: Image.Image, white: float | None) -> Image.Image:
    """An opaque 8-bit picture: deep grey scaled, transparent pixels laid on white."""
    if is_deep(image):
        return Image.fromarray(_eight_bits(np.asarray(image), white))
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(values: np.ndarray, white: float | None) -> np.ndarray:
    """Deep grey (H, W) -> uint8. Without `white`: floats in [0, 1], 16-bit integers, or values that
    are 0..255 already."""
    if not np.isfinite(values).all():
        raise PictureError("holds values that are not numbers (NaN or infinity)")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:
        raise PictureError(
            f"holds values from {low:g} to {high:g}; they must lie in 0..1, 0..255 or 0..65535"
        )
    if white is not None:
        return np.rint(np.clip(values / white, 0, 1) * 255).astype(np.uint8)
    if values.dtype.kind == "f" and high <= 1:
        scale = 255.0
    elif values.dtype == np.uint16 or high > 255:
        scale = 255.0 / 65535.0
    else:
        scale = 1.0
    return np.rint(values.astype(np.float64) * scale).astype(np.uint8)


def _what_it_is(head: bytes) -> str:
    """A friendlier reason than "cannot identify image file" for what people send by mistake."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing, not pixels; export it as PNG"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page, not an image"
    if head.startswith(_ARCHIVES):
        return "an archive, not an image; archives inside are not opened"
    return f"not an image, or damaged at its start; readable are {', '.join(FORMATS)} and HEIC"
