"""What the card of a code is made of, one answer for all codes of a model, and the way to the Edit
tab."""

from typing import TYPE_CHECKING, TypedDict

import gradio as gr
import numpy as np

from demo.as_text import encoded
from demo.door import OfModel, RequestError
from demo.errors import explain
from demo.models.library import dataset_name, find_model, get_checkpoint
from demo.models.palette import CodeSheet, code_counts, code_sheet
from demo.page.events import Update
from demo.page.handing import Handed, new_stamp
from demo.settings import Settings

if TYPE_CHECKING:
    from vqvae import Checkpoint

MOST_FLOATS = 2**20
"""Largest codebook that a page is given: 4 MB, as of 16,384 codes of 64 numbers."""


class Library(TypedDict):
    """All codes of a model, K of them, of D numbers each."""

    model: str
    K: int
    D: int
    tile: int
    """Pixels along a side of a code's picture."""
    sheet: CodeSheet
    counts: list[int] | None
    """How often each was chosen; None where nothing was counted."""
    about: str
    """In which pictures, in words."""
    codebook: str | None
    """float32 K x D, little-endian; None where it is too large for a page."""


def codes_open(request: OfModel, settings: Settings) -> Library:
    """{model} -> what the page must know of its codes once."""
    entry = find_model(request.model, settings)
    if entry.info["kind"] != "vqvae":
        raise RequestError("This model has no codebook, so it has no codes: choose a VQ-VAE.")
    checkpoint = get_checkpoint(entry.id, settings)
    config, gallery = checkpoint.config, checkpoint.gallery
    counts = code_counts(gallery)
    images = sum(counts or ()) // (config.grid[0] * config.grid[1])
    codebook = checkpoint.model.codebook.detach()
    return {
        "model": entry.id,
        "K": config.codebook_size,
        "D": config.embedding_dim,
        "tile": config.downsample,
        "sheet": code_sheet(checkpoint.model),
        "counts": counts if images else None,
        "about": f"{images:,} test pictures of {dataset_name(checkpoint.training)}",
        "codebook": encoded(np.ascontiguousarray(codebook.float().numpy(), "<f4"))
        if codebook.numel() <= MOST_FLOATS
        else None,
    }


def open_in_editor(settings: Settings, value: object) -> tuple[Handed | Update, gr.Tabs | Update]:
    """The component's value after `edit` -> the code, with a grid that holds it, and the Edit
    tab."""
    model_id = value.get("model") if isinstance(value, dict) else None
    code = value.get("code") if isinstance(value, dict) else None
    try:
        checkpoint = get_checkpoint(model_id, settings)
    except Exception as error:
        raise gr.Error(explain(error)) from error
    K = checkpoint.config.codebook_size if checkpoint.config.kind == "vqvae" else 0
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code < K:
        return gr.skip(), gr.skip()
    grid: Handed = {
        "model": str(model_id),
        "indices": example_grid(checkpoint, code),
        "input": None,
        "stamp": new_stamp(),
        "code": code,
    }
    return grid, gr.Tabs(selected="edit")


def example_grid(checkpoint: "Checkpoint", code: int) -> list[list[int]]:
    """A grid to look at a code in: the stored picture that holds it most often; for a code that
    none holds the first one with this code in the middle; without stored pictures a grid of nothing
    but this code."""
    h, w = checkpoint.config.grid
    gallery = checkpoint.gallery
    if gallery is None or not len(gallery.indices):
        return [[code] * w for _ in range(h)]
    often = (gallery.indices == code).flatten(1).sum(1)
    best = int(often.argmax())
    grid = gallery.indices[best].tolist()
    if not int(often[best]):
        grid[len(grid) // 2][len(grid[0]) // 2] = code
    return grid
