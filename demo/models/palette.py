"""Every code of a model as a small picture, all of them on one sheet, and how often each is
used."""

import math
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from demo.aside import aside
from demo.pictures.arrays import tiled, to_pixels
from demo.pictures.images import png_text

if TYPE_CHECKING:
    from vqvae import VQVAE, Gallery

COLUMNS = 64
_sheets: "weakref.WeakKeyDictionary[VQVAE, CodeSheet]" = weakref.WeakKeyDictionary()
_guard = threading.Lock()


class CodeSheet(TypedDict):
    """All K code pictures in one PNG: code k at row k // columns, column k % columns."""

    png: str
    """base64."""
    columns: int
    rows: int
    tile: int
    """Pixels along a side of one."""


def code_sheet(model: "VQVAE") -> CodeSheet:
    """The sheet of a model, made once per model. A code's picture is what the decoder draws in the
    middle of a patch of 3 x 3 cells of nothing but this code."""
    if model not in _sheets:
        with _guard:
            if model not in _sheets:
                _sheets[model] = _draw(model)
    return _sheets[model]


def draw_ahead(model: object) -> None:
    """Begin to draw the sheet of a model that has just been loaded, so that the palette need not
    wait for it: 4,096 codes take a tenth of a second. Nothing where the model has no codes."""
    from vqvae import VQVAE

    if isinstance(model, VQVAE):
        aside(partial(code_sheet, model), "code sheet")


def _draw(model: "VQVAE") -> CodeSheet:
    from vqvae.analysis.statistics import draw_codes

    tiles = draw_codes(model)
    columns = min(COLUMNS, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    png = png_text(tiled(to_pixels(tiles), columns))
    return {"png": png, "columns": columns, "rows": rows, "tile": model.config.downsample}


def code_counts(gallery: "Gallery | None") -> list[int] | None:
    """How often each code occurs in the whole evaluation split, K integers; None where nothing was
    counted."""
    return None if gallery is None or gallery.counts is None else [int(n) for n in gallery.counts]
