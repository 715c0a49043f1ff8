"""Any upload -> clean pixels, or one clear sentence. Pure: no page, no model, nothing kept.

Pixels are uint8 arrays, 0..255: (H, W, 3), or (H, W) where the file is grey.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from demo.as_text import PNG, bytes_of, encoded
from demo.errors import PageError
from demo.pictures import decoding
from vqvae.data.boxes import BoxError
from vqvae.data.heif import is_heif, open_heif

MAX_BYTES = 8 * 2**20
"""Largest file read, in bytes."""

MAX_PIXELS = 64_000_000
"""Largest picture of any kind, in pixels; what a format costs (`pictures.decoding`) may allow less.
Both are checked in the header, before anything is decoded."""

MIN_SIDE = 4
"""Shortest side that still shows something, in pixels."""

MAX_RATIO = 20
"""Longest side over shortest side."""

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF")
"""What Pillow reads itself; HEIC is read beside them (`vqvae.data.heif`)."""
VALID = "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF and HEIC pictures are valid"


class ImageError(PageError):
    """A file that is no usable picture. The text is one sentence for the page, free of markup."""


@dataclass(frozen=True)
class Picture:
    """A decoded upload."""

    pixels: np.ndarray
    """uint8 (H, W, 3), or (H, W) for a grey file."""
    notes: tuple[str, ...] = ()
    """What had to be done to read it, in words: `turned upright`, `first of 12 frames`, ..."""
    full: tuple[int, int] | None = None
    """(H, W) in pixels that it had upright, before it was scaled down to `pixels`."""


def read_image(
    source: bytes | Path, *, max_side: int = 1024, max_pixels: int = MAX_PIXELS
) -> Picture:
    """Decode a picture from its bytes or its path, upright, on white where it is transparent.

    Args:
        source: the file.
        max_side: the result is scaled down so that no side is longer, in pixels.
        max_pixels: refuse larger pictures, by their header.

    Raises ImageError: too large (bytes or pixels), empty, no picture, truncated, damaged, too thin
    to show anything, or too many large ones being decoded.
    """
    data = _bytes(source)
    with warnings.catch_warnings():
        # Pillow warns between its own limit and twice that; ours is lower and says so in a
        # sentence.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = _open(data)
    width, height = image.size
    cost = decoding.decoding_bytes(image)
    _check_size(width, height, cost, max_pixels)
    try:
        with decoding.room_for(cost):
            image, notes, on_its_side = decoding.decode(image, max_side)
    except decoding.NoPlaceError as error:
        raise ImageError(str(error)) from None
    except decoding.EmptyPictureError:
        raise ImageError(
            "The picture holds no number at all (every pixel is NaN or infinite); save it again."
        ) from None
    except MemoryError:
        raise _too_many_pixels(_size(width, height), max_pixels) from None
    except Exception as error:
        # Every format has its own ways to break; all of them mean the same to a person.
        raise ImageError(
            f"The file is cut off or damaged: its {image.format or 'picture'} data cannot be "
            "decoded. Save or download it again."
        ) from error
    full = (width, height) if on_its_side else (height, width)
    return Picture(np.asarray(image).copy(), tuple(notes), full)


def _check_size(width: int, height: int, cost: int, max_pixels: int) -> None:
    """ImageError where a picture has too many pixels, its file holds far more, in bytes decoded,
    than they need (`cost`), or it is too thin to show anything."""
    most = min(max_pixels, decoding.MAX_DECODED_BYTES * width * height // max(1, cost))
    size = _size(width, height)
    if width * height > most >= 1e6:
        raise _too_many_pixels(_size(width, height), most)
    if width * height > most:
        raise ImageError(
            f"The picture is {size}, but its file holds far more than that: save it again as a PNG."
        )
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_RATIO * min(width, height):
        raise ImageError(
            f"The picture is {size}; each side must have at least {MIN_SIDE}, and the long one "
            f"at most {MAX_RATIO} times the short one: crop it and try again."
        )


def to_image(pixels: np.ndarray) -> Image.Image:
    """uint8 (H, W), (H, W, 1) or (H, W, 3) as Pillow has it."""
    grey = pixels.ndim == 3 and pixels.shape[2] == 1
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if grey else pixels))


def encode_png(pixels: np.ndarray) -> bytes:
    """A PNG file of uint8 (H, W), (H, W, 1) or (H, W, 3)."""
    buffer = io.BytesIO()
    to_image(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def png_text(pixels: np.ndarray) -> str:
    """The same in base64."""
    return encoded(encode_png(pixels))


def read_address(address: str) -> np.ndarray:
    """The pixels of a PNG that its own address holds. Raises ImageError."""
    try:
        data = bytes_of(address.removeprefix(PNG), MAX_BYTES) if address.startswith(PNG) else b""
    except ValueError:
        data = b""
    if not data:
        raise ImageError("The picture handed over is not a PNG, or did not arrive whole.")
    return read_image(data).pixels


def to_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Grey (H, W) for `channels` 1, colour (H, W, 3) for 3; luma as ITU-R 601 has it, as Pillow's
    convert("L")."""
    if channels == 1:
        return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def paper_of(pixels: np.ndarray) -> np.ndarray:
    """The colour a picture lies on: the median of its outermost pixels, uint8 () or (3,)."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.median(edge, axis=0).astype(np.uint8)


def is_cropped(pixels: np.ndarray, height: int, width: int) -> bool:
    """Whether `fit` to height x width would leave out more than a rounding of a picture's edges."""
    h, w = pixels.shape[:2]
    scale = min(h / height, w / width)
    return h - height * scale >= 1 or w - width * scale >= 1


def fit(pixels: np.ndarray, height: int, width: int, *, whole: bool = False) -> np.ndarray:
    """Scale to exactly height x width: the middle of the picture, or with `whole` all of it on its
    own paper colour.

    A whole-number factor is exact (mean of blocks, or repeated pixels), so a picture that was
    enlarged for the page comes back bit for bit.
    """
    h, w = pixels.shape[:2]
    if whole:
        pixels = _pad_to_ratio(pixels, height, width)
    else:
        scale = min(h / height, w / width)
        keep_h, keep_w = max(1, round(height * scale)), max(1, round(width * scale))
        top, left = (h - keep_h) // 2, (w - keep_w) // 2
        pixels = pixels[top : top + keep_h, left : left + keep_w]
    h, w = pixels.shape[:2]
    if (h, w) == (height, width):
        return pixels
    if height % h == 0 and width % w == 0 and height // h == width // w:
        method = Image.Resampling.NEAREST
    elif h % height == 0 and w % width == 0:
        method = Image.Resampling.BOX
    else:
        method = Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), method))


def _pad_to_ratio(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    h, w = pixels.shape[:2]
    scale = max(h / height, w / width)
    out_h, out_w = max(h, round(height * scale)), max(w, round(width * scale))
    out = np.empty((out_h, out_w, *pixels.shape[2:]), np.uint8)
    out[:] = paper_of(pixels)
    top, left = (out_h - h) // 2, (out_w - w) // 2
    out[top : top + h, left : left + w] = pixels
    return out


def _bytes(source: bytes | Path) -> bytes:
    if isinstance(source, Path):
        try:
            size = source.stat().st_size
            data = source.read_bytes() if size <= MAX_BYTES else b""
        except OSError:
            raise ImageError("The file cannot be read; choose it again.") from None
    else:
        data, size = bytes(source), len(source)
    if size > MAX_BYTES:
        raise ImageError(
            f"The file has {size / 2**20:,.0f} MB; up to {MAX_BYTES // 2**20} MB are valid: make "
            f"the picture smaller."
        )
    if not data:
        raise ImageError(f"The file is empty; {VALID}.")
    return data


def _open(data: bytes) -> Image.Image:
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head or (head.startswith(b"<?xml") and b"svg" in data[:4096].lower()):
        raise ImageError(
            f"The file is an SVG drawing, which has no pixels; {VALID}: export it as a PNG."
        )
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        raise ImageError(f"The file is a web page, not a picture; {VALID}.")
    if head.startswith(b"%pdf"):
        raise ImageError(f"The file is a PDF document; {VALID}: export the page as a PNG.")
    try:
        return open_heif(data) if is_heif(data) else Image.open(io.BytesIO(data), formats=FORMATS)
    except BoxError as error:
        raise ImageError(f"The HEIC file is {error}.") from None
    except Image.DecompressionBombError:
        raise _too_many_pixels("far too large", MAX_PIXELS) from None
    except Exception:  # UnidentifiedImageError, and whatever a damaged header makes a reader raise
        raise ImageError(
            f"The file cannot be read as a picture: it may be damaged or misnamed; {VALID}."
        ) from None


def _size(width: int, height: int) -> str:
    return f"{width:,} × {height:,} pixels"


def _too_many_pixels(what: str, limit: int) -> ImageError:
    return ImageError(
        f"The picture is {what}; up to {limit / 1e6:,.0f} million pixels are valid: make it "
        f"smaller."
    )
