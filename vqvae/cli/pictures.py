"""Pictures on the command line: read as a model takes them, laid out on a sheet with titles,
written as PNG."""

from __future__ import annotations

import io

from vqvae.cli.files import Input, Output
from vqvae.cli.parsing import Failure

CELL = 196
"""Pixels that a picture of the sheet takes at least, where a whole scale allows it."""
GAP, HEADER = 8, 22
ERROR_SCALE = 0.5
"""Error shown as the brightest colour of the error picture; larger ones are as bright."""
CIVIDIS = (
    "00224e",
    "123570",
    "3b496c",
    "575d6d",
    "707173",
    "8a8678",
    "a59c74",
    "c3b369",
    "e1cc55",
    "fee838",
)
"""Stops of the colour scale cividis (doi:10.1371/journal.pone.0199239), dark to bright."""


def read_image(source: Input, config, whole: int = 0):
    """A picture file as the model takes it, or with `whole` all of it, at most so many pixels a
    side: float (C, H, W) in [0, 1]. Failure with the reason when it is none."""
    import torch

    from vqvae.data.pictures import PictureError, read_picture, read_whole_picture

    try:
        with source.open() as file:
            pixels = (
                read_whole_picture(file, config.channels, whole)
                if whole
                else read_picture(file, (config.height, config.width), config.channels)
            )
    except PictureError as error:
        raise Failure(f"{source}: {error}. Give a PNG or JPEG picture.") from error
    return torch.from_numpy(pixels.copy()).float().div(255)


def scaled_down(source: Input, side: int) -> str:
    """Words for a picture file whose long side was brought down to so many pixels, else ""."""
    from vqvae.data.pictures import open_picture

    with source.open() as file:
        longest = max(open_picture(file).size)
    return (
        f" (scaled down from {longest} to {side} pixels on the long side)" if longest > side else ""
    )


def to_picture(x):
    """float (C, H, W) in [0, 1] -> an 8-bit Pillow image."""
    from PIL import Image

    pixels = x.clamp(0, 1).mul(255).round().byte().movedim(0, -1).numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def colour(error):
    """float (N, H, W), 0..1 -> uint8 (N, H, W, 3) on cividis, ERROR_SCALE and more being the
    brightest."""
    import numpy as np

    stops = np.array([list(bytes.fromhex(stop)) for stop in CIVIDIS], dtype=float)
    at = np.clip(error.numpy() / ERROR_SCALE, 0, 1) * (len(stops) - 1)
    return (
        np.stack([np.interp(at, range(len(stops)), stops[:, c]) for c in range(3)], -1)
        .round()
        .astype("uint8")
    )


def sheet(rows: list[list], titles: tuple[str, ...]):
    """One RGB image: the titles over the columns of pictures, enlarged by a whole factor where they
    are small."""
    from PIL import Image, ImageDraw

    width, height = (max(row[0].size[side] for row in rows) for side in (0, 1))
    scale = max(1, -(-CELL // max(width, height)))
    step_x, step_y = width * scale + GAP, height * scale + GAP
    canvas = Image.new(
        "RGB", (len(titles) * step_x + GAP, HEADER + len(rows) * step_y + GAP), "white"
    )
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(titles):
        draw.text((GAP + column * step_x, 6), title, fill="black")
    for r, row in enumerate(rows):
        for c, picture in enumerate(row):
            large = picture.convert("RGB").resize(
                (picture.width * scale, picture.height * scale), Image.Resampling.NEAREST
            )
            canvas.paste(large, (GAP + c * step_x, HEADER + GAP + r * step_y))
    return canvas


def save_png(picture, output: Output) -> None:
    """Write a Pillow image as PNG."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    output.write(file.getvalue())
