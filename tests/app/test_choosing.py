"""What of a photo goes in, where somebody says so: another digit, a box, a turn; for the page and
for programs alike."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demo.api import pictures as api
from demo.door import answer
from demo.pictures.choosing import AS_FOUND, Choice, checked_choice
from demo.pictures.images import ImageError, encode_png
from demo.pictures.input import NOTHING_IN_BOX, open_picture, picture_to_input
from demo.settings import Settings
from demo.tabs.reconstruct.questions import choose_part, open_upload
from vqvae.config import ModelConfig

HEIGHT, WIDTH = 300, 400
SEVEN, ONE = (60, 70, 190, 150), (80, 275, 180, 285)
"""Where the two digits of `sheet` are, in pixels: top, left, bottom, right."""


def sheet() -> Image.Image:
    """A 7 and a smaller 1 beside it."""
    image = Image.new("L", (WIDTH, HEIGHT), 250)
    draw = ImageDraw.Draw(image)
    top, left, bottom, right = SEVEN
    points = [(left, top), (right, top), (left + 30, bottom)]
    draw.line(points, fill=10, width=14, joint="curve")
    draw.line([(ONE[1], ONE[0]), (ONE[3], ONE[2])], fill=10, width=12)
    return image


def file_of(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def input_of(image: Image.Image, choice: Choice = AS_FOUND, config: ModelConfig | None = None):
    config = config or ModelConfig()
    dataset = "mnist" if config.channels == 1 else "cifar10"
    pixels = open_picture(file_of(image), config, dataset).pixels
    return picture_to_input(pixels, config, dataset, choice=choice)


def around(box, margin=12, size=(HEIGHT, WIDTH)):
    """A box in pixels, a little larger, as shares of the picture."""
    top, left, bottom, right = box
    height, width = size
    return (
        (top - margin) / height,
        (left - margin) / width,
        (bottom + margin) / height,
        (right + margin) / width,
    )


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_both_digits_are_found_and_either_is_chosen_by_its_number():
    made = input_of(sheet())
    assert len(made.found) == 2 and made.box == made.found[0]
    for box, where in zip(made.found, (SEVEN, ONE), strict=True):
        assert np.abs(np.subtract(box, around(where, 5))).max() < 0.04
    other = input_of(sheet(), Choice(1))
    assert other.box == made.found[1] and other.found == made.found
    assert likeness(other.pixels, made.pixels) < 0.7
    assert (np.flatnonzero(other.pixels.max(0) > 60).size) < 12, "a 1 is narrow"


def test_a_box_drawn_around_a_digit_gives_what_finding_it_gives():
    for number, where in enumerate((SEVEN, ONE)):
        boxed = input_of(sheet(), Choice(0, around(where)))
        assert likeness(boxed.pixels, input_of(sheet(), Choice(number)).pixels) > 0.97
        assert "your box" in boxed.did and boxed.box == around(where)


def test_what_lies_beside_the_box_does_not_count():
    half = input_of(sheet(), Choice(0, around((60, 70, 110, 150), 10)))
    assert likeness(half.pixels, input_of(sheet()).pixels) < 0.9
    empty = input_of(sheet(), Choice(0, (0.75, 0.7, 0.95, 0.95)))
    assert empty.pixels is None and empty.did == NOTHING_IN_BOX


@pytest.mark.parametrize("turn", [90, -90, 180, 25])
def test_a_sheet_that_lies_askew_is_turned_upright(turn):
    """The photo of a sheet that was turned clockwise, and a choice turned as far."""
    upright, white = input_of(sheet()), 250
    askew = sheet().rotate(-turn, Image.Resampling.BICUBIC, expand=True, fillcolor=white)
    found = input_of(askew, Choice(0, None, turn))
    assert likeness(found.pixels, upright.pixels) > 0.93
    # The middle of the 7 goes round the middle of the sheet.
    top, left, bottom, right = around(SEVEN, 12, (1, 1))
    y, x = (top + bottom - HEIGHT) / 2, (left + right - WIDTH) / 2
    angle = np.deg2rad(turn)
    x, y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    y, x = y + askew.height / 2, x + askew.width / 2
    tall, wide = (bottom - top) / 2, (right - left) / 2
    box = (
        (y - tall) / askew.height,
        (x - wide) / askew.width,
        (y + tall) / askew.height,
        (x + wide) / askew.width,
    )
    boxed = input_of(askew, Choice(0, box, turn))
    assert likeness(boxed.pixels, upright.pixels) > 0.93
    assert f"turned by {turn}°" in boxed.did


def test_rules_that_the_box_cuts_through_are_left_out():
    image = sheet()
    for y in (215, 225):
        ImageDraw.Draw(image).line([(0, y), (WIDTH, y)], fill=120, width=2)
    boxed = input_of(image, Choice(0, around((60, 70, 230, 150))))
    assert likeness(boxed.pixels, input_of(sheet()).pixels) > 0.95


def test_a_colour_model_takes_what_lies_in_the_box():
    image = Image.new("RGB", (200, 100), (200, 30, 30))
    image.paste((20, 60, 220), (120, 20, 180, 80))
    image.putpixel((150, 50), (255, 255, 255))
    config = ModelConfig(channels=3, height=32, width=32)
    made = input_of(image, Choice(0, (0.2, 0.6, 0.8, 0.9)), config)
    assert made.pixels.shape == (32, 32, 3)
    assert np.abs(made.pixels[0, 0].astype(int) - (20, 60, 220)).max() < 8
    quarter = input_of(image, Choice(0, (0.0, 0.0, 1.0, 1.0), 180.0), config)
    assert np.abs(quarter.pixels[16, 4].astype(int) - (20, 60, 220)).max() < 30


WRONG = {
    "no box": ((0, "all of it", 0), "four numbers"),
    "three numbers": ((0, [0, 0, 1], 0), "four numbers"),
    "not a number": ((0, [0, 0, float("nan"), 1], 0), "four numbers"),
    "upside down": ((0, [0.8, 0.2, 0.3, 0.9], 0), "in this order"),
    "too small": ((0, [0.5, 0.5, 0.501, 0.9], 0), "at least"),
    "far away": ((0, [0.1, 5, 0.4, 6], 0), "must lie on"),
    "beside it": ((0, [-0.9, 0.1, 0.1, 0.4], 0), "middle of box"),
    "turned too far": ((0, None, 270), "from -180 to 180"),
    "no turn": ((0, None, "left"), "number of degrees"),
    "no digit": ((-1, None, 0), "whole number"),
    "half a digit": ((True, None, 0), "whole number"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_choice_is_said_in_a_sentence(name):
    asked, sentence = WRONG[name]
    with pytest.raises(ImageError, match=sentence):
        checked_choice(*asked)


def test_a_digit_that_is_not_there_is_refused():
    with pytest.raises(ImageError, match="no digit 2 on this picture: 2 were found"):
        input_of(sheet(), Choice(2))
    blank = Image.fromarray(
        np.rint(np.linspace(120, 250, 90_000)).astype(np.uint8).reshape(300, -1)
    )
    with pytest.raises(ImageError, match="0 were found"):
        input_of(blank, Choice(1))


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return Settings(runs=tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize(
    "asked", [{"digit": 1}, {"box": around(ONE)}, {"turn": 90}, {"box": around(SEVEN), "turn": -20}]
)
def test_page_and_programs_take_the_same_part_of_the_same_file(settings, asked):
    asked = {name: list(value) if name == "box" else value for name, value in asked.items()}
    file = base64.b64encode(file_of(sheet())).decode()
    called = api.encode(file, "mnist", **asked, settings=settings)
    shown = answer(choose_part, {"model": "mnist", "file": file, **asked}, settings)
    assert (
        shown["ok"] and pixels_of(shown["input"]).tobytes() == pixels_of(called["input"]).tobytes()
    )
    assert (
        api.reconstruct(file, "mnist", **asked, settings=settings)["indices"] == called["indices"]
    )
    plain = api.encode(file, "mnist", settings=settings)
    assert plain["indices"] != called["indices"]


def test_the_page_is_told_where_the_digits_are_and_where_the_photo_lies_on_the_pad(settings):
    file = base64.b64encode(file_of(sheet())).decode()
    told = answer(open_upload, {"model": "mnist", "file": file}, settings)
    assert len(told["found"]) == 2
    assert told["place"] == pytest.approx([0.125, 0, 0.875, 1])  # 400 x 300 on a square
    digit = Image.fromarray(input_of(sheet()).pixels)
    as_it_lies = base64.b64encode(encode_png(np.asarray(digit))).decode()
    assert answer(open_upload, {"model": "mnist", "file": as_it_lies}, settings)["found"] is None
    wrong = answer(choose_part, {"model": "mnist", "file": file, "box": [1]}, settings)
    assert not wrong["ok"] and wrong["error"].startswith("box must be four numbers")


def pixels_of(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"))
