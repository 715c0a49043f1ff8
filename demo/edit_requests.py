"""What the page of the Edit tab asks the server, one function a question.

Each takes one JSON object and gives one back: {"ok": true, ...} or {"ok": false, "error": one sentence}. Anybody can
call them, so each checks all it is given and bounds what it costs; none keeps anything of a visitor's. A grid is
`indices`, rows of whole numbers; pixels are base64 of raw uint8, row by row, channels last. The request's number `n`
comes back with its answer, so that the page can drop what arrives late.
"""

import base64
import io
import logging
from collections.abc import Callable

import numpy as np

from demo import edit_sources, editing, palette
from demo.edit_prior import PRIOR_QUESTIONS, prior_info
from demo.edit_sources import PNG_KEY
from demo.editing import EditError
from demo.images import ImageError
from demo.models import ModelError, find_model, get_checkpoint
from demo.settings import Settings
from vqvae import packing
from vqvae.codes import CodesError

log = logging.getLogger(__name__)


def edit_model(request: dict, settings: Settings) -> dict:
    """{model} -> what the page must know once: the model's sizes, the sheet of its codes, how often each is used."""
    checkpoint = _checkpoint(request, settings)
    model, config = checkpoint.model, checkpoint.model.config
    h, w = config.grid
    gallery = checkpoint.gallery
    return {
        "model": request["model"], "fingerprint": model.fingerprint(),
        "h": h, "w": w, "K": config.codebook_size, "D": config.embedding_dim,
        "height": config.height, "width": config.width, "channels": config.channels, "tile": config.downsample,
        "sheet": palette.code_sheet(model), "counts": palette.code_counts(gallery),
        **prior_info(request["model"], model, settings),
        "examples": 0 if gallery is None else len(gallery.indices), "chunk": editing.preview_chunk(model),
    }


def edit_commit(request: dict, settings: Settings) -> dict:
    """{model, indices} -> {pixels, text}: the picture of a grid, and the grid as text."""
    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.get("indices"))
    return {"pixels": _base64(editing.decode(model, grid)), "text": packing.to_text(grid)}


def edit_previews(request: dict, settings: Settings) -> dict:
    """{model, indices, cells, candidates} -> {pixels}: one picture per candidate, with the cells set to it."""
    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.get("indices"))
    cells = editing.check_cells(model, request.get("cells"))
    candidates = editing.check_candidates(model, request.get("candidates"))
    return {"candidates": candidates, "pixels": _base64(editing.previews(model, grid, cells, candidates))}


def edit_cell(request: dict, settings: Settings) -> dict:
    """{model, indices, input, cell, effect: bool} -> the six steps at a cell, and what it can move when asked for."""
    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.get("indices"))
    pixels = editing.check_pixels(model, request.get("input"))
    [(row, column)] = editing.check_cells(model, [request.get("cell")], most=1)
    steps = editing.steps(model, grid, pixels, row, column)
    steps |= {name: _base64(steps[name]) for name in ("distances", "similarity")}
    if request.get("effect") is True:
        moved = editing.effect(model, grid, row, column)
        steps["effect"] = {**moved, "map": _base64(moved["map"])}
    return {"cell": request["cell"], **steps}


def edit_open(request: dict, settings: Settings) -> dict:
    """{model, kind, ...} -> {indices, input, stand_in, about}: a grid to start from.

    kind: "example" {number}, "random" {seed}, "text" {text: grid text, JSON or a link}, "picture" {file: base64},
    "grid" {indices, picture: PNG data URL or None} as another tab hands it over. `input` is the picture the grid was
    encoded from; where there is none, the grid's own picture stands in for it and `stand_in` says so.
    """
    checkpoint = _checkpoint(request, settings)
    grid, pixels, about = edit_sources.open_grid(request, checkpoint, find_model(request["model"], settings).info)
    picture = editing.decode(checkpoint.model, grid)
    return {
        "indices": grid.tolist(), "text": packing.to_text(grid), "pixels": _base64(picture), "about": about,
        "input": _base64(picture if pixels is None else pixels), "stand_in": pixels is None,
    }


def edit_share(request: dict, settings: Settings) -> dict:
    """{model, indices} -> {text, json, png}: a grid in the forms to give away; the PNG holds the grid too."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.get("indices"))
    pixels, text = editing.decode(model, grid), packing.to_text(grid)
    scale = max(1, 224 // max(pixels.shape[:2]))
    image = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text(PNG_KEY, text)
    image.save(buffer, "PNG", pnginfo=info)
    own = request["model"].startswith("run:")  # its name holds the visitor's token: not to be given away
    named = {} if own else {"model": request["model"]}
    return {"text": text, "json": packing.to_json(grid, **named), "png": _base64(buffer.getvalue()),
            "size": [image.height, image.width], "linkable": not own}


QUESTIONS: tuple[Callable[[dict, Settings], dict], ...] = (
    edit_model, edit_commit, edit_previews, edit_cell, edit_open, edit_share, *PRIOR_QUESTIONS,
)


def answer(question: Callable[[dict, Settings], dict], request: object, settings: Settings) -> dict:
    """Put a question; whatever goes wrong comes back as {"ok": false, "error": one sentence}, never as an exception."""
    from vqvae import CheckpointError

    if not isinstance(request, dict):
        return {"ok": False, "n": None, "error": "The request is not a JSON object; reload the page."}
    number = request.get("n")
    number = number if isinstance(number, int) and not isinstance(number, bool) else None
    try:
        return {"ok": True, "n": number, **question(request, settings)}
    except (EditError, CodesError, ImageError, ModelError, CheckpointError) as error:
        return {"ok": False, "n": number, "error": str(error)}
    except Exception:
        log.exception("A request of the Edit tab failed")
        return {"ok": False, "n": number, "error": "The server failed on this; its log says why. Your edits are kept."}


def _checkpoint(request: dict, settings: Settings):
    checkpoint = get_checkpoint(request.get("model"), settings)  # by its id alone: a commit reads no file
    if checkpoint.config.kind != "vqvae":
        raise EditError("This model has no codebook, so there are no codes to edit: choose a VQ-VAE.")
    return checkpoint


def _base64(data: np.ndarray | bytes) -> str:
    return base64.b64encode(np.ascontiguousarray(data) if isinstance(data, np.ndarray) else data).decode()
