"""The weights of a model on their way into a page, which runs it itself (vqvae/engine)."""

import hashlib
from pathlib import Path
from typing import BinaryIO, TypedDict
from urllib.parse import urlencode

from demo.models.cache import version
from demo.models.library import resolve
from demo.settings import Settings
from vqvae import ModelConfig

ROUTE = "weights"
"""First part of their addresses."""
WEIGHTS = "model.safetensors"


class InPage(TypedDict):
    """What a page needs to run a model."""

    config: dict
    """As in config.json."""
    weights: str
    """Where the page gets them, relative to itself."""


def for_page(model_id: str, config: ModelConfig, settings: Settings) -> InPage:
    """What is said of a model of `config` to a page. ModelError where there is no such model."""
    folder = resolve(model_id, settings)
    return {
        "config": config.to_dict(),
        "weights": f"{ROUTE}/{stamp(folder)}?{urlencode({'model': model_id})}",
    }


def open_weights(model_id: object, wanted: str, settings: Settings) -> BinaryIO | None:
    """The file of a model's weights, open; None where they are not those that `wanted` stands for.

    Raises ModelError for an unknown id, OSError where they cannot be read.
    """
    folder = resolve(model_id, settings)
    # Files are replaced whole (vqvae.checkpoints.atomic): an open one stays what it is.
    file = (folder / WEIGHTS).open("rb")
    if stamp(folder) == wanted:
        return file
    file.close()
    return None


def stamp(folder: Path) -> str:
    """16 hex digits that change when the weights or the config do."""
    found = version(folder, (WEIGHTS, "config.json"))
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]
