"""What a model makes of test pictures, on a picture small enough for a list of models."""

from pathlib import Path

import vqvae
from demo.models.cache import FolderCache
from demo.models.library import MODEL_NOT_FOUND, ModelError, resolve
from demo.models.weights import WEIGHTS
from demo.pictures.arrays import tiled, to_pixels
from demo.pictures.images import encode_png
from demo.settings import Settings

ACROSS = 2
"""Pictures in a row; as many rows."""
MOST_SIDE = 40
"""Pixels along a side of one of them; larger ones are made smaller."""
KEPT = 300
FILES = ("config.json", WEIGHTS, "gallery.safetensors")
"""When one of them changes, it is drawn again."""


def thumbnail(model_id: object, settings: Settings) -> bytes:
    """A PNG of four test pictures as the model reconstructs them, of four classes where it has
    them; b"" for one that keeps no test pictures.

    Drawn once and kept; the model itself is not, so that a look at the list of all models costs no
    visitor the one at work. ModelError where the id names nothing, vqvae.CheckpointError where its
    files are damaged.
    """
    try:
        return _drawn.get(resolve(model_id, settings), KEPT)
    except OSError as error:  # deleted between the look and the reading
        raise ModelError(MODEL_NOT_FOUND) from error


def _draw(folder: Path) -> bytes:
    import torch
    import torch.nn.functional as F

    checkpoint = vqvae.load_checkpoint(folder)
    gallery = checkpoint.gallery
    if gallery is None or not len(gallery.indices) or checkpoint.config.kind != "vqvae":
        return b""
    with torch.inference_mode():
        pictures = checkpoint.model.eval().decode(gallery.indices[_different(gallery)])
    height, width = pictures.shape[2:]
    scale = min(1.0, MOST_SIDE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    if scale < 1:
        pictures = F.interpolate(pictures, size, mode="area")
    return encode_png(tiled(to_pixels(pictures), ACROSS))


def _different(gallery) -> list[int]:
    """Places in the gallery: the first of each of four classes, as many as there are, and then the
    first ones."""
    first: dict[int, int] = {}
    for place, label in enumerate([] if gallery.labels is None else gallery.labels.tolist()):
        first.setdefault(label, place)
    spread = [first[label] for label in sorted(first)][:: max(1, len(first) // ACROSS**2)]
    rest = [place for place in range(len(gallery.indices)) if place not in spread]
    return [*spread, *rest][: ACROSS**2]


_drawn = FolderCache(_draw, FILES)
