"""Where a grid to edit comes from: an example, chance, a text, a picture file, or another tab.

Each source takes the page's request, the checkpoint and its info, checks all it is given, and
returns `Opened`.
"""

import io
import random
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from demo.door import decoded
from demo.models import editing
from demo.models.editing import EditError
from demo.pictures.images import MAX_BYTES, read_address, to_channels
from demo.pictures.input import open_picture, picture_to_input
from demo.tabs.edit.requests import MOST_SEED, OpenRequest
from vqvae.grids import packing
from vqvae.grids.codes import IndexGrid

if TYPE_CHECKING:
    from vqvae import ModelConfig

PNG_KEY = "vqvae-grid"
"""The PNG text entry that holds the grid, so that a shared picture opens as the codes it was made
of."""

MAX_TEXT = 200_000


class Opened(NamedTuple):
    """A grid to start from."""

    grid: IndexGrid
    pixels: np.ndarray | None
    """The picture it was encoded from, uint8 (H, W, C); None where there is none."""
    about: str
    """Where it comes from, in words."""
    decoded: bool = False
    """Whether `pixels` are themselves what a model made of codes, not a picture from outside."""


def open_grid(request: OpenRequest, checkpoint, info: dict) -> Opened:
    """The grid that a request's `kind` and its further fields name."""
    return _SOURCES[request.kind](request, checkpoint, info)


def _example(request: OpenRequest, checkpoint, info: dict) -> Opened:
    gallery, model = checkpoint.gallery, checkpoint.model
    count = 0 if gallery is None else len(gallery.indices)
    if not count:
        raise EditError(
            "This model holds no examples: start from a random grid, a picture or a grid text."
        )
    number = request.number
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < count:
        raise EditError(f"Examples are numbered from 0 to {count - 1}.")
    # The stored codes give the picture; encoding that picture once more makes grid and input belong
    # together.
    stored = editing.check_grid(model, gallery.indices[number].tolist())
    pixels = editing.decode(model, stored)
    label = (
        ""
        if gallery.labels is None
        else _class_name(model.config.classes, int(gallery.labels[number]))
    )
    about = f"example {number}" + (f", class {label}" if label else "")
    return Opened(editing.encode(model, pixels), pixels, about, decoded=True)


def _class_name(classes, label: int) -> str:
    return str(classes[label]) if 0 <= label < len(classes) else str(label)


def _random(request: OpenRequest, checkpoint, info: dict) -> Opened:
    config, seed = checkpoint.model.config, request.seed
    if seed is None:
        raise EditError(f"A random grid needs a seed, a whole number from 0 to {MOST_SEED}.")
    grid = IndexGrid.random(config.grid, config.codebook_size, random.Random(seed))
    return Opened(grid, None, f"random grid, seed {seed}")


def _text(request: OpenRequest, checkpoint, info: dict) -> Opened:
    return _read_text(request.text, checkpoint.model.config)


def _read_text(text: str | None, config: "ModelConfig") -> Opened:
    if text is None or len(text) > MAX_TEXT:
        raise EditError(f"Paste a grid text, JSON or a link of at most {MAX_TEXT} characters.")
    text = text.strip()
    if text[:1] in ("{", "["):
        grid = packing.from_json(text, codebook_size=config.codebook_size)
        packing.check_fit(grid, config.grid, config.codebook_size)
        return Opened(grid, None, "pasted JSON")
    if "grid=" in text:
        text = (parse_qs(urlsplit(text).query).get("grid") or [""])[0]
        about = "a shared link"
    else:
        about = "pasted text"
    return Opened(
        packing.from_text(text, shape=config.grid, codebook_size=config.codebook_size), None, about
    )


def _link(request: OpenRequest, checkpoint, info: dict) -> Opened:
    """A grid text that the address of the page held."""
    return _text(request, checkpoint, info)._replace(about="a shared link")


def _picture(request: OpenRequest, checkpoint, info: dict) -> Opened:
    data = decoded(request.file, MAX_BYTES, "picture")
    shared = _grid_in_png(data)
    if shared is not None:
        grid = _read_text(shared, checkpoint.model.config).grid
        return Opened(grid, None, "grid held by a PNG")
    config, dataset = checkpoint.model.config, str(info.get("dataset") or "")
    if data[:1] in (b"{", b"["):  # no picture begins so: it is the JSON that `edit_share` gives
        opened = _read_text(data.decode("utf-8", "replace"), config)
        return opened._replace(about="JSON of a file")
    # The very steps of the Reconstruct tab, so that a picture gives the same grid in both.
    made = picture_to_input(open_picture(data, config, dataset).pixels, config, dataset)
    if made.pixels is None:
        raise EditError(made.did)
    pixels = made.pixels.reshape(config.height, config.width, config.channels)
    return Opened(editing.encode(checkpoint.model, pixels), pixels, made.did)


def _grid_in_png(data: bytes) -> str | None:
    """The grid text that `edit_share` put into a PNG before its pixels, of which none is
    decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            return image.info.get(PNG_KEY)
    except Exception:  # no PNG, or a damaged one: the picture's own sentence says so
        return None


def _handed(request: OpenRequest, checkpoint, info: dict) -> Opened:
    grid = editing.check_grid(checkpoint.model, request.indices)
    if not request.picture:
        return Opened(grid, None, "from Generate")
    pixels = read_address(request.picture)
    config = checkpoint.model.config
    if pixels.shape[:2] != (config.height, config.width):
        raise EditError(f"The picture handed over is not {config.height} × {config.width} pixels.")
    pixels = to_channels(pixels, config.channels).reshape(config.height, config.width, -1)
    return Opened(grid, pixels, "from Reconstruct")


_SOURCES = {
    "example": _example,
    "random": _random,
    "text": _text,
    "link": _link,
    "picture": _picture,
    "grid": _handed,
}
