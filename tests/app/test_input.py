"""A picture people bring -> a model's input: what lies beside the digit does not count, and all
doors take it alike."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demo.api import pictures as api
from demo.door import answer
from demo.models import sets
from demo.pictures.images import encode_png
from demo.pictures.input import NOTHING, open_picture, picture_to_input
from demo.settings import Settings
from demo.tabs.compare.questions import compare_picture, compare_upload
from demo.tabs.edit.questions import edit_open
from demo.tabs.reconstruct.questions import open_upload, reconstruct
from vqvae.config import ModelConfig

SIDE = 280


def sheet(*, paper=255, ink=0, x=90, y=70, height=130, pen=14, side=SIDE) -> Image.Image:
    """A 7 on plain paper."""
    image = Image.new("L", (side, side), paper)
    points = [(x, y), (x + 0.6 * height, y), (x + 0.25 * height, y + height)]
    ImageDraw.Draw(image).line(points, fill=ink, width=pen, joint="curve")
    return image


def with_lines(lines, fill, width, **options) -> Image.Image:
    """A 7 on paper that has lines on it."""
    image = sheet(**options)
    under = Image.new("L", image.size, 255)
    for line in lines:
        ImageDraw.Draw(under).line(line, fill=fill, width=width)
    return Image.fromarray(np.minimum(np.asarray(image), np.asarray(under)))


def with_rectangles(*rectangles) -> Image.Image:
    image = sheet()
    for corners, options in rectangles:
        ImageDraw.Draw(image).rectangle(corners, **options)
    return image


def on_a_desk() -> Image.Image:
    image = Image.new("L", (SIDE, SIDE), 70)
    image.paste(sheet(paper=250, ink=10).crop((30, 30, 250, 250)), (30, 30))
    return image


def in_falling_light() -> Image.Image:
    light = np.linspace(1, 0.25, SIDE)[None] * np.linspace(1, 0.7, SIDE)[:, None]
    return Image.fromarray(np.rint(np.asarray(sheet()) * light).astype(np.uint8))


def under_a_shadow() -> Image.Image:
    shadow = Image.new("L", (SIDE, SIDE), 255)
    ImageDraw.Draw(shadow).polygon(
        [(0, 280), (0, 130), (110, 90), (200, 180), (215, 280)], fill=140
    )
    return Image.fromarray(np.minimum(np.asarray(sheet()), np.asarray(shadow)))


def ink_on_nothing(level: int) -> Image.Image:
    """Ink of one brightness on transparency."""
    image = Image.new("L", (SIDE, SIDE), level)
    image.putalpha(sheet(paper=0, ink=255))
    return image


def noisy() -> Image.Image:
    noise = np.random.default_rng(0).normal(0, 12, (SIDE, SIDE))
    return Image.fromarray(
        np.clip(np.asarray(sheet(paper=220, ink=30)) + noise, 0, 255).astype(np.uint8)
    )


RULES = [[(0, y), (SIDE, y)] for y in range(20, SIDE, 24)]
SQUARES = RULES + [[(x, 0), (x, SIDE)] for x in range(16, SIDE, 24)]
PHOTOS = {
    "ruled": with_lines(RULES, 205, 1),
    "squared": with_lines(SQUARES, 205, 1),
    "underlined": with_lines([[(80, 222), (200, 218)]], 0, 8),
    "framed": with_rectangles(((6, 6, 273, 273), {"outline": 0, "width": 3})),
    "a frame close by": with_rectangles(((66, 46, 194, 224), {"outline": 0, "width": 6})),
    "specks": with_rectangles(
        *[((x, y, x + 3, y + 3), {"fill": 0}) for x, y in [(4, 4), (230, 40), (30, 250)]]
    ),
    "desk": on_a_desk(),
    "falling light": in_falling_light(),
    "shadow": under_a_shadow(),
    "white ink on transparency": ink_on_nothing(255),
    "light grey ink on transparency": ink_on_nothing(225),
    "black ink on transparency": ink_on_nothing(0),
    "chalk": sheet(paper=30, ink=220),
    "low contrast": sheet(paper=150, ink=110),
    "noise": noisy(),
    "small": sheet(x=30, y=200, height=50, pen=5),
    "a tenth of the height": sheet(x=700, y=800, height=110, pen=11, side=1100),
    "in a corner": sheet(x=4, y=6),
}


def file_of(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def input_of(image: Image.Image):
    config = ModelConfig()
    return picture_to_input(open_picture(file_of(image), config, "mnist").pixels, config, "mnist")


@pytest.fixture(scope="module")
def plain() -> np.ndarray:
    """The input that a 7 on plain paper gives."""
    pixels = input_of(sheet()).pixels
    rows, columns = np.flatnonzero(pixels.max(1) > 60), np.flatnonzero(pixels.max(0) > 60)
    assert 18 <= np.ptp(rows) + 1 <= 21 and np.ptp(columns) < 20 and pixels.max() > 230
    return pixels.astype(float)


@pytest.mark.parametrize("name", PHOTOS)
def test_the_digit_is_found_whatever_is_beside_it(plain, name):
    made = input_of(PHOTOS[name])
    assert made.pixels is not None, made.did
    likeness = np.corrcoef(plain.ravel(), made.pixels.ravel())[0, 1]
    assert likeness > 0.88, f"another thing was taken than the digit: {likeness:.2f}"
    top, left, bottom, right = made.box
    assert 0 <= top < bottom <= 1 and 0 <= left < right <= 1


def test_a_line_of_one_pixel_is_widened_to_a_pen_of_the_data_set(plain):
    made = input_of(sheet(pen=1)).pixels
    assert made.max() > 200 and made.astype(float).sum() > 0.5 * plain.sum()


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((280, 280), 255, np.uint8),
        np.zeros((28, 28), np.uint8),
        np.rint(np.linspace(120, 250, 400 * 300)).astype(np.uint8).reshape(400, 300),
        np.clip(np.random.default_rng(1).normal(200, 6, (300, 400)), 0, 255).astype(np.uint8),
    ],
    ids=["white", "black", "light that falls off", "paper with grain"],
)
def test_where_nothing_stands_out_there_is_a_sentence_and_no_input(pixels):
    made = input_of(Image.fromarray(pixels))
    assert made.pixels is None and made.box is None
    assert made.did == NOTHING or "one colour" in made.did


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """The shipped models, and no runs."""
    return Settings(runs=tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "low contrast",
        "framed",
        "white ink on transparency",
        "a tenth of the height",
        "two",
        "an example",
    ],
)
def test_every_door_makes_the_same_grid_of_the_same_file(settings, name):
    two = Image.fromarray(np.minimum(sheet(x=30, height=110), sheet(x=170, height=110)))
    digit = Image.fromarray(input_of(sheet()).pixels)
    image = {"plain": sheet(), "two": two, "an example": digit, **PHOTOS}[name]
    file = base64.b64encode(file_of(image)).decode()
    called = api.encode(file, "mnist", settings=settings)
    assert np.ptp(pixels_of(called["input"])) > 100
    picture = {"model": "mnist", "kind": "picture", "file": file}
    opened = answer(edit_open, picture, settings)
    uploaded = answer(open_upload, {"model": "mnist", "file": file}, settings)
    shown = answer(
        reconstruct,
        {"model": "mnist", "image": uploaded["input"], "tidy": True, "source": "input"},
        settings,
    )
    grid = np.asarray(called["indices"]).ravel().tolist()
    assert np.asarray(opened["indices"]).ravel().tolist() == grid and shown["indices"] == grid
    base = {"set": sets.SHIPPED, "model": "mnist"}
    compared = answer(compare_upload, {**base, "file": file}, settings)
    assert (pixels_of(compared["input"]) == pixels_of(called["input"])).all()
    picture = {"label": -1, "image": compared["input"], "tidy": True, "source": "input"}
    columns = answer(compare_picture, {**base, **picture}, settings)
    assert base64.b64decode(columns["input"]) == pixels_of(called["input"]).tobytes()


def pixels_of(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"))


def test_every_door_says_that_there_is_nothing_to_see(settings):
    file = base64.b64encode(encode_png(np.full((300, 200), 240, np.uint8))).decode()
    with pytest.raises(ValueError, match="nothing to see"):
        api.encode(file, "mnist", settings=settings)
    opened = answer(edit_open, {"model": "mnist", "kind": "picture", "file": file}, settings)
    assert not opened["ok"] and "nothing to see" in opened["error"]
    uploaded = answer(open_upload, {"model": "mnist", "file": file}, settings)
    assert uploaded["input"] is None and "nothing to see" in uploaded["did"]
    for tidy in (True, False):
        for source in ("blank", "drawn", "upload", "example", "input"):
            shown = answer(
                reconstruct,
                {"model": "mnist", "image": uploaded["picture"], "tidy": tidy, "source": source},
                settings,
            )
            assert set(shown) == {"n", "ok", "nothing"}, (
                "no figures: 100 dB for a blank sheet is no success"
            )
