"""What a picture costs while it is decoded: worked out before, bounded, and few large ones at
once."""

import io
import struct
import subprocess
import sys
import threading
import zlib
from functools import cache

import numpy as np
import pytest
from PIL import Image

from demo.pictures import decoding
from demo.pictures.images import ImageError, read_image
from tests import heif_files

PEAK = """
import io, sys
from demo.pictures.images import ImageError, read_image
from PIL import Image
Image.init()
def kib(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))
before, data = kib("VmRSS"), sys.stdin.buffer.read()
try:
    said = read_image(data).pixels.shape
except ImageError as error:
    said = error
print(max(0, kib("VmHWM") - before) // 1024, said)
"""


@cache
def file_of(mode: str, size: tuple[int, int], kind: str, **options) -> bytes:
    """A black picture as a file. Each is made once, here and below: that takes longer than to read
    it."""
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **{"compress_level": 1, **options})
    return buffer.getvalue()


@cache
def phone_photo(width: int, height: int) -> bytes:
    """Squares of noise, tiled and turned as a phone writes it."""
    coarse = np.random.default_rng(0).integers(0, 256, (height // 64, width // 64, 3), np.uint8)
    return heif_files.photo(
        Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST)
    )


def lying_avif() -> bytes:
    """48 megapixels that call themselves 100 x 100 pixels."""
    data = file_of("RGB", (8000, 6000), "AVIF", speed=10)
    size, lie = (struct.pack(">4sIII", b"ispe", 0, *sides) for sides in ((8000, 6000), (100, 100)))
    assert size in data
    return data.replace(size, lie)


def tiled_tiff() -> bytes:
    """A TIFF of 100 x 100 pixels with one tile of 12,000 x 12,000."""
    side, zeros = 12_000, zlib.compress(bytes(12_000 * 12_000))
    tags = [
        (256, 100),
        (257, 100),
        (258, 8),
        (259, 8),
        (262, 1),
        (277, 1),
        (322, side),
        (323, side),
        (324, 200),
        (325, len(zeros)),
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    head += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags) + bytes(4)
    return head.ljust(200, b"\0") + zeros


PICTURES = {
    "64 megapixels in colour": lambda: file_of("RGB", (8000, 8000), "PNG"),
    "64 megapixels, transparent": lambda: file_of("RGBA", (8000, 8000), "PNG"),
    "64 megapixels of 16 bits": lambda: file_of("I;16", (8000, 8000), "PNG"),
    "64 megapixels of one bit": lambda: file_of("1", (8000, 8000), "PNG"),
    "64 megapixels with a palette": lambda: file_of("P", (8000, 8000), "PNG"),
    "24 megapixels, transparent": lambda: file_of("RGBA", (6000, 4000), "PNG"),
    "floating point": lambda: file_of("F", (6000, 4000), "TIFF", compression="tiff_lzw"),
    "progressive JPEG": lambda: file_of("RGB", (9000, 7000), "JPEG", progressive=True),
    "progressive JPEG, full colour": lambda: file_of(
        "RGB", (6000, 5000), "JPEG", progressive=True, subsampling=0
    ),
    "WebP": lambda: file_of("RGB", (4000, 3000), "WEBP"),
    "AVIF": lambda: file_of("RGB", (4000, 3000), "AVIF", speed=10),
    "AVIF that lies": lying_avif,
    "TIFF with a huge tile": tiled_tiff,
    "HEIC of 24 megapixels": lambda: phone_photo(5712, 4284),
    "HEIC of the dearest kind": lambda: heif_files.deep_heic((4000, 3000)),
    "HEIC with transparency": lambda: heif_files.heic(Image.new("RGBA", (4000, 3000))),
    **{f"HEIC, {bomb.__name__}": bomb for bomb in heif_files.BOMBS},
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", PICTURES)
def test_no_picture_costs_more_than_it_may(name):
    done = subprocess.run(
        [sys.executable, "-c", PEAK], input=PICTURES[name](), capture_output=True, check=True
    )
    megabytes, said = done.stdout.decode().split(" ", 1)
    assert int(megabytes) < 260, said


@pytest.mark.parametrize(
    "data",
    [
        lambda: file_of("RGB", (4032, 3024), "JPEG"),
        lambda: file_of("RGB", (6000, 4000), "PNG"),
        lambda: file_of("RGB", (4032, 3024), "WEBP"),
        lambda: file_of("RGB", (8000, 6000), "JPEG"),
        lambda: phone_photo(5712, 4284),
        lambda: file_of("RGB", (4032, 3024), "AVIF", speed=10),
    ],
    ids=[
        "photo of a phone",
        "scan of 24 megapixels",
        "WebP photo",
        "48 megapixels of a phone",
        "HEIC of 24 megapixels",
        "AVIF photo",
    ],
)
def test_pictures_that_people_have_are_opened(data):
    assert max(read_image(data()).pixels.shape[:2]) == 1024


@pytest.mark.parametrize(
    "name, said",
    {
        "cropped_from_far_more": (
            r"^The picture is 100 × 100 pixels, but its file holds far more "
            r"than that"
        ),
        "transparency_of_far_more": (
            r"^The picture is 640 × 480 pixels, but its file holds far "
            r"more than that"
        ),
        "tile_of_far_more": (
            r"^The picture is 640 × 480 pixels, but its file holds far more than "
            r"that"
        ),
        "of_two_sizes": r"but its file holds far more than that: save it again as a PNG\.$",
        "lying": r"^The file is cut off or damaged: its HEIF data cannot be decoded",
        "lying_grid": r"^The HEIC file is cut off or damaged\.$",
        "nested": (
            r"^The HEIC file is stored in an unusual way that is not read here, so export "
            r"it as JPEG or PNG\.$"
        ),
        "lying_colour": r"^The picture is 5,712 × 4,284 pixels; up to 13 million pixels are valid",
        "metadata_many_times": r"^The HEIC file is made of overlapping parts\.$",
    }.items(),
)
def test_a_heic_that_is_larger_than_it_shows_is_refused(name, said):
    bombs = {bomb.__name__: bomb for bomb in heif_files.BOMBS}
    with pytest.raises(ImageError, match=said):
        read_image(bombs[name]())


def test_a_refusal_says_how_many_pixels_are_valid():
    with pytest.raises(
        ImageError, match=r"8,000 × 8,000 pixels; up to 50 million pixels are valid"
    ):
        read_image(file_of("RGB", (8000, 8000), "PNG"))


def test_large_pictures_take_turns_and_small_ones_do_not_wait(monkeypatch):
    monkeypatch.setattr(decoding, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(decoding, "WAIT_SECONDS", 0.05)
    large, small = file_of("RGB", (2400, 2400), "PNG"), file_of("RGB", (280, 280), "PNG")
    with decoding.room_for(2 * decoding.SMALL_BYTES):
        with pytest.raises(ImageError, match="as many large pictures as it can: try again"):
            read_image(large)
        assert read_image(small).pixels.shape == (280, 280, 3)
    assert read_image(large).pixels.shape == (1024, 1024, 3)  # the place was given back


def test_those_who_wait_are_few(monkeypatch):
    monkeypatch.setattr(decoding, "_places", threading.BoundedSemaphore(1))
    with decoding.room_for(2 * decoding.SMALL_BYTES), pytest.raises(decoding.NoPlaceError):
        decoding.room_for(2 * decoding.SMALL_BYTES).__enter__()


def test_strips_give_what_the_whole_picture_would(monkeypatch):
    """Converting and averaging in strips changes no pixel, wherever the cuts fall."""
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (997, 640, 4), dtype=np.uint8), "RGBA")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    whole = read_image(buffer.getvalue(), max_side=64).pixels
    monkeypatch.setattr(decoding, "STRIP_PIXELS", 5_000)
    assert np.array_equal(read_image(buffer.getvalue(), max_side=64).pixels, whole)
