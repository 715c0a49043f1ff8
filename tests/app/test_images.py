"""Any upload becomes clean pixels or one sentence; a digit is laid out as MNIST's are."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demo.pictures import images
from demo.pictures.digits import STYLES, tidy
from demo.pictures.images import ImageError, encode_png, fit, read_image, to_channels

MNIST = STYLES["mnist"]


def saved(image: Image.Image, form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def gradient(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    x = np.linspace(0, 255, size[0])[None].repeat(size[1], 0).astype(np.uint8)
    return Image.fromarray(np.stack([x, x[:, ::-1], np.full_like(x, 90)], 2)).convert(mode)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header says width x height and whose data is a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def a_seven(size=280, ink=255, paper=0, at=(90, 60), scale=1.0, pen=22) -> np.ndarray:
    picture = Image.new("L", (size, size), paper)
    path = [(at[0] + scale * x, at[1] + scale * y) for x, y in [(0, 0), (100, 0), (40, 150)]]
    ImageDraw.Draw(picture).line(path, fill=ink, width=max(1, round(pen * scale)), joint="curve")
    return np.asarray(picture)


BAD = {
    "empty": (b"", "is empty"),
    "text with an image's name": (b"just words, called digit.png", "cannot be read as a picture"),
    "truncated png": (saved(gradient(size=(200, 200)))[:300], "cut off or damaged"),
    "truncated jpeg": (saved(gradient(size=(300, 300)), "JPEG")[:900], "cut off"),
    "header only": (b"\x89PNG\r\n\x1a\n", "cannot be read as a picture"),
    "256 megapixels": (png_claiming(16_000, 16_000), "million pixels"),
    "100 megapixels": (png_claiming(10_000, 10_000), "64 million pixels"),
    "billions of pixels": (png_claiming(60_000, 60_000), "million pixels"),
    "1 x 1": (saved(Image.new("RGB", (1, 1))), "1 × 1 pixels"),
    "20000 x 1": (saved(Image.new("L", (20_000, 1))), "20,000 × 1 pixels"),
    "20000 x 10": (saved(Image.new("L", (20_000, 10))), "20 times"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>', "SVG"),
    "svg with prologue": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<svg></svg>', "SVG"),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
    "pdf": (b"%PDF-1.7\n%", "PDF"),
    "too many bytes": (b"\x89PNG" + bytes(images.MAX_BYTES), "8 MB"),
    "tiff without a number": (
        saved(Image.fromarray(np.full((9, 9), np.nan, np.float32)), "TIFF"),
        "no number",
    ),
    "postscript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "cannot be read as a picture",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_gets_one_sentence(name):
    data, words = BAD[name]
    with pytest.raises(ImageError) as caught:
        read_image(data)
    text = str(caught.value)
    assert words in text
    assert len(text) < 260 and "Traceback" not in text and "<" not in text and text.endswith(".")


MODES = [
    "1 PNG",
    "L PNG",
    "P PNG",
    "P GIF",
    "RGB BMP",
    "RGB JPEG",
    "CMYK JPEG",
    "CMYK TIFF",
    "RGB WEBP",
    "LAB TIFF",
    "YCbCr JPEG",
]


@pytest.mark.parametrize("mode, form", [name.split() for name in MODES])
def test_every_mode_comes_out_grey_or_rgb_and_alike(mode, form):
    image = gradient().convert("LAB") if mode == "LAB" else gradient(mode)
    pixels = read_image(saved(image, form)).pixels
    assert pixels.dtype == np.uint8 and pixels.shape[:2] == (32, 48)
    assert pixels.ndim == (2 if mode in ("1", "L") else 3)
    reference = np.asarray(gradient("L" if mode in ("1", "L") else "RGB"), float)
    assert abs(pixels.mean(axis=(0, 1)) - reference.mean(axis=(0, 1))).max() < 12


def test_sixteen_bit_grey_is_scaled_and_not_clipped():
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(32, 0)
    picture = read_image(saved(Image.fromarray(ramp)))
    assert (
        picture.pixels[0, 0] == 0
        and picture.pixels[0, -1] == 255
        and abs(int(picture.pixels[0, 32]) - 129) <= 2
    )
    assert "scaled to 8 bits" in picture.notes


def test_floating_point_with_holes_is_read_and_said():
    values = np.linspace(-3, 5, 400).reshape(20, 20).astype(np.float32)
    values[3, 3], values[4, 4] = np.nan, np.inf
    picture = read_image(saved(Image.fromarray(values), "TIFF"))
    assert picture.pixels[0, 0] == 0 and picture.pixels[-1, -1] == 255 and picture.pixels[3, 3] == 0
    assert any("no number" in note for note in picture.notes)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_shows_white_not_the_hidden_colour(mode):
    image = Image.new(mode, (20, 20), (10, 20, 30, 0) if mode == "RGBA" else (10, 0))
    picture = read_image(saved(image))
    assert (picture.pixels == 255).all() and picture.notes == ("laid on white",)


@pytest.mark.parametrize("mode, ink", [("RGBA", (10, 20, 30)), ("LA", (10,))])
def test_transparency_is_looked_for_in_every_pixel(mode, ink):
    image = Image.new(mode, (20, 20), (*ink, 255))
    picture = read_image(saved(image))
    assert (picture.pixels == ink).all() and picture.notes == (), (
        "a layer of transparency that hides nothing"
    )
    image.putpixel((3, 5), (*ink, 0))
    image.putpixel((4, 5), (*ink, 128))
    picture = read_image(saved(image))
    assert picture.notes == ("laid on white",) and (picture.pixels[5, 3] == 255).all()
    assert np.abs(picture.pixels[5, 4] - (np.array(ink) + 255) / 2).max() <= 2, (
        "half of it shows through"
    )
    assert (picture.pixels[0, 0] == ink).all()


def test_palette_with_a_transparent_entry_shows_white():
    image = Image.new("P", (20, 20), 0)
    image.putpalette([200, 0, 0] * 256)
    assert (read_image(saved(image, transparency=0)).pixels == 255).all()


@pytest.mark.parametrize(
    "orientation, upright",
    [
        (0, (32, 48)),
        (1, (32, 48)),
        (2, (32, 48)),
        (3, (32, 48)),
        (4, (32, 48)),
        (5, (48, 32)),
        (6, (48, 32)),
        (7, (48, 32)),
        (8, (48, 32)),
    ],
)
def test_a_photo_is_turned_upright_and_its_full_size_is_told_as_it_then_lies(orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(gradient(), "JPEG", exif=exif)
    picture = read_image(data)
    assert picture.pixels.shape[:2] == picture.full == upright
    assert picture.notes == (("turned upright",) if orientation > 1 else ())
    # Left to right the gradient's red grows: where that side lies afterwards is what EXIF 2.3, tag
    # 274, says.
    columns, rows = (picture.pixels[..., 0].astype(float).mean(axis) for axis in (0, 1))
    grows = {
        0: columns,
        1: columns,
        2: -columns,
        3: -columns,
        4: columns,
        5: rows,
        6: rows,
        7: -rows,
        8: -rows,
    }
    assert np.ptp(grows[orientation]) > 200 and grows[orientation][0] < grows[orientation][-1]
    small = read_image(data, max_side=24)
    assert small.full == upright and max(small.pixels.shape[:2]) == 24


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (16, 16), c) for c in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    picture = read_image(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert tuple(picture.pixels[0, 0]) == (255, 0, 0) and picture.notes == ("first of 3 frames",)


def test_a_large_photo_is_made_smaller_and_a_path_is_as_good_as_bytes(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(saved(gradient(size=(4000, 3000)), "JPEG"))
    pixels = read_image(path).pixels
    assert pixels.shape == (768, 1024, 3)
    with pytest.raises(ImageError, match="cannot be read"):
        read_image(tmp_path / "missing.png")


def test_a_picture_enlarged_by_a_whole_number_comes_back_bit_for_bit():
    rng = np.random.default_rng(0)
    for shape in [(28, 28), (32, 32, 3), (24, 40)]:
        small = rng.integers(0, 256, shape, dtype=np.uint8)
        large = fit(small, shape[0] * 10, shape[1] * 10)
        assert large.shape[:2] == (shape[0] * 10, shape[1] * 10)
        assert (fit(read_image(encode_png(large)).pixels, *shape[:2]) == small).all()


def test_fit_keeps_the_middle_or_the_whole():
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    assert (fit(wide, 20, 20) == 200).all()
    whole = fit(wide, 30, 30, whole=True)
    assert (
        whole.shape == (30, 30) and whole[15, 15] == 200 and whole[15, 2] == 0 and whole[2, 15] == 0
    )


def test_channels_go_both_ways():
    colour = np.asarray(gradient())
    assert to_channels(colour, 1).shape == (32, 48) and to_channels(
        to_channels(colour, 1), 3
    ).shape == (32, 48, 3)


def layout(pixels: np.ndarray) -> tuple[int, np.ndarray]:
    """Longest side of the ink, and its centre of mass (row, column)."""
    ink = np.argwhere(pixels > 40)
    mass = np.indices(pixels.shape).reshape(2, -1) + 0.5
    return int((np.ptp(ink, axis=0) + 1).max()), mass @ pixels.ravel() / pixels.sum()


PICTURES = {
    "small in a corner": {"at": (20, 20), "scale": 0.5},
    "large": {"at": (30, 15), "scale": 1.6},
    "dark on light": {"ink": 20, "paper": 240},
    "pencil on grey paper": {"ink": 90, "paper": 180, "at": (150, 150), "scale": 0.7},
    "light grey on dark grey": {"ink": 150, "paper": 50},
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_digit_is_laid_out_as_mnists_are(name):
    tidied = tidy(a_seven(**PICTURES[name]), 28, 28, MNIST)
    longest, mass = layout(tidied.pixels)
    assert tidied.pixels.shape == (28, 28) and 18 <= longest <= 21
    assert np.abs(mass - 14).max() < 0.6
    assert np.median(tidied.pixels) == 0 and tidied.pixels.max() > 200
    assert ("inverted" in tidied.steps) == (
        PICTURES[name].get("paper", 0) > PICTURES[name].get("ink", 255)
    )
    assert tidied.steps[-2:] == ("cropped", "centred")


def test_a_photo_with_a_shadow_grain_and_dust_loses_all_three():
    rng = np.random.default_rng(1)
    photo = a_seven(600, ink=60, paper=215, at=(250, 200), scale=1.2).astype(float)
    photo -= np.linspace(0, 70, 600)[None] + rng.normal(0, 6, (600, 600))
    photo[30:36, 560:566] = 40
    tidied = tidy(np.clip(photo, 0, 255).astype(np.uint8), 28, 28, MNIST)
    clean = tidy(a_seven(600, at=(250, 200), scale=1.2), 28, 28, MNIST)
    assert tidied.steps == ("inverted", "contrast stretched", "cropped", "centred")
    assert np.corrcoef(tidied.pixels.ravel(), clean.pixels.ravel())[0, 1] > 0.95


def test_a_digit_laid_out_already_is_left_bit_for_bit():
    digit = tidy(a_seven(), 28, 28, MNIST).pixels
    again = tidy(fit(digit, 280, 280), 28, 28, MNIST)
    assert (again.pixels == digit).all() and again.steps == ()


def test_the_first_dot_of_a_drawing_stays_a_dot():
    dot = np.zeros((280, 280), np.uint8)
    dot[100:120, 60:80] = 255
    assert layout(tidy(dot, 28, 28, MNIST).pixels)[0] >= 18
    assert layout(tidy(dot, 28, 28, MNIST, drawn=True).pixels)[0] <= 5


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_sheet_is_black_whatever_its_colour(level):
    tidied = tidy(np.full((280, 280), level, np.uint8), 28, 28, MNIST)
    assert (tidied.pixels == 0).all() and "cropped" not in tidied.steps


def test_ink_that_touches_the_edge_stays_inside():
    digit = np.zeros((100, 100), np.uint8)
    digit[0:100, 0:8] = 255
    digit[92:100] = 255
    tidied = tidy(digit, 28, 28, MNIST)
    assert layout(tidied.pixels)[0] >= 19
    assert tidied.pixels.sum() == pytest.approx(255 * (digit > 0).sum() * (20 / 100) ** 2, rel=0.05)


def test_other_sizes_and_styles():
    assert tidy(a_seven(), 56, 40, MNIST).pixels.shape == (56, 40)
    shirt = tidy(a_seven(ink=30, paper=250), 28, 28, STYLES["fashion-mnist"])
    assert layout(shirt.pixels)[0] >= 27
